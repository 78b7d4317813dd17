"""Threads that wait between exchanges end when others need them, or the server stops."""

import selectors
import types

import pytest

from basehttpserver._engine.thread_demand import ThreadDemand


@pytest.fixture
def demand():
    demand = ThreadDemand(types.SimpleNamespace(is_stopping=False))
    yield demand
    demand.close()


@pytest.fixture
def is_readable(demand):
    with selectors.DefaultSelector() as selector:
        selector.register(demand, selectors.EVENT_READ)
        yield lambda: bool(selector.select(0))


def test_stop_is_announced_for_good(demand, is_readable):
    assert not is_readable()
    demand.announce_stop()
    demand.announce_stop()
    assert is_readable()
    assert demand._context.is_stopping


def test_demand_passes(demand, is_readable):
    demand.set(True)
    assert is_readable()
    demand.set(False)
    assert not is_readable()


def test_stop_is_not_lost_where_threads_were_wanted(demand, is_readable):
    demand.set(True)
    demand.announce_stop()
    demand.set(False)
    assert is_readable()
