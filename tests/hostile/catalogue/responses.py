"""What we send, whatever a client asks for and a handler writes."""

from tests.hostile.catalogue.row import Row

__all__ = ["RESPONSES"]

RAISING = "wire/test_conversations.py::TestHandlerThatRaises"
RESPONSE = "wire/test_conversations.py::TestResponse"

RESPONSES = [
    Row(
        "response_splitting",
        "CR, LF or NUL in a name, value or reason that a handler sends",
        "`ValueError` before a byte is sent; the client gets 500, the server lives",
        rfc="9112 11.1",
        tests=(
            f"{RAISING}::test_header_injection",
            f"{RAISING}::test_reason_injection",
            "api/test_response_head.py::test_line_ends_are_refused_before_anything_is_sent",
            "api/test_files.py::TestRedirect::test_never_leads_to_another_host",
        ),
    ),
    Row(
        "echo_in_an_error_page",
        "markup in what an error page repeats",
        "escaped, with a charset that is said",
        tests=(
            "hostile/test_responses.py::test_echo_in_an_error_page",
            "api/test_response_head.py::test_the_error_page",
        ),
    ),
    Row(
        "log_lines",
        "control or escape sequences, line ends, C1, DEL, a huge path in what is logged",
        "escaped, one line, cut behind 8,192 characters",
        tests=(
            "api/test_handler.py::test_control_characters_are_escaped_in_the_log",
            "api/test_handler.py::test_a_log_line_is_bounded",
            "hostile/test_over_the_wire.py::test_attack",
        ),
    ),
    Row(
        "body_where_none_is",
        "a handler that writes a body for HEAD, 1xx, 204 or 304",
        "not sent",
        rfc="9112 6.3",
        tests=(
            f"{RESPONSE}::test_head_request_gets_no_body",
            f"{RESPONSE}::test_without_content",
            "http1/test_response.py::test_response_that_cannot_have_a_body",
        ),
    ),
    Row(
        "handler_that_raises",
        "a handler that raises before its head has ended, in the middle, or behind its response",
        "500; what it wrote, then a cut that the client can tell; its response, as it was",
        rfc="9112 8",
        tests=(
            f"{RAISING}::test_before_the_response",
            f"{RAISING}::test_with_a_head_that_has_not_ended",
            f"{RAISING}::test_in_the_middle",
            f"{RAISING}::test_in_the_middle_of_a_length",
            f"{RAISING}::test_after_the_response",
        ),
    ),
    Row(
        "wrong_length",
        "a handler that writes more or less than its `Content-Length`",
        "the rest is cut; the connection closes; the log says so",
        rfc="9110 8.6",
        tests=(
            f"{RESPONSE}::test_longer_than_its_length_is_cut",
            f"{RESPONSE}::test_shorter_than_its_length_ends_the_connection",
            "http1/test_response.py::test_wrong_length_never_desynchronises",
        ),
    ),
]
