"""How many instructions of Python's machine, and calls, one kept-alive request costs: never a time.

Several clients' connections are served by a real `HTTPServer` in this thread, over loopback.
Between two waits of its loop, in ``service_actions``, the clients take their answers and ask again,
so that nothing depends on threads or on the clock: the same code gives the same counts. What the
clients do is not counted. What the handler does is.
"""

import contextlib
import os
import socket
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import basehttpserver

CONNECTIONS = 8
ROUNDS = 30
#: Before the count begins: caches fill, each connection has its handler.
ROUNDS_BEFORE = 4

REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n"
BODY = b"Hello, world\n"
PACKAGE = Path(basehttpserver.__file__).parent


class Hello(basehttpserver.BaseHTTPRequestHandler):
    """The handler that everybody writes first."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)


@dataclass(frozen=True)
class Counts:
    """Of one request: the median of the rounds, each divided by its requests."""

    instructions: float
    #: Of functions in Python, and of those in C that are called by name.
    calls: float
    c_calls: float
    #: Instructions by the file that they are in.
    by_file: dict[str, float]


class CountedServer(basehttpserver.HTTPServer):
    """A server that drives its own clients between two waits, and counts what it does meanwhile."""

    def __init__(self, request: bytes, handler: Callable[..., Any], ending: bytes) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self._request = request
        self._ending = ending
        self._clients: list[socket.socket] = []
        self._unanswered: set[socket.socket] = set()
        self._is_counting = False
        self._now: Counter[CodeType] = Counter()
        self._calls_now: Counter[str] = Counter()
        self._rounds: list[tuple[Counter[CodeType], Counter[str]]] = []

    def service_actions(self) -> None:
        """Take the answers that are here; when all are, keep the counts and ask again."""
        self._is_counting = False
        for client in [*self._unanswered]:
            with contextlib.suppress(BlockingIOError):
                answer = client.recv(65536)
                if not answer.endswith(self._ending):
                    raise SystemExit(f"a wrong answer: {answer!r}")
                self._unanswered.discard(client)
        if not self._unanswered:
            self._rounds.append((self._now, self._calls_now))
            self._now, self._calls_now = Counter(), Counter()
            if len(self._rounds) == ROUNDS_BEFORE + ROUNDS:
                self.shutdown()
                return
            self._ask()
        self._is_counting = True

    def _ask(self) -> None:
        for client in self._clients:
            client.sendall(self._request)
        self._unanswered = {*self._clients}

    def count(self) -> Counts:
        """Serve, and return what one request came to."""
        with contextlib.ExitStack() as stack:
            for _ in range(CONNECTIONS):
                client = stack.enter_context(socket.create_connection(self.server_address, 10))
                client.setblocking(False)
                self._clients.append(client)
            self._ask()
            with watched(self._on_instruction, self._on_call):
                self.serve_forever(poll_interval=10)
        return self._sum_up()

    def _on_instruction(self, frame: FrameType, event: str, _: object) -> Any:
        """Count one instruction; for ``sys.settrace``."""
        if event == "call":
            if frame.f_code.co_filename == __file__ and frame.f_code.co_name != "do_GET":
                return None
            frame.f_trace_opcodes = True
            frame.f_trace_lines = False
        elif event == "opcode" and self._is_counting:
            self._now[frame.f_code] += 1
        return self._on_instruction

    def _on_call(self, frame: FrameType, event: str, _: object) -> None:
        """Count one call; for ``sys.setprofile``."""
        if self._is_counting and event in ("call", "c_call"):
            self._calls_now[event] += 1

    def _sum_up(self) -> Counts:
        counted = self._rounds[ROUNDS_BEFORE:]
        by_file: list[Counter[str]] = []
        for instructions, _ in counted:
            of_files: Counter[str] = Counter()
            for code, count in instructions.items():
                of_files[name_of(code.co_filename)] += count
            by_file.append(of_files)
        files = sorted({name for of in by_file for name in of})
        return Counts(
            instructions=median_of_each(sum(of.values()) for of, _ in counted),
            calls=median_of_each(calls["call"] for _, calls in counted),
            c_calls=median_of_each(calls["c_call"] for _, calls in counted),
            by_file={name: median_of_each(of[name] for of in by_file) for name in files},
        )


def median_of_each(totals: Iterator[int] | Any) -> float:
    return round(statistics.median(totals) / CONNECTIONS, 2)


def name_of(path: str) -> str:
    """Return the file's path in the package, or its name with the standard library's mark."""
    if path == __file__:
        return "the handler"
    with contextlib.suppress(ValueError):
        return Path(path).relative_to(PACKAGE).as_posix()
    # Of a named tuple, for one.
    name = "generated code" if path.startswith("<") else Path(path).name
    return f"standard library: {name}"


@contextlib.contextmanager
def watched(
    on_instruction: Callable[..., Any], on_call: Callable[[FrameType, str, object], None]
) -> Iterator[None]:
    """Let this thread be watched; whoever watched it before, coverage for one, does so again."""
    before = sys.gettrace(), sys.getprofile()
    # CPython 3.12 looks at the frame that asks whether anybody will count instructions.
    sys._getframe().f_trace_opcodes = True
    # No instruction of a log that goes to somebody's capture.
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):
        sys.settrace(on_instruction)
        sys.setprofile(on_call)
        try:
            yield
        finally:
            sys.settrace(before[0])
            sys.setprofile(before[1])


def count_request(
    request: bytes = REQUEST, handler: Callable[..., Any] = Hello, ending: bytes = BODY
) -> Counts:
    """Count what one of a client's many requests costs, whose answer is to end so."""
    with CountedServer(request, handler, ending) as server:
        return server.count()


if __name__ == "__main__":
    print(count_request())
