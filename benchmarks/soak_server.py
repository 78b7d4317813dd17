"""The process that is soaked: four servers in it, `HTTPServer` and `ThreadingHTTPServer`, each
plain and over TLS.

    python -m benchmarks.soak_server FOLDER CERTIFICATE KEY

It prints the four addresses as JSON. For each line on its standard input it prints what it holds,
after it has given back what it can for the line ``trim``; and it ends with that input.
"""

import ctypes
import gc
import json
import os
import re
import sys
import threading
import time
import tracemalloc
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from basehttpserver import (
    HTTPServer,
    HTTPSServer,
    Settings,
    SimpleHTTPRequestHandler,
    ThreadingHTTPServer,
    ThreadingHTTPSServer,
)

#: Deadlines so short that hostile clients meet them often; limits so low that floods reach them.
SETTINGS = Settings(
    head_timeout_seconds=2,
    idle_timeout_seconds=3,
    handshake_timeout_seconds=2,
    rate_grace_seconds=2,
    min_response_bytes_per_second=5000,
    linger_seconds=3,
    max_connections_per_address=48,
    max_workers=128,
    spool_memory_bytes=32768,
)

SLOW_SECONDS = 0.03
EVENTS = 5
EVENT_SECONDS = 0.008


def make_bytes(size: int, seed: int) -> bytes:
    """Return what server and client know without sending it: no two places look alike for long."""
    line = b"%d " % seed
    numbers = b"".join(line + b"%d\n" % number for number in range(min(size, 4096) // 4 + 1))
    return (numbers * (size // len(numbers) + 1))[:size]


class PlannedError(Exception):
    """What a handler raises because it was asked to."""


class Handler(SimpleHTTPRequestHandler):
    """A bit of all that handlers do."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if url.path == "/bytes":
            self.answer(make_bytes(int(query["size"]), int(query["seed"])))
        elif url.path == "/slow":
            time.sleep(SLOW_SECONDS)
            self.answer(b"slow")
        elif url.path == "/events":
            self.send_events()
        elif url.path == "/raise":
            raise PlannedError
        else:
            super().do_GET()

    def do_POST(self) -> None:
        pieces = []
        while piece := self.rfile.read(16384):
            pieces.append(piece)
        self.answer(b"".join(pieces))

    do_OPTIONS = do_POST

    def do_CONNECT(self) -> None:
        """Open a tunnel that gives lines back, up to an empty one."""
        self.send_response(200)
        self.end_headers()
        self.wfile.flush()
        while (line := self.rfile.readline(1000)) not in (b"", b"\n"):
            self.wfile.write(line.upper())
            self.wfile.flush()

    def send_events(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for number in range(EVENTS):
            self.wfile.write(b"data: %d\n\n" % number)
            self.wfile.flush()
            time.sleep(EVENT_SECONDS)

    def answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Observed:
    """Prints what no handler was asked to raise."""

    planned = 0

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exception()
        if isinstance(error, PlannedError):
            type(self).planned += 1
        else:
            super().handle_error(request, client_address)  # type: ignore[misc]


def make_servers(folder: str, certfile: str, keyfile: str) -> dict[str, Any]:
    """Return the servers, by name; those of names that end with ``-tls`` speak TLS."""
    os.chdir(folder)
    anywhere = ("127.0.0.1", 0)
    servers: dict[str, Any] = {}
    for name, plain, secure in (
        ("single", HTTPServer, HTTPSServer),
        ("threading", ThreadingHTTPServer, ThreadingHTTPSServer),
    ):
        tls = {"certfile": certfile, "keyfile": keyfile}
        observed = type(plain.__name__, (_Observed, plain), {})
        servers[name] = observed(anywhere, Handler, settings=SETTINGS)
        observed = type(secure.__name__, (_Observed, secure), {})
        servers[f"{name}-tls"] = observed(anywhere, Handler, settings=SETTINGS, **tls)
    return servers


def count_open(servers: dict[str, Any]) -> int:
    """Return how many connections are open, of all servers, those that linger included."""
    pollers = [server._lanes.poller for server in servers.values()]
    return sum(len(each._roster.snapshot()) + len(each._lingering._held) for each in pollers)


class _Mallinfo2(ctypes.Structure):
    """The ``struct mallinfo2`` of glibc 2.33 and newer."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


def count_allocated() -> int:
    """Return how many bytes malloc has given out and not got back, in all its arenas.

    That is memory that somebody holds, OpenSSL and the interpreter among them, and not what malloc
    keeps for later; small Python objects are not in it, which have arenas of their own and are
    traced. 0 where the C library does not tell.
    """
    library = ctypes.CDLL(None)
    try:
        mallinfo2 = library.mallinfo2
    except AttributeError:
        return 0
    mallinfo2.restype = _Mallinfo2
    found = mallinfo2()
    return int(found.uordblks + found.hblkhd)


def give_back_memory() -> None:
    """Let malloc give back to the system what it keeps for later, where it can."""
    gc.collect()
    library = ctypes.CDLL(None)
    if hasattr(library, "malloc_trim"):
        library.malloc_trim(0)


def count_kept_files(servers: dict[str, Any]) -> int:
    """Return how many files the servers have open for the next request."""
    return sum(len(server._open_files or ()) for server in servers.values())


def take_sample(servers: dict[str, Any]) -> dict[str, int]:
    """Return what this process holds."""
    gc.collect()
    rollup = Path("/proc/self/smaps_rollup").read_text()
    resident = re.search(r"^Rss: *(\d+) kB", rollup, re.MULTILINE)
    return {
        "connections": count_open(servers),
        # But for files that are kept for who asks next: a bounded number, for two seconds.
        "descriptors": len(os.listdir("/proc/self/fd")) - 1 - count_kept_files(servers),
        "threads": len(os.listdir("/proc/self/task")),
        "resident_bytes": int(resident[1]) * 1024 if resident else 0,
        "allocated_bytes": count_allocated(),
        "traced_bytes": tracemalloc.get_traced_memory()[0],
        "planned_errors": _Observed.planned + sum(type(each).planned for each in servers.values()),
        "processor_milliseconds": round(time.process_time() * 1000),
    }


def main(folder: str, certfile: str, keyfile: str) -> None:
    tracemalloc.start()
    servers = make_servers(folder, certfile, keyfile)
    threads = [
        threading.Thread(target=server.serve_forever, name=name) for name, server in servers.items()
    ]
    for thread in threads:
        thread.start()
    print(json.dumps({name: server.server_port for name, server in servers.items()}), flush=True)
    for line in sys.stdin:
        if line == "trim\n":
            give_back_memory()
        print(json.dumps(take_sample(servers)), flush=True)
    for server in servers.values():
        server.shutdown()
        server.server_close()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
