"""A body in chunks, as handlers see it: whole, with a length, whoever asks and however."""

import json
from wsgiref.simple_server import ServerHandler

import pytest

from basehttpserver import BaseHTTPRequestHandler, HTTPServer, Settings, ThreadingHTTPServer
from tests.running import eventually, serving
from tests.wire.conversation import conversation
from tests.wire.servers import Answering

pytestmark = pytest.mark.usefixtures("leaks_nothing")

each_class = pytest.mark.parametrize("server_class", [HTTPServer, ThreadingHTTPServer])

CHUNKED = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nX-After: 1\r\n"

SMALL = b"field=value"
#: More than is collected before a handler of the event lane starts.
LARGE = bytes(range(256)) * 1024


class ByLength(Answering):
    """Reads its body as programs of http.server do; says what fields it saw."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(json.dumps([self.headers.items(), body.decode("latin-1")]).encode())


class InOneThread(ByLength):
    def handle(self):
        super().handle()


class ByGetattr(ByLength):
    """As werkzeug's, whose methods only instances have."""

    def __getattr__(self, name):
        if name == "do_PUT":
            return self.do_POST
        raise AttributeError(name)


class UndoingChunks(Answering):
    """As programs that knew that http.server has no chunks."""

    def do_POST(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(body)


class Gateway(BaseHTTPRequestHandler):
    """As wsgiref's, which reads its one request line itself."""

    def handle(self):
        self.raw_requestline = self.rfile.readline(65537)
        if self.parse_request():
            environ = {"REQUEST_METHOD": self.command, "SERVER_PROTOCOL": "HTTP/1.0"}
            handler = ServerHandler(self.rfile, self.wfile, None, environ)
            handler.run(self.echo)

    def echo(self, environ, start_response):
        start_response("200 OK", [])
        return [self.rfile.read(int(self.headers["Content-Length"]))]

    def log_message(self, format, *args):
        pass


class Streaming(Answering):
    """Answers each piece of the body when it comes."""

    def do_POST(self):
        self.send_response(200)
        self.send_header("X-Coding", self.headers["Transfer-Encoding"])
        self.end_headers()
        while piece := self.rfile.read1(1000):
            self.wfile.write(piece)
            self.wfile.flush()


def chunks(body, size=50_000):
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in [*pieces, b""])


def seen(response):
    fields, body = json.loads(response.body)
    return dict(fields), body.encode("latin-1")


@each_class
@pytest.mark.parametrize("body", [b"", SMALL, LARGE], ids=["none", "small", "large"])
@pytest.mark.parametrize("handler", [ByLength, InOneThread])
def test_has_a_length(server_class, handler, body):
    with (
        serving(server_class(("127.0.0.1", 0), handler)) as running,
        conversation(running) as client,
    ):
        for _ in range(2):  # The second request of a kept thread was not the poller's.
            client.send(f"{CHUNKED}\r\n").send(chunks(body))
            fields, found = seen(client.expect(200))
            assert found == body
            assert list(fields.items()) == [
                ("Host", "x"),
                ("Content-Length", str(len(body))),
                ("X-After", "1"),
            ]
        client.get().expect(200, b"hello")


@each_class
def test_piece_by_piece(server_class):
    with (
        serving(server_class(("127.0.0.1", 0), ByLength)) as running,
        conversation(running) as client,
    ):
        for byte in f"{CHUNKED}\r\n".encode() + chunks(SMALL, 3):
            client.send(bytes([byte]))
        assert seen(client.expect(200))[1] == SMALL


@each_class
@pytest.mark.parametrize("body", [SMALL, LARGE], ids=["small", "large"])
def test_methods_that_only_instances_have(server_class, body):
    with (
        serving(server_class(("127.0.0.1", 0), ByGetattr)) as running,
        conversation(running) as client,
    ):
        client.send(f"{CHUNKED}\r\n".replace("POST", "PUT")).send(chunks(body))
        assert seen(client.expect(200))[1] == body


@each_class
@pytest.mark.parametrize("body", [SMALL, LARGE], ids=["small", "large"])
def test_programs_that_undo_chunks(server_class, body):
    with (
        serving(server_class(("127.0.0.1", 0), UndoingChunks)) as running,
        conversation(running) as client,
    ):
        client.send(f"{CHUNKED}\r\n").send(chunks(body)).expect(200, body)


@each_class
@pytest.mark.parametrize("body", [SMALL, LARGE], ids=["small", "large"])
def test_handler_that_reads_the_request_line_itself(server_class, body):
    with (
        serving(server_class(("127.0.0.1", 0), Gateway)) as running,
        conversation(running) as client,
    ):
        client.send(f"{CHUNKED}\r\n").send(chunks(body)).expect(200, body)


@each_class
@pytest.mark.parametrize("handler", [ByLength, InOneThread])
def test_client_that_waits_for_a_word(server_class, handler):
    """As curl does when it uploads from a pipe."""
    with (
        serving(server_class(("127.0.0.1", 0), handler)) as running,
        conversation(running) as client,
    ):
        for _ in range(2):
            client.send(f"{CHUNKED}Expect: 100-continue\r\n\r\n").expect(100)
            client.send(chunks(LARGE))
            assert seen(client.expect(200))[1] == LARGE


@each_class
def test_handler_that_may_refuse_the_body(server_class):
    class Refusing(ByLength):
        def handle_expect_100(self):
            self.send_error(417)
            return False

    with (
        serving(server_class(("127.0.0.1", 0), Refusing)) as running,
        conversation(running) as client,
    ):
        client.send(f"{CHUNKED}Expect: 100-continue\r\n\r\n").expect(417)


@each_class
@pytest.mark.parametrize("handler", [ByLength, InOneThread])
@pytest.mark.parametrize("first", [b"", chunks(LARGE)[:-5]], ids=["at once", "late"])
def test_malformed(server_class, handler, first):
    with (
        serving(server_class(("127.0.0.1", 0), handler)) as running,
        conversation(running) as client,
    ):
        client.send(f"{CHUNKED}\r\n").send(first + b"x\r\n").expect(400)
        client.want_closed()


@pytest.mark.parametrize("handler", [ByLength, InOneThread])
def test_too_large(handler):
    settings = Settings(max_body_bytes=len(LARGE) - 1)
    with (
        serving(ThreadingHTTPServer(("127.0.0.1", 0), handler, settings=settings)) as running,
        conversation(running) as client,
    ):
        client.send(f"{CHUNKED}\r\n").send(chunks(LARGE)).expect(413)


@pytest.mark.parametrize("handler", [ByLength, InOneThread])
def test_too_slow(handler):
    settings = Settings(rate_grace_seconds=0.1, min_body_bytes_per_second=100_000)
    with (
        serving(ThreadingHTTPServer(("127.0.0.1", 0), handler, settings=settings)) as running,
        conversation(running) as client,
    ):
        client.send(f"{CHUNKED}\r\n").send(chunks(LARGE)[:-5]).expect(408)


def test_streamed_where_settings_say_so():
    settings = Settings(stream_chunked_bodies=True)
    with (
        serving(ThreadingHTTPServer(("127.0.0.1", 0), Streaming, settings=settings)) as running,
        conversation(running) as client,
    ):
        client.send(f"{CHUNKED}\r\n2\r\nHi\r\n")
        eventually(lambda: b"Hi" in client.peek())
        client.send("1\r\n!\r\n0\r\n\r\n")
        response = client.expect(200, b"Hi!")
        assert response["X-Coding"] == "chunked"


def test_more_than_the_server_keeps_is_streamed():
    settings = Settings(max_spool_bytes=100_000)
    with (
        serving(ThreadingHTTPServer(("127.0.0.1", 0), Streaming, settings=settings)) as running,
        conversation(running) as client,
    ):
        client.send(f"{CHUNKED}\r\n").send(chunks(LARGE)).expect(200, LARGE)


@each_class
def test_what_was_kept_is_let_go(server_class):
    with (
        serving(server_class(("127.0.0.1", 0), ByLength)) as running,
        conversation(running) as client,
    ):
        client.send(f"{CHUNKED}\r\n").send(chunks(LARGE))
        assert seen(client.expect(200))[1] == LARGE
        spool = running.server._context.spool
        eventually(lambda: spool.room == running.server.settings.max_spool_bytes)
