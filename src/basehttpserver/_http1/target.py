"""What a request is addressed to: the forms of its target, and its Host (RFC 9112 3.2)."""

from collections.abc import Sequence
from http import HTTPStatus
from ipaddress import IPv6Address
from typing import Final

from basehttpserver._http1 import grammar
from basehttpserver.exceptions import PeerError

__all__ = ["check_host", "check_target"]

BAD_REQUEST: Final = HTTPStatus.BAD_REQUEST


def check_target(method: str, target: bytes) -> None:
    """Raise `PeerError` where the target's form does not fit the method (RFC 9112 3.2)."""
    if method == "CONNECT":
        match = grammar.HOST.fullmatch(target)
        is_right = match is not None and bool(match["port"]) and _is_authority(target)
    elif target == b"*":
        is_right = method == "OPTIONS"
    elif target.startswith(b"/"):
        is_right = True
    else:
        match = grammar.ABSOLUTE_FORM.fullmatch(target)
        is_right = match is not None and _is_authority(match["authority"])
    if not is_right:
        raise PeerError(
            BAD_REQUEST,
            "Bad request target",
            "The target must be a path that begins with a slash, or a whole http URL "
            "(RFC 9112, section 3.2)",
        )


def check_host(version: tuple[int, int], values: Sequence[bytes]) -> None:
    """Raise `PeerError` unless there is one valid Host, or none in HTTP/1.0 (RFC 9112 3.2)."""
    if len(values) > 1:
        raise PeerError(BAD_REQUEST, "Two Host headers", "There must be one Host field")
    if not values:
        if version >= (1, 1):
            raise PeerError(
                BAD_REQUEST,
                "Missing Host header",
                "An HTTP/1.1 request must have a Host field (RFC 9112, section 3.2)",
            )
    elif not _is_host(values[0]):
        raise PeerError(
            BAD_REQUEST,
            "Bad Host header",
            "The Host field must be a host name or address and perhaps a port (RFC 9110, 7.2)",
        )


def _is_authority(value: bytes) -> bool:
    # RFC 9110 4.2.1: an http URL with an empty host is invalid. (A Host field may be empty.)
    return value[:1] not in (b"", b":") and _is_host(value)


def _is_host(value: bytes) -> bool:
    match = grammar.HOST.fullmatch(value)
    if match is None or (match["port"] and int(match["port"]) > 65535):
        return False
    literal = match["literal"]
    return literal is None or _is_ipv6(literal.decode("ascii"))


def _is_ipv6(text: str) -> bool:
    """Tell whether `text` is an IPv6 address (RFC 3986 3.2.2; RFC 4291 2.2)."""
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True
