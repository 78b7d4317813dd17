"""The pool: as many threads as there is work, never more than the bound."""

import subprocess
import sys
import threading
import time

import pytest

from basehttpserver._engine import workers
from basehttpserver._engine.workers import WorkerPool
from tests.running import PATIENCE_SECONDS, eventually

pytestmark = pytest.mark.usefixtures("leaks_nothing")


@pytest.fixture
def make_pool():
    pools = []

    def make(most, *, daemon=True):
        pools.append(WorkerPool(most, daemon=daemon))
        return pools[-1]

    yield make
    for pool in pools:
        pool.close(wait=True)


def blocking_task():
    """A task that begins and then waits: the task, what it sets, what it waits for."""
    began, may_end = threading.Event(), threading.Event()

    def task():
        began.set()
        assert may_end.wait(PATIENCE_SECONDS)

    return task, began, may_end


def test_runs_a_task(make_pool):
    done = threading.Event()
    assert make_pool(1).try_submit(done.set)
    assert done.wait(PATIENCE_SECONDS)


def test_no_thread_before_work(make_pool):
    before = threading.active_count()
    make_pool(10)
    assert threading.active_count() == before


def test_refuses_when_all_are_busy(make_pool):
    pool = make_pool(2)
    tasks = [blocking_task() for _ in range(2)]
    for task, began, _ in tasks:
        assert pool.try_submit(task)
        assert began.wait(PATIENCE_SECONDS)
    assert not pool.try_submit(lambda: None)
    assert pool.running == 2
    tasks[0][2].set()
    eventually(lambda: pool.try_submit(lambda: None))
    tasks[1][2].set()


def test_idle_thread_is_used_again(make_pool):
    pool = make_pool(10)
    threads = set()
    for _ in range(5):
        assert pool.try_submit(lambda: threads.add(threading.current_thread()))
        eventually(lambda: not pool.running and pool._idle)
    assert len(threads) == 1


def test_exception_goes_to_excepthook_and_the_thread_lives(make_pool, monkeypatch):
    told = []
    monkeypatch.setattr(threading, "excepthook", told.append)
    pool = make_pool(1)
    for error in (RuntimeError, SystemExit, KeyboardInterrupt):

        def task(error=error):
            raise error

        eventually(lambda task=task: pool.try_submit(task))
        eventually(lambda: not pool.running)
    assert [given.exc_type for given in told] == [RuntimeError, SystemExit, KeyboardInterrupt]
    assert {given.thread.name for given in told} == {"basehttpserver-worker"}
    told.clear()


def test_thread_lives_where_its_exception_cannot_be_told(make_pool, monkeypatch):
    """As where ``sys.stderr`` is a pipe that nobody reads."""
    told = []

    def cannot_tell(given):
        told.append(given.thread)
        raise BrokenPipeError

    monkeypatch.setattr(threading, "excepthook", cannot_tell)
    pool = make_pool(1)

    def task():
        raise RuntimeError

    for count in (1, 2):
        eventually(lambda: pool.try_submit(task))
        eventually(lambda count=count: len(told) == count and not pool.running)
    assert told[0] is told[1]
    told.clear()


def test_idle_thread_ends(make_pool, monkeypatch):
    monkeypatch.setattr(workers, "LINGER_SECONDS", 0.02)
    monkeypatch.setattr(workers, "LOOK_SECONDS", 0.01)
    pool = make_pool(1)
    for _ in range(2):
        assert pool.try_submit(lambda: None)
        eventually(lambda: not pool._identifiers)


def test_closed_pool_takes_nothing(make_pool):
    pool = make_pool(1)
    pool.close(wait=False)
    assert not pool.try_submit(lambda: None)


def test_close_waits(make_pool):
    pool = make_pool(1)
    task, began, may_end = blocking_task()
    pool.try_submit(task)
    assert began.wait(PATIENCE_SECONDS)
    threading.Timer(0.05, may_end.set).start()
    pool.close(wait=True)
    assert pool.running == 0


def test_close_in_a_task_does_not_wait_for_itself(make_pool):
    pool = make_pool(1)
    done = threading.Event()

    def task():
        pool.close(wait=True)
        done.set()

    pool.try_submit(task)
    assert done.wait(PATIENCE_SECONDS)


def test_system_without_threads(make_pool, monkeypatch):
    pool = make_pool(2)

    def cannot_start(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", cannot_start)
    assert not pool.try_submit(lambda: None)
    monkeypatch.undo()
    done = threading.Event()
    assert pool.try_submit(done.set)
    assert done.wait(PATIENCE_SECONDS)


@pytest.mark.parametrize("daemon", [True, False])
def test_idle_threads_do_not_hold_up_the_exit(daemon):
    code = (
        "from basehttpserver._engine.workers import WorkerPool\n"
        f"pool = WorkerPool(1, daemon={daemon})\n"
        "pool.try_submit(lambda: print('ran', flush=True))\n"
        "while pool.running: pass\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE_SECONDS
    )
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "ran\n", "")


class TestLead:
    def test_is_beside_the_bound(self, make_pool):
        pool = make_pool(1)
        task, began, may_end = blocking_task()
        assert pool.try_lead(task)
        assert began.wait(PATIENCE_SECONDS)
        assert not pool.running
        other, other_began, other_may_end = blocking_task()
        assert pool.try_submit(other)
        assert other_began.wait(PATIENCE_SECONDS)
        assert pool.is_full
        third, third_began, third_may_end = blocking_task()
        assert pool.try_lead(third)
        assert third_began.wait(PATIENCE_SECONDS)
        for event in (may_end, other_may_end, third_may_end):
            event.set()
        eventually(lambda: not pool.running)

    def test_counts_once_it_runs_a_handler(self, make_pool):
        pool = make_pool(1)
        pool.begin_work()
        assert pool.is_full
        assert not pool.try_submit(lambda: None)
        pool.end_work()
        assert pool.try_submit(lambda: None)

    def test_close_waits_for_a_leader_that_became_a_worker(self, make_pool):
        pool = make_pool(1)
        began = threading.Event()

        def task():
            pool.begin_work()
            began.set()
            time.sleep(0.03)
            pool.end_work()

        assert pool.try_lead(task)
        assert began.wait(PATIENCE_SECONDS)
        pool.close(wait=True)
        assert not pool.running

    def test_system_without_threads(self, make_pool, monkeypatch):
        def cannot_start(thread):
            raise RuntimeError("can't start new thread")

        pool = make_pool(1)
        monkeypatch.setattr(threading.Thread, "start", cannot_start)
        assert not pool.try_lead(lambda: None)
        assert not pool.has_thread_ready()

    def test_one_thread_is_made_ready_at_a_time(self, make_pool, monkeypatch):
        started = []
        monkeypatch.setattr(threading.Thread, "start", lambda thread: started.append(thread))
        pool = make_pool(1)
        for _ in range(3):
            assert not pool.has_thread_ready()
        assert len(started) == 1
        monkeypatch.undo()
        started[0].start()
        eventually(pool.has_thread_ready)

    def test_thread_is_made_ready(self, make_pool):
        pool = make_pool(1)
        assert not pool.has_thread_ready()
        eventually(pool.has_thread_ready)
        task, began, may_end = blocking_task()
        assert pool.try_lead(task)
        assert began.wait(PATIENCE_SECONDS)
        may_end.set()
