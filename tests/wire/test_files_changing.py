"""Files that change while they are sent, or that are none: what the client sees."""

import contextlib
import functools
import os
import socket
import threading

import pytest

from basehttpserver import SimpleHTTPRequestHandler, ThreadingHTTPServer


class Handler(SimpleHTTPRequestHandler):
    """Lets a test change a file between the head of its response and the content."""

    protocol_version = "HTTP/1.1"
    after_head = None

    def copyfile(self, source, outputfile):
        if self.after_head:
            self.after_head()
        super().copyfile(source, outputfile)

    def log_message(self, format, *arguments):
        pass


@contextlib.contextmanager
def serving(folder, after_head=None):
    """The address of a server for a folder."""
    handler = type("Changing", (Handler,), {"after_head": after_head and staticmethod(after_head)})
    bound = functools.partial(handler, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), bound) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address
        finally:
            server.shutdown()
            thread.join()


def converse(address, *targets):
    """Send requests for all targets at once, the last with a close; return all that comes back."""
    requests = [f"GET {target} HTTP/1.1\r\nHost: example.org\r\n" for target in targets]
    requests[-1] += "Connection: close\r\n"
    received = b""
    with socket.create_connection(address, timeout=20) as client:
        client.sendall("".join(request + "\r\n" for request in requests).encode())
        while block := client.recv(65536):
            received += block
    return received


@pytest.mark.parametrize("size", [100, 3_000_000])
def test_file_that_grows(tmp_path, size):
    def grow():
        with open(tmp_path / "file", "ab") as file:
            file.write(b"HTTP/1.1 200 OK\r\n\r\n" * 10_000)

    (tmp_path / "file").write_bytes(b"a" * size)
    (tmp_path / "other").write_bytes(b"other")
    with serving(tmp_path, grow) as address:
        received = converse(address, "/file", "/other")
    head, _, rest = received.partition(b"\r\n\r\n")
    assert f"Content-Length: {size}".encode() in head
    assert rest[:size] == b"a" * size
    assert rest[size:].startswith(b"HTTP/1.1 200 OK\r\nServer: ")
    assert rest.endswith(b"\r\n\r\nother")


@pytest.mark.parametrize("size", [100, 3_000_000])
def test_file_that_shrinks_cuts_the_connection(tmp_path, size):
    def shrink():
        os.truncate(tmp_path / "file", size // 2)

    (tmp_path / "file").write_bytes(b"a" * size)
    (tmp_path / "other").write_bytes(b"other")
    with serving(tmp_path, shrink) as address:
        received = converse(address, "/file", "/other")
    # Whatever came after the first half would be taken for the second.
    head, _, rest = received.partition(b"\r\n\r\n")
    assert received == b"" or f"Content-Length: {size}".encode() in head
    assert rest == b"a" * len(rest)
    assert len(rest) <= size // 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs here")
def test_fifo_that_nobody_writes_into(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "zero").symlink_to("/dev/zero")
    with serving(tmp_path) as address:
        for target in ("/fifo", "/zero"):
            assert converse(address, target).startswith(b"HTTP/1.1 404 File not found\r\n")
