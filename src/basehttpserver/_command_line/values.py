"""The values of options: each function takes a word, and says what it should have been.

Raises ``argparse.ArgumentTypeError``, which ends the program with that sentence.
"""

import argparse
import os
import re

__all__ = [
    "AUTO",
    "cache_control",
    "charset",
    "glob",
    "media_type",
    "name",
    "origin",
    "port",
    "size",
]

#: What stands for "any port that is free, from the first on".
AUTO = "auto"

#: RFC 9111 5.2.
_CACHE_CONTROL = re.compile(r"[a-z-]+(=[0-9]+)?( *, *[a-z-]+(=[0-9]+)?)*")

#: RFC 6454 6.2.
_ORIGIN = re.compile(r"https?://([\w.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?", re.ASCII)

#: RFC 9110 8.3.1; parameters may follow.
_MEDIA_TYPE = re.compile(r"[!#$&^_.+0-9A-Za-z-]+/[!#$&^_.+0-9A-Za-z-]+[ \t]*(;[^\r\n]*)?\Z")

_SIZE = re.compile(r"([0-9]{1,15})([KMGT]?)(?:i?B)?", re.ASCII | re.IGNORECASE)


def port(word: str) -> int | str:
    """Return a port, or `AUTO`."""
    if word == AUTO:
        return AUTO
    if not (word.isascii() and word.isdigit() and len(word) < 20 and int(word) <= 65535):
        # Not the word: behind "--auth me" it may be the password.
        folder = "; a directory is named by --directory" if os.path.isdir(word) else ""
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, or {AUTO!r}{folder}")
    return int(word)


def name(word: str) -> str:
    """Return the name of a file in a folder."""
    if not word or "/" in word or word in (os.curdir, os.pardir):
        raise argparse.ArgumentTypeError(f"{word!r} is no name of a file in a folder")
    return word


def glob(word: str) -> str:
    """Return a glob that can match a name or a path."""
    names = word.strip("/").split("/")
    if not {"", os.curdir, os.pardir}.isdisjoint(names):
        raise argparse.ArgumentTypeError(
            f"{word!r} matches nothing: it is for a name, as *.bak, or for a path from the"
            " directory on, as private/*"
        )
    return word


def media_type(word: str) -> str:
    """Return a Content-Type value (RFC 9110 8.3)."""
    if not _MEDIA_TYPE.match(word):
        raise argparse.ArgumentTypeError(f"{word!r} is no media type, as text/plain is")
    return word


def charset(word: str) -> str | None:
    """Return a charset; ``None`` for ``off``."""
    if not word.isascii() or not word.replace("-", "").replace("_", "").isalnum():
        raise argparse.ArgumentTypeError(f"{word!r} is no charset, as utf-8 is")
    return None if word == "off" else word


def cache_control(word: str) -> str | None:
    """Return a Cache-Control value (RFC 9111 5.2); ``None`` for ``off``."""
    if word == "off":
        return None
    if word.isascii() and word.isdigit():
        return f"max-age={word}"
    if not _CACHE_CONTROL.fullmatch(word):
        raise argparse.ArgumentTypeError(f"{word!r} is neither seconds nor a Cache-Control value")
    return word


def origin(word: str) -> str:
    """Return an origin (RFC 6454 6.2), or ``*``."""
    if word != "*" and not _ORIGIN.fullmatch(word):
        raise argparse.ArgumentTypeError(
            f"{word!r} is no origin: a scheme and a host, as in https://example.org"
        )
    return word


def size(word: str) -> int:
    """Return a size in bytes."""
    found = _SIZE.fullmatch(word)
    if found is None or not int(found[1]):
        raise argparse.ArgumentTypeError(f"{word!r} is no size, as 500M is")
    size: int = int(found[1]) << 10 * " KMGT".index(found[2].upper() or " ")
    return size
