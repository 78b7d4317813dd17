"""Files that change while they are sent, or that are none: what the client sees."""

import contextlib
import functools
import os

import pytest

from basehttpserver import HTTPServer, SimpleHTTPRequestHandler, ThreadingHTTPServer
from tests.running import eventually, serving
from tests.wire.clients import hurry, slow_reader
from tests.wire.conversation import conversation

pytestmark = pytest.mark.usefixtures("leaks_nothing")

each_server = pytest.mark.parametrize("server_class", [HTTPServer, ThreadingHTTPServer])


class Handler(SimpleHTTPRequestHandler):
    """Lets a test change a file between the head of its response and the content."""

    protocol_version = "HTTP/1.1"
    after_head = None

    def end_headers(self):
        super().end_headers()
        if self.after_head:
            self.after_head()

    def log_message(self, format, *arguments):
        self.lines.append(format % arguments)


@contextlib.contextmanager
def serving_folder(server_class, folder, after_head=None):
    """Run a server for a folder; its `lines` are what the handlers log."""
    once = [after_head] if after_head else []
    lines = []

    def change():
        with contextlib.suppress(IndexError):
            once.pop()()

    handler = type("Changing", (Handler,), {"after_head": staticmethod(change), "lines": lines})
    bound = functools.partial(handler, directory=folder)
    with serving(server_class(("127.0.0.1", 0), bound)) as running:
        running.lines = lines
        yield running


#: What is asked for of a file: the fields of the request, and what of it is sent.
PORTIONS = {
    "whole": ([], [slice(0, None)]),
    "range": (["Range: bytes=10-"], [slice(10, None)]),
    "ranges": (["Range: bytes=0-9,20-"], [slice(0, 10), slice(20, None)]),
}
each_portion = pytest.mark.parametrize(("fields", "slices"), PORTIONS.values(), ids=PORTIONS)

#: One that is in memory before it is sent, and one of which the most is in the file still.
SIZES = {"small": 1000, "large": 8_000_000}
each_size = pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)


def append(path):
    with open(path, "ab") as file:
        file.write(b"HTTP/1.1 200 OK\r\n\r\n" * 10_000)


def replace(path):
    path.with_name("new").write_bytes(b"HTTP/1.1 200 OK\r\n\r\n")
    os.replace(path.with_name("new"), path)


#: What leaves the bytes alone that were there when the file was opened.
each_harmless_change = pytest.mark.parametrize("change", [append, replace, os.unlink])


def truncate(path):
    os.truncate(path, path.stat().st_size // 2)


def empty(path):
    os.truncate(path, 0)


#: What takes away bytes that were promised.
each_loss = pytest.mark.parametrize("lose", [truncate, empty])


@pytest.fixture
def path(tmp_path):
    (tmp_path / "other").write_bytes(b"other")
    return tmp_path / "file"


def ask(client, fields):
    """Ask for the file, and before there is any answer for another one."""
    return client.get("/file", *fields).get("/other")


def want_untouched(client, content, fields, slices):
    """Want what was asked for of the file as it was, and behind it the other one."""
    response = client.expect(206 if fields else 200)
    if len(slices) == 1:
        assert response.body == content[slices[0]]
    else:
        assert response["Content-Type"].startswith("multipart/byteranges; boundary=")
        for each in slices:
            assert b"\r\n\r\n" + content[each] + b"\r\n--" in response.body
    client.expect(200, b"other")


def want_cut(client, running):
    """Want less than was promised, nothing behind it, and a line in the log."""
    try:
        received = client.read_to_end()
    except ConnectionError:  # What the client has asked behind it was not read.
        received = client.received
    head, _, body = received.partition(b"\r\n\r\n")
    if head:
        assert b"HTTP/1.1 20" in head
        length = int(head.lower().partition(b"content-length:")[2].split()[0])
        assert len(body) < length
        assert b"HTTP/1.1" not in body
    eventually(lambda: any("shorter" in line for line in running.lines), "a line")


@each_server
class TestAfterTheHead:
    """The file changes when its head is made, and nothing of it is read."""

    @each_size
    @each_portion
    @each_harmless_change
    def test_harmless(self, server_class, path, change, fields, slices, size):
        content = bytes(range(200)) * (size // 200)
        path.write_bytes(content)
        with (
            serving_folder(server_class, path.parent, lambda: change(path)) as running,
            conversation(running) as client,
        ):
            want_untouched(ask(client, fields), content, fields, slices)

    @each_size
    @each_portion
    @each_loss
    def test_loss(self, server_class, path, lose, fields, slices, size):
        path.write_bytes(b"a" * size)
        with (
            serving_folder(server_class, path.parent, lambda: lose(path)) as running,
            conversation(running) as client,
        ):
            want_cut(ask(client, fields), running)


@each_server
class TestInTheMidst:
    """The file changes when its client has read the beginning, and the most is in the file."""

    @pytest.fixture
    def halfway(self, server_class, path):
        """Return what asks for the file and reads some of it."""

        @contextlib.contextmanager
        def halfway(content, fields):
            path.write_bytes(content)
            with (
                serving_folder(server_class, path.parent) as running,
                slow_reader(running) as client,
            ):
                ask(client, fields)
                client.received = client.socket.recv(1000)
                yield client, running

        return halfway

    @each_portion
    @each_harmless_change
    def test_harmless(self, halfway, path, change, fields, slices):
        content = bytes(range(200)) * (SIZES["large"] // 200)
        with halfway(content, fields) as (client, _):
            change(path)
            want_untouched(hurry(client), content, fields, slices)

    @each_portion
    @each_loss
    def test_loss(self, halfway, path, lose, fields, slices):
        with halfway(b"a" * SIZES["large"], fields) as (client, running):
            lose(path)
            want_cut(hurry(client), running)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs here")
def test_fifo_that_nobody_writes_into(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "zero").symlink_to("/dev/zero")
    with serving_folder(ThreadingHTTPServer, tmp_path) as running:
        for target in ("/fifo", "/zero"):
            with conversation(running) as client:
                client.get(target, "Connection: close").expect(404)
                client.want_closed()
