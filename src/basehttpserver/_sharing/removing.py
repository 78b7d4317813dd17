"""Removes files, links, and folders."""

from __future__ import annotations

import os
import shutil
import stat
from http import HTTPStatus
from typing import TYPE_CHECKING

from basehttpserver._sharing.refusal import RefusedError

if TYPE_CHECKING:
    from basehttpserver._files.served_folder import HeldFolder

__all__ = ["remove"]


def remove(folder: HeldFolder, name: str, *, with_content: bool) -> None:
    """Remove what has `name`: a file, a link (and not what it leads to), or an empty folder.

    `with_content`: a folder with all that is in it, too, hidden files included; no link is followed
    on the way. Raises a 409 `RefusedError` for a folder that is not empty otherwise, and OSError.
    """
    path, descriptor = folder.at(name), folder.descriptor
    status = os.stat(path, dir_fd=descriptor, follow_symlinks=False)
    if not stat.S_ISDIR(status.st_mode):
        os.unlink(path, dir_fd=descriptor)
    elif not with_content:
        os.rmdir(path, dir_fd=descriptor)
    elif descriptor is None or shutil.rmtree.avoids_symlink_attacks:
        shutil.rmtree(path, dir_fd=descriptor)
    else:
        raise RefusedError(HTTPStatus.CONFLICT, "The folder is not empty")
