"""A stage for threads: only one moves at a time, from one marked point to the next.

    the test        spawn(…), step(actor): let it move to its next point, and wait for that
    an actor        point(…), wait_for(…) in what it runs: stand still until the test says step

So an interleaving of threads is a list of steps, which Hypothesis can draw, repeat and shrink. What
is run must wait by nothing but the stage: `Flag` stands in for ``threading.Event``, `StageSelector`
for a selector, `wait_until_ready` for that of the engine.
"""

import contextlib
import sys
import threading
import traceback

from basehttpserver._engine.readiness import make_selector
from basehttpserver._engine.transport import wait_until_ready
from tests.running import PATIENCE_SECONDS


class Abandoned(BaseException):
    """The test is over, and so is whatever an actor was doing."""


class Actor:
    """A thread that moves when it is told to."""

    def __init__(self, stage, name, call):
        self.stage = stage
        self.name = name
        #: Where it stands, for the test to look at.
        self.at = "its beginning"
        self.may_go_on = lambda: True
        self.is_over = False
        self._call = call
        self._go = threading.Semaphore(0)
        self._stands = threading.Semaphore(0)
        self.thread = threading.Thread(target=self._run, name=f"actor {name}", daemon=True)
        self.thread.actor = self
        self.thread.start()

    def __repr__(self):
        return f"<{self.name} at {self.at}>"

    def is_alive(self):
        return not self.is_over

    def join(self):
        """As of a thread; nobody waits on the stage."""

    def _run(self):
        self._go.acquire()
        try:
            if not self.stage.is_abandoned:
                self._call()
        except Abandoned:
            pass
        except BaseException:
            self.stage.errors.append(f"{self.name}: {traceback.format_exc()}")
        finally:
            self.is_over = True
            self._stands.release()

    def stand(self, at, may_go_on):
        self.at, self.may_go_on = at, may_go_on
        self._stands.release()
        self._go.acquire()

    def move(self):
        self._go.release()
        if not self._stands.acquire(timeout=PATIENCE_SECONDS):
            stack = "".join(traceback.format_stack(sys._current_frames()[self.thread.ident]))
            raise AssertionError(f"{self!r} waits for something that is not of the stage\n{stack}")


class Stage:
    """The actors of one test."""

    def __init__(self, clock):
        self.clock = clock
        self.actors = []
        self.errors = []
        self.is_abandoned = False

    def spawn(self, name, call):
        actor = Actor(self, name, call)
        self.actors.append(actor)
        return actor

    @staticmethod
    def current():
        return getattr(threading.current_thread(), "actor", None)

    def point(self, at):
        """Stand still here; does nothing in the thread of the test."""
        self.wait_for(lambda: True, at)

    def wait_for(self, condition, at):
        """Stand still until a condition is true and the test says so."""
        actor = self.current()
        if actor is not None and not self.is_abandoned:
            actor.stand(at, condition)

    def movable(self):
        return [actor for actor in self.actors if actor.may_go_on()]

    def step(self, actor):
        actor.move()
        if actor.is_over:
            self.actors.remove(actor)
        if self.errors:
            raise AssertionError(self.errors[0])

    def abandon(self):
        """Let all actors end, in whatever order."""
        self.is_abandoned = True
        for actor in self.actors:
            actor._go.release()
        for actor in self.actors:
            actor.thread.join(PATIENCE_SECONDS)

    # What stands in for what the engine waits by.

    def wait_until_ready(self, descriptors, seconds):
        """Wait as the engine's own does, by the clock of the test."""
        if self.current() is None or seconds == 0:
            return wait_until_ready(descriptors, 0)
        deadline = None if seconds is None else self.clock.now + seconds
        self.wait_for(
            lambda: wait_until_ready(descriptors, 0) or self.is_past(deadline), "waiting for a peer"
        )
        if self.is_abandoned:
            raise Abandoned
        return wait_until_ready(descriptors, 0)

    def is_past(self, deadline):
        return deadline is not None and self.clock.now >= deadline


class Flag:
    """As ``threading.Event``. `times_out`: the test may let a wait end at any moment."""

    def __init__(self, stage, at, *, times_out):
        self._stage = stage
        self._at = at
        self._times_out = times_out
        self._is_set = False

    def is_set(self):
        return self._is_set or self._stage.is_abandoned

    def set(self):
        self._is_set = True

    def clear(self):
        self._is_set = False

    def wait(self, seconds=None):
        self._stage.wait_for(lambda: self._times_out or self._is_set, self._at)
        return self.is_set()


class StageSelector:
    """A selector whose `select` is a point; it shows who is ready in the order of the test."""

    def __init__(self, stage):
        self._stage = stage
        self._selector = make_selector()
        self.is_reversed = False

    def __getattr__(self, name):
        return getattr(self._selector, name)

    def select(self, seconds=None):
        stage = self._stage
        deadline = None if seconds is None else stage.clock.now + seconds
        stage.wait_for(lambda: self._selector.select(0) or stage.is_past(deadline), "select")
        if stage.is_abandoned:
            raise Abandoned
        ready = self._selector.select(0)
        return ready[::-1] if self.is_reversed else ready


@contextlib.contextmanager
def replaced(*changes):
    """Set attributes, each an object, a name and a value; put them back at the end."""
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in changes]
    try:
        for owner, name, value in changes:
            setattr(owner, name, value)
        yield
    finally:
        for owner, name, value in before:
            setattr(owner, name, value)
