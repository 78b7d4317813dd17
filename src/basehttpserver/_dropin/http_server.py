"""``http.server``, where this package stands in its place.

It has the names of CPython's modules from 3.11 to 3.15. Programs reach through it to what it has
imported, as in ``http.server.socketserver.TCPServer``, and to a few of its private functions: what
was found in public code is here.
"""

import copy
import datetime
import email.utils
import functools
import html
import http.client
import importlib
import io
import itertools
import mimetypes
import os
import posixpath
import select
import shutil
import socket
import socketserver
import sys
import time
import urllib.parse
from http import HTTPStatus
from typing import Any

from basehttpserver import (
    DEFAULT_ERROR_CONTENT_TYPE,
    DEFAULT_ERROR_MESSAGE,
    BaseHTTPRequestHandler,
    HTTPServer,
    HTTPSServer,
    SimpleHTTPRequestHandler,
    ThreadingHTTPServer,
    ThreadingHTTPSServer,
    test,
)

__version__ = "0.6"

__all__ = [  # noqa: RUF022 - the order is CPython's
    "HTTPServer",
    "ThreadingHTTPServer",
    "HTTPSServer",
    "ThreadingHTTPSServer",
    "BaseHTTPRequestHandler",
    "SimpleHTTPRequestHandler",
    "CGIHTTPRequestHandler",  # noqa: F822 - imported when it is asked for
]

#: What is imported from `basehttpserver.cgi` when it is asked for: few programs run CGI scripts.
_NAMES_OF_CGI = frozenset(
    ["CGIHTTPRequestHandler", "_url_collapse_path", "executable", "nobody", "nobody_uid"]
)


def __getattr__(name: str) -> Any:
    if name in _NAMES_OF_CGI:
        return getattr(importlib.import_module("basehttpserver.cgi"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _get_best_family(host: str | None, port: int | str | None) -> tuple[socket.AddressFamily, Any]:
    """Return the family and address to listen on."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, address = found[0]
    return family, address


if __name__ == "__main__":
    from basehttpserver.__main__ import main

    sys.exit(main())
