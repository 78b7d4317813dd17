"""Who polls: one leader at a time, and how the lead changes hands.

The leader waits on the poller and runs quick handlers itself. While it is in a handler, a token
lies in the baton of its tenure: a deque with room for one. Whoever pops the token has the lead; a
deque's ``append`` and ``pop`` are atomic, on free-threaded builds too, and they are all that is
relied upon. A tenure that has lost its token once never gets another.

    who            does                        when                            then
    leader         enter: puts an entry in     before it runs a handler        it runs the handler
    leader         leave: pops it              when the exchange is over       it leads on
    leader         leave: finds none           the lead was taken meanwhile    it ends as a worker
    leader         step aside: pops it         before it waits for a client    it works on, a
                                               or the handler uses the socket  successor leads
    sentinel       take: pops what it saw for  a handler holds up the others   a successor leads,
                   a full look                                                 the route is noted
    sentinel       take: pops another entry    it was too late by a moment     a successor leads,
                                                                               nothing is noted
    who ends it    take: pops it               ``serve_forever`` must return   nobody leads

Whoever has taken the lead first takes the connection out of the poller: it is its handler's.
Without a pool of threads, as in an `HTTPServer`, the lead is never taken: the sentinel only sends
what the handler has left unsent.
"""

import functools
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Final, NamedTuple, Protocol

from basehttpserver._engine.sentinel import LOOK_SECONDS, Sentinel
from basehttpserver._engine.workers import WorkerPool, report_exception

__all__ = ["Entry", "Lead", "Tenure"]


class _Connection(Protocol):
    def begin_stay(self, stay: "Entry") -> None: ...
    def try_watch_output(self, seen_in: object) -> bool: ...
    def flush_late_output(self) -> bool: ...


class _Poller(Protocol):
    def run_once(self, seconds: float | None, tenure: "Tenure") -> None: ...
    def release(self, connection: Any) -> None: ...
    def wake(self) -> None: ...


class Entry(NamedTuple):
    """A leader's stay in a handler: the token. Each is another object, so that none is mistaken."""

    lead: "Lead"
    tenure: "Tenure"
    connection: _Connection

    def step_aside(self) -> None:
        """Give the lead up, in the handler that is about to wait for its client."""
        self.lead.step_aside(self)


#: The constructor of a named tuple is Python's own, and there is a stay for each request.
_new_entry: Final = functools.partial(tuple.__new__, Entry)


class Tenure:
    """The time for which one thread leads."""

    __slots__ = ("_baton", "enter", "is_over")

    def __init__(self) -> None:
        """Begin outside of handlers."""
        self._baton: deque[Entry] = deque()
        #: Go into a handler, where the lead may be taken; its connection knows already.
        self.enter: Callable[[Entry], None] = self._baton.append
        #: The lead was taken; known to its old leader only, by having found no token.
        self.is_over = False

    def leave(self) -> bool:
        """Come out of a handler; tell whether the lead is still there."""
        try:
            self._baton.pop()
        except IndexError:
            self.is_over = True
        return not self.is_over

    @property
    def entry(self) -> Entry | None:
        """The stay in a handler that lasts, as far as anybody else can tell."""
        try:
            return self._baton[0]
        except IndexError:
            return None

    def take(self) -> Entry | None:
        """Take the lead; ``None`` where it is not in a handler, or somebody was quicker."""
        try:
            return self._baton.pop()
        except IndexError:
            return None


class Lead:
    """The lead of one poller."""

    def __init__(
        self,
        poller: _Poller,
        pool: WorkerPool | None,
        sentinel: Sentinel,
        note_of: Callable[[Any], Callable[[], None]],
    ) -> None:
        """Let threads of `pool` lead, or without one whoever calls `hold`.

        `note_of` returns what notes that the request which a connection has now was slow. It is
        asked before the lead is taken: a moment later the connection may have another.
        """
        self._poller = poller
        self._pool = pool
        self._sentinel = sentinel
        self._note_of = note_of
        self._lock = threading.Lock()
        self._is_ending = False
        self._is_vacant = threading.Event()
        self._is_vacant.set()
        self._is_unled = False
        self._seen: Entry | None = None
        #: Entries whose lead was taken, until the sentinel looks after their output.
        self._taken: deque[Entry] = deque()
        #: The tenure that lasts; ``None`` while nobody leads.
        self.tenure: Tenure | None = None
        sentinel.guard(self)

    # The leader.

    def hold(self) -> Tenure:
        """Lead in this thread, where nobody takes the lead."""
        self.tenure = Tenure()
        return self.tenure

    def enter(self, connection: _Connection) -> Tenure:
        """Go into a handler; see to it that the sentinel looks. Returns what to `leave` by."""
        tenure = self.tenure or self.hold()
        entry = _new_entry((self, tenure, connection))
        connection.begin_stay(entry)
        tenure.enter(entry)
        if self._sentinel.is_asleep:
            self._wake_sentinel()
        return tenure

    def _wake_sentinel(self) -> None:
        """Have the sentinel see what was put into a deque just now.

        The deque's own lock orders this against its last look before it sleeps.
        """
        if self._sentinel.is_asleep:
            self._sentinel.call()

    def begin(self) -> None:
        """Let a thread of the pool lead, for a server that this thread serves."""
        if self._pool is not None:
            self._pool.serve(threading.current_thread())
        with self._lock:
            self._is_ending = False
            self._is_vacant.clear()
        self._appoint()

    def _appoint(self) -> None:
        """Let a successor lead, unless that is to end."""
        if self._pool is None or self._try_vacate():
            return
        tenure = self.tenure = Tenure()
        if not self._pool.try_lead(functools.partial(self._run, self._pool, tenure)):
            # The system has no more threads: `appoint_if_unled` is called until it has.
            with self._lock:
                self._is_unled = True
            self._try_vacate()
            self._sentinel.call()

    def appoint_if_unled(self) -> None:
        """Try again where the system had no thread for a leader.

        For the sentinel, and, since that is a thread, too, for that of ``serve_forever``.
        """
        if self._is_unled:
            with self._lock:
                is_unled, self._is_unled = self._is_unled, False
            if is_unled:
                self._appoint()

    def _vacate_locked(self) -> None:
        self.tenure = None
        self._is_unled = False
        self._is_vacant.set()

    def _run(self, pool: WorkerPool, tenure: Tenure) -> None:
        while not tenure.is_over:
            if self._try_vacate():
                return
            if pool.must_exit and not pool.running:
                with self._lock:
                    self._vacate_locked()
                return
            try:
                self._poller.run_once(pool.look_seconds, tenure)
            except BaseException:  # A hook's; it ends a thread of CPython's, here not even that.
                report_exception()
        pool.end_work()

    def _try_vacate(self) -> bool:
        with self._lock:
            if self._is_ending:
                self._vacate_locked()
            return self._is_ending

    def step_aside(self, entry: Entry) -> None:
        """Give the lead up, in the handler that is about to wait for its client."""
        if self._pool is None:
            self._poller.release(entry.connection)
            return
        self._take(entry.tenure)

    # Taking the lead.

    def look(self) -> bool:
        """Take the lead from a handler that was there at the last look, too.

        Returns whether somebody is in a handler. For the sentinel.
        """
        self.appoint_if_unled()
        tenure = self.tenure
        entry = None if tenure is None else tenure.entry
        if tenure is not None and entry is not None and entry is self._seen:
            # A successor that must be started first would hold up the others for longer.
            if self._pool is None or not self._pool.has_thread_ready():
                entry.connection.try_watch_output(entry)
            else:
                note = self._note_of(entry.connection)
                if self._take(tenure) is entry:
                    note()
        self._seen = entry
        self._watch_taken()
        return bool(entry or self._taken or self._is_unled)

    def _watch_taken(self) -> None:
        """Have the output looked after of handlers that nobody sees at the baton any more."""
        for _ in range(len(self._taken)):
            entry = self._taken.popleft()
            if not entry.connection.try_watch_output(entry):
                self._taken.append(entry)

    def _take(self, tenure: Tenure) -> Entry | None:
        """Take the lead and let a successor have it; return the entry that was taken."""
        if self._pool is None:
            return None
        self._pool.begin_work()  # First: the old leader ends it as soon as it has lost the lead.
        entry = tenure.take()
        if entry is None:
            self._pool.end_work()
            return None
        self._taken.append(entry)
        self._wake_sentinel()  # It may have fallen asleep between our pop and our append.
        self._poller.release(entry.connection)
        self._appoint()
        return entry

    def end(self) -> None:
        """Let nobody lead; return when that is so. Waits for no handler."""
        with self._lock:
            self._is_ending = True
            if self._is_unled:
                self._vacate_locked()
        self._poller.wake()
        while not self._is_vacant.wait(LOOK_SECONDS):
            tenure = self.tenure
            if tenure is not None:
                self._take(tenure)

    # For forks.

    def flush_late_output(self) -> bool:
        """Send what handlers have left unsent that are seen here, or were just now."""
        tenure = self.tenure
        entry = None if tenure is None else tenure.entry
        entries = [*self._taken] if entry is None else [entry, *self._taken]
        are_flushed = [each.connection.flush_late_output() for each in entries]
        return all(are_flushed)
