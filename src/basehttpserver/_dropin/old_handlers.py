"""The handler classes of Python 2's modules: today's, with the ``headers`` of old."""

import basehttpserver
from basehttpserver._dropin.old_message import Message

__all__ = ["BaseHTTPRequestHandler", "SimpleHTTPRequestHandler"]


class BaseHTTPRequestHandler(basehttpserver.BaseHTTPRequestHandler):
    """`basehttpserver.BaseHTTPRequestHandler`, with ``self.headers.getheader`` and its like."""

    MessageClass = Message


class SimpleHTTPRequestHandler(basehttpserver.SimpleHTTPRequestHandler, BaseHTTPRequestHandler):
    """`basehttpserver.SimpleHTTPRequestHandler`, with Python 2's base class."""
