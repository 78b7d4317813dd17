"""A machine that is out of something: descriptors, memory, disk, threads."""

import errno
import functools
import os
import subprocess
import sys
import tempfile
import threading
import time

import pytest

from basehttpserver import (
    HTTPServer,
    Settings,
    SharingHTTPRequestHandler,
    SimpleHTTPRequestHandler,
    ThreadingHTTPServer,
)
from basehttpserver import server as server_module
from basehttpserver._engine import accept_from, incoming
from basehttpserver._engine.listener import ACCEPT_PAUSE_SECONDS
from basehttpserver._http1 import Http1Connection
from tests.hostile.victims import ANYWHERE, StayingVictim, Victim
from tests.running import PATIENCE_SECONDS, eventually, serving
from tests.wire.conversation import conversation

pytestmark = pytest.mark.usefixtures("leaks_nothing")

each_server = pytest.mark.parametrize("server_class", [HTTPServer, ThreadingHTTPServer])
each_lane = pytest.mark.parametrize("handler", [Victim, StayingVictim])


def refuse(*_):
    raise MemoryError


def want_served(running):
    with conversation(running) as client:
        client.get("/", "Connection: close").expect(200)


@each_server
@pytest.mark.parametrize("error", [OSError(errno.EMFILE, "no more"), MemoryError()], ids=repr)
def test_no_descriptors_for_connections(server_class, error, capsys):
    """Accepting rests each time, and goes on; also where ``get_request`` is overridden."""
    calls = []

    class Poor(server_class):
        def get_request(self):
            calls.append(time.monotonic())
            if len(calls) < 3:
                raise error
            return super().get_request()

    with serving(Poor(ANYWHERE, Victim)) as running:
        want_served(running)
    assert len(calls) == 3
    assert calls[2] - calls[0] > ACCEPT_PAUSE_SECONDS
    assert "Traceback" not in capsys.readouterr().err


def test_no_descriptors_in_the_loop_of_socketserver(capsys, monkeypatch):
    """It is used where ``process_request`` is overridden, and would not rest by itself."""
    calls = []

    class ByHand(HTTPServer):
        def process_request(self, request, client_address):
            self.finish_request(request, client_address)
            self.shutdown_request(request)

    def accept(*arguments):
        calls.append(time.monotonic())
        if len(calls) < 3:
            raise OSError(errno.EMFILE, "no more")
        return accept_from(*arguments)

    monkeypatch.setattr(server_module, "accept_from", accept)
    with serving(ByHand(ANYWHERE, Victim)) as running:
        want_served(running)
    assert len(calls) == 3
    assert calls[2] - calls[0] >= 2 * ACCEPT_PAUSE_SECONDS


@each_server
@pytest.mark.parametrize(
    ("number", "status"), [(errno.EMFILE, 503), (errno.ENFILE, 503), (errno.EIO, 404)]
)
@pytest.mark.parametrize("handler_class", [SimpleHTTPRequestHandler, SharingHTTPRequestHandler])
def test_no_descriptors_for_files(
    server_class, handler_class, number, status, tmp_path, capsys, monkeypatch
):
    """503: a 404, which http.server answers, would be believed. The file is there afterwards."""
    (tmp_path / "file").write_bytes(b"content")
    handler = functools.partial(handler_class, directory=tmp_path, symlinks="all")

    def refuse(*_, **__):
        raise OSError(number, os.strerror(number))

    with serving(server_class(ANYWHERE, handler)) as running:
        with monkeypatch.context() as patched:
            for name in ("open", "scandir", "listdir"):
                patched.setattr(os, name, refuse)
            for target in ("/file", "/"):
                with conversation(running) as client:
                    client.get(target).expect(status)
                    client.want_closed()
        with conversation(running) as client:
            client.get("/file").expect(200, b"content")
    assert "Traceback" not in capsys.readouterr().err


@each_lane
@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENOSPC])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_no_temporary_file(handler, number, is_chunked, capsys, monkeypatch):
    """A body that is too large for memory and finds no disk: 507, and the spool is empty."""

    class Full(tempfile.SpooledTemporaryFile):
        def rollover(self):
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(incoming, "SpooledTemporaryFile", Full)
    body = b"x" * 200_000
    server = HTTPServer(ANYWHERE, handler, settings=Settings(spool_memory_bytes=1000))
    with serving(server) as running:
        for _ in range(3):
            with conversation(running) as client:
                if is_chunked:
                    client.get("/", "Transfer-Encoding: chunked", method="POST")
                    client.send(b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
                else:
                    client.get(method="POST", body=body)
                client.expect(507)
                client.want_closed()
        want_served(running)
        spool = server._context.spool
        eventually(lambda: spool.room == server.settings.max_spool_bytes)
    assert "Traceback" not in capsys.readouterr().err


#: Runs with little memory, tells its port, and ends with its standard input.
LITTLE_MEMORY = """
import resource, sys, threading
import basehttpserver
from tests.hostile import victims

class Handler(getattr(victims, sys.argv[2])):
    def do_GET(self):
        if self.path == "/wild":
            bytearray(1 << 40)
        super().do_GET()

server = getattr(basehttpserver, sys.argv[1])(("127.0.0.1", 0), Handler)
thread = threading.Thread(target=server.serve_forever)
thread.start()
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
print(server.server_port, flush=True)
sys.stdin.read()
server.shutdown()
thread.join()
server.server_close()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="there is no such limit")
@each_server
@each_lane
def test_no_memory_for_a_handler(server_class, handler):
    with subprocess.Popen(
        [sys.executable, "-c", LITTLE_MEMORY, server_class.__name__, handler.__name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            address = ("127.0.0.1", int(process.stdout.readline()))
            for _ in range(3):
                with conversation(address) as client:
                    client.get("/wild").expect(500)
                    client.want_closed()
            want_served(address)
            _, errors = process.communicate(timeout=PATIENCE_SECONDS)
            assert process.returncode == 0
            assert errors.count("MemoryError") == 3
        finally:
            process.kill()


@each_server
@each_lane
@pytest.mark.parametrize("name", ["receive_head", "next_head", "read_body"])
def test_no_memory_for_us(server_class, handler, name, capsys, monkeypatch):
    """One connection ends, with a traceback that says why, and no other."""
    data = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx"
    with serving(server_class(ANYWHERE, handler)) as running:
        with monkeypatch.context() as patched:
            patched.setattr(Http1Connection, name, refuse)
            for _ in range(3):
                with conversation(running) as client:
                    client.send(data).want_gone()
        want_served(running)
        eventually(lambda: not running.server._lanes.poller._roster)
    assert capsys.readouterr().err.count("\nMemoryError") == 3


@each_server
def test_no_memory_for_a_kept_connection(server_class, capsys, monkeypatch):
    with serving(server_class(ANYWHERE, Victim)) as running:
        with conversation(running) as client:
            client.get().expect(200)
            with monkeypatch.context() as patched:
                patched.setattr(Http1Connection, "receive_head", refuse)
                client.get().want_gone()
        want_served(running)
        eventually(lambda: not running.server._lanes.poller._roster)
    assert capsys.readouterr().err.count("\nMemoryError") == 1


@each_lane
def test_no_threads(handler, capsys, monkeypatch):
    """Nobody waits for a thread that cannot be: 503, or the leader, if there is one, answers."""
    started = threading.Thread.start

    def start(thread):
        if thread.name.startswith("basehttpserver"):
            raise RuntimeError("can't start new thread")
        started(thread)

    server = ThreadingHTTPServer(ANYWHERE, handler)
    with serving(server) as running:
        eventually(lambda: server._lanes and server._lanes._lead.tenure)
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", start)
            for _ in range(3):
                with conversation(running) as client:
                    response = client.get("/", "Connection: close").read_response()
                    assert response.status == (200 if handler is Victim else 503)
                    assert handler is Victim or response["Retry-After"] == "1"
                    client.want_closed()
        want_served(running)
    assert "Traceback" not in capsys.readouterr().err
