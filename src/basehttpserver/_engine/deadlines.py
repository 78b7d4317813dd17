"""When to give up on a peer: a table of deadlines, and minimum rates."""

import itertools
import operator
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from http import HTTPStatus
from typing import Generic, TypeVar

from basehttpserver.exceptions import PeerError

__all__ = ["Clock", "DeadlineTable", "RateAllowance", "too_slow"]

Clock = Callable[[], float]
Key = TypeVar("Key", bound=Hashable)


class DeadlineTable(Generic[Key]):
    """At most one deadline for each key; setting, clearing and finding the next are cheap.

    Deadlines of one duration fall due in the order in which they were set, so each duration has a
    queue of its own, and there are but a handful of durations.
    """

    def __init__(self, clock: Clock) -> None:
        """Measure time by `clock`, in seconds that never go back."""
        self._clock = clock
        self._lock = threading.Lock()
        self._queues: dict[float, OrderedDict[Key, float]] = {}
        self._duration_of: dict[Key, float] = {}

    def set(self, key: Key, seconds: float) -> None:
        """Let `key` fall due in `seconds`, in place of any deadline that it has."""
        with self._lock:
            if self._duration_of.get(key) == seconds:
                queue = self._queues[seconds]
                queue[key] = self._clock() + seconds
                queue.move_to_end(key)
                return
            self._clear_locked(key)
            self._queues.setdefault(seconds, OrderedDict())[key] = self._clock() + seconds
            self._duration_of[key] = seconds

    def clear(self, key: Key) -> None:
        """Forget the deadline of `key`, if it has one."""
        with self._lock:
            self._clear_locked(key)

    def _clear_locked(self, key: Key) -> None:
        duration = self._duration_of.pop(key, None)
        if duration is not None:
            queue = self._queues[duration]
            del queue[key]
            if not queue:
                del self._queues[duration]

    def seconds_left(self) -> float | None:
        """Return the time until the next deadline, 0 if it is past, ``None`` without any."""
        with self._lock:
            first = min(
                (next(iter(queue.values())) for queue in self._queues.values()),
                default=None,
            )
        return None if first is None else max(0.0, first - self._clock())

    def pop_due(self, most: int, now: float) -> Iterator[Key]:
        """Take out and return, one by one, the keys that are due at `now`: `most` of them at most.

        Those come first that are due for longest. What the caller does not come to stays. A key
        that falls due again meanwhile waits for the next call.
        """
        past: list[tuple[float, Key]] = []
        with self._lock:
            for queue in self._queues.values():
                for key, when in itertools.islice(queue.items(), most):
                    if when > now:
                        break
                    past.append((when, key))
        past.sort(key=operator.itemgetter(0))
        due = [key for _, key in past[:most]]
        for key in due:
            with self._lock:
                duration = self._duration_of.get(key)
                is_due = duration is not None and self._queues[duration][key] <= now
                if is_due:
                    self._clear_locked(key)
            if is_due:
                yield key


class RateAllowance:
    """How long a peer may keep us waiting: a grace, used up by waiting, earned back by bytes.

    Never more than the grace, so that a peer that was quick for an hour cannot stall for another.
    Only time spent waiting for the peer counts, never the handler's own work.
    """

    def __init__(self, grace_seconds: float, bytes_per_second: float) -> None:
        """Allow `grace_seconds`; a rate of 0 is no minimum."""
        self._grace = self._credit = grace_seconds
        self._rate = bytes_per_second
        #: Some of it may have been used up: it needs to be told of bytes that moved.
        self.is_used = False

    def renew(self) -> None:
        """Allow the whole grace again."""
        self._credit = self._grace
        self.is_used = False

    def moved(self, count: int) -> None:
        """Count bytes that the peer sent or took."""
        if self._rate:
            self._credit = min(self._grace, self._credit + count / self._rate)

    def waited(self, seconds: float) -> None:
        """Count time that we waited for the peer."""
        self._credit -= seconds
        self.is_used = True

    def seconds_left(self) -> float | None:
        """Return how long the peer may keep us waiting now, ``None`` without a limit."""
        return max(0.0, self._credit) if self._rate else None


def too_slow(explanation: str) -> PeerError:
    """Make the refusal of a request that did not come in time (RFC 9110 15.5.9)."""
    return PeerError(HTTPStatus.REQUEST_TIMEOUT, "Request Timeout", explanation)
