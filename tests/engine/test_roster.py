"""The roster counts open connections, over all and by address."""

import pytest

from basehttpserver._engine.roster import Roster
from basehttpserver.settings import Settings

pytestmark = pytest.mark.usefixtures("leaks_nothing")


class Connection:
    def __init__(self, client_address=("192.0.2.1", 1)):
        self.client_address = client_address


def test_members():
    roster = Roster(Settings())
    assert not roster
    first, second = Connection(), Connection()
    assert roster.add(first)
    assert roster.add(second)
    assert roster
    assert first in roster
    assert set(roster.snapshot()) == {first, second}
    roster.discard(first)
    assert first not in roster
    assert roster.snapshot() == [second]


def test_limit_over_all():
    """One too many is counted, too, until it is closed."""
    roster = Roster(Settings(max_connections=1))
    first, second = Connection(), Connection(("192.0.2.2", 1))
    assert roster.add(first)
    assert not roster.add(second)
    roster.discard(second)
    roster.discard(first)
    assert roster.add(second)


def test_limit_by_address():
    roster = Roster(Settings(max_connections_per_address=1))
    first = Connection()
    assert roster.add(first)
    second = Connection(("192.0.2.1", 2))
    assert not roster.add(second)
    assert roster.add(Connection(("192.0.2.2", 1)))
    roster.discard(second)
    roster.discard(first)
    assert roster.add(Connection())


def test_closed_twice_counts_once():
    roster = Roster(Settings(max_connections_per_address=1))
    first, second = Connection(), Connection()
    roster.add(first)
    roster.add(second)
    roster.discard(second)
    roster.discard(second)
    assert not roster.add(Connection()), "the first is still there"


def test_addresses_are_forgotten():
    roster = Roster(Settings())
    for number in range(100):
        connection = Connection((f"192.0.2.{number}", 1))
        roster.add(connection)
        roster.discard(connection)
    assert not roster._addresses


@pytest.mark.parametrize("address", ["", "@name", b"\0name", (), None])
def test_addresses_that_are_no_pairs(address):
    """Those of Unix sockets, say: all of them are one."""
    roster = Roster(Settings(max_connections_per_address=1))
    assert roster.add(Connection(address))
    assert not roster.add(Connection(""))


def test_lent_connections_count_until_they_are_gone():
    roster = Roster(Settings(max_connections=1, max_connections_per_address=1))
    lent, other = Connection(), Connection()
    assert roster.add(lent)
    roster.lend(lent)
    roster.lend(lent)
    assert roster.snapshot() == []
    assert not roster.add(other)
    roster.discard(other)
    del lent
    assert roster.add(other)


def test_lent_connections_that_are_closed():
    roster = Roster(Settings(max_connections_per_address=1))
    lent = Connection()
    assert roster.add(lent)
    roster.lend(lent)
    roster.discard(lent)
    roster.discard(lent)
    assert roster.add(Connection())
