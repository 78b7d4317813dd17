"""One HTTP/1 connection: heads, bodies and responses, one exchange after another.

state      what the next bytes from the peer are
HEAD       the head of a request
BODY       the body of the request that is being answered
DONE       nothing yet: the body was read whole, the exchange goes on
DRAIN      the rest of a body that the handler left: thrown away, then HEAD
REFUSED    nothing that is looked at any more: the request is answered with an error
TUNNEL     another protocol's
CLOSED     nothing: no further request is read

HEAD → BODY → DONE → HEAD …     a request read whole
       BODY → DRAIN → HEAD      … or not, with little left of it
HEAD → REFUSED → CLOSED         a request that cannot be served
BODY → CLOSED                   a body that is malformed, or too large to drain
any  → TUNNEL                   101, CONNECT, or a handler that took the socket
"""

from enum import Enum, auto
from http import HTTPStatus
from typing import Final

from basehttpserver._exchange import AT_ONCE, RequestHead, Verdict
from basehttpserver._http1 import grammar
from basehttpserver._http1.chunked import ChunkedDecoder
from basehttpserver._http1.framing import with_length
from basehttpserver._http1.head import TLS_HANDSHAKE, HeadReader
from basehttpserver._http1.raw_response import RawResponse
from basehttpserver._http1.response import ResponseEncoder
from basehttpserver.exceptions import PeerError
from basehttpserver.settings import Settings

__all__ = ["Http1Connection"]


class _State(Enum):
    HEAD = auto()
    BODY = auto()
    DONE = auto()
    DRAIN = auto()
    REFUSED = auto()
    TUNNEL = auto()
    CLOSED = auto()


# By themselves: before Python 3.12 each look into an Enum costs 0.1 microseconds.
_HEAD, _BODY, _DONE, _DRAIN, _REFUSED, _TUNNEL, _CLOSED = _State


#: The first line of a refused head is kept for the log up to here: one byte more than
#: http.server's limit, so that its handlers see that the line is too long.
_MAX_REFUSED_LINE = 65537

#: The answer where no handler can be had. RFC 9110 15.6.4
_UNAVAILABLE: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\n"
    b"Retry-After: 1\r\n"
    b"Connection: close\r\n"
    b"Content-Type: text/plain;charset=utf-8\r\n"
    b"Content-Length: 46\r\n\r\n"
    b"The server is busy. Please try again shortly.\n"
)

_WANTS_TLS: Final = (
    b"HTTP/1.1 400 Bad Request\r\n"
    b"Connection: close\r\n"
    b"Content-Type: text/plain;charset=utf-8\r\n"
    b"Content-Length: 62\r\n\r\n"
    b"This port speaks HTTPS, and the request came over plain HTTP.\n"
)

#: RFC 9110 15.2.1
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"

#: How much is read and thrown away at a time.
_DRAIN_PIECE = 65536


class Http1Connection:
    """The server's side of an HTTP/1.0 or HTTP/1.1 connection; a `Protocol`."""

    def __init__(self, settings: Settings) -> None:
        """Begin before the first head, with the limits and rules of `settings`."""
        self._settings = settings
        self._buffer = bytearray()
        self._state = _HEAD
        self._heads = HeadReader(settings)
        self._has_eof = False
        self._head: RequestHead | None = None
        self._length_left = 0
        self._chunks: ChunkedDecoder | None = None
        self._drain_left = 0
        self._encoder: ResponseEncoder | None = None
        self._raw: RawResponse | None = None  # Where the handler writes without a head.
        #: The Content-Length of a plain response, where it says one.
        self._plain_length: bytes | None = None

    @property
    def _response(self) -> ResponseEncoder:
        """What encodes the response; a plain one needs none."""
        if self._encoder is None:
            head = self._head
            method, version = ("", (1, 1)) if head is None else (head.method, head.version)
            self._encoder = ResponseEncoder(method, version)
        return self._encoder

    @property
    def has_partial_head(self) -> bool:
        """Bytes of the next head are here."""
        return bool(self._buffer) and self._state is _HEAD

    @property
    def is_idle(self) -> bool:
        """Nothing of the next request is here, and nothing of the last is to be read."""
        return self._state is _HEAD and not self._buffer

    @property
    def is_over(self) -> bool:
        """No further request will come: ask after ``next_head`` had none."""
        return self._state is _CLOSED or self._has_eof

    @property
    def has_response(self) -> bool:
        """Something of the final response was given."""
        return self._encoder is not None and self._encoder.has_response

    @property
    def is_tunnel(self) -> bool:
        """Bytes pass as they are, both ways."""
        return self._state is _TUNNEL

    # From the peer.

    def receive(self, data: bytes | memoryview) -> None:
        """Take bytes that the peer sent."""
        if self._state not in (_REFUSED, _CLOSED):
            self._buffer += data

    def receive_eof(self) -> None:
        """Take note that the peer will send no more."""
        self._has_eof = True

    def receive_head(self, data: bytes) -> RequestHead | None:
        """Take bytes that the peer sent; begin the next exchange once its head is whole or refused.

        As `receive` and `next_head`, but quicker where `data` is that head and nothing else.
        """
        if self._state is not _HEAD or self._buffer:
            self.receive(data)
            return self.next_head()
        try:
            head = self._heads.try_read_whole(data)
        except PeerError as error:
            self._buffer += data
            return self.refuse(error)
        if head is None:
            self._buffer += data
            return self.next_head()
        if head.body_length != 0:
            self._begin(head)
            return head
        self._head = head
        self._encoder = self._raw = None
        self._state = _DONE
        return head

    def next_head(self) -> RequestHead | None:
        """Begin the next exchange once its head is whole or refused."""
        if self._state is _DRAIN:
            self._drain()
        if self._state is not _HEAD or not self._buffer:
            return None
        try:
            head = self._heads.try_read(self._buffer)
            if head is None:
                if self._has_eof and self._buffer:
                    raise PeerError(
                        HTTPStatus.BAD_REQUEST,
                        "Incomplete request",
                        "The connection ended in the middle of the head of a request",
                    )
                return None
        except PeerError as error:
            return self.refuse(error)
        self._begin(head)
        return head

    def _begin(self, head: RequestHead) -> None:
        self._head = head
        self._encoder = self._raw = None
        if head.body_length == 0:
            self._state = _DONE
        else:
            self._chunks = ChunkedDecoder(self._settings) if head.body_length is None else None
            self._length_left = head.body_length or 0
            self._state = _BODY

    def refuse(self, error: PeerError) -> RequestHead:
        """Begin an exchange that answers `error`, to a request that is not whole."""
        if self._state is not _HEAD and self._head is not None:
            head = self._head._replace(keeps_alive=False, is_plain=False, refusal=error)
            self._buffer.clear()
        else:
            line_end = self._buffer.find(b"\n", 0, _MAX_REFUSED_LINE) + 1 or _MAX_REFUSED_LINE
            line = bytes(self._buffer[:line_end])
            if line.startswith(TLS_HANDSHAKE):
                line = b"\r\n"  # Its bytes say nothing to who reads a log.
            method = self._heads.method_of(line)
            head = RequestHead(line, method, (1, 1), keeps_alive=False, refusal=error)
            # The rest is for a handler that takes over: to it this may be no HTTP/1.
            del self._buffer[:line_end]
        self._begin(head)
        self._state = _REFUSED
        return head

    def read_body(self, size: int) -> bytes | None:
        """Return up to `size` body bytes, ``b""`` at the end, ``None`` when more is needed."""
        if self._state is _TUNNEL:
            return self._take_buffer(size) or (b"" if self._has_eof else None)
        if self._state is not _BODY or size <= 0:
            return b""
        try:
            if self._chunks:
                return self._read_chunks(self._chunks, size)
            return self._read_length(size)
        except PeerError:
            self._state = _CLOSED
            raise

    def _read_length(self, size: int) -> bytes | None:
        data = self._take_buffer(min(size, self._length_left))
        self._length_left -= len(data)
        if self._length_left == 0:
            self._state = _DONE
        elif not data:
            self._check_not_cut_off()
            return None
        return data

    def _read_chunks(self, chunks: ChunkedDecoder, size: int) -> bytes | None:
        data = chunks.try_read(self._buffer, size)
        if data == b"":
            self._state = _DONE
        elif data is None:
            self._check_not_cut_off()
        return data

    def show_length(self, length: int) -> RequestHead:
        """Return the head as it would be, had its body come by this length and not in chunks."""
        if self._head is None:
            raise RuntimeError("show_length() without a request")
        raw = with_length(self._head.raw, length)
        self._head = self._head._replace(raw=raw, body_length=length)
        return self._head

    def _check_not_cut_off(self) -> None:
        """Raise `PeerError` where more of the body cannot come (RFC 9112 8).

        http.server reads short there, and its handler may take half a body for a whole one.
        """
        if self._has_eof:
            raise PeerError(
                HTTPStatus.BAD_REQUEST,
                "Incomplete body",
                "The connection ended in the middle of the body of the request",
            )

    def peek(self, size: int) -> bytes:
        """Return up to `size` bytes that were received and not used, and keep them."""
        return bytes(self._buffer[:size])

    def _take_buffer(self, size: int) -> bytes:
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    # To the peer.

    def send_head(self, block: bytes, *, keeps_alive: bool, is_last: bool) -> int:
        """Take the head of an interim or the final response."""
        head, response = self._head, self._response
        pending = response.send_head(
            block,
            keeps_alive=keeps_alive and head is not None and head.keeps_alive,
            is_last=is_last or (self._state is _BODY and not self._may_finish_reading()),
        )
        if response.must_close:
            self._follow_response()
        return AT_ONCE if self._state is _TUNNEL else pending

    def _follow_response(self) -> None:
        if self._response.is_tunnel and self._state is not _REFUSED:
            self._state = _TUNNEL

    def begins_tunnel(self, block: bytes) -> bool:
        """Tell whether a head would switch protocols."""
        return self._response.begins_tunnel(block)

    def ask_for_body(self) -> None:
        """Give 100 (Continue) to a client that waits for it, in the handler's place."""
        if self._head is not None and self._head.expects_continue:
            self._response.send_head(_CONTINUE, keeps_alive=True, is_last=False)

    def turn_away(self) -> bytes:
        """Return the answer to a client that no handler can be had for."""
        return _UNAVAILABLE

    def refuse_plaintext(self) -> bytes:
        """Return the answer to a client that speaks without the TLS that it should speak."""
        return _WANTS_TLS

    def begins_plainly(self, block: bytes) -> bool:
        """Tell whether a head has nothing special about it, nor its request or the connection.

        A `ResponseEncoder` would make the same bytes of it. (One match in place of an encoder: a
        tenth of the time of a small exchange.)
        """
        head = self._head
        if (
            head is None
            or self._state is not _DONE
            or self._encoder is not None
            or not head.keeps_alive
            or head.version < (1, 1)
            or head.method == "CONNECT"
        ):
            return False
        match = grammar.PLAIN_RESPONSE.fullmatch(block)
        if match is None:
            return False
        # RFC 9112 6.3: where nothing follows, it may be said how long it would be elsewhere.
        self._plain_length = b"0" if match[1] or head.method == "HEAD" else match[2]
        return True

    def try_end_plainly(self, block: bytes, body: bytes) -> bytes | None:
        """Return a whole response to be sent, and expect the next request; ``None``: do neither."""
        length = self._plain_length
        if length is None:
            block = b"%bContent-Length: %d\r\n\r\n" % (block[:-2], len(body))
        elif int(length) != len(body):
            return None
        self._state = _HEAD
        self._head = None
        return block + body

    def send_body(self, data: bytes | bytearray | memoryview) -> int:
        """Take bytes of the body, or raw bytes."""
        response = self._response
        pending = response.send_body(data)
        if response.has_raw_bytes:
            self._follow_raw(data, len(data))
        return AT_ONCE if self._state is _TUNNEL else pending

    def _follow_raw(self, data: bytes | bytearray | memoryview, count: int) -> None:
        """Follow the `count` bytes that the handler wrote without a head."""
        self._follow_response()
        if self._head is None or self._state is _TUNNEL:
            return
        self._raw = self._raw or RawResponse(self._head.method, self._head.version)
        if len(data) == count:
            self._raw.follow(bytes(data))
        else:
            self._raw.lose_track()

    def pass_body(self, count: int) -> int | None:
        """Count body bytes that are sent as they are; ``None`` where they must be encoded."""
        return self._response.pass_body(count)

    def stop_framing(self) -> None:
        """Let a body whose end is not decided end with the connection."""
        self._response.stop_framing()

    def note_sent(self, data: bytes | memoryview, count: int) -> None:
        """Take note of bytes of the response that the handler sent by itself."""
        self._response.note_sent(data, count)
        if self._response.has_raw_bytes:
            self._follow_raw(data, count)

    def take(self, *, last: bool = False) -> list[bytes]:
        """Return what is to be sent now."""
        return self._response.take(last=last)

    def complaints(self) -> list[str]:
        """Return, once, what the handler did wrong with its response."""
        complaints, self._response.complaints = self._response.complaints, []
        return complaints

    # The end of an exchange.

    def finish(self, *, keep: bool) -> Verdict:
        """End the exchange; tell what becomes of the connection."""
        head, response = self._head, self._response
        may_keep = (
            keep
            and head is not None
            and head.keeps_alive
            and response.has_response
            and not response.must_close
            and (self._raw is None or self._raw.is_whole())
        )
        if may_keep and self._state is _DONE:
            self._await_head(_HEAD)
            return Verdict.KEEP
        if may_keep and self._state is _BODY and self._may_finish_reading():
            self._drain_left = self._settings.max_drain_bytes
            self._await_head(_DRAIN)
            return Verdict.KEEP
        is_read = self._state in (_DONE, _TUNNEL) and not self._buffer
        self._state = _CLOSED
        return Verdict.CLOSE if is_read or self._has_eof else Verdict.LINGER

    def _await_head(self, state: _State) -> None:
        """Expect the next head, and keep nothing of the last request while there is none."""
        self._state = state
        self._head = None

    def _may_finish_reading(self) -> bool:
        """Tell whether what is left of the body is worth reading, for another request behind it."""
        if self._state is not _BODY or self._head is None:
            return True
        if self._head.expects_continue and not self._response.has_continued:
            # RFC 9110 10.1.1: after a final answer instead of 100 the client may send the body or
            # not. Nobody can tell which, so the bytes that follow have no meaning.
            return False
        return self._length_left <= self._settings.max_drain_bytes

    def _drain(self) -> None:
        """Throw away what is here of a body that nobody will read."""
        try:
            while self._state is _DRAIN:
                data = self._drain_piece()
                if data is None:
                    break
                self._drain_left -= len(data)
                if not data:
                    self._state = _HEAD
                elif self._drain_left < 0:
                    self._state = _CLOSED
        except PeerError:
            # It has had its answer; a second one would be taken for the next request's.
            self._state = _CLOSED

    def _drain_piece(self) -> bytes | None:
        if self._chunks:
            return self._chunks.try_read(self._buffer, _DRAIN_PIECE)
        data = self._take_buffer(min(_DRAIN_PIECE, self._length_left))
        self._length_left -= len(data)
        return data if data or not self._length_left else None

    def begin_again(self) -> None:
        """Expect the head of a request inside of the tunnel that runs."""
        self._await_head(_HEAD)
        self._encoder = None

    def take_over(self) -> None:
        """Stop being a protocol: what was received and not used is read by ``read_body``."""
        self._state = _TUNNEL
        self._response.pass_all()
