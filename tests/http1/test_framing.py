import pytest

from basehttpserver._http1.framing import (
    FramingFields,
    body_length,
    keeps_alive,
    with_length,
)
from basehttpserver.settings import Settings
from tests.http1.delivery import Exchange, accept, converse, deliver, refuse, request

POST = b"POST / HTTP/1.1"
POST_1_0 = b"POST / HTTP/1.0"
CHUNKED_BODY = b"5\r\nhello\r\n0\r\n\r\n"

BAD_LENGTH = (400, "Bad Content-Length header")
TWO_LENGTHS = (400, "Two Content-Length headers")
LENGTH_AND_CODING = (400, "Content-Length and Transfer-Encoding")
BAD_CODING = (400, "Bad Transfer-Encoding header")
UNKNOWN_CODING = (501, "Unknown transfer coding")
CODING_IN_1_0 = (400, "Transfer-Encoding in HTTP/1.0")
HIDDEN = (400, "Hidden framing")

LOOSE_FIELDS = Settings(accept_loose_fields=True)


def post(*field_lines: bytes, body: bytes = b"", line: bytes = POST) -> bytes:
    return request(*field_lines, line=line, body=body)


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


CONTENT_LENGTHS = {
    # RFC 9110 8.6: Content-Length = 1*DIGIT
    "smuggle_content_length_plus": (b"+5", BAD_LENGTH),
    "smuggle_content_length_minus": (b"-5", BAD_LENGTH),
    "smuggle_content_length_minus_zero": (b"-0", BAD_LENGTH),
    "smuggle_content_length_underscore": (b"1_0", BAD_LENGTH),
    "smuggle_content_length_hexadecimal": (b"0x5", BAD_LENGTH),
    "smuggle_content_length_letters": (b"five", BAD_LENGTH),
    "smuggle_content_length_number_and_letter": (b"5a", BAD_LENGTH),
    "smuggle_content_length_fraction": (b"5.0", BAD_LENGTH),
    "smuggle_content_length_exponent": (b"5e0", BAD_LENGTH),
    "smuggle_content_length_empty": (b"", BAD_LENGTH),
    "smuggle_content_length_two_numbers": (b"5 5", BAD_LENGTH),
    "smuggle_content_length_quoted": (b'"5"', BAD_LENGTH),
    "smuggle_content_length_superscript": (b"\xb2", BAD_LENGTH),
    "smuggle_content_length_arabic": ("\u0665".encode(), BAD_LENGTH),
    "smuggle_content_length_no_break_space": (b"5\xa0", BAD_LENGTH),
    "smuggle_content_length_next_line": (b"\x855", BAD_LENGTH),
    "smuggle_content_length_list": (b"5, 6", BAD_LENGTH),
    "smuggle_content_length_list_equal": (b"5, 5", BAD_LENGTH),
    "smuggle_content_length_list_with_empty": (b"5,", BAD_LENGTH),
    "smuggle_content_length_19_digits": (b"0" * 18 + b"5", BAD_LENGTH),
    "smuggle_content_length_thousands_of_digits": (b"9" * 5000, BAD_LENGTH),
    "smuggle_content_length_form_feed": (b"\x0c5", (400, "Bad header value")),
    "smuggle_content_length_nul": (b"5\0", (400, "Bad header value")),
    "smuggle_content_length_bare_cr": (b"5\r6", (400, "Bare CR")),
}


@pytest.mark.parametrize(("value", "answer"), CONTENT_LENGTHS.values(), ids=CONTENT_LENGTHS)
def test_attack_by_content_length(value, answer):
    assert refuse(post(b"Content-Length: " + value, body=b"hello")) == answer


TRANSFER_ENCODINGS = {
    # RFC 9112 6.1, 7: chunked is the last coding and comes once; we know no other.
    "smuggle_transfer_encoding_xchunked": ([b"xchunked"], BAD_CODING),
    "smuggle_transfer_encoding_chunkedx": ([b"chunkedx"], BAD_CODING),
    "smuggle_transfer_encoding_identity": ([b"identity"], BAD_CODING),
    "smuggle_transfer_encoding_empty": ([b""], BAD_CODING),
    "smuggle_transfer_encoding_comma_before": ([b",chunked"], BAD_CODING),
    "smuggle_transfer_encoding_comma_behind": ([b"chunked,"], BAD_CODING),
    "smuggle_transfer_encoding_not_last": ([b"chunked, identity"], BAD_CODING),
    "smuggle_transfer_encoding_gzip_alone": ([b"gzip"], BAD_CODING),
    "smuggle_transfer_encoding_chunked_twice": ([b"chunked, chunked"], BAD_CODING),
    "smuggle_transfer_encoding_chunked_around": ([b"chunked, gzip, chunked"], BAD_CODING),
    "smuggle_transfer_encoding_twice": ([b"chunked", b"chunked"], BAD_CODING),
    "smuggle_transfer_encoding_twice_not_last": ([b"chunked", b"identity"], BAD_CODING),
    "smuggle_transfer_encoding_twice_empty": ([b"chunked", b""], BAD_CODING),
    "smuggle_transfer_encoding_quoted": ([b'"chunked"'], BAD_CODING),
    "smuggle_transfer_encoding_parameter": ([b"chunked;q=1"], BAD_CODING),
    "smuggle_transfer_encoding_two_words": ([b"chunked chunked"], BAD_CODING),
    "smuggle_transfer_encoding_colon": ([b": chunked"], BAD_CODING),
    "smuggle_transfer_encoding_inner_tab": ([b"chun\tked"], BAD_CODING),
    "smuggle_transfer_encoding_next_line": ([b"\x85chunked"], BAD_CODING),
    "smuggle_transfer_encoding_no_break_space": ([b"chunked\xa0"], BAD_CODING),
    "smuggle_transfer_encoding_unknown_first": ([b"gzip, chunked"], UNKNOWN_CODING),
    "smuggle_transfer_encoding_identity_first": ([b"identity, chunked"], UNKNOWN_CODING),
    "smuggle_transfer_encoding_twice_unknown_first": ([b"gzip", b"chunked"], BAD_CODING),
    "smuggle_transfer_encoding_vertical_tab": ([b"\x0bchunked"], (400, "Bad header value")),
    "smuggle_transfer_encoding_form_feed": ([b"chunked\x0c"], (400, "Bad header value")),
    "smuggle_transfer_encoding_nul": ([b"chunked\0"], (400, "Bad header value")),
    "smuggle_transfer_encoding_bare_cr": ([b"x\rchunked"], (400, "Bare CR")),
}


@pytest.mark.parametrize(("values", "answer"), TRANSFER_ENCODINGS.values(), ids=TRANSFER_ENCODINGS)
def test_attack_by_transfer_encoding(values, answer):
    lines = [b"Transfer-Encoding: " + value for value in values]
    assert refuse(post(*lines, body=CHUNKED_BODY)) == answer


LENGTH = b"Content-Length: 5"
CODING = b"Transfer-Encoding: chunked"

COMBINATIONS = {
    # RFC 9112 6.1, 6.3
    "smuggle_content_length_twice": ([LENGTH, b"Content-Length: 6"], TWO_LENGTHS),
    "smuggle_content_length_twice_equal": ([LENGTH, LENGTH], TWO_LENGTHS),
    "smuggle_content_length_twice_by_case": ([LENGTH, b"content-LENGTH: 6"], TWO_LENGTHS),
    "smuggle_content_length_then_coding": ([LENGTH, CODING], LENGTH_AND_CODING),
    "smuggle_coding_then_content_length": ([CODING, LENGTH], LENGTH_AND_CODING),
    "smuggle_coding_and_bad_content_length": (
        [CODING, b"Content-Length: x"],
        LENGTH_AND_CODING,
    ),
    "smuggle_bad_coding_and_content_length": (
        [b"Transfer-Encoding: x", LENGTH],
        LENGTH_AND_CODING,
    ),
    # RFC 9112 5.1, 5.2
    "smuggle_content_length_space_before_colon": (
        [b"Content-Length : 5"],
        (400, "Bad header name"),
    ),
    "smuggle_coding_tab_before_colon": (
        [b"Transfer-Encoding\t: chunked"],
        (400, "Bad header name"),
    ),
    "smuggle_coding_space_before_name": ([b" " + CODING], (400, "Folded header")),
    "smuggle_coding_folded": ([b"Transfer-Encoding:\r\n chunked"], (400, "Folded header")),
    "smuggle_content_length_folded": ([b"Content-Length: 1\r\n 0"], (400, "Folded header")),
    "smuggle_coding_behind_bare_cr": ([b"X: x\r" + CODING], (400, "Bare CR")),
    "smuggle_coding_behind_bare_lf": ([b"X: x\n" + CODING], (400, "Bare LF")),
}


@pytest.mark.parametrize(("lines", "answer"), COMBINATIONS.values(), ids=COMBINATIONS)
def test_attack_by_combination(lines, answer):
    assert refuse(post(*lines, body=CHUNKED_BODY)) == answer


def test_smuggle_transfer_encoding_in_http_1_0():
    # RFC 9112 6.1
    assert refuse(post(CODING, body=CHUNKED_BODY, line=POST_1_0)) == CODING_IN_1_0
    both = post(CODING, LENGTH, body=CHUNKED_BODY, line=POST_1_0)
    assert refuse(both) == CODING_IN_1_0


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
    head = FramingFields(b"Content-Length: " + b"9" * 18 + b"\r\n\r\n")
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
    fields = FramingFields(
        b"connection: a\r\nCONNECTION:\tb \r\nHost:\r\nExpect : x\r\n"
        b"Content-Length: 1\r\n 2\r\nX-Host: y\r\n\r\n"
    )
    assert fields.connection == [b"a", b"b"]
    assert fields.host == [b""]
    assert fields.expect == [b"x"]
    assert fields.content_length == [b"1 2"]
    assert fields.transfer_encoding == []


def test_persistence():
    assert keeps_alive((1, 1), FramingFields(b"\r\n"))
    assert not keeps_alive((0, 9), FramingFields(b"\r\n"))
    assert not keeps_alive((1, 1), FramingFields(b"Connection: x\r\nConnection: CLOSE\r\n\r\n"))


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
