"""Clients that say nothing, or little, or are many: the next one is served at once all the same."""

import contextlib
import gc
import os
import select
import selectors
import socket
import subprocess
import sys
import threading
import time

import pytest

from basehttpserver import BaseHTTPRequestHandler, HTTPServer, Settings, ThreadingHTTPServer
from tests.running import PATIENCE_SECONDS, eventually, serving
from tests.wire.conversation import conversation

pytestmark = pytest.mark.usefixtures("leaks_nothing")

#: What "at once" means, on a machine that is busy with other tests.
AT_ONCE_SECONDS = 0.5

ANYWHERE = ("127.0.0.1", 0)
SILENT = 500
DRIPPING = 100

each_class = pytest.mark.parametrize("server_class", [HTTPServer, ThreadingHTTPServer])


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(b"hello")

    def do_POST(self):
        self.answer(self.rfile.read())

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        pass


class Staying(Handler):
    """Overrides what a handler could tell its thread by."""

    def setup(self):
        super().setup()

    def finish(self):
        super().finish()


each_handler = pytest.mark.parametrize("handler", [Handler, Staying])


def connect(running, count):
    """Connect so many sockets that do not block."""
    sockets = []
    for _ in range(count):
        sock = socket.create_connection(running.address, PATIENCE_SECONDS)
        sock.setblocking(False)
        sockets.append(sock)
    return sockets


@contextlib.contextmanager
def closing_all(sockets):
    try:
        yield sockets
    finally:
        for sock in sockets:
            sock.close()


def want_served_at_once(running):
    began = time.monotonic()
    with conversation(running) as client:
        client.get("/", "Connection: close").expect(200, b"hello")
    assert time.monotonic() - began < AT_ONCE_SECONDS


@pytest.mark.alone
class TestCrowd:
    """Five hundred that say nothing, a hundred that say a byte a second."""

    @each_class
    def test_silent_and_dripping(self, server_class):
        settings = Settings(idle_timeout_seconds=1.5, head_timeout_seconds=2.0)
        server = server_class(ANYWHERE, Handler, settings=settings)
        with serving(server) as running:
            want_served_at_once(running)
            threads = threading.active_count()
            silent, dripping = connect(running, SILENT), connect(running, DRIPPING)
            with closing_all([*silent, *dripping]) as crowd:
                want_served_at_once(running)
                assert threading.active_count() <= threads + 1
                self.stay_until_gone(running, crowd, dripping)

    def stay_until_gone(self, running, crowd, dripping):
        """Drip a byte a second into some; look meanwhile how others are served."""
        deadline = time.monotonic() + 8
        head = iter(b"GET / HTTP/1.1\r\n")
        next_drip = time.monotonic()
        answers = dict.fromkeys(dripping, b"")
        with selectors.DefaultSelector() as selector:
            for sock in crowd:
                selector.register(sock, selectors.EVENT_READ)
            while selector.get_map():
                assert time.monotonic() < deadline, f"{len(selector.get_map())} are still there"
                if time.monotonic() >= next_drip:
                    self.drip(dripping, bytes([next(head)]))
                    next_drip += 1
                    want_served_at_once(running)
                for key, _ in selector.select(0.1):
                    with contextlib.suppress(ConnectionError):
                        if data := key.fileobj.recv(4096):
                            answers[key.fileobj] += data
                            continue
                    selector.unregister(key.fileobj)
        assert all(answers[sock].startswith(b"HTTP/1.1 408 ") for sock in dripping)

    def drip(self, sockets, byte):
        for sock in sockets:
            with contextlib.suppress(OSError):
                sock.send(byte)


class TestOneAgainstAnother:
    @each_class
    @each_handler
    def test_idle_keep_alive(self, server_class, handler):
        with serving(server_class(ANYWHERE, handler)) as running, conversation(running) as idle:
            idle.get().expect(200)
            for _ in range(3):
                want_served_at_once(running)

    @each_class
    @each_handler
    def test_half_a_head_on_a_kept_connection(self, server_class, handler):
        with serving(server_class(ANYWHERE, handler)) as running, conversation(running) as slow:
            slow.get().expect(200)
            slow.send("GET / HT")
            want_served_at_once(running)

    @each_class
    @each_handler
    def test_half_a_body(self, server_class, handler):
        with serving(server_class(ANYWHERE, handler)) as running, conversation(running) as slow:
            slow.get("/", "Content-Length: 100000", method="POST").send("half")
            want_served_at_once(running)

    @each_class
    @each_handler
    def test_half_a_chunk(self, server_class, handler):
        with serving(server_class(ANYWHERE, handler)) as running, conversation(running) as slow:
            slow.get("/", "Transfer-Encoding: chunked", method="POST").send("5\r\nha")
            want_served_at_once(running)

    @each_class
    def test_rest_of_a_body_that_nobody_wants(self, server_class):
        """It drips while it is thrown away: that does not put off the deadline."""

        class Ignoring(Handler):
            def do_POST(self):
                self.answer(b"unread")

        if server_class is HTTPServer:
            pytest.skip("an HTTPServer reads the whole body beforehand")
        settings = Settings(idle_timeout_seconds=0.6)
        server = server_class(ANYWHERE, Ignoring, settings=settings)
        with serving(server) as running, conversation(running) as client:
            began = time.monotonic()
            # With as much of it as is here before a handler starts.
            client.get("/", "Content-Length: 200000", method="POST").send(bytes(65536))
            client.expect(200, b"unread")
            client.socket.settimeout(0.1)
            with contextlib.suppress(ConnectionError):
                while time.monotonic() < began + 5:
                    client.send("x")
                    with contextlib.suppress(TimeoutError):
                        if not client.socket.recv(1):
                            break
            assert time.monotonic() - began < 3


class TestLimits:
    @each_class
    def test_connections(self, server_class):
        server = server_class(ANYWHERE, Handler, settings=Settings(max_connections=3))
        with serving(server) as running, contextlib.ExitStack() as stack:
            for _ in range(3):
                stack.enter_context(conversation(running)).get().expect(200)
            with conversation(running) as client:
                response = client.expect(503)
                assert response["Retry-After"] == "1"
                assert response["Connection"] == "close"
                client.want_closed()
            stack.close()
            eventually(lambda: not server._lanes.poller._roster)
            want_served_at_once(running)

    @each_class
    def test_connections_from_one_address(self, server_class):
        server = server_class(ANYWHERE, Handler, settings=Settings(max_connections_per_address=2))
        with serving(server) as running, contextlib.ExitStack() as stack:
            for _ in range(2):
                stack.enter_context(conversation(running)).get().expect(200)
            with conversation(running) as client:
                client.expect(503)
                client.want_closed()
            with conversation(running, source="127.0.0.2") as client:
                client.get().expect(200)

    @pytest.mark.parametrize(
        "drop",
        [
            lambda server, request: server.shutdown_request(request),
            lambda server, request: server.close_request(request),
            lambda server, request: request.close(),
            lambda server, request: socket.socket(fileno=request.detach()).close(),
        ],
        ids=["shutdown_request", "close_request", "close", "detach"],
    )
    def test_connections_that_process_request_was_given(self, drop):
        """They count until the program has closed them, however it does."""
        given = []

        class Own(ThreadingHTTPServer):
            def process_request(self, request, client_address):
                given.append(request)

        server = Own(ANYWHERE, Handler, settings=Settings(max_connections=2))
        with serving(server) as running, contextlib.ExitStack() as stack:
            for count in (1, 2):
                stack.enter_context(conversation(running)).get()
                eventually(lambda count=count: len(given) == count)
            with conversation(running) as client:
                client.expect(503)
                client.want_closed()
            drop(server, given.pop())
            gc.collect()
            stack.enter_context(conversation(running)).get()
            eventually(lambda: len(given) == 2)
            for request in given:
                server.shutdown_request(request)

    def test_slow_large_bodies_have_no_threads(self):
        """Before a part of them is here that is worth one."""
        head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
        with (
            serving(ThreadingHTTPServer(ANYWHERE, Handler)) as running,
            contextlib.ExitStack() as stack,
        ):
            slow = [stack.enter_context(conversation(running)) for _ in range(20)]
            for client in slow:
                client.send(head + "a few bytes")
            with conversation(running) as client:
                client.get().expect(200)
            assert not running.server._lanes._pool.running

    def test_answer_before_the_body(self):
        """Who sends nothing of it may wait for the answer first."""

        class Refusing(Handler):
            def do_POST(self):
                self.send_error(401)

        with (
            serving(ThreadingHTTPServer(ANYWHERE, Refusing)) as running,
            conversation(running) as client,
        ):
            client.get("/", "Content-Length: 1000000", method="POST").expect(401)

    def test_workers(self):
        may_end = threading.Event()

        class Waiting(Handler):
            def do_GET(self):
                self.server.begun.release()
                may_end.wait(PATIENCE_SECONDS)
                super().do_GET()

        server = ThreadingHTTPServer(ANYWHERE, Waiting, settings=Settings(max_workers=2))
        server.begun = threading.Semaphore(0)
        with serving(server) as running, contextlib.ExitStack() as stack:
            clients = [stack.enter_context(conversation(running)) for _ in range(2)]
            for client in clients:
                client.get()
                assert server.begun.acquire(timeout=PATIENCE_SECONDS)
            with conversation(running) as client:
                assert client.get().expect(503)["Retry-After"] == "1"
                client.want_closed()
            may_end.set()
            for client in clients:
                client.expect(200)
            eventually(lambda: not server._lanes._pool.running)
            want_served_at_once(running)


#: Runs with few descriptors, tells its port, and ends with its standard input.
FEW_DESCRIPTORS = """
import resource, sys, threading
import basehttpserver

class Handler(basehttpserver.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")
    def log_message(self, format, *args):
        pass

server = getattr(basehttpserver, sys.argv[1])(("127.0.0.1", 0), Handler)
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
thread = threading.Thread(target=server.serve_forever)
thread.start()
print(server.server_port, flush=True)
sys.stdin.read()
server.shutdown()
thread.join()
server.server_close()
times = __import__("os").times()
print(times.user + times.system)
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no such limit")
@pytest.mark.parametrize("name", ["HTTPServer", "ThreadingHTTPServer"])
def test_out_of_descriptors(name):
    """Accepting rests, without a busy loop, and goes on when there are descriptors again."""
    process = subprocess.Popen(
        [sys.executable, "-c", FEW_DESCRIPTORS, name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            address = ("127.0.0.1", int(process.stdout.readline()))
            with contextlib.ExitStack() as stack:
                clients = [stack.enter_context(conversation(address)) for _ in range(60)]
                clients[0].get().expect(200, b"hello")
                clients[-1].get()
                stack.callback(clients[-1].socket.close)
                for client in clients[:-1]:
                    client.socket.close()
                clients[-1].expect(200, b"hello")
            printed, errors = process.communicate(timeout=PATIENCE_SECONDS)
            assert process.returncode == 0
            assert errors == ""
            assert float(printed) < 2, "seconds of processor time"
        finally:
            process.kill()


class TestBodiesThatDoNotCome:
    """In an `HTTPServer` a handler starts when its body is here, so nobody waits for it."""

    @pytest.mark.parametrize("more", ["", "Expect: 100-continue\r\n"])
    def test_next_client_is_served_at_once(self, more):
        with serving(HTTPServer(ANYWHERE, Handler)) as running, conversation(running) as slow:
            slow.send(f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n{more}\r\n")
            if more:
                slow.expect(100)
            slow.send("he")
            want_served_at_once(running)
            slow.send("llo")
            slow.expect(200, b"hello")

    @pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
    def test_nor_for_a_body_that_waits_for_100(self, version):
        """A handler that speaks HTTP/1.0 gives no 100; its client sends the body all the same."""
        handler = type("Made", (Handler,), {"protocol_version": version})
        with serving(HTTPServer(ANYWHERE, handler)) as running, conversation(running) as slow:
            slow.send(
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
            )
            if version == "HTTP/1.1":
                slow.expect(100)
            want_served_at_once(running)
            slow.send("hello")
            slow.expect(200, b"hello")

    def test_nor_for_a_body_that_nobody_would_read(self):
        """A method that the handler does not have is 501 at once, as in http.server."""
        with serving(HTTPServer(ANYWHERE, Handler)) as running, conversation(running) as client:
            client.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n")
            client.expect(501)

    def test_second_request_of_a_handler_with_setup_and_constructor(self):
        class Usual(Staying):
            def __init__(self, *args, **kwargs):
                super().__init__(*args, **kwargs)

        with serving(HTTPServer(ANYWHERE, Usual)) as running, conversation(running) as slow:
            slow.get("/").expect(200, b"hello")
            slow.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe")
            want_served_at_once(running)
            slow.send("llo")
            slow.expect(200, b"hello")


class AskingFirst(Handler):
    """Whose body is not collected before: it may not want it."""

    def handle_expect_100(self):
        return super().handle_expect_100()


class KeepingItsThread(Handler):
    def handle(self):
        super().handle()


class TestBodiesThatAHandlerWaitsFor:
    """Of an `HTTPServer`, in the two cases in which it does: others wait for so long, and no more.

    The client keeps to the minimum rate; alone it might go on for ever.
    """

    @pytest.fixture
    def slow(self):
        with contextlib.ExitStack() as stack:

            def begin(handler):
                settings = Settings(rate_grace_seconds=0.2, min_body_bytes_per_second=1)
                server = HTTPServer(ANYWHERE, handler, settings=settings)
                running = stack.enter_context(serving(server))
                client = stack.enter_context(conversation(running))
                fields = ["Content-Length: 100"]
                if handler is AskingFirst:
                    fields.append("Expect: 100-continue")
                else:
                    client.get().expect(200, b"hello")
                client.get("/", *fields, method="POST")
                if handler is AskingFirst:
                    client.expect(100)
                client.send("x")
                eventually(lambda: not server._lanes.poller._roster.snapshot()[0].watched_mask)
                return running, client

            yield begin

    @pytest.mark.parametrize("handler", [AskingFirst, KeepingItsThread])
    def test_others_are_served(self, slow, handler):
        running, client = slow(handler)
        with conversation(running) as other:
            other.get()
            for _ in range(40):
                client.send("x")
                if select.select([other.socket], [], [], 0.05)[0]:
                    break
            other.expect(200, b"hello")
        client.expect(408)

    @pytest.mark.parametrize("handler", [AskingFirst, KeepingItsThread])
    def test_alone_it_has_time(self, slow, handler):
        _, client = slow(handler)
        end = time.monotonic() + 0.4
        sent = 1
        while time.monotonic() < end:
            client.send("x").want_idle()
            sent += 1
        client.send("x" * (100 - sent)).expect(200, b"x" * 100)


class TestTimeoutOfTheHandler:
    """``timeout`` counts as in http.server: from the start, and between requests."""

    @each_class
    def test_a_silent_client(self, server_class):
        handler = type("Impatient", (Handler,), {"timeout": 0.2})
        with serving(server_class(ANYWHERE, handler)) as running:
            for first in ("", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"):
                with conversation(running) as client:
                    if first:
                        client.send(first)
                        client.expect(200, b"hello")
                    began = time.monotonic()
                    client.want_closed()
                    assert time.monotonic() - began < 5


class TestHandlersThatKeepTheOneThread:
    def test_an_answer_says_close_when_others_wait(self):
        """So that a client does not send another request into a connection that ends."""
        others_wait, entered = threading.Event(), threading.Event()

        class Keeping(Handler):
            def handle(self):
                super().handle()

            def do_GET(self):
                entered.set()
                others_wait.wait(PATIENCE_SECONDS)
                self.answer(b"hello")

        with serving(HTTPServer(ANYWHERE, Keeping)) as running, conversation(running) as first:
            first.get("/")
            assert entered.wait(PATIENCE_SECONDS)
            with conversation(running) as second:
                second.get("/")
                others_wait.set()
                assert first.expect(200, b"hello")["Connection"] == "close"
                second.expect(200, b"hello")
