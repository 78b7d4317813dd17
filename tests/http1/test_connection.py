from http import HTTPStatus

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from basehttpserver._exchange import Verdict
from basehttpserver._http1 import Http1Connection
from basehttpserver._http1.chunked import LAST_CHUNK, encode_chunk_header
from basehttpserver.exceptions import PeerError
from basehttpserver.settings import Settings
from tests.http1 import profile
from tests.http1.client import read_response
from tests.http1.delivery import (
    STRICT,
    Event,
    Exchange,
    Refusal,
    Server,
    accept,
    converse,
    deliver,
    request,
)

POST = b"POST / HTTP/1.1"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
TIMEOUT = PeerError(HTTPStatus.REQUEST_TIMEOUT, "Request Timeout")


def post(body: bytes, *field_lines: bytes) -> bytes:
    return request(b"Content-Length: %d" % len(body), *field_lines, line=POST, body=body)


def post_chunked(*chunks: bytes, end: bytes = LAST_CHUNK) -> bytes:
    body = b"".join(encode_chunk_header(len(data)) + data + b"\r\n" for data in chunks)
    return request(b"Transfer-Encoding: chunked", line=POST, body=body + end)


def connect(data: bytes = b"", settings: Settings = STRICT) -> Http1Connection:
    connection = Http1Connection(settings)
    connection.receive(data)
    return connection


def begin(data: bytes, settings: Settings = STRICT) -> Http1Connection:
    """Make a connection whose first exchange has begun."""
    connection = connect(data, settings)
    assert connection.next_head() is not None
    return connection


def answer(connection: Http1Connection, head: bytes = OK, body: bytes = b"") -> bytes:
    connection.send_head(head, keeps_alive=True, is_last=False)
    connection.send_body(body)
    return b"".join(connection.take(last=True))


def bodies(events: list[Event]) -> list[bytes]:
    return [event.body for event in events if isinstance(event, Exchange)]


# One request after another.


def test_pipelined_requests_are_answered_in_order():
    data = request() + post(b"hello") + post_chunked(b"wor", b"ld") + post(b"") + request()
    events = deliver(data)
    assert bodies(events) == [b"", b"hello", b"world", b"", b""]
    assert all(event.goes_on for event in events)


def test_nothing_is_read_behind_the_last_request():
    last = request(b"Connection: close")
    assert len(deliver(request() + last + request())) == 2
    assert len(deliver(b"GET / HTTP/1.0\r\n\r\n" + request())) == 1


def test_http_1_0_connection_may_go_on():
    data = request(b"Connection: keep-alive", line=b"GET / HTTP/1.0")
    first, second = deliver(data + data)
    assert first == second
    assert b"Connection: keep-alive\r\n" in first.wire


def test_next_head_waits_for_the_end_of_the_exchange():
    connection = begin(request() * 2)
    assert connection.next_head() is None
    assert not connection.has_partial_head
    answer(connection)
    assert connection.finish(keep=True) is Verdict.KEEP
    assert connection.has_partial_head
    assert connection.next_head() is not None


def test_body_bytes_are_never_a_request():
    # Here the handler reads nothing of the body.
    smuggled = request(line=b"DELETE / HTTP/1.1")
    for first in (post(smuggled), post_chunked(smuggled)):
        heads = [event.head.raw for event in deliver(first + request(), reads_bodies=False)]
        assert len(heads) == 2
        assert heads[1] == request()


# What the handler leaves of a body.


@pytest.mark.parametrize("make", [post, post_chunked])
def test_body_within_the_bound_is_drained(make):
    settings = Settings(max_drain_bytes=10)
    events = deliver(make(b"x" * 10) + request(), settings, reads_bodies=False)
    assert [event.goes_on for event in events] == [True, True]


def test_longer_body_ends_the_connection():
    settings = Settings(max_drain_bytes=10)
    [event] = deliver(post(b"x" * 11) + request(), settings, reads_bodies=False)
    assert not event.goes_on


def test_longer_chunked_body_ends_the_connection_when_it_is_seen():
    settings = Settings(max_drain_bytes=10)
    for chunks in ([b"x" * 11], [b"x" * 10, b"x"], [b"x"] * 11):
        [event] = deliver(post_chunked(*chunks) + request(), settings, reads_bodies=False)
        assert event.goes_on  # Nobody knew.


def test_drained_chunks_may_be_malformed():
    # It was answered: a second answer would be taken for the next request's.
    [event] = deliver(post_chunked(b"x", end=b"y\r\n") + request(), reads_bodies=False)
    assert event.goes_on


def test_body_larger_than_one_piece_is_drained():
    data = post(b"x" * 200_000) + post_chunked(b"y" * 200_000) + request()
    assert len(converse([data], reads_bodies=False)) == 3


def test_rest_of_a_body_is_drained():
    connection = begin(post(b"hello") + request())
    assert connection.read_body(2) == b"he"
    answer(connection)
    assert connection.finish(keep=True) is Verdict.KEEP
    assert connection.next_head().raw == request()


def test_drained_body_that_is_cut_off():
    connection = begin(post(b"hello")[:-1])
    answer(connection)
    assert connection.finish(keep=True) is Verdict.KEEP
    assert connection.next_head() is None
    assert not connection.is_over
    connection.receive_eof()
    assert connection.next_head() is None
    assert connection.is_over


# Bodies.


def test_body_is_read_in_pieces():
    connection = begin(post(b"hello")[:-2])
    assert [connection.read_body(2) for _ in range(3)] == [b"he", b"l", None]
    connection.receive(b"lo")
    assert [connection.read_body(100) for _ in range(2)] == [b"lo", b""]


def test_reading_nothing_is_no_end():
    connection = begin(post(b"hello"))
    assert connection.read_body(0) == b""
    assert connection.read_body(100) == b"hello"


def test_body_that_is_cut_off_is_a_fault():
    """http.server reads short there, and half a body passes for a whole one."""
    for missing, body in ((2, b"hel"), (5, b"")):
        [event] = deliver(post(b"hello")[:-missing])
        assert (event.body, event.failure) == (body, (400, "Incomplete body"))
        assert not event.goes_on


def test_chunked_body_that_is_cut_off_is_a_fault():
    [event] = deliver(post_chunked(b"hel", b"lo", end=b""))
    assert (event.body, event.failure) == (b"hello", (400, "Incomplete body"))
    assert not event.goes_on


def test_malformed_body_ends_the_connection():
    connection = begin(post_chunked(end=b"x\r\n") + request())
    with pytest.raises(PeerError):
        connection.read_body(1)
    assert connection.read_body(1) == b""
    answer(connection)
    assert connection.finish(keep=True) is Verdict.LINGER
    assert connection.is_over
    assert connection.next_head() is None


# Expect: 100-continue (RFC 9110 10.1.1).


def begin_expecting(body: bytes = b"", sends: bytes = b"") -> Http1Connection:
    head = request(b"Content-Length: %d" % len(body), b"Expect: 100-continue", line=POST)
    return begin(head + sends)


def test_answer_without_reading_ends_the_connection():
    # The client may send the body or not: what follows has no meaning.
    for sends in (b"", b"hello", request()):
        connection = begin_expecting(b"hello", sends)
        answer(connection)
        assert connection.finish(keep=True) is Verdict.LINGER
        assert connection.next_head() is None


def test_body_is_drained_where_100_was_sent():
    connection = begin_expecting(b"hello")
    connection.send_head(CONTINUE, keeps_alive=True, is_last=False)
    assert connection.take() == [CONTINUE]
    assert not connection.has_response
    answer(connection)
    assert connection.finish(keep=True) is Verdict.KEEP
    connection.receive(b"hello" + request())
    assert connection.next_head().raw == request()


def test_body_that_came_without_waiting_for_100():
    connection = begin_expecting(b"hello", b"hello" + request())
    assert connection.read_body(100) == b"hello"
    answer(connection)
    assert connection.finish(keep=True) is Verdict.KEEP
    assert connection.next_head().raw == request()


def test_expectation_without_a_body():
    connection = begin_expecting()
    answer(connection)
    assert connection.finish(keep=True) is Verdict.KEEP


def test_expectation_is_ignored_in_http_1_0():
    data = request(b"Content-Length: 5", b"Expect: 100-continue", line=b"POST / HTTP/1.0")
    connection = begin(data)
    connection.send_head(CONTINUE, keeps_alive=True, is_last=False)
    assert connection.take() == []


# The end of a connection.


def test_handler_that_lets_nothing_go_on():
    connection = begin(request())
    answer(connection)
    assert connection.finish(keep=False) is Verdict.CLOSE
    assert connection.is_over


def test_close_lingers_where_something_was_not_read():
    for rest in (b"\r", request()):
        connection = begin(request(b"Connection: close") + rest)
        answer(connection)
        assert connection.finish(keep=True) is Verdict.LINGER


def test_close_does_not_linger_for_a_client_that_sends_no_more():
    connection = begin(post(b"hello")[:-2])
    connection.receive_eof()
    answer(connection)
    assert connection.finish(keep=False) is Verdict.CLOSE


def test_half_close_after_a_whole_request_gets_its_answer():
    connection = connect(request())
    connection.receive_eof()
    assert connection.next_head() is not None
    assert answer(connection) == OK
    assert connection.finish(keep=True) is Verdict.KEEP
    assert connection.next_head() is None
    assert connection.is_over


def test_no_response_ends_the_connection():
    connection = begin(request())
    assert connection.take(last=True) == []
    assert connection.finish(keep=True) is Verdict.CLOSE


def test_last_response_ends_the_connection():
    connection = begin(request())
    connection.send_head(OK, keeps_alive=True, is_last=True)
    assert b"Connection: close\r\n" in b"".join(connection.take(last=True))
    assert connection.finish(keep=True) is Verdict.CLOSE


def test_short_response_ends_the_connection_and_is_complained_of():
    connection = begin(request())
    answer(connection, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", b"hell")
    assert len(connection.complaints()) == 1
    assert connection.complaints() == []
    assert connection.finish(keep=True) is Verdict.CLOSE


def test_the_same_complaint_is_made_once():
    connection = begin(request())
    connection.send_head(b"HTTP/1.1 204 No Content\r\n\r\n", keeps_alive=True, is_last=False)
    for _ in range(3):
        connection.send_body(b"x")
    assert len(connection.complaints()) == 1
    assert connection.complaints() == []


@pytest.mark.parametrize(
    ("settings", "field_lines"),
    [
        (Settings(max_drain_bytes=10), [b"Content-Length: 11"]),
        (STRICT, [b"Content-Length: 5", b"Expect: 100-continue"]),
    ],
)
def test_a_body_that_will_not_be_read_closes_and_says_so(settings, field_lines):
    """RFC 9112 9.6: the last response says that it is the last."""
    connection = Http1Connection(settings)
    connection.receive(request(*field_lines, line=b"POST / HTTP/1.1"))
    assert connection.next_head() is not None
    connection.send_head(OK, keeps_alive=True, is_last=False)
    assert b"".join(connection.take(last=True)) == (OK[:-2] + b"Connection: close\r\n\r\n")
    assert connection.finish(keep=True) is Verdict.LINGER


def test_the_engine_may_ask_for_the_body_in_the_handler_s_place():
    connection = begin(post(b"hello", b"Expect: 100-continue"))
    connection.ask_for_body()
    assert b"".join(connection.take()) == CONTINUE
    # What the handler says after that is not said twice.
    connection.send_head(CONTINUE, keeps_alive=True, is_last=False)
    assert connection.take() == []
    connection.ask_for_body()
    assert connection.take() == []


def test_nobody_asks_for_a_body_that_comes_by_itself():
    connection = begin(post(b"hello"))
    connection.ask_for_body()
    assert connection.take() == []


def test_turning_a_client_away():
    """RFC 9110 15.6.4, with a Retry-After."""
    head, _, body = Http1Connection(STRICT).turn_away().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n")
    assert head.endswith(b"Content-Length: %d" % len(body))


# Requests that are refused.


def test_refusal_of_a_head_that_does_not_come():
    connection = connect(b"HEAD / HTTP/1.1\r\nHost: exam")
    assert connection.next_head() is None
    assert connection.has_partial_head
    head = connection.refuse(TIMEOUT)
    assert (head.raw, head.method, head.refusal) == (b"HEAD / HTTP/1.1\r\n", "HEAD", TIMEOUT)
    assert not head.keeps_alive
    answer(connection)
    assert connection.finish(keep=True) is Verdict.LINGER


def test_refusal_of_part_of_a_request_line():
    assert connect(b"HEAD / HT").refuse(TIMEOUT).raw == b"HEAD / HT"
    assert connect(b"x" * 100_000).refuse(TIMEOUT).raw == b"x" * 65537


def test_refusal_of_a_body_that_does_not_come():
    connection = begin(post(b"hello")[:-2])
    head = connection.refuse(TIMEOUT)
    assert (head.method, head.refusal, head.keeps_alive) == ("POST", TIMEOUT, False)
    assert connection.read_body(100) == b""
    answer(connection)
    assert connection.finish(keep=True) is Verdict.LINGER


def test_refusal_of_a_malformed_body_looks_for_no_method_in_it():
    connection = begin(post_chunked(end=b"x\r\nHEAD / HTTP/1.1\r\n"))
    with pytest.raises(PeerError) as raised:
        connection.read_body(100)
    assert connection.refuse(raised.value).method == "POST"


def test_refusal_of_a_request_that_was_read_whole():
    connection = begin(request() + request(line=b"HEAD / HTTP/1.1"))
    assert connection.refuse(TIMEOUT).method == "GET"


def test_nothing_is_kept_of_what_follows_a_refusal():
    connection = begin(b"\x16\x03\x01")
    connection.receive(b"x" * 100)
    assert connection.read_body(100) == b""
    assert not connection.has_partial_head


# Tunnels.


@pytest.mark.parametrize(
    ("data", "head"),
    [
        (
            request(b"Upgrade: x", b"Connection: upgrade"),
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n\r\n",
        ),
        (request(line=b"CONNECT example:443 HTTP/1.1"), b"HTTP/1.1 200 OK\r\n\r\n"),
    ],
)
def test_tunnel(data, head):
    connection = begin(data + b"early")
    assert not connection.is_tunnel
    assert answer(connection, head, b"raw") == head + b"raw"
    assert connection.is_tunnel
    assert [connection.read_body(100), connection.read_body(100)] == [b"early", None]
    connection.receive(b"GET / HTTP/1.1\r\n\r\n")
    assert connection.next_head() is None
    assert connection.read_body(3) == b"GET"
    connection.receive_eof()
    assert connection.read_body(100) == b" / HTTP/1.1\r\n\r\n"
    assert connection.read_body(100) == b""
    assert connection.finish(keep=True) is Verdict.CLOSE


def test_tunnel_with_bytes_unread_lingers():
    connection = begin(request(line=b"CONNECT example:443 HTTP/1.1") + b"early")
    answer(connection, b"HTTP/1.1 200 OK\r\n\r\n")
    assert connection.finish(keep=True) is Verdict.LINGER


def test_refused_request_opens_no_tunnel():
    connection = begin(request(b"bad", line=b"CONNECT example:443 HTTP/1.1"))
    answer(connection, b"HTTP/1.1 200 OK\r\n\r\n")
    assert not connection.is_tunnel


def test_upgrade_that_is_ignored_changes_nothing():
    assert accept(request(b"Upgrade: websocket")).goes_on


def test_take_over():
    connection = begin(post(b"hello") + b"more")
    connection.take_over()
    assert connection.read_body(100) == b"hellomore"
    connection.send_body(b"raw")
    assert connection.take() == [b"raw"]
    assert connection.finish(keep=True) is not Verdict.KEEP


def test_peek_keeps_what_it_returns():
    connection = begin(post(b"hello"))
    assert connection.peek(2) == b"he"
    assert connection.read_body(100) == b"hello"


def test_begin_again_inside_of_a_tunnel():
    connection = begin(request(line=b"CONNECT example:443 HTTP/1.1"))
    answer(connection, b"HTTP/1.1 200 OK\r\n\r\n")
    connection.receive(request())
    connection.begin_again()
    assert connection.next_head().method == "GET"
    answer(connection, b"HTTP/1.1 204 OK\r\n\r\n")
    assert connection.finish(keep=True) is Verdict.KEEP


@pytest.mark.parametrize(
    ("line", "raw", "is_tunnel"),
    [
        (b"GET / HTTP/1.1", b"HTTP/1.1 101 Switching Protocols\r\n", True),
        (b"CONNECT example:443 HTTP/1.1", b"HTTP/1.1 200 Established\r\n\r\n", True),
        (b"CONNECT example:443 HTTP/1.1", b"HTTP/1.1 403 No\r\n\r\n", False),
        (b"GET / HTTP/1.1", b"HTTP/1.1 200 OK\r\n\r\n", False),
        (b"GET / HTTP/1.1", b"101\r\n", False),
    ],
)
@pytest.mark.parametrize("way", ["send_body", "note_sent"])
def test_tunnel_that_is_opened_by_raw_bytes(line, raw, is_tunnel, way):
    connection = begin(request(line=line))
    if way == "send_body":
        connection.send_body(raw)
    else:
        connection.note_sent(raw, len(raw))
    assert connection.is_tunnel == is_tunnel
    assert connection.finish(keep=True) is not Verdict.KEEP, "none of these tells its end"


@pytest.mark.parametrize(
    ("sent", "goes_on"),
    [
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", b"Hi"], True),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", b"Hi!"], False),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", 2], False),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0\r\n\r\n"], True),
    ],
)
def test_raw_response_that_went_past_us(sent, goes_on):
    connection = begin(request())
    for each in sent:
        connection.note_sent(*((b"", each) if isinstance(each, int) else (each, len(each))))
    assert (connection.finish(keep=True) is Verdict.KEEP) == goes_on


@pytest.mark.parametrize(
    ("sent", "goes_on"),
    [
        ([b"2\r\nHi\r\n", b"0\r\n\r\n"], True),
        ([b"2\r\nHi\r\n"], False),
        ([b"2\r\nHi\r\n", 5], False),
        ([b"0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"], False),
    ],
)
def test_chunks_that_went_past_us(sent, goes_on):
    connection = begin(request())
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    connection.send_head(head, keeps_alive=True, is_last=False)
    for each in sent:
        connection.note_sent(*((b"", each) if isinstance(each, int) else (each, len(each))))
    connection.take(last=True)
    assert (connection.finish(keep=True) is Verdict.KEEP) == goes_on


def test_take_over_of_what_is_no_http_1():
    """The first line is the head's; behind it nothing is lost."""
    connection = Http1Connection(Settings())
    connection.receive(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0")
    head = connection.next_head()
    assert head is not None
    assert head.refusal
    assert connection.read_body(100) == b""
    connection.take_over()
    assert head.raw + (connection.read_body(100) or b"") == b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0"


# Any bytes.

LINES = st.sampled_from(
    [
        b"GET / HTTP/1.1\r\n",
        b"POST / HTTP/1.1\r\n",
        b"POST / HTTP/1.0\r\n",
        b"GET /\r\n",
        b"Host: a\r\n",
        b"Connection: close\r\n",
        b"Connection: keep-alive\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length : 5\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Transfer-Encoding:\r\n chunked\r\n",
        b"Expect: 100-continue\r\n",
        b"X: y\n",
        b"X: y\rZ: z\r\n",
        b"\r\n",
        b"\n",
        b"\r",
        b"0\r\n\r\n",
        b"5\r\nhello\r\n",
        b"5;a=b\r\nhello",
        b"hello",
        b"\x00\xff",
        request(),
        request(b"Content-Length: 5", line=POST),
        request(b"Transfer-Encoding: chunked", line=POST),
        request(b"Expect: 100-continue", b"Content-Length: 5", line=POST),
    ]
)
WIRE = st.lists(LINES | st.binary(max_size=8), max_size=12).map(b"".join)
SETTINGS = st.sampled_from(
    [
        STRICT,
        Settings.like_http_server(),
        Settings(accept_bare_lf=True),
        Settings(accept_http_0_9=True),
        Settings(accept_loose_fields=True),
        Settings(accept_loose_request_line=True),
        Settings(max_drain_bytes=4, max_body_bytes=8, max_fields=3),
        Settings(max_request_line_bytes=20, max_field_line_bytes=20, max_head_bytes=60),
    ]
)


def cut_at(data: bytes, points: list[int]) -> list[bytes]:
    ends = sorted({point % (len(data) + 1) for point in points} | {len(data)})
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]


@profile.quick
@given(data=WIRE, points=st.lists(st.integers(0, 1000), max_size=8), settings=SETTINGS)
def test_any_cut_gives_the_same(data, points, settings):
    """Any bytes, cut anywhere: the same events, and never an exception but `PeerError`."""
    for reads_bodies in (True, False):
        whole = converse([data], settings, reads_bodies=reads_bodies)
        for pieces in (cut_at(data, points), [bytes([byte]) for byte in data]):
            assert converse(pieces, settings, reads_bodies=reads_bodies) == whole


@profile.slow
@given(data=st.binary(max_size=200))
@example(b"\r\n" * 3)
@example(b"\x80\x01\x03\x01")
def test_any_bytes_are_refused_or_served(data):
    for event in deliver(data):
        assert isinstance(event, Exchange | Refusal)


@profile.quick
@given(data=WIRE, settings=SETTINGS)
def test_what_was_used_is_not_kept(data, settings):
    """A connection holds no more than what it was given and did not yet use."""
    server = Server(settings)
    for _ in range(3):
        server.receive(data)
        assert len(server.connection._buffer) <= 3 * len(data)
        if server.is_over or server.is_at_rest:
            server.connection.receive(b"")
            assert not server.connection.has_partial_head


# Any request that is right.

TOKENS = st.text("abcXYZ019!#$%&'*+-.^_`|~", min_size=1, max_size=12).map(str.encode)
TARGETS = st.text('abc/?%20.-~{}|"', max_size=20).map(lambda text: b"/" + text.encode())
VALUES = st.binary(max_size=20).map(
    lambda data: bytes(byte for byte in data if byte >= 0x20 and byte != 0x7F)
)
FIELDS = st.lists(st.tuples(TOKENS, VALUES), max_size=8)
KNOWN = {b"connection", b"content-length", b"expect", b"host", b"transfer-encoding"}


@profile.quick
@given(
    method=TOKENS,
    target=TARGETS,
    fields=FIELDS,
    chunks=st.none() | st.lists(st.binary(min_size=1, max_size=30), max_size=5),
    body=st.binary(max_size=60),
    points=st.lists(st.integers(0, 1000), max_size=4),
)
def test_request_that_is_right_is_served(method, target, fields, chunks, body, points):
    """The body comes as it was sent, and the next request is the next one."""
    assume(method not in (b"CONNECT", b"HEAD"))
    assume(not any(name.lower() in KNOWN for name, _ in fields))
    framing = b"Content-Length: %d" % len(body)
    sent = body
    if chunks is not None:
        framing = b"Transfer-Encoding: chunked"
        body = b"".join(chunks)
        sent = b"".join(encode_chunk_header(len(c)) + c + b"\r\n" for c in chunks) + LAST_CHUNK
    lines = [name + b":" + value for name, value in fields]
    data = request(*lines, framing, line=method + b" " + target + b" HTTP/1.1", body=sent)
    first, second = converse(cut_at(data + request(), points))
    assert isinstance(first, Exchange)
    assert isinstance(second, Exchange)
    assert (first.head.method, first.body, first.goes_on) == (method.decode(), body, True)
    assert second.head.raw == request()


@profile.quick
@given(
    answers=st.lists(
        st.tuples(
            st.sampled_from(["GET", "HEAD"]),
            st.sampled_from([200, 204, 304, 404]),
            st.none() | st.integers(0, 12),
            st.lists(st.tuples(st.binary(max_size=6), st.booleans()), max_size=4),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_connection_never_desynchronises(answers):
    """Whatever a handler answers, the client reads as many responses as there were exchanges."""
    connection = Http1Connection(STRICT)
    wire = b""
    expected = []
    for method, status, length, pieces in answers:
        connection.receive(request(line=method.encode() + b" / HTTP/1.1"))
        assert connection.next_head() is not None
        lines = b"" if length is None else b"Content-Length: %d\r\n" % length
        head = b"HTTP/1.1 %d X\r\n%s\r\n" % (status, lines)
        connection.send_head(head, keeps_alive=True, is_last=False)
        for piece, flushes in pieces:
            connection.send_body(piece)
            if flushes:
                wire += b"".join(connection.take())
        wire += b"".join(connection.take(last=True))
        if connection.finish(keep=True) is not Verdict.KEEP:
            break
        expected.append((method, status))
    for method, status in expected:
        response, wire = read_response(wire, method=method)
        assert response.status == status
        assert response.is_delimited
