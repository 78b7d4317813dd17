import pytest

from basehttpserver._http1.chunked import (
    LAST_CHUNK,
    MAX_CHUNK_HEADER_BYTES,
    MAX_EXTENSION_BYTES,
    ChunkedDecoder,
    encode_chunk_header,
)
from basehttpserver.settings import Settings
from tests.hostile.framing_attacks import (
    BAD_CHUNK,
    CHUNKS,
    OVERSIZED_CHUNKS,
    TOO_LONG_CHUNK_HEADER,
    TOO_LONG_TRAILER,
    chunked,
)
from tests.http1.delivery import STRICT, Exchange, accept, converse, deliver, fail, request

END = b"0\r\n\r\n"


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


@pytest.mark.parametrize(("body", "answer"), OVERSIZED_CHUNKS.values(), ids=OVERSIZED_CHUNKS)
def test_default_limits_hold(body, answer):
    assert fail(chunked(body)) == answer


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
