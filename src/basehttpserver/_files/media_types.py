"""The media type of a file by its name, where `mimetypes` does not know it or is wrong.

`mimetypes` asks the system, too: ``/etc/mime.types``, or Windows' registry, into which programs
write what they like (``text/plain`` for JavaScript, which no browser then runs). What a program has
added by `mimetypes.add_type` cannot be told from that, so that its answer counts unless it is one
that is known to be wrong.
"""

from __future__ import annotations

import mimetypes
import os
from typing import Final, NamedTuple

__all__ = ["guess_media_type", "with_charset"]


class _Known(NamedTuple):
    """The media type of an extension, and others that one meets for it."""

    right: str
    wrong: frozenset[str] = frozenset()


def _known(right: str, *wrong: str) -> _Known:
    return _Known(right, frozenset(wrong))


# Elsewhere only a program says so, to show what is in such a file.
_PLAIN_IS_WRONG: Final = ("text/plain",) if os.name == "nt" else ()

# RFC 9239 6: the one for scripts; the others are obsolete.
_JAVASCRIPT: Final = _known(
    "text/javascript", "application/javascript", "application/x-javascript", *_PLAIN_IS_WRONG
)

#: By the extension in lower case. The registry of IANA has them, but for a few that browsers ask
#: for by these names.
_BY_EXTENSION: Final = {
    ".avif": _known("image/avif"),
    ".css": _known("text/css", "application/x-css", *_PLAIN_IS_WRONG),
    ".csv": _known("text/csv", "application/vnd.ms-excel"),
    ".flac": _known("audio/flac", "audio/x-flac"),
    ".heic": _known("image/heic"),
    ".js": _JAVASCRIPT,
    ".json": _known("application/json", *_PLAIN_IS_WRONG),
    ".jxl": _known("image/jxl"),
    ".m4a": _known("audio/mp4", "audio/mp4a-latm", "audio/x-m4a"),
    ".md": _known("text/markdown", "text/x-markdown"),
    ".mjs": _JAVASCRIPT,
    ".mp4": _known("video/mp4"),
    ".oga": _known("audio/ogg"),
    ".ogg": _known("audio/ogg", "application/ogg"),
    ".ogv": _known("video/ogg"),
    ".opus": _known("audio/ogg"),
    ".otf": _known("font/otf", "application/x-font-otf"),
    ".png": _known("image/png", "image/x-png"),
    ".svg": _known("image/svg+xml", "image/svg", "text/xml"),
    ".toml": _known("application/toml"),
    ".ts": _known("video/mp2t", "text/vnd.trolltech.linguist"),
    ".ttf": _known("font/ttf", "application/x-font-ttf"),
    ".wasm": _known("application/wasm"),
    ".weba": _known("audio/webm"),
    ".webm": _known("video/webm"),
    ".webmanifest": _known("application/manifest+json"),
    ".webp": _known("image/webp"),
    ".woff": _known("font/woff", "application/font-woff", "application/x-font-woff"),
    ".woff2": _known("font/woff2", "application/font-woff2", "application/x-font-woff2"),
    ".yaml": _known("application/yaml", "application/x-yaml", "text/yaml"),
    ".yml": _known("application/yaml", "application/x-yaml", "text/yaml"),
    ".zip": _known("application/zip", "application/x-zip-compressed"),
}


def guess_media_type(path: str, extension: str) -> str | None:
    """Return the media type for a file of this name and extension; None if nobody knows one."""
    lower = extension.lower()
    guessed: str | None
    if (
        not mimetypes.inited
        or lower in mimetypes.suffix_map
        or extension in mimetypes.encodings_map  # Where case matters.
    ):
        # Of two extensions, or one that stands for two. Nothing here may look like a URL's scheme.
        guessed = mimetypes.guess_type("./" + os.path.basename(path))[0]
    else:
        # As `mimetypes.guess_file_type` of Python 3.13, without going through the path again.
        guessed = mimetypes.types_map.get(lower)
    known = _BY_EXTENSION.get(lower)
    if known is None or (guessed is not None and guessed not in known.wrong):
        return guessed
    return known.right


def with_charset(content_type: str, charset: str) -> str:
    """Return a Content-Type with a charset, where it is text and has no parameter (RFC 2046 4.1.2).

    Other types have no such parameter: JSON is UTF-8 (RFC 8259 8.1), XML says it by itself.
    """
    if content_type[:5].lower() == "text/" and ";" not in content_type:
        return f"{content_type}; charset={charset}"
    return content_type
