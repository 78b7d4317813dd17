"""The API of ``http.server``, made production grade.

Subclass `BaseHTTPRequestHandler`, define ``do_GET`` and its like, and give the class to
`ThreadingHTTPServer`, `HTTPServer` or `serve`; with a certificate to `ThreadingHTTPSServer` or
`HTTPSServer`. `SimpleHTTPRequestHandler` serves files, `SharingHTTPRequestHandler` shares a folder
with people, `CGIHTTPRequestHandler` runs scripts.
"""

import importlib
from typing import TYPE_CHECKING, Any, Final

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
    from basehttpserver._sharing.credentials import HtpasswdUsers, PlainUsers
    from basehttpserver.cgi import CGIHTTPRequestHandler
    from basehttpserver.sharing import SharingHTTPRequestHandler

__all__ = [
    "DEFAULT_ERROR_CONTENT_TYPE",
    "DEFAULT_ERROR_MESSAGE",
    "BaseHTTPRequestHandler",
    "CGIHTTPRequestHandler",
    "HTTPSServer",
    "HTTPServer",
    "HtpasswdUsers",
    "PeerError",
    "PeerTimeoutError",
    "PlainUsers",
    "Settings",
    "SharingHTTPRequestHandler",
    "SimpleHTTPRequestHandler",
    "ThreadingHTTPSServer",
    "ThreadingHTTPServer",
    "serve",
    "test",
]

#: What not every program uses, and the module that has it.
_IMPORTED_LATE: Final = {
    "CGIHTTPRequestHandler": "basehttpserver.cgi",
    "HtpasswdUsers": "basehttpserver._sharing.credentials",
    "PlainUsers": "basehttpserver._sharing.credentials",
    "SharingHTTPRequestHandler": "basehttpserver.sharing",
}


def __getattr__(name: str) -> Any:
    """Import what few programs use when it is asked for."""
    if name in _IMPORTED_LATE:
        return getattr(importlib.import_module(_IMPORTED_LATE[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
