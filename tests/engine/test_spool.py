"""The spool counts what is kept, and tells what room is left."""

import threading

import pytest

from basehttpserver._engine.spool import Spool

pytestmark = pytest.mark.usefixtures("leaks_nothing")


def test_room():
    spool = Spool(10)
    assert spool.room == 10
    spool.hold(7)
    spool.hold(2)
    assert spool.room == 1
    spool.release(7)
    assert spool.room == 8


def test_more_than_fits_is_a_debt():
    """What is here is kept; who asks for room waits until others have let go."""
    spool = Spool(10)
    spool.hold(15)
    assert spool.room == -5
    spool.release(15)
    assert spool.room == 10


def test_from_many_threads():
    spool = Spool(10)

    def turn():
        for _ in range(2000):
            spool.hold(3)
            spool.release(3)

    threads = [threading.Thread(target=turn) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert spool.room == 10
