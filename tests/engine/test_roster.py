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


@pytest.mark.parametrize(
    ("one", "other", "are_one"),
    [
        pytest.param("2001:db8::1", "2001:db8::2", True, id="one_network"),
        pytest.param("2001:db8::1", "2001:db8:0:0:ffff::2", True, id="far_apart_in_it"),
        pytest.param("2001:db8::1", "2001:db8:0:1::1", False, id="two_networks"),
        pytest.param("::ffff:192.0.2.1", "::ffff:192.0.2.2", False, id="mapped"),
        pytest.param("::ffff:192.0.2.1", "192.0.2.1", True, id="mapped_and_plain"),
        pytest.param("fe80::1%eth0", "fe80::2%eth0", False, id="neighbours"),
        pytest.param("febf::1", "febf::2", False, id="end_of_the_neighbours"),
        pytest.param("::1", "192.0.2.1", False, id="two_families"),
        pytest.param("no:address", "no:address", True, id="no_address"),
    ],
)
def test_limit_by_network_of_ipv6(one, other, are_one):
    """A client of IPv6 has as many addresses as it likes, all of one /64."""
    roster = Roster(Settings(max_connections_per_address=1))
    first, second = Connection((one, 1, 0, 0)), Connection((other, 1, 0, 0))
    assert roster.add(first)
    assert roster.add(second) is not are_one
    roster.discard(second)
    roster.discard(first)
    assert not roster._addresses


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
