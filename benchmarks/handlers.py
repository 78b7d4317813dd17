"""The handler class that is compared, under http.server's classes and under ours.

    python -m benchmarks.handlers ours-threading hello 8000

It is the one that everybody writes first. Nothing in it knows which server runs it.
"""

import argparse
import http.server
import socketserver
import ssl
import time
from typing import Any

from benchmarks.applications import BODY, LARGE_BODY, SLOW_PATH, SLOW_SECONDS, compute

import basehttpserver

#: What makes http.server send a response at once, and not wait for the client in between.
TUNED = {"wbufsize": -1, "disable_nagle_algorithm": True}


def log_nothing(self: Any, format: str, *args: Any) -> None:
    """Stand in place of `log_message`, as in every program that wants no log."""


QUIET = {"log_message": log_nothing}

#: By name: the server class, the handler's base, attributes of the handler.
SERVERS: dict[str, tuple[type[socketserver.TCPServer], type, dict[str, Any]]] = {
    "cpython": (http.server.ThreadingHTTPServer, http.server.BaseHTTPRequestHandler, {}),
    "cpython-tuned": (http.server.ThreadingHTTPServer, http.server.BaseHTTPRequestHandler, TUNED),
    "ours-threading": (
        basehttpserver.ThreadingHTTPServer,
        basehttpserver.BaseHTTPRequestHandler,
        {},
    ),
    "ours-threading-quiet": (
        basehttpserver.ThreadingHTTPServer,
        basehttpserver.BaseHTTPRequestHandler,
        QUIET,
    ),
    "ours-single": (basehttpserver.HTTPServer, basehttpserver.BaseHTTPRequestHandler, {}),
    "ours-serve": (
        basehttpserver.ThreadingHTTPServer,
        basehttpserver.BaseHTTPRequestHandler,
        {},
    ),
}


def make_hello(base: type) -> type:
    class Hello(base):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(BODY)))
            self.end_headers()
            self.wfile.write(BODY)

    return Hello


def make_fields(base: type) -> type:
    class Fields(base):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            agent = self.headers["User-Agent"]
            cookie = self.headers["Cookie"]
            request_id = self.headers["X-Request-ID"]
            body = f"{agent}\n{cookie}\n{request_id}\n".encode("latin-1")
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Fields


def make_echo(base: type) -> type:
    class Echo(base):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Echo


def make_large(base: type) -> type:
    class Large(base):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(LARGE_BODY)))
            self.end_headers()
            self.wfile.write(LARGE_BODY)

    return Large


def make_slow(base: type) -> type:
    class Slow(make_hello(base)):
        def do_GET(self):
            if self.path == SLOW_PATH:
                time.sleep(SLOW_SECONDS)
            super().do_GET()

    return Slow


def make_computing(base: type) -> type:
    class Computing(make_hello(base)):
        def do_GET(self):
            compute()
            super().do_GET()

    return Computing


def make_setup(base: type) -> type:
    """A handler that overrides `setup`, and so takes the thread lane in a threading server."""

    class Setup(make_hello(base)):
        def setup(self):
            self.greeted = False
            super().setup()

    return Setup


APPLICATIONS = {
    "hello": make_hello,
    "fields": make_fields,
    "echo": make_echo,
    "large": make_large,
    "slow": make_slow,
    "computing": make_computing,
    "setup": make_setup,
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve one of the handlers until killed.")
    parser.add_argument("server", choices=SERVERS)
    parser.add_argument("application", choices=APPLICATIONS)
    parser.add_argument("port", type=int)
    parser.add_argument("--quiet", action="store_true", help="log no requests")
    parser.add_argument("--certificate", help="serve HTTPS with this PEM file")
    arguments = parser.parse_args()
    server_class, base, attributes = SERVERS[arguments.server]
    handler = APPLICATIONS[arguments.application](base)
    for name, value in (attributes | (QUIET if arguments.quiet else {})).items():
        setattr(handler, name, value)
    if arguments.server == "ours-serve":
        basehttpserver.serve(handler, port=arguments.port)
        return
    with make_server(server_class, handler, arguments.port, arguments.certificate) as server:
        server.serve_forever()


def make_server(
    server_class: type, handler: type, port: int, certificate: str | None
) -> socketserver.TCPServer:
    """Make the server, for HTTPS where there is a certificate."""
    address = ("127.0.0.1", port)
    if certificate is None:
        return server_class(address, handler)
    secure = {
        basehttpserver.ThreadingHTTPServer: basehttpserver.ThreadingHTTPSServer,
        basehttpserver.HTTPServer: basehttpserver.HTTPSServer,
    }
    if server_class in secure:
        return secure[server_class](address, handler, certfile=certificate)
    # As the documentation of `ssl` has it.
    server = server_class(address, handler)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return server


if __name__ == "__main__":
    main()
