"""Quick requests beside slow ones on a `ThreadingHTTPServer`: both get what they could have.

32 connections ask for what takes 50 ms, 32 for what takes no time. The server has a core, wrk
another, where there are two. Each measurement counts from the first request on, so what the server
must learn about its routes is part of it. The machine has other work and shares its cores, which
can only make a result worse: the best of up to three attempts counts, each of which compares
with the rate of the quick ones alone right before it. A server that stalls fails at once.

What is promised can be seen only where nobody else has the cores: on a machine where wrk finds a
p99 of 9 ms for the quick ones alone, no server keeps it below 10 in the mixture. So the promise is
measured where BASEHTTPSERVER_QUIET_MACHINE is set; elsewhere a floor, which a server fails
that lets slow handlers in the way of quick ones.
"""

import contextlib
import os
import threading
import time

import pytest

from basehttpserver import ThreadingHTTPServer
from tests.running import PATIENCE_SECONDS
from tests.wire.clients import Wrk, cores_apart, slow_reader, want_in_one_attempt
from tests.wire.servers import Answering, apart

pytestmark = [
    pytest.mark.alone,
    pytest.mark.load,
    pytest.mark.usefixtures("leaks_nothing"),
]

CONNECTIONS = 32
SLOW_SECONDS = 0.05

#: What so many connections could have of the slow handler, if nothing else took time.
MOST_SLOW_PER_SECOND = CONNECTIONS / SLOW_SECONDS

#: Below such a share of what is promised the server has stalled: no other work explains that.
STALLED = 0.1

if os.environ.get("BASEHTTPSERVER_QUIET_MACHINE"):
    QUICK_SHARE, SLOW_SHARE, QUICK_P99_SECONDS = 0.7, 0.85, 0.01
else:
    QUICK_SHARE, SLOW_SHARE, QUICK_P99_SECONDS = 0.4, 0.6, 0.15

ALONE_SECONDS = 1
MIXED_SECONDS = 2

#: More than the kernel takes from the server for a client that does not read.
LARGE = bytes(8_000_000)

SLOW_READERS = 8

ONE_PATH = 'request = function() return wrk.format("GET", "/slow") end'

#: Most come once or twice in a measurement.
THOUSAND_PATHS = """
local number = 0
request = function()
    number = (number + 1) % 1000
    return wrk.format("GET", "/slow/" .. number)
end
"""


class Handler(Answering):
    """``/quick?large`` is the route ``/quick``, with a response that slow readers wait for."""

    def do_GET(self):
        if self.path.startswith("/slow"):
            time.sleep(SLOW_SECONDS)
        self.answer(LARGE if self.path.endswith("?large") else b"hello")


class SlowReaders:
    """Clients that ask the quick route for much and hardly read it; five a second are new ones."""

    def __init__(self, server):
        self._server = server
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="slow readers")

    def __enter__(self):
        self._thread.start()

    def __exit__(self, *_):
        self._stopped.set()
        self._thread.join(PATIENCE_SECONDS)

    def _run(self):
        readers = []
        try:
            while not self._stopped.wait(0.2 if len(readers) == SLOW_READERS else 0):
                if len(readers) == SLOW_READERS:
                    readers.pop(0).reset()
                readers.append(slow_reader(self._server))
                readers[-1].get("/quick?large").expect_bytes(b"HTTP/1.1 200 OK\r\n")
        finally:
            for reader in readers:
                reader.reset()


class Measuring:
    """One server, the quick ones alone, then the mixture."""

    def __init__(self, wrk, server, client_core, script):
        self._wrk, self._server = wrk, server
        self._core, self._script = client_core, script

    def _load(self, path, seconds, script=None):
        return Wrk(
            self._wrk,
            self._server.url + path,
            connections=CONNECTIONS,
            seconds=seconds,
            core=self._core,
            script=script,
        )

    def complaint(self):
        with self._load("/quick", ALONE_SECONDS) as quick:
            alone, _ = quick.finish()
        with (
            self._load("/quick", MIXED_SECONDS) as quick,
            self._load("/slow", MIXED_SECONDS, self._script) as slow,
        ):
            rate, p99 = quick.finish()
            slow_rate, _ = slow.finish()
        found = (
            f"quick {rate:.0f}/s of {alone:.0f}/s, p99 {p99 * 1000:.1f} ms; "
            f"slow {slow_rate:.0f}/s of {MOST_SLOW_PER_SECOND:.0f}/s"
        )
        share = min(rate / (QUICK_SHARE * alone), slow_rate / (SLOW_SHARE * MOST_SLOW_PER_SECOND))
        assert share > STALLED, found
        return found if share < 1 or p99 >= QUICK_P99_SECONDS else ""


@pytest.mark.parametrize(
    ("paths", "has_slow_readers"),
    [(ONE_PATH, False), (THOUSAND_PATHS, False), (ONE_PATH, True)],
    ids=["one slow path", "a thousand", "slow readers of the quick route"],
)
def test_quick_beside_slow(wrk, tmp_path, paths, has_slow_readers):
    script = tmp_path / "paths.lua"
    script.write_text(paths)
    server_core, client_core = cores_apart()
    with (
        apart(ThreadingHTTPServer, Handler, server_core) as server,
        SlowReaders(server) if has_slow_readers else contextlib.nullcontext(),
    ):
        want_in_one_attempt(Measuring(wrk, server, client_core, script).complaint)
