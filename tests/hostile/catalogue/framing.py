"""Where a request ends: two who disagree about that are how requests are smuggled."""

from tests.hostile.catalogue.row import Row

__all__ = ["FRAMING"]

CONVERSATIONS = "wire/test_conversations.py"

FRAMING = [
    Row(
        "length_and_coding",
        "`Content-Length` and `Transfer-Encoding` in one request",
        "400, close",
        rfc="9112 6.1, 9112 6.3",
        attack_names=r"smuggle_(content_length_then_coding|coding_then_content_length"
        r"|coding_and_bad_content_length|bad_coding_and_content_length)",
        tests=("http1/test_framing.py::test_combination_is_never_relaxed",),
    ),
    Row(
        "obfuscated_coding",
        "`Transfer-Encoding` that is not just `chunked`: another word, quotes, an inner tab, "
        "padding by VT, FF, NBSP or NEL, `chunked` not last",
        "400, close; another coding before `chunked`: 501, close",
        rfc="9112 6.1, 9112 7",
        attack_names=r"smuggle_transfer_encoding_(?!twice|chunked).*",
        tests=("http1/test_framing.py::test_transfer_encoding_is_never_relaxed",),
    ),
    Row(
        "coding_twice",
        "`Transfer-Encoding` twice, `chunked` twice, or in HTTP/1.0",
        "400, close",
        rfc="9112 6.1",
        attack_names=r"smuggle_(transfer_encoding_(twice|chunked).*|coding_.*in_http_1_0)",
    ),
    Row(
        "length_twice",
        "`Content-Length` twice or as a list, equal or not",
        "400, close",
        rfc="9110 8.6, 9112 6.3",
        attack_names=r"smuggle_content_length_(twice|list).*",
    ),
    Row(
        "length_no_number",
        "`Content-Length` that is not 1 to 18 ASCII digits: a sign, `_`, `0x`, empty, other "
        "alphabets' digits, thousands of digits",
        "400, close",
        rfc="9110 8.6",
        attack_names=r"smuggle_content_length_(?!twice|list|then|folded|space_before).*",
        tests=("http1/test_framing.py::test_content_length_is_never_relaxed",),
    ),
    Row(
        "chunk_size",
        "a chunk size that is not 1 to 15 hexadecimal digits",
        "400, close",
        rfc="9112 7.1",
        attack_names=r"smuggle_chunk_(size_.*|of_request)",
        tests=("http1/test_chunked.py::test_chunks_are_never_relaxed",),
    ),
    Row(
        "chunk_extension",
        "a chunk extension that is malformed, has a control character, or is long: above "
        "4 KiB for a line, 16 KiB for a body",
        "400, close",
        rfc="9112 7.1.1",
        attack_names=r"smuggle_extension_.*|extensions?_of_.*|chunk_header_too_long",
    ),
    Row(
        "chunk_end",
        "chunk data that does not end with CRLF; LF alone behind a chunk size",
        "400, close",
        rfc="9112 7.1",
        attack_names=r"smuggle_chunk_(longer|data|header).*",
    ),
    Row(
        "trailers",
        "trailers: malformed, or over the limits of a head",
        "400; 431; close",
        rfc="9112 7.1.2",
        setting="max_fields",
        attack_names=r"smuggle_(trailer|request_as_trailer).*|trailers?_too_.*",
    ),
    Row(
        "trailers_never_merged",
        "trailers with `Content-Length`, `Transfer-Encoding` or `Host`",
        "dropped, as every trailer is",
        rfc="9110 6.5.1",
        tests=(
            "http1/test_chunked.py::test_chunks_accepted",
            "hostile/test_requests.py::test_trailers_never_merged",
        ),
    ),
    Row(
        "line_ends",
        "CR or LF alone, anywhere in a head",
        "400, close",
        rfc="9112 2.2",
        setting="accept_bare_lf",
        attack_names=r"field_bare_.*|end_of_head_.*|line_with_bare_.*|line_end_bare_lf"
        r"|smuggle_coding_behind_bare_.*",
    ),
    Row(
        "control_characters",
        "NUL, another control character or DEL in a field value",
        "400, close",
        rfc="9110 5.5",
        setting="accept_loose_fields",
        attack_names=r"field_(nul_in_value|escape|vertical|delete).*",
    ),
    Row(
        "field_names",
        "a field name that is no token: empty, with white space in it or before its colon",
        "400, close",
        rfc="9112 5.1",
        setting="accept_loose_fields",
        attack_names=r"field_(without_colon|name|space|tab|nul_in_name|cr_in_name).*"
        r"|smuggle_\w+_before_colon",
        tests=("http1/test_framing.py::test_framing_is_not_hidden_among_loose_fields",),
    ),
    Row(
        "folded_fields",
        "a field line that begins with white space",
        "400, close",
        rfc="9112 2.2, 9112 5.2",
        setting="accept_loose_fields",
        attack_names=r"field_folded.*|white_space_before_the_first_field|smuggle_\w+_folded"
        r"|smuggle_coding_space_before_name",
    ),
    Row(
        "empty_lines_before",
        "empty lines before a request",
        "one is skipped; two: 400, close",
        rfc="9112 2.2",
        attack_names=r"(two_empty_lines|bare_lf|bare_cr)_before",
        tests=("http1/test_head.py::test_one_empty_line_before_a_request_line_is_skipped",),
    ),
    Row(
        "unread_body",
        "a body that the handler leaves unread, and a request behind it",
        "read and thrown away up to the bound, else close; never read as a request",
        rfc="9112 9.3",
        setting="max_drain_bytes",
        tests=(
            f"{CONVERSATIONS}::TestRequestBody::test_unread_body_is_drained",
            f"{CONVERSATIONS}::TestRequestBody::test_unread_chunked_body_is_drained",
            f"{CONVERSATIONS}::TestRequestBody::"
            "test_large_unread_body_closes_and_the_answer_is_read",
            "http1/test_connection.py::test_body_bytes_are_never_a_request",
        ),
    ),
    Row(
        "behind_a_refusal",
        "a request behind one that was refused",
        "not read; the refusal can be, although the client is sending still",
        rfc="9112 9.6",
        setting="linger_seconds",
        tests=(
            f"{CONVERSATIONS}::TestRefusals::test_request_behind_a_refused_one_is_not_answered",
            f"{CONVERSATIONS}::TestRefusals::test_answer_is_read_while_the_client_is_still_sending",
        ),
    ),
    Row(
        "pipelining_without_end",
        "requests without end, and a client that reads no answer",
        "answered in order; reading stops while answers wait",
        rfc="9112 9.3.2",
        setting="min_response_bytes_per_second",
        tests=(
            f"{CONVERSATIONS}::TestPipelining::test_answers_come_in_order",
            f"{CONVERSATIONS}::TestPipelining::"
            "test_one_client_without_end_does_not_hold_up_another",
            "hostile/test_requests.py::test_pipelining_without_end",
        ),
    ),
    Row(
        "expectations",
        "`Expect` with anything but `100-continue`",
        "417, close; in HTTP/1.0 it is ignored",
        rfc="9110 10.1.1",
        setting="accept_loose_fields",
        attack_names=r"expectation_.*",
        tests=("http1/test_head.py::test_expect",),
    ),
    Row(
        "expect_continue",
        "`Expect: 100-continue`",
        "100 before the body is read; a final answer without it: close",
        rfc="9110 10.1.1",
        tests=(
            f"{CONVERSATIONS}::TestRequestBody::test_continue",
            f"{CONVERSATIONS}::TestRequestBody::test_continue_is_not_sent_where_nothing_is_read",
            "http1/test_connection.py::test_answer_without_reading_ends_the_connection",
        ),
    ),
    Row(
        "connect",
        "CONNECT to a handler without `do_CONNECT`",
        "501",
        rfc="9110 9.3.6",
        tests=("hostile/test_requests.py::test_connect",),
    ),
    Row(
        "upgrade",
        "`Upgrade` that the handler does not answer with 101",
        "ignored",
        rfc="9110 7.8",
        tests=(
            "http1/test_connection.py::test_upgrade_that_is_ignored_changes_nothing",
            "hostile/test_requests.py::test_upgrade",
        ),
    ),
    Row(
        "message_cut_short",
        "an end of the connection in the middle of a head or a body",
        "400, close; if the answer has begun: cut",
        rfc="9112 8",
        attack_names=r"cut_.*",
        tests=("http1/test_connection.py::test_body_that_is_cut_off_is_a_fault",),
    ),
    Row(
        "packets",
        "a request cut anywhere, a byte to a packet, several in one packet",
        "the same as whole",
        tests=(
            "http1/test_connection.py::test_any_cut_gives_the_same",
            f"{CONVERSATIONS}::TestPipelining::test_cut_at_every_byte",
        ),
    ),
    Row(
        "body_over_the_limit",
        "a body over the limit, by its length or by its chunks",
        "413, close",
        rfc="9110 15.5.14",
        setting="max_body_bytes",
        tests=(
            f"{CONVERSATIONS}::TestRequestBody::test_body_over_the_limit",
            f"{CONVERSATIONS}::TestRequestBody::test_chunks_over_the_limit",
        ),
    ),
]
