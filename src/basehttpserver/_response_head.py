"""The head of a response, and the error page: the ``send_`` methods of a handler."""

import email.utils
import functools
import html
import math
import sys
import time
from http import HTTPStatus
from typing import Any, ClassVar, Final

from basehttpserver._engine import Connection
from basehttpserver._engine.streams import ResponseWriter
from basehttpserver._request_log import RequestLog

__all__ = ["DEFAULT_ERROR_CONTENT_TYPE", "DEFAULT_ERROR_MESSAGE", "ResponseHead"]

#: The error page of ``http.server``, as programs compare and replace it.
DEFAULT_ERROR_MESSAGE: Final = """\
<!DOCTYPE HTML>
<html lang="en">
    <head>
        <meta charset="utf-8">
        <style type="text/css">
            :root {
                color-scheme: light dark;
            }
        </style>
        <title>Error response</title>
    </head>
    <body>
        <h1>Error response</h1>
        <p>Error code: %(code)d</p>
        <p>Message: %(message)s.</p>
        <p>Error code explanation: %(code)s - %(explain)s.</p>
    </body>
</html>
"""

DEFAULT_ERROR_CONTENT_TYPE: Final = "text/html;charset=utf-8"

#: RFC 9110 6.4.1: these responses have no content.
_WITHOUT_CONTENT: Final = (HTTPStatus.NO_CONTENT, HTTPStatus.RESET_CONTENT, HTTPStatus.NOT_MODIFIED)


_LINE_ENDS: Final = frozenset("\r\n\0")

#: The length of "connection": no other name needs to be looked at.
_CONNECTION_CHARACTERS: Final = 10


class ResponseHead(RequestLog):
    """What `BaseHTTPRequestHandler` does to answer: logs it, gathers a head, and sends it."""

    #: What the Server field says, with `sys_version` behind it; "name/version" words.
    server_version: str = "BaseHTTP"
    sys_version: str = "Python/" + sys.version.split()[0]

    #: The page that `send_error` sends: a format with the keys code, message and explain.
    error_message_format: str = DEFAULT_ERROR_MESSAGE
    error_content_type: str = DEFAULT_ERROR_CONTENT_TYPE

    #: The version that the handler speaks. "HTTP/1.1" keeps connections open.
    protocol_version: str = "HTTP/1.0"

    #: Status codes: each a short and a long explanation.
    responses: ClassVar[dict[int, tuple[str, str]]] = {
        status: (status.phrase, status.description) for status in HTTPStatus
    }

    wfile: Any
    close_connection: bool
    # What is not known yet when a request fails early: an error can be sent all the same.
    request_version: str = ""
    command: str | None = None
    _headers_buffer: list[bytes]

    #: The engine's connection; ``None`` where the handler works without an engine.
    _peer: Connection | None = None

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Send a whole error response, and log it.

        `message` goes into the status line and `explain` into the page; both default to what
        `responses` has for the code. The connection is closed after it.
        """
        short, long = self.responses.get(code, ("???", "???"))
        message = short if message is None else message
        explain = long if explain is None else explain
        self.log_error("code %d, message %s", code, message)
        self.send_response(code, message)
        self.send_header("Connection", "close")
        body = b""
        if code >= 200 and code not in _WITHOUT_CONTENT:
            page = self.error_message_format % {
                "code": code,
                "message": html.escape(message, quote=False),
                "explain": html.escape(explain, quote=False),
            }
            body = page.encode("utf-8", "replace")
            self.send_header("Content-Type", self.error_content_type)
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and body:
            self.wfile.write(body)

    def send_response(self, code: int, message: str | None = None) -> None:
        """Log the request; begin the head with a status line and the Server and Date fields.

        Raises ``ValueError`` for a message with CR, LF or NUL in it.
        """
        self.log_request(code)
        self.send_response_only(code, message)
        self.send_header("Server", self.version_string())
        self.send_header("Date", self.date_time_string())

    def send_response_only(self, code: int, message: str | None = None) -> None:
        """Begin the head with a status line alone. Raises ``ValueError`` as `send_response`."""
        if self.request_version == "HTTP/0.9":
            return
        if message is None:
            message = self.responses[code][0] if code in self.responses else ""
        line = f"{self.protocol_version} {code:d} {message!s}"  # Some programs give an exception.
        if not line.isprintable():
            _check_no_line_end("message", str(message))
        encoded = (line + "\r\n").encode("latin-1")
        try:
            self._headers_buffer.append(encoded)
        except AttributeError:
            self._headers_buffer = [encoded]

    def send_header(self, keyword: str, value: Any) -> None:
        """Add a field to the head. ``Connection`` also sets `close_connection`.

        Raises ``ValueError`` for CR, LF or NUL in the name or the value: what follows them would
        be another field, or another response (CWE-113).
        """
        line = f"{keyword}: {value}"
        if not line.isprintable():  # As nearly all are, and then there is none of the three.
            _check_no_line_end("header", line)
        if self.request_version != "HTTP/0.9":
            encoded = (line + "\r\n").encode("latin-1")
            try:
                self._headers_buffer.append(encoded)
            except AttributeError:  # As in http.server, there is none before the first line.
                self._headers_buffer = [encoded]
        if len(keyword) == _CONNECTION_CHARACTERS and keyword.lower() == "connection":
            option = str(value).lower()
            if option == "close":
                self.close_connection = True
            elif option == "keep-alive":
                self.close_connection = False

    def end_headers(self) -> None:
        """End the head and send it."""
        if self.request_version != "HTTP/0.9":
            try:
                self._headers_buffer.append(b"\r\n")
            except AttributeError:
                self._headers_buffer = [b"\r\n"]
            self.flush_headers()

    def flush_headers(self) -> None:
        """Send the lines gathered so far."""
        try:
            lines = self._headers_buffer
        except AttributeError:
            return
        self._headers_buffer = []
        block = b"".join(lines)
        peer = self._peer
        is_whole = lines and lines[-1] == b"\r\n"
        if is_whole and peer is not None and isinstance(self.wfile, ResponseWriter):
            peer.write_head(block, keeps_alive=not getattr(self, "close_connection", True))
        else:
            self.wfile.write(block)

    def version_string(self) -> str:
        """Return what the Server field says."""
        return f"{self.server_version} {self.sys_version}"

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return a time, by default now, as an IMF-fixdate (RFC 9110 5.6.7)."""
        return _format_date(math.floor(time.time() if timestamp is None else timestamp))


@functools.lru_cache(maxsize=64)
def _format_date(second: int) -> str:
    # Every response has a Date: 3 microseconds for the first of a second, none for the others.
    return email.utils.formatdate(second, usegmt=True)


def _check_no_line_end(what: str, text: str) -> None:
    if not _LINE_ENDS.isdisjoint(text):
        raise ValueError(f"CR, LF or NUL in a {what} of the response: {text!r}")
