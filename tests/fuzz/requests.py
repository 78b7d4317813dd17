"""Requests and streams of them for Hypothesis: right ones, and right ones with something wrong.

requests    one that is right: any form of target, any framing, with the odd corners of the grammar
streams     several of them behind each other
mutated     streams in which line ends, words, bytes or whole pieces were changed
"""

from hypothesis import strategies as st

from fuzz.mutation import WORDS

Strategy = st.SearchStrategy

METHODS = st.sampled_from([b"GET", b"HEAD", b"POST", b"OPTIONS", b"SPAM", b"get", b"!#$%&'*+-.^_`"])
ORIGIN_FORMS = st.text("abc/?%20.-~{}|\"<>\\^`':@;,", max_size=12).map(
    lambda text: b"/" + text.encode()
)
AUTHORITIES = st.sampled_from(
    [b"h", b"h:80", b"[::1]:8000", b"127.0.0.1", b"a-b.c_d", b"%41:65535"]
)
ABSOLUTE_FORMS = st.builds(
    lambda scheme, authority, path: scheme + b"://" + authority + path,
    st.sampled_from([b"http", b"HTTPS"]),
    AUTHORITIES,
    st.just(b"") | ORIGIN_FORMS,
)
VERSIONS = st.sampled_from([b"1.1", b"1.1", b"1.1", b"1.0", b"1.9"])

NAMES = st.sampled_from([b"X", b"x-y", b"Cookie", b"Content-Type", b"Trailer", b"!#$%", b"Upgrade"])
VALUES = st.sampled_from(
    [
        b"",
        b" ",
        b"y",
        b" y",
        b"\ty \t",
        b" a, b",
        b" multipart/form-data",
        b' "q"',
        b" \x85\xa0\xff",
    ]
)
FIELDS = st.lists(
    st.builds(b"%s:%s".__mod__, st.tuples(NAMES, VALUES))
    | st.sampled_from(
        [
            b"Connection: close",
            b"Connection: keep-alive",
            b"connection: x, Keep-Alive",
            b"Expect: 100-continue",
        ]
    ),
    max_size=4,
)

BODIES = st.binary(max_size=12) | st.sampled_from(WORDS) | st.just(b"0\r\n\r\n")
EXTENSIONS = st.sampled_from([b"", b"", b";a", b";a=b", b' ; a = "\\"\t" ;c', b"\t;a=b"])
TRAILERS = st.sampled_from([b"", b"", b"X: y\r\n", b"Content-Length: 3\r\n", b"Host: x\r\nA:\r\n"])


@st.composite
def chunked_bodies(draw: st.DrawFn) -> bytes:
    """A body in chunks."""
    chunks = draw(st.lists(st.tuples(BODIES.filter(bool), EXTENSIONS), max_size=3))
    sizes = draw(st.sampled_from([b"%x", b"%X", b"%04x"]))
    wire = [sizes % len(data) + extension + b"\r\n%s\r\n" % data for data, extension in chunks]
    return b"".join(wire) + b"0" + draw(EXTENSIONS) + b"\r\n" + draw(TRAILERS) + b"\r\n"


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """One request that is right."""
    version = draw(VERSIONS)
    method = draw(METHODS)
    targets = ORIGIN_FORMS | ABSOLUTE_FORMS
    target = draw(targets | st.just(b"*") if method == b"OPTIONS" else targets)
    if draw(st.integers(0, 15)) == 0:
        method, target = b"CONNECT", draw(st.sampled_from([b"h:443", b"[::1]:1"]))
    lines = draw(FIELDS)
    if version != b"1.0" or draw(st.booleans()):
        lines.insert(draw(st.integers(0, len(lines))), b"Host: " + draw(AUTHORITIES))
    body = b""
    kind = draw(st.integers(0, 2))
    if kind == 1:
        body = draw(BODIES)
        lines.append(
            b"Content-Length:%s%d" % (draw(st.sampled_from([b" ", b"", b"\t0"])), len(body))
        )
    elif kind == 2 and version != b"1.0":
        body = draw(chunked_bodies())
        lines.append(b"Transfer-Encoding: " + draw(st.sampled_from([b"chunked", b"Chunked"])))
    before = draw(st.sampled_from([b"", b"", b"", b"\r\n"]))
    line = b"%s %s HTTP/%s" % (method, target, version)
    return before + b"\r\n".join([line, *lines, b"", b""]) + body


def streams() -> Strategy[bytes]:
    """Several requests behind each other."""
    return st.lists(requests(), min_size=1, max_size=4).map(b"".join)


LINE_ENDS = st.sampled_from(
    [b"\n", b"\r", b"\r\r\n", b"\n\r", b"\n\n", b"", b"\r\n\r\n", b"\r\n ", b" \r\n", b"\0\r\n"]
)
PLACES = st.integers(0, 10_000)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A stream with one to three things changed in it."""
    data = draw(streams())
    for _ in range(draw(st.integers(1, 3))):
        data = draw(
            st.sampled_from([_line_end, _word, _byte, _flip, _cut_out, _repeat]).flatmap(
                lambda change, data=data: change(data)
            )
        )
    return data


def _line_end(data: bytes) -> Strategy[bytes]:
    lines = data.split(b"\r\n")

    def change(place: int, end: bytes) -> bytes:
        at = place % len(lines)
        return b"\r\n".join(lines[:at]) + end + b"\r\n".join(lines[at:])

    return st.builds(change, PLACES, LINE_ENDS)


def _word(data: bytes) -> Strategy[bytes]:
    return st.builds(
        lambda place, word: (
            data[: place % (len(data) + 1)] + word + data[place % (len(data) + 1) :]
        ),
        PLACES,
        st.sampled_from(WORDS),
    )


def _byte(data: bytes) -> Strategy[bytes]:
    def change(place: int, octet: int) -> bytes:
        at = place % (len(data) or 1)
        return data[:at] + bytes([octet]) + data[at + 1 :]

    return st.builds(change, PLACES, st.integers(0, 255))


def _flip(data: bytes) -> Strategy[bytes]:
    def change(place: int, bit: int) -> bytes:
        at = place % (len(data) or 1)
        return data[:at] + bytes(octet ^ (1 << bit) for octet in data[at : at + 1]) + data[at + 1 :]

    return st.builds(change, PLACES, st.integers(0, 7))


def _piece(data: bytes, place: int, size: int) -> tuple[bytes, bytes, bytes]:
    start = place % (len(data) + 1)
    return data[:start], data[start : start + size], data[start + size :]


def _cut_out(data: bytes) -> Strategy[bytes]:
    def change(place: int, size: int) -> bytes:
        before, _, behind = _piece(data, place, size)
        return before + behind

    return st.builds(change, PLACES, st.integers(1, 20))


def _repeat(data: bytes) -> Strategy[bytes]:
    def change(place: int, size: int) -> bytes:
        before, piece, behind = _piece(data, place, size)
        return before + piece + piece + behind

    return st.builds(change, PLACES, st.integers(1, 40))
