"""Python 2's ``BaseHTTPServer``, with what programs reached through it."""

import html
import socket
import socketserver as SocketServer
import sys
import time
from typing import Any

from basehttpserver import DEFAULT_ERROR_CONTENT_TYPE, DEFAULT_ERROR_MESSAGE, HTTPServer
from basehttpserver._dropin.old_handlers import BaseHTTPRequestHandler

__version__ = "0.3"

__all__ = ["BaseHTTPRequestHandler", "HTTPServer"]


def _quote_html(text: str) -> str:
    return html.escape(text, quote=False)


def test(
    HandlerClass: Any = BaseHTTPRequestHandler,
    ServerClass: Any = HTTPServer,
    protocol: str = "HTTP/1.0",
) -> None:
    """Serve on all interfaces, on the port that the program's first argument names, or 8000."""
    port = int(sys.argv[1]) if sys.argv[1:] else 8000
    HandlerClass.protocol_version = protocol
    httpd = ServerClass(("", port), HandlerClass)
    host, bound_port = httpd.socket.getsockname()[:2]
    print("Serving HTTP on", host, "port", bound_port, "...", flush=True)
    httpd.serve_forever()


if __name__ == "__main__":
    test()
