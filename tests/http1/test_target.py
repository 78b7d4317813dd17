import pytest

from tests.hostile.head_attacks import BAD_HOST, HOSTS, TARGETS, with_line
from tests.http1.delivery import accept, refuse, with_host


@pytest.mark.parametrize(
    ("line", "method", "version"),
    [
        # RFC 9112 3.2.1: origin-form; what browsers send in it raw passes.
        (b"GET /a/../b?c=%zz&d=\"<>\\^`{|}' HTTP/1.1", "GET", (1, 1)),
        (b"GET //host/path HTTP/1.1", "GET", (1, 1)),
        # RFC 9112 3.2.2: absolute-form.
        (b"GET http://example/path?query HTTP/1.1", "GET", (1, 1)),
        (b"GET HTTPS://[::1]:8000 HTTP/1.1", "GET", (1, 1)),
        (b"GET http://example?query HTTP/1.1", "GET", (1, 1)),
        (b"OPTIONS http://example HTTP/1.1", "OPTIONS", (1, 1)),
        # RFC 9112 3.2.3: authority-form.
        (b"CONNECT example:443 HTTP/1.1", "CONNECT", (1, 1)),
        # RFC 9112 3.2.4: asterisk-form.
        (b"OPTIONS * HTTP/1.1", "OPTIONS", (1, 1)),
    ],
)
def test_target_accepted(line, method, version):
    head = accept(with_line(line)).head
    assert (head.method, head.version) == (method, version)


@pytest.mark.parametrize(("line", "answer"), TARGETS.values(), ids=TARGETS)
def test_attack_by_target(line, answer):
    assert refuse(with_line(line)) == answer


@pytest.mark.parametrize(
    "host",
    [
        b"example",
        b"example:80",
        b"example:65535",
        b"example:",
        b"",
        b"127.0.0.1:8000",
        b"under_score.example",
        b"%C3%A9.example",
        b"[::]",
        b"[::1]:8000",
        b"[2001:DB8::192.0.2.1]",
        b"[1:2:3:4:5:6:7:8]",
    ],
)
def test_host_accepted(host):
    accept(with_host(host))


def test_http_1_0_needs_no_host():
    assert accept(b"GET / HTTP/1.0\r\n\r\n").head.version == (1, 0)


@pytest.mark.parametrize(("values", "answer"), HOSTS.values(), ids=HOSTS)
def test_attack_by_host(values, answer):
    assert refuse(with_host(*values)) == answer


def test_absolute_form_does_not_excuse_a_bad_host():
    # RFC 9112 3.2.2: the authority counts, and yet 3.2: any invalid Host is refused.
    data = with_host(b"a b").replace(b"GET /", b"GET http://example/")
    assert refuse(data) == BAD_HOST
