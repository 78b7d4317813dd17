"""The chunked transfer coding, both ways (RFC 9112 7.1)."""

from enum import Enum, auto
from http import HTTPStatus
from typing import Final

from basehttpserver._http1 import grammar
from basehttpserver._http1.framing import body_too_large
from basehttpserver._http1.head import check_field_line
from basehttpserver.exceptions import PeerError
from basehttpserver.settings import Settings

__all__ = ["LAST_CHUNK", "ChunkedDecoder", "encode_chunk_header"]

#: The chunk that ends a body, with no trailers (RFC 9112 7.1).
LAST_CHUNK: Final = b"0\r\n\r\n"

#: One chunk header with its extensions. Nobody is known to use extensions; some attacks do.
MAX_CHUNK_HEADER_BYTES: Final = 4096
#: All extensions of a body together, as Go's 16 KiB: else a peer sends megabytes of them for
#: every byte of data.
MAX_EXTENSION_BYTES: Final = 16384


def encode_chunk_header(size: int) -> bytes:
    """Return the line before a chunk of `size` bytes; ``\\r\\n`` must follow the chunk."""
    return b"%x\r\n" % size


class _State(Enum):
    HEADER = auto()  # The size comes next.
    DATA = auto()  # Bytes of a chunk come next.
    DATA_END = auto()  # The CRLF after a chunk comes next.
    TRAILERS = auto()  # Field lines and the empty line come next.
    DONE = auto()


class ChunkedDecoder:
    """Takes a chunked body from the front of a buffer.

    Trailers are checked, bounded, and dropped: they are never merged into the fields of the head
    (RFC 9110 6.5.1).
    """

    def __init__(self, settings: Settings) -> None:
        """Decode within the limits of `settings`."""
        self._settings = settings
        self._state = _State.HEADER
        self._left = 0
        self._total = 0
        self._extension_bytes = 0
        self._trailer_bytes = 0
        self._trailer_count = 0
        self._searched = 0

    def try_read(self, buffer: bytearray, size: int) -> bytes | None:
        """Take up to `size` bytes of one chunk; ``b""`` at the end, ``None`` when more is needed.

        Raises `PeerError` for malformed chunks and bodies over the limit, when all data before
        was taken: one chunk at a time, so that the way in which bytes are cut makes no difference.
        """
        while self._state is not _State.DONE:
            if self._state is _State.DATA:
                return self._take_data(buffer, size) or None
            if not self._try_step(buffer):
                return None
        return b""

    def _take_data(self, buffer: bytearray, size: int) -> bytes:
        piece = bytes(buffer[: min(size, self._left)])
        del buffer[: len(piece)]
        self._left -= len(piece)
        if self._left == 0:
            self._state = _State.DATA_END
        return piece

    def _try_step(self, buffer: bytearray) -> bool:
        """Take what stands between two pieces of data; ``False`` when it is not all here."""
        if self._state is _State.DATA_END:
            return self._try_data_end(buffer)
        if self._state is _State.HEADER:
            line = self._try_line(buffer, MAX_CHUNK_HEADER_BYTES)
            if line is not None:
                self._begin_chunk(line)
            return line is not None
        limit = self._settings.max_head_bytes - self._trailer_bytes
        line = self._try_line(buffer, min(limit, self._settings.max_field_line_bytes))
        if line is not None:
            self._take_trailer(line)
        return line is not None

    def _try_data_end(self, buffer: bytearray) -> bool:
        line_end = bytes(buffer[:2])
        if line_end == b"\r\n":
            del buffer[:2]
            self._state = _State.HEADER
            return True
        if b"\r\n".startswith(line_end):
            return False
        raise PeerError(HTTPStatus.BAD_REQUEST, "Bad chunk", "CRLF must follow the data of a chunk")

    def _try_line(self, buffer: bytearray, limit: int) -> bytes | None:
        newline = buffer.find(b"\n", self._searched)
        end = newline + 1 if newline >= 0 else len(buffer)
        if end > limit:
            raise PeerError(
                HTTPStatus.BAD_REQUEST
                if self._state is _State.HEADER
                else HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                "Line too long",
                "A chunk header or trailer line is too long",
            )
        if newline < 0:
            self._searched = len(buffer)
            return None
        self._searched = 0
        line = bytes(buffer[:end])
        del buffer[:end]
        return line

    def _begin_chunk(self, line: bytes) -> None:
        match = grammar.CHUNK_HEADER.fullmatch(line)
        if match is None:
            raise PeerError(
                HTTPStatus.BAD_REQUEST,
                "Bad chunk",
                "A chunk begins with its size in hexadecimal (RFC 9112, section 7.1)",
            )
        self._extension_bytes += len(line) - len(match[1]) - 2
        if self._extension_bytes > MAX_EXTENSION_BYTES:
            raise PeerError(
                HTTPStatus.BAD_REQUEST, "Bad chunk", "There are too many chunk extensions"
            )
        self._left = int(match[1], 16)
        self._total += self._left
        limit = self._settings.max_body_bytes
        if limit is not None and self._total > limit:
            raise body_too_large()
        self._state = _State.DATA if self._left else _State.TRAILERS

    def _take_trailer(self, line: bytes) -> None:
        if line == b"\r\n":
            self._state = _State.DONE
            return
        check_field_line(line)
        self._trailer_bytes += len(line)
        self._trailer_count += 1
        if self._trailer_count > self._settings.max_fields:
            raise PeerError(
                HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                "Too many trailers",
                "There are too many trailer fields",
            )
