"""The handler class that is compared, under http.server's classes and under ours.

    python -m benchmarks.handlers ours-threading hello 8000

It is the one that everybody writes first. Nothing in it knows which server runs it.
"""

import argparse
import http.server
import socketserver
import time
from typing import Any

from benchmarks.applications import BODY, SLOW_PATH, SLOW_SECONDS

import basehttpserver

#: By name: the server class, the handler's base, attributes of the handler.
SERVERS: dict[str, tuple[type[socketserver.TCPServer], type, dict[str, Any]]] = {
    "cpython": (
        http.server.ThreadingHTTPServer,
        http.server.BaseHTTPRequestHandler,
        {},
    ),
    "cpython-tuned": (
        http.server.ThreadingHTTPServer,
        http.server.BaseHTTPRequestHandler,
        {"wbufsize": -1, "disable_nagle_algorithm": True},
    ),
    "ours-threading": (
        basehttpserver.ThreadingHTTPServer,
        basehttpserver.BaseHTTPRequestHandler,
        {},
    ),
    "ours-single": (
        basehttpserver.HTTPServer,
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


def make_mixed(base: type) -> type:
    class Mixed(make_hello(base)):
        def do_GET(self):
            if self.path == SLOW_PATH:
                time.sleep(SLOW_SECONDS)
            super().do_GET()

    return Mixed


APPLICATIONS = {"hello": make_hello, "mixed": make_mixed}


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve one of the handlers until killed.")
    parser.add_argument("server", choices=SERVERS)
    parser.add_argument("application", choices=APPLICATIONS)
    parser.add_argument("port", type=int)
    arguments = parser.parse_args()
    server_class, base, attributes = SERVERS[arguments.server]
    handler = APPLICATIONS[arguments.application](base)
    for name, value in attributes.items():
        setattr(handler, name, value)
    with server_class(("127.0.0.1", arguments.port), handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
