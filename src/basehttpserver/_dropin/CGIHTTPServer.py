"""Python 2's ``CGIHTTPServer``, with what programs reached through it."""

import copy
import importlib
import os
import select
import sys
from typing import Any

from basehttpserver import HTTPServer
from basehttpserver._dropin.old_handlers import SimpleHTTPRequestHandler

# By the names that programs use, so that they find one module and not two.
BaseHTTPServer: Any = importlib.import_module("BaseHTTPServer")
SimpleHTTPServer: Any = importlib.import_module("SimpleHTTPServer")
_cgi: Any = importlib.import_module("basehttpserver.cgi")

__version__ = "0.4"

__all__ = ["CGIHTTPRequestHandler"]

CGIHTTPRequestHandler: Any = type(
    "CGIHTTPRequestHandler",
    (_cgi.CGIHTTPRequestHandler, SimpleHTTPRequestHandler),
    {"__module__": __name__},
)
nobody_uid = _cgi.nobody_uid
executable = _cgi.executable
_url_collapse_path = _cgi._url_collapse_path


def test(HandlerClass: Any = CGIHTTPRequestHandler, ServerClass: Any = HTTPServer) -> None:
    """Serve the current directory and its programs, as `SimpleHTTPServer.test` does."""
    SimpleHTTPServer.test(HandlerClass, ServerClass)


if __name__ == "__main__":
    test()
