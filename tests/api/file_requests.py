"""Requests to a handler class without a server: bytes go in, bytes come out."""

import io
from typing import NamedTuple

from basehttpserver.files import SimpleHTTPRequestHandler


class Handler(SimpleHTTPRequestHandler):
    """The class under test, with a Server field and a Date that never change."""

    server_version = "Files"
    sys_version = "Test"

    def date_time_string(self, timestamp=None):
        return super().date_time_string(0 if timestamp is None else timestamp)

    def log_message(self, format, *args):
        self.logged = [*getattr(self, "logged", []), format % args]


class Connection:
    """As much of a socket as a handler without a server needs."""

    def __init__(self, received):
        self.received = io.BytesIO(received)
        self.sent = bytearray()

    def makefile(self, mode="r", buffering=-1):
        return self.received if "r" in mode else io.BufferedWriter(_Sink(self.sent), 1)

    def sendall(self, data):
        self.sent += data


class _Sink(io.RawIOBase):
    def __init__(self, sent):
        self.sent = sent

    def writable(self):
        return True

    def write(self, data):
        self.sent += data
        return len(data)


class Answer(NamedTuple):
    status: int
    fields: dict[str, str]
    body: bytes
    head: bytes


def exchange(request, handler=Handler, **arguments):
    """Return all the bytes that the handler sends for the bytes of a request."""
    connection = Connection(request)
    handler(connection, ("192.0.2.1", 40000), None, **arguments)
    return bytes(connection.sent)


def ask(target, handler=Handler, method="GET", fields=(), **arguments):
    """Return the answer to an HTTP/1.1 request."""
    lines = [f"{method} {target} HTTP/1.1", "Host: example.org", *fields, "Connection: close"]
    request = "".join(line + "\r\n" for line in [*lines, ""]).encode("latin-1")
    head, _, body = exchange(request, handler, **arguments).partition(b"\r\n\r\n")
    status_line, *field_lines = head.decode("latin-1").split("\r\n")
    return Answer(
        int(status_line.split(" ")[1]),
        dict(line.split(": ", 1) for line in field_lines),
        body,
        head + b"\r\n\r\n",
    )


def ask_past_parser(target, handler=Handler, **arguments):
    """Return the answer to a target that `parse_request` might change or refuse."""

    class Replacing(handler):
        def parse_request(self):
            parsed = super().parse_request()
            self.path = target
            return parsed

    return ask("/", Replacing, **arguments)
