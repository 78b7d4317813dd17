"""An hour's worth of random load in a few seconds: every response right, and nothing left behind.

Clients do what clients do, at random and all at the same time: they connect, send whole requests,
pieces, several at once; quick, slow and streamed ones, bodies with a length and in chunks, files;
they reset, half-close and leave in the middle; handlers take their sockets over. Both servers are
loaded at the same time. In the end they have the descriptors and threads that they had before.

    BASEHTTPSERVER_RANDOM_SECONDS=180   for a long run
    BASEHTTPSERVER_RANDOM_SEED=123      to repeat the choices of a run that failed; what the
                                        threads make of them is another matter
"""

import collections
import concurrent.futures
import os
import random
import socket
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from basehttpserver import HTTPServer, SimpleHTTPRequestHandler, ThreadingHTTPServer
from tests.running import eventually
from tests.wire.conversation import conversation
from tests.wire.servers import apart

pytestmark = [
    pytest.mark.alone,
    pytest.mark.usefixtures("leaks_nothing"),
    pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="Linux tells all"),
]

SECONDS = float(os.environ.get("BASEHTTPSERVER_RANDOM_SECONDS", "2"))
IS_LONG = SECONDS >= 10
SEED = int(os.environ.get("BASEHTTPSERVER_RANDOM_SEED", "0")) or time.time_ns()

#: For each of the servers.
CLIENTS = 6

#: A server may keep a few threads for the next handler that is slow: after a short run so many as
#: it may have needed, since idle ones stay for some seconds; after a long one hardly any.
SPARE_THREADS = 2 if IS_LONG else CLIENTS + 2

#: Three files of the standard library, of 1, 150 and 230 KB.
FILES = Path(os.__file__).parent
FILE_NAMES = ["this.py", "turtle.py", "_pydecimal.py"]

LARGE_BYTES = 400_000


class Handler(SimpleHTTPRequestHandler):
    """Its actions are the first parts of paths; each answer tells which request it is for."""

    protocol_version = "HTTP/1.1"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, directory=FILES, **kwargs)

    def do_GET(self):
        getattr(self, f"get_{self.path.split('/')[1]}", super().do_GET)()

    def do_POST(self):
        if self.path.startswith("/ignore"):
            self.answer(self.path.encode())
        else:
            self.answer(self.path.encode() + self.rfile.read())

    def get_quick(self):
        self.answer(self.path.encode())

    def get_slow(self):
        time.sleep(0.02)
        self.answer(self.path.encode())

    def get_large(self):
        self.answer(self.path.encode() * (LARGE_BYTES // len(self.path)))

    def get_stream(self):
        self.send_response(200)
        self.end_headers()
        for character in self.path:
            self.wfile.write(character.encode())
            time.sleep(0.001)

    def get_send(self):
        self.close_connection = True
        self.request.sendall(b"sent " + self.path.encode())

    def get_recv(self):
        self.close_connection = True
        while data := self.request.recv(1000):
            self.request.sendall(data)

    def get_makefile(self):
        self.close_connection = True
        with self.request.makefile("rwb") as stream:
            stream.write(stream.readline().upper())

    def get_detach(self):
        self.close_connection = True
        with socket.socket(fileno=self.request.detach()) as sock:
            sock.sendall(b"detached " + self.path.encode())

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        pass


class Exchange(NamedTuple):
    """A request, and the body that answers it."""

    request: bytes
    answer: bytes


class Client:
    """One after another, it has conversations with a server."""

    def __init__(self, name, server, seed):
        self._name = name
        self._server = server
        self._random = random.Random(seed)
        self._number = 0
        #: What it has done in this conversation.
        self._story = []
        #: How many there were of each kind of exchange, and of each end of a conversation.
        self.done = collections.Counter()

    def run(self, deadline):
        try:
            while time.monotonic() < deadline:
                self._story.clear()
                with conversation(self._server) as client:
                    for _ in range(self._random.randrange(4)):
                        self._exchange_some(client)
                    self._choose("end")(client)
        except BaseException as error:
            error.add_note(f"{self._name}, a connection of {', '.join(self._story)}")
            raise
        return self.done

    def _choose(self, prefix):
        """Return one of the methods whose names begin so."""
        kind = self._random.choice([name for name in dir(self) if name.startswith(f"{prefix}_")])
        self.done[kind] += 1
        self._story.append(kind)
        return getattr(self, kind)

    def _make_exchange(self):
        self._number += 1
        return self._choose("make")(f"{self._number}-{self._random.randrange(10**9)}")

    def _get(self, target):
        return f"GET {target} HTTP/1.1\r\nHost: test\r\n\r\n".encode()

    def _post(self, target, *framing):
        lines = [f"POST {target} HTTP/1.1", "Host: test", *framing, "", ""]
        return "\r\n".join(lines).encode()

    def _body(self):
        return self._random.randbytes(self._random.choice([0, 1, 1000, 100_000]))

    # Exchanges, by kind.

    def make_quick(self, mark):
        return self._make_get(f"/quick/{mark}")

    def make_slow(self, mark):
        return self._make_get(f"/slow/{mark}")

    def make_slow_on_one_path(self, _):
        return self._make_get("/slow")

    def make_stream(self, mark):
        return self._make_get(f"/stream/{mark}")

    def make_large(self, mark):
        path = f"/large/{mark}"
        return Exchange(self._get(path), path.encode() * (LARGE_BYTES // len(path)))

    def make_file(self, _):
        name = self._random.choice(FILE_NAMES)
        return Exchange(self._get(f"/{name}"), (FILES / name).read_bytes())

    def make_body(self, mark):
        body = self._body()
        path = f"/echo/{mark}"
        return Exchange(
            self._post(path, f"Content-Length: {len(body)}") + body, path.encode() + body
        )

    def make_chunked_body(self, mark):
        body = self._body()
        cut = self._random.randrange(len(body) + 1)
        chunks = [chunk for chunk in (body[:cut], body[cut:]) if chunk]
        encoded = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
        path = f"/echo/{mark}"
        head = self._post(path, "Transfer-Encoding: chunked")
        return Exchange(head + encoded + b"0\r\n\r\n", path.encode() + body)

    def make_body_that_nobody_reads(self, mark):
        body = self._body()
        path = f"/ignore/{mark}"
        return Exchange(self._post(path, f"Content-Length: {len(body)}") + body, path.encode())

    def _make_get(self, path):
        return Exchange(self._get(path), path.encode())

    # What happens on a connection.

    def _exchange_some(self, client):
        """Send one request, or several at once; whole or in two pieces."""
        exchanges = [self._make_exchange() for _ in range(self._random.choice([1, 1, 1, 2, 5]))]
        self._send(client, b"".join(exchange.request for exchange in exchanges))
        self._expect(client, exchanges)

    def _send(self, client, data):
        cut = self._random.randrange(len(data))
        client.send(data[:cut])
        if self._random.random() < 0.2:
            time.sleep(0.002)
        client.send(data[cut:])

    def _expect(self, client, exchanges):
        for exchange in exchanges:
            client.expect(200, exchange.answer)

    def end_with_nothing_more(self, client):
        pass

    def end_with_a_reset(self, client):
        client.reset()

    def end_with_close_field(self, client):
        client.get("/quick", "Connection: close").expect(200, b"/quick")
        client.want_closed()

    def end_half_closed(self, client):
        """The answers come all the same."""
        exchanges = [self._make_exchange() for _ in range(3)]
        self._send(client, b"".join(exchange.request for exchange in exchanges))
        client.finish_sending()
        self._expect(client, exchanges)
        client.want_closed()

    def end_within_a_request(self, client):
        request = self._make_exchange().request
        client.send(request[: self._random.randrange(1, len(request))])
        if self._random.random() < 0.5:
            client.reset()

    def end_before_the_answer(self, client):
        client.send(self._make_exchange().request)
        if self._random.random() < 0.5:
            client.reset()

    def end_within_the_answer(self, client):
        client.send(self.make_large("half").request).expect_bytes(b"HTTP/1.1 200 OK\r\n")
        if self._random.random() < 0.5:
            client.reset()

    def end_with_send(self, client):
        client.get("/send")
        assert client.read_to_end() == b"sent /send"

    def end_with_recv(self, client):
        """The first bytes come with the head."""
        data = self._body()[:5000]
        client.send(self._get("/recv") + data)
        client.expect_bytes(data)
        client.send(data).finish_sending()
        assert client.read_to_end() == data

    def end_with_makefile(self, client):
        client.get("/makefile").send("one ")
        client.send("line\n")
        assert client.read_to_end() == b"ONE LINE\n"

    def end_with_detach(self, client):
        client.get("/detach")
        assert client.read_to_end() == b"detached /detach"


class Before(NamedTuple):
    """What a server has open before the load."""

    descriptors: int
    threads: int


def look(server):
    with conversation(server) as client:
        client.get("/quick", "Connection: close").expect(200)
        client.want_closed()
    return Before(server.descriptors(), server.threads())


def want_as_before(server, before):
    eventually(
        lambda: (
            server.descriptors() <= before.descriptors
            and server.threads() <= before.threads + SPARE_THREADS
        ),
        f"{server.address} has {before} again",
    )


@pytest.mark.timeout(SECONDS + 60)
def test_random_load():
    with apart(HTTPServer, Handler) as single, apart(ThreadingHTTPServer, Handler) as threading:
        before = {server: look(server) for server in (single, threading)}
        clients = [
            Client(name, server, f"{SEED} {name} {number}")
            for name, server in [("HTTPServer", single), ("ThreadingHTTPServer", threading)]
            for number in range(CLIENTS)
        ]
        deadline = time.monotonic() + SECONDS
        with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool:
            futures = [pool.submit(client.run, deadline) for client in clients]
        try:
            done = sum((future.result() for future in futures), collections.Counter())
        except BaseException as error:
            error.add_note(f"BASEHTTPSERVER_RANDOM_SEED={SEED} had these choices")
            raise
        kinds = {name for name in dir(Client) if name.startswith(("make_", "end_"))}
        assert kinds <= done.keys(), "the run was too short for every kind"
        for server, state in before.items():
            want_as_before(server, state)
