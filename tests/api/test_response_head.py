"""The ``send_`` methods: what they gather, what they refuse, and the error page."""

import email.utils
import http.server
import io
from http import HTTPStatus

import pytest

from basehttpserver import DEFAULT_ERROR_CONTENT_TYPE, DEFAULT_ERROR_MESSAGE
from tests.api.test_handler import Hello, socketless


class Writes(io.BytesIO):
    """Counts writes, as CPython's tests do."""

    count = 0

    def write(self, data):
        self.count += 1
        return super().write(data)


@pytest.fixture
def handler():
    made = socketless()
    made.wfile = Writes()
    return made


def test_a_head_is_one_write(handler):
    handler.send_response(200)
    handler.send_header("X-One", 1)
    assert handler.wfile.count == 0
    handler.end_headers()
    assert handler.wfile.count == 1
    assert handler.wfile.getvalue() == (
        b"HTTP/1.1 200 OK\r\nServer: Hello Test\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
        b"X-One: 1\r\n\r\n"
    )


def test_an_error_page_is_two_writes(handler):
    handler.send_error(404)
    assert handler.wfile.count == 2


def test_order_and_case_are_kept(handler):
    for name in ("b-B", "A-a", "b-B"):
        handler.send_header(name, "x")
    handler.end_headers()
    assert handler.wfile.getvalue() == b"b-B: x\r\nA-a: x\r\nb-B: x\r\n\r\n"


def test_programs_may_edit_the_buffer(handler):
    handler.send_response_only(200)
    handler._headers_buffer.append(b"X-Added: 1\r\n")
    handler.end_headers()
    assert handler.wfile.getvalue() == b"HTTP/1.1 200 OK\r\nX-Added: 1\r\n\r\n"
    assert handler._headers_buffer == []


def test_flush_headers_without_any_does_nothing(handler):
    handler.flush_headers()
    assert handler.wfile.count == 0


def test_end_headers_alone_ends_a_head(handler):
    handler.end_headers()
    assert handler.wfile.getvalue() == b"\r\n"


def test_http_0_9_has_no_head(handler):
    handler.request_version = "HTTP/0.9"
    handler.send_response(200)
    handler.send_header("X", "y")
    handler.end_headers()
    assert handler.wfile.getvalue() == b""


@pytest.mark.parametrize(
    ("code", "message", "line"),
    [
        (200, None, b"HTTP/1.1 200 OK\r\n"),
        (HTTPStatus.NOT_FOUND, None, b"HTTP/1.1 404 Not Found\r\n"),
        (999, None, b"HTTP/1.1 999 \r\n"),
        (200, "Fine", b"HTTP/1.1 200 Fine\r\n"),
    ],
)
def test_status_lines(handler, code, message, line):
    handler.send_response_only(code, message)
    assert handler._headers_buffer == [line]


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\0b"])
@pytest.mark.parametrize("where", ["value", "name", "message", "error"])
def test_line_ends_are_refused_before_anything_is_sent(handler, where, value):
    """A line end would begin another field, or another response (RFC 9110 5.5)."""
    calls = {
        "value": lambda: handler.send_header("X", value),
        "name": lambda: handler.send_header(value, "x"),
        "message": lambda: handler.send_response(200, value),
        "error": lambda: handler.send_error(400, value),
    }
    with pytest.raises(ValueError, match="CR, LF or NUL"):
        calls[where]()
    assert handler.wfile.getvalue() == b""


def test_what_latin_1_cannot_hold_is_refused(handler):
    with pytest.raises(UnicodeEncodeError):
        handler.send_header("X", "€")


@pytest.mark.parametrize(
    ("value", "before", "after"),
    [("close", False, True), ("Keep-Alive", True, False), ("Upgrade", True, True)],
)
def test_the_connection_field_sets_close_connection(handler, value, before, after):
    handler.close_connection = before
    handler.send_header("connection", value)
    assert handler.close_connection is after


# The error page.


def body_of(handler):
    return handler.wfile.getvalue().partition(b"\r\n\r\n")[2]


def test_the_error_page(handler):
    handler.send_error(404, "No <b>", "Because of >")
    head, _, body = handler.wfile.getvalue().partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[0] == b"HTTP/1.1 404 No <b>"
    assert b"Connection: close\r\nContent-Type: text/html;charset=utf-8\r\n" in head
    assert head.endswith(b"Content-Length: %d" % len(body))
    values = {"code": 404, "message": "No &lt;b&gt;", "explain": "Because of &gt;"}
    assert body.decode() == DEFAULT_ERROR_MESSAGE % values
    assert handler.server == ["code 404, message No <b>", '"" 404 -']


def test_the_error_page_is_http_server_s_but_for_its_style():
    """Python 3.14 added a style for dark mode; older releases have the rest."""
    without_style = DEFAULT_ERROR_MESSAGE
    if "<style" not in http.server.DEFAULT_ERROR_MESSAGE:
        before, _, rest = without_style.partition("        <style")
        without_style = before + rest.partition("</style>\n")[2]
    assert without_style == http.server.DEFAULT_ERROR_MESSAGE
    assert http.server.DEFAULT_ERROR_CONTENT_TYPE == DEFAULT_ERROR_CONTENT_TYPE


def test_format_type_and_responses_may_be_replaced():
    class Own(Hello):
        error_message_format = "%(code)d|%(message)s|%(explain)s"
        error_content_type = "text/plain"
        responses = {600: ("Short", "Long")}  # noqa: RUF012

    handler = socketless(Own)
    handler.send_error(600)
    assert body_of(handler) == b"600|Short|Long"
    assert b"Content-Type: text/plain\r\n" in handler.wfile.getvalue()
    handler = socketless(Own)
    handler.send_error(404)
    assert body_of(handler) == b"404|???|???"


@pytest.mark.parametrize("code", [100, 204, 205, 304])
def test_errors_without_content_have_none(handler, code):
    handler.send_error(code)
    assert body_of(handler) == b""
    assert b"Content-" not in handler.wfile.getvalue()


def test_an_error_for_head_has_fields_and_no_body(handler):
    handler.command = "HEAD"
    handler.send_error(404)
    assert b"Content-Length: " in handler.wfile.getvalue()
    assert body_of(handler) == b""


# The fields that every response has.


def test_version_string(handler):
    assert handler.version_string() == "Hello Test"


def test_date_time_string():
    from basehttpserver import BaseHTTPRequestHandler

    date = BaseHTTPRequestHandler.date_time_string
    assert date(socketless(), 784111777) == "Sun, 06 Nov 1994 08:49:37 GMT"
    assert email.utils.parsedate_to_datetime(date(socketless())).tzinfo is not None
