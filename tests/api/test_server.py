"""The server classes: their address, and what they do where no poller runs."""

import contextlib
import http.server
import inspect
import io
import socket
import socketserver
import threading

import pytest

from basehttpserver import BaseHTTPRequestHandler, HTTPServer, Settings, ThreadingHTTPServer
from tests.running import PATIENCE_SECONDS, serving

LOOPBACK = ("127.0.0.1", 0)


class Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    do_POST = do_GET

    def log_message(self, format, *args):
        pass


def get(address, request=b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"):
    with socket.create_connection(address, PATIENCE_SECONDS) as client:
        client.sendall(request)
        client.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: client.recv(65536), b""))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (HTTPServer, http.server.HTTPServer),
        (ThreadingHTTPServer, http.server.ThreadingHTTPServer),
    ],
)
def test_every_public_name_is_there_with_its_parameters(ours, theirs):
    for name in dir(theirs):
        if not name.startswith("_"):
            assert hasattr(ours, name)
            if inspect.isfunction(getattr(theirs, name)):
                expected = inspect.signature(getattr(theirs, name))
                assert list(inspect.signature(getattr(ours, name)).parameters) == list(
                    expected.parameters
                )


def test_kinship():
    assert issubclass(HTTPServer, socketserver.TCPServer)
    assert issubclass(ThreadingHTTPServer, socketserver.ThreadingMixIn)
    assert issubclass(ThreadingHTTPServer, HTTPServer)
    assert issubclass(BaseHTTPRequestHandler, socketserver.StreamRequestHandler)


def test_settings_come_from_the_class_or_the_keyword():
    class Own(HTTPServer):
        settings = Settings(max_fields=1)

    with Own(LOOPBACK, Quiet) as server:
        assert server.settings.max_fields == 1
    with Own(LOOPBACK, Quiet, settings=Settings(max_fields=2)) as server:
        assert server.settings.max_fields == 2
    assert HTTPServer.settings == Settings()


# Limits that http.client has, too.


def with_fields(count):
    lines = "".join(f"X-{number}: x\r\n" for number in range(count - 2))
    return f"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{lines}\r\n".encode()


@pytest.mark.parametrize(
    ("settings", "patched", "allowed"),
    [
        (Settings(), 100, 100),
        (Settings(max_fields=300), 100, 300),
        (Settings(max_fields=50), 100, 50),
        (Settings(), 200, 200),
        (Settings(max_fields=300), 200, 300),
    ],
)
def test_a_limit_of_fields_and_a_patched_one_of_http_client(
    monkeypatch, settings, patched, allowed
):
    monkeypatch.setattr("http.client._MAXHEADERS", patched)
    with serving(HTTPServer(LOOPBACK, Quiet, settings=settings)) as running:
        assert get(running.address, with_fields(allowed)).endswith(b"ok")
        refused = get(running.address, with_fields(allowed + 1))
        assert refused.startswith(b"HTTP/1.1 431 Too many headers\r\n")


# The address.


@pytest.mark.parametrize(
    ("address", "name"),
    [
        (("127.0.0.1", 80), "localhost"),
        (("::1", 80, 0, 0), "localhost"),
        (("0.0.0.0", 80), socket.gethostname()),
        (("::", 80, 0, 0), socket.gethostname()),
        (("192.0.2.1", 80), "192.0.2.1"),
        ("/a/socket", "/a/socket"),
    ],
)
def test_server_name_is_found_when_it_is_asked_for_and_without_dns(monkeypatch, address, name):
    def no_dns(*_):
        raise AssertionError("DNS was asked")

    for function in ("getfqdn", "gethostbyaddr", "gethostbyname", "getaddrinfo"):
        monkeypatch.setattr(socket, function, no_dns)
    with HTTPServer(LOOPBACK, Quiet) as server:
        server.server_address = address
        assert server.server_name == name


def test_server_name_may_be_set():
    with HTTPServer(LOOPBACK, Quiet) as server:
        server.server_name = "a.name"
        assert server.server_name == "a.name"
        assert server.server_port == server.server_address[1] == server.socket.getsockname()[1]


def test_an_address_in_use_leaves_no_socket_open():
    with HTTPServer(LOOPBACK, Quiet) as server, pytest.raises(OSError, match="in use"):
        HTTPServer(server.server_address, Quiet)


def test_bind_and_activate_may_wait():
    with HTTPServer(LOOPBACK, Quiet, False) as server:
        assert not hasattr(server, "server_port")
        server.server_bind()
        server.server_activate()
        with serving(server) as running:
            assert get(running.server.server_address).endswith(b"ok")


def test_drain_and_close_of_a_server_that_never_served():
    server = ThreadingHTTPServer(LOOPBACK, Quiet)
    assert server.drain(0)
    server.server_close()
    server.server_close()


# Servers whose process_request is foreign: socketserver's own loop runs, and nothing polls.


class ByHand(HTTPServer):
    """What some programs do to log requests; ForkingMixIn is of this kind, too."""

    def process_request(self, request, client_address):
        self.processed = [*getattr(self, "processed", []), threading.current_thread()]
        super().process_request(request, client_address)


def test_a_foreign_process_request_runs_in_socketserver_s_own_loop():
    server = ByHand(LOOPBACK, Quiet)
    with serving(server) as running:
        assert get(running.address).startswith(b"HTTP/1.1 200 OK\r\n")
        assert server.processed == [running.thread]


def test_heads_are_strictly_read_there_too():
    with serving(ByHand(LOOPBACK, Quiet)) as running:
        assert get(running.address, b"GET / HTTP/1.1\r\n\r\n").startswith(
            b"HTTP/1.1 400 Missing Host header\r\n"
        )


def test_an_answer_is_read_there_although_the_body_was_not():
    request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 400000\r\n\r\n" + bytes(400_000)
    with serving(ByHand(LOOPBACK, Quiet)) as running:
        assert get(running.address, request).endswith(b"ok")


def test_handle_request_without_a_poller():
    server = ByHand(LOOPBACK, Quiet)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    assert get(server.server_address).endswith(b"ok")
    thread.join(PATIENCE_SECONDS)
    assert len(server.processed) == 1
    server.server_close()


def test_handle_request_takes_the_shorter_timeout():
    timed_out = []

    class Timed(HTTPServer):
        timeout = 30

        def handle_timeout(self):
            timed_out.append(self)

    with Timed(LOOPBACK, Quiet) as server:
        server.socket.settimeout(0.01)
        server.handle_request()
        assert timed_out == [server]


def test_a_handler_without_a_socket_under_our_server():
    """Programs test their handlers so: any object with makefile() is a request."""
    from tests.api.file_requests import Connection

    with HTTPServer(LOOPBACK, Quiet) as server:
        connection = Connection(b"GET / HTTP/1.0\r\n\r\n")
        Quiet(connection, ("192.0.2.1", 1), server)
    assert bytes(connection.sent).endswith(b"ok")


def test_a_handler_on_a_socket_that_takes_no_attribute():
    """A plain socket has no room for the engine's mark: the handler reads it as http.server."""
    with HTTPServer(LOOPBACK, Quiet) as server:
        ours, theirs = socket.socketpair()
        with contextlib.closing(ours), contextlib.closing(theirs):
            theirs.sendall(b"GET / HTTP/1.0\r\n\r\n")
            Quiet(ours, ("192.0.2.1", 1), server)
            assert theirs.recv(1000).endswith(b"ok")


# Handlers that do more than answer.


def test_a_file_that_a_handler_puts_in_front_of_wfile_is_flushed():
    class Buffering(Quiet):
        def do_GET(self):
            self.wfile = io.BufferedWriter(Passing(self.wfile))
            super().do_GET()

    with serving(ThreadingHTTPServer(LOOPBACK, Buffering)) as running:
        assert get(running.address).endswith(b"\r\n\r\nok")


class Passing(io.RawIOBase):
    def __init__(self, file):
        self.file = file

    def writable(self):
        return True

    def write(self, data):
        return self.file.write(bytes(data))


def test_a_handler_that_fails_before_it_knows_its_request_answers_500(capsys):
    class Failing(Quiet):
        def handle_one_request(self):
            raise LookupError("its own fault")

    with serving(HTTPServer(LOOPBACK, Failing)) as running:
        assert get(running.address).startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert "LookupError: its own fault" in capsys.readouterr().err
