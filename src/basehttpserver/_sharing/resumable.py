"""Uploads that outlive their connection, and the server: their state is in the folder they are for.

    .upload-TOKEN.part    what has come; its size is the offset
    .upload-TOKEN.json    its name and length

An upload that is whole gets its name, and loses its content; its record stays until it expires, so
that a client whose last answer was lost is told that all is there.

    create → Upload → append … → place
                    → discard

Whoever knows the token may go on with the upload; nobody guesses it (128 bits). An upload expires
when nothing has come for a while, and is removed when somebody asks for it after that, or begins
another one in the folder. A folder in which nothing else is left than records of what was whole can
be removed.
"""

from __future__ import annotations

import collections
import contextlib
import json
import math
import os
import stat
import threading
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from basehttpserver._files.regular_file import NO_LINK
from basehttpserver._sharing.claims import claim
from basehttpserver._sharing.incoming_file import CREATES, write_all
from basehttpserver._sharing.names import (
    check_name,
    content_name,
    make_token,
    record_name,
    try_token_of,
)
from basehttpserver._sharing.placing import place
from basehttpserver._sharing.refusal import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from basehttpserver._files.served_folder import HeldFolder

__all__ = ["Cleaning", "Upload", "create", "find", "remove_expired", "remove_leftovers"]

#: A record has a name and a number.
_MAX_RECORD_BYTES: Final = 8192

#: How many folders it is known of when they were cleaned.
_MAX_FOLDERS: Final = 256

_BINARY: Final = getattr(os, "O_BINARY", 0)
#: A FIFO of this name must not make anybody wait.
_DO_NOT_WAIT: Final = getattr(os, "O_NONBLOCK", 0)


class _TakenOverError(RefusedError):
    """Another request goes on with the upload."""

    def __init__(self) -> None:
        super().__init__(HTTPStatus.CONFLICT, "Another request goes on with this upload")


class Upload(NamedTuple):
    """An upload as it was found."""

    folder: HeldFolder
    token: str
    #: What the file will be called.
    name: str
    length: int
    #: How much of it is there.
    offset: int
    #: The file has its name.
    is_placed: bool
    #: When something was written last, in seconds since the epoch.
    modified: float

    def append(self, blocks: Iterable[bytes]) -> int:
        """Append blocks as they come; return the offset then.

        What has come stays, whatever this raises: what `blocks` raises, OSError, and a
        `RefusedError` for more than the length, or once another request has taken the upload over.
        """
        offset = self.offset
        descriptor = self._open(os.O_WRONLY)
        try:
            with claim(self._key) as ours:
                with ours.held():
                    self._check_offset(descriptor, offset)
                os.lseek(descriptor, offset, os.SEEK_SET)
                for block in blocks:
                    if offset + len(block) > self.length:
                        raise RefusedError(
                            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "More than the upload's length"
                        )
                    with ours.held() as is_ours:
                        if not is_ours:
                            raise _TakenOverError
                        write_all(descriptor, block)
                    offset += len(block)
                # What the client is told to be here must be here after a power cut, too.
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return offset

    def _check_offset(self, descriptor: int, offset: int) -> None:
        if os.fstat(descriptor).st_size != offset:
            raise RefusedError(HTTPStatus.CONFLICT, "The upload is at another offset")

    def place(self, *, overwrites: bool) -> None:
        """Give the whole file its name. Raises as `placing.place`.

        Where that fails the upload stays as it is, and may be placed when the name is free.
        """
        with claim(self._key) as ours, ours.held() as is_ours:
            if not is_ours:
                raise _TakenOverError
            content = _try_status(self.folder, content_name(self.token))
            named = _try_status(self.folder, self.name)
            if content is None:
                return  # Another request was quicker.
            if named is not None and os.path.samestat(named, content):
                # A crash came between its new name and its old one.
                os.unlink(self._content, dir_fd=self.folder.descriptor)
                return
            place(self.folder, content_name(self.token), self.name, overwrites=overwrites)

    def discard(self) -> None:
        """Remove what is there of it, but for the file where that has its name."""
        with claim(self._key) as ours, ours.held():
            for name in (record_name(self.token), content_name(self.token)):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(self.folder.at(name), dir_fd=self.folder.descriptor)

    @property
    def _content(self) -> str:
        return self.folder.at(content_name(self.token))

    @property
    def _key(self) -> object:
        # A token is never made twice.
        return self.token

    def _open(self, flags: int) -> int:
        return os.open(self._content, flags | NO_LINK | _BINARY, dir_fd=self.folder.descriptor)


def create(folder: HeldFolder, name: str, length: int) -> Upload:
    """Begin an upload. Raises OSError."""
    token = make_token()
    record = json.dumps({"name": name, "length": length}).encode()
    for each, content in ((content_name(token), b""), (record_name(token), record)):
        descriptor = os.open(folder.at(each), CREATES, 0o666, dir_fd=folder.descriptor)
        try:
            write_all(descriptor, content)
        finally:
            os.close(descriptor)
    return Upload(folder, token, name, length, 0, is_placed=False, modified=time.time())


def find(folder: HeldFolder, token: str, expiry_seconds: float) -> Upload:
    """Return an upload as it is now. Raises OSError, and a 404 `RefusedError` where there is none.

    An expired one is removed.
    """
    record = _read_record(folder, token)
    content = _try_status(folder, content_name(token))
    if record is None or (content is not None and not stat.S_ISREG(content.st_mode)):
        raise _absent()
    name, length, modified = record
    offset = length
    if content is not None:
        offset, modified = content.st_size, max(modified, content.st_mtime)
    upload = Upload(folder, token, name, length, offset, content is None, modified)
    if modified + expiry_seconds < time.time():
        upload.discard()
        raise _absent()
    return upload


def _try_status(folder: HeldFolder, name: str) -> os.stat_result | None:
    try:
        return os.stat(folder.at(name), dir_fd=folder.descriptor, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _absent() -> RefusedError:
    return RefusedError(HTTPStatus.NOT_FOUND, "There is no such upload, or no more")


def _read_record(folder: HeldFolder, token: str) -> tuple[str, int, float] | None:
    """Return name, length and time; None for what is none, also where anybody else has made it."""
    flags = os.O_RDONLY | NO_LINK | _BINARY | _DO_NOT_WAIT
    try:
        descriptor = os.open(folder.at(record_name(token)), flags, dir_fd=folder.descriptor)
    except FileNotFoundError:
        return None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return None
        record: Any = json.loads(os.read(descriptor, _MAX_RECORD_BYTES))
    except (ValueError, RecursionError):
        return None
    finally:
        os.close(descriptor)
    if not isinstance(record, dict):
        return None
    name, length = record.get("name"), record.get("length")
    if not (isinstance(name, str) and isinstance(length, int) and length >= 0):
        return None
    check_name(name)
    return name, length, status.st_mtime


class Cleaning:
    """Removes what uploads have left in folders, also those that a crash of the server has ended.

    Looking for it takes as long as a listing, so that a folder gets it now and then.
    """

    def __init__(self, seconds_between: float = 600.0) -> None:
        """Begin with folders that nobody has looked at."""
        self._seconds_between = seconds_between
        self._lock = threading.Lock()
        #: By device and number of a folder; the oldest first.
        self._times: collections.OrderedDict[tuple[int, int], float] = collections.OrderedDict()

    def clean(self, folder: HeldFolder, expiry_seconds: float) -> None:
        """Look into a folder, if it is time for that. Raises OSError where it cannot be read."""
        status = os.stat(folder.path if folder.descriptor is None else folder.descriptor)
        key, now = (status.st_dev, status.st_ino), time.monotonic()
        with self._lock:
            if now - self._times.get(key, -math.inf) < self._seconds_between:
                return
            self._times[key] = now
            self._times.move_to_end(key)
            while len(self._times) > _MAX_FOLDERS:
                self._times.popitem(last=False)
        remove_expired(folder, expiry_seconds)


def remove_expired(folder: HeldFolder, expiry_seconds: float) -> None:
    """Remove the uploads of a folder to which nothing has come for so long. Raises OSError."""
    times: dict[str, float] = {}
    for name, modified in _uploads_in(folder):
        upload = name.rpartition(".")[0]
        times[upload] = max(modified, times.get(upload, 0.0))
    oldest = time.time() - expiry_seconds
    expired = [upload for upload, modified in times.items() if modified < oldest]
    for upload in expired:
        for ending in (".json", ".part"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(folder.at(upload + ending), dir_fd=folder.descriptor)


def remove_leftovers(folder: HeldFolder, expiry_seconds: float) -> None:
    """Remove what uploads that are over have left in a folder, where there is nothing else.

    Else nobody could remove a folder that everybody sees to be empty. Raises OSError where it
    cannot be read.
    """
    remove_expired(folder, expiry_seconds)
    with _scanning(folder) as entries:
        tokens = [_try_token_of_record(entry.name) for entry in entries]
    if None in tokens:
        return
    for token in filter(None, tokens):
        # The content is there before the record, until it has its name.
        if _try_status(folder, content_name(token)) is None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(folder.at(record_name(token)), dir_fd=folder.descriptor)


def _try_token_of_record(name: str) -> str | None:
    token = try_token_of(name.removesuffix(".json"))
    return token if token is not None and name == record_name(token) else None


def _uploads_in(folder: HeldFolder) -> list[tuple[str, float]]:
    """Return names and times of what uploads have in a folder."""
    try:
        with _scanning(folder) as entries:
            return [
                (entry.name, entry.stat(follow_symlinks=False).st_mtime)
                for entry in entries
                if entry.name.endswith((".json", ".part"))
                # Somebody may have a file of another kind that begins like one of ours.
                and try_token_of(entry.name.rpartition(".")[0]) is not None
                and entry.is_file(follow_symlinks=False)
            ]
    except FileNotFoundError:
        return []  # One was removed meanwhile; there will be another time.


@contextlib.contextmanager
def _scanning(folder: HeldFolder) -> Iterator[Iterator[os.DirEntry[str]]]:
    """Go through a folder. Raises OSError."""
    opened: int | None = None
    if folder.descriptor is not None:
        opened = os.open(os.curdir, os.O_RDONLY, dir_fd=folder.descriptor)
    try:
        with os.scandir(folder.path if opened is None else opened) as entries:
            yield entries
    finally:
        if opened is not None:
            os.close(opened)
