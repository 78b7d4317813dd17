import pytest

from basehttpserver._http1.framing import (
    FramingFields,
    body_length,
    keeps_alive,
    with_length,
)
from basehttpserver.settings import Settings
from tests.hostile.framing_attacks import (
    CHUNKED_BODY,
    CODING,
    COMBINATIONS,
    CONTENT_LENGTHS,
    IN_HTTP_1_0,
    LENGTH,
    LENGTH_AND_CODING,
    POST_1_0,
    TRANSFER_ENCODINGS,
    post,
)
from tests.http1.delivery import Exchange, accept, converse, deliver, refuse, request

HIDDEN = (400, "Hidden framing")

LOOSE_FIELDS = Settings(accept_loose_fields=True)


# What is right.


@pytest.mark.parametrize(
    ("value", "body"),
    [
        (b"5", b"hello"),
        (b"  5\t", b"hello"),
        (b"00005", b"hello"),
        (b"000000000000000005", b"hello"),
        (b"0", b""),
        (b"18", b"GET / HTTP/1.1\r\n\r\n"),
        (b"4", b"\r\n\r\n"),
    ],
)
def test_content_length(value, body):
    exchange = accept(post(b"Content-Length: " + value, body=body))
    assert exchange.head.body_length == len(body)
    assert exchange.body == body


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"DELETE", b"OPTIONS", b"SPAM"])
def test_any_method_may_have_a_body(method):
    # RFC 9112 6: the fields tell, never the method.
    line = method + b" / HTTP/1.1"
    assert accept(post(b"Content-Length: 5", body=b"hello", line=line)).body == b"hello"
    coded = post(b"Transfer-Encoding: chunked", body=CHUNKED_BODY, line=line)
    assert accept(coded).body == b"hello"


@pytest.mark.parametrize("value", [b"chunked", b"Chunked", b"CHUNKED", b" \t chunked\t "])
def test_chunked(value):
    exchange = accept(post(b"Transfer-Encoding: " + value, body=CHUNKED_BODY))
    assert exchange.head.body_length is None
    assert exchange.body == b"hello"


def test_no_fields_no_body():
    # RFC 9112 6.3, 7: what follows is the next request.
    events = deliver(post() + request())
    assert [event.body for event in events if isinstance(event, Exchange)] == [b"", b""]


# Attacks: what is wrong, and its answer. "smuggle": two readers may disagree where it ends.


@pytest.mark.parametrize(("value", "answer"), CONTENT_LENGTHS.values(), ids=CONTENT_LENGTHS)
def test_attack_by_content_length(value, answer):
    assert refuse(post(b"Content-Length: " + value, body=b"hello")) == answer


@pytest.mark.parametrize(("values", "answer"), TRANSFER_ENCODINGS.values(), ids=TRANSFER_ENCODINGS)
def test_attack_by_transfer_encoding(values, answer):
    lines = [b"Transfer-Encoding: " + value for value in values]
    assert refuse(post(*lines, body=CHUNKED_BODY)) == answer


@pytest.mark.parametrize(("lines", "answer"), COMBINATIONS.values(), ids=COMBINATIONS)
def test_attack_by_combination(lines, answer):
    assert refuse(post(*lines, body=CHUNKED_BODY)) == answer


@pytest.mark.parametrize(("lines", "answer"), IN_HTTP_1_0.values(), ids=IN_HTTP_1_0)
def test_attack_by_coding_in_http_1_0(lines, answer):
    assert refuse(post(*lines, body=CHUNKED_BODY, line=POST_1_0)) == answer


def test_similar_names_frame_nothing():
    data = post(b"Content_Length: 5", b"X-Content-Length: 5", b"Transfer-Encodings: chunked")
    assert accept(data).head.body_length == 0


# Limits.


def test_max_body_bytes():
    settings = Settings(max_body_bytes=5)
    assert accept(post(b"Content-Length: 5", body=b"hello"), settings).body == b"hello"
    assert refuse(post(b"Content-Length: 6", body=b"hello!"), settings) == (
        413,
        "Content Too Large",
    )


def test_largest_content_length():
    head = FramingFields.of(b"\nContent-Length: " + b"9" * 18 + b"\r\n\r\n")
    assert body_length((1, 1), head, None) == 10**18 - 1


# Framing is never relaxed.


@pytest.mark.parametrize(("value", "answer"), CONTENT_LENGTHS.values(), ids=CONTENT_LENGTHS)
def test_content_length_is_never_relaxed(value, answer):
    data = post(b"Content-Length: " + value, body=b"hello")
    assert refuse(data, Settings.like_http_server())[0] == answer[0]


@pytest.mark.parametrize(("values", "answer"), TRANSFER_ENCODINGS.values(), ids=TRANSFER_ENCODINGS)
def test_transfer_encoding_is_never_relaxed(values, answer):
    lines = [b"Transfer-Encoding: " + value for value in values]
    data = post(*lines, body=CHUNKED_BODY)
    assert refuse(data, Settings.like_http_server())[0] == answer[0]


@pytest.mark.parametrize("name", sorted(COMBINATIONS.keys() - {"smuggle_coding_behind_bare_lf"}))
def test_combination_is_never_relaxed(name):
    lines, answer = COMBINATIONS[name]
    data = post(*lines, body=CHUNKED_BODY)
    assert refuse(data, Settings.like_http_server())[0] == answer[0]


def test_coding_behind_bare_lf_counts_where_bare_lf_is_accepted():
    data = post(b"X: x\n" + CODING, body=CHUNKED_BODY)
    assert accept(data, Settings(accept_bare_lf=True)).body == b"hello"
    data = post(b"X: x\n" + CODING, LENGTH, body=CHUNKED_BODY)
    assert refuse(data, Settings.like_http_server()) == LENGTH_AND_CODING


@pytest.mark.parametrize(
    "line",
    [
        b"Content-Length : 5",
        b"Content-Length\x0b: 5",
        b"Content-Length\r: 5",
        b"\x00Content-Length: 5",
        b"\rContent-Length: 5",
        b"Content-Length: 5\r6",
        b"Content-Length: 5\r",
        b"Content-Length:\r\n 5",
        b"Content-Length: 5\r\n\t",
        b"X: x\rContent-Length: 5",
        b"X: x\r \tContent-Length : 5",
        b"X: x\r\n Content-Length: 5",
        b"TRANSFER-ENCODING : chunked",
        b"Transfer-Encoding: chunked\n x",
    ],
)
def test_framing_is_not_hidden_among_loose_fields(line):
    settings = Settings(accept_loose_fields=True, accept_bare_lf=True)
    assert refuse(post(line, body=b"hello"), settings) == HIDDEN


def test_framing_before_the_first_field_is_not_hidden():
    data = b"POST / HTTP/1.1\r\n Content-Length: 5\r\nHost: example\r\n\r\nhello"
    assert refuse(data, LOOSE_FIELDS) == HIDDEN


@pytest.mark.parametrize(
    "line",
    [
        b"X: Content-Length: 5",
        b"X: the\r\n content-length",
        b"X-Content-Length : 5",
        b"Content-Lengths : 5",
        b"Content-Length and more : 5",
    ],
)
def test_plain_words_are_no_hidden_framing(line):
    assert accept(post(line), LOOSE_FIELDS).head.body_length == 0


def test_search_for_hidden_framing_is_linear():
    for filling in (b"\r", b"\r ", b" ", b"\0", b"content-length", b"\rcontent-length"):
        data = post(b"X: " + filling * (60000 // len(filling)))
        [exchange] = converse([data], LOOSE_FIELDS)
        assert isinstance(exchange, Exchange)


# The pieces.


def test_framing_fields_are_gathered_by_name():
    fields = FramingFields.unfolded(
        b"GET / HTTP/1.1\r\nconnection: a\r\nCONNECTION:\tb \r\nHost:\r\nExpect : x\r\n"
        b"Content-Length: 1\r\n 2\r\nX-Host: y\r\n\r\n"
    )
    assert fields.connection == [b"a", b"b"]
    assert fields.host == [b""]
    assert fields.expect == [b"x"]
    assert fields.content_length == [b"1 2"]
    assert not fields.transfer_encoding


def test_persistence():
    assert keeps_alive((1, 1), FramingFields.of(b"\r\n"))
    assert not keeps_alive((0, 9), FramingFields.of(b"\r\n"))
    assert not keeps_alive(
        (1, 1), FramingFields.of(b"\nConnection: x\r\nConnection: CLOSE\r\n\r\n")
    )


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b"Transfer-Encoding: chunked\r\n", b"Content-Length: 12\r\n"),
        (b"tRANSFER-eNCODING:CHUNKED\r\n", b"Content-Length: 12\r\n"),
        (b"Transfer-Encoding: chunked\n", b"Content-Length: 12\r\n"),
    ],
)
def test_length_in_place_of_chunks(line, shown):
    before, after = (
        b"POST /Transfer-Encoding: HTTP/1.1\r\nHost: x\r\n",
        b"X: Transfer-Encoding: y\r\n\r\n",
    )
    assert with_length(before + line + after, 12) == before + shown + after
