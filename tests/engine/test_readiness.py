"""Who is ready: the same answers from epoll itself and from `selectors`."""

import os
import select
import socket

import pytest

from basehttpserver._engine import readiness
from basehttpserver._engine.transport import READ, WRITE

pytestmark = pytest.mark.usefixtures("leaks_nothing")

KINDS = [
    "AnySelector",
    pytest.param(
        "EpollSelector",
        marks=pytest.mark.skipif(not hasattr(select, "epoll"), reason="needs epoll"),
    ),
]


@pytest.fixture(params=KINDS)
def selector(request):
    made = getattr(readiness, request.param)()
    yield made
    made.close()


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_finds_what_was_registered_while_it_is_ready(selector, pair):
    ours, theirs = pair
    selector.register(ours, READ, "ours")
    assert selector.select(0) == []
    assert selector.select(-1) == []
    theirs.send(b"x")
    assert selector.select(None) == ["ours"]
    assert selector.select(0) == ["ours"], "levels, not edges"
    ours.recv(1)
    assert selector.select(0.001) == []


def test_waits_for_what_the_mask_says(selector, pair):
    ours, theirs = pair
    selector.register(ours, WRITE, "to write")
    assert selector.select(0) == ["to write"]
    selector.modify(ours, READ, "to read")
    assert selector.select(0) == []
    theirs.send(b"x")
    assert selector.select(0) == ["to read"]
    selector.modify(ours, READ | WRITE, "both")
    assert selector.select(0) == ["both"]


def test_finds_nobody_who_was_let_go(selector, pair):
    ours, theirs = pair
    selector.register(ours, READ, "ours")
    theirs.send(b"x")
    selector.unregister(ours)
    assert selector.select(0) == []
    selector.register(ours.fileno(), READ, "by its descriptor")
    assert selector.select(0) == ["by its descriptor"]


def test_lets_go_of_what_is_closed(selector):
    ours, theirs = socket.socketpair()
    with theirs:
        selector.register(ours, READ, "ours")
        descriptor = ours.fileno()
        ours.close()
        selector.unregister(ours)
        # The next one with this descriptor is another source.
        with socket.socket(fileno=os.dup2(theirs.fileno(), descriptor)) as other:
            selector.register(other, WRITE, "other")
            assert selector.select(0) == ["other"]


def test_refuses_what_it_has_and_what_it_has_not(selector, pair):
    ours, theirs = pair
    selector.register(ours, READ, "ours")
    with pytest.raises(KeyError):
        selector.register(ours.fileno(), READ, "again")
    with pytest.raises(KeyError):
        selector.unregister(theirs)


def test_shows_to_others_that_somebody_is_ready(selector, pair):
    ours, theirs = pair
    selector.register(ours, READ, "ours")
    if selector.fileno() >= 0:
        assert select.select([selector.fileno()], [], [], 0)[0] == []
        theirs.send(b"x")
        assert select.select([selector.fileno()], [], [], 1)[0] == [selector.fileno()]
