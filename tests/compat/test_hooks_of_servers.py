"""The hooks of socketserver: the same calls, in the same order and the same threads as CPython's.

`traced` makes a server class whose every hook notes its name and its thread and goes on. A scenario
runs under CPython's server and under ours, and what was noted must be the same. What cannot be
compared is left out: ``service_actions`` comes as often as it comes.
"""

import contextlib
import os
import socket
import socketserver
import threading

import pytest

from tests.compat.sides import ANYWHERE, KINDS, PACKAGES, POLL_SECONDS, SIDES, Side
from tests.running import PATIENCE_SECONDS, Running, eventually, serving
from tests.wire.conversation import conversation

pytestmark = pytest.mark.usefixtures("leaks_nothing")

each_kind = pytest.mark.parametrize("kind", KINDS)

HOOKS = [
    "close_request",
    "finish_request",
    "get_request",
    "handle_error",
    "handle_timeout",
    "process_request",
    "process_request_thread",
    "server_activate",
    "server_bind",
    "server_close",
    "shutdown_request",
    "verify_request",
]


class Trace:
    """What was called, and in which thread: "serving", "testing", or "other"."""

    def __init__(self):
        self.lines = []
        self.names = {}

    def note(self, name):
        thread = threading.current_thread()
        here = "testing" if thread is threading.main_thread() else "other"
        self.lines.append((name, self.names.get(thread, here)))

    def calls(self):
        return [name for name, _ in self.lines]


def traced(server_class, trace, hooks=HOOKS, **overrides):
    """Return a server class whose hooks note that they are called.

    `overrides` do what they do in the place of the hook of their name.
    """

    def make(name):
        def hook(self, *args):
            trace.note(name)
            if name in overrides:
                return overrides[name](self, *args)
            return getattr(super(made, self), name)(*args)

        return hook

    present = [name for name in hooks if hasattr(server_class, name)]
    made = type("Traced", (server_class,), {name: make(name) for name in present})
    return made


def same_trace(scenario, kind, until, hooks=HOOKS, **overrides):
    """Run ``scenario(side, running)`` under both packages; return the one trace that both have.

    It has ended when `until` was called as often as the scenario returns.
    """
    traces = []
    for package in PACKAGES:
        side, trace = Side(package, kind), Trace()

        def do_get(self, trace=trace):
            trace.note("do_GET")
            if self.path == "/raise":
                raise LookupError("a bug")
            self.answer(b"fine")

        made = traced(side.server_class, trace, hooks, **overrides)
        server = made(ANYWHERE, side.handler(do_GET=do_get))
        running = Running(server, POLL_SECONDS)
        running.trace = trace
        trace.names[running.thread] = "serving"
        try:
            times = scenario(side, running)
            eventually(
                lambda t=trace, n=times: t.calls().count(until) == n, f"{until}: {trace.lines}"
            )
        finally:
            running.stop()
            server.server_close()
        assert running.raised is None
        traces.append(trace.lines)
    standard, ours = traces
    assert ours == standard
    return ours


def ask_one(side, running):
    with conversation(running) as client:
        client.get("/", "Connection: close").expect(200)
        client.want_closed()
    return 1


def ask_three(side, running):
    for number in range(3):
        ask_one(side, running)
        # One after another: in a threading server the ends overlap with what comes next.
        eventually(lambda ends=number + 1: running.trace.calls().count("close_request") == ends)
    return 3


def running_handlers():
    return [
        thread
        for thread in threading.enumerate()
        if "process_request_thread" in thread.name and thread.is_alive()
    ]


def fail(side, running):
    with conversation(running) as client:
        client.get("/raise").want_gone()
    return 1


@each_kind
@pytest.mark.parametrize("scenario", [ask_one, ask_three])
def test_all_hooks(kind, scenario, capsys):
    trace = same_trace(scenario, kind, "close_request")
    assert "process_request" in [name for name, _ in trace]


@each_kind
def test_all_hooks_for_a_handler_that_fails(kind, capsys):
    trace = same_trace(fail, kind, "close_request")
    names = [name for name, _ in trace]
    assert names.index("handle_error") < names.index("shutdown_request")
    assert "LookupError: a bug" in capsys.readouterr().err


@each_kind
@pytest.mark.parametrize("hook", HOOKS)
def test_one_hook(kind, hook, capsys):
    """Alone it may lead down another way through the engine; what it sees stays the same."""
    ends = {
        "handle_error": (fail, "handle_error"),
        # Which a thread calls when the client has its answer already.
        "shutdown_request": (ask_one, "shutdown_request"),
        "close_request": (ask_one, "close_request"),
    }
    scenario, until = ends.get(hook, (ask_one, "do_GET"))

    def run(side, running):
        times = scenario(side, running)
        eventually(lambda: not running_handlers())
        return times

    same_trace(run, kind, until, [hook])


@each_kind
def test_client_that_is_refused(kind):
    def be_refused(side, running):
        with conversation(running) as client:
            client.want_closed()
        return 1

    trace = same_trace(be_refused, kind, "close_request", verify_request=lambda *_: False)
    assert [name for name, _ in trace] == [
        "server_bind",
        "server_activate",
        "get_request",
        "verify_request",
        "shutdown_request",
        "close_request",
        "server_close",
    ]


@each_kind
def test_process_request_that_hands_the_connection_on(kind):
    """To a thread of its own that finishes and shuts the request down, as old programs did."""
    threads = []

    def process_request(self, request, client_address):
        def run():
            self.finish_request(request, client_address)
            self.shutdown_request(request)

        thread = threading.Thread(target=run)
        threads.append(thread)
        thread.start()

    same_trace(ask_one, kind, "close_request", process_request=process_request)
    for thread in threads:
        thread.join(PATIENCE_SECONDS)


@each_kind
def test_process_request_that_keeps_the_connection(kind):
    """It may answer by itself, without any handler, and later."""
    kept = []

    def process_request(self, request, client_address):
        kept.append((self, request))

    def answer(side, running):
        count = len(kept)
        with conversation(running) as client:
            client.get()
            eventually(lambda: len(kept) > count)
            server, request = kept[-1]
            data = request.recv(65536)
            assert data.startswith(b"GET / HTTP/1.1\r\n")
            request.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            client.expect(200, b"ok")
            server.shutdown_request(request)
            client.want_closed()
        return 1

    same_trace(answer, kind, "close_request", process_request=process_request)


@each_kind
def test_finish_request_that_answers_without_a_handler(kind):
    def finish_request(self, request, client_address):
        request.sendall(b"HTTP/1.1 503 Down\r\nContent-Length: 0\r\n\r\n")

    def be_told(side, running):
        with conversation(running) as client:
            client.get().expect(503)
            client.want_gone()
        return 1

    same_trace(be_told, kind, "close_request", finish_request=finish_request)


@each_kind
def test_get_request_that_makes_the_address_up(kind):
    """As behind a proxy, or on a Unix socket."""
    seen = []

    def get_request(self):
        request, _ = self.socket.accept()
        return request, ("192.0.2.1", 7)

    def verify_request(self, request, client_address):
        seen.append(client_address)
        return True

    overrides = {"get_request": get_request, "verify_request": verify_request}
    same_trace(ask_one, kind, "close_request", **overrides)
    assert seen == [("192.0.2.1", 7)] * 2


# Errors, stops and timeouts.


def test_handle_error_is_called_inside_except(side):
    """Werkzeug's does a bare ``raise``."""
    raised = []

    def handle_error(self, request, client_address):
        try:
            raise
        except LookupError as error:
            raised.append((error, client_address))

    def do_get(self):
        raise LookupError

    handler = side.handler(do_GET=do_get)
    with side.serving(handler, handle_error=handle_error) as running:
        with conversation(running) as client:
            client.get().want_gone()
            address = client.socket.getsockname()
        eventually(lambda: raised)
        ((error, client_address),) = raised
        assert isinstance(error, LookupError)
        assert client_address == address


@pytest.mark.parametrize("timeout", ["server", "listener"])
def test_handle_timeout(side, timeout):
    called = []
    server = side.server(side.handler(), handle_timeout=lambda self: called.append(True))
    with server:
        if timeout == "server":
            server.timeout = 0.02
        else:
            server.socket.settimeout(0.02)
        server.handle_request()
        server.handle_request()
    assert called == [True, True]


def test_handle_request_in_a_loop(side):
    """As pydoc and many tests serve, with nothing that polls in between."""
    server = side.server(side.handler())
    stopped = threading.Event()

    def loop():
        while not stopped.is_set():
            server.handle_request()

    thread = threading.Thread(target=loop)
    server.timeout = 0.05
    with server:
        thread.start()
        for number in range(4):
            with conversation(server.server_address) as client:
                client.get(f"/{number}", "Connection: close").expect(200, b"/%d" % number)
                client.want_closed()
        stopped.set()
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()


def test_serve_forever_twice_and_shutdown_from_a_thread(side):
    server = side.server(side.handler())
    with server:
        for _ in range(2):
            running = Running(server, POLL_SECONDS)
            ask_one(side, running)
            running.stop()
            assert running.raised is None
        eventually(lambda: not running_handlers())


@pytest.mark.parametrize("side", [side for side in SIDES if side.is_ours or side.overlaps], ids=str)
def test_shutdown_from_a_handler(side):
    """In CPython's ``HTTPServer`` it would wait for itself."""

    def do_get(self):
        self.server.shutdown()
        self.answer(b"stopping")

    running = Running(side.server(side.handler(do_GET=do_get)))
    with conversation(running) as client:
        client.get("/", "Connection: close").expect(200, b"stopping")
        running.thread.join(PATIENCE_SECONDS)
        assert not running.thread.is_alive()
    running.server.server_close()


def test_system_exit_in_a_handler(side, monkeypatch):
    """Leaves ``serve_forever`` where that runs the handler, and a thread of its own elsewhere."""
    told = []
    monkeypatch.setattr(threading, "excepthook", told.append)

    def do_get(self):
        if self.path == "/exit":
            raise SystemExit(3)
        self.answer(b"alive")

    with side.serving(side.handler(do_GET=do_get)) as running:
        with conversation(running) as client:
            client.get("/exit").want_gone()
        if side.overlaps:
            with conversation(running) as client:
                client.get("/", "Connection: close").expect(200, b"alive")
            eventually(lambda: told)
        else:
            assert isinstance(running.take_raised(), SystemExit)


def test_code_behind_the_constructor_and_behind_finish_request(side):
    order = []

    class Handler(side.base):
        def __init__(self, *args):
            super().__init__(*args)
            order.append("constructor")

        def finish(self):
            super().finish()
            order.append("finish")

        def do_GET(self):
            order.append(self.path)
            super().do_GET()

    def finish_request(self, request, client_address):
        side.server_class.finish_request(self, request, client_address)
        order.append("finish_request")

    with side.serving(Handler, finish_request=finish_request) as running:
        with conversation(running) as client:
            client.get("/1").expect(200)
            client.get("/2", "Connection: close").expect(200)
            client.want_closed()
        eventually(lambda: "finish_request" in order)
    assert order == ["/1", "/2", "finish", "constructor", "finish_request"]


def test_service_actions(side):
    threads = []
    with side.serving(
        side.handler(), service_actions=lambda self: threads.append(threading.current_thread())
    ) as running:
        eventually(lambda: len(threads) > 3)
        assert set(threads) == {running.thread}


def test_context_manager_closes(side):
    with side.server(side.handler()) as server:
        assert server.fileno() == server.socket.fileno() >= 0
    assert server.fileno() == -1


def test_kinship(side):
    server_class = side.server_class
    assert issubclass(server_class, socketserver.TCPServer)
    assert issubclass(server_class, socketserver.ThreadingMixIn) == side.overlaps
    assert issubclass(side.base, socketserver.StreamRequestHandler)


def test_attributes_before_bind(side):
    attributes = {
        "request_queue_size": 7,
        "allow_reuse_address": False,
        "daemon_threads": True,
        "block_on_close": False,
        "timeout": 5,
    }
    server = side.server(side.handler(), bind_and_activate=False, **attributes)
    reuse = server.socket.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)
    with server:
        server.server_bind()
        server.server_activate()
        assert server.socket.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR) == reuse == 0
        assert server.server_port == server.server_address[1] > 0
        assert server.address_family == socket.AF_INET
        with serving(server) as running:
            ask_one(side, running)


@pytest.mark.skipif(not hasattr(socket, "SO_REUSEPORT"), reason="the system has no SO_REUSEPORT")
def test_allow_reuse_port(side):
    """Several servers share a port, as several processes do."""
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(side.server(side.handler(), allow_reuse_port=True))
        again = stack.enter_context(
            side.server(side.handler(), allow_reuse_port=True, address=first.server_address)
        )
        assert again.server_address == first.server_address
        assert first.socket.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT)
        stack.enter_context(serving(first))
        running = stack.enter_context(serving(again))
        for _ in range(6):
            ask_one(side, running)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.parametrize("side", [side for side in SIDES if side.kind == "HTTPServer"], ids=str)
def test_max_children(side):
    """Further connections wait for a child to end; none of them stays behind as a zombie."""

    class Forking(socketserver.ForkingMixIn, side.server_class):
        max_children = 2

    handler = side.handler(do_GET=lambda self: self.answer(b"%d" % os.getpid()))
    server = Forking(ANYWHERE, handler)
    with serving(server) as running:
        processes, most = set(), 0
        for _ in range(5):
            with conversation(running) as client:
                process = client.get("/1").expect(200).body
                assert client.get("/2").expect(200).body == process  # It is kept alive.
                most = max(most, len(server.active_children or ()))
                client.get("/3", "Connection: close").expect(200, process)
                client.want_closed()
            processes.add(process)
        assert len(processes) == 5
        assert most <= 2
        assert b"%d" % os.getpid() not in processes
        eventually(lambda: not server.active_children, "children are collected")
