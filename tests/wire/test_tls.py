"""TLS: handshakes, what a handler sees of its socket, how connections end, and HTTP on top."""

import contextlib
import http.server
import io
import os
import socket
import socketserver
import ssl
import threading
import time

import pytest

from basehttpserver import (
    HTTPServer,
    HTTPSServer,
    Settings,
    SimpleHTTPRequestHandler,
    ThreadingHTTPServer,
    ThreadingHTTPSServer,
)
from basehttpserver._engine import connection_of
from tests.running import PATIENCE_SECONDS, eventually, serving
from tests.tls import ByHand, secure, shut_down_writing, wait_for_end
from tests.wire.clients import hurry
from tests.wire.conversation import conversation
from tests.wire.servers import Answering

pytestmark = pytest.mark.usefixtures("leaks_nothing")

ANYWHERE = ("127.0.0.1", 0)


class Handler(Answering):
    def do_GET(self):
        self.answer(self.path.encode())

    def do_POST(self):
        self.answer(self.rfile.read())


class Mixed(socketserver.ThreadingMixIn, HTTPServer):
    """What programs wrote before there was ThreadingHTTPServer."""

    daemon_threads = True


class Keeping(Handler):
    """Overrides ``handle``, and keeps one thread for a connection."""

    def handle(self):
        super().handle()


WRAPPED = [HTTPServer, ThreadingHTTPServer, Mixed]
CLASSES = [*WRAPPED, HTTPSServer, ThreadingHTTPSServer]

each_class = pytest.mark.parametrize("server_class", [HTTPServer, ThreadingHTTPServer])


def with_get(do_get, base=Handler, **attributes):
    return type("Made", (base,), {"do_GET": do_get, **attributes})


def logging(handler=Handler):
    """A handler class that notes its log lines, and the list of them."""
    lines = []

    def log_message(self, format, *args):
        lines.append(format % args)

    return type("Logging", (handler,), {"log_message": log_message}), lines


@pytest.fixture
def run(authority):
    with contextlib.ExitStack() as stack:

        def run(server_class, handler=Handler, context=None, **settings):
            own = Settings(**settings)
            if issubclass(server_class, HTTPSServer):
                files = {"certfile": authority.certfile, "keyfile": authority.keyfile}
                server = server_class(ANYWHERE, handler, settings=own, **files)
            else:
                server = server_class(ANYWHERE, handler, settings=own)
                context = context or authority.server_context()
                server.socket = context.wrap_socket(server.socket, server_side=True)
            return stack.enter_context(serving(server))

        yield run


@pytest.fixture
def converse(authority):
    with contextlib.ExitStack() as stack:

        def converse(running, context=None, **options):
            context = context or authority.client_context()
            return stack.enter_context(secure(running, context, **options))

        yield converse


@pytest.fixture
def by_hand(authority):
    with contextlib.ExitStack() as stack:

        def by_hand(running, context=None):
            return stack.enter_context(ByHand(running, context or authority.client_context()))

        yield by_hand


class TestListener:
    @pytest.mark.parametrize("server_class", WRAPPED)
    @pytest.mark.parametrize("when", ["before bind", "before listen", "after listen"])
    @pytest.mark.parametrize("in_accept", [True, False])
    def test_wrapped_at_any_time(self, server_class, when, in_accept, authority, converse):
        server = server_class(ANYWHERE, Handler, bind_and_activate=False)
        steps = {"before bind": None, "before listen": server.server_bind}
        steps["after listen"] = server.server_activate
        for name, step in steps.items():
            if step is not None:
                step()
            if name == when:
                server.socket = authority.server_context().wrap_socket(
                    server.socket, server_side=True, do_handshake_on_connect=in_accept
                )
        with serving(server) as running:
            converse(running).get("/1").expect(200, b"/1")

    @pytest.mark.parametrize("server_class", WRAPPED)
    @pytest.mark.parametrize("in_accept", [True, False])
    def test_wrapped_by_get_request(self, server_class, in_accept, authority, converse):
        context = authority.server_context()

        class Wrapping(server_class):
            def get_request(self):
                request, address = super().get_request()
                wrapped = context.wrap_socket(
                    request, server_side=True, do_handshake_on_connect=in_accept
                )
                return wrapped, address

        with serving(Wrapping(ANYWHERE, Handler)) as running:
            client = converse(running)
            client.get("/1").expect(200, b"/1")
            client.get("/2").expect(200, b"/2")

    @pytest.mark.parametrize("server_class", WRAPPED)
    def test_accepted_by_the_program(self, server_class, authority, converse):
        """Old programs leave ``super().get_request()`` out."""
        context = authority.server_context()

        class Accepting(server_class):
            def get_request(self):
                request, address = self.socket.accept()
                return context.wrap_socket(request, server_side=True), address

        with serving(Accepting(ANYWHERE, Handler)) as running:
            client = converse(running)
            client.get("/1").expect(200, b"/1")
            client.get("/2").expect(200, b"/2")

    @pytest.mark.parametrize("server_class", WRAPPED)
    @pytest.mark.parametrize("where", ["finish_request", "setup"])
    def test_handshake_asked_for_by_the_program(self, server_class, where, run, converse):
        """So that it is not done by who accepts; it is done already."""

        class Asking(Handler):
            def setup(self):
                if where == "setup":
                    self.request.settimeout(PATIENCE_SECONDS)
                    self.request.do_handshake()
                super().setup()

        class Server(server_class):
            if where == "finish_request":

                def finish_request(self, request, client_address):
                    request.do_handshake()
                    super().finish_request(request, client_address)

        client = converse(run(Server, Asking))
        client.get("/1").expect(200, b"/1")
        client.get("/2").expect(200, b"/2")

    @pytest.mark.parametrize("server_class", WRAPPED)
    @pytest.mark.parametrize("where", ["finish_request", "setup"])
    @pytest.mark.filterwarnings("ignore:unclosed .*TlsSocket:ResourceWarning")
    def test_wrapped_by_who_serves(self, server_class, where, authority, converse):
        """So that the handshake is waited for in a thread of its own; the listener is plain.

        As in http.server, nobody closes that socket but its last reference.
        """
        context = authority.server_context()

        class Wrapping(Handler):
            def setup(self):
                if where == "setup":
                    self.request = context.wrap_socket(self.request, server_side=True)
                super().setup()

            def do_GET(self):
                self.answer(f"{self.connection.version()} {self.request.getblocking()}".encode())

        class Server(server_class):
            if where == "finish_request":

                def finish_request(self, request, client_address):
                    request = context.wrap_socket(request, server_side=True)
                    super().finish_request(request, client_address)

        with serving(Server(ANYWHERE, Wrapping)) as running, conversation(running):
            client = converse(running)
            client.get("/1").expect(200, b"TLSv1.3 True")
            client.get("/2").expect(200, b"TLSv1.3 True")
            client.get("/3", "Connection: close").expect(200)
            client.want_closed()

    @pytest.mark.parametrize("server_class", WRAPPED)
    def test_handler_of_http_server(self, server_class, run, converse):
        """CPython's own handler, which reads and writes files over the socket."""

        class Standard(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            do_GET = Handler.do_GET
            answer = Handler.answer
            log_message = Handler.log_message

            def do_POST(self):
                self.answer(self.rfile.read(int(self.headers["Content-Length"])))

        client = converse(run(server_class, Standard))
        client.get("/1").expect(200, b"/1")
        client.get(method="POST", body=b"body").expect(200, b"body")
        client.get("/2", "Connection: close").expect(200, b"/2")
        client.want_closed()

    @pytest.mark.parametrize("server_class", WRAPPED)
    def test_handler_that_is_not_for_http(self, server_class, run, converse):
        class Greeter(socketserver.StreamRequestHandler):
            def handle(self):
                self.wfile.write(self.rfile.readline())

        client = converse(run(server_class, Greeter))
        client.send(b"hello\n").expect_bytes(b"hello\n")
        wait_for_end(client.socket)

    @each_class
    def test_handle_request(self, server_class, authority, converse):
        with server_class(ANYWHERE, Handler) as server:
            server.socket = authority.server_context().wrap_socket(server.socket, server_side=True)
            server.timeout = PATIENCE_SECONDS
            thread = threading.Thread(target=server.handle_request)
            thread.start()
            with conversation(server.server_address):  # Which says nothing, and does not count.
                client = converse(server.server_address)
                client.get("/1", "Connection: close").expect(200, b"/1")
                client.want_closed()
                thread.join()

    @each_class
    def test_the_program_s_context_is_left_as_it_is(self, server_class, authority, run, converse):
        context = authority.server_context()
        converse(run(server_class, context=context)).get().expect(200)
        assert context.sslsocket_class is ssl.SSLSocket
        assert "sslsocket_class" not in vars(context)

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
    @pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
    def test_forking(self, run, converse, capfd):
        class Forking(socketserver.ForkingMixIn, HTTPServer):
            pass

        running = run(Forking, handshake_timeout_seconds=0.5)
        with conversation(running) as silent:
            with conversation(running) as plain:
                # What it has sent is read to the end, so that no reset overtakes the answer.
                plain.get(body=bytes(100_000)).expect(400)
                plain.finish_sending().want_closed()
            client = converse(running)
            client.get("/1").expect(200, b"/1")
            client.get("/2", "Connection: close").expect(200, b"/2")
            client.want_closed()
            silent.want_gone()
        assert capfd.readouterr().err == ""


class TestHandshake:
    """Whoever is slow to shake hands holds up nobody but itself."""

    @pytest.mark.parametrize("server_class", CLASSES)
    def test_silent_client_delays_nobody(self, server_class, run, converse):
        """CPython's own ThreadingHTTPSServer stops for everybody here."""
        running = run(server_class)
        with conversation(running), conversation(running):
            for _ in range(3):
                converse(running).get().expect(200)

    @pytest.mark.parametrize("server_class", CLASSES)
    def test_hello_that_drips(self, server_class, run, converse, by_hand):
        running = run(server_class)
        slow = by_hand(running)
        for byte in slow.hello()[:40]:
            slow.plain.send(bytes([byte]))
            if byte % 8 == 0:
                converse(running).get().expect(200)

    @pytest.mark.parametrize("server_class", CLASSES)
    def test_stop_in_the_middle(self, server_class, run, converse, by_hand):
        running = run(server_class)
        slow = by_hand(running)
        slow.plain.send(slow.hello())
        assert slow.plain.socket.recv(1) == b"\x16"  # The server waits for the client's turn.
        converse(running).get().expect(200)

    @each_class
    def test_whole_hello_in_single_bytes(self, server_class, run, by_hand):
        client = by_hand(run(server_class))
        for byte in client.hello():
            client.plain.send(bytes([byte]))
        client.shake().send(b"GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert client.receive_until(b"\r\n\r\n/1").startswith(b"HTTP/1.1 200 ")

    @each_class
    def test_request_in_the_packet_of_the_handshake(self, server_class, run, by_hand):
        """No packet follows that would wake the poller."""
        client = by_hand(run(server_class))
        client.plain.send(client.hello())
        client._until_it_goes(client.tls.do_handshake)
        client.send(b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.receive_until(b"\r\n\r\n/1").startswith(b"HTTP/1.1 200 ")

    @each_class
    @pytest.mark.parametrize("data", [b"", b"\x16", b"\x16\x03\x01\x02\x00\x01"])
    def test_deadline(self, server_class, run, data):
        with conversation(run(server_class, handshake_timeout_seconds=0.05)) as client:
            client.send(data).want_gone()

    @each_class
    def test_plain_http(self, server_class, run, converse):
        handler, lines = logging()
        running = run(server_class, handler)
        with conversation(running) as client:
            client.get("/secret").expect(
                400, b"This port speaks HTTPS, and the request came over plain HTTP.\n"
            )
            client.want_closed()
        eventually(lambda: lines, "a line in the log")
        assert lines == ["the client speaks plain HTTP to a port of HTTPS"]
        converse(running).get().expect(200)

    @each_class
    def test_flood_of_plain_http_does_not_flood_the_log(self, server_class, run):
        handler, lines = logging()
        running = run(server_class, handler)
        began = time.monotonic()
        for _ in range(50):
            with conversation(running) as client:
                client.get().expect(400)
        assert len(lines) <= 2 + time.monotonic() - began

    @each_class
    def test_neither_tls_nor_http(self, server_class, run, converse):
        handler, lines = logging()
        running = run(server_class, handler)
        with conversation(running) as client:
            client.send(b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a").want_gone()
        eventually(lambda: lines, "a line in the log")
        assert lines == ["the TLS handshake has failed: wrong version number"]
        converse(running).get().expect(200)

    @each_class
    def test_no_version_in_common(self, server_class, authority, run):
        handler, lines = logging()
        server_context = authority.server_context()
        server_context.minimum_version = ssl.TLSVersion.TLSv1_3
        client_context = authority.client_context()
        client_context.maximum_version = ssl.TLSVersion.TLSv1_2
        running = run(server_class, handler, server_context)
        # The alert arrives: a reset does not overtake it.
        with pytest.raises(ssl.SSLError, match=r"(?i)alert.protocol.version"):
            secure(running, client_context)
        eventually(lambda: lines, "a line in the log")
        assert lines == ["the TLS handshake has failed: unsupported protocol"]

    @each_class
    def test_client_that_leaves_is_not_in_the_log(
        self, server_class, run, by_hand, converse, capfd
    ):
        handler, lines = logging()
        running = run(server_class, handler)
        for data in (b"", b"\x16\x03", by_hand(running).hello()):
            with conversation(running) as client:
                client.send(data)
            with conversation(running) as client:
                client.send(data).reset()
        converse(running).get().expect(200)
        assert [line for line in lines if "TLS" in line] == []
        assert capfd.readouterr().err == ""

    @each_class
    def test_log_that_needs_a_request(self, server_class, run, capsys):
        """An override finds no attribute of a request; the line is not lost."""

        class Needing(Handler):
            def log_message(self, format, *args):
                raise AttributeError(self.path)

        with conversation(run(server_class, Needing)) as client:
            client.get().expect(400)
        eventually(lambda: "the client speaks plain HTTP" in capsys.readouterr().err)

    @each_class
    @pytest.mark.parametrize("base", [Handler, Keeping])
    def test_tls_to_a_plain_port(self, server_class, base, authority):
        handler, lines = logging(base)
        with serving(server_class(ANYWHERE, handler)) as running:
            with pytest.raises(ssl.SSLError):
                secure(running, authority.client_context())
            with conversation(running) as client:
                client.get().expect(200)
        assert lines[0] == "code 400, message TLS on a port of plain HTTP"
        assert not any("\\x" in line or "\x16" in line for line in lines)

    @each_class
    def test_too_many_connections(self, server_class, run, converse):
        running = run(server_class, max_connections=1)
        client = converse(running)
        client.get().expect(200)
        with conversation(running) as other:
            other.want_gone()
        client.get().expect(200)


class TestCertificatesOfClients:
    def contexts(self, authority, mode):
        server = authority.trust(authority.server_context())
        server.verify_mode = mode
        client = authority.client_context()
        client.load_cert_chain(*authority.issue("client", "someone@example.test"))
        return server, client

    @each_class
    def test_reaches_the_handler(self, server_class, authority, run, converse):
        server_context, client_context = self.contexts(authority, ssl.CERT_REQUIRED)

        def do_get(self):
            names = self.connection.getpeercert()["subjectAltName"]
            assert self.request.getpeercert(True)
            self.answer(repr(names).encode())

        client = converse(run(server_class, with_get(do_get), server_context), client_context)
        client.get().expect(200, b"(('email', 'someone@example.test'),)")

    @each_class
    def test_client_without_one_reaches_no_handler(self, server_class, authority, run, by_hand):
        server_context, _ = self.contexts(authority, ssl.CERT_REQUIRED)
        handler, lines = logging(with_get(lambda self: lines.append("handled")))
        running = run(server_class, handler, server_context)
        client = by_hand(running)
        with pytest.raises(ssl.SSLError, match=r"(?i)certificate.required"):
            client.shake().send(b"GET / HTTP/1.0\r\n\r\n").receive()
        eventually(lambda: lines, "a line in the log")
        assert lines == ["the TLS handshake has failed: peer did not return a certificate"]

    @each_class
    def test_optional(self, server_class, authority, run, converse):
        server_context, client_context = self.contexts(authority, ssl.CERT_OPTIONAL)
        handler = with_get(lambda self: self.answer(repr(self.connection.getpeercert()).encode()))
        running = run(server_class, handler, server_context)
        converse(running).get().expect(200, b"None")
        assert b"someone" in converse(running, client_context).get().expect(200).body


class TestContext:
    @each_class
    def test_alpn(self, server_class, authority, run, converse):
        server_context, client_context = authority.server_context(), authority.client_context()
        server_context.set_alpn_protocols(["http/1.1"])
        client_context.set_alpn_protocols(["h2", "http/1.1"])
        handler = with_get(lambda self: self.answer(self.request.selected_alpn_protocol().encode()))
        client = converse(run(server_class, handler, server_context), client_context)
        client.get().expect(200, b"http/1.1")

    @each_class
    def test_sni_callback(self, server_class, authority, run, converse):
        other = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        other.load_cert_chain(*authority.issue("second", "second.test"))
        context = authority.server_context()

        def choose(sock, name, _context):
            assert isinstance(sock, ssl.SSLSocket)
            if name == "second.test":
                sock.context = other

        context.sni_callback = choose
        running = run(server_class, context=context)
        for name in ("localhost", "second.test"):
            client = converse(running, server_hostname=name)
            assert ("DNS", name) in client.socket.getpeercert()["subjectAltName"]
            client.get().expect(200)

    @each_class
    @pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
    def test_session_is_resumed(self, server_class, version, authority, run, converse):
        context = authority.client_context()
        context.maximum_version = version
        handler = with_get(lambda self: self.answer(str(self.request.session_reused).encode()))
        running = run(server_class, handler)
        client = converse(running, context)
        client.get().expect(200, b"False")  # TLS 1.3 has its ticket behind the handshake.
        session = client.socket.session
        again = converse(running, context, session=session)
        again.get().expect(200, b"True")


def write_some(handler):
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(b"some")


class TestSocketOfHandler:
    """It is an SSLSocket in blocking mode, and using it is seen as of a plain one."""

    @each_class
    def test_what_it_says_of_itself(self, server_class, run, converse):
        def do_get(self):
            seen = [isinstance(self.request, ssl.SSLSocket), self.request is self.connection]
            seen += [self.request.gettimeout(), self.request.timeout, self.request.getblocking()]
            self.request.settimeout(7)
            seen += [self.request.gettimeout(), self.request.getblocking()]
            self.request.setblocking(False)
            seen += [self.request.timeout, self.request.getblocking()]
            self.request.setblocking(True)
            with pytest.raises(ValueError, match="out of range"):
                self.request.settimeout(-1)
            self.answer(repr(seen).encode())

        client = converse(run(server_class, with_get(do_get)))
        expected = [True, True, None, None, True, 7, True, 0.0, False]
        for _ in range(2):  # Asking does not take the connection over.
            client.get().expect(200, repr(expected).encode())

    @each_class
    @pytest.mark.parametrize("base", [Handler, Keeping])
    @pytest.mark.parametrize(
        "send",
        [
            lambda sock: sock.send(b"llo"),
            lambda sock: sock.sendall(b"llo"),
            lambda sock: sock.write(b"llo"),
            lambda sock: sock.sendfile(io.BytesIO(b"llo")),
            lambda sock: sock.makefile("wb", buffering=0).write(b"llo"),
        ],
        ids=["send", "sendall", "write", "sendfile", "makefile"],
    )
    def test_what_is_sent_comes_behind_what_is_written(
        self, server_class, base, send, run, converse
    ):
        def do_get(self):
            self.send_response(200)
            self.send_header("Content-Length", "5")
            self.end_headers()
            self.wfile.write(b"he")
            send(self.request)
            assert self.request.getblocking()

        client = converse(run(server_class, with_get(do_get, base)))
        for _ in range(2):  # It is a part of the response, and the connection goes on behind it.
            client.get().expect(200, b"hello")

    @each_class
    @pytest.mark.parametrize(
        "receive",
        [
            lambda sock: sock.recv(5),
            lambda sock: sock.read(5),
            lambda sock: sock.makefile("rb").read(5),
            lambda sock: into(sock.recv_into),
            lambda sock: into(lambda buffer: sock.recv_into(buffer, 5)),
            lambda sock: into(lambda buffer: sock.read(5, buffer)),
        ],
        ids=["recv", "read", "makefile", "recv_into", "recv_into with a size", "read into"],
    )
    def test_what_was_read_ahead_is_received_first(self, server_class, receive, run, converse):
        """What the engine has decrypted wakes nobody; what comes later is waited for."""
        asked = threading.Event()

        def do_get(self):
            first = receive(self.request)
            asked.set()
            self.request.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + first + receive(self.request))

        client = converse(run(server_class, with_get(do_get)))
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\nahead")
        assert asked.wait(PATIENCE_SECONDS)
        client.send("later")
        assert client.read_to_end().endswith(b"\r\n\r\naheadlater")

    @each_class
    @pytest.mark.parametrize("slots", [{}, {"__slots__": ("mine",)}])
    def test_class_of_the_program_s_own(self, server_class, slots, authority, run, converse):
        """Its context has an ``sslsocket_class``; one with slots is left as it is."""
        used = []

        def send(self, data, flags=0):
            used.append(data)
            return ssl.SSLSocket.send(self, data, flags)

        own = type("Own", (ssl.SSLSocket,), {"send": send, **slots})

        def do_get(self):
            write_some(self)
            self.wfile.flush()
            assert isinstance(self.request, own)
            self.request.send(b"more")
            self.close_connection = True

        context = authority.server_context()
        context.sslsocket_class = own
        client = converse(run(server_class, with_get(do_get), context))
        received = client.get(version="HTTP/1.0").read_to_end()
        assert received.endswith(b"somemore")
        assert used == [b"more"]

    @each_class
    def test_timeout_counts_when_it_is_taken(self, server_class, run, converse):
        def do_get(self):
            self.request.settimeout(0.01)
            try:
                self.request.recv(1)
            except TimeoutError:
                self.request.sendall(b"HTTP/1.1 200 OK\r\n\r\ntimed out")

        client = converse(run(server_class, with_get(do_get)))
        assert client.get().read_to_end().endswith(b"timed out")

    @each_class
    def test_rfile_and_wfile_go_on_beside_it(self, server_class, run, converse):
        """They wait in the engine's way, and the socket in the handler's."""
        switching = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"

        def do_get(self):
            self.request.sendall(switching)
            self.wfile.write(self.rfile.read(1))
            self.wfile.flush()
            self.request.sendall(self.request.recv(1))
            assert self.request.getblocking()

        client = converse(run(server_class, with_get(do_get)))
        client.get().expect_bytes(switching)
        client.send("2").expect_bytes(b"2").want_idle()
        client.send("3").expect_bytes(b"3")
        client.want_closed()

    @each_class
    def test_unwrap(self, server_class, run, by_hand):
        """TLS ends behind what was written, and the connection goes on without."""

        def do_get(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"hello")
            self.request.unwrap().sendall(b"plain")

        client = by_hand(run(server_class, with_get(do_get)))
        client.shake().send(b"GET / HTTP/1.0\r\n\r\n")
        client.receive_until(b"hello")
        assert client.receive() == b""
        client.say_goodbye()
        client.plain.expect_bytes(b"plain").want_closed()

    @each_class
    def test_detach(self, server_class, run, converse):
        def do_get(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"hello")
            os.close(self.request.detach())

        client = converse(run(server_class, with_get(do_get)), suppress_ragged_eofs=True)
        assert client.get(version="HTTP/1.0").read_to_end().endswith(b"\r\n\r\nhello")

    @each_class
    @pytest.mark.parametrize("base", [Handler, Keeping])
    def test_closed_by_the_handler(self, server_class, base, run, converse):
        """As old programs end a response; the poller must know."""

        def do_get(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"hello")
            self.connection.close()
            self.close_connection = True

        running = run(server_class, with_get(do_get, base))
        for _ in range(3):
            client = converse(running)
            assert client.get(version="HTTP/1.0").read_to_end().endswith(b"\r\n\r\nhello")

    @each_class
    @pytest.mark.parametrize("how", [socket.SHUT_WR, socket.SHUT_RDWR])
    def test_shut_down_by_the_handler(self, server_class, how, run, converse):
        def do_get(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"hello")
            self.connection.shutdown(how)

        client = converse(run(server_class, with_get(do_get)))
        assert client.get(version="HTTP/1.0").read_to_end().endswith(b"\r\n\r\nhello")

    def test_poller_keeps_it_from_request_to_request(self, run, converse):
        """Its socket tells when the handler closes it, so that it need not leave."""
        masks = []

        def do_get(self):
            masks.append(connection_of(self.request).watched_mask)
            self.answer(b"")

        client = converse(run(HTTPServer, with_get(do_get)))
        for _ in range(2):
            client.want_idle()  # By then the poller waits for it.
            client.get().expect(200)
        assert all(masks)

    @each_class
    def test_handler_s_timeout(self, server_class, run, converse):
        """The class attribute, as http.server has it."""
        client = converse(run(server_class, type("Timed", (Handler,), {"timeout": 0.05})))
        client.get(method="POST", body=b"").expect(200)
        client.want_closed()


def into(receive):
    buffer = bytearray(5)
    return bytes(buffer[: receive(buffer)])


class TestEnd:
    """close_notify tells a whole response from a cut one (RFC 9112 9.8).

    The clients raise for an end without it.
    """

    def until_close(self, running, by_hand):
        client = by_hand(running).shake().send(b"GET / HTTP/1.0\r\n\r\n")
        received = b""
        while data := client.receive():
            received += data
        return received

    @each_class
    @pytest.mark.parametrize("base", [Handler, Keeping])
    def test_whole_response(self, server_class, base, run, by_hand):
        handler = with_get(write_some, base)
        assert self.until_close(run(server_class, handler), by_hand).endswith(b"some")

    @each_class
    @pytest.mark.parametrize("base", [Handler, Keeping])
    @pytest.mark.parametrize("is_taken", [False, True])
    def test_handler_that_raises(self, server_class, base, is_taken, run, by_hand):
        class Failing(base):
            def do_GET(self):
                write_some(self)
                if is_taken:
                    self.request.sendall(b"raw")
                raise LookupError("on purpose")

        reported = []
        server_class = type(
            server_class.__name__,
            (server_class,),
            {"handle_error": lambda self, request, address: reported.append(address)},
        )
        with pytest.raises(ssl.SSLEOFError):
            self.until_close(run(server_class, Failing), by_hand)
        assert len(reported) == 1

    @each_class
    def test_client_that_is_too_slow(self, server_class, run, converse):
        body = bytes(8_000_000)
        running = run(
            server_class,
            with_get(lambda self: self.answer(body)),
            rate_grace_seconds=0.2,
            min_response_bytes_per_second=1e9,
        )
        client = converse(running, receive_buffer=4096).get()
        connection = eventually(lambda: server_connections(running))
        eventually(lambda: not server_connections(running), f"the end of {connection}")
        with pytest.raises((ssl.SSLEOFError, ConnectionResetError)):
            hurry(client).read_to_end()

    @each_class
    def test_file_that_becomes_shorter(self, server_class, run, by_hand, tmp_path):
        path = tmp_path / "file"
        path.write_bytes(bytes(1000))

        def do_get(self):
            self.send_response(200)
            self.send_header("Content-Length", "2000")
            self.end_headers()
            with path.open("rb") as file:
                self.wfile.send_file(file.fileno(), 0, 2000)

        with pytest.raises(ssl.SSLEOFError):
            self.until_close(run(server_class, with_get(do_get)), by_hand)

    @each_class
    def test_idle_connection(self, server_class, run, converse):
        running = run(server_class, idle_timeout_seconds=0.05)
        converse(running).want_closed()
        client = converse(running)
        client.get().expect(200)
        client.want_closed()

    @each_class
    def test_server_that_stops(self, server_class, run, converse):
        running = run(server_class)
        client = converse(running)
        client.get().expect(200)
        running.stop()
        running.server.server_close()
        client.want_closed()

    @each_class
    def test_client_that_never_answers_is_not_waited_for(self, server_class, run, by_hand):
        running = run(server_class, linger_seconds=0.05)
        silent = by_hand(running).shake()
        silent.send(b"GET / HTTP/1.0\r\n\r\n")
        eventually(lambda: not server_connections(running) and running.server._lanes)
        with by_hand(running).shake().send(b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n") as other:
            other.receive_until(b"/1")

    @each_class
    def test_close_notify_of_a_client_ends_its_requests_only(self, server_class, run, by_hand):
        client = by_hand(run(server_class)).shake()
        client.send(b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n").say_goodbye()
        # Python's object reads no more behind its own close_notify: look at the wire.
        client.plain.socket.settimeout(PATIENCE_SECONDS)
        records = client.plain.read_to_end()
        kinds = list(kinds_of(records))
        assert kinds.count(23) >= 1
        assert (
            kinds[-1] == 23
        )  # In TLS 1.3 an alert looks so, too: behind the answer, close_notify.

    @each_class
    @pytest.mark.parametrize("body", [b"Content-Length: 100", b"Transfer-Encoding: chunked"])
    @pytest.mark.parametrize("says_goodbye", [True, False])
    def test_body_that_is_cut(self, server_class, body, says_goodbye, run, converse, by_hand):
        """However it ends, what did not come is missing."""
        seen = []

        class Reading(Handler):
            def do_POST(self):
                seen.append(self.rfile.read())

        running = run(server_class, Reading)
        head = b"POST / HTTP/1.1\r\nHost: a\r\n" + body + b"\r\n\r\n5\r\nhello\r\n"
        if says_goodbye:
            by_hand(running).shake().send(head).say_goodbye().plain.want_gone()
        else:
            # To OpenSSL that is an error of the connection, which takes no answer any more.
            client = converse(running).send(head)
            shut_down_writing(client.socket)
            wait_for_end(client.socket)
        assert seen == []
        converse(running).get().expect(200)


def server_connections(running):
    lanes = running.server._lanes
    return lanes.poller._roster.snapshot() if lanes is not None else []


def kinds_of(records):
    """The types of the records, one after another (RFC 8446 5.1)."""
    while records:
        yield records[0]
        records = records[5 + int.from_bytes(records[3:5]) :]


class TestHttp:
    @pytest.mark.parametrize("server_class", CLASSES)
    @pytest.mark.parametrize("handler", [Handler, Keeping])
    def test_keep_alive_and_pipelining(self, server_class, handler, run, converse):
        client = converse(run(server_class, handler))
        client.get("/1").expect(200, b"/1")
        client.send("GET /2 HTTP/1.1\r\nHost: a\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n")
        client.expect(200, b"/2")
        client.expect(200, b"/3")

    @each_class
    @pytest.mark.parametrize("handler", [Handler, Keeping])
    def test_ten_requests_in_one_record(self, server_class, handler, run, by_hand):
        client = by_hand(run(server_class, handler)).shake()
        requests = b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % n for n in range(10))
        records = client.records(requests)
        assert list(kinds_of(records)) == [23]
        client.plain.send(records)
        received = client.receive_until(b"\r\n\r\n/9")
        assert received.count(b"HTTP/1.1 200 ") == 10

    @each_class
    def test_record_in_pieces(self, server_class, run, by_hand):
        client = by_hand(run(server_class)).shake()
        for byte in client.records(b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"):
            client.plain.send(bytes([byte]))
        client.receive_until(b"\r\n\r\n/1")

    @each_class
    def test_head_in_a_record_for_each_byte(self, server_class, run, by_hand):
        client = by_hand(run(server_class)).shake()
        request = b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
        client.plain.send(b"".join(client.records(bytes([byte])) for byte in request))
        client.receive_until(b"\r\n\r\n/1")

    @each_class
    @pytest.mark.parametrize("handler", [Handler, Keeping])
    def test_large_bodies_both_ways(self, server_class, handler, run, converse):
        running = run(server_class, handler)
        body = os.urandom(1_000_000)
        client = converse(running)
        client.get(method="POST", body=body).expect(200, body)
        if handler is Handler:  # See `test_slow_reader_gets_all`.
            client.get(method="POST", body=body).expect(200, body)

    @each_class
    def test_chunked_body(self, server_class, run, converse):
        client = converse(run(server_class))
        head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        client.send(head + "5\r\nhello\r\n").send("6\r\n world\r\n0\r\n\r\n")
        client.expect(200, b"hello world")
        client.get("/1").expect(200, b"/1")

    @each_class
    def test_expect_100_continue(self, server_class, run, converse):
        client = converse(run(server_class))
        head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
        client.send(head).expect(100)
        client.send("hello").expect(200, b"hello")

    @each_class
    def test_events_arrive_at_once(self, server_class, run, converse):
        seen = threading.Event()

        def do_get(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            for number in range(3):
                self.wfile.write(b"data: %d\n\n" % number)
                seen.wait(PATIENCE_SECONDS)
                seen.clear()

        client = converse(run(server_class, with_get(do_get)))
        client.get()._read_until(b"\r\n\r\n")
        for number in range(3):
            client.expect_bytes(b"9\r\ndata: %d\n\n\r\n" % number)
            seen.set()
        client.expect_bytes(b"0\r\n\r\n")
        client.want_idle()

    @each_class
    @pytest.mark.parametrize("handler", [Handler, Keeping])
    def test_slow_reader_gets_all(self, server_class, handler, run, converse):
        body = os.urandom(3_000_000)
        answer = with_get(lambda self: self.answer(body), handler)
        client = converse(run(server_class, answer), receive_buffer=4096)
        client.get()
        received = client.socket.recv(1000)
        for _ in range(20):
            received += client.socket.recv(1000)
        client.received = received
        hurry(client).expect(200, body)
        if handler is Handler:  # One that keeps its thread does not wait there for a slow client.
            client.get().expect(200, body)

    def test_slow_reader_delays_nobody(self, run, converse):
        """In an HTTPServer, which has but one thread."""
        body = bytes(8_000_000)
        answer = with_get(lambda self: self.answer(body if self.path == "/large" else b"small"))
        running = run(HTTPServer, answer)
        slow = converse(running, receive_buffer=4096).get("/large")
        converse(running).get("/small").expect(200, b"small")
        assert slow.expect(200).body == body

    @each_class
    def test_large_file(self, server_class, run, converse, tmp_path):
        data = os.urandom(5_000_000)
        (tmp_path / "file").write_bytes(data)

        class Files(SimpleHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            log_message = Handler.log_message

            def __init__(self, *args):
                super().__init__(*args, directory=str(tmp_path))

        client = converse(run(server_class, Files))
        for _ in range(2):
            client.get("/file").expect(200, data)

    @each_class
    def test_client_that_leaves_is_nobodys_fault(self, server_class, run, converse, capsys):
        may_write, failed = threading.Event(), []

        def do_get(self):
            may_write.wait(PATIENCE_SECONDS)
            try:
                for _ in range(1000):
                    self.wfile.write(bytes(65536))
            except OSError as error:
                failed.append(error)
                raise

        client = converse(run(server_class, with_get(do_get)))
        client.get()
        client.socket.close()
        may_write.set()
        eventually(lambda: failed)
        assert isinstance(failed[0], ConnectionError)
        assert capsys.readouterr().err == ""
