"""Names that clients give to files and folders, and those that uploads have until they are whole.

An upload is two files in the folder that it is for, with names that begin with `PREFIX`:

    .upload-TOKEN.part    its content so far
    .upload-TOKEN.json    what it will be; not for an upload that ends with its request
"""

from __future__ import annotations

import os
import re
import secrets
import unicodedata
from http import HTTPStatus
from typing import Final

from basehttpserver._files.paths import has_windows_meaning, is_short_name
from basehttpserver._sharing.refusal import RefusedError

__all__ = [
    "PREFIX",
    "check_name",
    "content_name",
    "is_upload",
    "make_token",
    "record_name",
    "try_token_of",
]

PREFIX: Final = ".upload-"

#: Of what `make_token` makes.
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{22}\Z")

#: What ext4, XFS, APFS, NTFS and others have room for; in bytes, but for NTFS and APFS.
_MAX_NAME_BYTES: Final = 255

_ON_WINDOWS: Final = os.name == "nt"


def check_name(name: str) -> None:
    r"""Raise a 400 `RefusedError` unless any system takes `name` for one plain name.

    A backslash separates names on Windows, where the file may be read one day. What only Windows
    itself would misunderstand (``con.txt``, ``10:30.txt``) is refused there alone.
    """
    if not name or name in (os.curdir, os.pardir):
        raise _bad("A name is missing")
    if "/" in name or "\\" in name:
        raise _bad("A name must not have slashes in it")
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in name):
        raise _bad("A name must not have control characters in it")
    if len(name.encode()) > _MAX_NAME_BYTES:
        raise _bad(f"A name must not be longer than {_MAX_NAME_BYTES} bytes")
    if _ON_WINDOWS and (":" in name or has_windows_meaning(name) or is_short_name(name)):
        raise _bad("Windows takes this name for something else")


def _bad(explanation: str) -> RefusedError:
    return RefusedError(HTTPStatus.BAD_REQUEST, explanation)


def make_token() -> str:
    """Return what nobody can guess: 128 bits."""
    return secrets.token_urlsafe(16)


def is_upload(name: str) -> bool:
    """Tell whether a name is kept for uploads: such files are never shown, and nobody may name one.

    Neither case matters: there are file systems that find a file by either.
    """
    return name.casefold().startswith(PREFIX)


def content_name(token: str) -> str:
    """Return the name of the content of an upload."""
    return f"{PREFIX}{token}.part"


def record_name(token: str) -> str:
    """Return the name of what is known about an upload."""
    return f"{PREFIX}{token}.json"


def try_token_of(name: str) -> str | None:
    """Return the token in the last part of an upload's URL; None for anything else."""
    token = name.removeprefix(PREFIX)
    return token if token != name and _TOKEN.match(token) else None
