"""Much that is announced, or comes in small pieces, or from many: and how little is held for it."""

import contextlib
import time
import tracemalloc

import pytest

from basehttpserver import HTTPServer, Settings, ThreadingHTTPServer
from tests.hostile.victims import ANYWHERE, StayingVictim, Victim
from tests.running import eventually, serving
from tests.wire.conversation import conversation

pytestmark = pytest.mark.usefixtures("leaks_nothing")

each_server = pytest.mark.parametrize("server_class", [HTTPServer, ThreadingHTTPServer])
each_lane = pytest.mark.parametrize("handler", [Victim, StayingVictim])

CONNECTIONS = 200

#: What a connection holds that waits, in Python's objects, as docs/explanation/security.md has it.
#: The victims have read from ``rfile``, whose buffer has 8 KiB.
MOST_IDLE_BYTES = 13 << 10

#: What a connection keeps of a response, some pieces that are about to be kept, and a thread.
MOST_UNREAD_BYTES = (256 + 2 * 64 + 64) << 10


@contextlib.contextmanager
def counted_memory():
    """Give what returns the bytes that were allocated since and are still held, and the most."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        yield lambda: [value - before for value in tracemalloc.get_traced_memory()]
    finally:
        tracemalloc.stop()


@each_server
def test_memory_of_idle_connections(server_class, capsys):
    with serving(server_class(ANYWHERE, Victim)) as running, contextlib.ExitStack() as stack:
        with conversation(running) as client:
            client.get().expect(200)
        clients = [stack.enter_context(conversation(running)) for _ in range(CONNECTIONS)]
        for client in clients:
            client.send("")
        eventually(lambda: len(running.server._lanes.poller._roster.snapshot()) >= CONNECTIONS)
        with counted_memory() as counted:
            for client in clients:
                client.get().expect(200)
                client.received = b""
            held, _ = counted()
        assert held / CONNECTIONS < MOST_IDLE_BYTES


@each_server
def test_memory_of_unfinished_heads(server_class, capsys):
    """A head that does not end holds its bytes, and never more than `max_head_bytes`."""
    settings = Settings(max_head_bytes=20_000, max_field_line_bytes=20_000)
    server = server_class(ANYWHERE, Victim, settings=settings)
    with serving(server) as running, contextlib.ExitStack() as stack:
        with conversation(running) as client:
            client.get().expect(200)
        with counted_memory() as counted:
            for _ in range(CONNECTIONS):
                client = stack.enter_context(conversation(running))
                client.send(b"GET / HTTP/1.1\r\nX: " + b"x" * 19_900)
            connections = server._lanes.poller._roster.snapshot
            eventually(lambda: sum(each.protocol.has_partial_head for each in connections()) > 199)
            held, _ = counted()
        # The bytes, what a bytearray reserves beyond them, and the connection.
        assert held / CONNECTIONS < 2 * settings.max_head_bytes + MOST_IDLE_BYTES
        client.send(b"x" * 200).expect(431)


def test_idle_connections_give_up_their_threads(capsys):
    """Where all threads only wait for a next request, whoever has one gets a thread."""
    server = ThreadingHTTPServer(ANYWHERE, StayingVictim, settings=Settings(max_workers=3))
    with serving(server) as running, contextlib.ExitStack() as stack:
        idle = [stack.enter_context(conversation(running)) for _ in range(3)]
        for client in idle:
            client.get().expect(200)
        with conversation(running) as client:
            assert client.get().expect(503)["Retry-After"] == "1"
            client.want_closed()
        for client in idle:
            client.want_closed()
        eventually(lambda: not server._lanes._pool.running)
        with conversation(running) as client:
            client.get("/1").expect(200)
            client.want_idle()
            client.get("/2").expect(200)


@each_server
@each_lane
@pytest.mark.parametrize(
    ("field", "begin"),
    [
        pytest.param("Content-Length: 999999999999999999", b"", id="length"),
        pytest.param("Transfer-Encoding: chunked", b"fffffffffffffff\r\n", id="chunk"),
    ],
)
def test_announced_terabytes(server_class, handler, field, begin, capsys):
    """A place for what has come, none for what is said to come."""
    with serving(server_class(ANYWHERE, handler)) as running, conversation(running) as client:
        with counted_memory() as counted:
            client.get("/", field, method="POST").send(begin + b"x" * 10)
            client.want_idle()
            _, most = counted()
        assert most < 1 << 20
        client.finish_sending().expect(400)
        client.want_closed()


@each_server
@each_lane
@pytest.mark.parametrize("is_chunked", [False, True])
def test_one_byte_packets(server_class, handler, is_chunked, capsys):
    body = b"x" * 2000
    data = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n" if is_chunked else body
    fields = ["Transfer-Encoding: chunked" if is_chunked else f"Content-Length: {len(body)}"]
    with serving(server_class(ANYWHERE, handler)) as running, conversation(running) as client:
        used = time.process_time()
        client.get("/", *fields, method="POST")
        for index in range(len(data)):
            client.send(data[index : index + 1])
        client.expect(200, b"read 2000")
        assert time.process_time() - used < 5, "seconds for two thousand packets"


@each_server
def test_memory_of_unfinished_bodies(server_class, capsys):
    """What is beyond `spool_memory_bytes` is on disk, or was not read yet."""
    settings = Settings(spool_memory_bytes=20_000)
    server = server_class(ANYWHERE, Victim, settings=settings)
    count = CONNECTIONS // 5
    with serving(server) as running, contextlib.ExitStack() as stack:
        with conversation(running) as client:
            client.get(method="POST", body=b"x").expect(200)
        with counted_memory() as counted:
            for length in (19_000, 1_000_000):
                for _ in range(count):
                    client = stack.enter_context(conversation(running))
                    client.get("/", f"Content-Length: {length}", method="POST")
                    client.send(bytes(18_000))
            connections = server._lanes.poller._roster.snapshot
            eventually(lambda: sum(each.head is not None for each in connections()) == 2 * count)
            held, _ = counted()
        assert held / (2 * count) < 2 * settings.spool_memory_bytes + MOST_IDLE_BYTES


@each_server
def test_memory_of_unread_responses(server_class, capsys):
    """What is beyond the bound is on disk, or not yet written: the handler waits."""
    piece = bytes(65536)

    class Generous(Victim):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            for _ in range(64):
                self.wfile.write(piece)

        def log_message(self, format, *args):
            pass

    count = CONNECTIONS // 10
    with serving(server_class(ANYWHERE, Generous)) as running, contextlib.ExitStack() as stack:
        with conversation(running) as client:
            client.get("/", "Connection: close").read_response()
        with counted_memory() as counted:
            readers = [
                stack.enter_context(conversation(running, receive_buffer=4096))
                for _ in range(count)
            ]
            for client in readers:
                client.get()
            for client in readers:
                client.peek()
            held, _ = counted()
        assert held / count < MOST_UNREAD_BYTES
