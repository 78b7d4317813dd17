"""Servers in processes of their own: with all descriptors, a core, and no coverage measured.

with apart(ThreadingHTTPServer, Handler) as server, conversation(server) as client:
    client.get().expect(200)
    assert server.threads() < 10

The handler is named to the new process and imported there, so it stands at the top of its module.
"""

import contextlib
import importlib
import os
import re
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import basehttpserver
from basehttpserver import BaseHTTPRequestHandler
from tests.running import PATIENCE_SECONDS

ROOT = Path(__file__).parents[2]


class Answering(BaseHTTPRequestHandler):
    """Says hello, keeps the connection, logs nothing."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(b"hello")

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        pass


def threads_of(process_id):
    return len(os.listdir(f"/proc/{process_id}/task"))


def descriptors_of(process_id):
    return len(os.listdir(f"/proc/{process_id}/fd"))


class Apart:
    """A server that runs in another process."""

    def __init__(self, process_id, port):
        self.process_id = process_id
        self.address = ("127.0.0.1", port)
        self.url = f"http://127.0.0.1:{port}"

    def threads(self):
        return threads_of(self.process_id)

    def descriptors(self):
        return descriptors_of(self.process_id)

    def resident_bytes(self):
        """The memory that it has; exact, unlike that of ``statm``."""
        report = Path(f"/proc/{self.process_id}/smaps_rollup").read_text()
        return int(re.search(r"^Rss: *(\d+) kB", report, re.MULTILINE)[1]) * 1024


@contextlib.contextmanager
def apart(server_class, handler, core=None):
    """Run a server on a core of its own, or any; want a clean end, and nothing on its stderr."""
    names = [server_class.__name__, f"{handler.__module__}:{handler.__name__}"]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")
    }
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, *names, *([] if core is None else [str(core)])],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )

        def complaints():
            errors.seek(0)
            return errors.read()

        with process:
            try:
                port = process.stdout.readline()
                assert port, complaints()
                yield Apart(process.pid, int(port))
                process.communicate(timeout=PATIENCE_SECONDS)
                assert process.returncode == 0, complaints()
                assert complaints() == ""
            except BaseException as error:
                if said := complaints():
                    error.add_note(f"{server_class.__name__} said: {said}")
                raise
            finally:
                process.kill()


def raise_descriptor_limit():
    """Let this process open as many as the system allows; return that, and the limits before."""
    import resource  # Which not every system has.

    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    _, most = before
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most, before


def main(server_name, handler_name, *cores):
    """Serve on a free port, print it, end with the standard input."""
    if cores:
        os.sched_setaffinity(0, {int(core) for core in cores})
    raise_descriptor_limit()
    module_name, _, class_name = handler_name.partition(":")
    handler = getattr(importlib.import_module(module_name), class_name)
    with getattr(basehttpserver, server_name)(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=_end_with_input, args=(server,), daemon=True).start()
        print(server.server_port, flush=True)
        server.serve_forever()


def _end_with_input(server):
    while os.read(0, 1024):
        pass
    server.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
