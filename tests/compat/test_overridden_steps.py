"""Steps of a handler that programs override, each in the ways in which known programs do it."""

import contextlib
import functools
import io
import socket
import sqlite3
import threading

import pytest

from tests.running import eventually
from tests.wire.conversation import conversation

pytestmark = pytest.mark.usefixtures("leaks_nothing")


@pytest.fixture
def talk(side):
    """Runs a server for a handler and converses with it; ``talk.server`` is that server."""
    with contextlib.ExitStack() as stack:

        def run(handler, **attributes):
            running = stack.enter_context(side.serving(handler, **attributes))
            run.server = running.server
            run.address = running.address
            return stack.enter_context(conversation(running))

        yield run
        stack.close()
        assert run.server.errors == []


def want_three(client):
    """Want three answers on one connection, then its end."""
    client.get("/1").expect(200, b"/1")
    client.get("/2").expect(200, b"/2")
    client.get("/3", "Connection: close").expect(200, b"/3")
    client.want_closed()


# The loop and its steps.


def test_handle_as_django_writes_it(side, talk):
    def handle(self):
        self.close_connection = True
        self.handle_one_request()
        while not self.close_connection:
            self.handle_one_request()
        with contextlib.suppress(AttributeError, OSError):
            self.connection.shutdown(socket.SHUT_WR)

    want_three(talk(side.handler(handle=handle)))


def test_handle_as_wsgiref_writes_it(side, talk):
    """One request, parsed by the handler, and then the end."""

    def handle(self):
        self.raw_requestline = self.rfile.readline(65537)
        if len(self.raw_requestline) > 65536:
            self.requestline = self.request_version = self.command = ""
            self.send_error(414)
            return
        if self.parse_request():
            self.do_GET()

    client = talk(side.handler(handle=handle))
    client.get("/1").expect(200, b"/1")
    client.want_closed()


def test_handle_that_catches_what_its_requests_raise(side, talk):
    """As impacket and others keep their log quiet."""
    caught = []

    def handle(self):
        try:
            super(handler, self).handle()
        except LookupError as error:
            caught.append(error)

    def do_get(self):
        if self.path == "/raise":
            raise LookupError
        self.answer(b"fine")

    handler = side.handler(handle=handle, do_GET=do_get)
    client = talk(handler)
    client.get("/").expect(200, b"fine")
    client.get("/raise").want_gone()
    eventually(lambda: caught)


def test_handle_one_request_as_werkzeug_writes_it(side, talk):
    def handle_one_request(self):
        self.raw_requestline = self.rfile.readline()
        if not self.raw_requestline:
            self.close_connection = True
        elif self.parse_request():
            self.do_GET()

    want_three(talk(side.handler(handle_one_request=handle_one_request)))


def test_handle_one_request_as_the_standard_library_writes_it(side, talk):
    """Copied, with a change inside, as many programs do."""

    def handle_one_request(self):
        try:
            self.raw_requestline = self.rfile.readline(65537)
            if len(self.raw_requestline) > 65536:
                self.requestline = self.request_version = self.command = ""
                self.send_error(414)
                return
            if not self.raw_requestline:
                self.close_connection = True
                return
            if not self.parse_request():
                return
            method = getattr(self, "do_" + self.command.replace("-", "_"))
            method()
            self.wfile.flush()
        except TimeoutError as error:
            self.log_error("Request timed out: %r", error)
            self.close_connection = True

    want_three(talk(side.handler(handle_one_request=handle_one_request)))


def test_handle_one_request_that_catches_a_client_that_left(side):
    """``ConnectionError`` passes out of the default one, so that overrides meet it."""
    may_write, caught = threading.Event(), []

    def handle_one_request(self):
        try:
            super(handler, self).handle_one_request()
        except ConnectionError as error:
            caught.append(error)
            self.close_connection = True

    def do_get(self):
        self.send_response(200)
        self.end_headers()
        assert may_write.wait(5)
        for _ in range(1000):
            self.wfile.write(bytes(65536))

    handler = side.handler(handle_one_request=handle_one_request, do_GET=do_get)
    with side.serving(handler) as running:
        with conversation(running) as client:
            client.get(version="HTTP/1.0")
            client._read_until(b"\r\n\r\n")
            client.reset()
        may_write.set()
        eventually(lambda: caught)
    assert running.server.errors == []


def test_parse_request_that_changes_the_path(side, talk):
    def parse_request(self):
        if not super(handler, self).parse_request():
            return False
        self.path = self.path.removeprefix("/prefix")
        return True

    handler = side.handler(parse_request=parse_request)
    client = talk(handler)
    client.get("/prefix/1").expect(200, b"/1")
    client.get("/prefix/2").expect(200, b"/2")


def test_parse_request_that_refuses(side, talk):
    """As programs check a password, or their own Host."""

    def parse_request(self):
        if not super(handler, self).parse_request():
            return False
        if self.headers.get("Authorization") is None:
            self.send_error(401)
            return False
        return True

    handler = side.handler(parse_request=parse_request)
    talk(handler).get("/").expect(401)
    with conversation(talk.address) as client:
        client.get("/", "Authorization: x").expect(200)


@pytest.mark.parametrize(
    ("request_lines", "status"),
    [
        ("GET / HTTP/1.1\r\nConnection: close", 200),
        ("UNKNOWN / HTTP/1.1\r\nConnection: close", 501),
        ("GET / HTTP/9.9\r\nConnection: close", 505),
    ],
)
def test_errors_go_through_a_file_that_setup_has_put_there(side, talk, request_lines, status):
    """They stay in its buffer, unless it is flushed as behind a ``do_`` method."""

    class Own(io.RawIOBase):
        def __init__(self, real):
            super().__init__()
            self.real = real

        def writable(self):
            return True

        def write(self, data):
            return self.real.write(data)

    def setup(self):
        super(handler, self).setup()
        self.wfile = io.BufferedWriter(Own(self.wfile))

    handler = side.handler(setup=setup)
    client = talk(handler)
    client.send(f"{request_lines}\r\nHost: test\r\n\r\n")
    # To a version that it does not know CPython sends the page alone, which has the number, too.
    assert b"%d" % status in client.read_to_end()


def test_send_error_with_a_page_of_its_own(side, talk):
    def send_error(self, code, message=None, explain=None):
        body = b"own page"
        self.send_response(code, message)
        self.send_header("Content-Length", len(body))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    talk(side.handler(send_error=send_error)).get(method="UNKNOWN").expect(501, b"own page")


def test_send_response_and_end_headers_that_add_fields(side, talk):
    def send_response(self, code, message=None):
        super(handler, self).send_response(code, message)
        self.send_header("X-First", "1")

    def end_headers(self):
        self.send_header("Access-Control-Allow-Origin", "*")
        super(handler, self).end_headers()

    handler = side.handler(send_response=send_response, end_headers=end_headers)
    client = talk(handler)
    for _ in range(2):
        response = client.get("/").expect(200)
        assert response["X-First"] == "1"
        assert response["Access-Control-Allow-Origin"] == "*"
    assert client.get(method="UNKNOWN").expect(501)["X-First"] == "1"


def test_flush_headers_set_on_the_instance(side, talk):
    """As uploadserver adds a field to whatever its base class sends."""

    def do_get(self):
        flush_headers = self.flush_headers

        def with_field():
            self._headers_buffer.insert(1, b"X-Added: yes\r\n")
            flush_headers()

        self.flush_headers = with_field
        self.answer(b"flushed")
        self.flush_headers = flush_headers

    client = talk(side.handler(do_GET=do_get))
    for _ in range(2):
        assert client.get().expect(200, b"flushed")["X-Added"] == "yes"


def test_headers_buffer_edited(side, talk):
    """As yt-dlp's tests and proxies do, which take ``Server`` and ``Date`` out."""

    def do_get(self):
        self.send_response(200)
        self._headers_buffer = [
            line for line in self._headers_buffer if not line.startswith((b"Server:", b"Date:"))
        ]
        self._headers_buffer.append(b"x-CaSe: kept\r\n")
        self._headers_buffer += [b"Content-Length: 2\r\n"]
        self.end_headers()
        self.wfile.write(b"ok")

    client = talk(side.handler(do_GET=do_get))
    for _ in range(2):
        response = client.get().expect(200, b"ok")
        assert response.fields == [("x-CaSe", "kept"), ("Content-Length", "2")]


def test_log_of_every_kind(side, talk):
    """`log_request`, `log_message` and `version_string`, with what they are called with."""
    logged = []

    def log_message(self, format, *args):
        logged.append((format, args))

    def log_request(self, code="-", size="-"):
        logged.append(("request", int(code), size))
        super(handler, self).log_request(code, size)

    def log_error(self, format, *args):
        logged.append(("error", format, args))

    handler = side.handler(
        log_message=log_message,
        log_request=log_request,
        log_error=log_error,
        version_string=lambda self: "Own/1.0",
    )
    client = talk(handler)
    assert client.get("/x").expect(200)["Server"] == "Own/1.0"
    client.get(method="UNKNOWN").expect(501)
    assert logged == [
        ("request", 200, "-"),
        ('"%s" %s %s', ("GET /x HTTP/1.1", "200", "-")),
        ("error", "code %d, message %s", (501, "Unsupported method ('UNKNOWN')")),
        ("request", 501, "-"),
        ('"%s" %s %s', ("UNKNOWN / HTTP/1.1", "501", "-")),
    ]


def test_log_line_on_standard_error(side, talk, capsys):
    handler = side.handler()
    handler.log_message = side.package.BaseHTTPRequestHandler.log_message
    talk(handler).get("/x").expect(200)
    eventually(lambda: '"GET /x HTTP/1.1" 200 -' in capsys.readouterr().err)


# What is looked up on the instance.


def test_methods_set_on_the_instance(side, talk):
    """As websockify does in its constructor."""

    class Handler(side.base):
        def __init__(self, *args):
            self.do_GET = functools.partial(self.answer_for, "instance")
            super().__init__(*args)

        def answer_for(self, whom):
            self.answer(f"{whom} {self.path}".encode())

    client = talk(Handler)
    client.get("/1").expect(200, b"instance /1")
    client.get("/2").expect(200, b"instance /2")


def test_do_methods_from_getattr(side, talk):
    """As werkzeug and mitm tools answer every method."""

    class Handler(side.base):
        def __getattr__(self, name):
            if name.startswith("do_"):
                return lambda: self.answer(name.encode())
            raise AttributeError(name)

    client = talk(Handler)
    client.get(method="PUT").expect(200, b"do_PUT")
    client.get(method="PROPFIND").expect(200, b"do_PROPFIND")
    client.get().expect(200, b"/")


def test_properties_in_the_place_of_attributes(side, talk):
    attributes = {
        "server_version": property(lambda self: f"Own/{self.server.release}"),
        "sys_version": property(lambda self: "sys"),
        "timeout": property(lambda self: self.server.handler_timeout),
        "protocol_version": property(lambda self: "HTTP/1.1"),
        "rbufsize": property(lambda self: 0),
        "wbufsize": property(lambda self: 4096),
        "disable_nagle_algorithm": property(lambda self: True),
    }

    def do_get(self):
        self.answer(str(self.connection.gettimeout()).encode())

    client = talk(side.handler(do_GET=do_get, **attributes), release="7", handler_timeout=5.0)
    for _ in range(2):
        assert client.get().expect(200, b"5.0")["Server"] == "Own/7 sys"


@pytest.mark.parametrize(
    ("rbufsize", "wbufsize"), [(-1, 0), (0, -1), (1, 16), (16, 1 << 16), (1 << 16, 1)]
)
def test_sizes_of_the_buffers(side, talk, rbufsize, wbufsize):
    def do_post(self):
        first = self.rfile.readline()
        self.answer(first + self.rfile.read(int(self.headers["Content-Length"]) - len(first)))

    client = talk(side.handler(do_POST=do_post, rbufsize=rbufsize, wbufsize=wbufsize))
    for _ in range(2):
        body = b"line\n" + b"x" * 20_000
        # Unbuffered files read short.
        found = client.get(method="POST", body=body).expect(200).body
        assert found == body if rbufsize else body.startswith(found)
        if not rbufsize:
            break


def test_timeout_of_the_class(side, talk):
    """A client that stops in the middle of its body is left, with a line in the log."""
    logged = []

    def do_post(self):
        self.rfile.read(10)

    def log_error(self, format, *args):
        logged.append(format % args)

    client = talk(side.handler(do_POST=do_post, timeout=0.05, log_error=log_error))
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf").want_gone()
    eventually(lambda: any("imed out" in line or "imeout" in line for line in logged))


def test_protocol_version_by_monkey_patching_the_base(side, talk, monkeypatch):
    base = side.package.BaseHTTPRequestHandler
    monkeypatch.setattr(base, "protocol_version", "HTTP/1.1")
    handler = side.handler()
    handler = type("Patched", (handler,), {"protocol_version": base.protocol_version})
    want_three(talk(handler))


def test_protocol_version_set_before_the_constructor(side, talk):
    """As impacket does."""

    class Handler(side.base):
        protocol_version = "HTTP/1.0"

        def __init__(self, *args):
            self.protocol_version = "HTTP/1.1"
            super().__init__(*args)

    want_three(talk(Handler))


# State of a connection.


def test_state_stays_with_the_connection(side, talk):
    """As the steps of NTLM need it (impacket)."""

    def do_get(self):
        self.steps = getattr(self, "steps", 0) + 1
        self.answer(b"%d" % self.steps)

    client = talk(side.handler(do_GET=do_get))
    for number in (b"1", b"2", b"3"):
        client.get().expect(200, number)
    client.finish_sending().want_closed()
    with conversation(talk.address) as other:
        other.get("/", "Connection: close").expect(200, b"1")
        other.want_closed()


def test_database_opened_in_setup(side, talk):
    """Which sqlite3 lets no other thread use."""

    def setup(self):
        super(handler, self).setup()
        self.database = sqlite3.connect(":memory:")
        self.database.execute("create table visits (path)")

    def finish(self):
        self.database.close()
        super(handler, self).finish()
        closed.append(True)

    def do_get(self):
        self.database.execute("insert into visits values (?)", (self.path,))
        ((count,),) = self.database.execute("select count(*) from visits")
        self.answer(b"%d" % count)

    closed = []
    handler = side.handler(setup=setup, finish=finish, do_GET=do_get)
    client = talk(handler)
    client.get().expect(200, b"1")
    client.get("/", "Connection: close").expect(200, b"2")
    client.want_closed()
    eventually(lambda: closed)


def test_close_connection_as_int(side, talk):
    def do_get(self):
        self.close_connection = 0 if self.path == "/on" else 1
        self.answer(b"")

    client = talk(side.handler(do_GET=do_get))
    client.get("/on").expect(200)
    client.get("/off").expect(200)
    client.want_closed()


def test_close_connection_cleared_for_http_1_0(side, talk):
    """With the field that tells the client, as proxies for old clients do."""

    def do_get(self):
        self.answer(b"on", Connection="keep-alive")

    client = talk(side.handler(do_GET=do_get))
    for _ in range(2):
        client.get("/", "Connection: keep-alive", version="HTTP/1.0").expect(200, b"on")


# Files.


def test_rfile_is_a_buffered_reader(side, talk):
    def do_post(self):
        rfile = self.rfile
        assert isinstance(rfile, io.BufferedReader)
        assert rfile.readable()
        assert not rfile.closed
        assert not rfile.writable()
        assert rfile.raw.fileno() == rfile.fileno() == self.connection.fileno()
        assert rfile.peek(1)[:1] == b"a"
        pieces = [rfile.read(1), rfile.read1(2)]
        buffer = bytearray(2)
        assert rfile.readinto(buffer) == 2
        pieces += [bytes(buffer), rfile.readline(), rfile.read(3)]
        self.answer(b"|".join(pieces))

    client = talk(side.handler(do_POST=do_post))
    for _ in range(2):
        body = b"abcdefg\nhij"
        client.get(method="POST", body=body).expect(200, b"a|bc|de|fg\n|hij")


def test_wfile_takes_what_is_like_bytes(side, talk):
    def do_get(self):
        self.send_response(200)
        self.send_header("Content-Length", 9)
        self.end_headers()
        assert not self.wfile.closed
        assert self.wfile.writable()
        assert self.wfile.write(b"abc") == 3
        assert self.wfile.write(bytearray(b"de")) == 2
        assert self.wfile.write(memoryview(b"fg")) == 2
        self.wfile.writelines([b"h", b"i"])
        assert self.wfile.write(b"") == 0

    client = talk(side.handler(do_GET=do_get))
    for _ in range(2):
        client.get().expect(200, b"abcdefghi")


def test_chunks_that_the_handler_writes(side, talk):
    def do_get(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in (b"one", b"two"):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    client = talk(side.handler(do_GET=do_get))
    for _ in range(2):
        client.get().expect(200, b"onetwo")


def test_a_whole_answer_and_then_an_exception(side):
    """It has been answered."""

    def do_get(self):
        self.answer(b"whole")
        raise LookupError

    with side.serving(side.handler(do_GET=do_get)) as running:
        with conversation(running) as client:
            client.get().expect(200, b"whole")
            client.want_gone()
        eventually(lambda: running.server.errors == [True])


# Fields.


@pytest.mark.parametrize("message_class", ["http.client.HTTPMessage", "email.message.Message"])
def test_headers(side, talk, message_class):
    """The whole interface of a message; pydoc takes another class for it."""

    def do_get(self):
        headers = self.headers
        # Ours is of a class below it, until more is asked of it than to look fields up.
        names = [f"{each.__module__}.{each.__name__}" for each in type(headers).__mro__]
        assert message_class in names[: 1 + side.is_ours]
        assert headers["x-one"] == headers.get("X-ONE") == "1"
        assert headers.get_all("X-Two") == ["2", "two"]
        assert headers.get("missing") is None
        assert headers.get("missing", "default") == "default"
        assert "X-One" in headers
        assert headers.keys() == ["Host", "Content-Type", "X-One", "X-Two", "x-two"]
        assert f"{type(headers).__module__}.{type(headers).__name__}" == message_class
        assert headers.get_content_type() == "text/html"
        assert headers.get_param("charset") == "utf-8"
        assert headers.get_content_charset() == "utf-8"
        assert len(headers) == 5
        del headers["X-Two"]
        headers["X-Three"] = "3"
        headers.replace_header("X-One", "one")
        assert headers.items()[1:] == [
            ("Content-Type", "text/html; charset=utf-8"),
            ("X-One", "one"),
            ("X-Three", "3"),
        ]
        if hasattr(headers, "getallmatchingheaders"):
            assert headers.getallmatchingheaders("x-none") == []
        assert "X-Three: 3" in str(headers)
        self.answer(b"fine")

    module_name, _, name = message_class.rpartition(".")
    module = __import__(module_name, fromlist=[name])
    client = talk(side.handler(do_GET=do_get, MessageClass=getattr(module, name)))
    fields = ["Content-Type: text/html; charset=utf-8", "X-One: 1", "X-Two: 2", "x-two: two"]
    for _ in range(2):
        client.get("/", *fields).expect(200, b"fine")


def test_limit_of_fields_that_is_patched(side, talk, monkeypatch):
    monkeypatch.setattr("http.client._MAXHEADERS", 300)
    client = talk(side.handler())
    client.get("/many", *[f"X-{number}: x" for number in range(250)]).expect(200, b"/many")


def test_send_header_takes_ints(side, talk):
    def do_get(self):
        self.send_response(200)
        self.send_header("X-Number", 7)
        self.send_header("Content-Length", 0)
        self.end_headers()

    assert talk(side.handler(do_GET=do_get)).get().expect(200)["X-Number"] == "7"


# What is made when it is asked for may be hidden by the program's own.


@pytest.mark.parametrize("hidden", ["headers", "rfile"])
def test_attribute_of_the_class_in_the_way(side, talk, hidden):
    def do_post(self):
        length = int(self.headers["Content-Length"])
        self.answer(self.rfile.read(length))

    client = talk(side.handler(do_POST=do_post, **{hidden: None}))
    for body in (b"one", b"two"):
        client.get("/", method="POST", body=body).expect(200, body)


def test_headers_are_a_property(side, talk):
    seen = []

    def put(self, headers):
        seen.append(headers)
        self.kept = headers

    def do_get(self):
        self.answer(self.headers["Host"].encode())

    headers = property(lambda self: self.kept, put)
    client = talk(side.handler(do_GET=do_get, headers=headers))
    for _ in range(2):
        client.get().expect(200, b"test")
    assert len(seen) == 2


def test_message_that_is_an_exception(side, talk):
    def do_get(self):
        self.send_response(404, KeyError("x"))
        self.send_header("Content-Length", "0")
        self.end_headers()

    client = talk(side.handler(do_GET=do_get))
    assert client.get().expect(404).status_line == "HTTP/1.1 404 'x'"


def test_handler_that_is_falsy(side, talk):
    made = []

    def init(self, *args):
        made.append(self)
        super(handler, self).__init__(*args)

    handler = side.handler(__len__=lambda self: 0)
    handler.__init__ = init
    want_three(talk(handler))
    assert len(made) == 1
