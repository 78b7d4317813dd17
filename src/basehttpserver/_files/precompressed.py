"""Files that somebody has compressed before: ``page.html.br`` beside ``page.html``."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from basehttpserver._files.accept_encoding import Coding
    from basehttpserver._files.regular_file import RegularFile
    from basehttpserver._files.served_folder import ServedFolder

__all__ = ["Precompressed", "try_open_precompressed"]

#: What the programs brotli, zstd and gzip add to a name by themselves.
_SUFFIXES: dict[Coding, str] = {"br": ".br", "zstd": ".zst", "gzip": ".gz"}

_SECOND = 1_000_000_000  # nanoseconds


class Precompressed(NamedTuple):
    """An open file that is the compressed form of another."""

    file: RegularFile
    coding: Coding


def try_open_precompressed(
    folder: ServedFolder, path: str, status: os.stat_result, codings: Iterable[Coding]
) -> Precompressed | None:
    """Open the compressed form of the file at a local path, in the first of `codings` that exists.

    `status` is the file's own. None where there is no such form, or only what `folder` does not
    reach; also for a path that is a compressed form by its name, and is asked for as such.

    A form that is older than its file was made of what that was before, and is not used. Nothing
    else shows that, and a client could not tell: it would get the old page until somebody
    compresses the new one. Whoever makes a form gives it the date of its file, as the programs do,
    or makes it later.
    """
    if path.endswith(tuple(_SUFFIXES.values())):
        return None
    for coding in codings:
        try:
            file = folder.open_file(path + _SUFFIXES[coding])
        except (OSError, ValueError):
            continue
        if _is_fresh(file.status.st_mtime_ns, status.st_mtime_ns):
            return Precompressed(file, coding)
        file.close()
    return None


def _is_fresh(made: int, changed: int) -> bool:
    # Some programs, and archives, give a form the date of its file without the fraction.
    return made >= changed or made == changed - changed % _SECOND
