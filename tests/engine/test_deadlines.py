"""When to give up: the table of deadlines and the minimum rates, by a clock that we turn."""

import pytest

from basehttpserver._engine.deadlines import DeadlineTable, RateAllowance
from tests.engine.fakes import Clock

#: More than are due in most of these tests.
MOST = 1000

pytestmark = pytest.mark.usefixtures("leaks_nothing")


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def table(clock):
    return DeadlineTable(clock)


class TestDeadlineTable:
    def test_empty(self, table, clock):
        assert table.seconds_left() is None
        assert list(table.pop_due(MOST, clock.now)) == []

    def test_falls_due(self, table, clock):
        table.set("key", 5.0)
        assert table.seconds_left() == 5.0
        clock.now += 4
        assert table.seconds_left() == 1.0
        assert list(table.pop_due(MOST, clock.now)) == []
        clock.now += 1
        assert table.seconds_left() == 0.0
        assert list(table.pop_due(MOST, clock.now)) == ["key"]
        assert table.seconds_left() is None

    def test_past_is_not_negative(self, table, clock):
        table.set("key", 1.0)
        clock.now += 10
        assert table.seconds_left() == 0.0

    def test_set_again_replaces(self, table, clock):
        table.set("key", 1.0)
        table.set("key", 5.0)
        clock.now += 2
        assert list(table.pop_due(MOST, clock.now)) == []
        clock.now += 3
        assert list(table.pop_due(MOST, clock.now)) == ["key"]

    def test_set_again_goes_behind_others_of_its_duration(self, table, clock):
        table.set("one", 5.0)
        clock.now += 1
        table.set("other", 5.0)
        clock.now += 1
        table.set("one", 5.0)
        clock.now += 4
        assert list(table.pop_due(MOST, clock.now)) == ["other"]

    def test_clear(self, table, clock):
        table.set("key", 1.0)
        table.clear("key")
        table.clear("key")
        table.clear("never set")
        clock.now += 2
        assert table.seconds_left() is None
        assert list(table.pop_due(MOST, clock.now)) == []

    def test_durations_are_apart(self, table, clock):
        table.set("long", 10.0)
        table.set("short", 1.0)
        clock.now += 5
        table.set("shorter", 0.5)
        assert list(table.pop_due(MOST, clock.now)) == ["short"]
        assert table.seconds_left() == 0.5
        clock.now += 5
        assert sorted(table.pop_due(MOST, clock.now)) == ["long", "shorter"]

    def test_many(self, table, clock):
        for number in range(1000):
            table.set(number, 60.0)
            clock.now += 0.01
        clock.now = 60.0 + 500 * 0.01
        assert list(table.pop_due(MOST, clock.now)) == list(range(501))

    def test_no_more_than_said_and_the_oldest_first(self, table, clock):
        for number in range(10):
            table.set(number, 5.0 if number % 2 else 60.0)
            clock.now += 1
        clock.now = 100.0
        assert list(table.pop_due(3, clock.now)) == [1, 3, 5]
        assert list(table.pop_due(3, clock.now)) == [7, 9, 0]
        assert table.seconds_left() == 0
        assert list(table.pop_due(MOST, clock.now)) == [2, 4, 6, 8]


class TestRateAllowance:
    def test_grace_first(self):
        allowance = RateAllowance(20, 500)
        assert allowance.seconds_left() == 20
        allowance.waited(15)
        assert allowance.seconds_left() == 5
        allowance.waited(15)
        assert allowance.seconds_left() == 0

    def test_bytes_earn_time(self):
        allowance = RateAllowance(20, 500)
        allowance.waited(15)
        allowance.moved(1000)
        assert allowance.seconds_left() == 7

    def test_never_more_than_the_grace(self):
        allowance = RateAllowance(20, 500)
        allowance.moved(1_000_000)
        assert allowance.seconds_left() == 20

    def test_a_rate_just_above_the_minimum_may_go_on(self):
        allowance = RateAllowance(20, 500)
        for _ in range(1000):
            allowance.waited(1)
            allowance.moved(500)
        assert allowance.seconds_left() == 20

    def test_a_rate_below_the_minimum_ends(self):
        allowance = RateAllowance(20, 500)
        rounds = 0
        while allowance.seconds_left():
            allowance.waited(1)
            allowance.moved(250)
            rounds += 1
        assert rounds in (39, 40, 41)

    def test_rate_of_nothing_is_no_minimum(self):
        allowance = RateAllowance(20, 0)
        allowance.waited(1000)
        allowance.moved(1)
        assert allowance.seconds_left() is None
