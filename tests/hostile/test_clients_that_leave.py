"""Clients that go away, at every point at which a client can: with a reset, or by halves.

Nobody is told, no processor turns, nothing is left; and who comes next is served.
"""

import contextlib
import threading
import time

import pytest

from basehttpserver import HTTPServer, ThreadingHTTPServer
from tests.hostile.victims import ANYWHERE, StayingVictim, Victim
from tests.running import PATIENCE_SECONDS, eventually, serving
from tests.tls import ByHand, secure
from tests.wire.conversation import conversation

pytestmark = pytest.mark.usefixtures("leaks_nothing")

each_server = pytest.mark.parametrize("server_class", [HTTPServer, ThreadingHTTPServer])
each_lane = pytest.mark.parametrize("handler", [Victim, StayingVictim])

REQUEST = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
SHORT = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"

#: What a server may use of a processor while it has nothing to do.
IDLE_SECONDS = 0.5


class Quiet(Victim):
    def log_message(self, format, *args):
        pass


class StayingQuiet(StayingVictim, Quiet):
    pass


each_quiet_lane = pytest.mark.parametrize("handler", [Quiet, StayingQuiet])


@contextlib.contextmanager
def run(server_class, handler, capsys):
    """Run a server; in the end nothing is open, nothing was said, nobody is busy."""
    server = server_class(ANYWHERE, handler)
    with serving(server) as running:
        yield running
        with conversation(running) as client:
            client.get("/", "Connection: close").expect(200)
        poller = server._lanes.poller
        eventually(lambda: not poller._roster and not poller._lingering._held, "nothing is open")
        used, began = time.process_time(), time.monotonic()
        time.sleep(0.1)
        assert time.process_time() - used < (time.monotonic() - began) * IDLE_SECONDS
    assert capsys.readouterr().err == ""


@each_server
@each_quiet_lane
@pytest.mark.parametrize("request_bytes", [REQUEST, SHORT], ids=["chunked", "length"])
def test_reset_in_the_request(server_class, handler, request_bytes, capsys):
    with run(server_class, handler, capsys) as running:
        for size in range(len(request_bytes) + 1):
            client = conversation(running)
            client.send(request_bytes[:size])
            client.reset()


def secured(server, authority):
    server.socket = authority.server_context().wrap_socket(server.socket, server_side=True)
    return server


@each_server
@each_quiet_lane
def test_reset_in_the_handshake(server_class, handler, authority, capsys):
    """And in a request over TLS, whose records are cut with it."""
    server = secured(server_class(ANYWHERE, handler), authority)
    context = authority.client_context()
    with serving(server) as running:
        with secure(running, context) as client:
            client.get("/", "Connection: close").expect(200)
        with ByHand(running, context) as client:
            length = len(client.hello())
        eventually(lambda: not server._lanes.poller._roster, "nothing is open")
        for size in range(0, length + 1, 16):
            client = ByHand(running, context)
            eventually(lambda: server._lanes.poller._roster, "it is accepted")
            client.plain.send(client.hello()[:size])
            client.plain.reset()
            eventually(lambda: not server._lanes.poller._roster, "it is forgotten")
        for size in range(0, len(SHORT) + 20, 16):
            client = ByHand(running, context).shake()
            client.plain.send(client.records(SHORT)[:size])
            client.plain.reset()
        with secure(running, context) as client:
            client.get("/", "Connection: close").expect(200)
        eventually(lambda: not server._lanes.poller._roster, "nothing is open")
    assert capsys.readouterr().err == ""


@each_server
def test_reset_before_it_is_accepted(server_class, authority, capsys):
    """Not even a socket is left to the garbage collector, as ``ssl`` leaves one there."""
    server = secured(server_class(ANYWHERE, Quiet), authority)
    for data in (b"", b"\x16\x03\x01"):
        for _ in range(3):
            client = conversation(server.server_address)
            client.send(data).reset()
    with serving(server) as running, secure(running, authority.client_context()) as client:
        client.get("/", "Connection: close").expect(200)
    assert capsys.readouterr().err == ""


@each_server
@each_quiet_lane
def test_reset_in_the_response(server_class, handler, capsys):
    with run(server_class, handler, capsys) as running:
        with conversation(running) as client:
            client.send(SHORT).socket.shutdown(1)
            whole = len(client.read_to_end())
        for size in range(whole + 1):
            client = conversation(running)
            client.send(SHORT)
            taken = b""
            while len(taken) < size:
                taken += client.socket.recv(size - len(taken))
            client.reset()


@each_server
@each_quiet_lane
def test_reset_while_the_handler_runs(server_class, handler, capsys):
    """It finds out where it writes, and that is not reported as a fault of its own."""
    entered, is_gone = threading.Semaphore(0), threading.Event()

    class Writing(handler):
        def do_POST(self):
            entered.release()
            is_gone.wait(PATIENCE_SECONDS)
            self.send_response(200)
            self.end_headers()
            for _ in range(100):
                self.wfile.write(bytes(65536))

    with run(server_class, Writing, capsys) as running:
        count = 1 if server_class is HTTPServer else 5
        clients = [conversation(running).send(SHORT) for _ in range(count)]
        assert all(entered.acquire(timeout=PATIENCE_SECONDS) for _ in clients)
        for client in clients:
            client.reset()
        is_gone.set()


@each_server
@each_quiet_lane
def test_half_close(server_class, handler, capsys):
    """A whole request gets its answer, a part of one 400; and then a clean end."""
    with run(server_class, handler, capsys) as running:
        for size in range(len(REQUEST) + 1):
            with conversation(running) as client:
                client.send(REQUEST[:size]).finish_sending()
                if size:
                    client.expect(200 if size == len(REQUEST) else 400)
                client.want_closed()
