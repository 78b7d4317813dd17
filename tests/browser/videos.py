"""A video for a browser to play, and moving within it."""

import random
import subprocess

WIDTH, HEIGHT, FRAMES_PER_SECOND, SECONDS = 160, 120, 10, 60
#: Encoded once: noise takes its time.
SECONDS_OF_PIECE = 5


def encode_video(ffmpeg, path):
    """Write a video of nothing but noise, which cannot be made small; its index is at its end."""
    piece = path.with_name(f"piece-of-{path.name}")
    noise = random.Random(1)
    grey = b"\x80" * (WIDTH * HEIGHT // 2)
    count = FRAMES_PER_SECOND * SECONDS_OF_PIECE
    frames = (noise.randbytes(WIDTH * HEIGHT) + grey for _ in range(count))
    size, rate = f"{WIDTH}x{HEIGHT}", str(FRAMES_PER_SECOND)
    raw = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", size, "-r", rate]
    encoder = ["-c:v", "libvpx", "-b:v", "4M", "-g", "10", "-deadline", "realtime"]
    _run(ffmpeg, *raw, "-i", "-", *encoder, "-cpu-used", "8", piece, content=b"".join(frames))
    again = str(SECONDS // SECONDS_OF_PIECE - 1)
    _run(ffmpeg, "-stream_loop", again, "-i", piece, "-c", "copy", path)
    assert path.stat().st_size > 5_000_000


def _run(ffmpeg, *options, content=b""):
    command = [ffmpeg, "-loglevel", "error", *options]
    subprocess.run(command, input=content, check=True, timeout=50)


def seek(page, place):
    """Move to a place, in seconds; return where the video is then."""
    return page.evaluate(
        """place => new Promise((resolve, reject) => {
            const video = document.querySelector("video");
            video.pause();
            video.onseeked = () => resolve(video.currentTime);
            video.onerror = () => reject(video.error.message);
            video.currentTime = place;
        })""",
        place,
    )
