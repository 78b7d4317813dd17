"""Where the body of a request ends, and whether the connection goes on after it.

Framing decides what is a body and what is the next request. Two parties who disagree about it
are how requests are smuggled, so nothing here is relaxed by any setting.
"""

import functools
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Final, Self

from basehttpserver._http1 import grammar
from basehttpserver._http1.target import check_host
from basehttpserver.exceptions import PeerError

__all__ = [
    "FramingFields",
    "body_length",
    "body_too_large",
    "check_framing_is_plain",
    "keeps_alive",
    "known_framing",
    "list_items",
    "with_length",
]

BAD_REQUEST: Final = HTTPStatus.BAD_REQUEST


class FramingFields:
    """The few fields of a head that the protocol itself must know, each with its values in order.

    Most requests have one or two of them: what is not there stands on the class.
    """

    connection: Sequence[bytes] = ()
    content_length: Sequence[bytes] = ()
    expect: Sequence[bytes] = ()
    host: Sequence[bytes] = ()
    transfer_encoding: Sequence[bytes] = ()

    def __init__(self, found: Iterable[tuple[bytes, bytes]]) -> None:
        """Gather names and values, as ``grammar.FRAMING_FIELDS`` finds them."""
        for name, value in found:
            attribute = _ATTRIBUTES[name.lower()]
            self.__dict__.setdefault(attribute, []).append(value.rstrip(b" \t"))

    @classmethod
    def of(cls, head: bytes) -> Self:
        """Pick them out of a whole head."""
        return cls(grammar.FRAMING_FIELDS.findall(head))

    @classmethod
    def unfolded(cls, head: bytes) -> Self:
        """Pick them out of a head with obs-fold, so that none can hide a value (RFC 9112 5.2).

        Only with relaxed rules.
        """
        return cls.of(grammar.CONTINUATION.sub(b" ", head))


_ATTRIBUTES: Final = {
    b"connection": "connection",
    b"content-length": "content_length",
    b"expect": "expect",
    b"host": "host",
    b"transfer-encoding": "transfer_encoding",
}


@functools.lru_cache(maxsize=256)
def known_framing(
    minor: bytes, found: tuple[tuple[bytes, bytes], ...]
) -> tuple[tuple[int, int], bool, int] | None:
    """Return the version, whether the client keeps the connection alive, and the body's length.

    ``None`` where that takes more to tell, or the fields are wrong. The clients of a server agree
    on a few sets of these fields. (3 microseconds of each request with a browser's fields.)
    """
    version = (1, int(minor))
    fields = FramingFields(found)
    if fields.expect or fields.transfer_encoding:
        return None
    try:
        check_host(version, fields.host)
        length = body_length(version, fields, None)
    except PeerError:
        return None
    return version, keeps_alive(version, fields), length or 0


def check_framing_is_plain(block: bytes) -> None:
    """Raise `PeerError` where loose fields have framing in them that not every reader sees.

    For `Settings.accept_loose_fields`, which lets any other field line look as it likes.
    """
    if grammar.HIDDEN_FRAMING.search(block):
        raise PeerError(
            BAD_REQUEST,
            "Hidden framing",
            "Content-Length and Transfer-Encoding must be plain field lines (RFC 9112, section 5)",
        )


def list_items(values: Sequence[bytes]) -> list[bytes]:
    """Split a list-valued field into its items, in lower case (RFC 9110 5.6.1)."""
    return [item.strip(b" \t").lower() for item in b",".join(values).split(b",")]


def keeps_alive(version: tuple[int, int], fields: FramingFields) -> bool:
    """Tell whether the client allows another request (RFC 9112 9.3)."""
    if not fields.connection:
        return version >= (1, 1)
    options = list_items(fields.connection)
    if b"close" in options:
        return False
    return version >= (1, 1) or b"keep-alive" in options


def body_length(
    version: tuple[int, int], fields: FramingFields, max_body_bytes: int | None
) -> int | None:
    """Return the length of the body, or ``None`` for chunked (RFC 9112 6.3).

    Raises `PeerError` for framing that is malformed, ambiguous or unknown, and for a length over
    `max_body_bytes`.
    """
    if fields.transfer_encoding:
        _check_transfer_encoding(version, fields)
        return None
    if not fields.content_length:
        return 0
    if len(fields.content_length) > 1:
        # Stricter: RFC 9112 6.3 lets equal values pass. Nobody honest sends two.
        raise PeerError(
            BAD_REQUEST, "Two Content-Length headers", "There must be one Content-Length field"
        )
    value = fields.content_length[0]
    if not grammar.CONTENT_LENGTH.fullmatch(value):
        raise PeerError(
            BAD_REQUEST,
            "Bad Content-Length header",
            "The Content-Length must be a decimal number (RFC 9110, section 8.6)",
        )
    length = int(value)
    if max_body_bytes is not None and length > max_body_bytes:
        raise body_too_large()
    return length


def with_length(raw: bytes, length: int) -> bytes:
    """Return the head of a body in chunks as that of one of `length` bytes (RFC 9112 7.1.3).

    The one field Transfer-Encoding becomes Content-Length; every other byte stays.
    """
    lines = raw.split(b"\n")
    for number, line in enumerate(lines):
        if line.partition(b":")[0].strip(b" \t").lower() == b"transfer-encoding":
            lines[number] = b"Content-Length: %d\r" % length
    return b"\n".join(lines)


def _check_transfer_encoding(version: tuple[int, int], fields: FramingFields) -> None:
    """Refuse everything but a single ``chunked`` (RFC 9112 6.1)."""
    if version < (1, 1):
        raise PeerError(
            BAD_REQUEST,
            "Transfer-Encoding in HTTP/1.0",
            "An HTTP/1.0 request must not have a Transfer-Encoding (RFC 9112, section 6.1)",
        )
    if fields.content_length:
        raise PeerError(
            BAD_REQUEST,
            "Content-Length and Transfer-Encoding",
            "A request must not have both (RFC 9112, section 6.1)",
        )
    codings = list_items(fields.transfer_encoding)
    is_one_line = len(fields.transfer_encoding) == 1
    if codings == [b"chunked"] and is_one_line:
        return
    is_known_shape = all(grammar.FIELD_NAME.fullmatch(coding) for coding in codings)
    is_chunked_last = codings[-1] == b"chunked" and codings.count(b"chunked") == 1
    if is_one_line and is_known_shape and is_chunked_last:
        raise PeerError(
            HTTPStatus.NOT_IMPLEMENTED,
            "Unknown transfer coding",
            "The only transfer coding that this server knows is chunked",
        )
    raise PeerError(
        BAD_REQUEST,
        "Bad Transfer-Encoding header",
        "The last and only transfer coding must be chunked (RFC 9112, section 6.1)",
    )


def body_too_large() -> PeerError:
    """Make the refusal of a body over the limit, announced or met on the way."""
    return PeerError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "Content Too Large",
        "The body of the request is larger than this server takes",
    )
