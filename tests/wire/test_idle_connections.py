"""Ten thousand connections that are kept alive and idle: no thread each, little memory, no delay.

The server has a process, and so a limit of descriptors, of its own; where that limit is lower than
ten thousand, there are as many connections as it allows.
"""

import contextlib
import os
import socket
import statistics
import time

import pytest

from basehttpserver import HTTPServer, ThreadingHTTPServer
from tests.running import PATIENCE_SECONDS, eventually
from tests.wire.servers import Answering, apart, raise_descriptor_limit

pytestmark = [
    pytest.mark.alone,
    pytest.mark.usefixtures("leaks_nothing"),
    pytest.mark.skipif(not os.path.exists("/proc/self/smaps_rollup"), reason="Linux tells all"),
]

CONNECTIONS = 10_000

#: So many are opened at a time: fewer than wait in the queue of any listener.
AT_ONCE = 100

#: For what client and server have open besides.
OTHER_DESCRIPTORS = 300

#: The promise is for each connection, and ten thousand make an error of a few pages small.
MOST_BYTES_EACH = 8 * 1024

#: A pool may keep a few threads that it needed for a moment.
SPARE_THREADS = 4

SAMPLES = 50

REQUEST = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"


@pytest.fixture
def connections():
    """How many connections the system allows, up to ten thousand."""
    import resource

    most, before = raise_descriptor_limit()
    yield CONNECTIONS if most < 0 else min(CONNECTIONS, most - OTHER_DESCRIPTORS)
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


class Crowd:
    """Connections that have had one request answered each."""

    def __init__(self, address):
        self._address = address
        self.sockets = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for sock in self.sockets:
            sock.close()

    def grow(self, count):
        for first in range(0, count, AT_ONCE):
            newcomers = range(min(AT_ONCE, count - first))
            self.sockets += [
                socket.create_connection(self._address, PATIENCE_SECONDS) for _ in newcomers
            ]
            for number in newcomers:
                self.sockets[~number].sendall(REQUEST)
            for number in newcomers:
                receive_hello(self.sockets[~number])

    def sample(self):
        """Connections from all over the crowd."""
        return self.sockets[:: max(1, len(self.sockets) // SAMPLES)]


def receive_hello(sock):
    received = b""
    while not received.endswith(b"\r\n\r\nhello"):
        data = sock.recv(4096)
        assert data, "the connection ended"
        received += data
    assert received.startswith(b"HTTP/1.1 200 ")


def seconds_of_a_request(sock):
    began = time.monotonic()
    sock.sendall(REQUEST)
    receive_hello(sock)
    return time.monotonic() - began


@pytest.mark.parametrize("server_class", [HTTPServer, ThreadingHTTPServer])
def test_idle_keep_alive(server_class, connections):
    with apart(server_class, Answering) as server:
        with Crowd(server.address) as first:
            first.grow(AT_ONCE)
        with contextlib.closing(socket.create_connection(server.address)) as steady:
            seconds_of_a_request(steady)
            eventually(lambda: server.descriptors() < AT_ONCE)
            descriptors, threads = server.descriptors(), server.threads()
            memory = server.resident_bytes()

            with Crowd(server.address) as crowd:
                crowd.grow(connections)
                assert server.descriptors() >= connections
                assert server.threads() <= threads + SPARE_THREADS
                assert (server.resident_bytes() - memory) / connections < MOST_BYTES_EACH
                seconds = [seconds_of_a_request(sock) for sock in crowd.sample()]
                assert statistics.median(seconds) < 0.01, seconds

            eventually(lambda: server.descriptors() <= descriptors)
            eventually(lambda: server.threads() <= threads + SPARE_THREADS)
            seconds_of_a_request(steady)
