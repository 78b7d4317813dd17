"""In which form a file is sent: as it is, or in a content coding (RFC 9110 8.4).

    form                     validators   ranges   read for HEAD
    as it is                 its own      yes      no
    a compressed sibling     its own      yes      no
    compressed as it is      weak         no       no: its length is told where it is remembered
      asked for

Which one is chosen by what is known before anything is read: the request, the media type, the size,
and the files that are there.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple

from basehttpserver._files.accept_encoding import rank_codings
from basehttpserver._files.compressed_files import CompressedFiles
from basehttpserver._files.compression import choose_coding
from basehttpserver._files.precompressed import PrecompressedFiles
from basehttpserver._files.validators import Validators, validators_of

if TYPE_CHECKING:
    from typing import Any

    from basehttpserver._files.accept_encoding import Coding
    from basehttpserver._files.regular_file import RegularFile
    from basehttpserver._files.served_folder import ServedFolder

__all__ = ["Codings", "Representation"]

#: Of all servers of the process: a file is the same for each.
_COMPRESSED: Final = CompressedFiles()
_PRECOMPRESSED: Final = PrecompressedFiles()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_COMPRESSED.after_fork_in_child)


class Representation(NamedTuple):
    """A form of a file."""

    file: RegularFile
    content_type: str
    coding: Coding | None = None
    #: It is in `coding` only when it has been compressed for this answer, or an earlier one.
    is_made: bool = False

    @property
    def validators(self) -> Validators:
        """Its entity tag and date. Of what we compress the tag is weak.

        Another version of the library makes other bytes of the same content.
        """
        file = self.file
        found = validators_of(file.status, file.seen, self.coding or "")
        if not self.is_made or not found.is_strong:
            return found
        return found._replace(tag=f"W/{found.tag}", is_strong=False)

    def find(self) -> bytes | None:
        """Return the bytes of what we have compressed before, where they are remembered."""
        assert self.coding is not None
        return _COMPRESSED.find(self.file.status, self.coding)

    def make(self) -> bytes | None:
        """Return the bytes of what is compressed; ``None`` for a file that is shorter by now."""
        assert self.coding is not None
        return _COMPRESSED.compress(self.file, self.coding)


class Codings(NamedTuple):
    """In which codings a file may be sent: to another client in another form (Vary)."""

    #: Those that somebody has put beside it.
    are_found: bool
    #: Those that we compress to, which is worth it.
    are_made: bool

    def choose(
        self, folder: ServedFolder, path: str, plain: Representation, headers: Any
    ) -> Representation:
        """Return what a client gets that sends `headers`; its file may be another than `plain`'s.

        What somebody has compressed comes first: it costs nothing, and has ranges.
        """
        accepted = rank_codings(headers.get_all("Accept-Encoding", []))
        if not accepted:
            return plain
        if self.are_found:
            found = _PRECOMPRESSED.try_open(folder, path, plain.file.status, accepted)
            if found is not None:
                return plain._replace(file=found.file, coding=found.coding)
        coding = choose_coding(accepted)
        if self.are_made and coding is not None and "Range" not in headers:
            return plain._replace(coding=coding, is_made=True)
        return plain
