"""The flusher: what is due is flushed, by a clock that we turn; and its thread comes and goes."""

import threading
import time

import pytest

from basehttpserver._engine import flusher as module
from basehttpserver._engine.flusher import DELAY_SECONDS, Flusher
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
    """A flusher whose thread never starts: the test calls ``flush_due``."""
    flusher = Flusher(clock)
    monkeypatch.setattr(flusher, "_start_locked", lambda: None)
    return flusher


@pytest.fixture
def flusher():
    flusher = Flusher(time.monotonic)
    yield flusher
    flusher.stop()


class TestDue:
    def test_not_before_the_delay(self, threadless, clock):
        output = Output()
        threadless.watch(output)
        threadless.flush_due()
        assert not output.tries
        clock.now += DELAY_SECONDS
        threadless.flush_due()
        assert output.tries == 1
        threadless.flush_due()
        assert output.tries == 1

    def test_forgotten(self, threadless, clock):
        output = Output()
        threadless.watch(output)
        threadless.forget(output)
        threadless.forget(output)
        clock.now += 1
        threadless.flush_due()
        assert not output.tries

    def test_what_cannot_be_sent_stays(self, threadless, clock):
        output = Output(refusals=2)
        threadless.watch(output)
        clock.now += DELAY_SECONDS
        for tries in (1, 2, 3):
            threadless.flush_due()
            assert output.tries == tries
        threadless.flush_due()
        assert output.tries == 3

    def test_watched_anew_while_it_is_flushed(self, threadless, clock):
        class Again(Output):
            def flush_late_output(self):
                threadless.watch(self)
                return super().flush_late_output()

        output = Again()
        threadless.watch(output)
        clock.now += DELAY_SECONDS
        threadless.flush_due()
        threadless.flush_due()
        assert output.tries == 1
        clock.now += DELAY_SECONDS
        threadless.flush_due()
        assert output.tries == 2


class TestThread:
    def test_starts_with_work(self, flusher):
        assert flusher._thread is None
        output = Output()
        flusher.watch(output)
        assert output.flushed.wait(PATIENCE_SECONDS)
        assert flusher._thread.daemon

    def test_one_thread_for_all(self, flusher):
        outputs = [Output() for _ in range(50)]
        for output in outputs:
            flusher.watch(output)
        for output in outputs:
            assert output.flushed.wait(PATIENCE_SECONDS)
        names = [thread.name for thread in threading.enumerate()]
        assert names.count("basehttpserver-flusher") == 1

    def test_sleeps_and_wakes(self, flusher, monkeypatch):
        monkeypatch.setattr(module, "IDLE_ROUNDS", 1)
        for _ in range(3):
            output = Output()
            flusher.watch(output)
            assert output.flushed.wait(PATIENCE_SECONDS)
            eventually(lambda: not flusher._called.is_set(), "its sleep")

    def test_ends_when_nothing_comes(self, flusher, monkeypatch):
        monkeypatch.setattr(module, "IDLE_ROUNDS", 1)
        monkeypatch.setattr(module, "LINGER_SECONDS", 0.01)
        for _ in range(3):
            output = Output()
            flusher.watch(output)
            assert output.flushed.wait(PATIENCE_SECONDS)
            eventually(lambda: flusher._thread is None, "its end")

    def test_stop(self):
        flusher = Flusher(Clock())
        flusher.watch(Output())
        thread = flusher._thread
        flusher.stop()
        assert not thread.is_alive()
        flusher.stop()

    def test_stop_without_a_start(self):
        Flusher(Clock()).stop()

    def test_stop_in_its_own_thread(self):
        flusher = Flusher(time.monotonic)

        class Stopping(Output):
            def flush_late_output(self):
                flusher.stop()
                return super().flush_late_output()

        output = Stopping()
        flusher.watch(output)
        assert output.flushed.wait(PATIENCE_SECONDS)

    def test_watch_after_stop_starts_nothing(self):
        flusher = Flusher(Clock())
        flusher.stop()
        assert not flusher.watch(Output())
        assert flusher._thread is None

    def test_stop_flushes_what_is_left(self):
        flusher = Flusher(Clock())
        output = Output()
        assert flusher.watch(output)
        flusher.stop()
        assert output.tries == 1
