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
import importlib.util
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

import basehttpserver
from basehttpserver import (
    DEFAULT_ERROR_CONTENT_TYPE,
    DEFAULT_ERROR_MESSAGE,
    BaseHTTPRequestHandler,
    HTTPServer,
    SimpleHTTPRequestHandler,
    ThreadingHTTPServer,
    test,
)

__version__ = "0.6"

__all__ = [  # noqa: RUF022 - the order is CPython's
    "HTTPServer",
    "ThreadingHTTPServer",
    "BaseHTTPRequestHandler",
    "SimpleHTTPRequestHandler",
]

#: What is found when it is asked for, and where.
_ELSEWHERE = {
    "CGIHTTPRequestHandler": "basehttpserver.cgi",
    "_url_collapse_path": "basehttpserver.cgi",
    "executable": "basehttpserver.cgi",
    "nobody": "basehttpserver.cgi",
    "nobody_uid": "basehttpserver.cgi",
    "HTTPSServer": "basehttpserver",
    "ThreadingHTTPSServer": "basehttpserver",
}


def __getattr__(name: str) -> Any:
    try:
        return getattr(importlib.import_module(_ELSEWHERE[name]), name)
    except (KeyError, ImportError, AttributeError):
        # So `from http.server import name` raises ImportError, as it should.
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None


def _get_best_family(host: str | None, port: int | str | None) -> tuple[socket.AddressFamily, Any]:
    """Return the family and address to listen on."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, address = found[0]
    return family, address


def _is_there(name: str) -> bool:
    """Tell whether a name is found elsewhere, without an import: few programs run CGI scripts."""
    home = _ELSEWHERE[name]
    if home == "basehttpserver":
        return hasattr(basehttpserver, name)
    return importlib.util.find_spec(home) is not None


__all__ += [
    name
    for name in ("HTTPSServer", "ThreadingHTTPSServer", "CGIHTTPRequestHandler")
    if _is_there(name)
]

if __name__ == "__main__":
    from basehttpserver.__main__ import main

    sys.exit(main())
