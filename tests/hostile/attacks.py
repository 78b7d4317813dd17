"""Every attack by bytes, as a client sends it, by name."""

from typing import NamedTuple

from tests.hostile.framing_attacks import (
    CHUNKED_BODY,
    CHUNKS,
    COMBINATIONS,
    CONTENT_LENGTHS,
    IN_HTTP_1_0,
    OVERSIZED_CHUNKS,
    POST_1_0,
    TRANSFER_ENCODINGS,
    chunked,
    post,
)
from tests.hostile.head_attacks import (
    EXPECTATIONS,
    FIELD_LINES,
    HOSTS,
    OTHER_BYTES,
    OVERSIZED_HEADS,
    REQUEST_LINES,
    TARGETS,
    with_line,
)
from tests.http1.delivery import request, with_host


class Attack(NamedTuple):
    """What is sent, and the status of its answer."""

    data: bytes
    status: int
    #: The client ends in the middle of it.
    is_cut: bool


def _with_coding(values):
    return post(*[b"Transfer-Encoding: " + value for value in values], body=CHUNKED_BODY)


#: The tables of attacks, each with what makes a request of an entry.
_MAKERS = [
    (CONTENT_LENGTHS, lambda value: post(b"Content-Length: " + value, body=b"hello")),
    (TRANSFER_ENCODINGS, _with_coding),
    (COMBINATIONS, lambda lines: post(*lines, body=CHUNKED_BODY)),
    (IN_HTTP_1_0, lambda lines: post(*lines, body=CHUNKED_BODY, line=POST_1_0)),
    (CHUNKS, chunked),
    (OVERSIZED_CHUNKS, chunked),
    (REQUEST_LINES, with_line),
    (FIELD_LINES, request),
    (TARGETS, with_line),
    (HOSTS, lambda values: with_host(*values)),
    (EXPECTATIONS, lambda value: request(b"Expect: " + value)),
    (OTHER_BYTES, bytes),
    (OVERSIZED_HEADS, bytes),
]

ATTACKS = {
    name: Attack(make(given), status, reason.startswith("Incomplete"))
    for table, make in _MAKERS
    for name, (given, (status, reason)) in table.items()
}
