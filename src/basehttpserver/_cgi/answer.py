"""The head of a script's answer (RFC 3875 6): fields, an empty line, and behind it the body.

Laxer: a line may end with LF or CRLF whatever the platform, and the head may be empty, since
``http.server`` passes both on. Stricter: a line that is no field, or a value with a control
character in it, is an error, because it would be a fault on the wire.
"""

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Final, NamedTuple

__all__ = ["AnswerHead", "HeadReader", "MalformedAnswerError"]

#: As much as a script's head may have; what Apache and nginx take for all fields is a quarter.
MAX_HEAD_BYTES: Final = 65536

_END: Final = re.compile(rb"(?:^|\n)\r?\n")
_FIELD: Final = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*+([\t\x20-\x7e\x80-\xff]*)")
_STATUS: Final = re.compile(r"([2-5]\d\d)(?:[ \t]+(.*))?")

#: RFC 3875 6.3.4: what concerns the connection is no business of a script's. Server and Date are
#: sent by the handler.
_LEFT_OUT: Final = frozenset(
    [
        "connection", "date", "keep-alive", "proxy-connection", "server", "status", "te",
        "trailer", "transfer-encoding", "upgrade",
    ]
)  # fmt: skip


class MalformedAnswerError(Exception):
    """A script's output does not begin with a head. The text says in what way."""


class AnswerHead(NamedTuple):
    """What a script says of its answer."""

    status: int
    #: ``None``: the usual one for the status.
    reason: str | None
    fields: list[tuple[str, str]]


class HeadReader:
    """Gathers output until the head of the answer is whole."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._received = bytearray()

    @property
    def is_empty(self) -> bool:
        """Nothing was received."""
        return not self._received

    def feed(self, data: bytes) -> tuple[AnswerHead, bytes] | None:
        """Take output; return the head and what is here of the body, once the head is whole.

        Raises `MalformedAnswerError`.
        """
        searched = max(0, len(self._received) - 3)
        self._received += data
        end = _END.search(self._received, searched if searched else 0)
        if end is None or end.start() > MAX_HEAD_BYTES:
            if len(self._received) > MAX_HEAD_BYTES:
                raise MalformedAnswerError(f"its head has more than {MAX_HEAD_BYTES} bytes")
            return None
        return _parse(bytes(self._received[: end.start()])), bytes(self._received[end.end() :])


def _parse(block: bytes) -> AnswerHead:
    fields = list(_fields(block))
    status, reason = _status_of(fields)
    return AnswerHead(
        status, reason, [field for field in fields if field[0].lower() not in _LEFT_OUT]
    )


def _fields(block: bytes) -> Iterator[tuple[str, str]]:
    for line in block.split(b"\n") if block else ():
        match = _FIELD.fullmatch(line.removesuffix(b"\r"))
        if match is None:
            raise MalformedAnswerError(f"a line of its head is no field: {line[:80]!r}")
        yield match[1].decode("ascii"), match[2].decode("latin-1").rstrip(" \t")


def _status_of(fields: list[tuple[str, str]]) -> tuple[int, str | None]:
    """Return status and reason.

    RFC 3875 6.2: what its Status field says; without one 302 for a Location, else 200, with the
    reason that ``http.server`` has always given.
    """
    said = {name.lower(): value for name, value in reversed(fields)}
    if "status" in said:
        match = _STATUS.fullmatch(said["status"])
        if match is None:
            raise MalformedAnswerError(f"its Status is none: {said['status'][:80]!r}")
        return int(match[1]), match[2] or None
    if "location" in said:
        return HTTPStatus.FOUND, None
    return HTTPStatus.OK, "Script output follows"
