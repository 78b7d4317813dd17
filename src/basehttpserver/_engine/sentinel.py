"""The sentinel: looks every few milliseconds whether a handler takes its time.

``http.server`` sends every write at once, and programs rely on it: progress pages, server-sent
events, long polls. Sending at once costs a system call and a packet for each write. So writes are
collected, and the sentinel sends what has waited for too long.

It also looks at the leads of its server, see `leadership`.
"""

import os
import threading
import weakref
from typing import Final, Protocol

from basehttpserver._engine.deadlines import Clock
from basehttpserver._engine.workers import report_exception

__all__ = ["LOOK_SECONDS", "Sentinel"]

#: How long output may wait, and how long a handler may hold up the others, twice at the most. Below
#: what a person or a load balancer notices, far above what a quick handler takes.
LOOK_SECONDS: Final = 0.005

#: So many looks without work before the thread sleeps until it is called …
IDLE_LOOKS: Final = 20

#: … and so long a sleep before it ends. A server that is dropped without being closed must not
#: leave a thread behind.
LINGER_SECONDS: Final = 5.0


class _Late(Protocol):
    def flush_late_output(self) -> bool: ...


class _Lead(Protocol):
    def look(self) -> bool: ...
    def flush_late_output(self) -> bool: ...


_SENTINELS: "weakref.WeakSet[Sentinel]" = weakref.WeakSet()


class Sentinel:
    """One daemon thread for a server; it starts with the first work to look after."""

    def __init__(self, clock: Clock) -> None:
        """Measure time by `clock`."""
        self._clock = clock
        self._lock = threading.Lock()
        self._watched: dict[_Late, float] = {}
        self._lead: _Lead | None = None
        self._called = threading.Event()
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()
        #: Nobody looks: whoever begins something must `call`.
        self.is_asleep = True
        _SENTINELS.add(self)

    # What is looked after.

    def watch(self, output: _Late) -> bool:
        """Flush `output` unless `forget` comes before; ``False`` once the sentinel has stopped."""
        with self._lock:
            if self._stopped.is_set():
                return False
            self._watched[output] = self._clock() + LOOK_SECONDS
            if not self._try_call_locked():
                del self._watched[output]
                return False
            return True

    def forget(self, output: _Late) -> None:
        """Leave it alone: its exchange has ended."""
        with self._lock:
            self._watched.pop(output, None)

    def guard(self, lead: _Lead) -> None:
        """Look at `lead` from now on, which calls when there is something to see."""
        with self._lock:
            self._lead = lead

    def call(self) -> None:
        """Look, for a while: there is work."""
        with self._lock:
            if not self._stopped.is_set():
                self._try_call_locked()

    def _try_call_locked(self) -> bool:
        self.is_asleep = False
        self._called.set()
        # After a fork the child has the object and no thread; it starts its own.
        if self._thread is None or not self._thread.is_alive():
            try:
                self._start_locked()
            except RuntimeError:  # The system has no more threads: the next call tries again.
                self._thread = None
                self.is_asleep = True
                return False
        return True

    def _start_locked(self) -> None:
        self._thread = threading.Thread(
            target=self._run, name="basehttpserver-sentinel", daemon=True
        )
        self._thread.start()

    # The looks.

    def look(self) -> bool:
        """Look once; tell whether there was work. A fault is reported: the thread must live on."""
        has_work = False
        try:
            lead = self._lead
            has_work = lead is not None and lead.look()
            self._flush_due()
        except Exception:
            report_exception()
        return has_work or bool(self._watched)

    def _flush_due(self) -> None:
        """Flush what is due; what cannot be sent without waiting stays for the next time."""
        if not self._watched:
            return
        now = self._clock()
        with self._lock:
            due = [output for output, when in self._watched.items() if when <= now]
            for output in due:
                # Taken out first: it may be watched anew, for its next exchange, at any moment.
                del self._watched[output]
        for output in due:
            if not output.flush_late_output():
                with self._lock:
                    self._watched.setdefault(output, now)

    def _run(self) -> None:
        idle_looks = 0
        while not self._stopped.wait(LOOK_SECONDS):
            idle_looks = 0 if self.look() else idle_looks + 1
            if idle_looks > IDLE_LOOKS:
                idle_looks = 0
                if not self._sleep():
                    return

    def _sleep(self) -> bool:
        """Sleep until called; ``False`` when that takes so long that the thread may end."""
        with self._lock:
            if self._stopped.is_set():
                return False  # `stop` has called, and joins us: that call must not be cleared.
            self._called.clear()
            self.is_asleep = True
        # Whoever began before it could see that has left something to see: a lead's deque and
        # `_watched` have locks of their own, so that one of us sees what the other did.
        if self.look():
            self.is_asleep = False
            return True
        self._called.wait(LINGER_SECONDS)
        with self._lock:
            if not self._called.is_set():
                self._thread = None
                return False
            return True

    # Forks, and the end.

    def before_fork(self) -> None:
        """Flush everything: what stayed here would be lost to one side, or sent by both."""
        with self._lock:
            watched: list[_Late] = list(self._watched)
        if self._lead is not None:
            watched.append(self._lead)
        for output in watched:
            output.flush_late_output()

    def after_fork_in_child(self) -> None:
        """Begin anew: the lock may be held by a thread that the child does not have."""
        self._lock = threading.Lock()
        self._watched = {}
        self._lead = None

    def stop(self) -> None:
        """End the thread and wait for it, unless it is the one that calls.

        Handlers that run on write through from here on.
        """
        with self._lock:
            thread = self._thread
            self._stopped.set()
            self._called.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join()
        with self._lock:
            left: list[_Late] = list(self._watched)
            self._watched = {}
        if self._lead is not None:
            left.append(self._lead)
        for output in left:
            output.flush_late_output()  # From here on it writes through.


def _before_fork() -> None:
    for sentinel in list(_SENTINELS):
        sentinel.before_fork()


def _after_fork_in_child() -> None:
    for sentinel in list(_SENTINELS):
        sentinel.after_fork_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_child=_after_fork_in_child)
