"""Connections that have had one answer and say nothing more, from a process of their own.

    python -m benchmarks.idle_crowd 8000 10000

It prints `ready` when all are there; at a line of input, how many are still open; at the end of
input it ends.
"""

import contextlib
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

from benchmarks.applications import BODY
from benchmarks.descriptors import raise_descriptor_limit
from benchmarks.failure import MeasurementError

REQUEST = b"GET / HTTP/1.1\r\nHost: idle\r\n\r\n"
MOST_SECONDS = 60


class IdleCrowd:
    """The crowd, seen from the process that measures."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._expect_line()

    def count_open(self) -> int:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return int(self._expect_line())

    def _expect_line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise MeasurementError("not all of the idle connections got an answer")
        return line


@contextlib.contextmanager
def running(port: int, count: int) -> Iterator[IdleCrowd]:
    command = [sys.executable, "-m", "benchmarks.idle_crowd", str(port), str(count)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield IdleCrowd(process)
        finally:
            process.kill()


def connect(port: int) -> socket.socket:
    """Open a connection, and have one answer on it."""
    sock = socket.create_connection(("127.0.0.1", port), MOST_SECONDS)
    sock.sendall(REQUEST)
    answer = b""
    while not answer.endswith(BODY):
        received = sock.recv(65536)
        if not received:
            raise SystemExit("a server closed a connection before it had answered")
        answer += received
    sock.setblocking(False)
    return sock


def is_open(sock: socket.socket) -> bool:
    try:
        return bool(sock.recv(1, socket.MSG_PEEK))
    except BlockingIOError:
        return True
    except OSError:
        return False


def main(port: str, count: str) -> None:
    signal.alarm(MOST_SECONDS)
    raise_descriptor_limit()
    socks = [connect(int(port)) for _ in range(int(count))]
    print("ready", flush=True)
    for _ in sys.stdin:
        print(sum(map(is_open, socks)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
