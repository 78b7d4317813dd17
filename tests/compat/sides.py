"""The same handlers and hooks under CPython's servers and under ours: CPython is the oracle.

A test that takes the fixture `side` runs for both packages, with ``HTTPServer`` and with
``ThreadingHTTPServer``, and for ours with the mix of ``ThreadingMixIn`` and ``HTTPServer``, too,
that programs wrote before there was one (CPython's is the same as its ``ThreadingHTTPServer``).
What it expects is therefore what CPython does. Where we decided otherwise, the test is for ours
alone, or asks `Side.is_ours`, and says why.
"""

import http.server
import socketserver

import basehttpserver
from tests.running import serving

ANYWHERE = ("127.0.0.1", 0)

#: CPython's ``shutdown`` takes so long.
POLL_SECONDS = 0.005

PACKAGES = {"http.server": http.server, "basehttpserver": basehttpserver}
KINDS = ("HTTPServer", "ThreadingHTTPServer", "ThreadingMixIn")


class Side:
    """One package with one kind of server."""

    def __init__(self, package_name, kind):
        self.package = PACKAGES[package_name]
        self.kind = kind
        self.is_ours = self.package is basehttpserver
        #: Handlers may overlap, and run in other threads than that of ``serve_forever``.
        self.overlaps = kind != "HTTPServer"

    def __str__(self):
        return f"{self.package.__name__}-{self.kind}"

    @property
    def server_class(self):
        if self.kind != "ThreadingMixIn":
            return getattr(self.package, self.kind)
        bases = (socketserver.ThreadingMixIn, self.package.HTTPServer)
        return type("Mixed", bases, {"daemon_threads": True})

    @property
    def base(self):
        """A ``BaseHTTPRequestHandler`` that speaks HTTP/1.1, logs nothing, and can `answer`.

        That of the mix keeps one thread for a connection, so that both ways through the engine are
        gone: it overrides ``handle``.
        """
        bases = (Answering, self.package.BaseHTTPRequestHandler)
        return type("Base", (Keeping, *bases) if self.kind == "ThreadingMixIn" else bases, {})

    def handler(self, **attributes):
        """A handler class with these attributes, functions above all."""
        return type("Made", (self.base,), attributes)

    def server(self, handler, *, bind_and_activate=True, address=ANYWHERE, **attributes):
        """A server with these attributes of its class, which is the caller's to close.

        What its ``handle_error`` is called with stands in ``errors``.
        """
        made = type("Made", (self.server_class,), {"handle_error": _note_error, **attributes})
        made.errors = []
        return made(address, handler, bind_and_activate)

    def serving(self, handler, **attributes):
        """Run a server for a handler."""
        return serving(self.server(handler, **attributes), POLL_SECONDS)


def _note_error(self, request, client_address):
    self.errors.append(True)


class Answering:
    """What most handlers of these tests need."""

    protocol_version = "HTTP/1.1"
    #: CPython's servers wait 40 ms between two small writes otherwise.
    disable_nagle_algorithm = True

    def answer(self, body, status=200, **fields):
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        self.answer(self.path.encode())

    def read_body(self):
        """Read as handlers do that run under either package."""
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def log_message(self, format, *args):
        pass


class Keeping:
    def handle(self):
        super().handle()


SIDES = [
    *(Side("http.server", kind) for kind in KINDS[:2]),
    *(Side("basehttpserver", kind) for kind in KINDS),
]
