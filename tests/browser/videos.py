"""A video for a browser to play, and moving within it."""

import random
import subprocess

WIDTH, HEIGHT, FRAMES_PER_SECOND, SECONDS = 160, 120, 10, 60


def encode_video(ffmpeg, path):
    """Write a video of nothing but noise, which cannot be made small; its index is at its end."""
    noise = random.Random(1)
    grey = b"\x80" * (WIDTH * HEIGHT // 2)
    frames = (noise.randbytes(WIDTH * HEIGHT) + grey for _ in range(FRAMES_PER_SECOND * SECONDS))
    size, rate = f"{WIDTH}x{HEIGHT}", str(FRAMES_PER_SECOND)
    raw = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", size, "-r", rate]
    encoder = ["-c:v", "libvpx", "-b:v", "4M", "-g", "10", "-deadline", "realtime"]
    subprocess.run(
        [ffmpeg, "-loglevel", "error", *raw, "-i", "-", *encoder, "-cpu-used", "8", str(path)],
        input=b"".join(frames),
        check=True,
        timeout=50,
    )
    assert path.stat().st_size > 5_000_000


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
