import dataclasses

import pytest

from basehttpserver.settings import Settings
from tests.hostile.head_attacks import (
    BAD_LINE,
    BAD_METHOD,
    BAD_NAME,
    BAD_TARGET,
    EXPECTATIONS,
    FIELD_LINES,
    OTHER_BYTES,
    OVERSIZED_HEADS,
    REQUEST_LINES,
    TOO_LARGE_HEAD,
    TOO_LONG_FIELD,
    TOO_LONG_LINE,
    TOO_MANY,
    UNKNOWN_VERSION,
    with_line,
)
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

BARE_LF = Settings(accept_bare_lf=True)
LOOSE_LINE = Settings(accept_loose_request_line=True)
LOOSE_FIELDS = Settings(accept_loose_fields=True)
NO_HOST = Settings(accept_missing_host=True)
VERSION_0_9 = Settings(accept_http_0_9=True)


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


@pytest.mark.parametrize(("line", "answer"), REQUEST_LINES.values(), ids=REQUEST_LINES)
def test_attack_by_request_line(line, answer):
    assert refuse(with_line(line)) == answer


@pytest.mark.parametrize(("line", "answer"), FIELD_LINES.values(), ids=FIELD_LINES)
def test_attack_by_field_line(line, answer):
    assert refuse(request(line)) == answer


@pytest.mark.parametrize(("data", "answer"), OTHER_BYTES.values(), ids=OTHER_BYTES)
def test_attack_by_other_bytes(data, answer):
    assert refuse(data) == answer


@pytest.mark.parametrize(("value", "answer"), EXPECTATIONS.values(), ids=EXPECTATIONS)
def test_unknown_expectation(value, answer):
    assert refuse(request(b"Expect: " + value)) == answer


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


@pytest.mark.parametrize(("data", "answer"), OVERSIZED_HEADS.values(), ids=OVERSIZED_HEADS)
def test_default_limits_hold_before_a_line_ends(data, answer):
    assert refuse(data) == answer


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
