"""A fork at the worst moment: while another thread, which the child does not have, holds locks."""

import contextlib
import os
import signal
import threading

import pytest

#: What a test of it needs; Python 3.12 and later warn of every fork beside threads.
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
forks_beside_threads = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")

#: A child that waits for a lock is ended by then.
PATIENCE_SECONDS = 30


def is_true_in_child(check, locks):
    """Fork while a thread holds `locks`; return whether `check()` is true in the child."""
    is_locked, may_end = threading.Event(), threading.Event()

    def hold():
        with contextlib.ExitStack() as held:
            for lock in locks:
                held.enter_context(lock)
            is_locked.set()
            may_end.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    is_locked.wait()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            signal.alarm(PATIENCE_SECONDS)
            status = 0 if check() else 2
        finally:
            os._exit(status)
    may_end.set()
    thread.join()
    _, ended = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(ended) == 0
