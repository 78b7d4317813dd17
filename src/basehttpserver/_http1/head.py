"""Finds the head of a request in the bytes of a connection, and checks it.

A head that is right, and comes in one piece with nothing behind it, as nearly all do, costs one
match. Everything else is looked at line by line, in the order in which the bytes came, so that a
refusal is the first thing that is wrong, whatever way the bytes were cut.
"""

import functools
from http import HTTPStatus
from typing import Final

from basehttpserver._exchange import RequestHead
from basehttpserver._http1 import grammar
from basehttpserver._http1.framing import (
    FramingFields,
    body_length,
    check_framing_is_plain,
    keeps_alive,
    known_framing,
    list_items,
)
from basehttpserver._http1.target import check_host, check_target
from basehttpserver.exceptions import PeerError
from basehttpserver.settings import Settings

__all__ = ["TLS_HANDSHAKE", "HeadReader"]

#: The first byte of a TLS handshake (RFC 8446 5.1), which begins no request under any rules.
TLS_HANDSHAKE: Final = b"\x16"

#: What is remembered of the framing of heads must not let a client fill our memory.
_MOST_KNOWN_BYTES: Final = 2048

#: The constructor of a named tuple is Python's own: 0.2 microseconds more than that of a tuple.
_new_head: Final = functools.partial(tuple.__new__, RequestHead)

BAD_REQUEST = HTTPStatus.BAD_REQUEST
TOO_LARGE = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE


class HeadReader:
    """Takes one head after another from the front of a buffer."""

    def __init__(self, settings: Settings) -> None:
        """Read by the limits and relaxed rules of `settings`."""
        self._settings = settings
        self._is_strict = not (
            settings.accept_bare_lf
            or settings.accept_loose_fields
            or settings.accept_loose_request_line
            or settings.accept_http_0_9
        )
        #: A head that is no longer than this has no line that is too long, either.
        self._most_at_once = min(
            settings.max_request_line_bytes, settings.max_field_line_bytes, settings.max_head_bytes
        )
        if not self._is_strict:
            self._most_at_once = -1
        #: The request line and the empty line that ends the head are no fields.
        self._most_lines = settings.max_fields + 2
        self._skipped_line = False
        self._begin()

    def _begin(self) -> None:
        self._searched = 0  # No LF before here, but for those of lines already checked.
        self._line_start = 0
        self._line_count = 0
        self._version: tuple[int, int] | None = None

    def try_read_whole(self, data: bytes) -> RequestHead | None:
        """Make the head of all of `data`; ``None`` where that is not one head, short and right.

        Raises `PeerError` where its lines are right and do not fit together.
        """
        if len(data) > self._most_at_once:
            return None
        match = grammar.WHOLE_HEAD.fullmatch(data)
        if match is None or data.count(b"\n") > self._most_lines:
            return None
        self._skipped_line = False
        line, method, target, minor = match.groups()
        if len(data) <= _MOST_KNOWN_BYTES:
            framing = known_framing(minor, tuple(grammar.FRAMING_FIELDS.findall(data)))
            if framing is not None:
                version, keeps, length = framing
                if not length or self._settings.max_body_bytes is None:
                    name = method.decode()
                    return _new_head(
                        (data, name, version, target, False, keeps, length, True, None, line)
                    )
        return self._check(data, len(line), method.decode(), target, (1, int(minor)))

    def try_read(self, buffer: bytearray) -> RequestHead | None:
        """Take the head from the front of `buffer`; ``None`` when it is not whole yet.

        Raises `PeerError`; the buffer then begins with what is refused.
        """
        head = self._try_read_first(buffer) if self._line_count == 0 else None
        if head is not None:
            return head
        end = self._scan(buffer)
        if end is None:
            return None
        head = self._parse(bytes(buffer[:end]))
        del buffer[:end]
        self._begin()
        self._skipped_line = False
        return head

    def method_of(self, line: bytes) -> str:
        """Return the method of a request line that is right and within its limits, else ``""``."""
        settings = self._settings
        match = grammar.REQUEST_LINE.fullmatch(line)
        is_right = (
            match is not None
            and match[3] == b"1"
            and len(match["method"]) <= grammar.MAX_METHOD_BYTES
            and len(line) <= min(settings.max_request_line_bytes, settings.max_head_bytes)
        )
        return match["method"].decode("ascii") if match and is_right else ""

    def _try_read_first(self, buffer: bytearray) -> RequestHead | None:
        """Read a head that is whole, short and right; what is not is left to `_scan`."""
        end = buffer.find(b"\r\n\r\n", max(0, self._searched - 3)) + 4
        if end == 3 or end > self._most_at_once:  # Not found: -1 + 4.
            return None
        head = self.try_read_whole(bytes(buffer[:end]))
        if head is not None:
            del buffer[:end]
            self._begin()
        return head

    def _scan(self, buffer: bytearray) -> int | None:
        """Check line after line; return where the head ends, or ``None``."""
        while True:
            newline = buffer.find(b"\n", self._searched)
            end = newline + 1 if newline >= 0 else len(buffer)
            if self._line_count == 0:
                self._check_method(buffer)
            self._check_lengths(end)
            if newline < 0:
                self._searched = len(buffer)
                return None
            line = bytes(buffer[self._line_start : end])
            if self._line_count == 0 and line == b"\r\n" and not self._skipped_line:
                # RFC 9112 2.2: at least one empty line before each request line is ignored.
                # Stricter: one and no more.
                del buffer[:end]
                self._skipped_line = True
                self._begin()
                continue
            self._searched = self._line_start = end
            if self._is_end_of_head(line):
                return end
            self._line_count += 1

    def _check_method(self, buffer: bytearray) -> None:
        """Refuse what cannot become a request line, however much of it is here.

        A TLS hello, or a megabyte of letters, is refused at its first bytes and not at a limit.
        """
        if buffer.startswith(TLS_HANDSHAKE):
            raise PeerError(
                BAD_REQUEST,
                "TLS on a port of plain HTTP",
                "This port speaks plain HTTP, and the client speaks TLS",
            )
        if self._settings.accept_loose_request_line:
            return
        if buffer == b"\r" or buffer.startswith(b"\r\n"):
            return
        # Not beyond the limit of the line: however the bytes are cut, the same fault comes first.
        limit = min(self._settings.max_request_line_bytes, self._settings.max_head_bytes)
        end = min(len(buffer), limit + 1)
        match = grammar.METHOD_PREFIX.match(buffer, 0, end)
        length = match.end() if match else 0
        if length > grammar.MAX_METHOD_BYTES:
            raise PeerError(BAD_REQUEST, "Bad method", "The method is too long.")
        if length < end and (length == 0 or buffer[length] != 0x20):
            raise PeerError(
                BAD_REQUEST,
                "Bad request line",
                "This server speaks plain HTTP: a request begins with a method, "
                "a space, a target, a space and a version",
            )

    def _check_lengths(self, end: int) -> None:
        """Refuse the line that reaches to `end`, finished or not, when it is over a limit."""
        settings = self._settings
        is_request_line = self._line_count == 0
        limit = (
            settings.max_request_line_bytes if is_request_line else settings.max_field_line_bytes
        )
        limit_end = self._line_start + limit
        if end <= limit_end and end <= settings.max_head_bytes:
            return
        if is_request_line:
            raise PeerError(
                HTTPStatus.REQUEST_URI_TOO_LONG, "URI Too Long", "The request line is too long"
            )
        if limit_end <= settings.max_head_bytes:
            raise PeerError(
                TOO_LARGE, "Line too long", f"got more than {limit} bytes when reading header line"
            )
        raise PeerError(TOO_LARGE, "Head too large", "The field lines are too long together")

    def _is_end_of_head(self, line: bytes) -> bool:
        """Check one whole line; tell whether the head ends with it."""
        settings = self._settings
        if not line.endswith(b"\r\n") and not settings.accept_bare_lf:
            raise bare_line_feed()
        if self._line_count == 0:
            self._check_request_line(line)
            if settings.accept_loose_request_line and _is_refused_at_once(line):
                return True
            return self._version == (0, 9) and settings.accept_http_0_9
        if line in (b"\r\n", b"\n"):
            return True
        if self._line_count > settings.max_fields:
            raise PeerError(
                TOO_LARGE, "Too many headers", f"got more than {settings.max_fields} headers"
            )
        if not settings.accept_loose_fields:
            check_field_line(line if line.endswith(b"\r\n") else line[:-1] + b"\r\n")
        return False

    def _check_request_line(self, line: bytes) -> None:
        if self._settings.accept_loose_request_line:
            # The handler's parse_request has the last word, as in http.server.
            self._version = _loose_request_line(line)[1]
            if self._version == (0, 9) and not self._settings.accept_http_0_9:
                raise _request_line_error([])
            return
        ended = line if line.endswith(b"\r\n") else line[:-1] + b"\r\n"
        words = ended[:-2].split(b" ")
        if (
            self._settings.accept_http_0_9
            and len(words) == 2
            and words[0] == b"GET"
            and grammar.TARGET_SHAPE.fullmatch(words[1])
        ):
            self._version = (0, 9)
            return
        match = grammar.REQUEST_LINE.fullmatch(ended)
        if match is None:
            raise _request_line_error(words)
        self._version = int(match[3]), int(match[4])

    def _parse(self, raw: bytes) -> RequestHead:
        """Make the head from its bytes, each line of which is right by itself."""
        line_end = raw.index(b"\n") + 1
        if self._settings.accept_loose_request_line:
            method, version = _loose_request_line(raw[:line_end])
            target = b"".join(raw[:line_end].split()[1:2])
        else:
            words = raw[:line_end].rstrip(b"\r\n").split(b" ")
            method, target = words[0].decode("ascii"), words[1]
            last = words[-1]
            version = (0, 9) if len(words) == 2 else (last[5] - 0x30, last[7] - 0x30)
        return self._check(raw, line_end, method, target, version)

    def _check(
        self, raw: bytes, line_end: int, method: str, target: bytes, version: tuple[int, int]
    ) -> RequestHead:
        """Make the head, where its lines fit together."""
        settings = self._settings
        has_no_fields = line_end == len(raw)  # Not even the empty line that ends them.
        if not settings.accept_loose_request_line:
            if version[0] != 1 and not has_no_fields:
                raise PeerError(
                    HTTPStatus.HTTP_VERSION_NOT_SUPPORTED,
                    "HTTP Version Not Supported",
                    "This server speaks HTTP/1.0 and HTTP/1.1",
                )
            if method == "CONNECT" or not target.startswith(b"/"):
                check_target(method, target)
        if has_no_fields:
            return RequestHead(raw, method, version, target, keeps_alive=False)
        if settings.accept_loose_fields:
            check_framing_is_plain(raw[line_end:])
            fields = FramingFields.unfolded(raw)
        else:
            fields = FramingFields.of(raw)
        if not settings.accept_missing_host:
            check_host(version, fields.host)
        length = body_length(version, fields, settings.max_body_bytes)
        expects = bool(fields.expect) and _expects_continue(version, fields, settings)
        return RequestHead(
            raw,
            method,
            version,
            target,
            expects_continue=expects,
            keeps_alive=keeps_alive(version, fields),
            body_length=length,
            is_plain=self._is_strict and not expects,
            request_line=raw[:line_end],
        )


def _loose_request_line(line: bytes) -> tuple[str, tuple[int, int]]:
    """Find method and version as http.server does; what is not there counts as HTTP/0.9."""
    words = line.decode("latin-1").split()
    if len(words) < 3:
        return (words[0] if words else ""), (0, 9)
    major, _, minor = words[-1].removeprefix("HTTP/").partition(".")
    if not (major.isascii() and major.isdigit() and minor.isascii() and minor.isdigit()):
        return words[0], (1, 0)
    return words[0], (int(major[:10]), int(minor[:10]))


def _is_refused_at_once(line: bytes) -> bool:
    """Tell whether ``parse_request`` refuses a line as http.server does: without reading on.

    Behind it there may be no head, as where a client speaks another protocol.
    """
    words = line.decode("latin-1").split()
    return len(words) > 3 or (len(words) == 3 and not grammar.LOOSE_VERSION.fullmatch(words[2]))


def _request_line_error(words: list[bytes]) -> PeerError:
    if len(words) > 3 and words[-1].startswith(b"HTTP/"):
        return PeerError(BAD_REQUEST, "Bad request line", "The request target has a space in it")
    if len(words) != 3:
        return PeerError(
            BAD_REQUEST,
            "Bad request line",
            "A request line is a method, a target and a version, with one space between them",
        )
    if not grammar.TARGET_SHAPE.fullmatch(words[1]):
        return PeerError(
            BAD_REQUEST,
            "Bad request target",
            "The target has a character that must be percent-encoded (RFC 3986, section 2)",
        )
    return PeerError(BAD_REQUEST, "Bad request version", "The version must be HTTP/1.0 or HTTP/1.1")


def bare_line_feed() -> PeerError:
    """Make the refusal of a line that ends with LF alone."""
    return PeerError(BAD_REQUEST, "Bare LF", "A line must end with CRLF (RFC 9112, section 2.2)")


def check_field_line(line: bytes) -> None:
    """Raise `PeerError` for a line that is no field line (RFC 9112 5)."""
    if grammar.FIELD_LINE.fullmatch(line):
        return
    if not line.endswith(b"\r\n"):
        raise bare_line_feed()
    if line[:1] in (b" ", b"\t"):
        raise PeerError(
            BAD_REQUEST,
            "Folded header",
            "A field line must not begin with white space (RFC 9112, section 5.2)",
        )
    name, colon, value = line.partition(b":")
    if not colon or not grammar.FIELD_NAME.fullmatch(name):
        raise PeerError(
            BAD_REQUEST,
            "Bad header name",
            "A field line is a name, a colon right behind it, and a value (RFC 9112, section 5.1)",
        )
    if b"\r" in value[:-2]:
        raise PeerError(BAD_REQUEST, "Bare CR", "A field value has a CR in it (RFC 9112, 2.2)")
    raise PeerError(
        BAD_REQUEST,
        "Bad header value",
        "A field value has a control character in it (RFC 9110, section 5.5)",
    )


def _expects_continue(version: tuple[int, int], fields: FramingFields, settings: Settings) -> bool:
    """Read Expect (RFC 9110 10.1.1): ignored in HTTP/1.0; what nobody knows is 417."""
    expectations = [item for item in list_items(fields.expect) if item]
    if not expectations or version < (1, 1):
        return False
    if set(expectations) == {b"100-continue"}:
        return True
    if settings.accept_loose_fields:
        return False
    raise PeerError(
        HTTPStatus.EXPECTATION_FAILED,
        "Expectation Failed",
        "The only expectation that this server can meet is 100-continue",
    )
