import pytest

from basehttpserver._http1.chunked import (
    LAST_CHUNK,
    MAX_CHUNK_HEADER_BYTES,
    MAX_EXTENSION_BYTES,
    ChunkedDecoder,
    encode_chunk_header,
)
from basehttpserver.settings import Settings
from tests.http1.delivery import STRICT, Exchange, accept, converse, deliver, fail, request

BAD_CHUNK = (400, "Bad chunk")
TOO_LONG_CHUNK_HEADER = (400, "Line too long")
TOO_LONG_TRAILER = (431, "Line too long")
BAD_NAME = (400, "Bad header name")
BAD_VALUE = (400, "Bad header value")

END = b"0\r\n\r\n"


def chunked(body: bytes) -> bytes:
    return request(b"Transfer-Encoding: chunked", line=b"POST / HTTP/1.1", body=body)


# What is right.


@pytest.mark.parametrize(
    ("wire", "body"),
    [
        (END, b""),
        (b"5\r\nhello\r\n" + END, b"hello"),
        (b"5\r\nhello\r\n1\r\n!\r\n" + END, b"hello!"),
        # RFC 9112 7.1: chunk-size = 1*HEXDIG, last-chunk = 1*"0"
        (b"a\r\n0123456789\r\nA\r\n0123456789\r\n" + END, b"0123456789" * 2),
        (b"000000000000005\r\nhello\r\n" + END, b"hello"),
        (b"000000000000000\r\n\r\n", b""),
        # Data may look like anything.
        (b"7\r\n0\r\n\r\n\r\n\r\n" + END, b"0\r\n\r\n\r\n"),
        # RFC 9112 7.1.1: chunk-ext
        (b"5;name\r\nhello\r\n" + END, b"hello"),
        (b'5;name=value;other="a \\" b;"\r\nhello\r\n' + END, b"hello"),
        (b"5 ; name\t= value\r\nhello\r\n0;last\r\n\r\n", b"hello"),
        # RFC 9112 7.1.2: trailer-section, which is dropped.
        (b"5\r\nhello\r\n0\r\nChecksum: 1\r\nEmpty:\r\n\r\n", b"hello"),
        # RFC 9110 6.5.1: no field of a trailer frames anything.
        (b"0\r\nContent-Length: 5\r\nTransfer-Encoding: x\r\nHost: other\r\n\r\n", b""),
    ],
)
def test_chunks_accepted(wire, body):
    exchange = accept(chunked(wire))
    assert exchange.body == body
    assert exchange.goes_on


def test_next_request_begins_behind_the_trailers():
    first, second = deliver(chunked(b"2\r\nok\r\n0\r\nX: y\r\n\r\n") + request())
    assert isinstance(first, Exchange)
    assert isinstance(second, Exchange)
    assert (first.body, second.head.raw) == (b"ok", request())


def test_limits_belong_to_one_body():
    body = b"1;" + b"e" * 4000 + b"\r\nx\r\n0\r\n" + b"X: y\r\n" * 60 + b"\r\n"
    assert len(converse([chunked(body) * 10])) == 10


# Attacks: what is wrong, and its answer.


CHUNKS = {
    # RFC 9112 7.1: chunk-size = 1*HEXDIG
    "smuggle_chunk_size_0x": (b"0x5\r\nhello\r\n", BAD_CHUNK),
    "smuggle_chunk_size_plus": (b"+5\r\nhello\r\n", BAD_CHUNK),
    "smuggle_chunk_size_minus": (b"-5\r\nhello\r\n", BAD_CHUNK),
    "smuggle_chunk_size_underscore": (b"1_0\r\nhello\r\n", BAD_CHUNK),
    "smuggle_chunk_size_empty": (b"\r\nhello\r\n", BAD_CHUNK),
    "smuggle_chunk_size_space_before": (b" 5\r\nhello\r\n", BAD_CHUNK),
    "smuggle_chunk_size_space_behind": (b"5 \r\nhello\r\n", BAD_CHUNK),
    "smuggle_chunk_size_tab_behind": (b"5\t\r\nhello\r\n", BAD_CHUNK),
    "smuggle_chunk_size_two": (b"5 5\r\nhello\r\n", BAD_CHUNK),
    "smuggle_chunk_size_letters": (b"5g\r\nhello\r\n", BAD_CHUNK),
    "smuggle_chunk_size_next_line": (b"5\x85\r\nhello\r\n", BAD_CHUNK),
    "smuggle_chunk_size_nul": (b"5\0\r\nhello\r\n", BAD_CHUNK),
    "smuggle_chunk_size_overflow": (b"10000000000000005\r\nhello\r\n", BAD_CHUNK),
    "smuggle_chunk_size_16_digits": (b"0000000000000005\r\nhello\r\n", BAD_CHUNK),
    "smuggle_chunk_size_long_zero": (b"0" * 16 + b"\r\n\r\n", BAD_CHUNK),
    "smuggle_chunk_size_comma": (b"5,6\r\nhello\r\n", BAD_CHUNK),
    # RFC 9112 2.2: bare CR, bare LF
    "smuggle_chunk_header_bare_lf": (b"5\nhello\r\n", BAD_CHUNK),
    "smuggle_chunk_header_bare_cr": (b"5\rhello\r\n", BAD_CHUNK),
    "smuggle_chunk_header_cr_cr_lf": (b"5\r\r\nhello\r\n", BAD_CHUNK),
    # RFC 9112 7.1.1: chunk-ext = *( BWS ";" BWS ext-name [ BWS "=" BWS ext-val ] )
    "smuggle_extension_bare_lf": (b"5;a\nb\r\nhello\r\n", BAD_CHUNK),
    "smuggle_extension_bare_cr": (b"5;a\rb\r\nhello\r\n", BAD_CHUNK),
    "smuggle_extension_cr_in_string": (b'5;a="\r"\r\nhello\r\n', BAD_CHUNK),
    "smuggle_extension_lf_in_string": (b'5;a="\n"\r\nhello\r\n', BAD_CHUNK),
    "smuggle_extension_escaped_lf": (b'5;a="\\\n"\r\nhello\r\n', BAD_CHUNK),
    "smuggle_extension_string_not_closed": (b'5;a="b\r\nhello\r\n', BAD_CHUNK),
    "smuggle_extension_control": (b"5;a\x01\r\nhello\r\n", BAD_CHUNK),
    "smuggle_extension_delete": (b"5;a=\x7f\r\nhello\r\n", BAD_CHUNK),
    "smuggle_extension_no_token": (b"5;a@b\r\nhello\r\n", BAD_CHUNK),
    "smuggle_extension_empty": (b"5;\r\nhello\r\n", BAD_CHUNK),
    "smuggle_extension_without_name": (b"5;=b\r\nhello\r\n", BAD_CHUNK),
    "smuggle_extension_without_value": (b"5;a=\r\nhello\r\n", BAD_CHUNK),
    # RFC 9112 7.1: chunk-data CRLF
    "smuggle_chunk_longer_than_its_size": (b"4\r\nhello\r\n", BAD_CHUNK),
    "smuggle_chunk_data_bare_lf": (b"5\r\nhello\n", BAD_CHUNK),
    "smuggle_chunk_data_bare_cr": (b"5\r\nhello\rX", BAD_CHUNK),
    "smuggle_chunk_data_two_other_bytes": (b"5\r\nhelloXX", BAD_CHUNK),
    "smuggle_chunk_data_lf_cr": (b"5\r\nhello\n\r", BAD_CHUNK),
    "smuggle_chunk_of_request": (b"GET / HTTP/1.1\r\n\r\n", BAD_CHUNK),
    # RFC 9112 7.1.2: trailers are field lines
    "smuggle_trailer_bare_lf": (b"0\r\nX: y\n\r\n", (400, "Bare LF")),
    "smuggle_trailer_bare_cr": (b"0\r\nX: y\rZ: z\r\n\r\n", (400, "Bare CR")),
    "smuggle_trailer_end_bare_lf": (b"0\r\n\n", (400, "Bare LF")),
    "smuggle_trailer_end_cr_cr_lf": (b"0\r\n\r\r\n", BAD_NAME),
    "smuggle_trailer_folded": (b"0\r\nX: y\r\n z\r\n\r\n", (400, "Folded header")),
    "smuggle_trailer_space_before_colon": (b"0\r\nX : y\r\n\r\n", BAD_NAME),
    "smuggle_trailer_without_colon": (b"0\r\nX\r\n\r\n", BAD_NAME),
    "smuggle_trailer_nul": (b"0\r\nX: \0\r\n\r\n", BAD_VALUE),
    "smuggle_request_as_trailer": (b"0\r\nGET / HTTP/1.1\r\n\r\n", BAD_NAME),
    # RFC 9112 8: cut off
    "cut_in_chunk_header": (b"5", (400, "Incomplete body")),
    "cut_before_chunk_data": (b"5\r\n", (400, "Incomplete body")),
    "cut_in_chunk_data": (b"5\r\nhell", (400, "Incomplete body")),
    "cut_behind_chunk_data": (b"5\r\nhello", (400, "Incomplete body")),
    "cut_in_end_of_chunk": (b"5\r\nhello\r", (400, "Incomplete body")),
    "cut_between_chunks": (b"5\r\nhello\r\n", (400, "Incomplete body")),
    "cut_before_trailers": (b"0\r\n", (400, "Incomplete body")),
    "cut_in_trailers": (b"0\r\nX: y\r\n", (400, "Incomplete body")),
}


@pytest.mark.parametrize(("body", "answer"), CHUNKS.values(), ids=CHUNKS)
def test_attack_by_chunks(body, answer):
    assert fail(chunked(body)) == answer


@pytest.mark.parametrize(("body", "answer"), CHUNKS.values(), ids=CHUNKS)
def test_chunks_are_never_relaxed(body, answer):
    assert fail(chunked(body), Settings.like_http_server()) == answer


def test_data_before_the_fault_is_read_first():
    [exchange] = deliver(chunked(b"5\r\nhello\r\n1\r\n!\r\nx\r\n"))
    assert isinstance(exchange, Exchange)
    assert (exchange.body, exchange.failure) == (b"hello!", BAD_CHUNK)


# Limits: what is exactly at one passes, one byte more does not.


def with_extension(size: int) -> bytes:
    """Make a chunk header line of `size` bytes, its end included."""
    return b"1;" + b"e" * (size - 4) + b"\r\n"


def with_extensions(size: int) -> bytes:
    """Make chunks whose extensions have `size` bytes together."""
    full, rest = divmod(size, 1000)
    return (b"1;" + b"e" * 999 + b"\r\nx\r\n") * full + b"1;" + b"e" * (rest - 1) + b"\r\nx\r\n"


LIMITS = {
    "chunk_header": (
        STRICT,
        lambda over: with_extension(MAX_CHUNK_HEADER_BYTES + over) + b"x\r\n" + END,
        TOO_LONG_CHUNK_HEADER,
    ),
    "extensions_of_a_body": (
        STRICT,
        lambda over: with_extensions(MAX_EXTENSION_BYTES + over) + END,
        BAD_CHUNK,
    ),
    "trailer_line": (
        Settings(max_field_line_bytes=100),
        lambda over: b"0\r\nX: " + b"x" * (95 + over) + b"\r\n\r\n",
        TOO_LONG_TRAILER,
    ),
    "count_of_trailers": (
        Settings(max_fields=10),
        lambda over: b"0\r\n" + b"X: y\r\n" * (10 + over) + b"\r\n",
        (431, "Too many trailers"),
    ),
    "trailers_together": (
        Settings(max_head_bytes=200),
        lambda over: b"0\r\n" + b"X: y\r\n" * 32 + b"X:" + b"y" * (2 + over) + b"\r\n\r\n",
        TOO_LONG_TRAILER,
    ),
    "body": (
        Settings(max_body_bytes=10),
        lambda over: b"5\r\nhello\r\n%x\r\nhello" % (5 + over) + b"!" * over + b"\r\n" + END,
        (413, "Content Too Large"),
    ),
}


@pytest.mark.parametrize(("settings", "make", "answer"), LIMITS.values(), ids=LIMITS)
def test_limit(settings, make, answer):
    accept(chunked(make(0)), settings)
    assert fail(chunked(make(1)), settings) == answer


def test_limits_hold_before_a_line_ends():
    assert fail(chunked(b"1" * 4097)) == TOO_LONG_CHUNK_HEADER
    assert fail(chunked(b"0\r\nX: " + b"x" * 65536)) == TOO_LONG_TRAILER


def test_size_is_refused_before_its_data_comes():
    assert fail(chunked(b"ffffff\r\n"), Settings(max_body_bytes=1)) == (413, "Content Too Large")


def test_one_byte_chunks_are_linear():
    [exchange] = converse([chunked(b"1\r\nx\r\n" * 100_000 + END)])
    assert isinstance(exchange, Exchange)
    assert exchange.body == b"x" * 100_000


# The pieces.


def test_decoder_takes_no_more_than_asked():
    decoder = ChunkedDecoder(STRICT)
    buffer = bytearray(b"5\r\nhello\r\n" + END + b"next")
    pieces = [decoder.try_read(buffer, 2) for _ in range(4)]
    assert pieces == [b"he", b"ll", b"o", b""]
    assert buffer == b"next"
    assert decoder.try_read(buffer, 2) == b""


def test_decoder_waits_for_more():
    decoder = ChunkedDecoder(STRICT)
    buffer = bytearray()
    for data, piece in ((b"5", None), (b"\r\n", None), (b"he", b"he"), (b"llo\r", b"llo")):
        buffer += data
        assert decoder.try_read(buffer, 100) == piece
    assert decoder.try_read(buffer, 100) is None


def test_size_announced_is_not_allocated():
    decoder = ChunkedDecoder(STRICT)
    buffer = bytearray(b"fffffffffffffff\r\nx")
    assert decoder.try_read(buffer, 1 << 40) == b"x"
    assert decoder.try_read(buffer, 1 << 40) is None


def test_encoded_chunk_decodes():
    data = bytes(range(256)) * 5
    buffer = bytearray(encode_chunk_header(len(data)) + data + b"\r\n" + LAST_CHUNK)
    assert ChunkedDecoder(STRICT).try_read(buffer, 10_000) == data
