"""Credentials of the Basic scheme (RFC 7617), and the users who have them.

try_parse_credentials   what an Authorization field says
PlainUsers              names and passwords, as they are given
HtpasswdUsers           those of a file that Apache's ``htpasswd`` writes
"""

from __future__ import annotations

import base64
import binascii
import collections
import contextlib
import hmac
import os
import re
import secrets
import threading
import time
import unicodedata
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Credentials", "HtpasswdUsers", "PlainUsers", "Users", "try_parse_credentials"]

#: Names and passwords of thousands of characters are no people's.
_MAX_FIELD_CHARACTERS: Final = 4096

#: RFC 9110 11.6.2. Base64 is what RFC 7617 makes of token68.
_BASIC: Final = re.compile(r"basic +([A-Za-z0-9+/]+={0,2})[ \t]*\Z", re.IGNORECASE)

#: What a page with its pictures asks for by one user, and by many at once.
_MAX_VERIFIED: Final = 256

#: How long a file can change again without another time: FAT's clock ticks every two seconds.
_TICK_SECONDS: Final = 2.0

#: Hashes are slow on purpose: so many are computed at a time, and a crowd that guesses leaves the
#: other processors to those who are let in.
_HASHES_AT_A_TIME: Final = 2

#: bcrypt looks at no more of a password; Apache cuts it by itself, the library refuses it.
_MAX_BCRYPT_BYTES: Final = 72


class Credentials(NamedTuple):
    """A name and a password, in Unicode's form C, so that all ways to type them are one."""

    user: str
    password: str

    @classmethod
    def of(cls, user: str, password: str) -> Credentials:
        """Normalise both."""
        return cls(unicodedata.normalize("NFC", user), unicodedata.normalize("NFC", password))


class Users(Protocol):
    """Who may do something."""

    def has(self, credentials: Credentials) -> bool:
        """Tell whether they are a user's; the time that it takes does not tell whose."""


def try_parse_credentials(value: str) -> Credentials | None:
    """Return what the value of an Authorization field says; None for what is not RFC 7617's.

    That is: another scheme, no Base64, no UTF-8, no colon, control characters, thousands of bytes.
    """
    if len(value) > _MAX_FIELD_CHARACTERS:
        return None
    found = _BASIC.match(value)
    if found is None:
        return None
    try:
        text = base64.b64decode(found[1], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    user, colon, password = text.partition(":")
    if not colon or any(unicodedata.category(character) == "Cc" for character in text):
        return None
    return Credentials.of(user, password)


class PlainUsers:
    """Users whose passwords are known; only digests of them are kept."""

    def __init__(self, passwords: Mapping[str, str]) -> None:
        """Take passwords by user. Raises ValueError for a name that no client can send."""
        self._key = secrets.token_bytes(32)
        self._digests = {}
        for user, password in passwords.items():
            if not user or ":" in user:
                raise ValueError("a user's name is not empty and has no colon (RFC 7617)")
            named = Credentials.of(user, password)
            self._digests[named.user] = _digest(self._key, named)
        self._nobody = secrets.token_bytes(32)

    def has(self, credentials: Credentials) -> bool:
        """Tell whether they are a user's."""
        expected = self._digests.get(credentials.user, self._nobody)
        return hmac.compare_digest(_digest(self._key, credentials), expected)


class _Contents(NamedTuple):
    """What a file of users held at one time, and who was let in by it."""

    hashes: dict[str, str]
    #: What tells this state of the file from another.
    state: tuple[int, int, int]
    #: The file cannot have changed since with its state as it was.
    is_settled: bool
    #: Digests of credentials that were right; the oldest first.
    verified: collections.OrderedDict[bytes, None]


class HtpasswdUsers:
    """The users of a file that Apache's ``htpasswd`` writes, by a library: extra ``htpasswd``.

    The file is read again when it has changed. While it cannot be read, or a line of it is wrong,
    nobody is let in: perhaps it is just being written, perhaps somebody wants that.

    Passwords that were right are remembered, as digests under a key of this process and until the
    file changes: else a page with a hundred pictures would take a hundred slow hashes.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Read the file. Raises OSError, ImportError without the extra, ValueError by line."""
        from passlib.apache import htpasswd_context

        # A line whose password is not hashed lets everybody in who can read it.
        self._hashing: Any = htpasswd_context.copy(
            schemes=[name for name in htpasswd_context.schemes() if name != "plaintext"]
        )
        self._path = os.fspath(path)
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._hashes_at_a_time = threading.BoundedSemaphore(_HASHES_AT_A_TIME)
        self._contents: _Contents | None = self._read()

    def has(self, credentials: Credentials) -> bool:
        """Tell whether they are a user's."""
        contents = self._current()
        if contents is None or not contents.hashes:
            return False
        digest = _digest(self._key, credentials)
        with self._lock:
            if digest in contents.verified:
                contents.verified.move_to_end(digest)
                return True
        expected = contents.hashes.get(credentials.user)
        compared = self._stand_in(contents, credentials.user) if expected is None else expected
        is_right = self._verify(credentials.password, compared) and expected is not None
        if is_right:
            with self._lock:
                contents.verified[digest] = None
                while len(contents.verified) > _MAX_VERIFIED:
                    contents.verified.popitem(last=False)
        return is_right

    def _stand_in(self, contents: _Contents, user: str) -> str:
        """Return the hash that counts for a user who is not there, so that it costs as much.

        Any of the file's, but the same each time: where they differ in what they cost, that tells
        nothing either.
        """
        number = int.from_bytes(hmac.digest(self._key, user.encode(), "sha256"))
        hashes = list(contents.hashes.values())
        return hashes[number % len(hashes)]

    def _verify(self, password: str, expected: str) -> bool:
        data = password.encode()
        if expected.startswith("$2"):
            data = data[:_MAX_BCRYPT_BYTES]
        with self._hashes_at_a_time:
            try:
                return bool(self._hashing.verify(data, expected))
            except (TypeError, ValueError):  # a hash that is cut, or that nothing can match
                return False

    def _current(self) -> _Contents | None:
        contents = self._contents
        try:
            state = _state_of(os.stat(self._path))
            if contents is not None and contents.is_settled and contents.state == state:
                return contents
            # One that reads it twice does no harm.
            contents = self._keep(self._read())
        except (OSError, ValueError):
            contents = self._contents = None
        return contents

    def _keep(self, contents: _Contents) -> _Contents:
        """Let `contents` count, with what was verified by the same file before."""
        with self._lock:
            former = self._contents
            if former is not None and former.hashes == contents.hashes:
                contents = contents._replace(verified=former.verified)
            self._contents = contents
        return contents

    def _read(self) -> _Contents:
        with open(self._path, encoding="utf-8") as file:
            status = os.fstat(file.fileno())
            text = file.read()
            state = _state_of(status)
            is_settled = (
                state == _state_of(os.fstat(file.fileno()))
                and time.time() - status.st_mtime >= _TICK_SECONDS
            )
        return _Contents(self._parse(text), state, is_settled, collections.OrderedDict())

    def _parse(self, text: str) -> dict[str, str]:
        hashes = {}
        for number, line in enumerate(text.splitlines(), 1):
            record = line.strip()
            if not record or record.startswith("#"):
                continue
            user, _, rest = record.partition(":")
            expected = rest.partition(":")[0]  # What is behind it is a comment.
            scheme = None
            with contextlib.suppress(TypeError, ValueError):
                scheme = self._hashing.identify(expected)
            if not user or scheme is None:
                raise ValueError(
                    f"{self._path}, line {number}: not a user and a hash as htpasswd writes them"
                )
            hashes[unicodedata.normalize("NFC", user)] = expected
        return hashes


def _state_of(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns


def _digest(key: bytes, credentials: Credentials) -> bytes:
    # A name has no colon (RFC 7617 2).
    return hmac.digest(key, ":".join(credentials).encode(), "sha256")
