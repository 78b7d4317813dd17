"""``python -m basehttpserver`` over a folder, as a process of its own, and the links of a page."""

import contextlib
import html.parser
import http.client
import pathlib
import re
import signal

import pytest

from tests.command_line.running import run

MEBIBYTE = 1 << 20

needs_memory_of_processes = pytest.mark.skipif(
    not pathlib.Path("/proc/self/status").exists(), reason="the memory of a process is not told"
)


class NotServingError(Exception):
    """It has ended before it served: its log says why."""


class Served:
    """``python -m basehttpserver`` over a folder, and a connection to it."""

    def __init__(self, process, port, log):
        self.process = process
        self.log = log
        self.address = ("127.0.0.1", port)
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def get(self, target, method="GET"):
        """Return the response, of which nothing has been read."""
        self.connection.request(method, target)
        return self.connection.getresponse()

    def get_whole(self, target):
        """Return the body of a 200."""
        with self.get(target) as response:
            assert response.status == 200, target
            return response.read()

    def peak_memory(self):
        """The most memory that the process ever had, in bytes."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024

    def kill(self):
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def serve(folder, log, *options, port=0):
    """Serve a folder until the end of the block, then check that nothing went wrong meanwhile.

    Raises `NotServingError` where the port is not to be had.
    """
    where = [str(port), "--bind", "127.0.0.1", "--directory", folder]
    with open(log, "wb") as log_file, run(*where, *options, stderr=log_file) as running:
        if not running.said:
            raise NotServingError(log.read_text())
        served = Served(running.process, running.port, log)
        with contextlib.closing(served.connection):
            yield served
        assert running.process.poll() in (None, -signal.SIGKILL)
    assert "Traceback" not in log.read_text()


class Links(html.parser.HTMLParser):
    """The links of a folder's page that lead to what is in it."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        if tag == "a":
            link = dict(attributes)["href"]
            name = link.removeprefix("./")
            # Others lead up, or to the same page in another order.
            if name not in ("", ".", "..") and not link.startswith(("?", "#", "../", "/")):
                self.found.append(name)
