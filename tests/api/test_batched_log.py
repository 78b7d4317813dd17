"""Lines of a log that are written together: when, in which order, and that none is lost."""

import contextlib
import io
import os
import sys
import threading

import pytest

from basehttpserver import _batched_log
from basehttpserver._batched_log import BatchedStream, batched_log
from tests.running import eventually


class Written(io.StringIO):
    """What was written, and in how many pieces."""

    encoding = "utf-8"

    def __init__(self):
        super().__init__()
        self.times = 0

    def write(self, text):
        self.times += 1
        return super().write(text)


@pytest.fixture
def never(monkeypatch):
    """Nothing is written for want of time."""
    monkeypatch.setattr(_batched_log, "WAIT_SECONDS", 3600)


@pytest.fixture
def stream():
    return Written()


@contextlib.contextmanager
def batching(stream):
    """Batch what goes to `stream`. (pytest has one of its own in each phase of a test.)"""
    with contextlib.redirect_stderr(stream), batched_log():
        yield
    assert sys.stderr is not stream


def test_lines_are_written_together_in_the_end(never, stream):
    with batching(stream):
        for number in range(1000):
            print(number, file=sys.stderr)
        assert not stream.getvalue()
    assert stream.getvalue().split() == [str(number) for number in range(1000)]
    assert stream.times == 1


def test_lines_are_written_soon(stream):
    with batching(stream):
        sys.stderr.write("line\n")
        eventually(stream.getvalue)
        sys.stderr.write("another\n")
        eventually(lambda: stream.getvalue() == "line\nanother\n")


def test_much_is_written_at_once(never, stream):
    with batching(stream):
        sys.stderr.write("x" * 70_000)
        assert len(stream.getvalue()) == 70_000


def test_flush(never, stream):
    with batching(stream):
        print("line", file=sys.stderr, flush=True)
        assert stream.getvalue() == "line\n"


def test_what_goes_past_it_stays_behind(never, tmp_path):
    with open(tmp_path / "log", "w", encoding="ascii") as file:
        batched = BatchedStream(file)
        batched.write("first\n")
        batched.buffer.write(b"second\n")
        assert (batched.encoding, batched.errors) == ("ascii", "strict")
        assert batched.fileno() == file.fileno()
        batched.close()
    assert (tmp_path / "log").read_text() == "first\nsecond\n"


def test_what_cannot_be_encoded_is_escaped(never, tmp_path):
    with open(tmp_path / "log", "w", encoding="ascii") as file:
        batched = BatchedStream(file)
        batched.write("caf\xe9\n")
        batched.close()
    assert (tmp_path / "log").read_text() == "caf\\xe9\n"


def test_disk_that_is_full_costs_lines_alone(never):
    class Full(Written):
        def write(self, text):
            raise OSError("no space left on device")

    batched = BatchedStream(Full())
    batched.write("line\n")
    batched.close()
    batched.write("after the end\n")


def test_terminal_is_left_alone(stream):
    stream.isatty = lambda: True
    with batching(stream):
        assert sys.stderr is stream


def test_user_who_wants_every_line_at_once(stream):
    """By ``python -u``."""
    stream.write_through = True
    with batching(stream):
        assert sys.stderr is stream


@pytest.mark.parametrize("is_closed", [False, True])
def test_without_a_stream(is_closed):
    closed = Written()
    closed.close()
    with batching(closed if is_closed else None):
        assert not isinstance(sys.stderr, BatchedStream)


def test_program_that_puts_a_stream_of_its_own_there(stream):
    own = Written()
    with contextlib.redirect_stderr(stream):
        with batched_log():
            sys.stderr = own
        assert sys.stderr is own


def test_many_threads(stream):
    def write(number):
        for _ in range(200):
            sys.stderr.write(f"{number}\n")

    with batching(stream):
        threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(stream.getvalue().split()) == sorted(str(n) for n in range(8) for _ in range(200))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_child_of_a_fork_writes_its_own_lines_at_once(never, tmp_path):
    with open(tmp_path / "log", "w", encoding="ascii") as file:
        batched = BatchedStream(file)
        batched.write("parent\n")
        child = os.fork()
        if child == 0:
            batched.write("child\n")
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert (tmp_path / "log").read_text() == "child\n"
        batched.close()
    assert (tmp_path / "log").read_text() == "child\nparent\n"
