"""Many connections that say nothing, or a byte a second, from a process of their own.

    python -m benchmarks.crowd 8000 dripping 5000

It prints `ready` when all are connected, and how they ended when all are gone, in JSON.
"""

import collections
import contextlib
import json
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import IO

from benchmarks.descriptors import raise_descriptor_limit
from benchmarks.servers import ROOT

#: `dripping` never ends its head (slowloris), `idle` never begins one.
KINDS = ("dripping", "idle")

#: Some deadline of the server has ended all of them long before.
MOST_SECONDS = 60

DRIP_SECONDS = 1
PARTS = 10  # Of those that drip: each part has its own tenth of a second.

HEAD = b"GET / HTTP/1.1\r\nHost: slow\r\nX-Slow: "


class Crowd:
    def __init__(self, port: int, kind: str, count: int) -> None:
        self._address = ("127.0.0.1", port)
        self._is_dripping = kind == "dripping"
        self._began: dict[socket.socket, float] = {}
        self._count = count
        self._selector = selectors.DefaultSelector()
        self._ages: list[float] = []
        self._endings: collections.Counter[str] = collections.Counter()
        self._beginnings: dict[socket.socket, bytes] = {}

    def connect(self) -> None:
        for _ in range(self._count):
            sock = socket.create_connection(self._address, MOST_SECONDS)
            sock.setblocking(False)
            if self._is_dripping:
                sock.send(HEAD)
            self._began[sock] = time.monotonic()
            self._selector.register(sock, selectors.EVENT_READ)

    def stay_until_gone(self) -> None:
        end = time.monotonic() + MOST_SECONDS
        part = 0
        next_drip = time.monotonic()
        while self._began and time.monotonic() < end:
            if self._is_dripping and time.monotonic() >= next_drip:
                self._drip(part)
                part = (part + 1) % PARTS
                next_drip += DRIP_SECONDS / PARTS
            for key, _ in self._selector.select(DRIP_SECONDS / PARTS):
                self._read(key.fileobj)

    def _drip(self, part: int) -> None:
        for sock in [*self._began][part::PARTS]:
            with contextlib.suppress(OSError):
                sock.send(b"x")

    def _read(self, sock: socket.socket) -> None:
        try:
            data = sock.recv(4096)
        except ConnectionError:
            self._end(sock, "reset")
            return
        if data:
            self._beginnings.setdefault(sock, data[:12])
            return
        self._end(sock, self._beginnings.get(sock, b"closed").decode("latin-1"))

    def _end(self, sock: socket.socket, how: str) -> None:
        self._ages.append(time.monotonic() - self._began.pop(sock))
        self._endings[how] += 1
        self._selector.unregister(sock)
        sock.close()

    def report(self) -> dict[str, object]:
        return {
            "connections": self._count,
            "left": len(self._began),
            "endings": dict(self._endings),
            "oldest_seconds": round(max(self._ages, default=0), 2),
        }


class Helper:
    """A process with such a crowd."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._output, selectors.EVENT_READ)

    @property
    def _output(self) -> IO[str]:
        assert self._process.stdout is not None
        return self._process.stdout

    def has_said_something(self) -> bool:
        return bool(self._selector.select(0))

    def read_line(self) -> str:
        line = self._output.readline()
        if not line:
            raise SystemExit(f"a crowd broke off: {self._process.args!r}")
        return line

    def close(self) -> None:
        self._selector.close()


@contextlib.contextmanager
def running(port: int, kind: str, count: int) -> Iterator[Helper]:
    command = [sys.executable, "-m", "benchmarks.crowd", str(port), kind, str(count)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            with contextlib.closing(Helper(process)) as helper:
                yield helper
        finally:
            process.kill()


def main(port: str, kind: str, count: str) -> None:
    signal.alarm(2 * MOST_SECONDS)
    raise_descriptor_limit()
    crowd = Crowd(int(port), kind, int(count))
    crowd.connect()
    print("ready", flush=True)
    crowd.stay_until_gone()
    print(json.dumps(crowd.report()), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
