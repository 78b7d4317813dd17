"""The good client: it asks every so many milliseconds, and notes how long each answer took.

It asks on a new connection and on a kept one in turn. Beside the server that is attacked it asks
another, its twin, that nobody attacks: what both suffer is the machine's doing.
"""

import socket
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.applications import BODY
from benchmarks.victim import SMALL_PATH

INTERVAL_SECONDS = 0.01
PATIENCE_SECONDS = 5

REQUEST = f"GET {SMALL_PATH} HTTP/1.1\r\nHost: good\r\n"
KEEPING, CLOSING = f"{REQUEST}\r\n".encode(), f"{REQUEST}Connection: close\r\n\r\n".encode()


@dataclass
class Answers:
    """How long they took, and what went wrong instead."""

    milliseconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def add(self, other: "Answers") -> None:
        self.milliseconds += other.milliseconds
        self.failures += other.failures

    def summarize(self) -> dict[str, float | int]:
        quantiles = statistics.quantiles(self.milliseconds, n=100, method="inclusive")
        return {
            "requests": len(self.milliseconds) + len(self.failures),
            "failures": len(self.failures),
            "median_milliseconds": round(quantiles[49], 3),
            "p99_milliseconds": round(quantiles[98], 3),
            "highest_milliseconds": round(max(self.milliseconds), 3),
        }


class Connections:
    """To one server: a kept one, and one after another."""

    def __init__(self, port: int) -> None:
        self._address = ("127.0.0.1", port)
        self._kept: socket.socket | None = None

    def close(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def ask_anew(self) -> None:
        with socket.create_connection(self._address, PATIENCE_SECONDS) as sock:
            exchange(sock, CLOSING)

    def ask_again(self) -> None:
        if self._kept is None:
            self._kept = socket.create_connection(self._address, PATIENCE_SECONDS)
        try:
            exchange(self._kept, KEEPING)
        except OSError:
            self.close()
            raise


def exchange(sock: socket.socket, request: bytes) -> None:
    """Ask and read the answer; ``OSError`` where it is not the right one."""
    sock.sendall(request)
    answer = b""
    while not answer.endswith(BODY):
        received = sock.recv(4096)
        if not received:
            raise OSError(f"the answer ends early: {answer!r}")
        answer += received
    if not answer.startswith(b"HTTP/1.1 200 "):
        raise OSError(f"a wrong answer: {answer!r}")


class GoodClient:
    def __init__(self, attacked: int, twin: int) -> None:
        """Ask the servers on these two ports."""
        self._attacked, self._twin = Connections(attacked), Connections(twin)

    def close(self) -> None:
        self._attacked.close()
        self._twin.close()

    def ask_for(self, seconds: float) -> tuple[Answers, Answers]:
        end = time.monotonic() + seconds
        return self.ask_until(lambda: time.monotonic() >= end)

    def ask_until(self, is_over: Callable[[], bool]) -> tuple[Answers, Answers]:
        """Return the answers of the one that is attacked, and those of its twin."""
        of_attacked, of_twin = Answers(), Answers()
        due = time.monotonic()
        turn = 0
        while not is_over():
            time.sleep(max(0, due - time.monotonic()))
            due = time.monotonic() + INTERVAL_SECONDS
            turn += 1
            for connections, answers in ((self._attacked, of_attacked), (self._twin, of_twin)):
                measure(connections.ask_anew if turn % 2 else connections.ask_again, answers)
        return of_attacked, of_twin


def measure(ask: Callable[[], None], answers: Answers) -> None:
    """Ask; note how long that took, and how long it would have taken who asked meanwhile.

    Somebody would have asked every interval: a server that stops for a second spoils a hundred
    requests, not one.
    """
    began = time.monotonic()
    try:
        ask()
    except OSError as error:
        answers.failures.append(f"{type(error).__name__}: {error}"[:200])
        return
    took = time.monotonic() - began
    missed = range(int(took / INTERVAL_SECONDS) + 1)
    answers.milliseconds += [(took - number * INTERVAL_SECONDS) * 1000 for number in missed]
