"""A folder that is served: what its paths lead to, by the symbolic links that may be followed.

ServedFolder       follows all links, as http.server does
ConfinedFolder     follows none, or those that lead to something inside the folder
served_folder      the one for a word: ``"all"``, ``"inside"``, ``"none"``

A link that is not followed is not there: what it leads to is not found, and it is not listed.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import itertools
import os
import stat
from typing import TYPE_CHECKING, Literal, NamedTuple

from basehttpserver._files.listing import Entry, read_entries
from basehttpserver._files.regular_file import NO_LINK, Place, RegularFile

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

__all__ = [
    "ConfinedFolder",
    "HeldFolder",
    "ServedFolder",
    "Symlinks",
    "Way",
    "served_folder",
]

Symlinks = Literal["all", "inside", "none"]

#: Whether a path can be walked folder by folder, so that nobody can change it behind us. Windows
#: cannot: there the path is resolved and then used, and a link that comes in between is followed.
_CAN_WALK = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")

_FOLDER = getattr(os, "O_DIRECTORY", 0)

#: Opens a folder only to go through it, which needs no permission to read it where there is O_PATH.
_THROUGH = _FOLDER | getattr(os, "O_PATH", os.O_RDONLY)

#: What opening a link with O_NOFOLLOW says: by POSIX, with O_DIRECTORY on Linux, on FreeBSD.
_IS_LINK = (errno.ELOOP, errno.ENOTDIR, errno.EMLINK)


class HeldFolder(NamedTuple):
    """A folder in which things are made and removed: the same one, whatever becomes of its path."""

    path: str
    #: None where the system knows folders by their path alone.
    descriptor: int | None

    def at(self, name: str) -> str:
        """Return what functions of `os` take for a name in it, beside ``dir_fd=descriptor``."""
        return os.path.join(self.path, name) if self.descriptor is None else name


class Way:
    """A local path, and the folders on its way that must not be links."""

    __slots__ = ("_folders", "_path", "_status_of")

    def __init__(self, path: str, folders: tuple[str, ...] | None) -> None:
        """Go to `path` through `folders`; None: whatever is a link on the way is followed."""
        self._path = path
        self._folders = folders or ()
        self._status_of = os.stat if folders is None else os.lstat

    def look(self) -> os.stat_result:
        """Return the status of what is there now. Raises OSError, also for a link on the way.

        Unlike walking there, it opens nothing. But the names are looked at one after the other, so
        that it tells what is there, and must not be used to open it.
        """
        for folder in self._folders:
            if not stat.S_ISDIR(os.lstat(folder).st_mode):
                raise OSError(errno.ELOOP, "A link that is not followed", folder)
        return self._status_of(self._path)


class ServedFolder:
    """Follows all links."""

    #: What a path leads to is the same in two folders with the same rules.
    rules: Hashable = None

    def is_folder(self, path: str) -> bool:
        """Tell whether a local path is a folder's."""
        return os.path.isdir(path)

    def is_file(self, path: str) -> bool:
        """Tell whether a local path is a regular file's."""
        return os.path.isfile(path)

    def has(self, path: str) -> bool:
        """Tell whether anything is at a local path."""
        return os.path.exists(path)

    def open_file(self, path: str) -> RegularFile:
        """Open a regular file. Raises OSError and ValueError."""
        return RegularFile(path)

    def way_to(self, path: str) -> Way | None:
        """Return how to look at a local path, or None where no look tells what opening it finds."""
        return Way(path, None)

    def read_entries(self, path: str, *, with_status: bool = False) -> list[Entry]:
        """Return what a folder holds, with sizes and dates if asked for.

        Raises OSError and ValueError.
        """
        return read_entries(path, with_status=with_status)

    @contextlib.contextmanager
    def hold_folder(self, path: str) -> Iterator[HeldFolder]:
        """Hold a folder, to change what is in it. Raises OSError and ValueError."""
        if not _CAN_WALK:
            if not os.path.isdir(path):
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
            yield HeldFolder(path, None)
            return
        descriptor = os.open(path, _THROUGH)
        try:
            yield HeldFolder(path, descriptor)
        finally:
            os.close(descriptor)


class ConfinedFolder(ServedFolder):
    """Stays below one folder, whatever is at the path meanwhile.

    A path is walked from the top, name by name, through folders that are held open; no name may be
    a link. Where one is that may be followed, it is the resolved path that is walked so: a link
    that takes a name of it since then is not followed, but refused.

    The folder itself may be a link. Hard links and mounted file systems are not looked at.
    """

    def __init__(self, directory: str, *, follows_inside: bool) -> None:
        """Stay below `directory`; follow what leads inside, or no link at all."""
        self._directory = directory or os.curdir
        self._follows_inside = follows_inside
        self._top = directory
        # Which links are followed is no part of it: where there is one, there is no way.
        self.rules = directory

    def is_folder(self, path: str) -> bool:
        """Tell whether a local path is a folder's, without a link that leads out."""
        return self._has(path, stat.S_ISDIR)

    def is_file(self, path: str) -> bool:
        """Tell whether a local path is a regular file's, without a link that leads out."""
        return self._has(path, stat.S_ISREG)

    def has(self, path: str) -> bool:
        """Tell whether anything is at a local path, without a link that leads out."""
        return self._has(path, lambda mode: True)

    def open_file(self, path: str) -> RegularFile:
        """Open a regular file that is inside. Raises OSError and ValueError."""
        with self._find(path) as place:
            return RegularFile(path, place)

    def way_to(self, path: str) -> Way | None:
        """Return how to look at a local path through folders alone, none of them a link."""
        top = os.path.join(self._top, "")
        names = path[len(top) :].split(os.sep)
        if not path.startswith(top) or not {"", os.curdir, os.pardir}.isdisjoint(names):
            return None
        folders = itertools.accumulate(names[:-1], os.path.join, initial=top)
        return Way(path, tuple(folders)[1:])

    def read_entries(self, path: str, *, with_status: bool = False) -> list[Entry]:
        """Return what a folder holds that is inside, but for links that are not followed.

        Raises OSError and ValueError.
        """

        def leads_inside(name: str) -> bool:
            return self.has(os.path.join(path, name))

        with self._find(path) as place:
            if place.folder is None:
                return read_entries(place.name, leads_inside, with_status=with_status)
            folder = place.open(os.O_RDONLY | _FOLDER)
        try:
            return read_entries(folder, leads_inside, with_status=with_status)
        finally:
            os.close(folder)

    @contextlib.contextmanager
    def hold_folder(self, path: str) -> Iterator[HeldFolder]:
        """Hold a folder that is inside. Raises OSError and ValueError."""
        with self._find(path) as place:
            if place.folder is None:
                if not stat.S_ISDIR(place.status.st_mode):
                    raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
                yield HeldFolder(place.name, None)
                return
            descriptor = place.open(_THROUGH)
        try:
            yield HeldFolder(path, descriptor)
        finally:
            os.close(descriptor)

    def _has(self, path: str, is_of_kind: Callable[[int], bool]) -> bool:
        try:
            with self._find(path) as place:
                return is_of_kind(place.status.st_mode)
        except (OSError, ValueError):
            return False

    @contextlib.contextmanager
    def _find(self, path: str) -> Iterator[Place]:
        """Find what is at a local path, and hold the folder that it is in.

        Raises OSError, and ValueError for a name that no file can have.
        """
        try:
            place = _walk(self._directory, _names_below(path, self._directory))
        except OSError as error:
            if error.errno not in _IS_LINK or not self._follows_inside:
                raise
            # The folder itself, too, may be a link, or have one above it.
            real = os.path.realpath(self._directory)
            place = _walk(real, _names_below(os.path.realpath(path), real))
        try:
            yield place
        finally:
            if place.folder is not None:
                os.close(place.folder)


def _names_below(path: str, directory: str) -> list[str]:
    """Return the names that lead from `directory` to `path`. Raises FileNotFoundError."""
    relative = os.path.relpath(path, directory)  # ValueError: on another drive
    names = [] if relative == os.curdir else relative.split(os.sep)
    if os.pardir in names:
        raise FileNotFoundError(errno.ENOENT, "Not in the folder that is served", path)
    return names


def _walk(directory: str, names: list[str]) -> Place:
    """Go from `directory` by `names`, none of which may be a link. Raises OSError."""
    if not _CAN_WALK:
        return _look(directory, names)
    folder = os.open(directory, _THROUGH)
    try:
        for name in names[:-1]:
            above, folder = folder, os.open(name, _THROUGH | NO_LINK, dir_fd=folder)
            os.close(above)
        return _place(names[-1] if names else os.curdir, folder)
    except BaseException:
        os.close(folder)
        raise


def _look(directory: str, names: list[str]) -> Place:
    """Do as `_walk` by a path, which may be given to something else before it is opened."""
    path = os.path.join(os.path.realpath(directory), *names)
    # Junctions are no links by their status; a real path goes through none.
    if os.path.normcase(os.path.realpath(path)) != os.path.normcase(path):
        raise OSError(errno.ELOOP, "A link that is not followed", path)
    return _place(path, None)


def _place(name: str, folder: int | None) -> Place:
    status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if stat.S_ISLNK(status.st_mode):
        raise OSError(errno.ELOOP, "A link that is not followed", name)
    return Place(name, folder, status)


_ALL = ServedFolder()


@functools.lru_cache(64)
def served_folder(directory: str, symlinks: str) -> ServedFolder:
    """Return `directory` with as many links as `symlinks` says. Raises ValueError for other words.

    Following all, it also serves what `translate_path` finds elsewhere.
    """
    if symlinks == "all":
        return _ALL
    if symlinks not in ("inside", "none"):
        raise ValueError(f"symlinks is 'all', 'inside' or 'none', and not {symlinks!r}")
    return ConfinedFolder(directory, follows_inside=symlinks == "inside")
