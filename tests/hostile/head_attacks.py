"""Attacks by the head of a request: what is wrong with each, and its answer."""

from tests.http1.delivery import request

BAD_LINE = (400, "Bad request line")
BAD_METHOD = (400, "Bad method")
BAD_TARGET = (400, "Bad request target")
BAD_VERSION = (400, "Bad request version")
BAD_HOST = (400, "Bad Host header")
BAD_NAME = (400, "Bad header name")
BAD_VALUE = (400, "Bad header value")
UNKNOWN_VERSION = (505, "HTTP Version Not Supported")
TOO_LONG_LINE = (414, "URI Too Long")
TOO_LONG_FIELD = (431, "Line too long")
TOO_MANY = (431, "Too many headers")
TOO_LARGE_HEAD = (431, "Head too large")


def with_line(line: bytes) -> bytes:
    return request(line=line)


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


OTHER_BYTES = {
    # RFC 9112 2.2: white space between the request line and the first field.
    "white_space_before_the_first_field": (
        b"GET / HTTP/1.1\r\n Host: example\r\n\r\n",
        (400, "Folded header"),
    ),
    "line_end_bare_lf": (b"GET / HTTP/1.1\nHost: a\r\n\r\n", (400, "Bare LF")),
    "two_empty_lines_before": (b"\r\n\r\n" + request(), BAD_LINE),
    "bare_lf_before": (b"\n" + request(), BAD_LINE),
    "bare_cr_before": (b"\r" + request(), BAD_LINE),
    "nuls": (b"\0" * 10, BAD_LINE),
    "megabyte_of_method": (b"A" * 1_000_000, BAD_METHOD),
    # RFC 9112 8: what was cut off is answered, where it still can be.
    "cut_in_request_line": (b"GET / HTT", (400, "Incomplete request")),
    "cut_in_head": (b"GET / HTTP/1.0\r\n", (400, "Incomplete request")),
    "cut_in_empty_line": (b"\r", (400, "Incomplete request")),
}


EXPECTATIONS = {
    # RFC 9110 10.1.1
    "expectation_unknown": (b"a miracle", (417, "Expectation Failed")),
    "expectation_and_more": (b"100-continue, more", (417, "Expectation Failed")),
    "expectation_longer": (b"100-continue-or-not", (417, "Expectation Failed")),
}


OVERSIZED_HEADS = {
    # Over the limits that settings have by default, and no end of a line in sight.
    "request_line_too_long": (b"GET /" + b"a" * 65536, TOO_LONG_LINE),
    "field_line_too_long": (b"GET / HTTP/1.1\r\nX: " + b"x" * 65536, TOO_LONG_FIELD),
    "head_too_large": (
        b"GET / HTTP/1.1\r\n" + (b"X: " + b"x" * 60000 + b"\r\n") * 3,
        TOO_LARGE_HEAD,
    ),
    "fields_too_many": (b"GET / HTTP/1.1\r\n" + b"X:\r\n" * 101, TOO_MANY),
}
