"""What attacks by bytes cannot tell: requests that go on, or ask for something else than HTTP."""

import contextlib
import select
import time

import pytest

from basehttpserver import HTTPServer, Settings, ThreadingHTTPServer
from tests.hostile.victims import ANYWHERE, StayingVictim, Victim
from tests.running import eventually, serving
from tests.tls import secure
from tests.wire.conversation import SILENCE_SECONDS, conversation

pytestmark = pytest.mark.usefixtures("leaks_nothing")

each_server = pytest.mark.parametrize("server_class", [HTTPServer, ThreadingHTTPServer])
each_lane = pytest.mark.parametrize("handler", [Victim, StayingVictim])

#: More than the buffers of two sockets, and far less than what a client can send in a moment.
MOST_TAKEN_BYTES = 16 << 20


def run(server_class, handler, **settings):
    return serving(server_class(ANYWHERE, handler, settings=Settings(**settings)))


@each_server
@each_lane
def test_trailers_never_merged(server_class, handler, capsys):
    class Telling(handler):
        def do_POST(self):
            self.rfile.read()
            body = repr((self.headers.get_all("Host"), self.headers["Injected"])).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with run(server_class, Telling) as running, conversation(running) as client:
        client.get("/", "Transfer-Encoding: chunked", method="POST")
        client.send("0\r\nHost: other\r\nInjected: yes\r\nContent-Length: 5\r\n\r\n")
        client.expect(200, b"(['test'], None)")
        client.get("/next").expect(200, b"read 0")


@each_server
@each_lane
def test_pipelining_without_end(server_class, handler, capsys):
    """Somebody who asks and asks and reads nothing is read no more, and holds up nobody."""

    class Generous(handler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(self.path.encode() * 100)

        def log_message(self, format, *args):
            pass

    with run(server_class, Generous) as running, conversation(running, receive_buffer=4096) as one:
        taken = flood(one)
        assert taken < MOST_TAKEN_BYTES, "bytes of requests"
        if handler is Victim or server_class is ThreadingHTTPServer:
            with conversation(running) as other:
                other.get("/other", "Connection: close").expect(200, b"/other" * 100)
        for number in range(100):
            one.expect(200, b"/%d" % number * 100)


def flood(client):
    """Send requests until the server takes no more; return how many bytes it took."""
    client.socket.setblocking(False)
    taken, number, rest = 0, 0, b""
    while taken < MOST_TAKEN_BYTES:
        while len(rest) < 65536:
            rest += b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % number
            number += 1
        try:
            sent = client.socket.send(rest)
        except BlockingIOError:
            if not select.select([], [client.socket], [], 5 * SILENCE_SECONDS)[1]:
                break
        else:
            taken += sent
            rest = rest[sent:]
    client.socket.settimeout(10)
    return taken


@each_server
@each_lane
def test_connect(server_class, handler, capsys):
    """RFC 9110 9.3.6: no tunnel but to a handler that digs one."""
    without = type("Without", (handler,), {"do_CONNECT": property()})
    with run(server_class, without) as running, conversation(running) as client:
        client.get("test:443", method="CONNECT").expect(501)


@each_server
@each_lane
def test_upgrade(server_class, handler, capsys):
    """RFC 9110 7.8: with or without the option in Connection, it may be ignored."""
    with run(server_class, handler) as running, conversation(running) as client:
        client.get("/", "Upgrade: websocket").expect(200, b"read 0")
        client.get("/", "Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings").expect(200)
        client.get("/", "Connection: upgrade").expect(200)


@each_server
def test_no_tls(server_class, authority, capsys):
    """Plain HTTP, or noise, where a handshake should be: no traceback, and few lines."""
    server = server_class(ANYWHERE, Victim)
    server.socket = authority.server_context().wrap_socket(server.socket, server_side=True)
    with serving(server) as running:
        for noise in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\0\x05hello", b"\0" * 99):
            for _ in range(5):
                with conversation(running) as client:
                    client.send(noise)
                    client.want_gone()
        with secure(running, authority.client_context()) as client:
            client.get("/", "Connection: close").expect(200, b"read 0")
    lines = capsys.readouterr().err.splitlines()
    assert 1 < len(lines) < 5
    assert all(line.isprintable() for line in lines)


@each_server
def test_silent_handshake(server_class, authority, capsys):
    server = server_class(ANYWHERE, Victim, settings=Settings(handshake_timeout_seconds=0.2))
    server.socket = authority.server_context().wrap_socket(server.socket, server_side=True)
    with serving(server) as running, contextlib.ExitStack() as stack:
        silent = [stack.enter_context(conversation(running)) for _ in range(20)]
        with secure(running, authority.client_context()) as client:
            client.get("/", "Connection: close").expect(200, b"read 0")
        began = time.monotonic()
        for client in silent:
            client.want_gone()
        assert time.monotonic() - began < 5
        eventually(lambda: not server._lanes.poller._roster)
