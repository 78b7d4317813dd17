"""Files that are asked for again and again, kept open with what is known of them.

    OpenFiles.find       a file that is open already, if its path leads to it still
    OpenFiles.open       opens a file, and keeps it for who asks next
    OpenFiles.drop_idle  what nobody has asked for since
    OpenFiles.close      all

A file that is open costs its next answer one look at the path; opening costs a look, an open, a
look at what was opened and a close, and for a `ConfinedFolder` so much for each folder on the way.

Why nothing stale is served
---------------------------
No content is kept: it is read from the descriptor when it is sent. And nothing is believed because
it is young: each `find` looks where the path leads now, by the rules of the folder, as opening it
would. What it finds must be the file that is open, unchanged:

* The same device and inode number are the same file, and not a later one that was given the number:
  a number is free only when the file is gone, and a file that is open is not.
* The same size, time of modification and time of change are the same content and permissions, as
  far as the clock of the file system goes: a change within one tick of it (some milliseconds) shows
  in the content, which is read anew, and not in a validator made of these. It would not if the file
  were opened each time, either.
* Below a `ConfinedFolder` each folder on the way must be one, and no link. That it is the same
  folder as before need not be known: a path that goes through folders alone and ends at this file
  leads to this file.

The names on the way are looked at one after the other, and may be changed in between. Then the
answer may be one that was right before the change; what is served is, at worst, a file that was
inside when it was opened, and is what it was then. A file that is reached by a link which leads
inside is opened each time.

On network file systems the client's cache of attributes decides how late a change is seen, by
`os.stat` here as by any other program; opening would ask the server.

Why no descriptor is closed under anybody
-----------------------------------------
A `RegularFile` is closed when its last user leaves it, and this cache is but one of them. What is
dropped here goes on where it is being sent. The child of a fork has descriptors of its own to the
same files, and begins with an empty cache; reading by position (`os.pread`, `os.sendfile` with an
offset) disturbs nobody.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Hashable
from operator import attrgetter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from basehttpserver._files.regular_file import RegularFile
    from basehttpserver._files.served_folder import ServedFolder, Way

__all__ = ["CAN_KEEP_OPEN", "IDLE_SECONDS", "MAX_FILES", "OpenFiles"]

#: Windows lets nobody delete or rename a file that is open.
CAN_KEEP_OPEN: Final = os.name != "nt"

#: A site's scripts, styles and images; nginx's documentation has 1000 in its example.
MAX_FILES: Final = 256

#: What the cache may have of the descriptors of the process, most of which are for connections.
_SHARE_OF_DESCRIPTORS: Final = 1 / 8

#: How long nobody has to ask for a file until it is closed. A file that is deleted needs its space
#: for so long, and its file system cannot be unmounted.
IDLE_SECONDS: Final = 2.0

_identity = attrgetter("st_ino", "st_dev", "st_size", "st_mtime_ns", "st_ctime_ns")


class _Entry:
    __slots__ = ("_identity", "_way", "file", "used_at")

    def __init__(self, file: RegularFile, way: Way) -> None:
        self.file = file
        self._way = way
        self._identity = _identity(file.status)
        self.used_at = 0.0

    def leads_to_file(self) -> bool:
        """Look whether the path leads to the file still, and whether that is unchanged."""
        looked_at = time.time()
        try:
            is_same = bool(_identity(self._way.look()) == self._identity)
        except OSError:
            return False
        if is_same:
            self.file.seen = looked_at
        return is_same


#: By what rules, and which path.
_Key = tuple[Hashable, str]


class OpenFiles:
    """The files that a server has open for whoever asks next, each by its local path.

    Its methods may be called by any thread.
    """

    def __init__(self, max_files: int = MAX_FILES) -> None:
        """Keep `max_files` at most, and fewer where the process may have few descriptors."""
        self._max_files = min(max_files, _affordable_files())
        self._now = 0.0
        self._lock = threading.Lock()
        #: The ones used last are at the end.
        self._entries: OrderedDict[_Key, _Entry] = OrderedDict()
        _CACHES.add(self)

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, folder: ServedFolder, path: str) -> RegularFile | None:
        """Return the file at a local path in `folder`, if it is open; else `open` it.

        It is what opening it now would find, see the module. The caller leaves it.
        """
        key = (folder.rules, path)
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            entry.used_at = self._now
            self._entries.move_to_end(key)
        if entry.leads_to_file():
            return entry.file if entry.file.try_enter() else None
        with self._lock:
            is_kept = self._entries.get(key) is entry
            if is_kept:
                del self._entries[key]
        if is_kept:
            entry.file.leave()
        return None

    def open(self, folder: ServedFolder, path: str) -> RegularFile:
        """Open the regular file at a local path in `folder`. The caller leaves it.

        Raises OSError and ValueError.
        """
        file = folder.open_file(path).__enter__()
        way = folder.way_to(path)
        if way is not None:
            entry = _Entry(file, way)
            # Else a link leads there, or it has changed already.
            if entry.leads_to_file():
                self._keep((folder.rules, path), entry)
        return file

    def drop_idle(self, now: float) -> None:
        """Drop what nobody has asked for in `IDLE_SECONDS`, by the times of these calls.

        `now` is in seconds, of any clock that is not set back. Costs little where nothing is idle.
        """
        dropped: list[_Entry] = []
        with self._lock:
            self._now = now
            while self._entries:
                oldest = next(iter(self._entries.values()))
                if now - oldest.used_at < IDLE_SECONDS:
                    break
                dropped.append(self._entries.popitem(last=False)[1])
        _leave(dropped)

    def close(self) -> None:
        """Drop everything, and keep nothing from now on."""
        with self._lock:
            self._max_files = 0
            dropped, self._entries = self._entries, OrderedDict()
        _leave(dropped.values())

    def _keep(self, key: _Key, entry: _Entry) -> None:
        entry.file.__enter__()
        dropped = []
        with self._lock:
            entry.used_at = self._now
            if key in self._entries:
                dropped.append(self._entries.pop(key))
            self._entries[key] = entry
            if len(self._entries) > self._max_files:
                dropped.append(self._entries.popitem(last=False)[1])
        _leave(dropped)

    def after_fork_in_child(self) -> None:
        """Begin anew: the lock may be held by a thread that the child does not have."""
        self._lock = threading.Lock()
        dropped, self._entries = self._entries, OrderedDict()
        for entry in dropped.values():
            entry.file.after_fork_in_child()
        _leave(dropped.values())


def _leave(entries: Iterable[_Entry]) -> None:
    """Leave what was dropped, where nobody waits for the lock: it may be closed by that."""
    for entry in entries:
        entry.file.leave()


def _affordable_files() -> int:
    try:
        import resource
    except ImportError:
        return MAX_FILES
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_FILES if most == resource.RLIM_INFINITY else int(most * _SHARE_OF_DESCRIPTORS)


_CACHES: weakref.WeakSet[OpenFiles] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for cache in list(_CACHES):
        cache.after_fork_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
