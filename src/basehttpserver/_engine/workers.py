"""A bounded pool of threads that run handlers, and one beside them that leads.

Threads start when work comes and none is idle, up to the bound; idle ones end after a while. They
are called only with work that is ready to run, so nothing waits in a queue for long: when all are
busy, `try_submit` says so, and the client is told at once.
"""

import contextlib
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

__all__ = ["WorkerPool", "report_exception"]

#: How long an idle thread stays. Long enough for the pauses of a steady load.
LINGER_SECONDS: Final = 5.0

#: How often a thread that is no daemon looks, while it runs no handler, whether the program has
#: ended. It must not hold up the interpreter's exit, and nothing else would tell it.
LOOK_SECONDS: Final = 0.2


class _Task(NamedTuple):
    call: Callable[[], None]
    #: It counts as one that runs a handler; a leader's does not.
    counts: bool


class WorkerPool:
    """Runs tasks in at most `most` threads. Every method may be called from any thread."""

    def __init__(self, most: int, *, daemon: bool) -> None:
        """Make no thread yet. `daemon`: threads do not hold up the interpreter's exit."""
        self._most = most
        self._daemon = daemon
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._tasks: deque[_Task] = deque()
        self._idle = 0
        self._starting = 0
        self._running = 0
        self._is_closed = False
        self._served: threading.Thread | None = None
        self._identifiers: set[int] = set()

    def serve(self, thread: threading.Thread) -> None:
        """Work for a server whose ``serve_forever`` runs in `thread`."""
        self._served = thread

    def try_submit(self, call: Callable[[], None]) -> bool:
        """Run `call` in a thread; ``False`` when all are busy or the pool is closed."""
        with self._lock:
            if self._is_closed or self._running >= self._most:
                return False
            self._running += 1
        if self._try_start(_Task(call, counts=True)):
            return True
        self.end_work()
        return False

    def try_lead(self, call: Callable[[], None]) -> bool:
        """Run `call` in a thread that is beside the bound; ``False`` if none can be had."""
        return self._try_start(_Task(call, counts=False))

    def _try_start(self, task: _Task) -> bool:
        with self._lock:
            self._tasks.append(task)
            if self._idle >= len(self._tasks):
                self._changed.notify()
                return True
        if self._try_start_thread():
            return True
        with self._lock:
            if task not in self._tasks:
                return True  # An idle thread took it meanwhile.
            self._tasks.remove(task)
        return False

    def _try_start_thread(self) -> bool:
        thread = threading.Thread(
            target=self._run, name="basehttpserver-worker", daemon=self._daemon
        )
        with self._lock:
            self._starting += 1
        try:
            thread.start()
        except RuntimeError:  # The system has no more threads: the same as a bound.
            with self._lock:
                self._starting -= 1
            return False
        return True

    def has_thread_ready(self) -> bool:
        """Tell whether a thread waits for work; see to it that one does soon, if need be."""
        with self._lock:
            if self._idle > len(self._tasks):
                return True
            is_on_its_way = self._starting > 0
        if not is_on_its_way:
            self._try_start_thread()
        return False

    @property
    def is_full(self) -> bool:
        """As many handlers run as may."""
        return self._running >= self._most

    @property
    def running(self) -> int:
        """How many handlers run or are about to."""
        return self._running

    def begin_work(self) -> None:
        """Count a thread that has led as one that runs a handler."""
        with self._lock:
            self._running += 1

    def end_work(self) -> None:
        """Count a handler as ended."""
        with self._lock:
            self._running -= 1
            if self._is_closed:
                self._changed.notify_all()

    def close(self, *, wait: bool) -> None:
        """Take no more tasks and let idle threads end; `wait` for those that run."""
        with self._lock:
            self._is_closed = True
            self._changed.notify_all()
            if wait and threading.get_ident() not in self._identifiers:
                self._changed.wait_for(lambda: not self._running)

    def _run(self) -> None:
        identifier = threading.get_ident()
        with self._lock:
            self._starting -= 1
            self._identifiers.add(identifier)
        try:
            while (task := self._next_task()) is not None:
                try:
                    task.call()
                except BaseException:
                    report_exception()
                finally:
                    if task.counts:
                        self.end_work()
                    del task
        finally:
            with self._lock:
                self._identifiers.discard(identifier)

    def _next_task(self) -> _Task | None:
        with self._lock:
            self._idle += 1
            try:
                waited = 0.0
                while not self._tasks:
                    if self._is_closed or waited >= LINGER_SECONDS or self.must_exit:
                        return None
                    seconds = self.look_seconds or LINGER_SECONDS
                    waited += seconds
                    self._changed.wait(seconds)
                return self._tasks.popleft()
            finally:
                self._idle -= 1

    # The interpreter's exit, which waits for threads that are no daemons.

    @property
    def look_seconds(self) -> float | None:
        """How often a thread without a handler must ask `must_exit`; ``None``: it need not."""
        return None if self._daemon else LOOK_SECONDS

    @property
    def must_exit(self) -> bool:
        """The program has ended but for threads of ours."""
        if self._daemon or threading.main_thread().is_alive():
            return False
        served = self._served
        return served is None or served.daemon or not served.is_alive()


def report_exception() -> None:
    """Hand the exception in flight to ``threading.excepthook``, as a thread's own end would.

    If that raises, as it does where ``sys.stderr`` is closed, ``sys.excepthook`` is asked; the
    thread lives.
    """
    kind, value, traceback = sys.exc_info()
    if kind is None:
        return
    arguments = threading.ExceptHookArgs((kind, value, traceback, threading.current_thread()))
    try:
        threading.excepthook(arguments)
    except Exception:
        with contextlib.suppress(Exception):
            sys.excepthook(*sys.exc_info())
