"""A file while it arrives with one request: it is there as a whole in the end, or not at all."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Final, Self

from basehttpserver._files.regular_file import NO_LINK
from basehttpserver._sharing.names import content_name, make_token
from basehttpserver._sharing.placing import place

if TYPE_CHECKING:
    from collections.abc import Iterable

    from basehttpserver._files.served_folder import HeldFolder

__all__ = ["CREATES", "IncomingFile", "write_all"]

#: Flags of `os.open` for a file that nobody else has made. Windows would change line ends.
CREATES: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_LINK | getattr(os, "O_BINARY", 0)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data`; a disk that is nearly full takes a part of it, and then none."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


class IncomingFile:
    """A file in the folder that it is for, under a name that is never shown until `place`.

    Its mode is by the umask. A context manager: what was not placed is gone at the end. What a
    crash leaves is found by its name and its age (`resumable.Cleaning`).
    """

    def __init__(self, folder: HeldFolder) -> None:
        """Make it, empty. Raises OSError."""
        self._folder = folder
        self._name = content_name(make_token())
        self._descriptor: int | None = os.open(
            folder.at(self._name), CREATES, 0o666, dir_fd=folder.descriptor
        )

    def __enter__(self) -> Self:
        return self

    def write(self, blocks: Iterable[bytes]) -> None:
        """Append blocks as they come. Raises OSError, and what `blocks` raises."""
        for block in blocks:
            if self._descriptor is not None:
                write_all(self._descriptor, block)

    def place(self, name: str, *, overwrites: bool) -> None:
        """Give it its name. Raises as `placing.place`."""
        if self._descriptor is not None:
            os.fsync(self._descriptor)
            self._close()
        place(self._folder, self._name, name, overwrites=overwrites)

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def __exit__(self, *exception: object) -> None:
        self._close()
        with contextlib.suppress(OSError):  # It has another name.
            os.unlink(self._folder.at(self._name), dir_fd=self._folder.descriptor)
