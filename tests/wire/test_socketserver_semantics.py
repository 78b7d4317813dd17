"""Every hook of socketserver: that it is called, when, in which thread, with what."""

import contextlib
import functools
import http.server
import os
import signal
import socket
import socketserver
import threading

import pytest

from basehttpserver import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from tests.running import PATIENCE_SECONDS, Running, eventually, serving
from tests.wire.conversation import conversation
from tests.wire.servers import Answering

pytestmark = pytest.mark.usefixtures("leaks_nothing")

ANYWHERE = ("127.0.0.1", 0)


class Handler(Answering):
    def do_GET(self):
        self.answer(self.path.encode())


def with_get(do_get, **attributes):
    return type("Made", (Handler,), {"do_GET": do_get, **attributes})


class Mixed(socketserver.ThreadingMixIn, HTTPServer):
    """What programs wrote before there was ThreadingHTTPServer."""

    daemon_threads = True


CLASSES = [HTTPServer, ThreadingHTTPServer, Mixed]
THREADING = [ThreadingHTTPServer, Mixed]

each_class = pytest.mark.parametrize("server_class", CLASSES)
each_threading = pytest.mark.parametrize("server_class", THREADING)

#: All hooks that a server calls, in alphabetical order.
HOOKS = [
    "close_request",
    "finish_request",
    "get_request",
    "process_request",
    "shutdown_request",
    "verify_request",
]


def recording(server_class, *hooks):
    """A class whose `hooks` note their names, threads and arguments, and go on."""
    calls = []

    def make(name):
        def hook(self, *args):
            calls.append((name, threading.current_thread(), args))
            return getattr(super(made, self), name)(*args)

        return hook

    made = type("Recording", (server_class,), {name: make(name) for name in hooks})
    made.calls = calls
    return made


def names(calls):
    return [name for name, *_ in calls]


class TestHooks:
    @each_class
    @pytest.mark.parametrize(
        "hooks", [HOOKS, *([hook] for hook in HOOKS), ["process_request_thread"]], ids="-".join
    )
    def test_order(self, server_class, hooks):
        if "process_request_thread" in hooks and server_class is HTTPServer:
            pytest.skip("a hook of ThreadingMixIn")
        server = recording(server_class, *hooks)(ANYWHERE, Handler)
        with serving(server) as running:
            with conversation(running) as client:
                client.get("/1").expect(200, b"/1")
                client.get("/2").expect(200, b"/2")
            order = [
                "get_request",
                "verify_request",
                "process_request",
                "process_request_thread",
                "finish_request",
                "shutdown_request",
                "close_request",
            ]
            expected = [name for name in order if name in hooks]
            eventually(lambda: names(server.calls) == expected, f"{expected}")

    @each_class
    def test_arguments(self, server_class):
        server = recording(server_class, *HOOKS)(ANYWHERE, Handler)
        with serving(server) as running, conversation(running) as client:
            client.get("/", "Connection: close").expect(200)
            client.want_closed()
            eventually(lambda: "close_request" in names(server.calls))
            address = client.socket.getsockname()
        arguments = {name: args for name, _, args in server.calls}
        for name in ("verify_request", "process_request", "finish_request"):
            request, client_address = arguments[name]
            assert isinstance(request, socket.socket)
            assert client_address == address
        for name in ("shutdown_request", "close_request"):
            assert arguments[name] == (arguments["finish_request"][0],)

    def test_all_in_the_thread_of_serve_forever(self):
        server = recording(HTTPServer, *HOOKS)(ANYWHERE, Handler)
        with serving(server) as running:
            for _ in range(3):
                with conversation(running) as client:
                    client.get("/", "Connection: close").expect(200)
                    client.want_closed()
            eventually(lambda: len(server.calls) == 3 * len(HOOKS))
            assert {thread for _, thread, _ in server.calls} == {running.thread}

    @each_threading
    def test_threads_of_a_threading_server(self, server_class):
        hooks = ["finish_request", "get_request", "shutdown_request", "verify_request"]
        server = recording(server_class, *hooks)(ANYWHERE, Handler)
        with serving(server) as running:
            with conversation(running) as client:
                client.get("/", "Connection: close").expect(200)
                client.want_closed()
            eventually(lambda: len(server.calls) == len(hooks))
            threads = {name: thread for name, thread, _ in server.calls}
        assert threads["get_request"] is threads["verify_request"] is running.thread
        assert threads["finish_request"] is not running.thread
        assert threads["shutdown_request"] is threads["finish_request"]

    @each_class
    def test_hook_that_is_set_on_the_instance(self, server_class):
        server = server_class(ANYWHERE, Handler)
        seen = []
        original = server.finish_request
        server.finish_request = lambda *args: (seen.append(args), original(*args))
        with serving(server) as running, conversation(running) as client:
            client.get("/", "Connection: close").expect(200)
            client.want_closed()
        assert len(seen) == 1

    @each_class
    def test_verify_request_refuses(self, server_class):
        class Refusing(server_class):
            def verify_request(self, request, client_address):
                return False

        with serving(Refusing(ANYWHERE, Handler)) as running, conversation(running) as client:
            client.want_closed()

    @each_class
    def test_get_request_that_fails(self, server_class):
        class Failing(server_class):
            failures = 0

            def get_request(self):
                request, client_address = super().get_request()
                if not self.failures:
                    self.failures = 1
                    request.close()
                    raise OSError("not this one")
                return request, client_address

        with serving(Failing(ANYWHERE, Handler)) as running:
            with conversation(running) as client:
                client.want_gone()
            with conversation(running) as client:
                client.get().expect(200)

    @each_class
    def test_process_request_overridden_without_super(self, server_class):
        """As programs did that wanted their own threads, or none."""

        class Own(server_class):
            def process_request(self, request, client_address):
                self.finish_request(request, client_address)
                self.shutdown_request(request)

        with serving(Own(ANYWHERE, Handler)) as running:
            for _ in range(2):
                with conversation(running) as client:
                    client.get("/1").expect(200, b"/1")
                    client.get("/2", "Connection: close").expect(200, b"/2")
                    client.want_closed()

    @each_threading
    def test_process_request_in_a_thread_of_its_own(self, server_class):
        class Own(server_class):
            def process_request(self, request, client_address):
                thread = threading.Thread(
                    target=self.process_request_thread, args=(request, client_address)
                )
                self.started.append(thread)
                thread.start()

        Own.started = []
        with serving(Own(ANYWHERE, Handler)) as running:
            with conversation(running) as one, conversation(running) as other:
                one.get("/1").expect(200, b"/1")
                other.get("/2").expect(200, b"/2")
                one.get("/3").expect(200, b"/3")
            assert len(Own.started) == 2
            for thread in Own.started:
                thread.join(PATIENCE_SECONDS)

    @each_class
    def test_service_actions(self, server_class):
        called = threading.Semaphore(0)
        threads = set()

        class Acting(server_class):
            def service_actions(self):
                threads.add(threading.current_thread())
                called.release()

        with serving(Acting(ANYWHERE, Handler)) as running:
            for _ in range(3):
                assert called.acquire(timeout=PATIENCE_SECONDS)
            assert threads == {running.thread}

    @each_class
    def test_server_bind_and_activate(self, server_class):
        recorded = recording(server_class, "server_activate", "server_bind")
        with recorded(ANYWHERE, Handler, bind_and_activate=False) as server:
            assert recorded.calls == []
            server.server_bind()
            assert server.server_port == server.server_address[1] != 0
            server.server_activate()
            assert server.fileno() == server.socket.fileno()
            with serving(server) as running, conversation(running) as client:
                client.get().expect(200)

    @each_class
    def test_server_bind_that_asks_for_a_name(self, server_class):
        class Named(server_class):
            def server_bind(self):
                socketserver.TCPServer.server_bind(self)
                self.server_name = "example.org"
                self.server_port = self.server_address[1]

        with serving(Named(ANYWHERE, Handler)) as running, conversation(running) as client:
            client.get().expect(200)
            assert running.server.server_name == "example.org"


class TestErrors:
    @each_class
    def test_handle_error_is_called_inside_except(self, server_class):
        seen = []

        class Noting(server_class):
            def handle_error(self, request, client_address):
                try:
                    raise
                except RuntimeError as error:
                    seen.append((str(error), client_address))

        def do_get(self):
            raise RuntimeError("a bug")

        with serving(Noting(ANYWHERE, with_get(do_get))) as running:
            with conversation(running) as client:
                client.get().expect(500)
                client.want_closed()
                address = client.socket.getsockname()
            eventually(lambda: seen == [("a bug", address)])
            with conversation(running) as client:
                client.get().expect(500)

    @pytest.mark.parametrize("overrides_setup", [False, True])
    def test_bare_raise_leaves_serve_forever(self, overrides_setup):
        class Raising(HTTPServer):
            def handle_error(self, request, client_address):
                raise

        def do_get(self):
            raise RuntimeError("a bug")

        handler = with_get(do_get)
        if overrides_setup:
            handler.setup = lambda self: super(handler, self).setup()
        with serving(Raising(ANYWHERE, handler)) as running, conversation(running) as client:
            client.get().expect(500)
            assert isinstance(running.take_raised(), RuntimeError)
            client.want_gone()

    @each_threading
    @pytest.mark.parametrize("overrides_setup", [False, True])
    def test_bare_raise_in_a_thread(self, server_class, overrides_setup, monkeypatch):
        """It goes to ``threading.excepthook``; the server lives."""
        told = []
        monkeypatch.setattr(threading, "excepthook", told.append)

        class Raising(server_class):
            def handle_error(self, request, client_address):
                raise

        def do_get(self):
            raise RuntimeError("a bug")

        handler = with_get(do_get)
        if overrides_setup:
            handler.setup = lambda self: super(handler, self).setup()
        with serving(Raising(ANYWHERE, handler)) as running:
            for _ in range(2):
                with conversation(running) as client:
                    client.get().expect(500)
                    client.want_gone()
            eventually(lambda: len(told) == 2)
            assert told[0].exc_type is RuntimeError
            told.clear()

    @pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
    @pytest.mark.parametrize("overrides_setup", [False, True])
    def test_exit_leaves_serve_forever(self, error, overrides_setup):
        def do_get(self):
            raise error

        handler = with_get(do_get)
        if overrides_setup:
            handler.setup = lambda self: super(handler, self).setup()
        server = recording(HTTPServer, "handle_error")(ANYWHERE, handler)
        with serving(server) as running, conversation(running) as client:
            client.get()
            assert isinstance(running.take_raised(), error)
            client.want_gone()
        assert server.calls == []

    @each_threading
    @pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
    def test_exit_in_a_thread(self, server_class, error, monkeypatch):
        told = []
        monkeypatch.setattr(threading, "excepthook", told.append)

        def do_get(self):
            if self.path == "/exit":
                raise error
            self.answer(b"alive")

        with serving(server_class(ANYWHERE, with_get(do_get))) as running:
            with conversation(running) as client:
                client.get("/exit").want_gone()
            with conversation(running) as client:
                client.get("/").expect(200, b"alive")
            eventually(lambda: [given.exc_type for given in told] == [error])
            told.clear()

    @each_class
    def test_traceback_on_stderr(self, server_class, capsys):
        def do_get(self):
            raise RuntimeError("a bug of mine")

        with (
            serving(server_class(ANYWHERE, with_get(do_get))) as running,
            conversation(running) as client,
        ):
            client.get().expect(500)
            client.want_closed()
        printed = capsys.readouterr().err
        assert "Exception occurred during processing of request from" in printed
        assert "RuntimeError: a bug of mine" in printed

    @each_class
    def test_client_that_went_away_is_no_error(self, server_class, capsys):
        is_gone, reported = threading.Event(), threading.Event()

        def do_get(self):
            is_gone.wait(PATIENCE_SECONDS)
            self.send_response(200)
            self.end_headers()
            while True:
                self.wfile.write(bytes(65536))

        class Telling(server_class):
            def handle_error(self, request, client_address):
                super().handle_error(request, client_address)
                reported.set()

        with serving(Telling(ANYWHERE, with_get(do_get))) as running:
            with conversation(running) as client:
                client.get().reset()
            is_gone.set()
            assert reported.wait(PATIENCE_SECONDS)
        assert capsys.readouterr().err == ""

    @each_class
    def test_connection_of_the_handler_s_own_that_broke_is_an_error(self, server_class, capsys):
        """A database that is down, say. http.server prints a traceback, too."""

        def do_get(self):
            with socket.socket() as deaf:
                deaf.bind(ANYWHERE)
                socket.create_connection(deaf.getsockname())

        with (
            serving(server_class(ANYWHERE, with_get(do_get))) as running,
            conversation(running) as client,
        ):
            client.get().expect(500)
            client.want_closed()  # The report is whole before.
        assert "ConnectionRefusedError" in capsys.readouterr().err

    @each_class
    def test_finish_that_raises_after_the_connection_was_idle(self, server_class):
        """The handler's files are closed when the client leaves; whatever that raises."""

        class Broken:
            closed = False

            def flush(self):
                raise RuntimeError("cannot flush")

        def do_get(self):
            self.answer(b"sent")
            self.wfile.flush()
            self.wfile = Broken()

        server = recording(server_class, "handle_error")
        server.handle_error = lambda self, *args: server.calls.append(args)
        with serving(server(ANYWHERE, with_get(do_get))) as running:
            for _ in range(2):
                with conversation(running) as client:
                    client.get().expect(200, b"sent")
            eventually(lambda: len(server.calls) == 2)


class TestStartAndStop:
    @each_class
    def test_serve_forever_again(self, server_class):
        server = server_class(ANYWHERE, Handler)
        for _ in range(3):
            running = Running(server)
            with conversation(running) as client:
                client.get().expect(200)
            running.stop()
        server.server_close()

    @each_class
    def test_shutdown_before_serve_forever(self, server_class):
        """It waits; ``serve_forever`` returns at once, as in socketserver."""
        server = server_class(ANYWHERE, Handler)
        asking = threading.Thread(target=server.shutdown)
        asking.start()
        eventually(lambda: server._is_asked_to_stop)
        running = Running(server)
        running.thread.join(PATIENCE_SECONDS)
        asking.join(PATIENCE_SECONDS)
        assert not running.thread.is_alive()
        assert not asking.is_alive()
        server.server_close()

    @each_class
    @pytest.mark.parametrize("overrides_setup", [False, True])
    def test_shutdown_from_a_handler(self, server_class, overrides_setup):
        def do_get(self):
            self.server.shutdown()
            self.answer(b"stopped")

        handler = with_get(do_get)
        if overrides_setup:
            handler.setup = lambda self: super(handler, self).setup()
        with serving(server_class(ANYWHERE, handler)) as running, conversation(running) as client:
            client.get("/", "Connection: close").expect(200, b"stopped")
            running.thread.join(PATIENCE_SECONDS)
            assert not running.thread.is_alive()

    @each_threading
    def test_shutdown_waits_for_no_handler(self, server_class):
        began, may_end = threading.Event(), threading.Event()

        def do_get(self):
            began.set()
            may_end.wait(PATIENCE_SECONDS)
            self.answer(b"late")

        server = server_class(ANYWHERE, with_get(do_get))
        with serving(server) as running, conversation(running) as client:
            client.get("/")
            assert began.wait(PATIENCE_SECONDS)
            server.shutdown()
            server.server_close()
            may_end.set()
            client.expect(200, b"late")
            client.want_gone()
            running.thread.join(PATIENCE_SECONDS)

    @each_threading
    def test_server_close_waits_where_it_is_told_to(self, server_class):
        waiting = type("Waiting", (server_class,), {"daemon_threads": False})
        began, may_end = threading.Event(), threading.Event()
        ended = []

        def do_get(self):
            began.set()
            may_end.wait(PATIENCE_SECONDS)
            self.answer(b"late")
            ended.append(True)

        server = waiting(ANYWHERE, with_get(do_get))
        running = Running(server)
        with conversation(running) as client:
            client.get("/", "Connection: close")
            assert began.wait(PATIENCE_SECONDS)
            server.shutdown()
            threading.Timer(0.1, may_end.set).start()
            server.server_close()
            assert ended
            client.expect(200, b"late")

    @each_threading
    @pytest.mark.parametrize("first", [b"one", b""])
    def test_late_output_of_a_handler_that_outlives_the_server(self, server_class, first):
        began, may_go_on, may_end = (threading.Event() for _ in range(3))

        def do_get(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(first)
            began.set()
            may_go_on.wait(PATIENCE_SECONDS)
            self.wfile.write(b"two")
            may_end.wait(PATIENCE_SECONDS)

        server = server_class(ANYWHERE, with_get(do_get))
        running = Running(server)
        with conversation(running) as client:
            client.get(version="HTTP/1.0")
            assert began.wait(PATIENCE_SECONDS)
            running.stop()
            server.server_close()
            may_go_on.set()
            client._read_until(b"\r\n\r\n")
            client.expect_bytes(first + b"two")
            may_end.set()
            client.want_closed()

    @each_class
    def test_server_close_ends_idle_connections(self, server_class):
        server = server_class(ANYWHERE, Handler)
        running = Running(server)
        with conversation(running) as silent, conversation(running) as idle:
            idle.get().expect(200)
            running.stop()
            server.server_close()
            idle.want_gone()
            silent.want_gone()

    @each_class
    def test_server_close_without_shutdown(self, server_class):
        """As careless programs do. ``serve_forever`` returns."""
        server = server_class(ANYWHERE, Handler)
        running = Running(server)
        with conversation(running) as client:
            client.get().expect(200)
        server.server_close()
        running.thread.join(PATIENCE_SECONDS)
        assert not running.thread.is_alive()
        assert running.raised is None

    @each_class
    def test_never_served(self, server_class):
        server_class(ANYWHERE, Handler).server_close()

    @each_class
    def test_closed_twice(self, server_class):
        server = server_class(ANYWHERE, Handler)
        server.server_close()
        server.server_close()


class TestHandleRequest:
    @each_class
    def test_serves_one_after_another(self, server_class):
        with server_class(ANYWHERE, Handler) as server:
            for number in range(3):
                with conversation(server.server_address) as client:
                    client.get(f"/{number}", "Connection: close")
                    server.handle_request()
                    client.expect(200, b"/%d" % number)
                    client.want_closed()

    @each_class
    def test_silent_connection_does_not_count(self, server_class):
        with server_class(ANYWHERE, Handler) as server:
            server.timeout = PATIENCE_SECONDS
            address = server.server_address
            with conversation(address), conversation(address) as client:
                client.get("/", "Connection: close")
                server.handle_request()
                client.expect(200)

    @each_class
    def test_timeout(self, server_class):
        recorded = recording(server_class, "handle_timeout")
        with recorded(ANYWHERE, Handler) as server:
            server.timeout = 0.05
            server.handle_request()
            with conversation(server.server_address) as client:
                client.send("GET / HT")
                server.handle_request()
                assert names(recorded.calls) == ["handle_timeout"] * 2
                client.send("TP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                server.timeout = PATIENCE_SECONDS
                server.handle_request()
                client.expect(200)

    @each_class
    def test_listener_with_a_timeout(self, server_class):
        recorded = recording(server_class, "handle_timeout")
        with recorded(ANYWHERE, Handler) as server:
            server.socket.settimeout(0.05)
            server.handle_request()
            assert names(recorded.calls) == ["handle_timeout"]

    def test_keep_alive_connection_is_served_to_its_end(self):
        with HTTPServer(ANYWHERE, Handler) as server, conversation(server.server_address) as client:
            client.get("/1").get("/2").get("/3", "Connection: close")
            server.handle_request()
            for target in (b"/1", b"/2", b"/3"):
                client.expect(200, target)
            client.want_closed()

    def test_idle_connection_ends_when_others_wait(self):
        with (
            HTTPServer(ANYWHERE, Handler) as server,
            conversation(server.server_address) as idle,
        ):
            idle.get("/idle")
            with conversation(server.server_address) as other:
                other.get("/other", "Connection: close")
                server.handle_request()
                idle.expect(200, b"/idle")
                idle.want_closed()
                server.handle_request()
                other.expect(200, b"/other")

    @each_class
    def test_before_and_after_serve_forever(self, server_class):
        server = server_class(ANYWHERE, Handler)
        for _ in range(2):
            with conversation(server.server_address) as client:
                client.get("/", "Connection: close")
                server.handle_request()
                client.expect(200)
            running = Running(server)
            with conversation(running) as client:
                client.get().expect(200)
            running.stop()
        server.server_close()


class TestForking:
    pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")

    def test_forking_mix_in(self):
        class Forking(socketserver.ForkingMixIn, HTTPServer):
            pass

        handler = with_get(lambda self: self.answer(b"%d" % os.getpid()))
        with serving(Forking(ANYWHERE, handler)) as running:
            processes = set()
            for _ in range(3):
                with conversation(running) as client:
                    first = client.get().expect(200).body
                    assert client.get("/", "Connection: close").expect(200).body == first
                    client.want_closed()
                    processes.add(int(first))
        assert len(processes) == 3
        assert os.getpid() not in processes

    def test_late_output_of_a_child(self):
        """The child has no flusher yet: it starts its own."""

        class Forking(socketserver.ForkingMixIn, HTTPServer):
            pass

        reader, writer = os.pipe()

        def do_get(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"first")
            os.read(reader, 1)

        with (
            serving(Forking(ANYWHERE, with_get(do_get))) as running,
            conversation(running) as client,
        ):
            client.get(version="HTTP/1.0")._read_until(b"\r\n\r\n")
            client.expect_bytes(b"first")
            os.write(writer, b"x")
            client.want_closed()
        os.close(reader)
        os.close(writer)


class TestAddresses:
    @each_class
    def test_unix_socket(self, server_class, tmp_path):
        class Local(server_class):
            address_family = socket.AF_UNIX

        path = str(tmp_path / "socket")
        with serving(Local(path, Handler)) as running, conversation(running) as client:
            client.get("/1").expect(200, b"/1")
            client.get("/2").expect(200, b"/2")
            assert running.server.server_name == path

    @each_class
    def test_replaced_socket(self, server_class):
        server = server_class(ANYWHERE, Handler, bind_and_activate=False)
        server.socket.close()
        server.socket = socket.create_server(ANYWHERE)
        server.server_address = server.socket.getsockname()
        with serving(server) as running, conversation(running) as client:
            client.get().expect(200)

    @each_class
    def test_listener_with_a_timeout(self, server_class):
        server = server_class(ANYWHERE, Handler)
        server.socket.settimeout(0.05)
        with serving(server) as running, conversation(running) as client:
            client.get().expect(200)
            client.get("/2").expect(200, b"/2")


class TestHandlerCallables:
    @each_class
    @pytest.mark.parametrize(
        "make",
        [
            functools.partial(Handler),
            lambda *args: Handler(*args),
            type("Made", (Handler,), {}),
            staticmethod(Handler),
        ],
        ids=["partial", "closure", "type", "callable object"],
    )
    def test_any_callable(self, server_class, make):
        with serving(server_class(ANYWHERE, make)) as running, conversation(running) as client:
            client.get("/1").expect(200, b"/1")
            client.get("/2").expect(200, b"/2")

    @each_class
    def test_handler_of_http_server(self, server_class):
        """CPython's own handler under our server."""

        class Standard(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            do_GET = Handler.do_GET
            answer = Handler.answer
            log_message = Handler.log_message

            def do_POST(self):
                self.answer(self.rfile.read(int(self.headers["Content-Length"])))

        with serving(server_class(ANYWHERE, Standard)) as running, conversation(running) as client:
            client.get("/1").expect(200, b"/1")
            client.get(method="POST", body=b"body").expect(200, b"body")
            client.get("/2", "Connection: close").expect(200, b"/2")
            client.want_closed()

    @each_class
    def test_handler_that_is_not_for_http(self, server_class):
        class Greeter(socketserver.StreamRequestHandler):
            def handle(self):
                self.wfile.write(b"hello\n")
                self.wfile.write(self.rfile.readline())

        with serving(server_class(ANYWHERE, Greeter)) as running, conversation(running) as client:
            client.expect_bytes(b"hello\n").send("echo\n").expect_bytes(b"echo\n").want_closed()

    @pytest.mark.parametrize(
        "server_class", [socketserver.TCPServer, socketserver.ThreadingTCPServer]
    )
    def test_under_a_plain_tcp_server(self, server_class):
        class Plain(server_class):
            daemon_threads = True

        with serving(Plain(ANYWHERE, Handler)) as running, conversation(running) as client:
            client.get("/1").expect(200, b"/1")
            client.get("/2", "Connection: close").expect(200, b"/2")
            client.want_closed()

    @pytest.mark.parametrize(
        "server_class", [http.server.HTTPServer, http.server.ThreadingHTTPServer]
    )
    def test_under_the_standard_servers(self, server_class):
        with serving(server_class(ANYWHERE, Handler)) as running, conversation(running) as client:
            client.get("/1").expect(200, b"/1")
            client.get("/2", "Connection: close").expect(200, b"/2")
            client.want_closed()


def noting_threads(*hooks):
    """A handler class that overrides `hooks` and notes the thread of each and of ``do_GET``."""
    notes = []

    def make(name):
        def hook(self, *args):
            notes.append((name, threading.current_thread()))
            getattr(super(made, self), name)(*args)

        return hook

    def do_get(self):
        notes.append(("do_GET", threading.current_thread()))
        self.answer(b"ok")

    made = type("Noting", (Handler,), {"do_GET": do_get, **{name: make(name) for name in hooks}})
    made.notes = notes
    return made


class TestThreadsOfHandlers:
    @each_class
    @pytest.mark.parametrize("hook", ["__init__", "setup", "handle", "finish"])
    def test_one_thread_for_a_connection(self, server_class, hook):
        handler = noting_threads(hook)
        with serving(server_class(ANYWHERE, handler)) as running:
            with conversation(running) as client:
                for _ in range(3):
                    client.get().expect(200)
                client.get("/", "Connection: close").expect(200)
                client.want_closed()
            eventually(lambda: len(handler.notes) == 5)
            (thread,) = {thread for _, thread in handler.notes}
            assert (thread is running.thread) == (server_class is HTTPServer)

    @each_class
    def test_code_behind_the_constructor_runs_at_the_end(self, server_class):
        order = []

        class Late(Handler):
            def __init__(self, *args):
                super().__init__(*args)
                order.append("end")

            def do_GET(self):
                order.append(self.path)
                super().do_GET()

        with serving(server_class(ANYWHERE, Late)) as running:
            with conversation(running) as client:
                client.get("/1").expect(200)
                client.get("/2").expect(200)
                assert order == ["/1", "/2"]
            eventually(lambda: order == ["/1", "/2", "end"])

    def test_http_server_runs_all_in_the_thread_of_serve_forever(self):
        handler = noting_threads()
        with serving(HTTPServer(ANYWHERE, handler)) as running:
            with contextlib.ExitStack() as stack:
                clients = [stack.enter_context(conversation(running)) for _ in range(5)]
                for _ in range(3):
                    for client in clients:
                        client.get()
                    for client in clients:
                        client.expect(200)
            assert {thread for _, thread in handler.notes} == {running.thread}

    def test_handlers_of_http_server_never_overlap(self):
        lock = threading.Lock()
        overlaps = []

        def do_get(self):
            if not lock.acquire(blocking=False):
                overlaps.append(True)
                return
            self.answer(b"x" * 100_000)
            lock.release()

        with (
            serving(HTTPServer(ANYWHERE, with_get(do_get))) as running,
            contextlib.ExitStack() as stack,
        ):
            clients = [stack.enter_context(conversation(running)) for _ in range(10)]
            for client in clients:
                client.get()
            for client in clients:
                client.expect(200)
        assert not overlaps

    @each_threading
    def test_handlers_overlap(self, server_class):
        barrier = threading.Barrier(3, timeout=PATIENCE_SECONDS)

        def do_get(self):
            barrier.wait()
            self.answer(threading.current_thread().name.encode())

        handler = with_get(do_get)
        with serving(server_class(ANYWHERE, handler)) as running, contextlib.ExitStack() as stack:
            clients = [stack.enter_context(conversation(running)) for _ in range(3)]
            for client in clients:
                client.get()
            found = {client.expect(200).body for client in clients}
            assert b"serve_forever" not in found


class TestSignals:
    def test_keyboard_interrupt_reaches_serve_forever(self):
        """Ctrl-C in the main thread leaves ``serve_forever``, in a handler too."""
        server = HTTPServer(ANYWHERE, with_get(lambda self: signal.raise_signal(signal.SIGINT)))
        with server, conversation(server.server_address) as client:
            client.get()
            with pytest.raises(KeyboardInterrupt):
                server.serve_forever()
            client.want_gone()


class TestFaultsOfHooks:
    @each_class
    def test_a_hook_that_raises_for_a_silent_client_does_not_end_the_server(
        self, server_class, capsys
    ):
        class Broken(server_class):
            closed = 0

            def close_request(self, request):
                super().close_request(request)
                self.closed += 1
                if self.closed == 1:
                    raise RuntimeError("a bug of the hook")

        def do_get(self):
            self.answer(b"alive")

        server = Broken(ANYWHERE, with_get(do_get))
        with serving(server) as running:
            with conversation(running) as silent:
                silent.finish_sending()
                silent.want_closed()
            with conversation(running) as client:
                client.get().expect(200, b"alive")
        assert "a bug of the hook" in capsys.readouterr().err

    @each_class
    def test_a_handler_may_close_its_server(self, server_class):
        def do_get(self):
            self.server.server_close()
            self.answer(b"closed")

        running = Running(server_class(ANYWHERE, with_get(do_get)))
        with conversation(running) as client:
            client.get().expect(200, b"closed")
        running.stop()
        assert running.raised is None

    @each_class
    def test_an_overridden_step_need_not_know_of_close_connection(self, server_class):
        def handle_one_request(self):
            self.raw_requestline = self.rfile.readline()
            self.wfile.write(b"HTTP/1.0 200 OK\r\n\r\nby hand")

        handler = type(
            "ByHand", (BaseHTTPRequestHandler,), {"handle_one_request": handle_one_request}
        )
        with (
            serving(server_class(ANYWHERE, handler)) as running,
            conversation(running) as client,
        ):
            client.get()
            assert client.read_to_end().endswith(b"by hand")
