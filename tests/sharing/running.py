"""A folder that is shared by a server, and clients that ask it byte by byte or by curl."""

import contextlib
import functools
import http.client
import os
import socket
import subprocess
from typing import NamedTuple

from basehttpserver import HTTPServer, Settings, ThreadingHTTPServer
from tests.running import PATIENCE_SECONDS, serving

SERVERS = [ThreadingHTTPServer, HTTPServer]


class Answer(NamedTuple):
    status: int
    fields: http.client.HTTPMessage
    body: bytes


class Shared:
    """A running server for a folder, and how to ask it."""

    def __init__(self, folder, address, logged):
        self.folder = folder
        self.address = address
        self.logged = logged
        self.url = "http://{}:{}".format(*address)

    def ask(self, method, target, body=None, headers=(), **more):
        """Return the answer to one request on a connection of its own."""
        connection = http.client.HTTPConnection(*self.address, timeout=PATIENCE_SECONDS)
        with contextlib.closing(connection):
            connection.request(method, target, body, dict(headers), **more)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())

    def connect(self):
        return socket.create_connection(self.address, PATIENCE_SECONDS)

    def send(self, data):
        """Send bytes and nothing more; return all that comes until the server closes."""
        with self.connect() as client:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            return read_all(client)

    def curl(self, *arguments):
        """Run curl for a path of this server, the last argument; return status, and its trace."""
        *options, path = arguments
        command = ["curl", "--silent", "--verbose", "--max-time", "10", "--noproxy", "*"]
        command += ["--expect100-timeout", "9"]  # Else it waits a second for 100, and sends.
        command += ["--write-out", "\n%{http_code} %{size_upload}", "--output", os.devnull]
        result = subprocess.run(
            [*command, *options, self.url + path],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        status, size = result.stdout.rsplit("\n", 1)[-1].split()
        return int(status), int(size), result.stderr

    def names(self, path="."):
        """All names in the folder, hidden ones included, in order."""
        return sorted(os.listdir(os.path.join(self.folder, path)))

    def read(self, name):
        with open(os.path.join(self.folder, name), "rb") as file:
            return file.read()


def read_all(client):
    received = bytearray()
    with contextlib.suppress(ConnectionResetError):
        while data := client.recv(65536):
            received += data
    return bytes(received)


@contextlib.contextmanager
def sharing(
    folder, handler, server_class=ThreadingHTTPServer, settings=None, symlinks="all", **attributes
):
    """Serve `folder` by a subclass of `handler` that has `attributes`."""
    logged = []

    def log_message(self, format, *arguments):
        logged.append((getattr(self, "remote_user", None), format % arguments))

    attributes = {
        "protocol_version": "HTTP/1.1",
        "symlinks": symlinks,
        "log_message": log_message,
        **attributes,
    }
    handler_class = type("Sharing", (handler,), attributes)
    bound = functools.partial(handler_class, directory=str(folder))
    server = server_class(("127.0.0.1", 0), bound, settings=settings or Settings())
    with serving(server) as running:
        yield Shared(str(folder), running.address, logged)
