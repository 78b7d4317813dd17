import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basehttpserver._exchange import Verdict
from basehttpserver._http1 import Http1Connection
from basehttpserver._http1.response import ResponseEncoder
from basehttpserver.settings import Settings
from tests.http1 import profile
from tests.http1.client import CutError, read_response

V1_0 = (1, 0)
V1_1 = (1, 1)

OK = b"HTTP/1.1 200 OK\r\n"
OK_1_0 = b"HTTP/1.0 200 OK\r\n"
END = b"\r\n"

NO_NUMBER = "the Content-Length of the response is not a number"
TOO_LONG = "the response is longer than its Content-Length: cut"
TOO_SHORT = "the response is shorter than its Content-Length: cut"
NO_BODY = "the response must not have a body: thrown away"


class Handler:
    """A handler that writes a response step by step; its `wire` is what went out."""

    def __init__(
        self,
        method: str = "GET",
        version: tuple[int, int] = V1_1,
        *,
        keeps_alive: bool = True,
        is_last: bool = False,
    ) -> None:
        self.encoder = ResponseEncoder(method, version)
        self.keeps_alive = keeps_alive
        self.is_last = is_last
        self.wire = b""

    def head(self, *lines: bytes) -> "Handler":
        block = b"".join(lines) + END
        self.encoder.send_head(block, keeps_alive=self.keeps_alive, is_last=self.is_last)
        return self

    def body(self, *pieces: bytes) -> "Handler":
        for piece in pieces:
            self.encoder.send_body(piece)
        return self

    def flush(self) -> "Handler":
        self.wire += b"".join(self.encoder.take())
        return self

    def end(self) -> bytes:
        self.wire += b"".join(self.encoder.take(last=True))
        assert self.encoder.pending_bytes == 0
        return self.wire


# Each row of the module's table.


def test_raw_bytes_pass_untouched():
    handler = Handler().body(b"anything\n", b"at all").flush().body(b"!")
    assert handler.encoder.has_response
    assert handler.end() == b"anything\nat all!"
    assert not handler.encoder.must_close


def test_whole_response_gets_its_length():
    handler = Handler().head(OK, b"X: y\r\n").body(b"he", b"llo")
    assert handler.end() == OK + b"X: y\r\nContent-Length: 5\r\n\r\nhello"
    assert not handler.encoder.must_close


def test_whole_empty_response_gets_its_length():
    assert Handler().head(OK).end() == OK + b"Content-Length: 0\r\n\r\n"


def test_response_sent_in_parts_is_chunked():
    handler = Handler().head(OK).body(b"he").flush()
    assert handler.wire == OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n"
    handler.body(b"l", b"lo").flush().flush()
    assert handler.wire.endswith(b"\r\n3\r\nllo\r\n")
    assert handler.end().endswith(b"llo\r\n0\r\n\r\n")
    assert not handler.encoder.must_close


def test_head_flushed_before_its_body_is_chunked():
    handler = Handler().head(OK).flush()
    assert handler.wire == OK + b"Transfer-Encoding: chunked\r\n\r\n"
    assert handler.body(b"hello").end().endswith(b"\r\n\r\n5\r\nhello\r\n0\r\n\r\n")


def test_empty_write_is_no_last_chunk():
    handler = Handler().head(OK).flush().body(b"").flush()
    assert handler.end() == OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"


def test_response_sent_in_parts_to_http_1_0_ends_by_close():
    handler = Handler(version=V1_0).head(OK).body(b"he").flush().body(b"llo")
    assert handler.end() == OK + b"\r\nhello"
    assert handler.encoder.must_close


def test_content_length_of_the_handler_is_kept_to():
    handler = Handler().head(OK, b"content-length: 5\r\n").body(b"he").flush().body(b"llo")
    assert handler.end() == OK + b"content-length: 5\r\n\r\nhello"
    assert not handler.encoder.must_close


@pytest.mark.parametrize("version", [V1_0, V1_1])
def test_http_1_0_handler_ends_by_close(version):
    handler = Handler(version=version).head(OK_1_0).body(b"hello")
    assert handler.end() == OK_1_0 + b"\r\nhello"
    assert handler.encoder.must_close


def test_handler_that_says_close_ends_by_close():
    handler = Handler().head(OK, b"Connection: Upgrade, Close\r\n").body(b"hello")
    assert handler.end() == OK + b"Connection: Upgrade, Close\r\n\r\nhello"
    assert handler.encoder.must_close


def test_own_chunks_pass_untouched():
    chunks = b"5\r\nhello\r\n0\r\n\r\n"
    handler = Handler().head(OK, b"Transfer-Encoding: chunked\r\n").body(chunks[:7]).flush()
    assert handler.body(chunks[7:]).end() == OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunks
    assert not handler.encoder.must_close


@pytest.mark.parametrize(
    ("lines", "version"),
    [
        # RFC 9112 6.1, 6.3: another last coding ends by close; both fields are an attack to some
        # clients; an HTTP/1.0 client knows no codings.
        (b"Transfer-Encoding: gzip\r\n", V1_1),
        (b"Transfer-Encoding: \r\n", V1_1),
        (b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", V1_1),
        (b"Transfer-Encoding: chunked\r\n", V1_0),
    ],
)
def test_own_coding_that_does_not_end_by_itself(lines, version):
    handler = Handler(version=version).head(OK, lines).body(b"0\r\n\r\n")
    assert handler.end() == OK + lines + b"\r\n0\r\n\r\n"
    assert handler.encoder.must_close


@pytest.mark.parametrize(
    ("chunks", "ends"),
    [
        ([b"5\r\nhello\r\n", b"0\r\n\r\n"], True),
        ([b"5\r\nhello\r\n", b"0", b"\r\n\r", b"\n"], True),
        ([b"5\r\nhello\r\n"], False),
        ([], False),
    ],
)
def test_own_chunks_without_a_last_one_end_the_connection(chunks, ends):
    handler = Handler().head(OK, b"Transfer-Encoding: chunked\r\n")
    for chunk in chunks:
        handler.body(chunk)
    handler.end()
    assert handler.encoder.must_close is not ends
    assert bool(handler.encoder.complaints) is not ends


CODED = b"Transfer-Encoding: chunked\r\n"


def test_own_chunks_may_have_extensions_and_trailers():
    body = b"5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n"
    for size in (1, 7, len(body)):
        pieces = [body[i : i + size] for i in range(0, len(body), size)]
        handler = Handler().head(OK, CODED).body(*pieces)
        assert handler.end() == OK + CODED + b"\r\n" + body
        assert not handler.encoder.must_close
        assert handler.encoder.complaints == []


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_own_chunks_are_cut_behind_the_last_one(size):
    """To a client that sent its next request ahead, the rest would be another answer."""
    forged = b"0\r\n\r\n" + OK + b"Content-Length: 0\r\n\r\n" + b"0\r\n\r\n"
    handler = Handler().head(OK, CODED)
    for start in range(0, len(forged), size):
        handler.body(forged[start : start + size]).flush()
    assert handler.end() == OK + CODED + b"\r\n0\r\n\r\n"
    assert not handler.encoder.must_close
    assert handler.encoder.complaints == ["the response is longer than its chunks: cut"]


@pytest.mark.parametrize(
    "body", [b"hello0\r\n\r\n", b"4\r\nhello\r\n0\r\n\r\n", b"5\nhello\n0\n\n"]
)
def test_own_chunks_that_are_malformed_end_the_connection(body):
    handler = Handler().head(OK, CODED).body(body, b"0\r\n\r\n")
    assert handler.end() == OK + CODED + b"\r\n" + body + b"0\r\n\r\n"
    assert handler.encoder.must_close
    assert handler.encoder.complaints == ["the chunks of the response are malformed"]


def test_own_chunks_are_not_kept():
    handler = Handler().head(OK, CODED)
    for _ in range(100):
        handler.body(b"400\r\n" + b"x" * 1024 + b"\r\n").flush()
        assert len(handler.encoder._unread) == 0


@pytest.mark.parametrize("method", ["HEAD", "GET"])
@pytest.mark.parametrize("status", [204, 304])
def test_response_that_cannot_have_a_body(method, status):
    head = b"HTTP/1.1 %d X\r\nContent-Length: 5\r\n" % status
    handler = Handler(method).head(head).body(b"hello").flush().body(b"!")
    assert handler.end() == head + END
    assert not handler.encoder.must_close
    # Many handlers say `do_HEAD = do_GET`, and are right.
    assert handler.encoder.complaints == ([] if method == "HEAD" else [NO_BODY])


def test_nothing_follows_the_head_of_head():
    for lines in (b"", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n"):
        handler = Handler("HEAD").head(OK, lines).flush().body(b"hello")
        assert handler.end() == OK + lines + END
        assert not handler.encoder.must_close


def test_205_is_not_framed():
    # RFC 9110 15.3.6: its length, if any, is the handler's to say.
    head = b"HTTP/1.1 205 Reset Content\r\n"
    handler = Handler().head(head)
    assert handler.end() == head + END
    assert handler.encoder.must_close
    handler = Handler().head(head, b"Content-Length: 0\r\n")
    assert handler.end() == head + b"Content-Length: 0\r\n\r\n"
    assert not handler.encoder.must_close


@pytest.mark.parametrize(
    ("method", "head"),
    [
        ("GET", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n"),
        ("CONNECT", b"HTTP/1.1 200 OK\r\n"),
        ("CONNECT", b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n"),
    ],
)
def test_tunnel(method, head):
    handler = Handler(method).head(head).flush()
    assert handler.encoder.is_tunnel
    assert handler.encoder.must_close
    assert handler.body(b"raw").flush().body(b"bytes").end() == head + b"\r\nrawbytes"


def test_connect_that_fails_is_no_tunnel():
    handler = Handler("CONNECT").head(b"HTTP/1.1 403 Forbidden\r\n").body(b"no")
    assert handler.end().endswith(b"Content-Length: 2\r\n\r\nno")
    assert not handler.encoder.is_tunnel


# Interim responses.


def test_interim_responses_go_before():
    handler = Handler().head(b"HTTP/1.1 103 Early Hints\r\n")
    assert not handler.encoder.has_response
    assert not handler.encoder.has_continued
    handler.head(b"HTTP/1.1 100 Continue\r\n").flush()
    assert handler.encoder.has_continued
    assert handler.head(OK).body(b"ok").end() == (
        b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
        + OK
        + b"Content-Length: 2\r\n\r\nok"
    )


def test_interim_responses_are_not_for_http_1_0():
    # RFC 9110 15.2
    handler = Handler(version=V1_0).head(b"HTTP/1.1 100 Continue\r\n").flush()
    assert handler.wire == b""
    assert not handler.encoder.has_response


# The handler's mistakes.


def test_too_long_is_cut():
    handler = Handler().head(OK, b"Content-Length: 5\r\n").body(b"hel", b"lo, world").flush()
    assert handler.body(b"!").end() == OK + b"Content-Length: 5\r\n\r\nhello"
    assert not handler.encoder.must_close
    assert set(handler.encoder.complaints) == {TOO_LONG}


def test_too_short_ends_the_connection():
    handler = Handler().head(OK, b"Content-Length: 5\r\n").body(b"hell")
    assert handler.end() == OK + b"Content-Length: 5\r\n\r\nhell"
    assert handler.encoder.must_close
    assert handler.encoder.complaints == [TOO_SHORT]


@pytest.mark.parametrize(
    "lines",
    [
        b"Content-Length: five\r\n",
        b"Content-Length: -5\r\n",
        b"Content-Length: \r\n",
        b"Content-Length: 5, 5\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: 1000000000000000000\r\n",
    ],
)
def test_content_length_that_is_no_number(lines):
    handler = Handler().head(OK, lines).body(b"hello")
    assert handler.end() == OK + lines + b"\r\nhello"
    assert handler.encoder.must_close
    assert handler.encoder.complaints == [NO_NUMBER]


def test_content_length_twice_but_equal():
    lines = b"Content-Length: 5\r\nContent-Length: 5\r\n"
    handler = Handler().head(OK, lines).body(b"hello")
    assert handler.end() == OK + lines + b"\r\nhello"
    assert not handler.encoder.must_close


def test_second_head_is_body():
    handler = Handler().head(OK).body(b"hello").head(OK)
    assert handler.end() == OK + b"Content-Length: 24\r\n\r\nhello" + OK + END
    assert handler.encoder.must_close


def test_second_head_is_cut_where_it_is_too_long():
    handler = Handler().head(OK, b"Content-Length: 5\r\n").body(b"hello").head(OK)
    assert handler.end() == OK + b"Content-Length: 5\r\n\r\nhello"
    assert handler.encoder.must_close


def test_head_behind_raw_bytes_is_raw():
    handler = Handler().body(b"raw").head(OK).body(b"hello")
    assert handler.end() == b"raw" + OK + b"\r\nhello"
    assert handler.encoder.must_close


@pytest.mark.parametrize("line", [b"", b"X: y\r\n", b"HTTP/1.1 20 OK\r\n", b"HTTP/1.10 200 OK\r\n"])
def test_head_without_a_status_line_is_raw(line):
    handler = Handler().head(line).body(b"hello")
    assert handler.end() == line + b"\r\nhello"
    assert handler.encoder.must_close


def test_response_that_is_cut_has_no_end():
    # A handler that raises: the client must be able to tell.
    handler = Handler().head(OK).body(b"hel").flush().body(b"lo").flush()
    with pytest.raises(CutError):
        read_response(handler.wire)


# What becomes of the connection is announced (RFC 9112 9.3).


@pytest.mark.parametrize("lines", [b"", b"Content-Length: 2\r\n"])
def test_last_response_says_close(lines):
    handler = Handler(is_last=True).head(OK, lines).body(b"ok")
    assert b"\r\nConnection: close\r\n" in handler.end()
    assert handler.encoder.must_close


def test_last_response_in_parts_is_chunked_and_says_close():
    handler = Handler(is_last=True).head(OK).flush().body(b"ok")
    assert handler.end() == (
        OK + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    )


def test_last_response_leaves_the_handlers_word_but_closes():
    handler = Handler(is_last=True).head(OK, b"Connection: keep-alive\r\n")
    assert handler.end().count(b"Connection") == 1
    assert handler.encoder.must_close


def test_close_is_not_announced_twice():
    handler = Handler(is_last=True).head(OK, b"Connection: close\r\n")
    assert handler.end().count(b"Connection") == 1
    assert Handler(keeps_alive=False, is_last=True).head(OK).end().count(b"Connection") == 0


def test_keep_alive_is_announced_to_http_1_0_where_it_holds():
    says = b"\r\nConnection: keep-alive\r\n"
    for lines in (b"", b"Content-Length: 2\r\n"):
        assert says in Handler(version=V1_0).head(OK, lines).body(b"ok").end()
    assert says in Handler("HEAD", V1_0).head(OK).end()
    assert says in Handler(version=V1_0).head(b"HTTP/1.1 304 Not Modified\r\n").end()


def test_keep_alive_is_not_announced_to_http_1_0_otherwise():
    assert b"Connection" not in Handler(version=V1_0).head(OK).flush().body(b"ok").end()
    assert b"Connection" not in Handler(version=V1_0, keeps_alive=False).head(OK).end()
    assert b"Connection" not in Handler(version=V1_0).head(OK_1_0, b"Content-Length: 0\r\n").end()
    assert b"Connection: close" in Handler(version=V1_0, is_last=True).head(OK).end()
    own = Handler(version=V1_0).head(OK, b"Connection: x\r\nContent-Length: 0\r\n").end()
    assert own.count(b"Connection") == 1


def test_keep_alive_is_not_announced_to_http_1_1():
    assert b"Connection" not in Handler().head(OK).body(b"ok").end()


# Kinds of bytes, and their cost.


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_body_may_be_any_bytes(kind):
    data = bytearray(b"hello")
    handler = Handler().head(OK)
    handler.encoder.send_body(kind(data))
    data[:] = b"later"
    assert handler.end().endswith(b"\r\n\r\nhello")


def test_pending_bytes_are_counted_and_cheap():
    for lines in (b"", b"Content-Length: 100000\r\n"):
        handler = Handler().head(OK, lines)
        start = handler.encoder.pending_bytes
        assert start == len(OK + lines + END)
        for count in range(1, 100_001):
            handler.body(b"x")
            assert handler.encoder.pending_bytes == start + count
        assert len(handler.end()) >= start + 100_000


# A client understands what we send.


def write(handler: Handler, pieces: list[tuple[bytes, bool]]) -> None:
    for piece, flushes in pieces:
        handler.body(piece)
        if flushes:
            handler.flush()


PIECES = st.lists(st.tuples(st.binary(max_size=20), st.booleans()), max_size=6)
FRAMING = st.sampled_from(["none", "length", "own", "close"])


def framing_lines(framing: str, pieces: list[tuple[bytes, bool]]) -> bytes:
    length = sum(len(piece) for piece, _ in pieces)
    return {
        "none": b"",
        "length": b"Content-Length: %d\r\n" % length,
        "own": b"Transfer-Encoding: chunked\r\n",
        "close": b"Connection: close\r\n",
    }[framing]


@profile.quick
@given(
    method=st.sampled_from(["GET", "HEAD", "POST"]),
    version=st.sampled_from([V1_0, V1_1]),
    status=st.sampled_from([200, 204, 304, 404, 500]),
    handler_version=st.sampled_from([b"HTTP/1.0", b"HTTP/1.1"]),
    framing=FRAMING,
    pieces=PIECES,
    is_last=st.booleans(),
    keeps_alive=st.booleans(),
)
def test_client_reads_what_the_handler_wrote(
    method, version, status, handler_version, framing, pieces, is_last, keeps_alive
):
    """Whatever the handler says, the client reads its body, and the connection stays in step."""
    handler = Handler(method, version, keeps_alive=keeps_alive, is_last=is_last)
    lines = framing_lines(framing, pieces)
    if framing == "own":
        pieces = [(b"%x\r\n%s\r\n" % (len(data), data), flag) for data, flag in pieces if data]
        pieces.append((b"0\r\n\r\n", False))
    handler.head(handler_version + b" %d X\r\n" % status, lines)
    write(handler, pieces)
    wire = handler.end()
    response, rest = read_response(wire, method=method, version=version)
    written = b"".join(piece for piece, _ in pieces)
    has_body = method != "HEAD" and status not in (204, 304)
    if framing == "own" and version == V1_1 and has_body:
        assert response.body == b"".join(p.partition(b"\r\n")[2][:-2] for p, _ in pieces[:-1])
    else:
        assert response.body == (written if has_body else b"")
    assert rest == b""
    assert response.is_delimited or handler.encoder.must_close
    assert handler.encoder.must_close or not (is_last and keeps_alive)


@profile.quick
@given(length=st.integers(0, 60), pieces=PIECES)
def test_wrong_length_never_desynchronises(length, pieces):
    """The client reads exactly what was announced, or the connection closes."""
    handler = Handler().head(OK, b"Content-Length: %d\r\n" % length)
    write(handler, pieces)
    wire = handler.end()
    written = b"".join(piece for piece, _ in pieces)
    if handler.encoder.must_close:
        assert len(written) < length
        with pytest.raises(CutError):
            read_response(wire)
    else:
        response, rest = read_response(wire)
        assert (response.body, rest) == (written[:length], b"")


# Bytes that the handler sends by itself.


class TestSentByTheHandler:
    """`sends` is what goes past the encoder; the wire has only what comes from it."""

    def sends(self, handler, data, *, seen=True):
        handler.encoder.stop_framing()
        handler.flush()
        handler.encoder.note_sent(data if seen else b"", len(data))

    def test_the_length_that_was_said_counts(self):
        handler = Handler().head(OK, b"Content-Length: 9\r\n").body(b"one")
        self.sends(handler, b"two", seen=False)
        assert handler.body(b"six").end().endswith(b"\r\n\r\nonesix")
        assert not handler.encoder.must_close
        assert handler.encoder.complaints == []

    def test_less_than_the_length(self):
        handler = Handler().head(OK, b"Content-Length: 9\r\n")
        self.sends(handler, b"two")
        handler.end()
        assert handler.encoder.must_close
        assert handler.encoder.complaints == [TOO_SHORT]

    def test_more_than_the_length(self):
        handler = Handler().head(OK, b"Content-Length: 2\r\n")
        self.sends(handler, b"two")
        handler.end()
        assert handler.encoder.must_close
        assert handler.encoder.complaints == ["the response is longer than its Content-Length"]

    @pytest.mark.parametrize(
        ("fields", "says_close"), [([], True), ([b"Connection: keep-alive\r\n"], False)]
    )
    def test_without_a_length_the_end_is_the_close(self, fields, says_close):
        handler = Handler().head(OK, *fields).body(b"one")
        self.sends(handler, b"two")
        wire = handler.body(b"six").end()
        assert (b"Connection: close\r\n" in wire) == says_close
        assert b"chunked" not in wire
        assert wire.endswith(b"\r\n\r\nonesix")
        assert handler.encoder.must_close

    def test_a_client_that_is_told_nothing_else(self):
        handler = Handler(keeps_alive=False).head(OK)
        self.sends(handler, b"two")
        assert handler.end() == OK + END

    @pytest.mark.parametrize(("seen", "must_close"), [(True, False), (False, True)])
    def test_own_chunks(self, seen, must_close):
        handler = Handler().head(OK, b"Transfer-Encoding: chunked\r\n")
        self.sends(handler, b"3\r\none\r\n0\r\n\r\n", seen=seen)
        handler.end()
        assert handler.encoder.must_close == must_close

    def test_into_chunks_that_have_begun(self):
        handler = Handler().head(OK).body(b"one").flush()
        self.sends(handler, b"two")
        assert handler.encoder.must_close

    def test_behind_a_response_without_content(self):
        handler = Handler("HEAD").head(OK)
        self.sends(handler, b"two")
        assert handler.encoder.must_close

    def test_nothing(self):
        handler = Handler()
        self.sends(handler, b"")
        assert not handler.encoder.has_response

    def test_raw_bytes(self):
        handler = Handler()
        self.sends(handler, OK + b"Content-Length: 0\r\n\r\n")
        assert handler.encoder.has_response
        assert not handler.encoder.must_close


# Plain responses, which no encoder is made for.

LINES = [
    *(
        f"HTTP/1.1 {status} OK\r\n"
        for status in (100, 101, 200, 204, 205, 304, 404, 599, 600, 2000)
    ),
    "HTTP/1.1 200 \r\n",
    "HTTP/1.1 200\r\n",
    "HTTP/1.0 200 OK\r\n",
    "HTTP/1.1 200 OK\n",
    "HTTP/1.1 200 O\rK\r\n",
    "X: y\r\n",
]
FIELDS = [
    *(f"Content-Length: {value}\r\n" for value in ("3", "4", "003 ", "+3", "3, 3", "")),
    "content-length:3\r\n",
    "Content-Length : 3\r\n",
    "Content-Length: 3\n",
    "Content-Length-Not: 9\r\n",
    "Connection: close\r\n",
    "CONNECTION: keep-alive\r\n",
    "Connectionless: close\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding\t: x\r\n",
    "Content-Type: text/plain\r\n",
    "X: Content-Length: 9\r\n",
    "X: a\rContent-Length: 9\r\n",
    "X: a\n",
    "X:\r\r\n",
    ": x\r\n",
    " folded\r\n",
    "no colon\r\n",
    "\r\n",
    "\n",
]


REQUESTS = [
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"GET / HTTP/2.0\r\n\r\n",
]
NEXT_REQUEST = REQUESTS[0]


def begun(request, *, reads):
    """Return a connection that has received a request, and one more; its body was read or not."""
    connection = Http1Connection(Settings())
    head = connection.receive_head(request)
    while reads and connection.read_body(10):
        pass
    return connection, head


def answered_plainly(request, block, body, *, reads):
    """Return the response and the next head, ``None`` where the response is not plain."""
    connection, _ = begun(request, reads=reads)
    if not connection.begins_plainly(block):
        return None
    wire = connection.try_end_plainly(block, body)
    return None if wire is None else (wire, connection.receive_head(NEXT_REQUEST))


@settings(derandomize=True, max_examples=500, deadline=None)
@given(
    st.sampled_from(REQUESTS),
    st.sampled_from(LINES),
    st.lists(st.sampled_from(FIELDS), max_size=4),
    st.booleans(),
    st.booleans(),
    st.sampled_from([b"abc", b""]),
)
def test_plain_response_is_as_all_others(request, line, fields, is_ended, reads, body):
    """What is sent, and that the connection goes on."""
    block = "".join([line, *fields, "\r\n" if is_ended else ""]).encode()
    plain = answered_plainly(request, block, body, reads=reads)
    if plain is not None:
        connection, _ = begun(request, reads=reads)
        connection.send_head(block, keeps_alive=True, is_last=False)
        connection.send_body(body)
        wire = b"".join(connection.take(last=True))
        assert connection.complaints() == []
        assert connection.finish(keep=True) is Verdict.KEEP
        assert plain == (wire, connection.receive_head(NEXT_REQUEST))


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ("", "Content-Length: 3\r\n"),
        ("Content-Length: 3\r\n", "Content-Length: 3\r\n"),
        ("A: b\r\ncontent-length:3\r\nC: d\r\n", "A: b\r\ncontent-length:3\r\nC: d\r\n"),
    ],
)
@pytest.mark.parametrize("request_index", [0, 5, 6])
def test_plain_responses_need_no_encoder(request_index, fields, shown):
    line = "HTTP/1.1 200 OK\r\n"
    block = f"{line}{fields}\r\n".encode()
    wire, _ = answered_plainly(REQUESTS[request_index], block, b"abc", reads=True)
    assert wire == f"{line}{shown}\r\nabc".encode()


@pytest.mark.parametrize(
    ("method", "status"), [("GET", 204), ("GET", 304), ("HEAD", 200), ("HEAD", 304)]
)
@pytest.mark.parametrize("fields", ["", "Content-Length: 3\r\n"])
def test_plain_responses_without_content_need_no_encoder(method, status, fields):
    request = f"{method} / HTTP/1.1\r\nHost: a\r\n\r\n".encode()
    block = f"HTTP/1.1 {status} So\r\n{fields}\r\n".encode()
    wire, _ = answered_plainly(request, block, b"", reads=True)
    assert wire == block
    assert answered_plainly(request, block, b"abc", reads=True) is None


@pytest.mark.parametrize("body", [b"", b"ab", b"abcd"])
def test_response_of_another_length_is_not_plain(body):
    block = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"
    assert answered_plainly(REQUESTS[0], block, body, reads=True) is None
