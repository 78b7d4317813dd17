"""The API of ``http.server``, made production grade.

Subclass `BaseHTTPRequestHandler`, define ``do_GET`` and its like, and give the class to
`ThreadingHTTPServer`, `HTTPServer` or `serve`; with a certificate to `ThreadingHTTPSServer` or
`HTTPSServer`. `SimpleHTTPRequestHandler` serves files.
"""

from basehttpserver.exceptions import PeerError, PeerTimeoutError
from basehttpserver.files import SimpleHTTPRequestHandler
from basehttpserver.handler import (
    DEFAULT_ERROR_CONTENT_TYPE,
    DEFAULT_ERROR_MESSAGE,
    BaseHTTPRequestHandler,
)
from basehttpserver.https import HTTPSServer, ThreadingHTTPSServer
from basehttpserver.server import HTTPServer, ThreadingHTTPServer
from basehttpserver.serving import serve, test
from basehttpserver.settings import Settings

__all__ = [
    "DEFAULT_ERROR_CONTENT_TYPE",
    "DEFAULT_ERROR_MESSAGE",
    "BaseHTTPRequestHandler",
    "HTTPSServer",
    "HTTPServer",
    "PeerError",
    "PeerTimeoutError",
    "Settings",
    "SimpleHTTPRequestHandler",
    "ThreadingHTTPSServer",
    "ThreadingHTTPServer",
    "serve",
    "test",
]
