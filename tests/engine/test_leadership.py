"""The table of `leadership`, row by row. Any order of its steps: test_leadership_machine.py."""

import functools
import threading
import unittest.mock
from collections import deque

import pytest

from basehttpserver._engine.leadership import Entry, Lead, Tenure
from basehttpserver._engine.sentinel import Sentinel
from tests.engine.fakes import Clock
from tests.running import PATIENCE_SECONDS

pytestmark = pytest.mark.usefixtures("leaks_nothing")


class Connection:
    """Notes what it is told; its output can be looked after at the first try, or after some."""

    def __init__(self, refusals=0):
        self.refusals = refusals
        self.seen_in = None
        self.step_aside = None
        self.watched = []
        self.flushes = 0
        #: What the sentinel notes as slow.
        self.request = "/"

    def begin_stay(self, stay):
        self.seen_in, self.step_aside = stay, stay.step_aside

    def try_watch_output(self, seen_in):
        if self.refusals:
            self.refusals -= 1
            return False
        self.watched.append(seen_in)
        return True

    def flush_late_output(self):
        self.flushes += 1
        return True


class Poller:
    """Leads through turns that the test has put in; notes who is released."""

    def __init__(self):
        self.turns = deque()
        self.released = []
        self.wakes = 0

    def run_once(self, seconds, tenure):
        self.turns.popleft()(tenure)

    def release(self, connection):
        self.released.append(connection)

    def wake(self):
        self.wakes += 1


class Pool:
    """Holds those who are to lead until the test runs them."""

    def __init__(self):
        self.leaders = deque()
        self.running = 0
        self.look_seconds = None
        self.must_exit = False
        self.served = None
        self.has_threads = True
        self.is_ready = True

    def serve(self, thread):
        self.served = thread

    def try_lead(self, call):
        if self.has_threads:
            self.leaders.append(call)
        return self.has_threads

    def has_thread_ready(self):
        return self.is_ready

    def begin_work(self):
        self.running += 1

    def end_work(self):
        self.running -= 1


class Rig:
    def __init__(self, *, has_pool=True):
        self.poller = Poller()
        self.pool = Pool() if has_pool else None
        self.sentinel = Sentinel(Clock())
        self.calls = 0
        self.sentinel._start_locked = self.note_call
        self.noted = []
        self.lead = Lead(self.poller, self.pool, self.sentinel, self.note_of)

    def note_call(self):
        self.calls += 1

    def note_of(self, connection):
        return functools.partial(self.noted.append, connection.request)

    def begin(self):
        """Let somebody lead; return that tenure."""
        self.lead.begin()
        return self.lead.tenure

    def enter(self):
        connection = Connection()
        return connection, self.lead.enter(connection)


@pytest.fixture
def rig():
    return Rig()


def begin_stay(tenure, connection=None):
    """Go into a handler; return the token."""
    entry = Entry(None, tenure, connection or Connection())
    tenure.enter(entry)
    return entry


class TestTenure:
    def test_token_is_there_while_in_a_handler(self):
        tenure, connection = Tenure(), Connection()
        assert tenure.entry is None
        entry = begin_stay(tenure, connection)
        assert tenure.entry is entry
        assert (entry.connection, entry.tenure) == (connection, tenure)
        assert tenure.leave()
        assert tenure.entry is None
        assert not tenure.is_over

    def test_each_stay_has_a_token_of_its_own(self):
        rig, connection = Rig(), Connection()
        tokens = []
        for _ in range(2):
            tenure = rig.lead.enter(connection)
            tokens.append(tenure.entry)
            tenure.leave()
        assert tokens[0] is not tokens[1]

    def test_taken_once(self):
        tenure = Tenure()
        entry = begin_stay(tenure)
        assert tenure.take() is entry
        assert tenure.take() is None
        assert not tenure.leave()
        assert tenure.is_over

    def test_not_in_a_handler(self):
        assert Tenure().take() is None

    def test_one_gets_it(self):
        """However many threads try at once."""
        for _ in range(50):
            tenure = Tenure()
            begin_stay(tenure)
            start, got = threading.Barrier(4), []

            def take(tenure=tenure, start=start, got=got):
                start.wait(PATIENCE_SECONDS)
                got.append(tenure.take())

            threads = [threading.Thread(target=take) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert len(got) == 4
            assert sum(entry is not None for entry in got) == 1


class TestLeader:
    def test_begins(self, rig):
        tenure = rig.begin()
        assert isinstance(tenure, Tenure)
        assert len(rig.pool.leaders) == 1
        assert rig.pool.running == 0, "who leads runs no handler"

    def test_enters_and_leaves(self, rig):
        tenure = rig.begin()
        connection, entered = rig.enter()
        assert entered is tenure
        assert connection.seen_in is tenure.entry
        assert rig.calls == 1, "the sentinel was asleep"
        assert tenure.leave()
        assert (rig.lead.tenure, rig.poller.released) == (tenure, [])

    def test_sentinel_that_is_awake_is_left_alone(self, rig):
        tenure = rig.begin()
        rig.enter()
        tenure.leave()
        rig.enter()
        assert rig.calls == 1

    def test_leads_until_the_lead_is_taken(self, rig):
        rig.begin()
        turns = []

        def lose(tenure):
            turns.append("taken")
            connection = Connection()
            rig.lead.enter(connection)
            rig.lead.look()
            rig.lead.look()
            assert rig.pool.running == 1
            assert not tenure.leave()

        rig.poller.turns.extend([lambda tenure: turns.append("led"), lose])
        rig.pool.leaders.popleft()()
        assert turns == ["led", "taken"]
        assert rig.pool.running == 0, "it ended as a worker"
        assert len(rig.pool.leaders) == 1, "its successor"

    def test_lives_through_what_a_hook_raises(self, rig, monkeypatch):
        told = []
        monkeypatch.setattr(threading, "excepthook", told.append)
        rig.begin()

        def fail(tenure):
            raise SystemExit

        def end(tenure):
            with rig.lead._lock:
                rig.lead._is_ending = True

        rig.poller.turns.extend([fail, end])
        rig.pool.leaders.popleft()()
        assert [given.exc_type for given in told] == [SystemExit]
        assert rig.pool.running == 0


class TestExit:
    """A leader that is no daemon; the main thread has ended."""

    def test_ends_with_the_program(self, rig):
        rig.begin()
        assert rig.pool.served is threading.current_thread()
        rig.pool.must_exit = True
        rig.pool.leaders.popleft()()
        assert rig.lead.tenure is None
        assert rig.pool.running == 0
        rig.lead.end()

    def test_not_while_a_handler_runs(self, rig):
        rig.begin()
        rig.pool.must_exit = True
        rig.pool.begin_work()
        rig.poller.turns.append(lambda tenure: rig.pool.end_work())
        rig.pool.leaders.popleft()()
        assert not rig.poller.turns


class TestStepAside:
    def test_successor_leads(self, rig):
        tenure = rig.begin()
        connection, _ = rig.enter()
        connection.step_aside()
        assert rig.poller.released == [connection]
        assert rig.lead.tenure is not tenure
        assert len(rig.pool.leaders) == 2
        assert rig.pool.running == 1
        assert not tenure.leave()
        assert rig.noted == [], "waiting for a client is not being slow"

    def test_its_output_is_looked_after(self, rig):
        rig.begin()
        connection, _ = rig.enter()
        connection.refusals = 1
        seen_in = connection.seen_in
        connection.step_aside()
        assert rig.lead.look(), "it comes back to it"
        assert connection.watched == []
        assert not rig.lead.look()
        assert connection.watched == [seen_in]

    def test_wakes_a_sentinel_that_fell_asleep_meanwhile(self, rig, monkeypatch):
        """Between the pop and its output's being known there is nothing for its last look."""
        rig.begin()
        connection, _ = rig.enter()

        def fall_asleep(tenure, take=Tenure.take):
            entry = take(tenure)
            rig.sentinel.is_asleep = True
            return entry

        monkeypatch.setattr(Tenure, "take", fall_asleep)
        connection.step_aside()
        assert not rig.sentinel.is_asleep
        assert rig.calls == 2

    def test_after_the_lead_was_taken(self, rig):
        rig.begin()
        connection, _ = rig.enter()
        rig.lead.look()
        rig.lead.look()
        connection.step_aside()
        assert len(rig.pool.leaders) == 2
        assert rig.pool.running == 1

    def test_late_one_does_not_take_the_successors_token(self, rig):
        rig.begin()
        connection, _ = rig.enter()
        connection.step_aside()
        _, tenure = rig.enter()
        connection.step_aside()
        assert tenure.leave()


class TestSentinel:
    def test_takes_what_it_saw_for_a_full_look(self, rig):
        tenure = rig.begin()
        connection, _ = rig.enter()
        entry = tenure.entry
        assert rig.lead.look()
        assert tenure.entry is entry
        assert rig.lead.look()
        assert rig.noted == ["/"]
        assert rig.poller.released == [connection]
        assert connection.watched == [entry]
        assert rig.lead.tenure is not tenure
        assert not rig.lead.look(), "nothing is left to see"

    def test_notes_the_request_that_it_saw(self, rig):
        """Where the handler has ended in the meantime, its connection may have another by now."""
        rig.begin()
        connection, _ = rig.enter()
        rig.lead.look()
        begin_work = rig.pool.begin_work

        def go_on():
            begin_work()
            connection.request = "/another"

        rig.pool.begin_work = go_on
        rig.lead.look()
        assert rig.noted == ["/"]

    def test_leaves_another_stay_alone(self, rig):
        tenure = rig.begin()
        for _ in range(5):
            rig.enter()
            assert rig.lead.look()
            assert tenure.leave()
        assert rig.noted == []
        assert rig.lead.tenure is tenure

    def test_too_late_by_a_moment(self, rig):
        """It pops the token of another stay: a successor leads, nothing is noted."""
        tenure = rig.begin()
        rig.enter()
        rig.lead.look()
        begin_work = rig.pool.begin_work

        def go_on():
            begin_work()
            tenure.leave()
            rig.lead.enter(Connection())

        rig.pool.begin_work = go_on
        rig.lead.look()
        assert rig.noted == []
        assert rig.lead.tenure is not tenure
        assert rig.pool.running == 1

    def test_too_late_altogether(self, rig):
        tenure = rig.begin()
        rig.enter()
        rig.lead.look()
        begin_work = rig.pool.begin_work

        def go_on():
            begin_work()
            tenure.leave()

        rig.pool.begin_work = go_on
        rig.lead.look()
        assert rig.lead.tenure is tenure
        assert rig.pool.running == 0

    def test_waits_for_a_thread_that_is_ready(self, rig):
        tenure = rig.begin()
        rig.enter()
        rig.pool.is_ready = False
        for _ in range(3):
            assert rig.lead.look()
        assert rig.lead.tenure is tenure
        rig.pool.is_ready = True
        rig.lead.look()
        assert rig.lead.tenure is not tenure

    def test_nobody_leads(self, rig):
        assert not rig.lead.look()

    def test_without_a_pool_the_lead_stays(self):
        rig = Rig(has_pool=False)
        tenure = rig.lead.hold()
        connection, _ = rig.enter()
        for _ in range(3):
            assert rig.lead.look()
        assert connection.watched[0] is tenure.entry
        connection.step_aside()
        assert rig.poller.released == [connection]
        assert tenure.leave()

    def test_fork(self, rig):
        assert rig.lead.flush_late_output()
        rig.begin()
        connection, _ = rig.enter()
        assert rig.lead.flush_late_output()
        assert connection.flushes == 1


class TestEnd:
    def test_in_select(self, rig):
        rig.begin()
        rig.poller.wake = lambda: rig.pool.leaders.popleft()()
        rig.lead.end()
        assert rig.lead.tenure is None
        assert rig.pool.running == 0

    def test_in_a_handler(self, rig):
        tenure = rig.begin()
        connection, _ = rig.enter()
        rig.lead.end()
        assert rig.lead.tenure is None
        assert rig.poller.released == [connection]
        assert rig.pool.running == 1
        assert not tenure.leave()
        assert rig.noted == []

    def test_begins_anew(self, rig):
        rig.begin()
        for _ in range(3):
            rig.enter()
            rig.lead.end()
            assert rig.begin() is rig.lead.tenure
        rig.enter()
        rig.lead.end()
        assert len(rig.pool.leaders) == 4

    def test_twice(self, rig):
        rig.begin()
        rig.enter()
        rig.lead.end()
        rig.lead.end()


class TestWithoutThreads:
    def test_tries_again(self, rig):
        rig.pool.has_threads = False
        rig.begin()
        assert rig.lead.look()
        rig.pool.has_threads = True
        assert not rig.lead.look()
        assert len(rig.pool.leaders) == 1
        rig.lead.look()
        assert len(rig.pool.leaders) == 1

    def test_not_even_for_the_sentinel(self, rig):
        """Then the thread of ``serve_forever`` tries again."""
        rig.pool.has_threads = False
        rig.sentinel._start_locked = unittest.mock.Mock(side_effect=RuntimeError)
        rig.begin()
        rig.lead.appoint_if_unled()
        assert not rig.pool.leaders
        rig.pool.has_threads = True
        for _ in range(2):
            rig.lead.appoint_if_unled()
            assert len(rig.pool.leaders) == 1


# Faults that were found, each the smallest that shows it; who mends one takes its mark away.


def test_end_while_no_thread_could_be_had(rig):
    """It must not leave a reason to appoint a second leader beside that of the next `begin`."""
    rig.pool.has_threads = False
    rig.begin()
    rig.lead._is_vacant.wait = lambda seconds: [rig.lead.look()] and rig.lead.tenure is None
    rig.lead.end()
    assert not rig.lead.look(), "the sentinel could never sleep"


def test_taken_between_the_token_and_the_begin_of_the_stay(rig):
    """Whoever takes it there must find what it is to look after."""
    rig.begin()

    class Slow(Connection):
        def begin_stay(self, stay):
            rig.lead.look()
            rig.lead.look()
            super().begin_stay(stay)

        def try_watch_output(self, seen_in):
            assert seen_in is self.seen_in, "its output would never be sent"
            return super().try_watch_output(seen_in)

    rig.lead.enter(Slow())


def test_output_is_looked_after_where_no_thread_is_ready(rig):
    rig.begin()
    connection, _ = rig.enter()
    rig.pool.is_ready = False
    for _ in range(3):
        rig.lead.look()
    assert connection.watched or connection.flushes


def test_no_thread_for_the_sentinel(rig):
    """A token may not stay behind: whoever takes it makes a second leader."""
    tenure = rig.begin()

    def cannot_start():
        raise RuntimeError("can't start new thread")

    rig.sentinel._start_locked = cannot_start
    try:
        rig.enter()
    except RuntimeError:
        assert tenure.entry is None
    else:
        assert tenure.leave()


def test_a_look_counts_no_handler_that_does_not_run(rig):
    """Else a request is refused with 503 though no worker runs, where few may."""
    tenure = rig.begin()
    rig.enter()
    rig.lead.look()
    assert tenure.leave()
    rig.lead.look()
    assert not rig.pool.running


def test_end_without_a_beginning(rig):
    rig.lead.end()
    assert rig.lead.tenure is None


def test_output_of_a_handler_that_outlives_the_sentinel(rig):
    """``server_close`` right after ``shutdown``: what has been taken is not yet looked after."""
    rig.begin()
    connection, _ = rig.enter()
    rig.lead.end()
    rig.sentinel.stop()
    assert connection.watched or connection.flushes
