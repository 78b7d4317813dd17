"""What tests must leave behind: nothing. No thread, no socket, no process."""

import gc
import os
import signal
import threading
import time

import pytest

from basehttpserver._engine.sentinel import LINGER_SECONDS
from tests.tls import Authority

#: What ends by itself may take so long; the last to do so is the sentinel of a server that was
#: dropped, or of a handler that had none.
GRACE_SECONDS = LINGER_SECONDS + 3

# A shell that starts us in the background has us, and all programs that tests start, ignore Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items):
    """Begin with what mostly waits for other processes: the rest runs beside it."""
    items.sort(key=lambda item: "tests/stdlib/" not in item.nodeid)


def pytest_collection_finish():
    """Let the garbage collector leave thousands of tests alone: that took it 0.2 s each time."""
    gc.collect()
    gc.freeze()


def open_sockets():
    """The sockets of this process, where the system tells."""
    found = set()
    try:
        descriptors = os.listdir("/proc/self/fd")
    except OSError:
        return found
    for descriptor in descriptors:
        try:
            target = os.readlink(f"/proc/self/fd/{descriptor}")
        except OSError:
            continue  # That of the listing itself.
        if target.startswith("socket:"):
            found.add(target)
    return found


def child_processes():
    """The children of this process, ended ones that nobody waited for included."""
    found = set()
    for thread in threading.enumerate():
        try:
            with open(f"/proc/self/task/{thread.native_id}/children") as file:
                found.update(file.read().split())
        except OSError:
            continue
    return found


def _everything():
    threads = {f"thread {thread.name}" for thread in threading.enumerate()}
    return (
        threads
        | {f"open {name}" for name in open_sockets()}
        | {f"process {number}" for number in child_processes()}
    )


def _check_leaks_nothing():
    before = _everything()
    yield
    deadline = time.monotonic() + GRACE_SECONDS
    while leaked := _everything() - before:
        if time.monotonic() >= deadline:
            pytest.fail(f"left behind: {', '.join(sorted(leaked))}")
        gc.collect()
        time.sleep(0.01)


@pytest.fixture(autouse=True, scope="module")
def _module_leaks_nothing():
    """Fail a module that leaks, the fixtures that its tests share included."""
    yield from _check_leaks_nothing()


@pytest.fixture
def leaks_nothing():
    """Fail a test that leaks; for modules whose tests share no fixture that starts things."""
    yield from _check_leaks_nothing()


@pytest.fixture
def nothing_is_late(monkeypatch):
    """Let no output count as late, however long this process waits for a processor."""
    monkeypatch.setattr("basehttpserver._engine.sentinel.LOOK_SECONDS", 3600)


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """Who signs the certificates that tests use."""
    return Authority(tmp_path_factory.mktemp("tls"))
