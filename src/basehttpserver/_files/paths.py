"""The path of a request target, and names that a system takes for something else."""

from __future__ import annotations

import functools
import ntpath
import os
import posixpath
import re
import urllib.parse
from typing import Final

#: No system opens a longer path by its name (PATH_MAX of Linux, in bytes; of others it is less).
MAX_PATH_CHARACTERS: Final = 4096

_WINDOWS_DEVICES = frozenset(
    ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"]
    + [port + number for port in ("COM", "LPT") for number in "0123456789\N{SUPERSCRIPT ONE}"
       "\N{SUPERSCRIPT TWO}\N{SUPERSCRIPT THREE}"]
)  # fmt: skip

#: What NTFS and FAT call a file besides, for programs of MS-DOS: ``GIT~1`` is ``.git``.
_SHORT_NAME: Final = re.compile(r"(?=[^.]{3,8}(?:\.|\Z))[^.]+~[0-9]+(?:\.[^.]{0,3})?")

#: Targets that are asked for again and again are shorter; what is remembered of longer ones would
#: let a client fill the memory.
_REMEMBERED_CHARACTERS = 256


def decode_path(target: str) -> str:
    """Return the path of a request target: no query, no fragment, percent-decoded once.

    Bytes that are no UTF-8 become U+FFFD, over-long forms of ``.`` and ``/`` among them. An encoded
    surrogate stays one: that is how a listing links to a name that is no text (PEP 383).
    """
    path = target.split("#", 1)[0].split("?", 1)[0]
    try:
        return urllib.parse.unquote(path, errors="surrogatepass")
    except UnicodeDecodeError:
        return urllib.parse.unquote(path)


def local_path(directory: str, target: str) -> str:
    """Return the local path for a request target, always at or below `directory`.

    Nothing is looked at but the names: the same two give the same path, which is remembered.
    """
    if len(target) <= _REMEMBERED_CHARACTERS:
        return _local_path_remembered(directory, target)
    return _local_path(directory, target)


def _local_path(directory: str, target: str) -> str:
    decoded = decode_path(target)
    names = [
        name
        for name in posixpath.normpath(decoded).split("/")
        # `dirname` finds what the local system would not take for one plain name.
        if name and name not in (os.curdir, os.pardir) and not os.path.dirname(name)
    ]
    path = os.path.join(directory, *names)
    return path + "/" if decoded.endswith("/") else path


_local_path_remembered = functools.lru_cache(maxsize=1024)(_local_path)


def extension_of(path: str) -> str:
    """Return the extension of the last name as `posixpath.splitext` does, in a fifth of the steps.

    With its dot; none where only dots are before that.
    """
    before, dot, after = path.rpartition("/")[2].rpartition(".")
    return dot + after if before.strip(".") else ""


def has_windows_meaning(path: str) -> bool:
    r"""Whether Windows would take a name in `path` for something other than a file of that name.

    So it does with devices whatever follows them (``nul.txt``, ``COM1 ``), with streams
    (``page.py::$DATA`` is the text of ``page.py``), and with spaces and dots at the end of a name,
    which it drops. The drive is not looked at.
    """
    _drive, rest = ntpath.splitdrive(path)
    return any(
        ":" in name
        or (name.endswith((" ", ".")) and name not in (os.curdir, os.pardir))
        or name.split(".", 1)[0].rstrip(" ").upper() in _WINDOWS_DEVICES
        for name in re.split(r"[\\/]", rest)
    )


def is_short_name(name: str) -> bool:
    """Tell whether Windows may find by `name` a file that has another, longer one."""
    return _SHORT_NAME.fullmatch(name) is not None


def add_slash(target: str) -> str:
    """Return the Location for a folder whose request target has no slash at the end.

    It never leads to another host than the one that was asked, which a browser would read out of
    a path that begins with two slashes, or with a slash and a backslash.

    Raises ValueError for an absolute-form target whose authority is malformed.
    """
    scheme, authority, path, query, fragment = urllib.parse.urlsplit(target)
    path = path.replace("\\", "%5C") + "/"
    if scheme not in ("http", "https") or not authority:
        # Not the absolute form (RFC 9112 3.2.2), in which the client itself names the host.
        scheme = authority = ""
        if path.startswith("//"):
            path = "/" + path.lstrip("/")
    return urllib.parse.urlunsplit((scheme, authority, path, query, fragment))
