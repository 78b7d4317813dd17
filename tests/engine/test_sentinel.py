"""The sentinel: what is due is flushed, by a clock that we turn; and its thread comes and goes."""

import threading
import time

import pytest

from basehttpserver._engine import sentinel as module
from basehttpserver._engine.sentinel import LOOK_SECONDS, Sentinel
from tests.engine.fakes import Clock
from tests.running import PATIENCE_SECONDS, eventually

pytestmark = pytest.mark.usefixtures("leaks_nothing")


class Output:
    """Output that is flushed at the first try, or after some."""

    def __init__(self, *, refusals=0):
        self.refusals = refusals
        self.tries = 0
        self.flushed = threading.Event()

    def flush_late_output(self):
        self.tries += 1
        if self.tries <= self.refusals:
            return False
        self.flushed.set()
        return True


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def threadless(clock, monkeypatch):
    """A sentinel whose thread never starts: the test calls ``flush_due``."""
    sentinel = Sentinel(clock)
    monkeypatch.setattr(sentinel, "_start_locked", lambda: None)
    return sentinel


@pytest.fixture
def sentinel():
    sentinel = Sentinel(time.monotonic)
    yield sentinel
    sentinel.stop()


class TestFault:
    def test_thread_lives(self, sentinel, monkeypatch):
        told = []
        monkeypatch.setattr(threading, "excepthook", told.append)

        class Faulty(Output):
            def flush_late_output(self):
                raise RuntimeError

        sentinel.watch(Faulty())
        eventually(lambda: told)
        output = Output()
        sentinel.watch(output)
        assert output.flushed.wait(PATIENCE_SECONDS)
        assert [given.exc_type for given in told] == [RuntimeError]
        told.clear()


class TestDue:
    def test_not_before_the_delay(self, threadless, clock):
        output = Output()
        threadless.watch(output)
        threadless.look()
        assert not output.tries
        clock.now += LOOK_SECONDS
        threadless.look()
        assert output.tries == 1
        threadless.look()
        assert output.tries == 1

    def test_forgotten(self, threadless, clock):
        output = Output()
        threadless.watch(output)
        threadless.forget(output)
        threadless.forget(output)
        clock.now += 1
        threadless.look()
        assert not output.tries

    def test_what_cannot_be_sent_stays(self, threadless, clock):
        output = Output(refusals=2)
        threadless.watch(output)
        clock.now += LOOK_SECONDS
        for tries in (1, 2, 3):
            threadless.look()
            assert output.tries == tries
        threadless.look()
        assert output.tries == 3

    def test_watched_anew_while_it_is_flushed(self, threadless, clock):
        class Again(Output):
            def flush_late_output(self):
                threadless.watch(self)
                return super().flush_late_output()

        output = Again()
        threadless.watch(output)
        clock.now += LOOK_SECONDS
        threadless.look()
        threadless.look()
        assert output.tries == 1
        clock.now += LOOK_SECONDS
        threadless.look()
        assert output.tries == 2


class TestThread:
    def test_starts_with_work(self, sentinel):
        assert sentinel._thread is None
        output = Output()
        sentinel.watch(output)
        assert output.flushed.wait(PATIENCE_SECONDS)
        assert sentinel._thread.daemon

    def test_one_thread_for_all(self, sentinel):
        outputs = [Output() for _ in range(50)]
        for output in outputs:
            sentinel.watch(output)
        for output in outputs:
            assert output.flushed.wait(PATIENCE_SECONDS)
        names = [thread.name for thread in threading.enumerate()]
        assert names.count("basehttpserver-sentinel") == 1

    def test_sleeps_and_wakes(self, sentinel, monkeypatch):
        monkeypatch.setattr(module, "IDLE_LOOKS", 1)
        for _ in range(3):
            output = Output()
            sentinel.watch(output)
            assert output.flushed.wait(PATIENCE_SECONDS)
            eventually(lambda: not sentinel._called.is_set(), "its sleep")

    def test_ends_when_nothing_comes(self, sentinel, monkeypatch):
        monkeypatch.setattr(module, "IDLE_LOOKS", 1)
        monkeypatch.setattr(module, "LINGER_SECONDS", 0.01)
        for _ in range(3):
            output = Output()
            sentinel.watch(output)
            assert output.flushed.wait(PATIENCE_SECONDS)
            eventually(lambda: sentinel._thread is None, "its end")

    def test_stop(self):
        sentinel = Sentinel(Clock())
        sentinel.watch(Output())
        thread = sentinel._thread
        sentinel.stop()
        assert not thread.is_alive()
        sentinel.stop()

    def test_stop_as_it_falls_asleep(self, monkeypatch):
        """It must not sleep over that."""
        monkeypatch.setattr(module, "LINGER_SECONDS", PATIENCE_SECONDS)
        sentinel = Sentinel(time.monotonic)
        stopping = threading.Thread(target=sentinel.stop)

        class Lead(Output):
            looks = 0

            def look(self):
                self.looks += 1
                if self.looks == module.IDLE_LOOKS + 1:  # Behind this one it falls asleep.
                    stopping.start()
                    eventually(sentinel._stopped.is_set)
                return False

        sentinel.guard(Lead())
        sentinel.call()
        eventually(lambda: stopping.ident, "the stop")
        stopping.join(PATIENCE_SECONDS / 2)
        assert not stopping.is_alive()

    def test_stop_without_a_start(self):
        Sentinel(Clock()).stop()

    def test_stop_in_its_own_thread(self):
        sentinel = Sentinel(time.monotonic)

        class Stopping(Output):
            def flush_late_output(self):
                sentinel.stop()
                return super().flush_late_output()

        output = Stopping()
        sentinel.watch(output)
        assert output.flushed.wait(PATIENCE_SECONDS)

    def test_watch_after_stop_starts_nothing(self):
        sentinel = Sentinel(Clock())
        sentinel.stop()
        assert not sentinel.watch(Output())
        assert sentinel._thread is None

    def test_stop_flushes_what_is_left(self):
        sentinel = Sentinel(Clock())
        output = Output()
        assert sentinel.watch(output)
        sentinel.stop()
        assert output.tries == 1
