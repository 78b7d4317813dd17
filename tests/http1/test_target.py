import pytest

from tests.http1.delivery import accept, refuse, request, with_host

BAD_LINE = (400, "Bad request line")
BAD_TARGET = (400, "Bad request target")
BAD_HOST = (400, "Bad Host header")


def with_line(line: bytes) -> bytes:
    return request(line=line)


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


TARGETS = {
    # RFC 9112 3.2: the form of the target
    "target_with_space": (b"GET /a b HTTP/1.1", BAD_LINE),
    "target_with_request_behind": (b"GET / HTTP/1.1 GET / HTTP/1.1", BAD_LINE),
    "target_with_fragment": (b"GET /#fragment HTTP/1.1", BAD_TARGET),
    "target_with_control": (b"GET /\x1b[31m HTTP/1.1", BAD_TARGET),
    "target_with_delete": (b"GET /\x7f HTTP/1.1", BAD_TARGET),
    "target_not_ascii": (b"GET /\xc3\xa9 HTTP/1.1", BAD_TARGET),
    "target_without_slash": (b"GET path HTTP/1.1", BAD_TARGET),
    "target_asterisk_to_get": (b"GET * HTTP/1.1", BAD_TARGET),
    "target_asterisk_and_more": (b"OPTIONS *a HTTP/1.1", BAD_TARGET),
    "target_authority_to_get": (b"GET example:80 HTTP/1.1", BAD_TARGET),
    "target_origin_to_connect": (b"CONNECT / HTTP/1.1", BAD_TARGET),
    "target_absolute_to_connect": (b"CONNECT http://example/ HTTP/1.1", BAD_TARGET),
    # RFC 9110 9.3.6: an empty or invalid port
    "connect_without_port": (b"CONNECT example HTTP/1.1", BAD_TARGET),
    "connect_with_empty_port": (b"CONNECT example: HTTP/1.1", BAD_TARGET),
    "connect_with_bad_port": (b"CONNECT example:65536 HTTP/1.1", BAD_TARGET),
    "connect_without_host": (b"CONNECT :443 HTTP/1.1", BAD_TARGET),
    # RFC 9110 4.2.1: an empty host; 4.2.4: userinfo
    "absolute_without_host": (b"GET http:///path HTTP/1.1", BAD_TARGET),
    "absolute_with_port_alone": (b"GET http://:80/path HTTP/1.1", BAD_TARGET),
    "absolute_with_user": (b"GET http://user:word@example/ HTTP/1.1", BAD_TARGET),
    "absolute_with_bad_port": (b"GET http://example:99999/ HTTP/1.1", BAD_TARGET),
    "absolute_with_bad_literal": (b"GET http://[::1/ HTTP/1.1", BAD_TARGET),
    "absolute_with_one_slash": (b"GET http:/example/ HTTP/1.1", BAD_TARGET),
    "absolute_of_other_scheme": (b"GET ftp://example/ HTTP/1.1", BAD_TARGET),
    "javascript": (b"GET javascript:alert(1) HTTP/1.1", BAD_TARGET),
}


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


HOSTS = {
    # RFC 9112 3.2
    "host_missing": ([], (400, "Missing Host header")),
    "host_twice": ([b"example", b"other"], (400, "Two Host headers")),
    "host_twice_equal": ([b"example", b"example"], (400, "Two Host headers")),
    "host_list": ([b"example, other"], BAD_HOST),
    # RFC 3986 3.2.2
    "host_with_slash": ([b"example/path"], BAD_HOST),
    "host_with_question_mark": ([b"example?"], BAD_HOST),
    "host_with_fragment": ([b"example#"], BAD_HOST),
    "host_with_user": ([b"user@example"], BAD_HOST),
    "host_with_space": ([b"exa mple"], BAD_HOST),
    "host_with_tab": ([b"exa\tmple"], BAD_HOST),
    "host_with_backslash": ([b"example\\"], BAD_HOST),
    "host_not_ascii": ([b"ex\xe4mple"], BAD_HOST),
    "host_with_bad_escape": ([b"example%2"], BAD_HOST),
    "host_with_port_of_letters": ([b"example:http"], BAD_HOST),
    "host_with_port_signed": ([b"example:+80"], BAD_HOST),
    "host_with_port_too_large": ([b"example:65536"], BAD_HOST),
    "host_with_port_too_long": ([b"example:000080"], BAD_HOST),
    "host_with_two_ports": ([b"example:80:80"], BAD_HOST),
    "host_ipv6_without_brackets": ([b"::1"], BAD_HOST),
    "host_ipv6_not_closed": ([b"[::1"], BAD_HOST),
    "host_ipv6_and_more": ([b"[::1]x"], BAD_HOST),
    "host_ipv6_empty": ([b"[]"], BAD_HOST),
    "host_ipv6_two_gaps": ([b"[1::2::3]"], BAD_HOST),
    "host_ipv6_three_colons": ([b"[:::]"], BAD_HOST),
    "host_ipv6_too_short": ([b"[1:2:3]"], BAD_HOST),
    "host_ipv6_too_long": ([b"[1:2:3:4:5:6:7:8:9]"], BAD_HOST),
    "host_ipv6_long_group": ([b"[12345::]"], BAD_HOST),
    "host_ipv6_with_zone": ([b"[fe80::1%25eth0]"], BAD_HOST),
    "host_ipv4_in_brackets": ([b"[127.0.0.1]"], BAD_HOST),
    "host_ipv4_at_the_wrong_end": ([b"[1.2.3.4::]"], BAD_HOST),
    "host_ipv4_of_three_numbers": ([b"[::1.2.3]"], BAD_HOST),
    "host_ipv4_too_large": ([b"[::1.2.3.256]"], BAD_HOST),
    "host_ipv4_with_zeros": ([b"[::1.2.3.00004]"], BAD_HOST),
}


@pytest.mark.parametrize(("values", "answer"), HOSTS.values(), ids=HOSTS)
def test_attack_by_host(values, answer):
    assert refuse(with_host(*values)) == answer


def test_absolute_form_does_not_excuse_a_bad_host():
    # RFC 9112 3.2.2: the authority counts, and yet 3.2: any invalid Host is refused.
    data = with_host(b"a b").replace(b"GET /", b"GET http://example/")
    assert refuse(data) == BAD_HOST
