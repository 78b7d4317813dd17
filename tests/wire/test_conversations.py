"""HTTP/1 over real sockets: persistence, framing, order, ends."""

import contextlib
import io
import os
import socket
import threading

import pytest

from basehttpserver import BaseHTTPRequestHandler, HTTPServer, Settings, ThreadingHTTPServer
from tests.running import PATIENCE_SECONDS, eventually, serving
from tests.wire.conversation import conversation

pytestmark = pytest.mark.usefixtures("leaks_nothing")

LARGE = 8 << 20


class Handler(BaseHTTPRequestHandler):
    """What the tests ask for; it remembers what it logged in `log` of its class."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(self.path.encode())

    do_HEAD = do_GET

    def do_POST(self):
        self.answer(self.rfile.read())

    def do_PUT(self):
        self.answer(b"unread")

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format, *args):
        self.log.append(format % args)


@pytest.fixture(params=[HTTPServer, ThreadingHTTPServer])
def server_class(request):
    return request.param


@pytest.fixture(params=["parks", "keeps its thread"])
def lane(request):
    """Makes a handler class go one of the two ways."""

    def take(handler_class):
        if request.param == "parks":
            return handler_class

        class Staying(handler_class):
            def setup(self):
                super().setup()

        return Staying

    return take


@pytest.fixture
def serve(server_class, lane):
    """Run a server for a handler class; ``errors`` are what its ``handle_error`` was told."""
    with contextlib.ExitStack() as stack:

        def run(handler_class=Handler, **settings):
            class Server(server_class):
                def handle_error(self, request, client_address):
                    errors.append(True)

            errors = []
            log = []
            handler_class = type("Logging", (lane(handler_class),), {"log": log})
            server = Server(("127.0.0.1", 0), handler_class, settings=Settings(**settings))
            running = stack.enter_context(serving(server))
            running.errors = errors
            running.log = log
            return running

        yield run


def with_get(do_get, **attributes):
    """A handler class whose ``do_GET`` is the given function."""
    return type("Made", (Handler,), {"do_GET": do_get, **attributes})


class TestPersistence:
    def test_http_1_1_goes_on(self, serve):
        with conversation(serve()) as client:
            for target in ("/one", "/two", "/three"):
                client.get(target).expect(200, target.encode())
            client.want_idle()

    def test_close_option(self, serve):
        with conversation(serve()) as client:
            client.get("/", "Connection: close").expect(200, b"/")
            client.want_closed()

    def test_http_1_0_ends(self, serve):
        with conversation(serve()) as client:
            client.get("/", version="HTTP/1.0").expect(200, b"/")
            client.want_closed()

    def test_http_1_0_keep_alive(self, serve):
        with conversation(serve()) as client:
            for _ in range(2):
                response = client.get("/", "Connection: keep-alive", version="HTTP/1.0").expect(200)
                assert response["Connection"] == "keep-alive"
            client.want_idle()

    def test_handler_of_1_0_ends(self, serve):
        old = type("Old", (Handler,), {"protocol_version": "HTTP/1.0"})
        with conversation(serve(old)) as client:
            assert client.get().expect(200, b"/").version == "HTTP/1.0"
            client.want_closed()

    def test_handler_says_close(self, serve):
        def do_get(self):
            self.send_response(200)
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(b"bye")

        with conversation(serve(with_get(do_get))) as client:
            assert client.get().expect(200, b"bye").framing == "close"

    def test_handler_sets_close_connection(self, serve):
        def do_get(self):
            self.answer(b"bye")
            self.close_connection = True

        with conversation(serve(with_get(do_get))) as client:
            client.get().expect(200, b"bye")
            client.want_closed()

    def test_idle_connection_ends(self, serve):
        with conversation(serve(idle_timeout_seconds=0.2)) as client:
            client.get().expect(200)
            client.want_closed()

    def test_silent_connection_ends(self, serve):
        with conversation(serve(idle_timeout_seconds=0.2)) as client:
            client.want_closed()

    def test_timeout_of_handler_counts_between_requests(self, serve):
        impatient = type("Impatient", (Handler,), {"timeout": 0.2})
        with conversation(serve(impatient)) as client:
            client.get().expect(200)
            client.want_closed()

    def test_state_of_the_handler_persists(self, serve):
        def do_get(self):
            self.count = getattr(self, "count", 0) + 1
            self.answer(b"%d" % self.count)

        running = serve(with_get(do_get))
        with conversation(running) as client:
            client.get().expect(200, b"1")
            client.get().expect(200, b"2")
        with conversation(running) as client:
            client.get().expect(200, b"1")


class TestPipelining:
    def test_answers_come_in_order(self, serve):
        with conversation(serve()) as client:
            client.send("".join(f"GET /{n} HTTP/1.1\r\nHost: a\r\n\r\n" for n in range(100)))
            for number in range(100):
                client.expect(200, b"/%d" % number)
            client.want_idle()

    def test_close_ends_the_series(self, serve):
        with conversation(serve()) as client:
            client.send(
                "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
                "GET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
                "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n"
            )
            client.expect(200, b"/1")
            client.expect(200, b"/2")
            client.want_closed()

    def test_bodies_between(self, serve):
        with conversation(serve()) as client:
            client.send(
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nfirst"
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                "3\r\nsec\r\n3\r\nond\r\n0\r\n\r\n"
                "GET /third HTTP/1.1\r\nHost: a\r\n\r\n"
            )
            client.expect(200, b"first")
            client.expect(200, b"second")
            client.expect(200, b"/third")
            client.want_idle()

    def test_cut_at_every_byte(self, serve):
        request = (
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
        )
        with conversation(serve()) as client:
            for cut in range(1, len(request)):
                client.send(request[:cut])
                client.send(request[cut:]).expect(200, b"hi")
            for byte in request:
                client.send(bytes([byte]))
            client.expect(200, b"hi")

    def test_one_client_without_end_does_not_hold_up_another(self, server_class):
        handler = type("Quiet", (Handler,), {"log": []})
        with serving(server_class(("127.0.0.1", 0), handler)) as running:
            self.serve_beside_a_flood(running)

    def serve_beside_a_flood(self, running):
        stopped = threading.Event()
        piece = b"GET /greedy HTTP/1.1\r\nHost: a\r\n\r\n" * 200

        def flood(client):
            with contextlib.suppress(OSError):
                while not stopped.is_set():
                    client.send(piece)
                    for _ in range(200):
                        client.expect(200)

        with conversation(running) as greedy:
            thread = threading.Thread(target=flood, args=(greedy,))
            thread.start()
            try:
                for _ in range(5):
                    with conversation(running) as client:
                        client.socket.settimeout(2)
                        client.get("/", "Connection: close").expect(200)
            finally:
                stopped.set()
                thread.join(PATIENCE_SECONDS)


class TestRequestBody:
    def test_content_length(self, serve):
        body = os.urandom(1_000_000)
        with conversation(serve()) as client:
            client.get(method="POST", body=body).expect(200, body)
            client.get("/next").expect(200, b"/next")

    def test_chunked(self, serve):
        body = os.urandom(300_000)
        with conversation(serve()) as client:
            client.get("/", "Transfer-Encoding: chunked", method="POST")
            for start in range(0, len(body), 70_001):
                piece = body[start : start + 70_001]
                client.send(b"%x\r\n%s\r\n" % (len(piece), piece))
            client.send("0\r\nTrailer: dropped\r\n\r\n").expect(200, body)
            client.get("/next").expect(200, b"/next")

    def test_second_body_on_a_connection_arrives_late(self, serve):
        with conversation(serve()) as client:
            for _ in range(2):
                client.get("/", "Content-Length: 6", method="POST").want_idle()
                client.send("abc").want_idle()
                client.send("def").expect(200, b"abcdef")

    def test_continue(self, serve):
        with conversation(serve()) as client:
            client.get("/", "Expect: 100-continue", "Content-Length: 2", method="POST")
            client.expect(100)
            client.send("hi").expect(200, b"hi")
            client.get("/next").expect(200)

    def test_continue_is_not_sent_where_nothing_is_read(self, serve):
        class Refusing(Handler):
            def handle_expect_100(self):
                self.send_error(417)
                return False

        with conversation(serve(Refusing)) as client:
            client.get("/", "Expect: 100-continue", "Content-Length: 2", method="POST")
            client.expect(417)
            client.want_closed()

    def test_unread_body_is_drained(self, serve):
        with conversation(serve()) as client:
            client.get(method="PUT", body=b"GET /smuggled HTTP/1.1\r\n\r\n").expect(200, b"unread")
            client.get("/next").expect(200, b"/next")
            client.want_idle()

    def test_unread_chunked_body_is_drained(self, serve):
        with conversation(serve()) as client:
            client.get("/", "Transfer-Encoding: chunked", method="PUT").send("3\r\nabc\r\n")
            client.send("0\r\n\r\n").expect(200, b"unread")
            client.get("/next").expect(200, b"/next")

    def test_partly_read_body_is_drained(self, serve):
        class Sipping(Handler):
            def do_POST(self):
                self.answer(self.rfile.read(3))

        with conversation(serve(Sipping)) as client:
            client.get(method="POST", body=b"x" * 100_000).expect(200, b"xxx")
            client.get("/next").expect(200, b"/next")

    def test_large_unread_body_closes_and_the_answer_is_read(self, server_class, lane):
        """No reset, although the client is sending still."""
        if server_class is HTTPServer:
            pytest.skip("an HTTPServer reads the whole body beforehand")
        handler = type("Quiet", (lane(Handler),), {"log": []})
        server = server_class(("127.0.0.1", 0), handler, settings=Settings(max_drain_bytes=1000))
        with serving(server) as running, conversation(running) as client:
            client.get("/", "Content-Length: 500000", method="PUT")
            client.send(bytes(100_000))
            response = client.expect(200, b"unread")
            assert response.framing == "length"
            client.send(bytes(100_000))
            client.want_closed()

    def test_malformed_chunk_while_it_is_read(self, serve):
        with conversation(serve()) as client:
            client.get("/", "Transfer-Encoding: chunked", method="POST").send("xyz\r\n")
            client.expect(400)
            client.want_closed()

    def test_body_over_the_limit(self, serve):
        with conversation(serve(max_body_bytes=10)) as client:
            client.get("/", "Content-Length: 11", method="POST").expect(413)
            client.want_closed()

    def test_chunks_over_the_limit(self, serve):
        with conversation(serve(max_body_bytes=10)) as client:
            client.get("/", "Transfer-Encoding: chunked", method="POST").send("b\r\n").expect(413)
            client.want_closed()

    def test_body_that_stalls(self, serve):
        with conversation(serve(rate_grace_seconds=0.2)) as client:
            client.get("/", "Content-Length: 10", method="POST").send("x").expect(408)
            client.want_closed()

    def test_request_recv_finds_the_body_where_rfile_is_unbuffered(self, serve):
        class Raw(Handler):
            rbufsize = 0

            def do_POST(self):
                body = b""
                while len(body) < 4:
                    body += self.request.recv(4 - len(body))
                self.answer(body)

        with conversation(serve(Raw)) as client:
            client.get(method="POST", body=b"body").expect(200, b"body")


class TestHalfClose:
    @pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
    def test_gets_its_answer(self, serve, version):
        with conversation(serve()) as client:
            client.get("/x", version=version).finish_sending().expect(200, b"/x")
            client.want_closed()

    def test_all_pipelined_answers(self, serve):
        with conversation(serve()) as client:
            client.get("/1").get("/2").finish_sending()
            client.expect(200, b"/1")
            client.expect(200, b"/2")
            client.want_closed()

    def test_in_the_middle_of_a_head(self, serve):
        with conversation(serve()) as client:
            client.send("GET / HT").finish_sending().expect(400)
            client.want_closed()

    def test_before_anything(self, serve):
        with conversation(serve()) as client:
            client.finish_sending().want_closed()

    def test_in_the_middle_of_a_chunked_body(self, serve):
        with conversation(serve()) as client:
            client.get("/", "Transfer-Encoding: chunked", method="POST").send("5\r\nab")
            client.finish_sending().expect(400)
            client.want_closed()


class TestResponse:
    def test_head_request_gets_no_body(self, serve):
        def do_head(self):
            self.send_response(200)
            self.send_header("Content-Length", "4")
            self.end_headers()
            self.wfile.write(b"body")

        with conversation(serve(type("Eager", (Handler,), {"do_HEAD": do_head}))) as client:
            client.get(method="HEAD").expect(200, b"", to="HEAD")
            client.get("/next").expect(200, b"/next")

    @pytest.mark.parametrize("status", [204, 304])
    def test_without_content(self, serve, status):
        def do_get(self):
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"body")

        with conversation(serve(with_get(do_get))) as client:
            for _ in range(2):
                client.get().expect(status, b"")
            client.want_idle()

    @pytest.mark.usefixtures("nothing_is_late")
    def test_length_is_added(self, serve):
        def do_get(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"whole")

        with conversation(serve(with_get(do_get))) as client:
            assert client.get().expect(200, b"whole").framing == "length"
            client.want_idle()

    def test_progress_arrives_while_the_handler_runs(self, serve):
        """No flush: each line is there before the handler writes the next."""
        seen = threading.Semaphore(0)

        def do_get(self):
            self.send_response(200)
            self.end_headers()
            for number in range(3):
                self.wfile.write(b"line %d\n" % number)
                assert seen.acquire(timeout=PATIENCE_SECONDS)

        with conversation(serve(with_get(do_get))) as client:
            client.get()
            head = client._read_until(b"\r\n\r\n")
            assert b"Transfer-Encoding: chunked" in head
            for number in range(3):
                client.expect_bytes(b"7\r\nline %d\n\r\n" % number)
                seen.release()
            client.expect_bytes(b"0\r\n\r\n")
            client.want_idle()

    def test_progress_to_http_1_0(self, serve):
        seen = threading.Semaphore(0)

        def do_get(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"one")
            assert seen.acquire(timeout=PATIENCE_SECONDS)
            self.wfile.write(b"two")

        with conversation(serve(with_get(do_get))) as client:
            client.get(version="HTTP/1.0")._read_until(b"\r\n\r\n")
            client.expect_bytes(b"one")
            seen.release()
            client.expect_bytes(b"two").want_closed()

    def test_flush_sends_at_once(self, serve):
        seen = threading.Event()

        def do_get(self):
            self.send_response(200)
            self.send_header("Content-Length", "6")
            self.end_headers()
            self.wfile.write(b"one")
            self.wfile.flush()
            assert seen.wait(PATIENCE_SECONDS)
            self.wfile.write(b"two")

        with conversation(serve(with_get(do_get))) as client:
            client.get()._read_until(b"\r\n\r\n")
            client.expect_bytes(b"one")
            seen.set()
            client.expect_bytes(b"two").want_idle()

    def test_longer_than_its_length_is_cut(self, serve):
        def do_get(self):
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"too long")

        running = serve(with_get(do_get))
        with conversation(running) as client:
            client.get().expect(200, b"to")
            client.get().expect(200, b"to")
            client.want_idle()
        assert any("longer than its Content-Length" in line for line in running.log)

    def test_shorter_than_its_length_ends_the_connection(self, serve):
        def do_get(self):
            self.send_response(200)
            self.send_header("Content-Length", "10")
            self.end_headers()
            self.wfile.write(b"short")

        running = serve(with_get(do_get))
        with conversation(running) as client:
            client.get()._read_until(b"\r\n\r\n")
            client.expect_bytes(b"short").want_closed()
        assert any("shorter than its Content-Length" in line for line in running.log)

    def test_large_response_to_a_slow_reader(self, serve):
        """The client sees every byte, however small its window."""
        body = os.urandom(LARGE)
        running = serve(with_get(lambda self: self.answer(body)))
        with conversation(running, receive_buffer=4096) as client:
            client.get()
            received = client.expect(200).body
            assert received == body
            client.want_idle()

    def test_reader_that_stops_is_cut(self, serve):
        failed = threading.Event()

        def do_get(self):
            try:
                self.answer(bytes(LARGE * 4))
            except TimeoutError:
                failed.set()
                raise

        running = serve(with_get(do_get), rate_grace_seconds=0.3, max_response_spool_bytes=LARGE)
        with conversation(running, receive_buffer=4096) as client:
            client.get()
            eventually(failed.is_set, "the deadline")
            eventually(lambda: any("timed out" in line for line in running.log), "a line")
            client.want_gone()

    def test_one_by_one_writes(self, serve):
        def do_get(self):
            self.send_response(200)
            self.end_headers()
            for _ in range(10_000):
                self.wfile.write(b"x")

        with conversation(serve(with_get(do_get))) as client:
            client.get().expect(200, b"x" * 10_000)
            client.want_idle()

    def test_raw_response_passes_untouched(self, serve):
        raw = b"HTTP/1.1 299 Own\r\nContent-Length: 2\r\n\r\nhi"

        with conversation(serve(with_get(lambda self: self.wfile.write(raw)))) as client:
            client.get().expect_bytes(raw)
            client.want_idle()

    @pytest.mark.parametrize("raw", [b"hi", b"HTTP/1.1 299 Own\r\n\r\nhi"])
    def test_raw_response_without_an_end_ends_by_close(self, serve, raw):
        with conversation(serve(with_get(lambda self: self.wfile.write(raw)))) as client:
            client.get().get().expect_bytes(raw)
            client.want_closed()

    def test_own_chunks_end_at_the_last_one(self, serve):
        def do_get(self):
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"2\r\nhi\r\n0\r\n\r\n")
            self.wfile.write(b"HTTP/1.1 200 Forged\r\nContent-Length: 0\r\n\r\n0\r\n\r\n")

        with conversation(serve(with_get(do_get))) as client:
            client.get().get()
            client.expect(200, b"hi")
            client.expect(200, b"hi")
            client.want_idle()


class TestHandlerThatRaises:
    def test_before_the_response(self, serve):
        def do_get(self):
            raise RuntimeError("a bug")

        running = serve(with_get(do_get))
        with conversation(running) as client:
            client.get().expect(500)
            client.want_closed()
        eventually(lambda: running.errors == [True], "handle_error")

    def test_with_a_head_that_has_not_ended(self, serve):
        def do_get(self):
            self.send_response(200)
            self.send_header("X-Half", "done")
            raise RuntimeError("a bug")

        with conversation(serve(with_get(do_get))) as client:
            assert client.get().expect(500)["X-Half"] is None
            client.want_closed()

    def test_in_the_middle(self, serve):
        def do_get(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"half")
            raise RuntimeError("a bug")

        with conversation(serve(with_get(do_get))) as client:
            head, _, body = client.get().read_to_end().partition(b"\r\n\r\n")
            assert b"Transfer-Encoding: chunked" in head
            assert body == b"4\r\nhalf\r\n", "no last chunk: the client can tell"

    def test_in_the_middle_of_a_length(self, serve):
        def do_get(self):
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"half")
            raise RuntimeError("a bug")

        with conversation(serve(with_get(do_get))) as client:
            assert client.get().read_to_end().endswith(b"\r\n\r\nhalf")

    def test_after_the_response(self, serve):
        def do_get(self):
            self.answer(b"whole")
            raise RuntimeError("a bug")

        running = serve(with_get(do_get))
        with conversation(running) as client:
            client.get().expect(200, b"whole")
            client.want_closed()
        eventually(lambda: running.errors == [True], "handle_error")

    @pytest.mark.parametrize("error", [BrokenPipeError, ConnectionResetError])
    def test_connection_errors_of_the_handler_s_own_are_failures(self, serve, error):
        """Somebody else's connection broke, not the client's: it waits for an answer."""

        def do_get(self):
            raise error

        running = serve(with_get(do_get))
        with conversation(running) as client:
            client.get().expect(500)
            client.want_closed()
        eventually(lambda: running.errors == [True], "handle_error")

    def test_timeout_ends_the_connection_with_a_line(self, serve):
        def do_get(self):
            raise TimeoutError("of its own")

        running = serve(with_get(do_get))
        with conversation(running) as client:
            client.get().want_closed()
        eventually(lambda: any("timed out" in line for line in running.log), "a line")
        assert not running.errors

    @pytest.mark.parametrize("bad", ["a\r\nb", "a\nb", "a\rb", "a\0b"])
    def test_header_injection(self, serve, bad):
        def do_get(self):
            self.send_response(200)
            self.send_header("X-Evil", bad)
            self.end_headers()

        running = serve(with_get(do_get))
        with conversation(running) as client:
            assert client.get().expect(500)["X-Evil"] is None
            client.want_closed()

    def test_reason_injection(self, serve):
        def do_get(self):
            self.send_response(200, "OK\r\nX-Evil: 1")
            self.end_headers()

        with conversation(serve(with_get(do_get))) as client:
            assert client.get().expect(500)["X-Evil"] is None


class TestTakeOver:
    def test_upgrade_with_rfile_and_wfile(self, serve):
        def do_get(self):
            self.send_response(101)
            self.send_header("Connection", "upgrade")
            self.send_header("Upgrade", "echo")
            self.end_headers()
            for line in self.rfile:
                self.wfile.write(line)

        with conversation(serve(with_get(do_get))) as client:
            client.get("/", "Connection: upgrade", "Upgrade: echo").send("early\n").expect(101)
            client.expect_bytes(b"early\n")
            client.send("late\n").expect_bytes(b"late\n")
            client.finish_sending().want_closed()

    def test_upgrade_with_the_socket(self, serve):
        def do_get(self):
            self.send_response(101)
            self.end_headers()
            while data := self.request.recv(4096):
                self.request.sendall(data.upper())
            self.close_connection = True

        class Unbuffered(with_get(do_get)):
            rbufsize = 0

        with conversation(serve(Unbuffered)) as client:
            client.get().send("early\n").expect(101)
            client.expect_bytes(b"EARLY\n")
            client.send("late\n").expect_bytes(b"LATE\n")
            client.finish_sending().want_closed()

    @pytest.mark.parametrize("use", ["rfile", "socket"])
    @pytest.mark.parametrize(
        ("fields", "body"),
        [
            ("Content-Length: 9", b"body\nbody"),
            ("Content-Length: 100000", bytes(100_000)),
            ("Transfer-Encoding: chunked", b"4\r\nbody\r\n0\r\n\r\n"),
        ],
    )
    @pytest.mark.parametrize("reads", [0, 2])
    def test_body_of_the_request_is_no_part_of_the_tunnel(self, serve, use, fields, body, reads):
        """http.server leaves it in front of what the client sends through the tunnel."""

        def do_post(self):
            self.rfile.read(reads)
            self.send_response(101)
            self.end_headers()
            if use == "rfile":
                self.wfile.write(self.rfile.readline())
            else:
                self.request.sendall(self.request.recv(100))

        class Upgrading(Handler):
            do_POST = do_post

        with conversation(serve(Upgrading)) as client:
            client.send(f"POST / HTTP/1.1\r\nHost: x\r\nUpgrade: y\r\n{fields}\r\n\r\n")
            client.send(body[:3])
            client.send(body[3:] + b"early\n").expect(101)
            client.expect_bytes(b"early\n").want_closed()

    def test_client_that_waits_for_100_gets_it_before_101(self, serve):
        class Upgrading(Handler):
            def handle_expect_100(self):
                return True

            def do_POST(self):
                self.send_response(101)
                self.end_headers()
                self.wfile.write(self.rfile.readline())

        with conversation(serve(Upgrading)) as client:
            client.get("/", "Content-Length: 4", "Expect: 100-continue", method="POST")
            client.expect(100)
            client.send("bodyearly\n").expect(101)
            client.expect_bytes(b"early\n").want_closed()

    def test_body_too_large_to_be_dropped_for_a_tunnel(self, serve):
        class Upgrading(Handler):
            def do_POST(self):
                self.send_response(101)
                self.end_headers()

        with conversation(serve(Upgrading, max_drain_bytes=10)) as client:
            client.get(method="POST", body=bytes(11)).expect(413)
            client.want_closed()

    def test_answer_on_the_socket(self, serve):
        def do_get(self):
            self.send_response(200)
            self.end_headers()
            self.request.sendall(b"raw")

        with conversation(serve(with_get(do_get))) as client:
            assert client.get().read_to_end().endswith(b"\r\n\r\nraw")

    def test_makefile(self, serve):
        def do_get(self):
            with self.request.makefile("rwb", 0) as file:
                file.write(file.readline().upper())

        with conversation(serve(with_get(do_get))) as client:
            client.get()
            client.send("hello\n").expect_bytes(b"HELLO\n").want_closed()

    def test_detached_socket_is_forgotten(self, serve):
        def do_get(self):
            with socket.socket(fileno=self.request.detach()) as raw:
                raw.sendall(b"mine")

        running = serve(with_get(do_get))
        with conversation(running) as client:
            client.get().expect_bytes(b"mine").want_closed()
        eventually(lambda: not running.server._lanes.poller._roster, "no connection")

    def test_asking_is_harmless(self, serve):
        def do_get(self):
            self.request.getpeername()
            self.request.settimeout(5)
            self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.answer(b"%d" % (self.request.fileno() >= 0))

        with conversation(serve(with_get(do_get))) as client:
            for _ in range(3):
                client.get().expect(200, b"1")
            client.want_idle()

    def test_socket_that_the_handler_closes(self, serve):
        """As in http.server, where the descriptor lives as long as its files do."""

        def do_get(self):
            self.answer(b"sent")
            self.request.close()
            self.close_connection = True

        running = serve(with_get(do_get))
        with conversation(running) as client:
            client.get().expect(200, b"sent")
            client.want_closed()
        with conversation(running) as client:
            client.get().expect(200, b"sent")
        assert not running.errors

    def test_socket_that_the_handler_closes_and_leaves(self, serve):
        def do_get(self):
            self.answer(b"sent")
            self.wfile.flush()
            self.request.close()

        running = serve(with_get(do_get))
        for _ in range(2):
            with conversation(running) as client:
                client.get().expect(200, b"sent")

    def test_socket_that_the_handler_shuts_down(self, serve):
        def do_get(self):
            self.answer(b"sent")
            self.wfile.flush()
            self.request.shutdown(socket.SHUT_RDWR)

        running = serve(with_get(do_get))
        for _ in range(2):
            with conversation(running) as client:
                client.get().expect(200, b"sent")

    def test_wfile_that_the_handler_closes(self, serve):
        def do_get(self):
            self.answer(b"sent")
            self.wfile.close()

        running = serve(with_get(do_get))
        for _ in range(2):
            with conversation(running) as client:
                client.get("/", "Connection: close").expect(200, b"sent")

    def test_files_that_the_handler_replaces(self, serve):
        def do_get(self):
            self.answer(b"sent")
            self.wfile.flush()
            self.wfile = io.StringIO()
            self.wfile.close()
            self.rfile = None

        running = serve(with_get(do_get))
        for _ in range(2):
            with conversation(running) as client:
                client.get("/").expect(200, b"sent")
                client.finish_sending().want_gone()


#: What is sent, what comes back, with limits that make it short.
REFUSALS = {
    "not a request": (b"nonsense\r\n\r\n", 400),
    "TLS hello": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "no Host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two lengths": (
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
        400,
    ),
    "length and chunks": (
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "half a head, then silence": (b"GET / HTTP/1.1\r\nHo", 408),
    "body over the limit": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 999999\r\n\r\n", 413),
    "long request line": (b"GET /" + b"x" * 2000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    "long field": (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 2000 + b"\r\n\r\n", 431),
    "many fields": (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: x\r\n" * 20 + b"\r\n", 431),
    "unknown method": (b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    "unknown coding": (
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        501,
    ),
    "version": (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
}


class TestRefusals:
    @pytest.mark.parametrize("name", REFUSALS)
    def test_is_written_and_logged_by_the_handler(self, serve, name):
        request, status = REFUSALS[name]

        class Own(Handler):
            def send_error(self, code, message=None, explain=None):
                self.log.append(f"error {int(code)}")
                super().send_error(code, message, explain)

            def log_request(self, code="-", size="-"):
                self.log.append(f"request {int(code)}")

        running = serve(
            Own,
            head_timeout_seconds=0.3,
            max_request_line_bytes=1000,
            max_field_line_bytes=1000,
            max_fields=10,
            max_body_bytes=1000,
        )
        with conversation(running) as client:
            response = client.send(request).expect(status)
            assert response["Connection"] == "close"
            client.want_closed()
        assert f"error {status}" in running.log
        assert f"request {status}" in running.log
        assert not running.errors

    @pytest.mark.parametrize("name", REFUSALS)
    def test_after_a_good_request(self, serve, name):
        request, status = REFUSALS[name]
        running = serve(
            head_timeout_seconds=0.3,
            max_request_line_bytes=1000,
            max_field_line_bytes=1000,
            max_fields=10,
            max_body_bytes=1000,
        )
        with conversation(running) as client:
            client.get("/good").expect(200, b"/good")
            client.send(request).expect(status)
            client.want_closed()

    def test_answer_is_read_while_the_client_is_still_sending(self, serve):
        """A lingering close: megabytes behind the refusal do not take it away by a reset."""
        with conversation(serve()) as client:
            client.send(b"nonsense\r\n\r\n" + bytes(500_000))
            client.expect(400)
            client.want_closed()

    def test_request_behind_a_refused_one_is_not_answered(self, serve):
        with conversation(serve()) as client:
            client.send(b"GET / HTTP/1.1\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
            client.expect(400)
            client.want_closed()
