"""How small each coding makes files at each level, and how long a MiB of them takes.

    python -m benchmarks.compression_levels FILE...

Prints a table, smallest and largest of the files' figures, from which the levels of
`basehttpserver._files.compression` were chosen. It needs the extra `compression`.
"""

import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MIB = 1024 * 1024

#: Each file is compressed until so much time is over; the quickest time counts.
SECONDS = 0.2


def gzip(data: bytes, level: int) -> bytes:
    compressor = zlib.compressobj(level, zlib.DEFLATED, 16 + 15)
    return compressor.compress(data) + compressor.flush()


CODINGS: dict[str, tuple[Callable[[bytes, int], bytes], list[int]]] = {
    "gzip": (gzip, [1, 4, 5, 6, 7, 9]),
    "brotli": (lambda data, level: brotli.compress(data, quality=level), [1, 4, 5, 6, 7, 8, 9, 11]),
    "zstd": (zstd.compress, [1, 3, 6, 9, 10, 11, 12, 15, 19]),
}


def measure(
    compress: Callable[[bytes, int], bytes], level: int, data: bytes
) -> tuple[float, float]:
    """Return the size in percent of what it was, and the milliseconds for a MiB."""
    best = float("inf")
    end = time.monotonic() + SECONDS
    while True:
        began = time.process_time()
        compressed = compress(data, level)
        best = min(best, time.process_time() - began)
        if time.monotonic() > end:
            return 100 * len(compressed) / len(data), 1000 * best * MIB / len(data)


def main(paths: list[str]) -> None:
    files = [Path(path).read_bytes() for path in paths]
    for coding, (compress, levels) in CODINGS.items():
        for level in levels:
            sizes, times = zip(*(measure(compress, level, data) for data in files), strict=True)
            print(
                f"{coding:6} {level:2}  {min(sizes):5.1f} to {max(sizes):5.1f} %"
                f"  {min(times):6.1f} to {max(times):6.1f} ms"
            )


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1:])
