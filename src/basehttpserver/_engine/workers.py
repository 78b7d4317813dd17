"""A bounded pool of threads that run handlers.

Threads start when work comes and none is idle, up to the bound; idle ones end after a while. They
are called only with work that is ready to run, so nothing waits in a queue for long: when all are
busy, `try_submit` says so, and the client is told at once.
"""

import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Final

__all__ = ["WorkerPool"]

#: How long an idle thread stays. Long enough for the pauses of a steady load.
LINGER_SECONDS: Final = 5.0

#: How often an idle thread that is no daemon looks whether the main thread has ended. It must not
#: hold up the interpreter's exit, and nothing else would tell it.
LOOK_SECONDS: Final = 0.2


class WorkerPool:
    """Runs tasks in at most `most` threads. Every method may be called from any thread."""

    def __init__(self, most: int, *, daemon: bool) -> None:
        """Make no thread yet. `daemon`: threads do not hold up the interpreter's exit."""
        self._most = most
        self._daemon = daemon
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._tasks: deque[Callable[[], None]] = deque()
        self._idle = 0
        self._threads = 0
        self._running = 0
        self._is_closed = False
        self._identifiers: set[int] = set()

    def try_submit(self, task: Callable[[], None]) -> bool:
        """Run `task` in a thread; ``False`` when all are busy or the pool is closed."""
        with self._lock:
            if self._is_closed:
                return False
            if self._idle > len(self._tasks):
                self._tasks.append(task)
                self._changed.notify()
                return True
            if self._threads >= self._most:
                return False
            self._threads += 1
            self._tasks.append(task)
        thread = threading.Thread(
            target=self._run, name="basehttpserver-worker", daemon=self._daemon
        )
        try:
            thread.start()
        except RuntimeError:  # The system has no more threads: the same as a bound.
            with self._lock:
                self._threads -= 1
                if task not in self._tasks:
                    return True  # An idle thread took it meanwhile.
                self._tasks.remove(task)
            return False
        return True

    @property
    def running(self) -> int:
        """How many tasks run or wait to run."""
        with self._lock:
            return self._running + len(self._tasks)

    def close(self, *, wait: bool) -> None:
        """Take no more tasks and let idle threads end; `wait` for those that run."""
        with self._lock:
            self._is_closed = True
            self._changed.notify_all()
            if wait and not self._is_own_thread():
                self._changed.wait_for(lambda: not self._running and not self._tasks)

    def _is_own_thread(self) -> bool:
        return threading.get_ident() in self._identifiers

    def _run(self) -> None:
        with self._lock:
            self._identifiers.add(threading.get_ident())
        while True:
            task = self._next_task()
            if task is None:
                return
            try:
                task()
            except BaseException:
                self._report()
            finally:
                del task
                with self._lock:
                    self._running -= 1
                    if self._is_closed:
                        self._changed.notify_all()

    def _next_task(self) -> Callable[[], None] | None:
        with self._lock:
            self._idle += 1
            try:
                waited = 0.0
                while not self._tasks:
                    if self._is_closed or waited >= LINGER_SECONDS or self._must_exit():
                        self._threads -= 1
                        self._identifiers.discard(threading.get_ident())
                        return None
                    seconds = LINGER_SECONDS if self._daemon else LOOK_SECONDS
                    waited += seconds
                    self._changed.wait(seconds)
                self._running += 1
                return self._tasks.popleft()
            finally:
                self._idle -= 1

    def _must_exit(self) -> bool:
        return not self._daemon and not threading.main_thread().is_alive()

    @staticmethod
    def _report() -> None:
        """Hand an exception to ``threading.excepthook``, as the thread's own end would."""
        kind, value, traceback = sys.exc_info()
        if kind is not None:
            arguments = threading.ExceptHookArgs(
                (kind, value, traceback, threading.current_thread())
            )
            threading.excepthook(arguments)
