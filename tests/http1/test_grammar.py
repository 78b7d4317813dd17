import pytest

from basehttpserver._http1 import grammar

OCTETS = [bytes([value]) for value in range(256)]
CONTROLS = {octet for octet in OCTETS if octet < b" " or octet == b"\x7f"}

#: RFC 9110 5.6.2, letter by letter.
TCHARS = {bytes([char]) for char in b"!#$%&'*+-.^_`|~"} | {
    octet for octet in OCTETS if octet.isalnum()
}


def matching(make_line, pattern) -> set[bytes]:
    """The octets that `pattern` takes at one place of a line."""
    return {octet for octet in OCTETS if pattern.fullmatch(make_line(octet))}


def test_names_are_tokens():
    assert matching(lambda octet: octet, grammar.FIELD_NAME) == TCHARS
    assert matching(lambda octet: b"a" + octet + b":\r\n", grammar.FIELD_LINE) == TCHARS | {b":"}
    assert not grammar.FIELD_NAME.fullmatch(b"")


def test_methods_are_tokens():
    taken = matching(lambda octet: octet + b" / HTTP/1.1\r\n", grammar.REQUEST_LINE)
    assert taken == TCHARS
    assert grammar.METHOD_PREFIX.match(b"GET /")[0] == b"GET"
    assert grammar.METHOD_PREFIX.match(b" GET")[0] == b""


def test_targets_are_visible():
    # RFC 9112 3.2: and never have a fragment.
    visible = {octet for octet in OCTETS if b" " < octet < b"\x7f"} - {b"#"}
    assert matching(lambda octet: octet, grammar.TARGET_SHAPE) == visible
    taken = matching(lambda octet: b"GET /" + octet + b" HTTP/1.1\r\n", grammar.REQUEST_LINE)
    assert taken == visible


def test_field_values_have_no_controls():
    # RFC 9110 5.5
    taken = matching(lambda octet: b"a:" + octet + b"\r\n", grammar.FIELD_LINE)
    assert taken == set(OCTETS) - CONTROLS | {b"\t"}


@pytest.mark.parametrize(
    ("pattern", "make_line"),
    [
        (grammar.CONTENT_LENGTH, lambda octet: octet),
        (grammar.REQUEST_LINE, lambda octet: b"GET / HTTP/" + octet + b".1\r\n"),
        (grammar.REQUEST_LINE, lambda octet: b"GET / HTTP/1." + octet + b"\r\n"),
        (grammar.HOST, lambda octet: b"a:" + octet),
        (grammar.STATUS_LINE, lambda octet: b"HTTP/1.1 20" + octet + b" OK\r\n"),
    ],
)
def test_digits_are_ascii(pattern, make_line):
    assert matching(make_line, pattern) == {octet for octet in OCTETS if octet.isdigit()}


def test_chunk_sizes_are_hexadecimal():
    taken = matching(lambda octet: octet + b"\r\n", grammar.CHUNK_HEADER)
    assert taken == {bytes([char]) for char in b"0123456789abcdefABCDEF"}


def test_quoted_strings():
    # RFC 9110 5.6.4: qdtext and quoted-pair
    def plain(octet: bytes) -> bytes:
        return b'0;a="' + octet + b'"\r\n'

    def escaped(octet: bytes) -> bytes:
        return b'0;a="\\' + octet + b'"\r\n'

    text = set(OCTETS) - CONTROLS | {b"\t"}
    assert matching(plain, grammar.CHUNK_HEADER) == text - {b'"', b"\\"}
    assert matching(escaped, grammar.CHUNK_HEADER) == text


def test_numbers_are_bounded():
    assert grammar.CONTENT_LENGTH.fullmatch(b"1" * 18)
    assert not grammar.CONTENT_LENGTH.fullmatch(b"1" * 19)
    assert grammar.CHUNK_HEADER.fullmatch(b"f" * 15 + b"\r\n")
    assert not grammar.CHUNK_HEADER.fullmatch(b"f" * 16 + b"\r\n")


@pytest.mark.parametrize(
    ("host", "name", "literal", "port"),
    [
        (b"example", b"example", None, None),
        (b"example:80", b"example", None, b"80"),
        (b"example:", b"example", None, b""),
        (b"", b"", None, None),
        (b"[::1]:80", None, b"::1", b"80"),
        (b"a%20b", b"a%20b", None, None),
    ],
)
def test_parts_of_a_host(host, name, literal, port):
    match = grammar.HOST.fullmatch(host)
    assert (match["name"], match["literal"], match["port"]) == (name, literal, port)


def test_framing_fields_are_found_in_any_case_and_only_at_the_start_of_a_line():
    block = b"Host: /\r\nHOST: a\r\nX-Host: b\r\nHosts: c\r\nx: Host: d\r\nexpect \t: e\r\n\r\n"
    assert grammar.FRAMING_FIELDS.findall(block) == [(b"HOST", b"a"), (b"expect", b"e")]


LONG = 200_000

#: What would cost an ordinary pattern quadratic time, or worse. Nothing is measured: the time that
#: the whole suite has is far above what linear patterns need, and far below what others would.
HOSTILE = {
    "request_line": (grammar.REQUEST_LINE, b"A" * LONG),
    "target": (grammar.REQUEST_LINE, b"GET " + b"/" * LONG),
    "field_block": (grammar.FIELD_BLOCK, b"a:b\r\n" * (LONG // 5) + b"\0"),
    "field_value": (grammar.FIELD_BLOCK, b"a:" + b" " * LONG + b"\0"),
    "chunk_extensions": (grammar.CHUNK_HEADER, b"0" + b";a=b" * (LONG // 4) + b"\0"),
    "chunk_white_space": (grammar.CHUNK_HEADER, b"0" + b" " * LONG),
    "chunk_string": (grammar.CHUNK_HEADER, b'0;a="' + b"\\a" * (LONG // 2)),
    "host_name": (grammar.HOST, b"a" * LONG + b"/"),
    "host_escapes": (grammar.HOST, b"%20" * (LONG // 3) + b"/"),
    "host_literal": (grammar.HOST, b"[" + b":" * LONG),
    "absolute_form": (grammar.ABSOLUTE_FORM, b"http://a/" + b"a" * LONG + b"\n"),
    "status_line": (grammar.STATUS_LINE, b"HTTP/1.1 200 " + b" " * LONG),
}


@pytest.mark.parametrize(("pattern", "data"), HOSTILE.values(), ids=HOSTILE)
def test_pattern_is_linear(pattern, data):
    assert not pattern.fullmatch(data)


@pytest.mark.parametrize(
    "filling", [b"\r", b" ", b"\r ", b"\n", b"\n ", b"content-length", b"host "]
)
@pytest.mark.parametrize("pattern", [grammar.FRAMING_FIELDS, grammar.HIDDEN_FRAMING])
def test_search_is_linear(pattern, filling):
    assert not pattern.search(filling * (LONG // len(filling)))
