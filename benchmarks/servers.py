"""The servers that are compared: how each is run, and how one is started, checked, stopped."""

import contextlib
import http.client
import importlib.util
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.applications import BODY, LIFETIME_SECONDS

ROOT = Path(__file__).parents[1]
START_SECONDS = 10


@dataclass(frozen=True)
class Server:
    title: str
    #: What follows `python`.
    command: str
    packages: tuple[str, ...] = ()
    #: What it serves alone; None: it takes part in the mixed load only.
    hello: str | None = "hello"
    #: What it serves in the mixed load; None: it has no threads for handlers that wait.
    mixed: str | None = "mixed"

    def has_part_in(self, profile: str) -> bool:
        return (self.mixed if profile == "mixed" else self.hello) is not None


HANDLERS = "-m benchmarks.handlers {name} {application} {port}"
WAITRESS = "-m waitress --listen=127.0.0.1:{port}"
UVICORN = "-m uvicorn --port {port} --http httptools --loop uvloop --no-access-log"
GRANIAN = "-m granian --interface wsgi --port {port} --workers 1"
FASTPYSGI = "-c 'import fastpysgi; fastpysgi.run_from_cli()' --host 127.0.0.1 --port {port}"
APPLICATION = " benchmarks.applications:{application}"

#: By name, in the order of the tables.
SERVERS = {
    "cpython": Server("`http.server.ThreadingHTTPServer`", HANDLERS),
    "cpython-tuned": Server(
        "`http.server.ThreadingHTTPServer`, writes buffered, no Nagle's algorithm", HANDLERS
    ),
    "ours-threading": Server("`basehttpserver.ThreadingHTTPServer`", HANDLERS),
    "ours-single": Server("`basehttpserver.HTTPServer`", HANDLERS, mixed=None),
    "waitress": Server("waitress", WAITRESS + APPLICATION, ("waitress",)),
    "waitress-64": Server(
        "waitress, 64 threads", WAITRESS + " --threads=64" + APPLICATION, ("waitress",), hello=None
    ),
    "uvicorn": Server(
        "uvicorn, with httptools and uvloop",
        UVICORN + APPLICATION,
        ("uvicorn", "httptools", "uvloop"),
        hello="hello_asgi",
        mixed=None,
    ),
    "granian": Server("granian, WSGI", GRANIAN + APPLICATION, ("granian",)),
    "granian-1": Server(
        "granian, WSGI, one blocking thread",
        GRANIAN + " --blocking-threads 1" + APPLICATION,
        ("granian",),
        mixed=None,
    ),
    "fastpysgi": Server("fastpysgi, WSGI", FASTPYSGI + APPLICATION, ("fastpysgi",), mixed=None),
}


def is_installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def pin_to(core: int) -> None:
    """Keep this process and its children on one core, where there are several."""
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {core})


@contextlib.contextmanager
def running(name: str, profile: str) -> Iterator[int]:
    """Run a server on core 0, its output thrown away; the value is its port."""
    port = find_free_port()
    process = subprocess.Popen(
        [sys.executable, *make_arguments(name, profile, port)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # A group of its own: granian has a second process.
        start_new_session=True,
        preexec_fn=prepare_process,
    )
    try:
        wait_until_listening(process, port)
        yield port
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=START_SECONDS)


def make_arguments(name: str, profile: str, port: int) -> list[str]:
    server = SERVERS[name]
    application = server.mixed if profile == "mixed" else server.hello
    return shlex.split(server.command.format(name=name, application=application, port=port))


def prepare_process() -> None:
    pin_to(0)
    signal.alarm(LIFETIME_SECONDS)


def find_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def wait_until_listening(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise SystemExit(f"a server does not start; what it says is thrown away: {process.args!r}")


def check_answer(name: str, port: int, path: str) -> None:
    """Fail unless the answer is right, twice over one connection."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(client):
        for _ in range(2):
            client.request("GET", path)
            response = client.getresponse()
            answer = (response.status, response.read(), response.will_close)
            if answer != (200, BODY, False):
                raise SystemExit(f"{name}: a wrong answer, so nothing is measured: {answer}")
