"""A handler that holds the interpreter lock holds up the poller, too; nobody else pays for that."""

import ctypes
import os

import pytest

from basehttpserver import BaseHTTPRequestHandler, HTTPServer, Settings, ThreadingHTTPServer
from tests.running import serving
from tests.wire.conversation import conversation

pytestmark = [
    pytest.mark.usefixtures("leaks_nothing"),
    pytest.mark.skipif(os.name == "nt", reason="there is no usleep"),
]

IDLE_SECONDS = 1.5

#: Longer than a connection may be idle.
HELD_MICROSECONDS = 2_000_000


@pytest.mark.parametrize("server_class", [HTTPServer, ThreadingHTTPServer])
def test_request_that_came_meanwhile_is_answered(server_class, capsys):
    class Holding(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            if self.path == "/hold":
                waiting.get("/in-time")
                # Called with the lock held, as what computes in C is.
                ctypes.PyDLL(None).usleep(HELD_MICROSECONDS)
            self.send_response(204)
            self.end_headers()

    settings = Settings(idle_timeout_seconds=IDLE_SECONDS)
    server = server_class(("127.0.0.1", 0), Holding, settings=settings)
    with serving(server) as running, conversation(running) as waiting:
        waiting.get("/first").expect(204)
        with conversation(running) as other:
            other.get("/hold").expect(204)
        waiting.expect(204)
