"""The server that benchmarks/hostile.py attacks: files and a POST, deadlines that end in seconds.

    python -m benchmarks.victim ThreadingHTTPServer '{"head_timeout_seconds": 5}'

It prints its port and serves until its standard input ends. The handler is an ordinary one.
"""

import contextlib
import functools
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.applications import BODY, LIFETIME_SECONDS
from benchmarks.descriptors import raise_descriptor_limit
from benchmarks.servers import ROOT, START_SECONDS

import basehttpserver
from basehttpserver import Settings, SimpleHTTPRequestHandler

SMALL_PATH, LARGE_PATH = "/hello.txt", "/large.bin"

#: More than the kernel takes from the server for a client that does not read.
LARGE_BYTES = 8_000_000


class Handler(SimpleHTTPRequestHandler):
    """Files, and a POST that reads its body."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)


@dataclass(frozen=True)
class Victim:
    """A server in a process of its own, seen from outside."""

    process_id: int
    port: int

    def count_descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.process_id}/fd"))

    def read_resident_bytes(self) -> int:
        """Return the memory that it has; exact, unlike that of ``statm``."""
        report = Path(f"/proc/{self.process_id}/smaps_rollup").read_text("ascii")
        found = re.search(r"^Rss: *(\d+) kB", report, re.MULTILINE)
        return int(found[1]) * 1024 if found else 0


@contextlib.contextmanager
def running(class_name: str, settings: dict[str, float]) -> Iterator[Victim]:
    """Run a server of this class, its log thrown away."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.victim", class_name, json.dumps(settings)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        try:
            port = process.stdout.readline() if process.stdout else ""
            if not port:
                raise SystemExit(f"the server does not start: {process.args!r}")
            yield Victim(process.pid, int(port))
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=START_SECONDS)
        finally:
            process.kill()


def main(class_name: str, settings: str) -> None:
    signal.alarm(LIFETIME_SECONDS)
    raise_descriptor_limit()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder + SMALL_PATH).write_bytes(BODY)
        Path(folder + LARGE_PATH).write_bytes(bytes(LARGE_BYTES))
        handler = functools.partial(Handler, directory=folder)
        server_class = getattr(basehttpserver, class_name)
        limits = Settings(**json.loads(settings))
        with server_class(("127.0.0.1", 0), handler, settings=limits) as server:
            threading.Thread(target=end_with_input, args=(server,), daemon=True).start()
            print(server.server_port, flush=True)
            server.serve_forever()


def end_with_input(server: basehttpserver.HTTPServer) -> None:
    while os.read(0, 1024):
        pass
    server.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
