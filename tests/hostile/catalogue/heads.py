"""Request line, target and Host: what is asked, and of whom."""

from tests.hostile.catalogue.row import Row

__all__ = ["HEADS"]

HEADS = [
    Row(
        "request_line",
        "a request line that is not method, target, version with one space between; a method "
        "that is no token",
        "400, close",
        rfc="9112 3, 9110 9.1",
        setting="accept_loose_request_line",
        attack_names=r"line_(?!with_bare_cr|end_).*|method_(?!too_long).*",
    ),
    Row(
        "version",
        "a version that is not `HTTP/`, digit, `.`, digit",
        "400, close",
        rfc="9112 2.3",
        setting="accept_loose_request_line",
        attack_names=r"version_(?!\d).*",
    ),
    Row(
        "major_version",
        "a major version other than 1; the preface of HTTP/2",
        "505, close",
        rfc="9110 15.6.6",
        attack_names=r"version_\d.*|preface_of_http_2",
    ),
    Row(
        "version_0_9",
        "`GET /path` without a version",
        "400, close",
        rfc="9112 3",
        setting="accept_http_0_9",
        attack_names=r"line_without_version",
    ),
    Row(
        "target",
        "a target with a space, `#`, a control character or a byte above 126; no path and no "
        "`http` URL; `*` but for OPTIONS, host and port but for CONNECT",
        "400, close",
        rfc="9112 3.2",
        setting="accept_loose_request_line",
        attack_names=r"target_.*|connect_.*|javascript",
    ),
    Row(
        "absolute_target",
        "a URL as the target",
        "served, where its authority is valid and without a user, and Host is valid, too: else "
        "400, close",
        rfc="9112 3.2.2, 9110 4.2.4",
        setting="accept_loose_request_line",
        attack_names=r"absolute_.*",
        tests=("http1/test_target.py::test_absolute_form_does_not_excuse_a_bad_host",),
    ),
    Row(
        "unknown_method",
        "a method for which the handler has no `do_METHOD`",
        "501, close",
        rfc="9110 15.6.2",
        tests=(
            "hostile/test_requests.py::test_connect",
            "wire/test_silent_clients.py::TestBodiesThatDoNotCome::"
            "test_nor_for_a_body_that_nobody_would_read",
        ),
    ),
    Row(
        "two_slashes",
        "a target that begins with `//`",
        "`path` begins with one slash, so that no redirect can lead to another host",
        tests=(
            "api/test_handler.py::test_leading_slashes_collapse",
            "api/test_files.py::TestRedirect::test_never_leads_to_another_host",
        ),
    ),
    Row(
        "host",
        "HTTP/1.1 without Host, with two, or with one that is no host and port",
        "400, close",
        rfc="9112 3.2, 3986 3.2.2",
        setting="accept_missing_host",
        attack_names=r"host_.*",
    ),
    Row(
        "long_request_line",
        "a request line over its limit, also in many packets",
        "414, close, before its end has come",
        rfc="9110 15.5.15",
        setting="max_request_line_bytes",
        attack_names=r"request_line_too_long",
        tests=("http1/test_head.py::test_limit",),
    ),
    Row(
        "large_head",
        "a field line, a head or a number of fields over its limit, also in many packets",
        "431, close, before its end has come",
        rfc="6585 5",
        setting="max_head_bytes",
        attack_names=r"field_line_too_long|head_too_large|fields_too_many",
        tests=(
            "http1/test_head.py::test_limit",
            "http1/test_head.py::test_limit_holds_with_relaxed_rules",
        ),
    ),
    Row(
        "backtracking",
        "60 KB of one piece over and over, wherever a pattern looks; or a byte at a time",
        "as any other: each byte is looked at a bounded number of times",
        tests=(
            "hostile/test_patterns.py::test_no_pattern_goes_back",
            "hostile/test_patterns.py::test_bytes_are_looked_at_once_although_they_come_one_by_one",
            "http1/test_framing.py::test_search_for_hidden_framing_is_linear",
        ),
    ),
    Row(
        "no_http_at_all",
        "a megabyte of letters, NULs, a TLS hello on a port of plain HTTP",
        "400, close, at the first bytes",
        rfc="9112 3",
        attack_names=r"megabyte_of_method|method_too_long|nuls|tls_hello",
    ),
    Row(
        "no_tls",
        "plain HTTP on a port of TLS; a handshake that is none",
        "a plain 400, or closed, and one line in the log a second at most",
        tests=("hostile/test_requests.py::test_no_tls",),
    ),
]
