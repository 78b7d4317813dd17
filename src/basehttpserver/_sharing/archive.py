"""A folder as one ZIP archive, sent while it is made.

Files are not compressed: what people share in folders mostly is already, and a network is quicker
than the compression of the rest. They are stored in the blocks that Deflate has for that, and not
by the method "stored", whose end a reader cannot tell that reads an archive as it comes (it has its
sizes behind each file, since a file may be another when it is read).

What is in it is what listings show: by the same symbolic links, without what is hidden. What cannot
be read is left out. A file that becomes shorter ends earlier in the archive, and what is appended
to it does not follow; one that the disk cannot read to its end cuts the archive, and with it the
connection, so that nobody takes it for whole. So does one for which there is no descriptor left.

The length is not known before. zipstream-ng computes one for archives without compression, by
looking at each file twice; but then a file that has changed in between costs the whole download.
"""

from __future__ import annotations

import os
import re
import struct
import sys
import threading
import time
import zipfile
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Final, NamedTuple

from basehttpserver._engine.listener import OUT_OF_RESOURCES
from basehttpserver._sharing.answers import RefusingHandler
from basehttpserver._sharing.disposition import attachment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import SupportsWrite

    from basehttpserver._files.regular_file import RegularFile
    from basehttpserver._files.served_folder import ServedFolder

__all__ = ["ArchivingHandler", "write_archive"]

_BLOCK_BYTES: Final = 131072

_DRIVE: Final = re.compile(r"\A([A-Za-z]):")

#: The directory at the end of an archive is kept until then, about half a KiB for each entry.
_MAX_ENTRIES: Final = 200_000

#: So many are made at a time, so that those who ask for something else get their turn: what makes
#: one computes without a pause as long as its client takes it.
_AT_A_TIME: Final = threading.BoundedSemaphore(2)

#: Of the fields of MS-DOS for a date.
_FIRST_YEAR, _LAST_YEAR = 1980, 2107

#: Mode and kind of a file for Unix, and the bit of MS-DOS for a folder.
_FOLDER_ATTRIBUTES: Final = 0o40755 << 16 | 0x10
_FILE_ATTRIBUTES: Final = 0o100644 << 16
_PROGRAM_ATTRIBUTES: Final = 0o100755 << 16


class ArchivingHandler(RefusingHandler):
    """Sends folders as archives."""

    def send_archive(self, path: str) -> None:
        """Answer GET or HEAD with an archive of the folder at the local `path`, or with 404."""
        folder = self._served_folder
        if not folder.is_folder(path):
            self.send_error(HTTPStatus.NOT_FOUND, "File not found")
            return
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "application/zip")
        self.send_header("Content-Disposition", attachment(self._name_of_folder(path) + ".zip"))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command == "HEAD":
            return
        left_out = write_archive(self.wfile, folder, path)
        if left_out:
            self.log_error("%d files or folders could not be read: not in the archive", left_out)

    def _name_of_folder(self, path: str) -> str:
        """Return the last name of its URL. What the served folder is called concerns nobody."""
        relative = os.path.relpath(path, self.directory or os.curdir)
        return "files" if relative == os.curdir else os.path.basename(relative)


def write_archive(stream: SupportsWrite[bytes], folder: ServedFolder, path: str) -> int:
    """Write an archive of the folder at `path`; return how much could not be read.

    Raises what `stream` raises, and OSError for a file that cannot be read to its end; then the
    archive has no end.
    """
    with _AT_A_TIME:
        return _write_archive(_Output(stream), folder, path)


def _write_archive(output: _Output, folder: ServedFolder, path: str) -> int:
    archive = zipfile.ZipFile(output, "w", allowZip64=True)
    left_out = 0
    try:
        for count, found in enumerate(_walk(folder, path)):
            if count >= _MAX_ENTRIES:
                raise OSError(f"more than {_MAX_ENTRIES} files: too many for an archive")
            if found is None:
                left_out += 1
            elif found.is_folder:
                _make_folder(archive, found)
            else:
                left_out += not _try_write_file(archive, output, folder, found)
    except BaseException:
        output.cut()
        raise
    finally:
        archive.close()
    return left_out


class _Output:
    """What a `ZipFile` writes to: neither can it be sought, nor has it a position.

    Once it is cut, the end that `ZipFile` writes in any case goes nowhere: with that an archive
    would look whole.
    """

    def __init__(self, stream: SupportsWrite[bytes]) -> None:
        self._stream: SupportsWrite[bytes] | None = stream

    def write(self, data: bytes) -> int:
        if self._stream is not None:
            _AT_A_TIME.release()  # A client that does not read must not keep the others waiting.
            try:
                self._stream.write(data)
            finally:
                _AT_A_TIME.acquire()
        return len(data)

    def flush(self) -> None:
        """Do nothing: the stream knows by itself when to send."""

    def close(self) -> None:
        """Do nothing: it is not ours."""

    def cut(self) -> None:
        self._stream = None


class _Found(NamedTuple):
    #: From the folder of the archive on.
    name: str
    path: str
    is_folder: bool


def _walk(folder: ServedFolder, path: str, name: str = "") -> Iterator[_Found | None]:
    """Yield what is below a folder, each folder before what is in it; None for one without access.

    A folder that a link leads to comes once, or links could lead to each other without end.
    """
    seen: set[tuple[int, int]] = set()
    #: The next is the last.
    to_do = [_Found(name, path, is_folder=True)]
    while to_do:
        found = to_do.pop()
        if found.name:
            yield found
        if not found.is_folder:
            continue
        try:
            status = os.stat(found.path)
            entries = folder.read_entries(found.path)
        except (OSError, ValueError) as error:
            _require_resources(error)
            yield None
            continue
        seen.add((status.st_dev, status.st_ino))
        for entry in reversed(entries):
            inner = os.path.join(found.path, entry.name)
            if entry.is_link and entry.is_directory and _is_known(inner, seen):
                continue
            name = f"{found.name}/{entry.name}" if found.name else entry.name
            to_do.append(_Found(name, inner, entry.is_directory))


def _is_known(path: str, seen: set[tuple[int, int]]) -> bool:
    """Tell whether the folder that a link leads to was seen; from now on it is."""
    try:
        status = os.stat(path)
    except OSError:
        return True
    key = status.st_dev, status.st_ino
    is_known = key in seen
    seen.add(key)
    return is_known


def _try_write_file(
    archive: zipfile.ZipFile, output: _Output, folder: ServedFolder, found: _Found
) -> bool:
    try:
        file = folder.open_file(found.path)
    except (OSError, ValueError) as error:  # gone, no regular file, not for us
        _require_resources(error)
        return False
    name = _plain(found.name)
    while name in archive.NameToInfo:
        name += "_"
    with file, archive.open(_file_information(name, file), "w") as entry:
        try:
            _copy(file, entry)
        except BaseException:
            # Before what ends the entry is written.
            output.cut()
            raise
    return True


def _require_resources(error: OSError | ValueError) -> None:
    """Raise an error that says nothing of what it is about: no descriptor is left, or no memory.

    An archive without that would look whole, and everything might be missing.
    """
    if isinstance(error, OSError) and error.errno in OUT_OF_RESOURCES:
        raise error


def _copy(file: RegularFile, entry: IO[bytes]) -> None:
    """Copy a file as far as it went when it was opened, or shorter."""
    offset, size = 0, file.status.st_size
    while offset < size:
        block = file.read_at(offset, min(_BLOCK_BYTES, size - offset))
        if not block:
            return
        entry.write(block)
        offset += len(block)


def _make_folder(archive: zipfile.ZipFile, found: _Found) -> None:
    name = _plain(found.name) + "/"
    if name in archive.NameToInfo:
        return
    try:
        modified = os.stat(found.path).st_mtime
    except OSError:
        modified = 0.0
    information = _information(name, modified)
    information.external_attr = _FOLDER_ATTRIBUTES
    information.CRC = 0
    archive.mkdir(information)


def _plain(name: str) -> str:
    """Return a name that is text, and leads out of no folder where Windows unpacks it."""
    name = name.encode("utf-8", "replace").decode().replace("\\", "_")
    # A folder named "C:" is nothing special elsewhere, and whoever may put things here can make it.
    return _DRIVE.sub(r"\1_", name)


def _file_information(name: str, file: RegularFile) -> zipfile.ZipInfo:
    information = _information(name, file.status.st_mtime)
    information.external_attr = (
        _PROGRAM_ATTRIBUTES if file.status.st_mode & 0o100 else _FILE_ATTRIBUTES
    )
    # By this it is decided whether the sizes behind it have 8 bytes.
    information.file_size = file.status.st_size
    information.compress_type = zipfile.ZIP_DEFLATED
    if sys.version_info >= (3, 13):
        information.compress_level = 0
    else:
        information._compresslevel = 0  # type: ignore[attr-defined] # It had no public name.
    return information


def _information(name: str, modified: float) -> zipfile.ZipInfo:
    try:
        moment = time.localtime(modified)[:6]
    except (OverflowError, ValueError, OSError):
        moment = (0,) * 6
    if moment[0] < _FIRST_YEAR:
        moment = (_FIRST_YEAR, 1, 1, 0, 0, 0)
    elif moment[0] > _LAST_YEAR:
        moment = (_LAST_YEAR, 12, 31, 23, 59, 58)
    information = zipfile.ZipInfo(name, moment)
    information.create_system = 3  # Unix, also for attributes
    second = int(modified)
    if -(1 << 31) <= second < 1 << 31:
        # The field "UT" of Info-ZIP: seconds in UTC, where MS-DOS has two of them in local time.
        information.extra = struct.pack("<HHBl", 0x5455, 5, 1, second)
    return information
