"""Heads and chunks that are made to let a pattern look at the same bytes again and again."""

import time

import pytest

from basehttpserver import Settings
from tests.http1.delivery import converse, request

#: Nearly all that a line may have.
LENGTH = 60_000

#: What a head of this size takes is below a millisecond; what is quadratic takes minutes.
MOST_SECONDS = 1

FILLINGS = [
    b" ",
    b" \t",
    b"\r",
    b"\n",
    b"\r\n ",
    b"\n ",
    b"\x01",
    b"a",
    b"a ",
    b":",
    b",",
    b";",
    b'"',
]
FILLINGS += [b"\xff", b"X:\r\n", b"Content-Length:", b"\r\n Content-Length"]

FRAMING_FIELDS = [b"Host", b"Connection", b"Transfer-Encoding", b"Content-Length", b"Expect"]


def requests_with(filling):
    """Yield requests that have `filling` at each place where a pattern looks."""
    long = filling * (LENGTH // len(filling))
    for end in (b"", b"\x01\r\n\r\n", b"x\r\n\r\n"):
        yield long + b" / HTTP/1.1\r\nHost: x" + end
        yield b"GET /" + long + b" HTTP/1.1\r\nHost: x" + end
        yield b"GET / HTTP/1.1\r\nHost: x\r\n" + long + end
        yield b"GET / HTTP/1.1\r\nHost: x\r\nX: " + long + end
        for name in FRAMING_FIELDS:
            yield b"GET / HTTP/1.1\r\n" + name + b": " + long + end
        for body in (b'5;a="' + long[:4000] + end, b"0\r\nX: " + long + end):
            yield request(b"Transfer-Encoding: chunked", line=b"POST / HTTP/1.1", body=body)


@pytest.mark.parametrize(
    "settings", [Settings(), Settings.like_http_server()], ids=["strict", "relaxed"]
)
@pytest.mark.parametrize("filling", FILLINGS, ids=repr)
def test_no_pattern_goes_back(filling, settings):
    for data in requests_with(filling):
        began = time.process_time()
        converse([data], settings)
        assert time.process_time() - began < MOST_SECONDS, data[:100]


def test_bytes_are_looked_at_once_although_they_come_one_by_one():
    lines = [b"X%d: %b" % (number, b"x" * 500) for number in range(95)]
    for data in (request(*lines), request(line=b"GET /" + b"x" * LENGTH + b" HTTP/1.1")):
        began = time.process_time()
        converse(data[index : index + 1] for index in range(len(data)))
        assert time.process_time() - began < MOST_SECONDS * 5
