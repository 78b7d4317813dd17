"""A stop while clients ask as fast as they can: what was asked before the signal is answered.

What a client may see, by when it sent its request:

before the signal   A whole answer, always, also where its connection waited to be accepted.
after the signal    On a connection that was kept: a whole answer, or no byte. RFC 9112 9.5 lets a
                    server close a connection between two requests at any time, so that a request
                    may cross the close; a client may send it again (9.3.1).
                    On a new one that the server has accepted: a whole answer, for half a second.
                    Else it is refused; only where it came between the last look at the queue
                    of the listener and its close, which are next to each other, it is reset.
never               A part of an answer, or none to a request that its handler has seen.
"""

import contextlib
import itertools
import math
import os
import re
import signal
import ssl
import subprocess
import threading
import time

import pytest

from tests.running import PATIENCE_SECONDS, eventually
from tests.tls import secure
from tests.wire.conversation import conversation
from tests.wire.test_graceful_stop import arguments, started

pytestmark = [
    pytest.mark.alone,
    pytest.mark.usefixtures("leaks_nothing"),
    pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them"),
]

#: Says how many requests it has seen when it ends.
SERVICE = """
import itertools, sys
from basehttpserver import *

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen = itertools.count()

    def do_GET(self):
        next(self.seen)
        if self.path == "/never":
            print("begun", flush=True)
            sys.stdin.readline()
        self.send_response(200)
        self.send_header("Content-Length", "30000")
        self.end_headers()
        self.wfile.write(b"whole" * 6000)

    def log_message(self, format, *args):
        pass

name, *files = sys.argv[1:]
tls = dict(zip(["certfile", "keyfile"], files))
class AcceptingServer(ThreadingHTTPServer):
    def get_request(self):
        return super().get_request()

serve(Handler, port=0, server_class=globals()[name], **tls)
print("seen", next(Handler.seen))
"""

CLASSES = [
    *("HTTPServer", "ThreadingHTTPServer", "HTTPSServer", "ThreadingHTTPSServer"),
    "AcceptingServer",  # It accepts in the thread of ``serve_forever``.
]

#: Clients of each kind.
CLIENTS = 4

#: How many answers make a load.
ANSWERS = 100


class Load:
    """Clients that ask again as soon as they are answered, until the server is gone.

    Half of them keep their connection, half make one for each request.
    """

    def __init__(self, connect, path="/"):
        self._connect = connect
        self._path = path
        self.whole = 0
        self.broken = []
        #: When the requests were sent that got no byte.
        self.unanswered = []
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._run, args=fields)
            for fields in ([], ["Connection: close"])
            for _ in range(CLIENTS)
        ]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        eventually(lambda: self.whole >= ANSWERS or self.broken, "a load")
        return self

    def __exit__(self, *_):
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)

    def _run(self, *fields):
        is_answered = True
        while is_answered:
            try:
                client = self._connect()
            except (ConnectionError, ssl.SSLError):
                return  # Refused, or cut in the handshake: it has sent no request.
            with client:
                keeps = True
                while is_answered and keeps:
                    is_answered, keeps = self._ask(client, fields)

    def _ask(self, client, fields):
        """Tell whether there was a whole answer, and whether the connection stands."""
        sent = math.inf
        with contextlib.suppress(ConnectionError, ssl.SSLError, AssertionError):
            client.get(self._path, *fields)
            sent = time.monotonic()
            while not client.received:
                client._receive()
        if client.received:
            return self._read_answer(client, fields)
        with self._lock:
            self.unanswered.append(sent)
        return False, False

    def _read_answer(self, client, fields):
        try:
            response = client.expect(200)
        except Exception as error:
            with self._lock:
                self.broken.append(repr(error)[:300])
            return False, False
        with self._lock:
            self.whole += 1
        return True, response["Connection"] != "close" and not fields


def want_stop_under_load(process, connect, number):
    """Tell a loaded server to stop; want every answer, and its end. Return what it printed."""
    with Load(connect) as load:
        assert load.broken == []
        told = time.monotonic()
        process.send_signal(number)
    assert process.wait(PATIENCE_SECONDS) == 0
    assert time.monotonic() - told < 8  # Settings().graceful_stop_seconds
    assert load.broken == []
    assert [sent for sent in load.unanswered if sent < told] == []
    if process.stderr is not None:
        assert process.stderr.read() == ""
    return load


def connector(address, authority, is_secure):
    context = authority.client_context()
    return lambda: secure(address, context) if is_secure else conversation(address)


def address_in(line):
    return ("127.0.0.1", int(re.search(r"//127\.0\.0\.1:(\d+)/", line)[1]))


@contextlib.contextmanager
def service(name, authority):
    is_secure = "HTTPSServer" in name
    files = [authority.certfile, authority.keyfile] if is_secure else []
    with started(arguments("-c", SERVICE, name, *map(str, files))) as process:
        address = address_in(process.stdout.readline())
        yield process, connector(address, authority, is_secure)


@pytest.mark.parametrize(
    ("name", "number"),
    list(zip(CLASSES, itertools.cycle([signal.SIGTERM, signal.SIGINT]), strict=False)),
)
def test_serve(name, number, authority):
    with service(name, authority) as (process, connect):
        load = want_stop_under_load(process, connect, number)
        assert process.stdout.read() == f"seen {load.whole}\n"


@pytest.mark.parametrize(("is_secure", "number"), [(False, signal.SIGINT), (True, signal.SIGTERM)])
def test_command_line(is_secure, number, authority, tmp_path):
    (tmp_path / "index.html").write_bytes(b"whole" * 6000)
    options = ["0", "--bind", "127.0.0.1", "--directory", str(tmp_path)]
    if is_secure:
        options += ["--tls-cert", str(authority.certfile), "--tls-key", str(authority.keyfile)]
    command = arguments("-m", "basehttpserver", *options)
    with started(command, errors_to=subprocess.DEVNULL) as process:  # It logs each request.
        address = address_in(process.stdout.readline())
        want_stop_under_load(process, connector(address, authority, is_secure), number)
        assert "received, exiting." in process.stdout.read()


@pytest.mark.parametrize("name", ["HTTPServer", "ThreadingHTTPServer"])
def test_second_signal(name, authority):
    """It ends the process at once, whoever is being answered."""
    with service(name, authority) as (process, connect), Load(connect) as load, connect() as client:
        client.get("/never")
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGTERM)
        client.want_idle()
        told = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == -signal.SIGTERM
        assert time.monotonic() - told < 4  # Half of what a grace has.
    assert load.whole
