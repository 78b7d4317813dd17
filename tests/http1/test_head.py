import dataclasses

import pytest

from basehttpserver.settings import Settings
from tests.http1.delivery import (
    STRICT,
    Exchange,
    Refusal,
    accept,
    deliver,
    refuse,
    request,
    with_host,
)

BAD_LINE = (400, "Bad request line")
BAD_METHOD = (400, "Bad method")
BAD_TARGET = (400, "Bad request target")
BAD_VERSION = (400, "Bad request version")
BAD_HOST = (400, "Bad Host header")
BAD_NAME = (400, "Bad header name")
BAD_VALUE = (400, "Bad header value")
UNKNOWN_VERSION = (505, "HTTP Version Not Supported")

BARE_LF = Settings(accept_bare_lf=True)
LOOSE_LINE = Settings(accept_loose_request_line=True)
LOOSE_FIELDS = Settings(accept_loose_fields=True)
NO_HOST = Settings(accept_missing_host=True)
VERSION_0_9 = Settings(accept_http_0_9=True)


def with_line(line: bytes) -> bytes:
    return request(line=line)


# What is right.


def test_head_is_kept_as_it_came():
    data = request(b"X-Name:  value\t", b"x-empty:", b"X-Latin: \xe4\xff")
    head = accept(data).head
    assert head.raw == data
    assert (head.method, head.version) == ("GET", (1, 1))
    assert (head.body_length, head.refusal) == (0, None)


@pytest.mark.parametrize(
    ("line", "method", "version"),
    [
        (b"GET / HTTP/1.1", "GET", (1, 1)),
        (b"GET / HTTP/1.0", "GET", (1, 0)),
        # RFC 9110 2.5: a minor version above ours is served as ours.
        (b"GET / HTTP/1.9", "GET", (1, 9)),
        # RFC 9110 9.1: methods are tokens, and case-sensitive.
        (b"get / HTTP/1.1", "get", (1, 1)),
        (b"!#$%&'*+-.^_`|~09azAZ / HTTP/1.1", "!#$%&'*+-.^_`|~09azAZ", (1, 1)),
    ],
)
def test_request_line_accepted(line, method, version):
    head = accept(with_line(line)).head
    assert (head.method, head.version) == (method, version)


def test_one_empty_line_before_a_request_line_is_skipped():
    # RFC 9112 2.2; and again before the next request.
    one, two = deliver((b"\r\n" + request()) * 2)
    assert isinstance(one, Exchange)
    assert one.head == two.head
    assert one.head.raw == request()


@pytest.mark.parametrize(
    ("version", "field_lines", "keeps_alive"),
    [
        # RFC 9112 9.3, in its order.
        (b"1.1", [b"Connection: close"], False),
        (b"1.1", [b"Connection: Upgrade, CLOSE"], False),
        (b"1.1", [b"Connection: keep-alive", b"Connection: close"], False),
        (b"1.1", [b"Connection: closed"], True),
        (b"1.1", [], True),
        (b"1.0", [b"Connection: Keep-Alive"], True),
        (b"1.0", [b"Connection: keep-alive, close"], False),
        (b"1.0", [b"Connection: x"], False),
        (b"1.0", [], False),
    ],
)
def test_persistence(version, field_lines, keeps_alive):
    exchange = accept(request(*field_lines, line=b"GET / HTTP/" + version))
    assert exchange.head.keeps_alive is keeps_alive
    assert exchange.goes_on is keeps_alive


@pytest.mark.parametrize(
    ("version", "field_lines", "expects"),
    [
        (b"1.1", [b"Expect: 100-continue"], True),
        (b"1.1", [b"expect:\t100-Continue "], True),
        # A list (RFC 9110 10.1.1), and nothing but what we can meet in it.
        (b"1.1", [b"Expect: 100-continue, 100-continue"], True),
        (b"1.1", [b"Expect: 100-continue"] * 2, True),
        (b"1.1", [], False),
        # RFC 9110 10.1.1: ignored in HTTP/1.0.
        (b"1.0", [b"Expect: 100-continue"], False),
        (b"1.0", [b"Expect: a miracle"], False),
    ],
)
def test_expect(version, field_lines, expects):
    exchange = accept(request(*field_lines, line=b"GET / HTTP/" + version))
    assert exchange.head.expects_continue is expects


# Attacks: what is wrong, its answer, and the reason.


REQUEST_LINES = {
    # RFC 9112 3: method SP request-target SP HTTP-version
    "line_of_one_word": (b"GET", BAD_LINE),
    "line_without_version": (b"GET /", BAD_LINE),
    "line_with_space_before": (b" GET / HTTP/1.1", BAD_LINE),
    "line_with_space_behind": (b"GET / HTTP/1.1 ", BAD_LINE),
    "line_with_two_spaces": (b"GET  / HTTP/1.1", BAD_LINE),
    "line_with_tab": (b"GET\t/ HTTP/1.1", BAD_LINE),
    "line_with_tab_behind_target": (b"GET /\tHTTP/1.1", BAD_LINE),
    "line_with_vertical_tab": (b"GET\x0b/ HTTP/1.1", BAD_LINE),
    "line_with_bare_cr": (b"GET /\rX HTTP/1.1", BAD_TARGET),
    "line_with_bare_cr_at_its_end": (b"GET / HTTP/1.1\r", BAD_VERSION),
    "line_with_nul": (b"GET /\0 HTTP/1.1", BAD_TARGET),
    # RFC 9110 9.1: method = token
    "method_empty": (b" / HTTP/1.1", BAD_LINE),
    "method_no_token": (b"G@T / HTTP/1.1", BAD_LINE),
    "method_with_colon": (b"Host: GET / HTTP/1.1", BAD_LINE),
    "method_not_ascii": (b"G\xc9T / HTTP/1.1", BAD_LINE),
    "method_too_long": (b"A" * 256 + b" / HTTP/1.1", BAD_METHOD),
    "tls_hello": (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        (400, "TLS on a port of plain HTTP"),
    ),
    # RFC 9112 2.3: HTTP-version
    "version_in_lower_case": (b"GET / http/1.1", BAD_VERSION),
    "version_of_other_protocol": (b"GET / HTCPCP/1.1", BAD_VERSION),
    "version_with_long_minor": (b"GET / HTTP/1.10", BAD_VERSION),
    "version_with_long_major": (b"GET / HTTP/01.1", BAD_VERSION),
    "version_of_three_numbers": (b"GET / HTTP/1.1.1", BAD_VERSION),
    "version_without_minor": (b"GET / HTTP/1", BAD_VERSION),
    "version_without_slash": (b"GET / HTTP1.1", BAD_VERSION),
    "version_with_plus": (b"GET / HTTP/+1.1", BAD_VERSION),
    "version_with_comma": (b"GET / HTTP/1,1", BAD_VERSION),
    "version_with_foreign_digit": (b"GET / HTTP/1.\xb9", BAD_VERSION),
    "version_empty": (b"GET / ", BAD_VERSION),
    # RFC 9110 15.6.6
    "version_0_9_by_name": (b"GET / HTTP/0.9", UNKNOWN_VERSION),
    "version_2": (b"GET / HTTP/2.0", UNKNOWN_VERSION),
    "version_9": (b"GET / HTTP/9.9", UNKNOWN_VERSION),
    # RFC 9113 3.4: the preface of HTTP/2
    "preface_of_http_2": (b"PRI * HTTP/2.0\r\n\r\nSM", UNKNOWN_VERSION),
}


@pytest.mark.parametrize(("line", "answer"), REQUEST_LINES.values(), ids=REQUEST_LINES)
def test_attack_by_request_line(line, answer):
    assert refuse(with_line(line)) == answer


FIELD_LINES = {
    # RFC 9112 5: field-line = field-name ":" OWS field-value OWS
    "field_without_colon": (b"Name", BAD_NAME),
    "field_name_empty": (b": value", BAD_NAME),
    "field_space_before_colon": (b"Name : value", BAD_NAME),
    "field_tab_before_colon": (b"Name\t: value", BAD_NAME),
    "field_space_in_name": (b"Na me: value", BAD_NAME),
    "field_name_no_token": (b"Na(me): value", BAD_NAME),
    "field_name_not_ascii": (b"N\xe4me: value", BAD_NAME),
    "field_nul_in_name": (b"Na\0me: value", BAD_NAME),
    "field_cr_in_name": (b"Na\rme: value", BAD_NAME),
    # RFC 9112 5.2: obs-fold
    "field_folded": (b"Name: value\r\n more", (400, "Folded header")),
    "field_folded_by_tab": (b"Name: value\r\n\tmore", (400, "Folded header")),
    "field_folded_and_empty": (b"Name: value\r\n ", (400, "Folded header")),
    # RFC 9110 5.5: field-value
    "field_nul_in_value": (b"Name: a\0b", BAD_VALUE),
    "field_escape_in_value": (b"Name: \x1b[31m", BAD_VALUE),
    "field_vertical_tab_in_value": (b"Name: a\x0bb", BAD_VALUE),
    "field_delete_in_value": (b"Name: a\x7fb", BAD_VALUE),
    # RFC 9112 2.2: bare CR, bare LF
    "field_bare_cr": (b"Name: a\rb", (400, "Bare CR")),
    "field_bare_cr_hides_a_field": (b"Name: a\rContent-Length: 5", (400, "Bare CR")),
    "field_bare_cr_at_its_end": (b"Name: a\r", (400, "Bare CR")),
    "field_bare_lf": (b"Name: a\nOther: b", (400, "Bare LF")),
    "end_of_head_bare_lf": (b"Name: a\r\n\nX", (400, "Bare LF")),
    "end_of_head_two_bare_lf": (b"Name: a\n\nX", (400, "Bare LF")),
    "end_of_head_bare_cr": (b"Name: a\r\n\rX", BAD_NAME),
    "end_of_head_cr_cr_lf": (b"Name: a\r\n\r\r\nX", BAD_NAME),
}


@pytest.mark.parametrize(("line", "answer"), FIELD_LINES.values(), ids=FIELD_LINES)
def test_attack_by_field_line(line, answer):
    assert refuse(request(line)) == answer


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        # RFC 9112 2.2: white space between the request line and the first field.
        pytest.param(
            b"GET / HTTP/1.1\r\n Host: example\r\n\r\n", (400, "Folded header"), id="white_space"
        ),
        pytest.param(b"GET / HTTP/1.1\nHost: a\r\n\r\n", (400, "Bare LF"), id="line_bare_lf"),
        pytest.param(b"\r\n\r\n" + request(), BAD_LINE, id="two_empty_lines_before"),
        pytest.param(b"\n" + request(), BAD_LINE, id="bare_lf_before"),
        pytest.param(b"\r" + request(), BAD_LINE, id="bare_cr_before"),
        pytest.param(b"\0" * 10, BAD_LINE, id="nuls"),
        pytest.param(b"A" * 1_000_000, BAD_METHOD, id="megabyte_of_method"),
        # RFC 9112 8: what was cut off is answered, where it still can be.
        pytest.param(b"GET / HTT", (400, "Incomplete request"), id="line_cut_off"),
        pytest.param(b"GET / HTTP/1.0\r\n", (400, "Incomplete request"), id="head_cut_off"),
        pytest.param(b"\r", (400, "Incomplete request"), id="empty_line_cut_off"),
    ],
)
def test_attack_by_other_bytes(data, answer):
    assert refuse(data) == answer


@pytest.mark.parametrize("value", [b"a miracle", b"100-continue, more", b"100-continue-or-not"])
def test_unknown_expectation(value):
    # RFC 9110 10.1.1
    assert refuse(request(b"Expect: " + value)) == (417, "Expectation Failed")


def test_silence_is_no_request():
    assert deliver(b"") == []
    assert deliver(b"\r\n") == []


def test_nothing_is_read_behind_a_refusal():
    events = deliver(request(b"bad") + request())
    assert events == [Refusal(*BAD_NAME, "GET")]


@pytest.mark.parametrize(
    ("data", "method"),
    [
        # The answer to HEAD has no body, and http.server asks for do_METHOD first.
        (request(b"bad", line=b"HEAD / HTTP/1.1"), "HEAD"),
        (request(b"bad", line=b"HEAD / HTTP/1.0"), "HEAD"),
        (request(line=b"HEAD x HTTP/1.1"), "HEAD"),
        (request(line=b"HEAD /\x01 HTTP/1.1"), ""),
        (request(line=b"HEAD / HTTP/2.0"), ""),
        (request(line=b"A" * 300 + b" / HTTP/1.1"), ""),
    ],
)
def test_method_of_a_refused_head(data, method):
    [refusal] = deliver(data)
    assert isinstance(refusal, Refusal)
    assert refusal.method == method


# Limits: what is exactly at one passes, one byte more does not.


def padded(size: int) -> bytes:
    """Make a head of `size` bytes, in lines of less than a hundred."""
    data = request()
    while size - len(data) > 100:
        data = data[:-2] + b"X: " + b"x" * 45 + b"\r\n\r\n"
    return data[:-2] + b"Y: " + b"y" * (size - len(data) - 5) + b"\r\n\r\n"


def long_line(size: int) -> bytes:
    return b"GET /" + b"a" * (size - 16) + b" HTTP/1.1"


def long_field(size: int) -> bytes:
    return b"X: " + b"x" * (size - 5)


TOO_LONG_LINE = (414, "URI Too Long")
TOO_LONG_FIELD = (431, "Line too long")
TOO_MANY = (431, "Too many headers")
TOO_LARGE_HEAD = (431, "Head too large")

LIMITS = {
    "request_line": (
        Settings(max_request_line_bytes=300),
        lambda over: with_line(long_line(300 + over)),
        TOO_LONG_LINE,
    ),
    "request_line_short": (
        Settings(max_request_line_bytes=30),
        lambda over: with_line(long_line(30 + over)),
        TOO_LONG_LINE,
    ),
    "method": (STRICT, lambda over: with_line(b"A" * (255 + over) + b" / HTTP/1.1"), BAD_METHOD),
    "field_line": (
        Settings(max_field_line_bytes=50),
        lambda over: request(long_field(50 + over)),
        TOO_LONG_FIELD,
    ),
    "field_line_last_in_head": (
        Settings(max_field_line_bytes=50, max_head_bytes=83 + 2),
        lambda over: request(long_field(50 + over)),
        TOO_LONG_FIELD,
    ),
    "count_of_fields": (
        Settings(max_fields=10),
        lambda over: request(*[b"X: x"] * (9 + over)),
        TOO_MANY,
    ),
    "no_fields": (
        Settings(max_fields=0),
        lambda over: b"GET / HTTP/1.0\r\n" + b"X: x\r\n" * over + b"\r\n",
        TOO_MANY,
    ),
    "head": (Settings(max_head_bytes=400), lambda over: padded(400 + over), TOO_LARGE_HEAD),
    "head_of_one_field": (
        Settings(max_head_bytes=100, max_field_line_bytes=90),
        lambda over: padded(100 + over),
        TOO_LARGE_HEAD,
    ),
}


@pytest.mark.parametrize(("settings", "make", "answer"), LIMITS.values(), ids=LIMITS)
def test_limit(settings, make, answer):
    accept(make(0), settings)
    assert refuse(make(1), settings) == answer


@pytest.mark.parametrize(("settings", "make", "answer"), LIMITS.values(), ids=LIMITS)
def test_limit_holds_with_relaxed_rules(settings, make, answer):
    relaxed = dataclasses.replace(settings, accept_bare_lf=True, accept_loose_fields=True)
    assert refuse(make(1), relaxed) == answer


def test_request_line_over_the_limit_of_the_head():
    assert refuse(with_line(long_line(31)), Settings(max_head_bytes=30)) == TOO_LONG_LINE


def test_first_fault_is_found_where_a_line_is_over_its_limit_and_wrong():
    settings = Settings(max_request_line_bytes=20)
    assert refuse(b"A" * 20 + b": x\r\n", settings) == BAD_LINE
    assert refuse(b"A" * 21 + b": x\r\n", settings) == TOO_LONG_LINE


def test_default_limits_hold_before_a_line_ends():
    assert refuse(b"GET /" + b"a" * 65536) == TOO_LONG_LINE
    assert refuse(b"GET / HTTP/1.1\r\nX: " + b"x" * 65536) == TOO_LONG_FIELD
    assert refuse(b"GET / HTTP/1.1\r\n" + (b"X: " + b"x" * 60000 + b"\r\n") * 3) == TOO_LARGE_HEAD
    assert refuse(b"GET / HTTP/1.1\r\n" + b"X:\r\n" * 101) == TOO_MANY


# Relaxed rules: what each of them alone lets through.


@pytest.mark.parametrize("values", [[], [b"one", b"two"], [b"a/b"], [b"[::"], [b"a b"]])
def test_accept_missing_host(values):
    accept(with_host(*values), NO_HOST)


def test_accept_bare_lf():
    for data in (
        request().replace(b"\r\n", b"\n"),
        request().replace(b"\r\n", b"\n", 1),
        request()[:-4] + b"\r\n\n",
        request()[:-4] + b"\n\r\n",
    ):
        assert accept(data, BARE_LF).head.raw == data


@pytest.mark.parametrize(
    "line",
    [
        b"GET  \t / HTTP/1.1",
        b" GET / HTTP/1.1 ",
        b"GET path HTTP/1.1",
        b"GET /\xc3\xa9\x01#fragment HTTP/1.1",
        b"GET /a b HTTP/1.1",  # The handler refuses it in its own words; so below.
        b"G\xc9T / HTTP/1.1",
        b"GET / HTTP/1.10",
        b"GET / HTTP/2.0",
        b"GET / FTP/1.1",
        b"GET / HTTP/x",
    ],
)
def test_accept_loose_request_line(line):
    accept(with_line(line), LOOSE_LINE)


@pytest.mark.parametrize(
    ("line", "version"),
    [
        (b"GET / HTTP/1.1", (1, 1)),
        (b"GET / HTTP/1.12", (1, 12)),
        (b"GET / HTTP/1.99999999999999999999", (1, 9999999999)),
        (b"GET / HTTP/1.1.1", (1, 0)),
        (b"GET / HTTP/1.\xb2", (1, 0)),
    ],
)
def test_version_of_a_loose_request_line(line, version):
    assert accept(with_line(line), LOOSE_LINE).head.version == version


@pytest.mark.parametrize(
    "line",
    [
        b"SSH-2.0-OpenSSH_9.9 Ubuntu 3\r",
        b"GET /a b HTTP/1.1",
        b"GET / FTP/1.1",
        b"GET / HTTP/1.99999999999999999999",
    ],
)
def test_line_that_the_handler_refuses_is_a_whole_head(line):
    """Nothing needs to follow: http.server refuses such a line at once."""
    head = accept(line + b"\n", dataclasses.replace(BARE_LF, accept_loose_request_line=True)).head
    assert (head.raw, head.keeps_alive) == (line + b"\n", False)


def test_accept_loose_fields():
    for line in (b"no colon", b"Na me: a", b"Name: \0\x7f", b"Name: a\r\n folded", b"Expect: more"):
        accept(request(line), LOOSE_FIELDS)


def test_loose_field_may_be_folded_and_still_counts():
    folded = request(b"Connection:\r\n\tclose")
    assert not accept(folded, LOOSE_FIELDS).head.keeps_alive


def test_accept_http_0_9():
    for line in (b"GET /\r\n", b"GET http://example/\r\n"):
        head = accept(line, VERSION_0_9).head
        assert (head.raw, head.version, head.keeps_alive) == (line, (0, 9), False)


def test_http_0_9_with_loose_request_line():
    settings = Settings(accept_http_0_9=True, accept_loose_request_line=True)
    for line in (b"GET /\r\n", b"POST  /\r\n", b"word\r\n", b" \r\n"):
        assert accept(line, settings).head.version == (0, 9)


RELAXED = {
    "missing_host": NO_HOST,
    "http_0_9": VERSION_0_9,
    "bare_lf": BARE_LF,
    "loose_request_line": LOOSE_LINE,
    "loose_fields": LOOSE_FIELDS,
}

#: What is refused unless the one rule that is named lets it through.
REFUSED_BUT_FOR = {
    "missing_host": with_host(),
    "http_0_9": b"GET /\r\n\r\n",
    "bare_lf": request(b"A: a\nB: b"),
    "loose_request_line": with_line(b"GET  / HTTP/1.1"),
    "loose_fields": request(b"no colon"),
}


@pytest.mark.parametrize("rule", RELAXED)
@pytest.mark.parametrize("wrong", REFUSED_BUT_FOR)
def test_relaxed_rule_relaxes_nothing_else(rule, wrong):
    if rule != wrong:
        assert refuse(REFUSED_BUT_FOR[wrong], RELAXED[rule])[0] == 400


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"GET /\x1b[31m", BAD_LINE),
        (b"GET /#fragment", BAD_LINE),
        (b"GET ", BAD_LINE),
        (b"GET path", BAD_TARGET),
        (b"POST /", BAD_LINE),
        (b"GET  /", BAD_TARGET),
    ],
)
def test_http_0_9_has_the_same_targets(line, answer):
    assert refuse(line + b"\r\n", VERSION_0_9) == answer


def test_first_fault_in_the_order_of_bytes_is_the_answer():
    assert refuse(b"GET x HTTP/2.0\r\nbad\r\n\r\n") == BAD_NAME
    assert refuse(b"GET x HTTP/2.0\r\n\r\n") == UNKNOWN_VERSION
    assert refuse(b"GET x HTTP/1.1\r\n\r\n") == BAD_TARGET
