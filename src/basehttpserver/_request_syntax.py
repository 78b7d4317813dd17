"""The request line and the field lines, as ``http.server`` parses them: for `parse_request`."""

import functools
import http.client
from http import HTTPStatus
from typing import Any, Final

from basehttpserver._engine import Connection
from basehttpserver._fields import fields_of_head, parse_fields
from basehttpserver._response_head import ResponseHead

__all__ = ["RequestSyntax", "is_hidden"]

_OWN_MESSAGE_CLASS: Final = http.client.HTTPMessage


class _LazyFields:
    """``headers``, made when it is first asked for; from then on a plain attribute."""

    def __get__(self, handler: Any, owner: type | None = None) -> Any:
        head = None if handler is None else handler.__dict__.pop("_unparsed_head", None)
        if head is None:
            raise AttributeError("headers")
        handler.headers = fields_of_head(head)
        return handler.headers


def is_hidden(handler: Any, name: str) -> bool:
    """Tell whether a program's attribute is in the way of one that we make when it is asked for."""
    handler_class: Any = type(handler)
    return _is_hidden(handler_class, name)


@functools.lru_cache(maxsize=256)
def _is_hidden(handler_class: Any, name: str) -> bool:
    owner = next(each for each in handler_class.__mro__ if name in vars(each))
    return not str(owner.__module__).startswith(f"{__package__}.")


class RequestSyntax(ResponseHead):
    """What `BaseHTTPRequestHandler` does to understand a request, or to say why it does not."""

    #: Makes `headers`: an ``email.message.Message`` or a class like it.
    MessageClass: type = http.client.HTTPMessage

    #: Parsed from the field lines when somebody asks.
    headers: Any = _LazyFields()

    rfile: Any
    raw_requestline: bytes
    requestline: str
    path: str

    def _parse_version(self, words: list[str]) -> bool:
        if len(words) < 3:
            return True
        version = words[-1]
        if version in ("HTTP/1.1", "HTTP/1.0"):
            self.request_version = version
            if version == "HTTP/1.1" and self.protocol_version >= "HTTP/1.1":
                self.close_connection = False
            return True
        name, _, number = version.partition("/")
        parts = number.split(".")
        if (
            name != "HTTP"
            or len(parts) != 2
            or not all(part.isascii() and part.isdigit() and len(part) <= 10 for part in parts)
        ):
            self.request_version = ""
            self.send_error(HTTPStatus.BAD_REQUEST, f"Bad request version ({version!r})")
            return False
        self.request_version = version
        major_minor = int(parts[0]), int(parts[1])
        if major_minor >= (1, 1) and self.protocol_version >= "HTTP/1.1":
            self.close_connection = False
        if major_minor >= (2, 0):
            self.send_error(
                HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, f"Invalid HTTP version ({number})"
            )
            return False
        return True

    def _parse_method_and_path(self, words: list[str]) -> bool:
        if not 2 <= len(words) <= 3:
            self.request_version = "" if len(words) < 2 else self.request_version
            self.send_error(HTTPStatus.BAD_REQUEST, f"Bad request syntax ({self.requestline!r})")
            return False
        command, path = words[:2]
        if len(words) == 2:
            self.close_connection = True
            if command != "GET":
                self.request_version = ""
                self.send_error(HTTPStatus.BAD_REQUEST, f"Bad HTTP/0.9 request type ({command!r})")
                return False
        self.command = command
        self.path = _without_authority(path) if path.startswith("//") else path
        return True

    def _try_take_checked(self, peer: Connection) -> bool:
        """Take over what the protocol has found in a strict head: what `parse_request` would find.

        ``False`` where a program might tell, or has something to say to the request. ``headers``
        are parsed when they are asked for. (A third of the time of a small exchange with a
        browser's twelve fields.)
        """
        head, attributes = peer.head, self.__dict__
        if (
            head is None
            or not head.is_plain
            or self.MessageClass is not _OWN_MESSAGE_CLASS
            or not peer.incoming.try_take_head(attributes.get("rfile"))
        ):
            return False
        self.raw_requestline = line = head.request_line
        self.requestline = text = line[:-2].decode("latin-1")
        self.command, path, self.request_version = text.split(" ")
        self.path = _without_authority(path) if path.startswith("//") else path
        self.close_connection = not (head.keeps_alive and self.protocol_version >= "HTTP/1.1")
        handler_class: Any = type(self)
        if _is_hidden(handler_class, "headers"):
            self.headers = fields_of_head(head.raw)
        else:
            if "headers" in attributes:
                del self.headers
            self._unparsed_head = head.raw
        return True

    def _parse_fields(self) -> bool:
        try:
            self.headers = self._read_fields()
        except http.client.LineTooLong as error:
            self.send_error(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "Line too long", str(error))
            return False
        except http.client.HTTPException as error:
            self.send_error(
                HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "Too many headers", str(error)
            )
            return False
        self._read_connection_field()
        if (
            self.headers.get("Expect", "").lower() == "100-continue"
            and self.protocol_version >= "HTTP/1.1"
            and self.request_version >= "HTTP/1.1"
        ):
            return self.handle_expect_100()
        return True

    def _read_fields(self) -> Any:
        """Read the field lines from ``rfile``, up to the empty line."""
        peer = self._peer
        if peer is not None and peer.head is not None and self._reads_ours(peer):
            head = peer.head.raw
            if head.startswith(self.raw_requestline):
                count = len(head) - len(self.raw_requestline)
                block = peer.incoming.take_fields_behind(self.raw_requestline)
                block = block or self.rfile.read(count)
                return parse_fields(block, self.MessageClass)
        return http.client.parse_headers(self.rfile, _class=self.MessageClass)

    def _reads_ours(self, peer: Connection) -> bool:
        """Tell whether ``rfile`` is ours, or not asked for yet, and no file of the handler's."""
        return peer.incoming.reader is self.__dict__.get("rfile")

    def _read_connection_field(self) -> None:
        """Let the client's Connection field decide (RFC 9112 9.3); it is a list of options."""
        field = self.headers.get("Connection", "").lower()
        if not field:
            return
        options = [option.strip() for option in field.split(",")]
        if "close" in options:
            self.close_connection = True
        elif "keep-alive" in options and self.protocol_version >= "HTTP/1.1":
            self.close_connection = False

    def handle_expect_100(self) -> bool:
        """Answer a client that waits for 100 (Continue) before it sends its body.

        Returns ``True`` to go on, as it does by default after sending 100. An override may send
        an error and return ``False``.
        """
        self.send_response_only(HTTPStatus.CONTINUE)
        self.end_headers()
        return True


def _without_authority(path: str) -> str:
    """Let a path that begins with several slashes begin with one (cpython#87389).

    A client would take what is behind them for a host: an open redirect.
    """
    return "/" + path.lstrip("/")
