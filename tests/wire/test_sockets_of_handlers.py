"""Handlers that use their socket, or their process, beside ``wfile``: the order stays."""

import io
import os
import socket
import threading

import pytest

from basehttpserver import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from tests.running import PATIENCE_SECONDS, serving
from tests.wire.conversation import conversation

pytestmark = pytest.mark.usefixtures("leaks_nothing")

each_class = pytest.mark.parametrize("server_class", [HTTPServer, ThreadingHTTPServer])


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def begin(self):
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()

    def log_message(self, format, *args):
        pass


def answer_of(server_class, do_get):
    """Everything that comes up to the close."""
    handler = type("Made", (Handler,), {"do_GET": do_get})
    with (
        serving(server_class(("127.0.0.1", 0), handler)) as running,
        conversation(running) as client,
    ):
        return client.get("/", "Connection: close").read_to_end().partition(b"\r\n\r\n")[2]


@each_class
@pytest.mark.parametrize("how", [socket.SHUT_WR, socket.SHUT_RDWR])
def test_shutdown_comes_behind_the_response(server_class, how):
    """An old idiom for "this is the end"."""

    def do_get(self):
        self.begin()
        self.wfile.write(b"hello")
        self.connection.shutdown(how)

    assert answer_of(server_class, do_get) == b"hello"


@each_class
def test_shutdown_ends_a_response_without_a_length(server_class):
    def do_get(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")
        self.connection.shutdown(socket.SHUT_WR)

    assert answer_of(server_class, do_get) == b"hello"


@each_class
@pytest.mark.parametrize(
    "send",
    [
        lambda sock: sock.send(b"llo"),
        lambda sock: sock.sendall(b"llo"),
        lambda sock: sock.sendmsg([b"l", b"lo"]),
    ],
    ids=["send", "sendall", "sendmsg"],
)
def test_what_is_sent_comes_behind_what_is_written(server_class, send):
    def do_get(self):
        self.begin()
        self.wfile.write(b"he")
        send(self.request)

    assert answer_of(server_class, do_get) == b"hello"


@each_class
def test_a_second_socket_comes_behind_what_is_written(server_class):
    def do_get(self):
        self.begin()
        self.wfile.write(b"he")
        with self.request.dup() as second:
            second.sendall(b"llo")

    assert answer_of(server_class, do_get) == b"hello"


@each_class
@pytest.mark.parametrize(
    "send",
    [lambda sock, data: sock.sendall(data), lambda sock, data: sock.sendfile(io.BytesIO(data))],
    ids=["sendall", "sendfile"],
)
def test_nothing_follows_what_was_sent_in_part(server_class, send):
    """How much went nobody knows; an error page would be taken for the body."""
    has_failed = threading.Event()

    class Quiet(server_class):
        def handle_error(self, request, client_address):
            pass

    def do_get(self):
        self.request.settimeout(0.05)
        data = b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n" + bytes(1 << 25)
        try:
            send(self.request, data)
        except TimeoutError:
            has_failed.set()
            raise ValueError("too slow") from None

    handler = type("Made", (Handler,), {"do_GET": do_get})
    with serving(Quiet(("127.0.0.1", 0), handler)) as running, conversation(running) as client:
        client.get()
        assert has_failed.wait(PATIENCE_SECONDS)
        assert not client.read_to_end().partition(b"\r\n\r\n")[2].strip(b"\0")


@each_class
def test_recvfrom_into_reads_what_was_read_ahead(server_class):
    def do_get(self):
        buffer = bytearray(5)
        count, _ = self.request.recvfrom_into(buffer)
        self.request.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + buffer[:count])

    handler = type("Made", (Handler,), {"do_GET": do_get})
    with (
        serving(server_class(("127.0.0.1", 0), handler)) as running,
        conversation(running) as client,
    ):
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\nahead")
        assert client.read_to_end().endswith(b"\r\n\r\nahead")


@each_class
def test_another_protocol_from_the_first_byte_on(server_class):
    """A handler may speak HTTP/2, say: to us its first bytes are a head that is refused."""
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

    class OtherProtocol(Handler):
        timeout = 5

        def handle_one_request(self):
            self.request.sendall(b"settings")
            received = b""
            while len(received) < len(preface):
                received += self.request.recv(100)
            self.request.sendall(received)
            self.close_connection = True

    with (
        serving(server_class(("127.0.0.1", 0), OtherProtocol)) as running,
        conversation(running) as client,
    ):
        client.send(preface.decode())
        assert client.read_to_end() == b"settings" + preface


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@each_class
def test_a_fork_finds_nothing_unsent(server_class):
    """Else the parent's bytes would be lost with the child, or be sent twice."""

    def do_get(self):
        self.begin()
        self.wfile.write(b"he")
        child = os.fork()
        if not child:
            self.wfile.write(b"l")
            os._exit(0)
        os.waitpid(child, 0)
        self.wfile.write(b"lo")
        self.close_connection = True

    assert answer_of(server_class, do_get) == b"hello"
