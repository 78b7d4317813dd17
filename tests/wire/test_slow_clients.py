"""Clients that send or read a byte now and then, or nothing: the next one does not notice.

A response to a slow reader leaves its handler as soon as it fits somewhere: the kernel's buffers,
the memory of the connection, in an `HTTPServer` a temporary file. A large one is larger than what
the kernel takes, which is at most 4 MB to send (``net.ipv4.tcp_wmem``) and a few KB to receive.
"""

import contextlib
import functools
import itertools
import os
import random
import statistics
import tempfile
import threading
import time

import pytest

from basehttpserver import HTTPServer, Settings, SimpleHTTPRequestHandler, ThreadingHTTPServer
from tests.conftest import open_sockets
from tests.running import PATIENCE_SECONDS, eventually, serving
from tests.wire.clients import every, hurry, latencies, percentile, slow_reader
from tests.wire.conversation import SILENCE_SECONDS, conversation
from tests.wire.servers import Answering

pytestmark = pytest.mark.usefixtures("leaks_nothing")

ANYWHERE = ("127.0.0.1", 0)

#: What "at once" means, on a machine that is busy with other tests.
AT_ONCE_SECONDS = 0.5

LARGE = random.Random(1).randbytes(12_000_000)
MEDIUM = LARGE[:1_000_000]
SMALL = LARGE[:200_000]

linux = pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="Linux tells all")


class Handler(Answering):
    """Answers in one piece, in many, and of unknown length; tells when it has answered."""

    def do_GET(self):
        getattr(self, f"say_{self.path[1:] or 'hello'}")()
        if self.path != "/":
            self.server.answered.set()

    def say_hello(self):
        self.answer(b"hello")

    def say_large(self):
        self.answer(LARGE)

    def say_medium(self):
        self.answer(MEDIUM)

    def say_small(self):
        self.answer(SMALL)

    def say_pieces(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(LARGE)))
        self.end_headers()
        self.write_pieces()

    def say_chunked(self):
        self.send_response(200)
        self.end_headers()
        self.write_pieces()

    def write_pieces(self):
        sizes = itertools.cycle([1, 100_000, 1000, 65536, 333_333])
        position = 0
        while position < len(LARGE):
            size = next(sizes)
            self.wfile.write(LARGE[position : position + size])
            position += size


class Staying(Handler):
    """Overrides what a handler could tell its thread by."""

    def setup(self):
        super().setup()

    def finish(self):
        super().finish()


class Keeping(Handler):
    """Overrides ``handle``, and keeps one thread for a connection."""

    def handle(self):
        super().handle()


each_class = pytest.mark.parametrize("server_class", [HTTPServer, ThreadingHTTPServer])
each_handler = pytest.mark.parametrize("handler", [Handler, Staying, Keeping])


def make_server(server_class, handler=Handler, **settings):
    server = server_class(ANYWHERE, handler, settings=Settings(**settings))
    server.answered = threading.Event()
    return server


def want_served_at_once(running):
    began = time.monotonic()
    with conversation(running) as client:
        client.get("/", "Connection: close").expect(200, b"hello")
    assert time.monotonic() - began < AT_ONCE_SECONDS


def want_as_if_alone(beside, alone):
    """Compare the seconds that requests took, with room for a machine that has other work."""
    assert statistics.median(beside) < 2 * statistics.median(alone) + 0.001
    assert percentile(beside, 99) < max(3 * percentile(alone, 99), 0.02)
    assert max(beside) < AT_ONCE_SECONDS


def try_begin(client, path):
    """Ask for a response; return when it has begun, and whether it is one to have."""
    client.received = client.get(path).socket.recv(len("HTTP/1.1 200"))
    return client.received == b"HTTP/1.1 200"


def begin(client, path):
    assert try_begin(client, path), client.received


@pytest.mark.alone
class TestOneOfEach:
    """One sends its head byte by byte, one reads byte by byte, one is idle."""

    @pytest.mark.parametrize(
        ("server_class", "handler"),
        [
            (HTTPServer, Handler),
            (HTTPServer, Staying),
            (HTTPServer, Keeping),
            (ThreadingHTTPServer, Handler),
        ],
    )
    def test_quick_requests_are_served_as_if_alone(self, server_class, handler):
        with serving(make_server(server_class, handler)) as running, contextlib.ExitStack() as rest:
            alone = latencies(running, 0.2)
            idle = rest.enter_context(conversation(running))
            idle.get().expect(200)
            sender = rest.enter_context(conversation(running))
            reader = rest.enter_context(slow_reader(running))
            begin(reader, "/large")
            head = iter("GET / HTTP/1.1\r\n")

            def move_a_byte():
                sender.send(next(head))
                assert reader.socket.recv(1)

            beside = latencies(running, 0.6, every(0.25, move_a_byte))
            want_as_if_alone(beside, alone)

    @each_class
    def test_slow_download_of_a_file(self, server_class, tmp_path):
        """It goes out from the file itself."""

        class Files(SimpleHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format, *args):
                pass

        (tmp_path / "large").write_bytes(LARGE)
        (tmp_path / "index.html").write_bytes(b"hello")
        handler = functools.partial(Files, directory=tmp_path)
        with serving(make_server(server_class, handler)) as running, slow_reader(running) as reader:
            begin(reader, "/large")
            for _ in range(10):
                want_served_at_once(running)
            assert hurry(reader).expect(200).body == LARGE
            reader.get("/").expect(200, b"hello")


class TestReadersOfWhatFitsSomewhere:
    """Their responses hold no thread, so two are enough for everybody."""

    @pytest.mark.parametrize("path", ["/small", "/medium"])
    def test_they_hold_no_worker(self, path):
        server = make_server(ThreadingHTTPServer, max_workers=2)
        with serving(server) as running, contextlib.ExitStack() as stack:
            readers = [self.begun(stack, lambda: slow_reader(running), path) for _ in range(8)]
            for _ in range(8):
                client = self.begun(stack, lambda: conversation(running), "/")
                client.expect(200, b"hello")
            expected = {"/small": SMALL, "/medium": MEDIUM}[path]
            for reader in readers:
                assert hurry(reader).expect(200).body == expected

    def begun(self, stack, connect, path):
        """Ask again after a 503: a worker is free only a moment after its answer is here."""

        def attempt():
            client = connect()
            if not try_begin(client, path):
                client.socket.close()
                return None
            return stack.enter_context(client)

        return eventually(attempt, f"{path} is answered")

    @pytest.mark.alone
    def test_many_readers_of_a_large_response(self):
        """Each may hold a worker, but nothing that others need."""
        with (
            serving(make_server(ThreadingHTTPServer)) as running,
            contextlib.ExitStack() as stack,
        ):
            alone = latencies(running, 0.2)
            for _ in range(8):
                begin(stack.enter_context(slow_reader(running)), "/large")
            want_as_if_alone(latencies(running, 0.3), alone)


class TestReadersThatReadAtLast:
    """Every byte is right."""

    @each_class
    @each_handler
    @pytest.mark.parametrize("path", ["/large", "/pieces", "/chunked"])
    def test_every_byte(self, server_class, handler, path):
        server = make_server(server_class, handler)
        with serving(server) as running, slow_reader(running) as reader:
            begin(reader, path)
            want_served_at_once(running)
            response = hurry(reader).expect(200)
            assert response.body == LARGE
            assert response.framing == ("chunked" if path == "/chunked" else "length")

    @each_handler
    def test_every_byte_where_nobody_else_comes(self, handler):
        """So nothing makes an `HTTPServer` look up but what is left of the response."""
        server = make_server(HTTPServer, handler)
        with serving(server) as running, slow_reader(running) as reader:
            begin(reader, "/large")
            assert server.answered.wait(PATIENCE_SECONDS)
            assert hurry(reader).expect(200).body == LARGE

    @each_class
    @pytest.mark.parametrize("handler", [Handler, Staying])
    def test_the_connection_goes_on(self, server_class, handler):
        server = make_server(server_class, handler)
        with serving(server) as running, slow_reader(running) as reader:
            begin(reader, "/large")
            reader.get("/small").get("/")  # Pipelined.
            want_served_at_once(running)
            assert hurry(reader).expect(200).body == LARGE
            assert reader.expect(200).body == SMALL
            reader.expect(200, b"hello")
            reader.get("/medium").expect(200, MEDIUM)
            reader.want_idle()

    @each_class
    def test_last_response_is_whole_before_the_close(self, server_class):
        with serving(make_server(server_class)) as running, slow_reader(running) as reader:
            reader.get("/large", "Connection: close")
            want_served_at_once(running)
            assert hurry(reader).expect(200).body == LARGE
            reader.want_closed()


@linux
class TestMinimumRate:
    """Who takes less than the settings ask for is cut, and only who does."""

    @each_class
    @pytest.mark.parametrize(
        ("handler", "bytes_at_a_time"),
        [(Handler, 0), (Handler, 4096), (Staying, 4096), (Keeping, 4096)],
    )
    def test_too_slow(self, server_class, handler, bytes_at_a_time):
        server = make_server(
            server_class, handler, rate_grace_seconds=0.1, min_response_bytes_per_second=10**8
        )
        with serving(server) as running:
            want_served_at_once(running)
            before = open_sockets()
            with slow_reader(running) as reader:
                begin(reader, "/large")
                deadline = time.monotonic() + PATIENCE_SECONDS
                with contextlib.suppress(ConnectionError):
                    while len(open_sockets() - before) > 1:
                        assert time.monotonic() < deadline, "nobody cuts it"
                        self.read_a_little(reader, bytes_at_a_time)
                    reader.read_to_end()
                assert len(reader.received) < len(LARGE)
            want_served_at_once(running)

    @each_class
    def test_slow_but_not_too_slow(self, server_class):
        """What the kernel has taken and the client has not does not count against the client."""
        server = make_server(
            server_class, rate_grace_seconds=0.2, min_response_bytes_per_second=10_000
        )
        with serving(server) as running, slow_reader(running) as reader:
            begin(reader, "/large")
            end = time.monotonic() + 0.4
            while time.monotonic() < end:
                self.read_a_little(reader, 4096)
            assert len(reader.received) > 0.4 * 10_000
            assert hurry(reader).expect(200).body == LARGE

    def read_a_little(self, client, most):
        if most:
            client.received += client.socket.recv(most)
        time.sleep(0.01)


@linux
class TestTemporaryFiles:
    """Where an `HTTPServer` keeps what is more than a connection may hold in memory."""

    @pytest.fixture
    def spooled(self, tmp_path, monkeypatch):
        """Return how many files of this process lie where temporary files do now."""
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

        def count():
            found = 0
            for descriptor in os.listdir("/proc/self/fd"):
                with contextlib.suppress(OSError):
                    target = os.readlink(f"/proc/self/fd/{descriptor}")
                    found += target.startswith(str(tmp_path))
            return found + len(os.listdir(tmp_path))

        return count

    @pytest.mark.parametrize("handler", [Handler, Staying])
    def test_beyond_the_memory_of_a_connection(self, spooled, handler):
        server = make_server(HTTPServer, handler)
        with serving(server) as running, slow_reader(running) as reader:
            reader.get("/large")
            assert server.answered.wait(PATIENCE_SECONDS)
            assert eventually(spooled) == 1
            want_served_at_once(running)
            assert hurry(reader).expect(200).body == LARGE
            eventually(lambda: not spooled())
            reader.get("/small").expect(200, SMALL)

    def test_within_the_memory_of_a_connection(self, spooled):
        server = make_server(HTTPServer, spool_memory_bytes=2 * len(LARGE))
        with serving(server) as running, slow_reader(running) as reader:
            reader.get("/large")
            assert server.answered.wait(PATIENCE_SECONDS)
            want_served_at_once(running)
            assert not spooled()
            assert hurry(reader).expect(200).body == LARGE

    def test_reader_that_goes_away(self, spooled):
        with serving(make_server(HTTPServer)) as running:
            with slow_reader(running) as reader:
                reader.get("/large")
                eventually(spooled)
                reader.reset()
            eventually(lambda: not spooled())
            want_served_at_once(running)

    @pytest.mark.parametrize("path", ["/large", "/pieces", "/chunked"])
    def test_handler_waits_when_the_server_may_hold_no_more(self, spooled, path):
        server = make_server(HTTPServer, max_spool_bytes=100_000, spool_memory_bytes=10_000)
        with serving(server) as running, slow_reader(running) as reader:
            begin(reader, path)
            assert not server.answered.wait(SILENCE_SECONDS)
            assert hurry(reader).expect(200).body == LARGE
            assert server.answered.wait(PATIENCE_SECONDS)
            eventually(lambda: not spooled())
            want_served_at_once(running)

    def test_bound_is_for_all_connections_of_the_server(self, spooled):
        """The first leaves no room for the second, and gives it back."""
        server = make_server(HTTPServer, max_spool_bytes=len(LARGE), spool_memory_bytes=10_000)
        with (
            serving(server) as running,
            slow_reader(running) as first,
            slow_reader(running) as second,
        ):
            begin(first, "/large")
            assert server.answered.wait(PATIENCE_SECONDS)
            server.answered.clear()
            begin(second, "/large")
            assert not server.answered.wait(SILENCE_SECONDS)
            assert hurry(second).expect(200).body == LARGE
            assert hurry(first).expect(200).body == LARGE
            eventually(lambda: not spooled())
            server.answered.clear()
            with slow_reader(running) as third:
                begin(third, "/large")
                assert server.answered.wait(PATIENCE_SECONDS)
                third.reset()
            eventually(lambda: not spooled())

    def test_wait_for_room_has_a_deadline(self, spooled):
        """It waits for as long as the minimum rate allows; then the others have their turn."""
        server = make_server(
            HTTPServer,
            max_spool_bytes=100_000,
            spool_memory_bytes=10_000,
            rate_grace_seconds=0.2,
            min_response_bytes_per_second=10**8,
        )
        with serving(server) as running, slow_reader(running) as reader:
            begin(reader, "/pieces")
            with conversation(running) as client:
                client.get("/").expect(200, b"hello")
            eventually(lambda: not spooled())
