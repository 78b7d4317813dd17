"""Servers that are attacked, one of each kind, and what each attack must get from them.

kind       which server, plain or over TLS, and which lane its handlers take
Victims    a server of each kind, started when it is first attacked
"""

import contextlib
import os
import re
import socket
import ssl
from typing import NamedTuple

from basehttpserver import BaseHTTPRequestHandler, HTTPServer, Settings, ThreadingHTTPServer
from tests.running import PATIENCE_SECONDS, eventually, serving
from tests.tls import secure
from tests.wire.conversation import conversation

ANYWHERE = ("127.0.0.1", 0)

#: Sent behind an attack, which must not be answered any more.
BEHIND = b"GET /behind HTTP/1.1\r\nHost: behind\r\n\r\n"

#: Sent when the answer has been read, by a client that is not done yet.
AFTERWARDS = b"x" * 10_000

#: A line of the log, as `log_message` writes it: printable, bounded, with nothing raw in it.
LOG_LINE = re.compile(r"127\.0\.0\.1 - - \[[^]]{20,26}\] [^\x00-\x1f\x7f-\x9f]{1,8200}")


class Victim(BaseHTTPRequestHandler):
    """Reads what it is sent and says so; logs as any handler does."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = b"read %d" % len(self.rfile.read())
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_OPTIONS = do_CONNECT = do_GET


class StayingVictim(Victim):
    """Keeps its thread between requests: the thread lane."""

    def handle(self):
        super().handle()


class Kind(NamedTuple):
    """One way to serve."""

    server_class: type
    handler_class: type
    is_secure: bool

    def __str__(self):
        lane = "thread_lane" if self.handler_class is StayingVictim else "event_lane"
        tls = "-tls" if self.is_secure else ""
        return f"{self.server_class.__name__}-{lane}{tls}"


#: TLS comes with each server and with each lane once: it is the same code in all four.
KINDS = [
    Kind(HTTPServer, Victim, is_secure=False),
    Kind(HTTPServer, Victim, is_secure=True),
    Kind(HTTPServer, StayingVictim, is_secure=False),
    Kind(ThreadingHTTPServer, Victim, is_secure=False),
    Kind(ThreadingHTTPServer, StayingVictim, is_secure=False),
    Kind(ThreadingHTTPServer, StayingVictim, is_secure=True),
]


class Victims:
    """A server of each kind; used in ``with``."""

    def __init__(self, authority):
        self._server_context = authority.server_context()
        self._client_context = authority.client_context()
        self._running = {}
        self._stack = contextlib.ExitStack()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        return self._stack.__exit__(*exc_info)

    def __getitem__(self, kind):
        """Return the running server of a kind."""
        if kind not in self._running:
            # A client that stays away for longer than its answer lingers is no part of this.
            settings = Settings(linger_seconds=30)
            server = kind.server_class(ANYWHERE, kind.handler_class, settings=settings)
            if kind.is_secure:
                server.socket = self._server_context.wrap_socket(server.socket, server_side=True)
            self._running[kind] = self._stack.enter_context(serving(server))
        return self._running[kind]

    def connect(self, kind):
        """Begin a conversation with the server of a kind."""
        if kind.is_secure:
            return secure(self[kind], self._client_context)
        return conversation(self[kind])

    def has_forgotten(self, kind):
        """No connection of the server of a kind is open any more."""
        return not self[kind].server._lanes.poller._roster


def launch(client, attack):
    """Send an attack, and what an attacker would hide behind it."""
    client.send(attack.data)
    if attack.is_cut:
        end_sending(client)
    else:
        client.send(BEHIND)


def end_sending(client):
    """End the client's direction, over TLS by close_notify, and leave the other open."""
    if not isinstance(client.socket, ssl.SSLSocket):
        client.finish_sending()
        return
    # `unwrap` waits for the other's close_notify, and an answer that comes instead is lost. So it
    # finds nothing there, and its own is passed on.
    descriptor = client.socket.fileno()
    ours, theirs = socket.socketpair()
    with ours, theirs, socket.socket(fileno=os.dup(descriptor)) as connection:
        os.dup2(theirs.fileno(), descriptor)
        client.socket.settimeout(0)
        with contextlib.suppress(ssl.SSLWantReadError):
            client.socket.unwrap()
        os.dup2(connection.fileno(), descriptor)
        client.socket.settimeout(PATIENCE_SECONDS)
        connection.sendall(ours.recv(65536))


def complaint_about(client, attack):
    """Read the answer to an attack; return what is wrong with it, ``""`` for nothing."""
    try:
        response = client.read_response()
        rest = read_rest(client)
    except (AssertionError, OSError) as error:
        return f"no whole answer: {error!r}"
    if response.status != attack.status:
        return f"{response.status} and not {attack.status}"
    if response["Connection"] != "close" or response.framing != "length":
        return f"an answer that does not say how it ends: {response}"
    if not all(
        line.isascii() and line.isprintable() for line in response.body.decode().split("\n")
    ):
        return f"an answer with the bytes of the attack in it: {response.body!r}"
    if rest:
        return f"more than one answer: {rest!r}"
    if not attack.is_cut:
        return _complaint_about_close(client)
    return ""


def read_rest(client):
    """Read up to a clean end, which is an error of its own for who has sent close_notify."""
    try:
        return client.read_to_end()
    except ssl.SSLZeroReturnError:
        return client.received


def _complaint_about_close(client):
    """Send on: a server that lingers takes it; one that has closed resets the connection."""
    try:
        client.send(AFTERWARDS)
        eventually(lambda: not unacknowledged_bytes(client.socket))
        client.socket.recv(1)
    except ConnectionError as error:
        return f"reset after its answer: {error!r}"
    return ""


def unacknowledged_bytes(sock):
    """Return what the other side's kernel has not taken yet; 0 where nobody tells."""
    try:
        import fcntl
        import sys
        import termios

        answer = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, bytes(4))
    except (ImportError, OSError):
        return 0
    if error := sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
        raise ConnectionResetError(error)
    return int.from_bytes(answer, sys.byteorder)
