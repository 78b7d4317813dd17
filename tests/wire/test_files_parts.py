"""Files by their validators and ranges over real connections: framing, and what comes next."""

import email.parser
import functools
import io
import os
import shutil

import pytest

from basehttpserver import (
    HTTPServer,
    Settings,
    SimpleHTTPRequestHandler,
    ThreadingHTTPServer,
)
from tests.running import serving
from tests.wire.conversation import conversation

pytestmark = pytest.mark.usefixtures("leaks_nothing")

#: Large enough for several blocks, and parts of it for being sent by their descriptor.
CONTENT = bytes(range(251)) * 4000
SIZE = len(CONTENT)
MODIFIED = 1_000_000_000
DATE = "Sun, 09 Sep 2001 01:46:40 GMT"


class Files(SimpleHTTPRequestHandler):
    """Its exchanges run wherever the engine likes."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format, *arguments):
        pass


class KeepsItsThread(Files):
    """Its connections have a thread each."""

    def setup(self):
        super().setup()


class CopiesItself(Files):
    """Knows nothing of parts, and copies what it gets."""

    def copyfile(self, source, outputfile):
        shutil.copyfileobj(source, outputfile)


class ReadsAll(Files):
    """Wants its file in memory."""

    def send_head(self):
        file = super().send_head()
        if file is None:
            return None
        with file:
            return io.BytesIO(file.read())


@pytest.fixture
def folder(tmp_path):
    for name, content in [("file.bin", CONTENT), ("small.txt", b"0123456789"), ("empty", b"")]:
        (tmp_path / name).write_bytes(content)
        os.utime(tmp_path / name, (MODIFIED, MODIFIED))
    return tmp_path


@pytest.fixture(params=[HTTPServer, ThreadingHTTPServer])
def server_class(request):
    return request.param


@pytest.fixture(params=[Files, KeepsItsThread, CopiesItself, ReadsAll])
def running(request, server_class, folder):
    handler = functools.partial(request.param, directory=folder)
    with serving(server_class(("127.0.0.1", 0), handler)) as running:
        yield running


@pytest.fixture
def client(running):
    with conversation(running) as client:
        yield client


def parts_of(response):
    """The parts of a multipart response, as a mail program reads them: type, range, content."""
    head = f"Content-Type: {response['Content-Type']}\r\n\r\n".encode()
    message = email.parser.BytesParser().parsebytes(head + response.body)
    assert message.get_content_type() == "multipart/byteranges"
    assert not message.defects
    return [
        (part["Content-Type"], part["Content-Range"], part.get_payload(decode=True))
        for part in message.get_payload()
    ]


def test_one_range(client):
    for begin, end in [(0, 1), (5, 100_000), (7, SIZE), (SIZE - 1, SIZE)]:
        response = client.get("/file.bin", f"Range: bytes={begin}-{end - 1}")
        response = response.expect(206, CONTENT[begin:end])
        assert response["Content-Range"] == f"bytes {begin}-{end - 1}/{SIZE}"
        assert response["Content-Type"] == "application/octet-stream"
        assert response["Accept-Ranges"] == "bytes"
        assert response["Last-Modified"] == DATE
        assert response.framing == "length"
    whole = client.get("/file.bin").expect(200, CONTENT)
    assert whole["ETag"] == response["ETag"]
    assert whole["Content-Range"] is None
    client.want_idle()


def test_several_ranges(client):
    response = client.get("/small.txt", "Range: bytes=7-8,0-2,-1,1-3").expect(206)
    assert response.framing == "length"
    assert response["Content-Range"] is None
    assert parts_of(response) == [
        ("text/plain; charset=utf-8", "bytes 7-9/10", b"789"),
        ("text/plain; charset=utf-8", "bytes 0-3/10", b"0123"),
    ]
    client.get("/small.txt").expect(200, b"0123456789")


def test_several_large_ranges(client):
    asked = [(700_000, 900_000), (0, 10), (100_000, 300_001)]
    ranges = ",".join(f"{begin}-{end - 1}" for begin, end in asked)
    response = client.get("/file.bin", f"Range: bytes={ranges}").expect(206)
    contents = [CONTENT[begin:end] for begin, end in asked]
    boundary = response["Content-Type"].partition("boundary=")[2].encode()
    pieces = response.body.split(b"--" + boundary)
    assert [piece.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n") for piece in pieces[1:-1]] == (
        contents
    )
    client.get("/small.txt").expect(200, b"0123456789")


def test_many_large_ranges_hold_up_nobody(server_class, folder):
    """They wait in the file, and not in the only thread of an `HTTPServer`, nor on the disk."""
    os.truncate(folder / "file.bin", 200_000_000)
    ranges = ",".join(f"{begin}-{begin + 9_000_000}" for begin in range(0, 190_000_000, 10_000_000))
    server = server_class(
        ("127.0.0.1", 0),
        functools.partial(Files, directory=folder),
        settings=Settings(max_response_spool_bytes=100_000),
    )
    with serving(server) as running, conversation(running, receive_buffer=4096) as slow:
        slow.get("/file.bin", f"Range: bytes={ranges}")
        assert slow.peek().startswith(b"HTTP/1.1 206 ")
        with conversation(running) as client:
            client.get("/small.txt").expect(200, b"0123456789")


def test_range_that_is_not_there(client):
    response = client.get("/small.txt", "Range: bytes=10-").expect(416)
    assert response["Content-Range"] == "bytes */10"
    assert response["Accept-Ranges"] is response["ETag"] is None
    client.want_closed()


def test_empty_file(running):
    for value, status in [("bytes=-5", 200), ("bytes=0-", 416), ("bytes=0-0,5-9", 416)]:
        with conversation(running) as client:
            response = client.get("/empty", f"Range: {value}").expect(status)
            assert response["Content-Range"] == ("bytes */0" if status == 416 else None)


def test_head_has_no_ranges(client):
    response = client.get("/small.txt", "Range: bytes=0-1", method="HEAD").expect(200, to="HEAD")
    assert response["Content-Length"] == "10"
    whole = client.get("/small.txt").expect(200, b"0123456789")
    assert [field for field in response.fields if field[0] != "Date"] == [
        field for field in whole.fields if field[0] != "Date"
    ]


def test_if_range(client):
    tag = client.get("/small.txt").expect(200)["ETag"]
    for value, status in [(tag, 206), (DATE, 206), (f"W/{tag}", 200), ('"other"', 200)]:
        body = b"01" if status == 206 else b"0123456789"
        client.get("/small.txt", "Range: bytes=0-1", f"If-Range: {value}").expect(status, body)
    later = DATE.replace(":40", ":41")
    client.get("/small.txt", "Range: bytes=0-1", f"If-Range: {later}").expect(200)
    client.want_idle()


def test_not_modified(client):
    tag = client.get("/small.txt").expect(200)["ETag"]
    for field in (f"If-None-Match: W/{tag}", f"If-Modified-Since: {DATE}", "If-None-Match: *"):
        for method in ("GET", "HEAD"):
            response = client.get("/small.txt", field, method=method).expect(304, b"", to=method)
            assert (response["ETag"], response["Last-Modified"]) == (tag, DATE)
            assert response["Content-Length"] is response["Accept-Ranges"] is None
        # RFC 9110 13.2.2: Range comes last.
        client.get("/small.txt", field, "Range: bytes=0-1").expect(304, b"")
    client.get("/small.txt").expect(200, b"0123456789")


def test_precondition_failed(running):
    for field in ('If-Match: "other"', "If-Unmodified-Since: Sun, 09 Sep 2001 01:46:39 GMT"):
        with conversation(running) as client:
            response = client.get("/small.txt", field, "Range: bytes=0-1").expect(412)
            assert response["Accept-Ranges"] is None
            client.want_closed()


def test_download_that_is_continued(client, folder):
    """In parts, each on condition that the file is still the same."""
    tag = client.get("/file.bin", method="HEAD").expect(200, to="HEAD")["ETag"]
    received = b""
    while len(received) < SIZE:
        fields = f"Range: bytes={len(received)}-{len(received) + 99_999}", f"If-Range: {tag}"
        received += client.get("/file.bin", *fields).expect(206).body
    assert received == CONTENT
    (folder / "file.bin").write_bytes(b"changed")
    client.get("/file.bin", "Range: bytes=5-", f"If-Range: {tag}").expect(200, b"changed")


def test_file_just_changed_has_a_weak_tag(client, folder):
    (folder / "new").write_bytes(b"new")
    # Its time is of the future: however long the test takes, it may be changed again.
    os.utime(folder / "new", (2**32, 2**32))
    tag = client.get("/new").expect(200, b"new")["ETag"]
    assert tag.startswith('W/"')
    client.get("/new", f"If-None-Match: {tag}").expect(304)
    client.get("/new", "Range: bytes=0-1", f"If-Range: {tag}").expect(200, b"new")
    client.get("/new", "Range: bytes=0-1").expect(206, b"ne")


def test_methods(running):
    for method, status in [("POST", 405), ("PATCH", 405), ("OPTIONS", 405), ("SPAM", 501)]:
        with conversation(running) as client:
            response = client.get("/small.txt", method=method).expect(status)
            assert response["Allow"] == ("GET, HEAD" if status == 405 else None)
            client.want_closed()


@pytest.mark.parametrize("ranges", ["0-", "0-99999,500000-", "1-1,3-900000"])
def test_file_that_shrinks_cuts_the_connection(server_class, folder, ranges):
    class Shrinking(Files):
        def copyfile(self, source, outputfile):
            os.truncate(folder / "file.bin", 50_000)
            super().copyfile(source, outputfile)

    handler = functools.partial(Shrinking, directory=folder)
    address = ("127.0.0.1", 0)
    with serving(server_class(address, handler)) as running, conversation(running) as client:
        client.get("/file.bin", f"Range: bytes={ranges}")
        received = client.get("/small.txt").read_to_end()
    # Whatever came behind what is left would be taken for the rest.
    assert received.count(b"HTTP/1.1 ") == 1
    assert received == b"" or received.endswith(CONTENT[49_000:50_000])
