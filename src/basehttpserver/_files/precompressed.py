"""Files that somebody has compressed before: ``page.html.br`` beside ``page.html``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable

    from basehttpserver._files.accept_encoding import Coding
    from basehttpserver._files.regular_file import RegularFile
    from basehttpserver._files.served_folder import ServedFolder

__all__ = ["Precompressed", "PrecompressedFiles"]

#: What the programs brotli, zstd and gzip add to a name by themselves.
_SUFFIXES: dict[Coding, str] = {"br": ".br", "zstd": ".zst", "gzip": ".gz"}

#: A form that was not there is not looked for again for so long. Most files have none, and three
#: looks cost 50 us in a confined folder (8 in another), as much as the rest of a small file's
#: answer. Who makes one meanwhile loses nothing: the file as it is stays a right answer.
_MISSED_SECONDS = 1.0

#: At most so many names are kept for that; a few hundred bytes each.
_MOST_MISSED = 4096

_SECOND = 1_000_000_000  # nanoseconds


class Precompressed(NamedTuple):
    """An open file that is the compressed form of another."""

    file: RegularFile
    coding: Coding


class PrecompressedFiles:
    """The compressed forms that are beside files. Any number of threads may use it."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """`now` is a clock in seconds, which never goes back."""
        self._now = now
        #: Path of a form: until when it is not looked for. No step needs two of its operations to
        #: be one, so that there is no lock.
        self._missed: dict[str, float] = {}

    def try_open(
        self, folder: ServedFolder, path: str, status: os.stat_result, codings: Iterable[Coding]
    ) -> Precompressed | None:
        """Open the compressed form of a file, in the first of `codings` in which there is one.

        `path` is the file's local path, `status` its own. None where there is no such form, or only
        what `folder` does not reach; also for a path that is a compressed form by its name, and is
        asked for as such.

        A form that is older than its file was made of what that was before, and is not used.
        Nothing else shows that, and a client could not tell: it would get the old page until
        somebody compresses the new one. Whoever makes a form gives it the date of its file, as the
        programs do, or makes it later.
        """
        if path.endswith(tuple(_SUFFIXES.values())):
            return None
        now = self._now()
        for coding in codings:
            form = path + _SUFFIXES[coding]
            if self._missed.get(form, now) > now:
                continue
            file = _try_open_fresh(folder, form, status.st_mtime_ns)
            if file is not None:
                return Precompressed(file, coding)
            if len(self._missed) >= _MOST_MISSED:
                self._missed.clear()
            self._missed[form] = now + _MISSED_SECONDS
        return None


def _try_open_fresh(folder: ServedFolder, form: str, changed: int) -> RegularFile | None:
    try:
        file = folder.open_file(form)
    except (OSError, ValueError):  # ValueError: NUL or a lone surrogate in the name
        return None
    made = file.status.st_mtime_ns
    # Some programs, and archives, give a form the date of its file without the fraction.
    if made >= changed or made == changed - changed % _SECOND:
        return file
    with file:
        return None
