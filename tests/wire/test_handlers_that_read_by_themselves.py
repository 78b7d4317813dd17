"""Handlers that replace ``handle`` and ``handle_one_request``, and read from ``rfile`` alone.

Django's development server does so, and programs that copied ``http.server``'s loop.
"""

import os
import socketserver

import pytest

from basehttpserver import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from tests.running import serving
from tests.wire.conversation import conversation

pytestmark = pytest.mark.usefixtures("leaks_nothing")


class Looping(BaseHTTPRequestHandler):
    """Answers each request with its method, its path and the lines of its body."""

    protocol_version = "HTTP/1.1"

    def handle(self):
        self.close_connection = True
        self.handle_one_request()
        while not self.close_connection:
            self.handle_one_request()

    def handle_one_request(self):
        self.raw_requestline = self.rfile.readline(65537)
        if self.parse_request():
            length = int(self.headers.get("Content-Length", 0))
            body = b"|".join(self.rfile.read(length).split())
            self.answer(f"{self.command} {self.path} {body.decode()}".encode())

    def log_message(self, format, *args):
        pass


class WithApi(Looping):
    def answer(self, body):
        self.send_response(200)
        self.end_headers()  # The length is left to us.
        self.wfile.write(body)


class WithRawBytes(Looping):
    """As ``wsgiref`` writes it."""

    def answer(self, body):
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        self.wfile.write(b"Content-Length: %d\r\n\r\n" % len(body))
        self.wfile.write(body)
        self.wfile.flush()


class OverReading(WithApi):
    """Reads lines behind the body before it answers, as a CGI program might."""

    def answer(self, body):
        while line := self.rfile.readline():
            body += line
        super().answer(body)


each_server = pytest.mark.parametrize("server_class", [HTTPServer, ThreadingHTTPServer])
each_handler = pytest.mark.parametrize("handler", [WithApi, WithRawBytes])


def talking(server_class, handler):
    return serving(server_class(("127.0.0.1", 0), handler))


@each_server
@each_handler
def test_one_request_after_another(server_class, handler):
    with talking(server_class, handler) as running, conversation(running) as client:
        client.get("/one").expect(200, b"GET /one ")
        client.send("POST /two HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\na\nb\nc d")
        client.expect(200, b"POST /two a|b|c|d")
        client.get("/three", "Connection: close").expect(200, b"GET /three ")
        client.want_closed()


@each_server
@each_handler
def test_pipelined_requests(server_class, handler):
    request = "POST /{} HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx"
    with talking(server_class, handler) as running, conversation(running) as client:
        client.send("".join(map(request.format, range(3))))
        for number in range(3):
            client.expect(200, f"POST /{number} x".encode())


@each_server
def test_next_request_is_never_taken_for_a_line_of_a_body(server_class):
    with talking(server_class, OverReading) as running, conversation(running) as client:
        request = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na\nb"
        client.send(request + request)
        client.expect(200, b"POST / a|b")
        client.expect(200, b"POST / a|b")


@each_server
@each_handler
def test_second_request_is_refused_as_the_first(server_class, handler):
    with talking(server_class, handler) as running, conversation(running) as client:
        client.get().expect(200)
        client.send("GET / HTTP/1.1\r\nHost: a\r\nBad Field: x\r\n\r\n").expect(400)
        client.want_closed()


@each_server
@each_handler
def test_client_that_leaves_ends_the_loop(server_class, handler):
    with talking(server_class, handler) as running:
        with conversation(running) as client:
            client.get().expect(200)
        with conversation(running) as client:
            client.get().expect(200)


def test_late_complaints_are_logged():
    """Those of an exchange that the next one ended."""
    logged = []

    class TooLong(Looping):
        def answer(self, body):
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"hello")

        def log_error(self, format, *args):
            logged.append(format % args)

    with talking(ThreadingHTTPServer, TooLong) as running, conversation(running) as client:
        client.get().expect(200, b"he")
        client.get("/", "Connection: close").expect(200, b"he")
        client.want_closed()
    assert logged == ["the response is longer than its Content-Length: cut"] * 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@each_handler
def test_server_without_our_poller(handler):
    """There the first head is waited for in the handler."""
    server_class = type("ForkingHTTPServer", (socketserver.ForkingMixIn, HTTPServer), {})
    with talking(server_class, handler) as running, conversation(running) as client:
        client.get("/one", "Connection: close").expect(200, b"GET /one ")
        client.want_closed()


@pytest.mark.parametrize("server_class", [HTTPServer, ThreadingHTTPServer])
def test_body_ends_where_rfile_was_touched_before_the_first_request(server_class):
    class Touching(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle(self):
            assert self.rfile.readable()
            super().handle()

        def do_POST(self):
            self.do_GET()

        def do_GET(self):
            body = b"".join(self.rfile)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(self.path.encode() + b" " + body)

        def log_message(self, format, *args):
            pass

    server = server_class(("127.0.0.1", 0), Touching)
    with serving(server) as running, conversation(running) as client:
        client.get("/1", method="POST", body=b"a\nb\n").get("/2")
        client.expect(200, b"/1 a\nb\n")
        client.expect(200, b"/2 ")
