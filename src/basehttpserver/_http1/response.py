"""The response that a handler wrote, to bytes on the wire.

The handler gives a head (status line and fields, as it gathered them) and body bytes. Where it
said how its body ends, that is kept to: a longer body is cut, a shorter one ends the connection.
Where it did not, the encoder decides as late as it can:

    framing      when                                                        body on the wire
    NONE         no final head was given yet                                 raw bytes, untouched
    UNDECIDED    the handler speaks HTTP/1.1 and did not say                 held back until …
    LENGTH       it said Content-Length; or … it is whole before anything    counted
                 was sent
    CHUNKED      … something must be sent before, to an HTTP/1.1 client      in chunks
    CLOSE        … or to an HTTP/1.0 client; or it said Connection: close,   as it is, until close
                 speaks HTTP/1.0 itself, or answers 205
    OWN          it said Transfer-Encoding: it writes its own chunks         as it is, up to the
                                                                             end of the last one
    NO_BODY      HEAD, 204, 304 (RFC 9112 6.3)                               thrown away
    TUNNEL       101, or 2xx to CONNECT: another protocol from here on; or   as it is
                 the handler drives the connection

Most responses are plain, and whole when they end: `connection` gives the same bytes for them.

A handler may send by itself, past us: `stop_framing` before it does, `note_sent` when it has.
"""

from collections.abc import Sequence
from enum import Enum, auto

from basehttpserver._http1 import grammar
from basehttpserver._http1.chunked import LAST_CHUNK, ChunkedDecoder, encode_chunk_header
from basehttpserver._http1.framing import FramingFields, list_items
from basehttpserver.exceptions import PeerError
from basehttpserver.settings import Settings

__all__ = ["ResponseEncoder"]


class _Framing(Enum):
    NONE = auto()
    UNDECIDED = auto()
    LENGTH = auto()
    CHUNKED = auto()
    CLOSE = auto()
    OWN = auto()
    NO_BODY = auto()
    TUNNEL = auto()


# By themselves: before Python 3.12 each look into an Enum costs 0.1 microseconds.
_NONE, _UNDECIDED, _LENGTH, _CHUNKED, _CLOSE, _OWN, _NO_BODY, _TUNNEL = _Framing


class ResponseEncoder:
    """Encodes one response to a request of `method` by a client of `client_version`."""

    # What most responses do not change stands on the class: one of these is made for each request.
    _framing = _NONE
    _head = b""  # The final head, while its framing is undecided.
    _body_size = 0
    _pending_bytes = 0  # Kept here: to sum the pieces at every write would be quadratic.
    _left = 0
    # Follows a body that brings its own chunks; None where they do not tell its end.
    _chunks: ChunkedDecoder | None = None
    _says_keep_alive = False
    _may_say_close = False
    #: What was given first is no head.
    has_raw_bytes = False
    #: A 100 (Continue) was given: the client will send its body.
    has_continued = False
    #: The connection cannot serve another request after this response.
    must_close = False

    def __init__(self, method: str, client_version: tuple[int, int]) -> None:
        """Begin with nothing given."""
        self._method = method
        self._client_version = client_version
        self._wire: list[bytes] = []  # Encoded, to be taken.
        self._body: list[bytes] = []  # The body, while it is undecided or a chunk grows.
        #: What the handler did wrong, for the log.
        self.complaints: list[str] = []

    @property
    def has_response(self) -> bool:
        """A final head, or raw bytes, were given."""
        return self._framing is not _NONE or self.has_raw_bytes

    @property
    def is_tunnel(self) -> bool:
        """The response switched protocols."""
        return self._framing is _TUNNEL

    @property
    def ends_by_itself(self) -> bool:
        """The final head tells where its body ends."""
        return self._framing in (_LENGTH, _OWN, _NO_BODY)

    @property
    def pending_bytes(self) -> int:
        """How much `take` would return, about."""
        return self._pending_bytes

    def send_head(self, block: bytes, *, keeps_alive: bool, is_last: bool) -> int:
        """Take a head that the handler wrote through the API; return `pending_bytes`."""
        match = grammar.STATUS_LINE.match(block)
        if match is None or self.has_response:
            # Not a head, or a second one behind the first: http.server would send it, too.
            self.must_close = True
            return self.send_body(block)
        status = int(match[3])
        if status < 200 and status != 101 and status >= 100:
            return self._send_interim_head(block, status)
        version = int(match[1]), int(match[2])
        fields = FramingFields.of(block)
        framing = self._framing = self._choose_framing(status, version, fields)
        if framing is _CLOSE or framing is _TUNNEL:
            self.must_close = True
        if keeps_alive and not self.must_close:
            self.must_close = is_last
            if not fields.connection:
                self._may_say_close = not is_last
                if is_last or self._client_version < (1, 1):
                    block = self._announce(block, version)
        self._pending_bytes += len(block)
        if framing is _UNDECIDED:
            self._head = block
        else:
            self._wire.append(block)
        return self._pending_bytes

    def _send_interim_head(self, block: bytes, status: int) -> int:
        # RFC 9110 15.2: a server must not send a 1xx response to an HTTP/1.0 client. And a second
        # 100 would say nothing new: the engine may have sent one for the handler.
        is_new = not (status == 100 and self.has_continued)
        self.has_continued = self.has_continued or status == 100
        if is_new and self._client_version >= (1, 1):
            self._pending_bytes += len(block)
            self._wire.append(block)
        return self._pending_bytes

    def _choose_framing(
        self, status: int, version: tuple[int, int], fields: FramingFields
    ) -> _Framing:
        if self._is_tunnels(status):
            return _TUNNEL
        if fields.connection and b"close" in list_items(fields.connection):
            self.must_close = True
        if self._method == "HEAD" or status in (204, 304):
            return _NO_BODY
        if fields.transfer_encoding:
            # Both, a coding that does not end by itself, or a client that knows none (RFC 9112
            # 6.1): only the close is certain.
            is_chunked = list_items(fields.transfer_encoding)[-1] == b"chunked"
            if fields.content_length or not is_chunked or self._client_version < (1, 1):
                self.must_close = True
            if is_chunked:
                self._chunks = ChunkedDecoder(Settings())
                self._unread = bytearray()  # What a chunk header, say, still lacks its end.
            return _OWN
        if fields.content_length:
            return self._choose_length(fields.content_length)
        if version < (1, 1) or status == 205 or self.must_close:
            return _CLOSE
        return _UNDECIDED

    def _choose_length(self, values: Sequence[bytes]) -> _Framing:
        if (len(values) > 1 and len(set(values)) > 1) or not grammar.CONTENT_LENGTH.fullmatch(
            values[0]
        ):
            self._complain("the Content-Length of the response is not a number")
            return _CLOSE
        self._left = int(values[0])
        return _LENGTH

    def _announce(self, block: bytes, version: tuple[int, int]) -> bytes:
        """Say what becomes of the connection, where the client would take it otherwise.

        RFC 9112 9.3: an HTTP/1.1 client takes it that the connection goes on, an HTTP/1.0 client
        that it does not, although it asked for it.
        """
        if self.must_close:
            return block[:-2] + b"Connection: close\r\n\r\n"
        if version < (1, 1):
            return block
        # Where the length is undecided, so is whether an HTTP/1.0 connection can go on.
        self._says_keep_alive = self._framing is _UNDECIDED
        return block if self._says_keep_alive else block[:-2] + b"Connection: keep-alive\r\n\r\n"

    def _complain(self, complaint: str) -> None:
        if complaint not in self.complaints:
            self.complaints.append(complaint)

    def send_body(self, data: bytes | bytearray | memoryview) -> int:
        """Take body bytes; return `pending_bytes`."""
        piece = bytes(data)
        if not piece:
            return self._pending_bytes
        if self._framing is _NONE:
            self._begin_raw(piece)
        framing = self._framing
        if framing is _LENGTH:
            if len(piece) > self._left:
                self._complain("the response is longer than its Content-Length: cut")
                piece = piece[: self._left]
            self._left -= len(piece)
        elif framing is _NO_BODY:
            if self._method != "HEAD":  # There it is no mistake: many say `do_HEAD = do_GET`.
                self._complain("the response must not have a body: thrown away")
            return self._pending_bytes
        elif framing is _OWN:
            piece = self._follow_chunks(piece)
        self._pending_bytes += len(piece)
        if framing in (_UNDECIDED, _CHUNKED):
            self._body.append(piece)
            self._body_size += len(piece)
        elif piece:
            self._wire.append(piece)
        return self._pending_bytes

    def _begin_raw(self, data: bytes | memoryview) -> None:
        """Look at the first bytes of a response that the handler writes without our help."""
        if self.has_response:
            return
        self.has_raw_bytes = True
        if self.begins_tunnel(data):
            self.pass_all()

    def begins_tunnel(self, block: bytes | memoryview) -> bool:
        """Tell whether a head would switch protocols."""
        match = grammar.STATUS_LINE.match(block)
        return match is not None and self._is_tunnels(int(match[3]))

    def _is_tunnels(self, status: int) -> bool:
        return status == 101 or (self._method == "CONNECT" and 200 <= status < 300)

    def stop_framing(self) -> None:
        """Let a body whose end is not decided end with the connection."""
        if self._framing is _UNDECIDED:
            self._framing = _CLOSE
            self.must_close = True
            head, self._head = self._head[:-2], b""
            if self._may_say_close:
                head += b"Connection: close\r\n"
            self._wire.append(head + b"\r\n")

    def note_sent(self, data: bytes | memoryview, count: int) -> None:
        """Take note of `count` bytes that went past us; `data` is empty where nobody saw them."""
        if not count:
            return
        self._begin_raw(data)
        framing = self._framing
        if framing is _LENGTH:
            if count > self._left:
                self.must_close = True
                self._complain("the response is longer than its Content-Length")
            self._left = max(0, self._left - count)
        elif framing is _OWN:
            self._note_chunks(bytes(data))
        elif framing in (_CHUNKED, _NO_BODY):
            self.must_close = True

    def _note_chunks(self, data: bytes) -> None:
        """Follow chunks that were sent already: there is nothing left to cut."""
        if len(data) == 0:
            self._chunks = None
            self.must_close = True
        elif len(self._follow_chunks(data)) < len(data):
            self.must_close = True

    def pass_all(self) -> None:
        """Pass all bytes as they are from here on."""
        self._framing = _TUNNEL
        self.must_close = True

    def _follow_chunks(self, piece: bytes) -> bytes:
        """Return what of `piece` belongs to the chunks that the handler writes by itself.

        Behind the last one it would be the next response, to a client that sent a request ahead.
        """
        if self._chunks is None:
            return piece
        self._unread += piece
        try:
            while data := self._chunks.try_read(self._unread, len(self._unread)):
                pass
        except PeerError:
            self._chunks = None
            self.must_close = True
            self._complain("the chunks of the response are malformed")
            return piece
        if data == b"" and self._unread:
            self._complain("the response is longer than its chunks: cut")
            piece = piece[: -len(self._unread)]
            self._unread.clear()
        return piece

    def pass_body(self, count: int) -> int | None:
        """Count up to `count` body bytes that are sent as they are; ``None``: use `send_body`."""
        if self._framing is _LENGTH:
            if count > self._left:
                self._complain("the response is longer than its Content-Length: cut")
            passed = min(count, self._left)
            self._left -= passed
            return passed
        return count if self._framing is _CLOSE else None

    def take(self, *, last: bool = False) -> list[bytes]:
        """Return what is to be sent now; `last`: there will be no more."""
        if self._framing is _UNDECIDED:
            self._decide(whole=last)
        wire, self._wire = self._wire, []
        if self._body:
            wire += self._encode_body()
        if last:
            if self._framing is _CHUNKED:
                wire.append(LAST_CHUNK)
            if self._left or self._chunks is not None:
                self._check_end()
        self._pending_bytes = 0
        return wire

    def _encode_body(self) -> list[bytes]:
        body, self._body = self._body, []
        if self._framing is _CHUNKED:
            body = [encode_chunk_header(self._body_size), *body, b"\r\n"]
        self._body_size = 0
        return body

    def _check_end(self) -> None:
        """Close behind a response that has not ended as it said: the next one would be its rest."""
        if self._framing is _LENGTH and self._left:
            self.must_close = True
            self._complain("the response is shorter than its Content-Length: cut")
        elif self._chunks is not None and self._chunks.try_read(self._unread, 0) is None:
            self.must_close = True
            self._complain("the chunks of the response have no last one: cut")

    def _decide(self, *, whole: bool) -> None:
        head, self._head = self._head[:-2], b""
        if whole:
            self._framing = _LENGTH
            head += b"Content-Length: %d\r\n" % self._body_size
            if self._says_keep_alive:
                head += b"Connection: keep-alive\r\n"
        elif self._client_version >= (1, 1):
            self._framing = _CHUNKED
            head += b"Transfer-Encoding: chunked\r\n"
        else:
            self._framing = _CLOSE
            self.must_close = True
        self._wire.append(head + b"\r\n")
