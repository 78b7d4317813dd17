"""The handler without a server: the call graph, parsing, and what reaches the log."""

import email.message
import http.client
import http.server
import inspect
import io
from http import HTTPStatus

import pytest

from basehttpserver import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, _request_log
from tests.api.file_requests import Connection

ADDRESS = ("192.0.2.1", 40000)


class Hello(BaseHTTPRequestHandler):
    """Keeps what it logs, and always says the same."""

    protocol_version = "HTTP/1.1"
    server_version = "Hello"
    sys_version = "Test"

    def do_GET(self):
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Length", 6)
        self.end_headers()
        self.wfile.write(b"hello\n")

    do_HEAD = do_GET

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", len(body))
        self.end_headers()
        self.wfile.write(body)

    def date_time_string(self, timestamp=None):
        return super().date_time_string(0 if timestamp is None else timestamp)

    def log_message(self, format, *args):
        self.server.append(format % args)


HEAD = b"Server: Hello Test\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\n" + HEAD + b"Content-Length: 6\r\n\r\nhello\n"


def ask(request, handler=Hello):
    """Return what a handler sends for the bytes of a request, and what it logs."""
    connection, log = Connection(request), []
    handler(connection, ADDRESS, log)
    return bytes(connection.sent), log


def socketless(handler=Hello, request=b""):
    """Return a handler whose constructor never ran, as tests of handlers make them."""
    made = handler.__new__(handler)
    made.rfile, made.wfile = io.BytesIO(request), io.BytesIO()
    made.client_address, made.server = ADDRESS, []
    made.request_version, made.requestline, made.command = "HTTP/1.1", "", None
    return made


# The API, beside the standard library's.


def public_names(cls):
    return {name for name in dir(cls) if not name.startswith("_")}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (BaseHTTPRequestHandler, http.server.BaseHTTPRequestHandler),
        (SimpleHTTPRequestHandler, http.server.SimpleHTTPRequestHandler),
    ],
)
def test_every_public_name_is_there(ours, theirs):
    assert public_names(theirs) <= public_names(ours)


def parameters(function):
    return [
        (parameter.name, parameter.kind, parameter.default)
        for parameter in inspect.signature(function).parameters.values()
        if not parameter.name.startswith("_")
    ]


@pytest.mark.parametrize(
    "name",
    sorted(
        name
        for name in public_names(http.server.BaseHTTPRequestHandler)
        if inspect.isfunction(getattr(http.server.BaseHTTPRequestHandler, name))
    ),
)
def test_every_method_has_the_same_parameters(name):
    theirs = parameters(getattr(http.server.BaseHTTPRequestHandler, name))
    assert parameters(getattr(BaseHTTPRequestHandler, name)) == theirs


@pytest.mark.parametrize(
    "name",
    [
        "protocol_version",
        "default_request_version",
        "error_content_type",
        "sys_version",
        "MessageClass",
        "responses",
        "weekdayname",
        "monthname",
        "timeout",
        "rbufsize",
        "wbufsize",
        "disable_nagle_algorithm",
    ],
)
def test_every_attribute_has_the_same_default(name):
    theirs = getattr(http.server.BaseHTTPRequestHandler, name)
    assert getattr(BaseHTTPRequestHandler, name) == theirs


def test_steps_come_in_the_order_of_http_server():
    steps = []

    def traced(name):
        def step(self, *args, **kwargs):
            steps.append(name)
            return getattr(super(Traced, self), name)(*args, **kwargs)

        return step

    names = [
        "setup",
        "handle",
        "handle_one_request",
        "parse_request",
        "do_GET",
        "send_response",
        "log_request",
        "send_response_only",
        "send_header",
        "end_headers",
        "flush_headers",
        "finish",
    ]
    Traced = type("Traced", (Hello,), {name: traced(name) for name in names})  # noqa: N806
    assert ask(b"GET / HTTP/1.0\r\n\r\n", Traced)[0] == ANSWER
    assert steps == [
        *("setup", "handle", "handle_one_request", "parse_request", "do_GET"),
        *("send_response", "log_request", "send_response_only"),
        *("send_header", "send_header", "send_header", "end_headers", "flush_headers", "finish"),
    ]


@pytest.mark.parametrize("name", ["do_GET", "flush_headers", "send_header", "parse_request"])
def test_every_step_may_be_set_on_the_instance(name):
    called = []

    class Patched(Hello):
        def __init__(self, *args):
            original = getattr(self, name)

            def replacement(*args):
                called.append(name)
                return original(*args)

            setattr(self, name, replacement)
            super().__init__(*args)

    assert ask(b"GET / HTTP/1.0\r\n\r\n", Patched)[0] == ANSWER
    assert called


def test_methods_may_come_from_getattr():
    class Dynamic(Hello):
        def __getattr__(self, name):
            if name.startswith("do_"):
                return self.do_GET
            raise AttributeError(name)

    assert ask(b"SPAM / HTTP/1.0\r\n\r\n", Dynamic)[0] == ANSWER


# Parsing without an engine: as lenient as http.server.


def test_keep_alive_goes_on_until_the_end():
    sent, log = ask(b"GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n")
    assert sent == ANSWER * 2
    assert log == ['"GET /1 HTTP/1.1" 200 -', '"GET /2 HTTP/1.1" 200 -']


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nConnection: TE, Close\r\n\r\n",
    ],
)
def test_the_connection_closes(request_bytes):
    assert ask(request_bytes + b"GET / HTTP/1.1\r\n\r\n")[0] == ANSWER


def test_a_1_0_client_may_ask_for_keep_alive():
    request = b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
    assert ask(request * 2)[0] == ANSWER * 2


def test_a_1_0_handler_closes_all_the_same():
    class Old(Hello):
        protocol_version = "HTTP/1.0"

    request = b"GET / HTTP/1.1\r\nConnection: keep-alive\r\n\r\n"
    assert ask(request * 2, Old)[0].count(b"200 OK") == 1


def test_http_0_9_gets_the_body_alone():
    assert ask(b"GET /\r\n")[0] == b"hello\n"


@pytest.mark.parametrize(
    ("line", "status", "message"),
    [
        (b"GET / HTTP/1.1 x", 400, "Bad request version ('x')"),
        (b"GET / http/1.1", 400, "Bad request version ('http/1.1')"),
        (b"GET / HTTP/1", 400, "Bad request version ('HTTP/1')"),
        (b"GET / HTTP/1.1.1", 400, "Bad request version ('HTTP/1.1.1')"),
        (b"GET / HTTP/1.x", 400, "Bad request version ('HTTP/1.x')"),
        (b"GET / HTTP/1.\xb2", 400, "Bad request version ('HTTP/1.\xb2')"),
        (b"GET / HTTP/12345678901.1", 400, "Bad request version ('HTTP/12345678901.1')"),
        (b"GET / HTTP/2.0", 505, "Invalid HTTP version (2.0)"),
        (b"GET /a b HTTP/1.1", 400, "Bad request syntax ('GET /a b HTTP/1.1')"),
        (b"GET", 400, "Bad request syntax ('GET')"),
        (b"POST /", 400, "Bad HTTP/0.9 request type ('POST')"),
        (b"SPAM / HTTP/1.1", 501, "Unsupported method ('SPAM')"),
    ],
)
def test_bad_request_lines_get_http_server_s_words(line, status, message):
    sent, log = ask(line + b"\r\n\r\n")
    assert sent.startswith(f"HTTP/1.1 {status} {message}\r\n".encode("latin-1"))
    assert b"\r\nConnection: close\r\n" in sent
    assert log[0] == f"code {status}, message {message}"


def test_an_empty_line_ends_the_connection_without_a_word():
    assert ask(b"\r\nGET / HTTP/1.1\r\n\r\n") == (b"", [])


def test_a_long_request_line_is_414():
    sent, log = ask(b"GET /" + b"x" * 65536 + b" HTTP/1.1\r\n\r\n")
    assert sent.startswith(b"HTTP/1.1 414 ")
    assert log[-1].startswith('"" 414')


def test_a_long_field_is_431():
    sent, _ = ask(b"GET / HTTP/1.1\r\nX: " + b"x" * 65537 + b"\r\n\r\n")
    assert sent.startswith(b"HTTP/1.1 431 Line too long\r\n")


def test_too_many_fields_are_431():
    sent, _ = ask(b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 101 + b"\r\n")
    assert sent.startswith(b"HTTP/1.1 431 Too many headers\r\n")


def test_a_patched_limit_of_fields_counts(monkeypatch):
    monkeypatch.setattr(http.client, "_MAXHEADERS", 1000)
    assert ask(b"GET / HTTP/1.0\r\n" + b"X: y\r\n" * 500 + b"\r\n")[0] == ANSWER


def test_leading_slashes_collapse():
    paths = []

    class Paths(Hello):
        def do_GET(self):
            paths.append(self.path)

    ask(b"GET ///evil.example/%2f.. HTTP/1.0\r\n\r\n", Paths)
    assert paths == ["/evil.example/%2f.."]


def test_headers_are_what_message_class_makes():
    seen = []

    class Plain(Hello):
        MessageClass = email.message.Message

        def do_GET(self):
            seen.append(self.headers)

    ask(b"GET / HTTP/1.0\r\nX-One: 1\r\nx-one: 2\r\n\r\n", Plain)
    assert type(seen[0]) is email.message.Message
    assert seen[0].get_all("X-One") == ["1", "2"]


@pytest.mark.parametrize(("version", "continues"), [(b"HTTP/1.1", True), (b"HTTP/1.0", False)])
def test_expect_100_continue(version, continues):
    sent, _ = ask(
        b"POST / " + version + b"\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n"
        b"Connection: close\r\n\r\nok"
    )
    assert sent.startswith(b"HTTP/1.1 100 Continue\r\n\r\n") is continues
    assert sent.endswith(b"\r\n\r\nok")


def test_expect_may_be_refused():
    class Refusing(Hello):
        def handle_expect_100(self):
            self.send_error(HTTPStatus.EXPECTATION_FAILED)
            return False

    sent, _ = ask(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\n\r\n", Refusing)
    assert sent.startswith(b"HTTP/1.1 417 ")
    assert b"HTTP/1.1 200" not in sent


# What a handler without an engine does when things go wrong.


def test_a_timeout_ends_the_connection_with_a_line_in_the_log():
    class Slow(Hello):
        def do_GET(self):
            raise TimeoutError("too slow")

    sent, log = ask(b"GET / HTTP/1.1\r\n\r\n" * 2, Slow)
    assert sent == b""
    assert log == ["Request timed out: TimeoutError('too slow')"]


@pytest.mark.parametrize("error", [RuntimeError, BrokenPipeError, SystemExit, KeyboardInterrupt])
def test_exceptions_pass(error):
    class Raising(Hello):
        def do_GET(self):
            raise error

    with pytest.raises(error):
        ask(b"GET / HTTP/1.1\r\n\r\n", Raising)


def test_a_handler_works_without_its_constructor():
    handler = socketless(request=b"GET /x HTTP/1.0\r\n\r\n")
    handler.handle_one_request()
    assert handler.wfile.getvalue() == ANSWER
    assert handler.path == "/x"


# The log.


def test_a_log_line(capsys):
    handler = socketless()
    handler.log_date_time_string = lambda: "01/Jan/1970 00:00:00"
    handler.requestline = "GET / HTTP/1.1"
    BaseHTTPRequestHandler.log_message(handler, '"%s" %s %s', handler.requestline, "200", "-")
    assert capsys.readouterr().err == (
        '192.0.2.1 - - [01/Jan/1970 00:00:00] "GET / HTTP/1.1" 200 -\n'
    )


@pytest.mark.parametrize(
    ("text", "logged"),
    [
        ("\x1b[31m", r"\x1b[31m"),
        ("a\r\nb", r"a\x0d\x0ab"),
        ("\x00\x7f\x9f\xa0", "\\x00\\x7f\\x9f\xa0"),
        ("back\\slash", r"back\\slash"),
    ],
)
def test_control_characters_are_escaped_in_the_log(capsys, text, logged):
    BaseHTTPRequestHandler.log_message(socketless(), "%s", text)
    assert capsys.readouterr().err.rstrip("\n").endswith("] " + logged)


def test_a_log_line_is_bounded(capsys):
    BaseHTTPRequestHandler.log_message(socketless(), "%s", "x" * 65536)
    assert len(capsys.readouterr().err) < 8300


def test_the_log_follows_sys_stderr(monkeypatch):
    elsewhere = io.StringIO()
    monkeypatch.setattr("sys.stderr", elsewhere)
    BaseHTTPRequestHandler.log_error(socketless(Logging), "code %d", 404)
    assert elsewhere.getvalue().endswith("code 404\n")


class Logging(Hello):
    log_message = BaseHTTPRequestHandler.log_message


def test_log_date_is_local_and_padded(monkeypatch):
    import time

    _request_log._local_time.cache_clear()
    monkeypatch.setattr(
        "time.localtime", lambda *_: time.struct_time((2026, 3, 4, 5, 6, 7, 2, 63, 0))
    )
    assert socketless().log_date_time_string() == "04/Mar/2026 05:06:07"
    _request_log._local_time.cache_clear()


def test_log_request_takes_a_status_or_anything():
    handler = socketless()
    handler.requestline = "x"
    handler.log_request(HTTPStatus.OK)
    handler.log_request("404", 17)
    handler.log_request()
    assert handler.server == ['"x" 200 -', '"x" 404 17', '"x" - -']


@pytest.mark.parametrize(
    ("address", "text"), [(("192.0.2.1", 1), "192.0.2.1"), ("/a/socket", "/a/socket"), ("", "-")]
)
def test_address_string(address, text):
    handler = socketless()
    handler.client_address = address
    assert handler.address_string() == text
