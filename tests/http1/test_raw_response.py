import pytest

from basehttpserver._exchange import Verdict
from basehttpserver._http1 import Http1Connection
from basehttpserver._http1.raw_response import MAX_HEAD_BYTES
from tests.http1.delivery import STRICT, request

OK = b"HTTP/1.1 200 OK\r\n"
LENGTH = OK + b"Content-Length: 5\r\n\r\n"
CODED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def verdict(raw: bytes, *, size: int = 1_000_000, method: bytes = b"GET") -> Verdict:
    """What becomes of a connection whose handler writes `raw`, so many bytes at a time."""
    connection = Http1Connection(STRICT)
    line = method + (b" h:1" if method == b"CONNECT" else b" /") + b" HTTP/1.1"
    connection.receive(request(line=line))
    assert connection.next_head() is not None
    wire = []
    for start in range(0, len(raw), size):
        connection.send_body(raw[start : start + size])
        wire += connection.take()
    assert b"".join([*wire, *connection.take(last=True)]) == raw
    assert connection.complaints() == []
    return connection.finish(keep=True)


#: What is exactly one response, and tells its end (RFC 9112 6.3).
WHOLE = {
    "length": (LENGTH + b"hello", b"GET"),
    "no_body": (OK + b"Content-Length: 0\r\n\r\n", b"POST"),
    "chunks": (CODED + b"5\r\nhello\r\n0\r\n\r\n", b"GET"),
    "trailers": (CODED + b"0\r\nX: y\r\n\r\n", b"GET"),
    "interim": (CONTINUE + CONTINUE + LENGTH + b"hello", b"POST"),
    "no_content": (b"HTTP/1.1 204 No Content\r\n\r\n", b"GET"),
    "head": (LENGTH, b"HEAD"),
    "head_without_fields": (OK + b"\r\n", b"HEAD"),
}

#: What a client would wait behind, or take the next response for a part of.
NOT_WHOLE = {
    "no_head": (b"hello", b"GET"),
    "part_of_a_head": (OK, b"GET"),
    "field_first": (b"X: y\r\n\r\n", b"GET"),
    "no_length": (OK + b"\r\nhello", b"GET"),
    "interim_alone": (CONTINUE, b"GET"),
    "too_short": (LENGTH + b"hell", b"GET"),
    "too_long": (LENGTH + b"hello!", b"GET"),
    "two_responses": ((LENGTH + b"hello") * 2, b"GET"),
    "no_last_chunk": (CODED + b"5\r\nhello\r\n", b"GET"),
    "behind_the_last_chunk": (CODED + b"0\r\n\r\n0\r\n\r\n", b"GET"),
    "bad_chunk": (CODED + b"hello", b"GET"),
    "body_for_head": (LENGTH + b"hello", b"HEAD"),
    "body_for_no_content": (b"HTTP/1.1 204 No Content\r\n\r\nhello", b"GET"),
    "says_close": (OK + b"Connection: close\r\nContent-Length: 0\r\n\r\n", b"GET"),
    "two_lengths": (OK + b"Content-Length: 5\r\n" + LENGTH[len(OK) :] + b"hello!", b"GET"),
    "switched": (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", b"GET"),
    "connected": (OK + b"\r\n", b"CONNECT"),
    "long_head": (OK + b"X: " + b"x" * MAX_HEAD_BYTES + b"\r\n\r\n", b"GET"),
}


@pytest.mark.parametrize("size", [1, 7, 1_000_000])
@pytest.mark.parametrize(("raw", "method"), WHOLE.values(), ids=WHOLE)
def test_connection_goes_on_behind_one_whole_response(raw, method, size):
    assert verdict(raw, size=size, method=method) is Verdict.KEEP


@pytest.mark.parametrize("size", [7, 1_000_000])
@pytest.mark.parametrize(("raw", "method"), NOT_WHOLE.values(), ids=NOT_WHOLE)
def test_connection_ends_behind_anything_else(raw, method, size):
    assert verdict(raw, size=size, method=method) is Verdict.CLOSE


def test_each_response_is_followed_by_itself():
    connection = Http1Connection(STRICT)
    connection.receive(request() * 3)
    for raw, expected in ((LENGTH + b"hello", True), (LENGTH + b"hello", True), (b"x", False)):
        assert connection.next_head() is not None
        connection.send_body(raw)
        connection.take(last=True)
        assert (connection.finish(keep=True) is Verdict.KEEP) is expected


def test_nothing_is_kept_of_a_body_or_of_a_tunnel():
    for begin, takes_over in ((LENGTH.replace(b"5", b"999999999"), False), (b"", True)):
        connection = Http1Connection(STRICT)
        connection.receive(request())
        assert connection.next_head() is not None
        if takes_over:
            connection.take_over()
        connection.send_body(begin)
        for _ in range(100):
            connection.send_body(b"x" * 1000)
            connection.take()
        raw = connection._raw
        assert raw is None or len(raw._head) == raw._reading.pending_bytes == 0
