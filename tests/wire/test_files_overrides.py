"""Overridden steps give the same bytes wherever a handler runs, and whoever's server runs it."""

import functools
import http.server
import io
import os
import socketserver
import sys

import pytest

from basehttpserver import HTTPServer, SimpleHTTPRequestHandler, ThreadingHTTPServer
from tests.running import serving
from tests.wire.conversation import conversation

pytestmark = pytest.mark.usefixtures("leaks_nothing")

LARGE = bytes(range(256)) * 2000


class Files(SimpleHTTPRequestHandler):
    """Overrides nothing that could tell the difference, and always has the same Date."""

    protocol_version = "HTTP/1.1"

    def date_time_string(self, timestamp=None):
        return super().date_time_string(timestamp or 0)

    def log_message(self, format, *arguments):
        pass


class AddsFields(Files):
    def end_headers(self):
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()


class DropsFields(Files):
    def send_header(self, keyword, value):
        if keyword != "Last-Modified":
            super().send_header(keyword, value)


class AddsToEachStatus(Files):
    def send_response(self, code, message=None):
        super().send_response(code, message)
        self.send_header("X-Status", str(int(code)))


class HasFilesOfItsOwn(Files):
    def send_head(self):
        if self.path != "/own":
            return super().send_head()
        self.send_response(200)
        self.send_header("Content-Length", "3")
        self.end_headers()
        return io.BytesIO(b"own")


class ReadsAll(Files):
    def do_GET(self):
        file = self.send_head()
        if file:
            with file:
                self.wfile.write(file.read())


class SendsByItsSocket(Files):
    def do_GET(self):
        file = self.send_head()
        if file:
            self.wfile.flush()
            with file:
                self.connection.sendfile(file)


class ReadsTheDescriptor(Files):
    """As does a program that gets it as its input."""

    def copyfile(self, source, outputfile):
        try:
            descriptor = source.fileno()
        except io.UnsupportedOperation:  # A part.
            super().copyfile(source, outputfile)
            return
        while block := os.read(descriptor, 10_000):
            outputfile.write(block)


class ChangesContent(Files):
    compress = True

    def copyfile(self, source, outputfile):
        while block := source.read(1000):
            outputfile.write(block.upper())


class CopiesTheBeginning(Files):
    def copyfile(self, source, outputfile):
        outputfile.write(source.read(3))
        super().copyfile(source, outputfile)


class HasAliases(Files):
    def translate_path(self, path):
        return super().translate_path("/file.txt" if path == "/own" else path)


class KnowsTypes(Files):
    def guess_type(self, path):
        return "text/x-own; charset=latin-1"


class HidesFolders(Files):
    def list_directory(self, path):
        self.send_error(403)


class HasErrorsOfItsOwn(Files):
    def send_error(self, code, message=None, explain=None):
        self.send_response(code)
        self.send_header("Content-Length", "0")
        self.end_headers()


class AnswersHead(Files):
    def do_HEAD(self):
        self.send_response(204)
        self.end_headers()


class SetsAttributesFirst(Files):
    def __init__(self, *arguments, **keywords):
        self.guess_type = lambda path: "text/x-own"
        self.compress = True
        self.cache_control = "no-store"
        self.index_pages = ["file.txt"]
        super().__init__(*arguments, **keywords)


class WrapsItsOutput(Files):
    def setup(self):
        super().setup()
        self.wfile = io.BufferedWriter(Output(self.wfile))


class Output(io.RawIOBase):
    def __init__(self, real):
        super().__init__()
        self._real = real

    def writable(self):
        return True

    def write(self, data):
        return self._real.write(data)


class Forking(getattr(socketserver, "ForkingMixIn", object), HTTPServer):
    pass


HANDLERS = [
    Files,
    AddsFields,
    DropsFields,
    AddsToEachStatus,
    HasFilesOfItsOwn,
    ReadsAll,
    SendsByItsSocket,
    ReadsTheDescriptor,
    ChangesContent,
    CopiesTheBeginning,
    HasAliases,
    KnowsTypes,
    HidesFolders,
    HasErrorsOfItsOwn,
    AnswersHead,
    SetsAttributesFirst,
    WrapsItsOutput,
]

REQUESTS = [
    ("GET", "/file.txt"),
    ("HEAD", "/file.txt"),
    ("GET", "/large"),
    ("GET", "/indexed/"),
    ("GET", "/indexed"),
    ("GET", "/listed/"),
    ("HEAD", "/listed/"),
    ("GET", "/own"),
    ("POST", "/file.txt"),
    ("GET", "/file.txt", "Range: bytes=2-4"),
    ("GET", "/large", "Range: bytes=10-200000"),
    ("GET", "/file.txt", "Range: bytes=99-"),
    ("GET", "/file.txt", "If-None-Match: *"),
    ("GET", "/file.txt", 'If-Match: "other"'),
    ("GET", "/page.html", "Accept-Encoding: gzip"),
]


def in_a_thread_of_its_own(handler):
    """A callable that is no class: its handlers keep their thread."""
    return lambda *arguments: handler(*arguments)


@pytest.fixture
def folder(tmp_path):
    for name, content in [
        ("file.txt", b"content"),
        ("large", LARGE),
        ("indexed/index.html", b"<p>index"),
        ("listed/file", b""),
        ("page.html", b"<p>page" * 1000),
    ]:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (1_000_000_000, 1_000_000_000))
    return tmp_path


def answers(server_class, handler):
    """Return all bytes that answer each request, which is made twice: the file is open by then."""
    found = {}
    with serving(server_class(("127.0.0.1", 0), handler)) as running:
        for method, target, *fields in REQUESTS:
            for number in (1, 2):
                with conversation(running) as client:
                    client.get(target, "Connection: close", *fields, method=method)
                    found[method, target, *fields, number] = client.read_to_end()
    return found


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("handler_class", HANDLERS)
def test_same_bytes(handler_class, folder):
    handler = functools.partial(handler_class, directory=folder)
    expected = answers(http.server.HTTPServer, handler)
    assert len(set(expected.values())) > 5
    for server_class in (HTTPServer, ThreadingHTTPServer):
        for made in (handler, in_a_thread_of_its_own(handler)):
            assert answers(server_class, made) == expected
    if hasattr(os, "fork"):
        assert answers(Forking, handler) == expected


@pytest.mark.skipif(sys.platform != "linux", reason="files are read and written here")
@pytest.mark.parametrize("server_class", [HTTPServer, ThreadingHTTPServer])
@pytest.mark.parametrize(("handler_class", "is_used"), [(Files, True), (ReadsAll, False)])
def test_sendfile_where_nothing_needs_the_bytes(
    server_class, handler_class, is_used, folder, monkeypatch
):
    sent = []

    def sendfile(output, source, offset, count):
        sent.append(original(output, source, offset, count))
        return sent[-1]

    original = os.sendfile
    monkeypatch.setattr(os, "sendfile", sendfile)
    handler = functools.partial(handler_class, directory=folder)
    server = server_class(("127.0.0.1", 0), handler)
    with serving(server) as running, conversation(running) as client:
        client.get("/large").expect(200, LARGE)
    assert sum(sent) == (len(LARGE) if is_used else 0)
