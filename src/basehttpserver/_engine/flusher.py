"""The flusher: sends what a handler left unsent for some milliseconds.

``http.server`` sends every write at once, and programs rely on it: progress pages, server-sent
events, long polls. Sending at once costs a system call and a packet for each write. So writes are
collected, and this thread looks after the handlers that take their time.
"""

import os
import threading
import weakref
from typing import Final, Protocol

from basehttpserver._engine.deadlines import Clock

__all__ = ["Flusher"]

#: How long output may wait. Below what a person or a load balancer notices, far above what a
#: quick handler takes from its first write to its end.
DELAY_SECONDS: Final = 0.005

#: So many rounds without work before the thread sleeps until it is called …
IDLE_ROUNDS: Final = 20

#: … and so long a sleep before it ends. A server that is dropped without being closed must not
#: leave a thread behind.
LINGER_SECONDS: Final = 5.0


class _Late(Protocol):
    def flush_late_output(self) -> bool: ...


_FLUSHERS: "weakref.WeakSet[Flusher]" = weakref.WeakSet()


class Flusher:
    """One daemon thread for a server; it starts with the first output to look after."""

    def __init__(self, clock: Clock) -> None:
        """Measure time by `clock`."""
        self._clock = clock
        self._lock = threading.Lock()
        self._watched: dict[_Late, float] = {}
        self._called = threading.Event()
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()
        _FLUSHERS.add(self)

    def watch(self, output: _Late) -> bool:
        """Flush `output` unless `forget` comes before; ``False`` once the flusher has stopped."""
        with self._lock:
            if self._stopped.is_set():
                return False
            self._watched[output] = self._clock() + DELAY_SECONDS
            self._called.set()
            # After a fork the child has the object and no thread; it starts its own.
            if self._thread is None or not self._thread.is_alive():
                self._start_locked()
            return True

    def _start_locked(self) -> None:
        self._thread = threading.Thread(
            target=self._run, name="basehttpserver-flusher", daemon=True
        )
        self._thread.start()

    def forget(self, output: _Late) -> None:
        """Leave it alone: its exchange has ended."""
        with self._lock:
            self._watched.pop(output, None)

    def flush_due(self) -> None:
        """Flush what is due now; what cannot be sent without waiting stays for the next time."""
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

    def before_fork(self) -> None:
        """Flush everything: what stayed here would be lost to one side, or sent by both."""
        with self._lock:
            watched = list(self._watched)
        for output in watched:
            output.flush_late_output()

    def after_fork_in_child(self) -> None:
        """Begin anew: the lock may be held by a thread that the child does not have."""
        self._lock = threading.Lock()
        self._watched = {}

    def _run(self) -> None:
        idle_rounds = 0
        while not self._stopped.wait(DELAY_SECONDS):
            self.flush_due()
            with self._lock:
                idle_rounds = 0 if self._watched else idle_rounds + 1
                if idle_rounds > IDLE_ROUNDS:
                    self._called.clear()
            if idle_rounds > IDLE_ROUNDS:
                self._called.wait(LINGER_SECONDS)
                idle_rounds = 0
                with self._lock:
                    if not self._called.is_set():
                        self._thread = None
                        return

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
            left, self._watched = list(self._watched), {}
        for output in left:
            output.flush_late_output()  # From here on it writes through.


def _before_fork() -> None:
    for flusher in list(_FLUSHERS):
        flusher.before_fork()


def _after_fork_in_child() -> None:
    for flusher in list(_FLUSHERS):
        flusher.after_fork_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_child=_after_fork_in_child)
