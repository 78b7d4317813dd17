"""A file server that keeps account of what it was asked, and that can break a download off.

with serving_files(folder) as files:
    subprocess.run(["curl", files.url("/file")])
    assert files.seen == [Seen("GET", "/file", 200)]
"""

import contextlib
import functools
import os
import random
import threading
from typing import NamedTuple

from basehttpserver import SimpleHTTPRequestHandler, ThreadingHTTPServer
from tests.running import PATIENCE_SECONDS, serving

#: What is downloaded, what takes its place, and where a download is broken off.
OLD = random.Random(1).randbytes(300_000)
NEW = random.Random(2).randbytes(400_000)
CUT = 100_000

#: Long enough ago for strong validators: what has just changed may do so again unnoticed.
MODIFIED = 1_000_000_000


class Seen(NamedTuple):
    """One request, the status of its answer, and what it asked for besides the file."""

    method: str
    target: str
    status: int
    range: str | None = None
    #: The names of the fields by which it made the request conditional.
    conditions: tuple[str, ...] = ()


CONDITIONS = (
    "If-Match",
    "If-Unmodified-Since",
    "If-None-Match",
    "If-Modified-Since",
    "If-Range",
)


class Interruption:
    """Breaks off the first response that has a body, behind so many bytes of it.

    `meanwhile` is called when these have been sent.
    """

    def __init__(self, after_bytes, meanwhile=lambda: None):
        self._after_bytes = after_bytes
        self._meanwhile = meanwhile
        self._once = [None]

    def is_due(self):
        """Tell once that it is."""
        with contextlib.suppress(IndexError):
            self._once.pop()
            return True
        return False

    def __call__(self, source, outputfile):
        outputfile.write(source.read(self._after_bytes))
        outputfile.flush()
        self._meanwhile()


class Files:
    """A running file server."""

    def __init__(self, interruption):
        self.interruption = interruption
        self.lines = []
        self.seen = []
        self.port = None

    def url(self, target="/"):
        return f"http://127.0.0.1:{self.port}{target}"

    def take_seen(self):
        """Return what was seen, and forget it."""
        seen, self.seen = self.seen, []
        return seen


class Handler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, *arguments, files, **keywords):
        self.files = files
        super().__init__(*arguments, **keywords)

    def log_request(self, code="-", size="-"):
        headers = self.headers
        conditions = tuple(name for name in CONDITIONS if name in headers)
        seen = Seen(self.command, self.path, int(code), headers["Range"], conditions)
        self.files.seen.append(seen)

    def log_message(self, format, *arguments):
        self.files.lines.append(format % arguments)


class InterruptedHandler(Handler):
    def copyfile(self, source, outputfile):
        if self.files.interruption.is_due():
            # Less than was promised: the engine cuts the connection.
            self.files.interruption(source, outputfile)
        else:
            super().copyfile(source, outputfile)


@contextlib.contextmanager
def serving_files(folder, interruption=None):
    """Serve a folder over HTTP/1.1."""
    files = Files(interruption)
    handler = functools.partial(
        InterruptedHandler if interruption else Handler, files=files, directory=os.fspath(folder)
    )
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as running:
        files.port = running.address[1]
        yield files


class Gate:
    """What one thread waits for until another lets it go on."""

    def __init__(self):
        self._event = threading.Event()

    def open(self):
        self._event.set()

    def wait(self):
        assert self._event.wait(PATIENCE_SECONDS)
