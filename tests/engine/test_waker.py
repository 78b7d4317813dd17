"""A waker wakes whoever waits for its descriptor, from any thread, however often it is told."""

import threading

import pytest

from basehttpserver._engine.transport import READ, wait_until_ready
from basehttpserver._engine.waker import Waker
from tests.running import PATIENCE_SECONDS

pytestmark = pytest.mark.usefixtures("leaks_nothing")


@pytest.fixture
def waker():
    waker = Waker()
    yield waker
    waker.close()


def is_ready(waker, seconds=0):
    return wait_until_ready([(waker.fileno(), READ)], seconds) == [waker.fileno()]


def test_quiet(waker):
    assert not is_ready(waker)


def test_wakes_until_it_is_calmed(waker):
    waker.wake()
    assert is_ready(waker)
    assert is_ready(waker)
    waker.calm()
    assert not is_ready(waker)


def test_calm_when_it_is(waker):
    waker.calm()
    waker.wake()
    assert is_ready(waker)


def test_often(waker):
    """More often than its socket takes."""
    for _ in range(10_000):
        waker.wake()
    for _ in range(100):
        waker.calm()
    assert not is_ready(waker)


def test_from_another_thread(waker):
    timer = threading.Timer(0.01, waker.wake)
    timer.start()
    assert is_ready(waker, PATIENCE_SECONDS)
    timer.join()


def test_closed(waker):
    waker.close()
    waker.wake()
    assert waker.fileno() == -1
