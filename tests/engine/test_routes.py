"""The memory of slow routes: each row of its table, its bounds, and who might poison it."""

import pytest

from basehttpserver._engine import routes as module
from basehttpserver._engine.routes import (
    EXACT_KEYS,
    HISTORY_RUNS,
    QUICK_RUNS,
    TAKE_OVERS,
    TRIAL_SECONDS,
    WARY_SECONDS,
    WIDE_KEYS,
    Route,
    RouteMemory,
)
from basehttpserver._engine.sentinel import LOOK_SECONDS
from tests.engine.fakes import Clock

pytestmark = pytest.mark.usefixtures("leaks_nothing")

ONE = Route("/a/one", "/a/")
OTHER = Route("/a/other", "/a/")
ELSEWHERE = Route("/b/one", "/b/")

SHORT, LONG = LOOK_SECONDS / 2, LOOK_SECONDS * 2


@pytest.fixture
def clock():
    clock = Clock()
    clock.now = 1000.0
    return clock


@pytest.fixture
def memory(clock):
    return RouteMemory(clock)


def take_over(memory, route, times=TAKE_OVERS):
    for _ in range(times):
        memory.note_taken_over(route)


def use_up_trial(memory):
    """Have the trial of this second, by a route that nobody else knows."""
    route = Route("/trial/one", "/trial/")
    take_over(memory, route)
    memory.starts_inline(route)


class TestTable:
    def test_nothing_was_ever_slow(self, memory):
        assert not memory.has_seen_slow
        assert memory.starts_inline(ONE)
        memory.note_taken_over(ONE)
        assert memory.has_seen_slow

    def test_quick_exact_key_beats_a_slow_wide_one(self, memory):
        memory.note_quick(ONE)
        for number in range(100):
            take_over(memory, Route(f"/a/{number}", "/a/"))
        use_up_trial(memory)
        assert memory.starts_inline(ONE)
        assert not memory.starts_inline(OTHER)

    def test_slow_exact_key(self, memory):
        take_over(memory, ONE)
        use_up_trial(memory)
        assert not memory.starts_inline(ONE)

    def test_one_take_over_is_the_machines_fault(self, memory, clock):
        memory.note_quick(ONE)
        memory.note_taken_over(ONE)
        use_up_trial(memory)
        assert memory.starts_inline(ONE)

    def test_k_of_the_last_n(self, memory):
        memory.note_quick(ONE)
        memory.note_taken_over(ONE)
        for _ in range(HISTORY_RUNS - 2):
            memory.note_quick(ONE)
        memory.note_taken_over(ONE)
        use_up_trial(memory)
        assert not memory.starts_inline(ONE)

    def test_k_but_not_of_the_last_n(self, memory):
        memory.note_quick(ONE)
        memory.note_taken_over(ONE)
        for _ in range(HISTORY_RUNS):
            memory.note_quick(ONE)
        memory.note_taken_over(ONE)
        use_up_trial(memory)
        assert memory.starts_inline(ONE)

    def test_slow_wide_key(self, memory):
        take_over(memory, ONE)
        use_up_trial(memory)
        assert not memory.starts_inline(OTHER)

    def test_paths_that_never_repeat(self, memory, clock):
        memory.note_taken_over(ONE)
        memory.note_taken_over(OTHER)
        clock.now += WARY_SECONDS
        use_up_trial(memory)
        clock.now += WARY_SECONDS
        assert not memory.starts_inline(Route("/a/third", "/a/"))

    def test_wary_after_two_in_a_row(self, memory, clock):
        memory.note_taken_over(ONE)
        assert memory.starts_inline(ELSEWHERE)
        memory.note_taken_over(ONE)
        assert not memory.starts_inline(ELSEWHERE)
        clock.now += WARY_SECONDS
        assert memory.starts_inline(ELSEWHERE)

    def test_in_a_row_means_nothing_quick_between(self, memory):
        memory.note_taken_over(ONE)
        memory.note_quick(ELSEWHERE)
        memory.note_taken_over(OTHER)
        assert memory.starts_inline(Route("/c/one", "/c/"))

    def test_wary_of_the_unknown_only(self, memory):
        memory.note_quick(ELSEWHERE)
        take_over(memory, ONE)
        assert memory.starts_inline(ELSEWHERE)


class TestTrials:
    def test_one_in_a_while_for_all_together(self, memory, clock):
        slow = [Route(f"/{name}/one", f"/{name}/") for name in "abcdef"]
        for route in slow:
            take_over(memory, route)
        clock.now += 100
        for _ in range(3):
            assert [memory.starts_inline(route) for route in slow].count(True) == 1
            clock.now += TRIAL_SECONDS

    def test_success(self, memory, clock):
        take_over(memory, ONE)
        assert memory.starts_inline(ONE)
        memory.note_quick(ONE)
        assert memory.starts_inline(ONE)
        memory.note_taken_over(ONE)
        assert memory.starts_inline(ONE), "its history began anew"

    def test_failure(self, memory, clock):
        take_over(memory, ONE)
        assert memory.starts_inline(ONE)
        memory.note_taken_over(ONE)
        assert not memory.starts_inline(ONE)

    def test_of_an_unknown_path_under_a_slow_wide_key(self, memory, clock):
        take_over(memory, ONE)
        clock.now += 100
        assert memory.starts_inline(OTHER)
        memory.note_quick(OTHER)
        use_up_trial(memory)
        assert memory.starts_inline(OTHER)


class TestRecoveryOnWorkers:
    def test_short_runs_in_a_row(self, memory):
        take_over(memory, ONE)
        use_up_trial(memory)
        for _ in range(QUICK_RUNS - 1):
            memory.note_worker(ONE, SHORT)
        assert not memory.starts_inline(ONE)
        memory.note_worker(ONE, SHORT)
        assert memory.starts_inline(ONE)

    def test_a_long_one_begins_the_row_anew(self, memory):
        take_over(memory, ONE)
        use_up_trial(memory)
        for seconds in [SHORT] * (QUICK_RUNS - 1) + [LONG] + [SHORT] * (QUICK_RUNS - 1):
            memory.note_worker(ONE, seconds)
        assert not memory.starts_inline(ONE)

    def test_long_runs_prove_nothing(self, memory):
        memory.note_quick(ONE)
        take_over(memory, ELSEWHERE)
        for _ in range(100):
            memory.note_worker(ONE, LONG)
        assert memory.starts_inline(ONE)

    def test_one_short_run_proves_an_unknown_path(self, memory):
        take_over(memory, ONE)
        use_up_trial(memory)
        memory.note_worker(OTHER, SHORT)
        assert memory.starts_inline(OTHER)
        assert not memory.starts_inline(ONE)

    def test_wide_key(self, memory, clock):
        """Quick paths that never repeat, under a key that was slow once."""
        take_over(memory, ONE)
        clock.now += WARY_SECONDS
        use_up_trial(memory)
        for number in range(QUICK_RUNS):
            memory.note_worker(Route(f"/a/{number}", "/a/"), SHORT)
        clock.now += WARY_SECONDS
        use_up_trial(memory)
        clock.now += WARY_SECONDS
        assert memory.starts_inline(Route("/a/new", "/a/"))


class TestPoison:
    def test_a_thousand_slow_paths(self, memory, clock):
        memory.note_quick(ONE)
        for number in range(1000):
            take_over(memory, Route(f"/a/{number}", "/a/"))
            assert memory.starts_inline(ONE)

    def test_more_slow_paths_than_are_remembered(self, memory):
        """One that is in use is not forgotten for them."""
        memory.note_quick(ONE)
        for number in range(EXACT_KEYS * 2):
            memory.note_taken_over(Route(f"/a/{number}", "/a/"))
            if not number % 1000:
                assert memory.starts_inline(ONE)

    def test_a_quick_route_that_was_forgotten_is_soon_known_again(self, memory):
        memory.note_quick(ONE)
        for number in range(EXACT_KEYS * 2):
            memory.note_taken_over(Route(f"/a/{number}", "/a/"))
        use_up_trial(memory)
        assert not memory.starts_inline(ONE)
        memory.note_worker(ONE, SHORT)
        assert memory.starts_inline(ONE)

    def test_take_overs_of_a_proven_path_do_not_mark_its_neighbours(self, memory, clock):
        memory.note_quick(ONE)
        take_over(memory, ONE, 10)
        clock.now += WARY_SECONDS
        assert memory.starts_inline(OTHER)


class TestBounds:
    def test_keys(self, memory):
        for number in range(EXACT_KEYS + WIDE_KEYS):
            route = Route(f"/{number}/", f"/{number}")
            memory.note_taken_over(route)
            memory.note_worker(route, SHORT)
        assert len(memory._exact) == EXACT_KEYS
        assert len(memory._wide) == WIDE_KEYS

    def test_long_runs_of_unknown_paths_are_not_kept(self, memory):
        for number in range(100):
            memory.note_worker(Route(f"/{number}", "/"), LONG)
        assert not memory._exact

    def test_history_does_not_grow(self, memory):
        take_over(memory, ONE, 1000)
        assert memory._exact[ONE.exact].history == module._HISTORY_MASK
