"""Handlers that use their socket by themselves: tunnels, WebSockets, proxies, answers by hand."""

import contextlib
import io
import os
import select
import shutil
import socket
import ssl
import subprocess
import threading
import tracemalloc

import pytest

from tests.compat.sides import SIDES
from tests.running import PATIENCE_SECONDS, eventually
from tests.wire.conversation import Conversation, conversation

pytestmark = pytest.mark.usefixtures("leaks_nothing")

MEGABYTES = 3 << 20


# Tunnels.


@contextlib.contextmanager
def origin(talk):
    """A server that calls ``talk(socket)`` for the one connection that it accepts."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE_SECONDS)
        failures = []

        def run():
            try:
                accepted, _ = listener.accept()
                accepted.settimeout(PATIENCE_SECONDS)
                with accepted:
                    talk(accepted)
            except BaseException as error:
                failures.append(error)

        thread = threading.Thread(target=run, name="origin")
        thread.start()
        try:
            yield listener.getsockname()
        finally:
            thread.join(PATIENCE_SECONDS)
            assert not thread.is_alive()
            assert failures == []


def echo_to_the_end(sock):
    """Read to the end, then send it all back."""
    received = bytearray()
    while data := sock.recv(65536):
        received += data
    sock.sendall(received)


def relay(one, other):
    """Move bytes both ways until both sides have ended, as proxies do."""
    peers = {one: other, other: one}
    reading = {one, other}
    while reading:
        readable, _, _ = select.select(list(reading), [], [], PATIENCE_SECONDS)
        assert readable, "nothing comes"
        for sock in readable:
            data = sock.recv(65536)
            if data:
                peers[sock].sendall(data)
            else:
                reading.discard(sock)
                with contextlib.suppress(OSError):
                    peers[sock].shutdown(socket.SHUT_WR)


def by_the_api(handler):
    handler.send_response(200, "Connection established")
    handler.end_headers()


def by_wfile(handler):
    handler.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")


def by_the_socket(handler):
    handler.connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")


each_way_to_establish = pytest.mark.parametrize(
    "establish", [by_the_api, by_wfile, by_the_socket], ids=lambda each: each.__name__
)


@each_way_to_establish
def test_connect_proxy(side, establish):
    """Megabytes both ways, and each end tells the other of its end."""

    def do_connect(self):
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port)), PATIENCE_SECONDS) as upstream:
            establish(self)
            relay(self.connection, upstream)
        self.close_connection = True

    sent = os.urandom(MEGABYTES)
    handler = side.handler(do_CONNECT=do_connect, rbufsize=0)
    with (
        origin(echo_to_the_end) as (host, port),
        side.serving(handler) as running,
        conversation(running) as client,
    ):
        client.get(f"{host}:{port}", method="CONNECT").send(b"early ")
        assert client._read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 200 Connection established")
        client.send(sent).finish_sending()
        assert client.read_to_end() == b"early " + sent
    assert running.server.errors == []


def test_connect_proxy_with_a_thread_for_each_direction(side):
    def copy(source, target):
        while data := source.recv(65536):
            target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def do_connect(self):
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port)), PATIENCE_SECONDS) as upstream:
            by_the_api(self)
            self.wfile.flush()
            thread = threading.Thread(target=copy, args=(self.connection, upstream))
            thread.start()
            copy(upstream, self.connection)
            thread.join(PATIENCE_SECONDS)
        self.close_connection = True

    sent = os.urandom(MEGABYTES)
    with (
        origin(echo_to_the_end) as (host, port),
        side.serving(side.handler(do_CONNECT=do_connect, rbufsize=0)) as running,
        conversation(running) as client,
    ):
        client.get(f"{host}:{port}", method="CONNECT")
        client._read_until(b"\r\n\r\n")
        client.send(sent).finish_sending()
        assert client.read_to_end() == sent


# WebSockets made by hand.


def upgrade_by_the_api(handler):
    handler.send_response(101, "Switching Protocols")
    handler.send_header("Upgrade", "websocket")
    handler.send_header("Connection", "Upgrade")
    handler.end_headers()


UPGRADE = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


def upgrade_by_wfile(handler):
    handler.wfile.write(UPGRADE)
    handler.wfile.flush()


def upgrade_by_the_socket(handler):
    handler.request.sendall(UPGRADE)


each_way_to_upgrade = pytest.mark.parametrize(
    "upgrade",
    [upgrade_by_the_api, upgrade_by_wfile, upgrade_by_the_socket],
    ids=lambda each: each.__name__,
)


def frame(payload):
    """A short text frame, as the server sends it (RFC 6455 5.2)."""
    return bytes([0x81, len(payload)]) + payload


def read_exactly(recv, size):
    data = b""
    while len(data) < size:
        more = recv(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def by_rfile(handler):
    return handler.rfile.read


def by_recv(handler):
    return handler.request.recv


def by_makefile(handler):
    return handler.request.makefile("rb", 0).read


@pytest.mark.parametrize(
    ("upgrade", "receive", "send"),
    [
        (upgrade_by_the_api, by_rfile, "wfile"),
        (upgrade_by_the_api, by_recv, "wfile"),
        (upgrade_by_the_api, by_makefile, "socket"),
        (upgrade_by_wfile, by_rfile, "socket"),
        (upgrade_by_wfile, by_recv, "socket"),
        (upgrade_by_the_socket, by_rfile, "wfile"),
        (upgrade_by_the_socket, by_recv, "socket"),
        (upgrade_by_the_socket, by_makefile, "wfile"),
    ],
)
def test_web_socket(side, upgrade, receive, send):
    """It echoes frames; one may come before the 101 has gone out."""

    def do_get(self):
        upgrade(self)
        read = receive(self)
        while True:
            try:
                _, length = read_exactly(read, 2)
            except EOFError:
                break
            data = frame(read_exactly(read, length))
            if send == "wfile":
                self.wfile.write(data)
            else:
                self.request.sendall(data)
        self.close_connection = True

    with (
        # In CPython what rfile has read ahead never comes by the socket: no buffer, nothing ahead.
        side.serving(side.handler(do_GET=do_get, rbufsize=0)) as running,
        conversation(running) as client,
    ):
        client.get("/", "Upgrade: websocket", "Connection: Upgrade").send(frame(b"early"))
        assert client.expect(101)["Upgrade"] == "websocket"
        client.expect_bytes(frame(b"early"))
        for payload in (b"one", b"", b"x" * 125):
            client.send(frame(payload)).expect_bytes(frame(payload))
        client.finish_sending().want_closed()
    assert running.server.errors == []


@each_way_to_upgrade
def test_web_socket_that_only_sends(side, upgrade):
    def do_get(self):
        upgrade(self)
        for _ in range(3):
            self.request.sendall(frame(b"news"))
        self.close_connection = True

    with (
        side.serving(side.handler(do_GET=do_get)) as running,
        conversation(running) as client,
    ):
        client.get("/", "Upgrade: websocket", "Connection: Upgrade").expect(101)
        client.expect_bytes(frame(b"news") * 3).want_closed()


@pytest.mark.parametrize("use", ["rfile", "recv", "select"])
def test_nothing_of_ours_ends_a_connection_that_was_taken_over(side, use):
    """Not for minutes. (Ours has deadlines of 50 milliseconds here.)"""
    may_go_on = threading.Event()

    def do_get(self):
        upgrade_by_the_socket(self)
        if use == "rfile":
            self.wfile.write(self.rfile.read(5))
        elif use == "recv":
            self.request.sendall(self.request.recv(5))
        else:
            assert select.select([self.request], [], [], PATIENCE_SECONDS)[0]
            self.request.sendall(self.request.recv(5))
        self.close_connection = True

    attributes = {}
    if side.is_ours:
        attributes["settings"] = side.package.Settings(
            head_timeout_seconds=0.05,
            idle_timeout_seconds=0.05,
            rate_grace_seconds=0.05,
            linger_seconds=0.05,
        )
    with (
        side.serving(side.handler(do_GET=do_get), **attributes) as running,
        conversation(running) as client,
    ):
        client.get().expect(101)
        assert not may_go_on.wait(0.25)
        client.want_idle()
        client.send("hello").expect_bytes(b"hello").want_closed()


def test_timeout_of_the_handler_ends_a_tunnel(side):
    """The one deadline that counts there is the handler's."""
    told = []

    def do_get(self):
        upgrade_by_the_socket(self)
        try:
            self.request.recv(1)
        except TimeoutError as error:
            told.append(error)
            raise

    handler = side.handler(do_GET=do_get, timeout=0.05)
    with side.serving(handler) as running, conversation(running) as client:
        client.get().expect(101)
        client.want_closed()
    assert len(told) == 1
    assert running.server.errors == []


# Answers by hand.


def whole_answer(body, *fields):
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *fields, "", ""]
    return "\r\n".join(lines).encode() + body


SENDERS = {
    "send": lambda handler, data: handler.request.send(data),
    "sendall": lambda handler, data: handler.request.sendall(data),
    "sendmsg": lambda handler, data: handler.connection.sendmsg([data[:5], data[5:]]),
    "makefile": lambda handler, data: write_to(handler.request.makefile("wb"), data),
    "unbuffered makefile": lambda handler, data: write_to(handler.request.makefile("wb", 0), data),
    "text makefile": lambda handler, data: write_to(
        handler.request.makefile("w", newline=""), data.decode()
    ),
    "dup": lambda handler, data: send_by_duplicate(handler.request, data),
}


def write_to(file, data):
    with file:
        file.write(data)


def send_by_duplicate(sock, data):
    with sock.dup() as duplicate:
        duplicate.sendall(data)


each_sender = pytest.mark.parametrize("how", SENDERS)


@each_sender
def test_whole_answers_sent_by_the_socket_keep_the_connection(side, how):
    def do_get(self):
        SENDERS[how](self, whole_answer(self.path.encode()))

    with side.serving(side.handler(do_GET=do_get)) as running, conversation(running) as client:
        for target in ("/1", "/2", "/3"):
            client.get(target).expect(200, target.encode())
        client.get("/4").get("/5")
        client.expect(200, b"/4")
        client.expect(200, b"/5")


@each_sender
def test_bodies_sent_by_the_socket_keep_the_connection(side, how):
    def do_get(self):
        body = self.path.encode() * 3
        self.send_response(200)
        self.send_header("Content-Length", len(body))
        self.end_headers()
        SENDERS[how](self, body)

    with side.serving(side.handler(do_GET=do_get)) as running, conversation(running) as client:
        for target in ("/first", "/second", "/third"):
            client.get(target).expect(200, target.encode() * 3)


def test_bodies_partly_by_wfile_and_partly_by_the_socket(side):
    def do_get(self):
        self.send_response(200)
        self.send_header("Content-Length", 9)
        self.end_headers()
        self.wfile.write(b"one")
        self.request.sendall(b"two")
        self.wfile.write(b"six")

    with side.serving(side.handler(do_GET=do_get)) as running, conversation(running) as client:
        for _ in range(3):
            client.get().expect(200, b"onetwosix")


def test_file_sent_by_the_socket(side, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(os.urandom(MEGABYTES))

    def do_get(self):
        self.send_response(200)
        self.send_header("Content-Length", MEGABYTES)
        self.end_headers()
        self.wfile.flush()
        with path.open("rb") as file:
            self.request.sendfile(file)

    with side.serving(side.handler(do_GET=do_get)) as running, conversation(running) as client:
        for _ in range(2):
            client.get().expect(200, path.read_bytes())


def test_large_body_sent_by_the_socket_is_not_copied():
    """Only its first and its last bytes say something of the response."""
    side = next(side for side in SIDES if side.is_ours)
    body = bytes(32 << 20)
    most = []

    def do_get(self):
        self.send_response(200)
        self.send_header("Content-Length", len(body))
        self.end_headers()
        tracemalloc.start()
        self.request.sendall(body)
        most.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    def receive(client):
        left, client.received = len(body) - len(client.received), b""
        while left:
            left -= len(client.socket.recv(1 << 20))

    with side.serving(side.handler(do_GET=do_get)) as running, conversation(running) as client:
        client.get()._read_until(b"\r\n\r\n")
        receive(client)
        client.want_idle()
    assert most[0] < len(body) / 2


def test_body_without_a_length_sent_by_the_socket(side):
    """Its end is the end of the connection, and no chunk is announced that never comes."""

    def do_get(self):
        self.send_response(200)
        self.end_headers()
        self.request.sendall(b"raw")
        self.close_connection = True

    with side.serving(side.handler(do_GET=do_get)) as running, conversation(running) as client:
        response = client.get().expect(200, b"raw")
        assert response.framing == "close"


def test_body_read_by_the_socket(side):
    """The connection is the handler's from there on; the answer is the last."""

    def do_post(self):
        self.answer(read_exactly(self.request.recv, int(self.headers["Content-Length"])))
        self.close_connection = True

    handler = side.handler(do_POST=do_post, rbufsize=0)
    with side.serving(handler) as running, conversation(running) as client:
        client.get(method="POST", body=b"hello").expect(200, b"hello")
        client.want_closed()


def test_peeking_at_the_socket(side):
    """As programs do that wait for a client to leave."""
    ends = []

    def do_get(self):
        self.answer(b"here")
        self.wfile.flush()
        ends.append(self.request.recv(1, socket.MSG_PEEK))
        self.close_connection = True

    with side.serving(side.handler(do_GET=do_get)) as running, conversation(running) as client:
        client.get().expect(200, b"here")
        client.finish_sending().want_closed()
    assert ends == [b""]


# Asking is no use.


def test_asking_the_socket_is_harmless(side):
    def do_get(self):
        sock = self.request
        assert sock is self.connection
        assert sock.getpeername() == self.client_address
        assert sock.getsockname() == self.server.server_address
        assert sock.fileno() == self.rfile.fileno() == self.wfile.fileno()
        assert sock.gettimeout() is None
        assert sock.getblocking()
        sock.settimeout(5)
        sock.settimeout(None)
        sock.setblocking(True)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert sock.family == socket.AF_INET
        assert sock.type == socket.SOCK_STREAM
        assert isinstance(sock, socket.socket)
        assert "laddr" in repr(sock)
        assert select.select([], [sock], [], 0)[1]
        self.answer(b"asked")

    with side.serving(side.handler(do_GET=do_get)) as running, conversation(running) as client:
        client.get().get()
        client.expect(200, b"asked")
        client.expect(200, b"asked")
        client.want_idle()
    assert running.server.errors == []


# Somebody else's from here on.


def test_detached_socket_outlives_the_handler(side):
    kept = []

    def do_get(self):
        self.wfile.flush()
        kept.append(socket.socket(fileno=self.request.detach()))
        self.close_connection = True

    with side.serving(side.handler(do_GET=do_get)) as running, conversation(running) as client:
        client.get()
        eventually(lambda: kept)
        with kept[0] as sock:
            client.want_idle()
            sock.sendall(b"later")
            client.expect_bytes(b"later")
            client.send("more")
            sock.settimeout(PATIENCE_SECONDS)
            assert sock.recv(4) == b"more"
        client.want_closed()


def test_duplicate_may_be_used_when_the_handler_has_returned(side):
    """Sending was shut down, though, as socketserver does it."""
    kept = []

    def do_get(self):
        upgrade_by_the_socket(self)
        kept.append(self.request.dup())
        self.close_connection = True

    with side.serving(side.handler(do_GET=do_get)) as running, conversation(running) as client:
        client.get().expect(101)
        client.want_closed()
        client.send("more")
        with kept[0] as sock:
            sock.settimeout(PATIENCE_SECONDS)
            assert sock.recv(4) == b"more"
            with pytest.raises(BrokenPipeError):
                sock.sendall(b"too late")


def test_socket_is_closed_when_the_handler_has_returned(side):
    """A thread that it was given to finds it closed."""
    kept = []

    def do_get(self):
        upgrade_by_the_socket(self)
        kept.append(self.request)
        self.close_connection = True

    with side.serving(side.handler(do_GET=do_get)) as running, conversation(running) as client:
        client.get().expect(101)
        client.want_closed()
        eventually(lambda: kept[0].fileno() == -1)
        with pytest.raises(OSError, match="Bad file descriptor"):
            kept[0].sendall(b"too late")


def test_shutdown_request_that_leaves_the_connection_open(side):
    """As servers do that hand some connections to threads of their own."""
    kept = []

    def do_get(self):
        upgrade_by_the_socket(self)
        kept.append(self.request)
        self.close_connection = True

    def shutdown_request(self, request):
        if request not in kept:
            side.server_class.shutdown_request(self, request)

    handler = side.handler(do_GET=do_get)
    with (
        side.serving(handler, shutdown_request=shutdown_request) as running,
        conversation(running) as client,
    ):
        client.get().expect(101)
        eventually(lambda: kept)
        client.want_idle()
        with kept[0] as sock:
            sock.sendall(b"later")
            client.expect_bytes(b"later")
            client.send("more")
            sock.settimeout(PATIENCE_SECONDS)
            assert sock.recv(4) == b"more"
        client.want_closed()


# Other files and other sockets in the place of those that were there.


def test_wfile_replaced_by_a_buffer(side):
    """As programs do to see their own response before it goes out."""

    def do_get(self):
        wfile, self.wfile = self.wfile, io.BytesIO()
        self.answer(b"plain")
        data = self.wfile.getvalue().replace(b"plain", b"PLAIN")
        self.wfile = wfile
        self.wfile.write(data)

    with side.serving(side.handler(do_GET=do_get)) as running, conversation(running) as client:
        for _ in range(3):
            client.get().expect(200, b"PLAIN")


def test_rfile_replaced_by_a_buffer(side):
    """As a filter does that has read and changed the body."""

    def do_post(self):
        self.rfile, rfile = io.BytesIO(self.read_body().upper()), self.rfile
        try:
            self.answer(self.read_body())
        finally:
            self.rfile = rfile

    handler = side.handler(do_POST=do_post)
    with side.serving(handler) as running, conversation(running) as client:
        for _ in range(3):
            client.get(method="POST", body=b"hello").expect(200, b"HELLO")


def test_files_made_anew_in_setup(side):
    """With buffers of one's own choice."""

    def setup(self):
        super(handler, self).setup()
        self.rfile = self.connection.makefile("rb", 1 << 16)
        self.wfile = self.connection.makefile("wb", 1 << 16)

    def do_post(self):
        self.answer(self.read_body())

    handler = side.handler(setup=setup, do_POST=do_post)
    with side.serving(handler) as running, conversation(running) as client:
        for number in range(3):
            client.get(f"/{number}").expect(200, b"/%d" % number)
            client.get(method="POST", body=b"body").expect(200, b"body")
        client.get("/last", "Connection: close").expect(200, b"/last")
        client.want_closed()
    assert running.server.errors == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for localhost, and its key, in one file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl, which makes the certificate, is not installed")
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    key = path.with_name("key.pem")
    subprocess.run(
        [
            *[openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
            *["-nodes", "-days", "2", "-subj", "/CN=localhost"],
            *["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(path)],
        ],
        check=True,
        capture_output=True,
    )
    path.write_text(path.read_text() + key.read_text())
    return path


@pytest.fixture
def secured(certificate):
    """Wraps a plain socket in TLS: the server's side, or the client's."""

    def on_server(sock):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        return context.wrap_socket(sock, server_side=True)

    def on_client(sock):
        context = ssl.create_default_context(cafile=str(certificate))
        return context.wrap_socket(sock, server_hostname="localhost")

    on_server.on_client = on_client
    return on_server


def files_anew(handler, secure):
    """As proxy2 and its kin do."""
    handler.connection = secure(handler.connection)
    handler.rfile = handler.connection.makefile("rb", handler.rbufsize)
    handler.wfile = handler.connection.makefile("wb", handler.wbufsize)
    handler.close_connection = False


def setup_again(handler, secure):
    """As wptserve does."""
    handler.request = secure(handler.request)
    handler.setup()
    handler.close_connection = False


def own_loop(handler, secure):
    """As a proxy does that answers the requests inside within its ``do_CONNECT``."""
    files_anew(handler, secure)
    handler.handle_one_request()
    while not handler.close_connection:
        handler.handle_one_request()


def nested_handler(handler, secure):
    """As yt-dlp's tests do: another handler for what comes inside."""
    handler.close_connection = True
    type(handler)(secure(handler.request), handler.client_address, handler.server)


each_way_inside = pytest.mark.parametrize(
    "go_inside",
    [files_anew, setup_again, own_loop, nested_handler],
    ids=lambda each: each.__name__,
)


def no_tls(sock):
    return sock


no_tls.on_client = no_tls


# Those programs leave their TLS socket to the garbage collector.
@pytest.mark.filterwarnings("ignore:unclosed .*(SSL|Tls)Socket:ResourceWarning")
@each_way_inside
@pytest.mark.parametrize("is_secure", [True, False], ids=["tls", "plain"])
def test_requests_inside_a_tunnel(side, go_inside, is_secure, secured):
    """A proxy that reads along: the client speaks to it inside of its own CONNECT."""
    secure = secured if is_secure else no_tls

    def do_connect(self):
        self.send_response(200, "Connection established")
        self.end_headers()
        self.wfile.flush()
        go_inside(self, secure)

    def do_post(self):
        self.answer(self.read_body())

    handler = side.handler(do_CONNECT=do_connect, do_POST=do_post, rbufsize=0)
    with side.serving(handler) as running, conversation(running) as client:
        client.get("localhost:443", method="CONNECT")
        client._read_until(b"\r\n\r\n")
        with Conversation(secure.on_client(client.socket)) as inside:
            inside.get("/1").expect(200, b"/1")
            inside.get(method="POST", body=b"body").expect(200, b"body")
            inside.get("/2").expect(200, b"/2")
            inside.get("/3", "Connection: close").expect(200, b"/3")
            inside.want_closed()
    assert running.server.errors == []


# TLS that a program puts around each connection by itself, off the way of those that are accepted.


def wrapped_by(name, side, secure):
    """A server's or a handler's hook that wraps the connection and goes on."""

    def get_request(self):
        request, client_address = side.server_class.get_request(self)
        return secure(request), client_address

    def process_request(self, request, client_address):
        side.server_class.process_request(self, secure(request), client_address)

    def finish_request(self, request, client_address):
        side.server_class.finish_request(self, secure(request), client_address)

    hooks = [get_request, process_request, finish_request]
    return {hook.__name__: hook for hook in hooks if hook.__name__ == name}


@pytest.mark.filterwarnings("ignore:unclosed .*(SSL|Tls)Socket:ResourceWarning")
@pytest.mark.parametrize(
    "hook", ["get_request", "process_request", "finish_request", "setup", "constructor"]
)
def test_tls_around_each_connection(side, hook, secured):
    class Handler(side.base):
        def __init__(self, request, *args):
            if hook == "constructor":
                request = secured(request)
            super().__init__(request, *args)

        def setup(self):
            if hook == "setup":
                self.request = secured(self.request)
            super().setup()

        def do_POST(self):
            self.answer(self.read_body())

    with side.serving(Handler, **wrapped_by(hook, side, secured)) as running:
        for _ in range(2):
            with conversation(running) as client:
                inside = Conversation(secured.on_client(client.socket))
                with inside:
                    inside.get("/1").expect(200, b"/1")
                    inside.get(method="POST", body=b"body").expect(200, b"body")
                    inside.get("/2", "Connection: close").expect(200, b"/2")
                    inside.want_closed()
        assert running.server.errors == []


@pytest.mark.parametrize("side", [side for side in SIDES if side.is_ours], ids=str)
def test_tls_spoken_to_a_handler_that_wraps_nothing(side):
    def setup(self):
        super(handler, self).setup()

    handler = side.handler(setup=setup)
    with side.serving(handler) as running, conversation(running) as client:
        client.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").expect(400)
