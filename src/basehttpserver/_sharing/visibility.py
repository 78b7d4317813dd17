"""Names in a served folder that are not shown and not found: dotfiles, and what globs match."""

from __future__ import annotations

import contextlib
import errno
import fnmatch
import itertools
import os
import re
import unicodedata
from typing import TYPE_CHECKING, Final

from basehttpserver._files.paths import MAX_PATH_CHARACTERS, has_windows_meaning, is_short_name
from basehttpserver._files.served_folder import ServedFolder
from basehttpserver._sharing.names import is_upload

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from basehttpserver._files.listing import Entry
    from basehttpserver._files.regular_file import RegularFile
    from basehttpserver._files.served_folder import HeldFolder, Way

__all__ = ["Visibility", "VisibleFolder"]

_ON_WINDOWS: Final = os.name == "nt"

#: What has to be found below it, by RFC 8615, is meant to be seen.
_WELL_KNOWN: Final = ".well-known"


class Visibility:
    """Tells which names are hidden; those of uploads that are not whole always are.

    A glob without a slash is for each name by itself, wherever it is, one with a slash for the path
    from the served folder on. Neither case nor the way in which a letter is composed matters: there
    are file systems that find a file by either.
    """

    def __init__(self, globs: Sequence[str], *, shows_dotfiles: bool) -> None:
        """Hide what one of `globs` matches, and, unless `shows_dotfiles`, names with a dot first.

        But for ``.well-known`` (RFC 8615).
        """
        self._shows_dotfiles = shows_dotfiles
        self._of_names = _compile([glob for glob in globs if "/" not in glob])
        self._of_paths = _compile([glob.strip("/") for glob in globs if "/" in glob])

    def hides(self, names: Sequence[str]) -> bool:
        """Tell whether what these names lead to is hidden, or anything above it.

        So is what has a path that is too long: each folder on the way is looked at by its own.
        """
        return _is_too_long(names) or any(map(self._hides_name, names)) or self._hides_path(names)

    def hides_in_shown(self, names: Sequence[str]) -> bool:
        """Tell whether what these names lead to is hidden, where nothing above it is."""
        return (
            _is_too_long(names)
            or self._hides_name(names[-1])
            or (self._of_paths is not None and bool(self._of_paths.match(_fold("/".join(names)))))
        )

    def _hides_name(self, name: str) -> bool:
        if is_upload(name):
            return True
        if name.startswith(".") and not self._shows_dotfiles and name != _WELL_KNOWN:
            return True
        return self._of_names is not None and bool(self._of_names.match(_fold(name)))

    def _hides_path(self, names: Sequence[str]) -> bool:
        """Tell whether a path glob matches these names, or some of them from the first on.

        Each is folded once, and the path is put together once: a client may send thousands.
        """
        if self._of_paths is None:
            return False
        # No slash is composed with what is beside it.
        folded = [_fold(name) for name in names]
        path = "/".join(folded)
        ends = itertools.accumulate((len(name) + 1 for name in folded), initial=-1)
        return any(self._of_paths.match(path, 0, end) for end in itertools.islice(ends, 1, None))


class VisibleFolder(ServedFolder):
    """Another folder, but for what is hidden: that is as if it were not there."""

    def __init__(self, folder: ServedFolder, directory: str, visibility: Visibility) -> None:
        """Look into `folder`, which serves `directory`."""
        self._folder = folder
        self._directory = directory or os.curdir
        self._visibility = visibility
        self.rules = (folder.rules, visibility)

    def is_folder(self, path: str) -> bool:
        """Tell whether a local path is a folder's that is shown."""
        return self._shows(path) and self._folder.is_folder(path)

    def is_file(self, path: str) -> bool:
        """Tell whether a local path is a regular file's that is shown."""
        return self._shows(path) and self._folder.is_file(path)

    def has(self, path: str) -> bool:
        """Tell whether anything that is shown is at a local path."""
        return self._shows(path) and self._folder.has(path)

    def open_file(self, path: str) -> RegularFile:
        """Open a regular file that is shown. Raises OSError and ValueError."""
        self._require_shown(path)
        return self._folder.open_file(path)

    def way_to(self, path: str) -> Way | None:
        """Return how to look at a local path that is shown, or None."""
        return self._folder.way_to(path) if self._shows(path) else None

    def read_entries(self, path: str, *, with_status: bool = False) -> list[Entry]:
        """Return what a folder holds and shows, with sizes and dates if asked for.

        Raises OSError and ValueError.
        """
        self._require_shown(path)
        above = self._names(path)
        return [
            entry
            for entry in self._folder.read_entries(path, with_status=with_status)
            if not self._visibility.hides_in_shown([*above, entry.name])
        ]

    @contextlib.contextmanager
    def hold_folder(self, path: str) -> Iterator[HeldFolder]:
        """Hold a folder that is shown. Raises OSError and ValueError."""
        self._require_shown(path)
        with self._folder.hold_folder(path) as held:
            yield held

    def _names(self, path: str) -> list[str]:
        relative = os.path.relpath(path, self._directory)  # ValueError: on another drive
        return [] if relative == os.curdir else relative.split(os.sep)

    def _shows(self, path: str) -> bool:
        try:
            names = self._names(path)
        except ValueError:
            return False
        if _ON_WINDOWS and (has_windows_meaning("/".join(names)) or any(map(is_short_name, names))):
            # Such as "private.", which is "private" there, or "GIT~1", and no such name.
            return False
        return not self._visibility.hides(names)

    def _require_shown(self, path: str) -> None:
        if not self._shows(path):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)


def _is_too_long(names: Sequence[str]) -> bool:
    return sum(map(len, names)) + len(names) > MAX_PATH_CHARACTERS


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _compile(globs: Sequence[str]) -> re.Pattern[str] | None:
    """Return one pattern for all globs, which takes a folded name; ``None`` for none."""
    if not globs:
        return None
    return re.compile("|".join(fnmatch.translate(_fold(glob)) for glob in globs))
