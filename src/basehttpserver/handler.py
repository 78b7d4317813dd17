"""``BaseHTTPRequestHandler``: the API of ``http.server``, over an engine or without one.

The order of calls is CPython's, and every step is looked up on the instance, so that any of them
may be overridden or replaced. (Where `parse_request` was not, and a head is strict, it is left out:
the protocol has found what it would find.)

    __init__
      setup
      handle                            all requests of the connection
        handle_one_request
          rfile.readline                the engine makes sure that the head is whole and right
          parse_request
            send_error                  … or says why not
            handle_expect_100
          do_GET, do_POST, …
            send_response
              log_request, send_response_only, send_header (Server), send_header (Date)
            send_header
            end_headers
              flush_headers
            wfile.write
      finish

With an engine, heads come strictly checked and the response is framed as RFC 9112 asks. Given any
other object with ``makefile()`` as its request, a handler reads and writes that, and parses as
leniently as ``http.server`` does.
"""

import socketserver
import sys
from http import HTTPStatus
from typing import Any, Final

from basehttpserver._constructors import ends_with_super
from basehttpserver._engine import Connection, connection_of, tunnel
from basehttpserver._engine.streams import ResponseWriter
from basehttpserver._exchange import RequestHead
from basehttpserver._request_syntax import RequestSyntax, is_hidden
from basehttpserver._response_head import DEFAULT_ERROR_CONTENT_TYPE, DEFAULT_ERROR_MESSAGE
from basehttpserver.exceptions import PeerError, PeerTimeoutError

__all__ = [
    "DEFAULT_ERROR_CONTENT_TYPE",
    "DEFAULT_ERROR_MESSAGE",
    "BaseHTTPRequestHandler",
    "ends_with_super",
]

#: http.server reads one byte more than a request line may have.
_MAX_REQUEST_LINE: Final = 65536


class _LazyReader:
    """``rfile``, opened when it is first asked for; from then on a plain attribute.

    Most handlers never read; the buffers of thousands of idle connections would.
    """

    def __get__(self, handler: Any, owner: type | None = None) -> Any:
        peer = None if handler is None else handler._peer
        if peer is None:
            raise AttributeError("rfile")
        handler.rfile = peer.open_reader(handler.rbufsize)
        return handler.rfile


class BaseHTTPRequestHandler(RequestSyntax, socketserver.StreamRequestHandler):
    """Answers the requests of one connection: a request SPAM is answered by ``do_SPAM()``.

    Subclass it and define ``do_GET`` and its like. In them:

    ``command``, ``path``, ``request_version``
        the method, the request target as it was sent, and the version;
    ``headers``
        the fields, an ``email.message.Message`` (or what `MessageClass` makes);
    ``rfile``
        reads the body, without any chunks, and then ``b""``;
    ``wfile``
        takes the response: first `send_response`, `send_header`, `end_headers`, then the body;
    ``client_address``, ``server``, ``request`` (also ``connection``)
        the peer, the server and the socket.
    """

    #: The version that counts until a request line was read.
    default_request_version: str = "HTTP/0.9"

    rfile: Any = _LazyReader()

    server: Any
    request: Any
    connection: Any

    #: What was being handled around us all when the connection began: none of our business.
    _exception_before: BaseException | None = None

    @ends_with_super
    def __init__(self, request: Any, client_address: Any, server: Any) -> None:
        """Answer all requests of the connection; return when it is over.

        Where the engine can tell that nobody would notice, it only keeps the handler, and runs it
        whenever a request is there.
        """
        connection = connection_of(request)
        if connection is not None and connection.may_park and connection.resident is None:
            self.request = request
            self.client_address = client_address
            self.server = server
            connection.resident = self
            return
        super().__init__(request, client_address, server)

    # The connection.

    def setup(self) -> None:
        """Make ``rfile`` and ``wfile``; set the socket's timeout where `timeout` says so."""
        self._exception_before = sys.exception()
        peer = self._find_peer()
        self._peer = peer
        if peer is None:
            super().setup()
            return
        self.connection = self.request
        tunnel.begin_again(peer)
        if self.timeout is not None:
            peer.limit_operations(self.timeout)
        peer.always_continues = (
            type(self).handle_expect_100 is BaseHTTPRequestHandler.handle_expect_100
        )
        peer.incoming.keep_socket()
        self.__dict__.pop("rfile", None)
        if is_hidden(self, "rfile"):
            self.rfile = peer.open_reader(self.rbufsize)
        self.wfile = peer.outgoing.open_writer()

    def _find_peer(self) -> Connection | None:
        """Return the engine's connection for our socket; make one where the server can."""
        peer = connection_of(self.request)
        if peer is None:
            make = getattr(type(self.server), "_make_connection", None)
            if make is not None:
                peer = make(self.server, self.request, self.client_address)
        return peer

    def handle(self) -> None:
        """Answer requests until the connection is to be closed."""
        self.close_connection = True
        self._handle_exchange()
        while not self.close_connection:
            self._handle_exchange()

    def _handle_exchange(self) -> None:
        """Run one exchange around `handle_one_request`, which may be overridden."""
        peer = self._peer
        if peer is None:
            self.handle_one_request()
            return
        if not (peer.begin_exchange() or self._reads_by_itself(peer)):
            self.close_connection = True
            return
        if type(self).handle_one_request is _OWN_HANDLE_ONE_REQUEST and (
            "handle_one_request" not in self.__dict__
        ):
            self._run()
        else:
            self._handle_by_override()
        peer = self._peer or peer  # Another one, where the handler has called `setup` again.
        if not (peer.goes_on or self._reads_by_itself(peer)):
            self.close_connection = True

    def _handle_by_override(self) -> None:
        one_request = self.handle_one_request
        if getattr(one_request, "__func__", None) is _OWN_HANDLE_ONE_REQUEST:
            one_request()  # Ours answers for its errors and ends the exchange by itself …
            return
        try:
            one_request()  # … but an override may do neither.
        except BaseException as error:
            if not self._is_answered(error):
                raise
        self._end_exchange()

    def _reads_by_itself(self, peer: Connection) -> bool:
        """Tell whether the handler has taken its connection over, and reads by a file of its own.

        As proxies do that answer the requests inside of a tunnel.
        """
        return peer.is_taken and not self._reads_ours(peer)

    def handle_one_request(self) -> None:
        """Answer one request: read it, parse it, call its ``do_`` method, send the rest.

        Sets `close_connection` at the end of the connection and for whatever it cannot answer.
        A ``TimeoutError`` ends the connection with a line in the log; other exceptions pass.
        """
        peer = self._peer
        if peer is not None and not (peer.begin_exchange() or self._reads_by_itself(peer)):
            self.close_connection = True
            return
        self._run()

    def _run(self) -> None:
        """Answer one request; end the exchange."""
        try:
            try:
                self._read_and_respond()
            except BaseException as error:
                if not self._is_answered(error):
                    raise
            self._end_exchange()
        except TimeoutError as error:
            self.log_error("Request timed out: %r", error)
            self.close_connection = True

    def _read_and_respond(self) -> None:
        peer = self._peer
        if (
            not (
                peer is not None
                # Nobody has put anything in the place of `parse_request`.
                and type(self).parse_request is _OWN_PARSE_REQUEST
                and "parse_request" not in self.__dict__
                and self._try_take_checked(peer)
            )
            and not self._read_and_parse()
        ):
            # It has sent the answer, or there was no request, and the handler may be at its end.
            if not getattr(self.wfile, "closed", False):
                self._flush_file_of_handler()
            return
        name = f"do_{self.command}"
        if hasattr(self, name):
            getattr(self, name)()
        else:
            self._send_unsupported_method()
        self._flush_file_of_handler()

    def _flush_file_of_handler(self) -> None:
        """Flush what a handler put in the place of `wfile`; ours is sent as the exchange ends."""
        if not isinstance(self.wfile, ResponseWriter):
            self.wfile.flush()

    def _read_and_parse(self) -> bool:
        peer = self._peer
        self.raw_requestline = b""
        if peer is not None and self._reads_ours(peer):
            self.raw_requestline = peer.incoming.take_request_line()
        if not self.raw_requestline:
            self.raw_requestline = self.rfile.readline(_MAX_REQUEST_LINE + 1)
        if len(self.raw_requestline) > _MAX_REQUEST_LINE:
            self.requestline = ""
            self.request_version = ""
            self.command = ""
            self.send_error(HTTPStatus.REQUEST_URI_TOO_LONG)
            return False
        if not self.raw_requestline:
            self.close_connection = True
            return False
        return self.parse_request()

    def _send_unsupported_method(self) -> None:
        self.send_error(HTTPStatus.NOT_IMPLEMENTED, f"Unsupported method ({self.command!r})")

    def _is_answered(self, error: BaseException) -> bool:
        """Leave the exchange with an answer, or cut, behind what was raised in it.

        Tells whether it was the client's fault, met while its body was read, and that is all.
        """
        if isinstance(error, PeerError):
            self._answer_failure(error.status, error.reason, error.explanation)
            return True
        if self._is_answered_with_500(error):
            self._answer_failure(HTTPStatus.INTERNAL_SERVER_ERROR)
        elif isinstance(error, PeerTimeoutError):
            self._answer_failure(HTTPStatus.REQUEST_TIMEOUT)
        self._abort_exchange()
        return False

    def _is_answered_with_500(self, error: BaseException) -> bool:
        if isinstance(error, ConnectionError):
            # The client's connection, or one of the handler's own to somebody else.
            return self._peer is not None and not self._peer.is_lost
        return isinstance(error, Exception) and not isinstance(error, TimeoutError)

    def _answer_failure(
        self, status: HTTPStatus, reason: str | None = None, explanation: str | None = None
    ) -> None:
        """Send an error page if that is still possible; else cut what was begun."""
        peer = self._peer
        if peer is not None and peer.can_answer:
            self._headers_buffer = []
            try:
                self.send_error(status, reason, explanation)
                self._end_exchange()
            except OSError:
                pass  # The client does not wait for it.
        self._abort_exchange()

    def _abort_exchange(self) -> None:
        self.close_connection = True
        self._headers_buffer = []
        if self._peer is not None:
            self._peer.abort_exchange()

    def _end_exchange(self) -> None:
        peer = self._peer
        if peer is None:
            return
        if getattr(self, "_headers_buffer", None) and peer.in_exchange:
            # end_headers() was never called. In http.server these lines would come before the
            # next response on this connection.
            self._headers_buffer = []
            self.close_connection = True
            self.log_error("%s", "the head of the response was not ended: nothing sent")
        if getattr(self.wfile, "closed", False):
            self.close_connection = True  # A handler that closes it means the end.
        if not self.close_connection and peer.incoming.reader is not self.__dict__.get("rfile"):
            tunnel.leave_to_handler(peer)
        for complaint in peer.end_exchange(keep=not self.close_connection):
            self.log_error("%s", complaint)

    def finish(self) -> None:
        """End the last exchange and close ``rfile`` and ``wfile``."""
        peer = self._peer
        if peer is None:
            super().finish()
            return
        if sys.exception() is self._exception_before:
            self._end_exchange()
        else:
            self._abort_exchange()
        if "rfile" in self.__dict__:
            super().finish()
        else:
            self.wfile.close()
        peer.end_stay()

    # The request.

    def parse_request(self) -> bool:
        """Parse the request whose first line is in `raw_requestline`.

        Sets `requestline`, `command`, `path`, `request_version`, `headers` and
        `close_connection`. Returns ``False`` when an error was sent.
        """
        self.command = None
        self.request_version = self.default_request_version
        self.close_connection = True
        self.requestline = str(self.raw_requestline, "iso-8859-1").rstrip("\r\n")
        head = self._peer.head if self._peer is not None else None
        if head is not None and head.refusal is not None:
            self._send_refusal(head, head.refusal)
            return False
        words = self.requestline.split()
        if not words:
            return False
        if not self._parse_version(words) or not self._parse_method_and_path(words):
            return False
        if len(words) == 2:
            # HTTP/0.9 has no fields.
            self.headers = self.MessageClass()
            return True
        return self._parse_fields()

    def _send_refusal(self, head: RequestHead, refusal: PeerError) -> None:
        """Answer a head that the protocol refused."""
        self.request_version = ""  # Whatever the client speaks, a status line does no harm.
        self.command = head.method or None
        is_known = (
            not head.method
            or hasattr(self, f"do_{head.method}")
            or type(self).handle_one_request is not BaseHTTPRequestHandler.handle_one_request
        )
        if refusal.status == HTTPStatus.BAD_REQUEST and not is_known:
            # http.server complains of an unknown method, and looks at the fields no further. (An
            # override of `handle_one_request` may know others.)
            self._send_unsupported_method()
        else:
            self.send_error(refusal.status, refusal.reason, refusal.explanation)


# Before anybody has changed the class.
_OWN_HANDLE_ONE_REQUEST: Final = BaseHTTPRequestHandler.handle_one_request
_OWN_PARSE_REQUEST: Final = BaseHTTPRequestHandler.parse_request
