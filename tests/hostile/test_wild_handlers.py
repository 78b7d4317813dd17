"""Handlers that do what nobody expects, and logs and clocks that do."""

import contextlib
import io
import os
import sys
import threading
import time

import pytest

from basehttpserver import HTTPServer, ThreadingHTTPServer
from tests.hostile.victims import ANYWHERE, StayingVictim, Victim
from tests.running import PATIENCE_SECONDS, eventually, serving
from tests.wire.conversation import conversation

pytestmark = pytest.mark.usefixtures("leaks_nothing")

each_server = pytest.mark.parametrize("server_class", [HTTPServer, ThreadingHTTPServer])
each_lane = pytest.mark.parametrize("handler", [Victim, StayingVictim])


class OwnError(Exception):
    pass


class OwnExit(BaseException):
    pass


def with_wild(base, wild):
    """A handler whose `/wild` calls `wild`; anything else is answered as ever."""

    def do_get(self):
        if self.path == "/wild":
            wild(self)
        base.do_GET(self)

    return type("Wild", (base,), {"do_GET": do_get})


def raising(error):
    def wild(handler):
        raise error

    return wild


def want_served(running):
    with conversation(running) as client:
        client.get("/", "Connection: close").expect(200, b"read 0")


@each_server
@each_lane
@pytest.mark.parametrize(
    "error", [OwnError(), MemoryError(), RecursionError(), StopIteration(), OSError(28)], ids=repr
)
def test_any_exception(server_class, handler, error, capsys):
    with serving(server_class(ANYWHERE, with_wild(handler, raising(error)))) as running:
        for _ in range(3):
            with conversation(running) as client:
                client.get("/wild").expect(500)
                client.want_closed()
        want_served(running)
    assert "Exception occurred during processing" in capsys.readouterr().err


@each_lane
@pytest.mark.parametrize("error", [OwnExit, GeneratorExit, SystemExit, KeyboardInterrupt])
def test_base_exception_ends_an_http_server(handler, error, capsys):
    """As in http.server: it was meant for the program that called ``serve_forever``."""
    server = HTTPServer(ANYWHERE, with_wild(handler, raising(error)))
    with serving(server) as running, conversation(running) as client:
        client.get("/wild")
        assert isinstance(running.take_raised(), error)
        client.want_gone()


@each_lane
def test_base_exception_ends_no_server_of_threads(handler, capsys, monkeypatch):
    told = []
    monkeypatch.setattr(threading, "excepthook", lambda given: told.append(given.exc_type))
    server = ThreadingHTTPServer(ANYWHERE, with_wild(handler, raising(OwnExit)))
    with serving(server) as running:
        for _ in range(20):
            with conversation(running) as client:
                client.get("/wild").want_gone()
        want_served(running)
        eventually(lambda: told == [OwnExit] * 20)


@each_lane
def test_handler_that_never_returns(handler, capsys):
    """Others do not wait for it, nor does ``shutdown``."""
    may_end, entered = threading.Event(), threading.Semaphore(0)

    def hang(given):
        entered.release()
        may_end.wait(PATIENCE_SECONDS)

    server = ThreadingHTTPServer(ANYWHERE, with_wild(handler, hang))
    with contextlib.ExitStack() as stack:
        stack.callback(may_end.set)
        with serving(server) as running:
            for _ in range(5):
                stack.enter_context(conversation(running)).get("/wild")
                assert entered.acquire(timeout=PATIENCE_SECONDS)
            want_served(running)


class Raising(io.StringIO):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def write(self, text):
        raise self.error


def closed_stream():
    stream = io.StringIO()
    stream.close()
    return stream


each_broken_log = pytest.mark.parametrize(
    "stream",
    [
        pytest.param(lambda: None, id="missing"),
        pytest.param(closed_stream, id="closed"),
        pytest.param(lambda: Raising(OSError(28, "the disk is full")), id="full"),
        pytest.param(lambda: Raising(BrokenPipeError()), id="broken_pipe"),
    ],
)


@each_broken_log
@each_server
@each_lane
def test_broken_log(server_class, handler, stream, monkeypatch):
    monkeypatch.setattr(sys, "stderr", stream())
    with serving(server_class(ANYWHERE, handler)) as running:
        want_served(running)
        with conversation(running) as client:
            client.get("/", "Name : value").expect(400)
            client.want_closed()
        want_served(running)


def test_log_that_cannot_hold_a_character(monkeypatch):
    """A file in ASCII gets it escaped: nobody stays out of the log by an accent."""
    stream = io.TextIOWrapper(io.BytesIO(), "ascii", write_through=True)
    monkeypatch.setattr(sys, "stderr", stream)
    handler = type("Telling", (Victim,), {"do_GET": lambda self: self.send_error(404, "\xe4")})
    with serving(HTTPServer(ANYWHERE, handler)) as running, conversation(running) as client:
        client.get().expect(404)
    assert b"message \\xe4\n" in stream.buffer.getvalue()


@each_broken_log
@each_server
@each_lane
def test_broken_log_of_a_traceback(server_class, handler, stream, monkeypatch):
    monkeypatch.setattr(sys, "stderr", stream())
    monkeypatch.setattr(sys, "stdout", io.StringIO())  # Where print() goes without a stderr.
    wild = with_wild(handler, raising(OwnError()))
    with serving(server_class(ANYWHERE, wild)) as running:
        for _ in range(3):
            with conversation(running) as client:
                client.get("/wild").expect(500)
        want_served(running)


@each_broken_log
@each_lane
def test_broken_log_of_a_thread_s_end(handler, stream, monkeypatch):
    told = []

    def excepthook(arguments):  # And not pytest's.
        try:
            threading.__excepthook__(arguments)
        finally:
            told.append(arguments.exc_type)

    monkeypatch.setattr(sys, "stderr", stream())
    monkeypatch.setattr(threading, "excepthook", excepthook)
    wild = with_wild(handler, raising(OwnExit()))
    with serving(ThreadingHTTPServer(ANYWHERE, wild)) as running:
        for _ in range(3):
            with conversation(running) as client:
                client.get("/wild").want_gone()
        want_served(running)
        # The client may see its connection's end before the thread has told.
        eventually(lambda: told == [OwnExit] * 3)


@each_server
@each_lane
@pytest.mark.parametrize("years", [-30, 30])
def test_clock_that_jumps(server_class, handler, years, capsys, monkeypatch):
    """Deadlines count by a clock that never goes back; only dates show the other one."""
    with serving(server_class(ANYWHERE, handler)) as running, conversation(running) as client:
        client.get().expect(200)
        client.send("GET / HTTP/1.1\r\nHost:")
        now = time.time
        monkeypatch.setattr(time, "time", lambda: now() + years * 365 * 86400)
        client.want_idle()
        if handler is Victim or server_class is ThreadingHTTPServer:
            want_served(running)  # Else the one thread would be taken from our client.
        client.send(" x\r\n\r\n").expect(200, b"read 0")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@each_server
@each_lane
def test_fork(server_class, handler, capsys):
    """The child holds the client's socket, too; the client gets its end all the same."""
    reading, writing = os.pipe()
    children = []

    def fork(given):
        child = os.fork()
        if not child:
            os.read(reading, 1)
            os._exit(0)
        children.append(child)

    try:
        with serving(server_class(ANYWHERE, with_wild(handler, fork))) as running:
            for _ in range(3):
                with conversation(running) as client:
                    client.get("/wild", "Connection: close").expect(200, b"read 0")
                    client.want_closed()
            with conversation(running) as client:
                client.get("/wild").expect(200, b"read 0")
                client.get("/").expect(200, b"read 0")
            want_served(running)
    finally:
        os.write(writing, bytes(len(children)))
        for child in children:
            os.waitpid(child, 0)
        os.close(reading)
        os.close(writing)
