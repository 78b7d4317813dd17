"""Gives a file that is whole its name, in one step: nobody ever sees half of it under that name.

Before that, the file is on the disk, and so is the name before a client is told that it is there:
then it deletes what it has, a camera its picture. Waiting for the disk costs a large upload little,
since the system has written most of it by then.
"""

from __future__ import annotations

import contextlib
import errno
import os
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from basehttpserver._sharing.refusal import RefusedError

if TYPE_CHECKING:
    from basehttpserver._files.served_folder import HeldFolder

__all__ = ["place"]

#: What a file system without hard links says (FAT, some network mounts), and a system that knows
#: none.
_HAS_NO_LINKS: Final = (
    errno.EPERM,
    errno.ENOSYS,
    errno.EMLINK,
    getattr(errno, "ENOTSUP", errno.ENOSYS),
    getattr(errno, "EOPNOTSUPP", errno.ENOSYS),
)


def place(folder: HeldFolder, temporary: str, name: str, *, overwrites: bool) -> None:
    """Let the file `temporary` have the name `name`, both in `folder`.

    Raises a 409 `RefusedError` where something has it, unless `overwrites` and it is no folder;
    OSError for all else.
    """
    if overwrites:
        _replace(folder, temporary, name)
    else:
        try:
            _link(folder, temporary, name)
        except FileExistsError as error:
            raise RefusedError(HTTPStatus.CONFLICT, "The name is taken") from error
    _sync(folder)


def _link(folder: HeldFolder, temporary: str, name: str) -> None:
    """Give the file a second name, which never takes one from another, and remove the first."""
    try:
        os.link(
            folder.at(temporary),
            folder.at(name),
            src_dir_fd=folder.descriptor,
            dst_dir_fd=folder.descriptor,
        )
    except OSError as error:
        if error.errno not in _HAS_NO_LINKS:
            raise
        _reserve_and_replace(folder, temporary, name)
        return
    os.unlink(folder.at(temporary), dir_fd=folder.descriptor)


def _reserve_and_replace(folder: HeldFolder, temporary: str, name: str) -> None:
    """Take the name by an empty file, which no other can take then, and replace that."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    os.close(os.open(folder.at(name), flags, 0o666, dir_fd=folder.descriptor))
    try:
        _replace(folder, temporary, name)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(folder.at(name), dir_fd=folder.descriptor)
        raise


def _replace(folder: HeldFolder, temporary: str, name: str) -> None:
    try:
        os.replace(
            folder.at(temporary),
            folder.at(name),
            src_dir_fd=folder.descriptor,
            dst_dir_fd=folder.descriptor,
        )
    except IsADirectoryError as error:
        raise RefusedError(HTTPStatus.CONFLICT, "The name is a folder's") from error


def _sync(folder: HeldFolder) -> None:
    """Wait until the names in a folder are on the disk, where the system can say so."""
    if folder.descriptor is None:
        return
    with contextlib.suppress(OSError):  # a folder that may not be read, a system that has no such
        descriptor = os.open(os.curdir, os.O_RDONLY, dir_fd=folder.descriptor)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
