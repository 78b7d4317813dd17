"""Files that are compressed when they are asked for first, and remembered while there is room.

A file is known by its identity: device, inode, size and the times of its last changes, to what its
file system can tell. So nothing has to be thrown away when a file changes: nobody asks for its old
form any more, which makes room in its turn. Two changes within one tick of the file system's clock
have the same time, and a read may lie between them; therefore a file is remembered only when its
last change was some time ago.
"""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from basehttpserver._files.compression import compress

if TYPE_CHECKING:
    from collections.abc import Callable

    from basehttpserver._files.accept_encoding import Coding
    from basehttpserver._files.regular_file import RegularFile

__all__ = ["CompressedFiles"]

#: A site of 80 MiB of text, compressed to a fifth.
_MAX_BYTES = 16 * 1024 * 1024

#: What remembering costs beside the bytes themselves: a key of six and its place in a dictionary.
#: Without it, ten thousand files of nothing would be free.
_ENTRY_BYTES = 512

#: The coarsest clock of a file system in use: FAT counts in two seconds.
_CLOCK_TICK = 2_000_000_000  # nanoseconds

#: How many files are compressed at the same time, whatever the number of threads: each may take 16
#: MiB meanwhile.
_AT_ONCE = 4


class _Form(NamedTuple):
    """A file, as it was at some time, in a coding."""

    device: int
    inode: int
    size: int
    modified: int
    #: On Windows it was created then, and `modified` says alone when it was changed.
    changed: int
    coding: Coding


class CompressedFiles:
    """The compressed forms of files. Any number of threads may use it."""

    def __init__(self, max_bytes: int = _MAX_BYTES, now: Callable[[], int] = time.time_ns) -> None:
        """Remember `max_bytes` at most. `now` is a clock in nanoseconds since the epoch."""
        self._max_bytes = max_bytes
        self._now = now
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        #: The one used last is at the end. With `_remembered_bytes`, under `_lock`.
        self._remembered: OrderedDict[_Form, bytes] = OrderedDict()
        self._remembered_bytes = 0
        # Whoever asks for the same form gets the same lock, and finds it remembered when its turn
        # comes. Who asks for another may get it, too, and waits as for a place among so many.
        self._turns = [threading.Lock() for _ in range(_AT_ONCE)]

    def after_fork_in_child(self) -> None:
        """Begin anew: a lock may be held by a thread that the child does not have."""
        self._begin()

    def find(self, status: os.stat_result, coding: Coding) -> bytes | None:
        """Return the form of the file that has this status if it is remembered. Reads nothing."""
        return self._find(_form(status, coding))

    def compress(self, file: RegularFile, coding: Coding) -> bytes | None:
        """Return a file in `coding`, read to the size that it had when it was opened.

        None if it has become shorter since then.
        """
        form = _form(file.status, coding)
        found = self._find(form)
        if found is not None:
            return found
        with self._turns[hash(form) % _AT_ONCE]:
            found = self._find(form)
            return self._compress(file, form) if found is None else found

    def _find(self, form: _Form) -> bytes | None:
        with self._lock:
            compressed = self._remembered.get(form)
            if compressed is not None:
                self._remembered.move_to_end(form)
            return compressed

    def _compress(self, file: RegularFile, form: _Form) -> bytes | None:
        settled = max(form.modified, form.changed) <= self._now() - _CLOCK_TICK
        data = file.read_at(0, form.size)
        if len(data) < form.size:
            return None
        compressed = compress(data, form.coding)
        # What was changed while it was read may be of both; sent as it is, it would be no better.
        if settled and _form(os.fstat(file.descriptor), form.coding) == form:
            self._remember(form, compressed)
        return compressed

    def _remember(self, form: _Form, compressed: bytes) -> None:
        cost = len(compressed) + _ENTRY_BYTES
        if cost > self._max_bytes:
            return
        with self._lock:
            self._remembered[form] = compressed
            self._remembered_bytes += cost
            while self._remembered_bytes > self._max_bytes:
                _oldest, dropped = self._remembered.popitem(last=False)
                self._remembered_bytes -= len(dropped) + _ENTRY_BYTES


def _form(status: os.stat_result, coding: Coding) -> _Form:
    return _Form(
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
        coding,
    )
