"""The API of ``http.server``, made production grade.

Subclass `BaseHTTPRequestHandler`, define ``do_GET`` and its like, and give the class to
`ThreadingHTTPServer`, `HTTPServer` or `serve`; with a certificate to `ThreadingHTTPSServer` or
`HTTPSServer`. `SimpleHTTPRequestHandler` serves files, `CGIHTTPRequestHandler` runs scripts.
"""

from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from basehttpserver.cgi import CGIHTTPRequestHandler

__all__ = [
    "DEFAULT_ERROR_CONTENT_TYPE",
    "DEFAULT_ERROR_MESSAGE",
    "BaseHTTPRequestHandler",
    "CGIHTTPRequestHandler",
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


def __getattr__(name: str) -> Any:
    """Import what few programs use when it is asked for."""
    if name == "CGIHTTPRequestHandler":
        from basehttpserver.cgi import CGIHTTPRequestHandler

        return CGIHTTPRequestHandler
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
