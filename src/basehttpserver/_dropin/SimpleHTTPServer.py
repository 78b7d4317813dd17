"""Python 2's ``SimpleHTTPServer``, with what programs reached through it."""

import importlib
import mimetypes
import os
import posixpath
import shutil
import sys
from io import BytesIO as StringIO
from typing import Any

from basehttpserver import HTTPServer
from basehttpserver._dropin.old_handlers import SimpleHTTPRequestHandler

# By the name that programs use, so that they find one module and not two.
BaseHTTPServer: Any = importlib.import_module("BaseHTTPServer")

__version__ = "0.6"

__all__ = ["SimpleHTTPRequestHandler"]


def test(
    HandlerClass: Any = SimpleHTTPRequestHandler,
    ServerClass: Any = HTTPServer,
) -> None:
    """Serve the current directory, as `BaseHTTPServer.test` does."""
    BaseHTTPServer.test(HandlerClass, ServerClass)


if __name__ == "__main__":
    test()
