"""Which requests are likely to take long: what take-overs have taught, and for how long it counts.

A *route* is two keys: an exact one (handler class, method, path) and a wide one (handler class,
method, first segment of the path), for paths that never repeat.

    what is known of the route                                it starts
    nothing was ever slow                                     inline
    its exact key is quick                                    inline, whatever the wide key says
    its exact key is slow: K of its last N inline runs were   on a worker, but for a trial now
    taken over                                                and then
    nothing, and its wide key is slow                         on a worker, but for a trial
    nothing, and two take-overs came in a row                 on a worker, for a moment
    nothing                                                   inline

That a run was short proves that it is quick, on a worker as well. That one was long on a worker
proves nothing: while others run, every handler looks slow.
"""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Final, NamedTuple

from basehttpserver._engine.deadlines import Clock
from basehttpserver._engine.sentinel import LOOK_SECONDS

__all__ = ["Route", "RouteMemory"]

#: A route is slow when so many …
TAKE_OVERS: Final = 2

#: … of so many runs inline were taken over. One alone may have been the machine's fault.
HISTORY_RUNS: Final = 8

#: A slow route is quick again after so many short runs on workers in a row.
QUICK_RUNS: Final = 8

#: Between two trials of slow routes, all together: each may hold up the others for two looks.
TRIAL_SECONDS: Final = 1.0

#: How long unknown routes start on workers after two take-overs in a row.
WARY_SECONDS: Final = 0.5

#: So many keys are remembered, the latest used. Some hundred bytes each.
EXACT_KEYS: Final = 4096
WIDE_KEYS: Final = 512

_HISTORY_MASK: Final = (1 << HISTORY_RUNS) - 1


class Route(NamedTuple):
    """What a request is known by."""

    exact: Hashable
    wide: Hashable


class _Record:
    __slots__ = ("history", "is_proven", "is_slow", "quick_runs")

    def __init__(self) -> None:
        self.history = 0  # A bit for each of the last runs inline, 1 for a take-over.
        self.quick_runs = 0  # On workers, in a row.
        self.is_slow = False
        self.is_proven = False  # It was quick at least once.

    def note_taken_over(self) -> None:
        self.history = (self.history << 1 | 1) & _HISTORY_MASK
        self.quick_runs = 0
        self.is_slow = self.is_slow or self.history.bit_count() >= TAKE_OVERS

    def note_quick(self) -> None:
        """Note a short run inline; where it was a trial, it was a success."""
        self.history = 0 if self.is_slow else self.history << 1 & _HISTORY_MASK
        self.is_slow = False
        self.is_proven = True

    def note_worker(self, *, is_short: bool) -> None:
        self.quick_runs = self.quick_runs + 1 if is_short else 0
        self.is_proven = self.is_proven or is_short
        if self.quick_runs >= QUICK_RUNS:
            self.is_slow = False
            self.history = 0


class RouteMemory:
    """Remembers the routes of one server. Every method may be called from any thread."""

    def __init__(self, clock: Clock) -> None:
        """Know nothing."""
        self._clock = clock
        self._lock = threading.Lock()
        self._exact: OrderedDict[Hashable, _Record] = OrderedDict()
        self._wide: OrderedDict[Hashable, _Record] = OrderedDict()
        self._in_a_row = 0
        self._wary_until = 0.0
        self._next_trial = 0.0
        #: There was a take-over: `starts_inline` needs to be asked.
        self.has_seen_slow = False

    def starts_inline(self, route: Route) -> bool:
        """Tell whether a request starts on the leader; a trial counts as one that does."""
        with self._lock:
            record = self._exact.get(route.exact)
            if record is not None and (record.is_proven or record.is_slow):
                self._exact.move_to_end(route.exact)
                return not record.is_slow or self._may_try_locked()
            wide = self._wide.get(route.wide)
            if wide is not None and wide.is_slow:
                self._wide.move_to_end(route.wide)
                return self._may_try_locked()
            return self._clock() >= self._wary_until

    def _may_try_locked(self) -> bool:
        now = self._clock()
        if now < self._next_trial:
            return False
        self._next_trial = now + TRIAL_SECONDS
        return True

    def note_taken_over(self, route: Route) -> None:
        """Learn that a handler held up the leader."""
        with self._lock:
            self.has_seen_slow = True
            record = _record_in(self._exact, route.exact, EXACT_KEYS)
            record.note_taken_over()
            if not record.is_proven:
                _record_in(self._wide, route.wide, WIDE_KEYS).note_taken_over()
            self._in_a_row += 1
            if self._in_a_row >= 2:
                self._wary_until = self._clock() + WARY_SECONDS

    def note_quick(self, route: Route) -> None:
        """Learn that a handler did not hold up the leader."""
        with self._lock:
            self._in_a_row = 0
            record = _record_in(self._exact, route.exact, EXACT_KEYS)
            is_new = not record.is_proven
            record.note_quick()
            wide = self._wide.get(route.wide) if is_new else None
            if wide is not None:
                wide.note_quick()

    def note_worker(self, route: Route, seconds: float) -> None:
        """Learn how long a handler ran on a worker."""
        is_short = seconds < LOOK_SECONDS
        with self._lock:
            record = self._exact.get(route.exact)
            is_new = record is None or not record.is_proven
            if record is None and is_short:
                record = _record_in(self._exact, route.exact, EXACT_KEYS)
            if record is not None:
                record.note_worker(is_short=is_short)
            wide = self._wide.get(route.wide) if is_new else None
            if wide is not None:
                wide.note_worker(is_short=is_short)


def _record_in(records: OrderedDict[Hashable, _Record], key: Hashable, most: int) -> _Record:
    """Return the record of a key, made the latest; forget the one that was used least lately."""
    record = records.get(key)
    if record is None:
        record = records[key] = _Record()
        if len(records) > most:
            records.popitem(last=False)
    else:
        records.move_to_end(key)
    return record
