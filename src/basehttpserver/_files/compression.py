"""Compression of whole files: which are worth it, by which libraries, at which levels.

gzip comes with Python. brotli and zstd are there where their libraries are, which are imported when
they are asked for first.

The levels are the highest at which no file takes more than some 30 ms for a MiB; of zstd one below,
since level 10 takes twice the memory. The next ones save a percent or two, for a multiple of the
time. Measured by `python -m benchmarks.compression_levels` with CPython 3.11, zlib 1.2.13, brotli
1.2.1 and zstd 1.5.7 on minified CSS and JavaScript, JSON, and a book in HTML, of 0.2 to 1.4 MB;
size in percent of what it was, and time for a MiB:

    gzip 5    12.2 to 22.4 %    11 to   19 ms      brotli 9     9.1 to 18.3 %     45 to   70 ms
    gzip 6    11.6 to 22.0 %    16 to   30 ms      brotli 11    7.9 to 16.7 %   1249 to 1826 ms
    gzip 9    11.0 to 21.9 %    26 to   91 ms      zstd 9      10.2 to 19.1 %     12 to   17 ms
    brotli 5  10.4 to 19.1 %    12 to   19 ms      zstd 10      9.8 to 18.9 %     15 to   23 ms
    brotli 7   9.4 to 18.6 %    14 to   28 ms      zstd 11      9.5 to 18.8 %     18 to   60 ms
"""

from __future__ import annotations

import functools
import importlib
import sys
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import ModuleType

    from basehttpserver._files.accept_encoding import Coding

__all__ = ["choose_coding", "compress", "is_worth_compressing"]

#: From here on: with a head of some 350 bytes, what is smaller goes out in one packet anyway (1,460
#: bytes of payload on Ethernet), compressed or not.
_LEAST_BYTES = 1024

#: Up to here: 2 MiB take 60 ms, once, and so long everybody waits in an `HTTPServer`; meanwhile
#: they take 14 MiB of memory beside the file's own (brotli; zstd 11, gzip 1). Larger files go as
#: they are, by their descriptor and in ranges, unless somebody has compressed them before.
_MOST_BYTES = 2 * 1024 * 1024

# Whatever is not here has mostly been compressed by its own format: images, sound, video, PDF,
# WOFF, archives, office documents. Text in all its forms shrinks to a fifth; the others as said.
_TYPES = frozenset(
    [
        "application/ecmascript",
        "application/javascript",
        "application/json",
        "application/rtf",
        "application/sql",
        "application/toml",
        "application/wasm",  # to 30 %
        "application/x-javascript",
        "application/x-ndjson",
        "application/x-sh",
        "application/xml",
        "application/yaml",
        # Fonts that no WOFF is wrapped around: to 40 to 60 %.
        "application/vnd.ms-fontobject",
        "font/otf",
        "font/sfnt",
        "font/ttf",
        # Images without compression.
        "image/bmp",
        "image/x-ms-bmp",
    ]
)
_KINDS = ("text/",)
#: SVG, XHTML, Atom, web app manifests, source maps, glTF (RFC 6839).
_SYNTAXES = ("+json", "+xml", "+yaml")

_GZIP_LEVEL = 6
_BROTLI_QUALITY = 7
_ZSTD_LEVEL = 9

#: zlib's `wbits` for a window of 32 KiB within gzip's format, whose head then has no name and no
#: date: the same bytes give the same bytes.
_GZIP_WINDOW = 16 + 15


def is_worth_compressing(content_type: str, size: int) -> bool:
    """Tell whether a file of this media type and size gets smaller by something worth having.

    Only from what is known before a byte is read, so that the head of the answer is the same to
    GET, to HEAD and to a conditional request, none of which but GET reads the file.
    """
    return _LEAST_BYTES <= size <= _MOST_BYTES and _shrinks(content_type)


@functools.lru_cache(256)  # A program that makes them up has more.
def _shrinks(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type.startswith(_KINDS) or media_type in _TYPES or media_type.endswith(_SYNTAXES)


def choose_coding(codings: Iterable[Coding]) -> Coding | None:
    """Return the first of `codings` that there is a library for."""
    return next((coding for coding in codings if _compressor(coding)), None)


def compress(data: bytes | bytearray, coding: Coding) -> bytes:
    """Return `data` in `coding`, which `choose_coding` has returned."""
    compressor = _compressor(coding)
    if compressor is None:
        raise ValueError(f"There is no library for {coding}")
    return compressor(data)


@functools.cache
def _compressor(coding: Coding) -> Callable[[bytes | bytearray], bytes] | None:
    try:
        return _LOADERS[coding]()
    except ImportError:
        return None


def _load_gzip() -> Callable[[bytes | bytearray], bytes]:
    def compress_gzip(data: bytes | bytearray) -> bytes:
        compressor = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
        return compressor.compress(data) + compressor.flush()

    return compress_gzip


def _load_brotli() -> Callable[[bytes | bytearray], bytes]:
    return functools.partial(_import_extension("brotli").compress, quality=_BROTLI_QUALITY)


def _load_zstd() -> Callable[[bytes | bytearray], bytes]:
    # The latter is the former for older Pythons; there, `compression` may be anybody's.
    if sys.version_info >= (3, 14):
        zstd = importlib.import_module("compression.zstd")
    else:
        zstd = _import_extension("backports.zstd")
    return functools.partial(zstd.compress, level=_ZSTD_LEVEL)


def _import_extension(name: str) -> ModuleType:
    """Import an extension module, unless that might turn the interpreter lock on.

    On a free-threaded build the first module that does not say that it needs no lock turns it on,
    for the whole program and for good; brotli 1.2.1 is one. That is for the program to decide, by
    importing it before it serves, and not for the first client that asks for a coding.
    """
    if name not in sys.modules and not _has_interpreter_lock():
        raise ImportError(f"{name} may turn the interpreter lock on", name=name)
    return importlib.import_module(name)


def _has_interpreter_lock() -> bool:
    # Not there before 3.13.
    return bool(getattr(sys, "_is_gil_enabled", lambda: True)())


_LOADERS: dict[Coding, Callable[[], Callable[[bytes | bytearray], bytes]]] = {
    "br": _load_brotli,
    "zstd": _load_zstd,
    "gzip": _load_gzip,
}
