"""websockify: connections that its handlers keep for themselves, as tunnels, for minutes."""

import base64
import contextlib
import json
import os
import signal
import socket
import struct
import time

import pytest
import requests
from websockets.exceptions import InvalidStatus

from tests.downstream.running import APPS
from tests.downstream.table import PROGRAMS
from tests.downstream.tunnels import echo_target, exchange, listening_port, tunnel
from tests.running import eventually
from tests.wire.servers import descriptors_of, threads_of

APP = APPS / "websockify_tunnels.py"

#: Around each way to say a length, and beyond what any buffer on the way holds.
SIZES = (1, 125, 126, 65535, 65536, 1 << 20, 5 << 20)

#: For tests of something else: more than goes at once.
LARGE = 1 << 20

#: Deadlines that every tunnel outlives.
SHORT = {
    "head_timeout_seconds": 0.3,
    "idle_timeout_seconds": 0.3,
    "rate_grace_seconds": 0.3,
    "linger_seconds": 0.3,
}


@pytest.fixture(params=["plain", "tls"])
def tls(request, certificate):
    """What the client trusts, where there is TLS."""
    return certificate if request.param == "tls" else None


@pytest.fixture
def target():
    with echo_target() as target:
        yield target


@pytest.fixture(params=["library", "threading", "echo"])
def kind(request):
    """The ways of a server that has many tunnels in one process."""
    return request.param


@pytest.fixture
def serve(launch, target):
    def serve(kind, tls=None, **settings):
        arguments = ["--target", target.port, "--settings", json.dumps(settings)]
        if tls is not None:
            arguments += ["--certificate", tls]
        return launch(APP, kind, *arguments)

    return serve


@pytest.mark.parametrize("kind", ["library", "threading", "forking", "echo", "echo-one"])
def test_sizes(serve, kind, tls, side):
    with serve(kind, tls) as program:
        with tunnel(program.port, tls) as websocket:
            for size in SIZES if side == "basehttpserver" else SIZES[:-1]:
                assert exchange(websocket, os.urandom(size)), f"{size} bytes came back otherwise"
        if side == "basehttpserver":
            [name] = program.lanes
            assert program.lanes[name] <= PROGRAMS["websockify"].lanes[name]


def test_many_tunnels(serve, kind, tls, target):
    with serve(kind, tls) as program, contextlib.ExitStack() as stack:
        tunnels = [stack.enter_context(tunnel(program.port, tls)) for _ in range(30)]
        for turn in range(2):
            for number, websocket in enumerate(tunnels):
                websocket.send(f"{turn} of {number}".encode() * 100)
            for number, websocket in enumerate(tunnels):
                assert websocket.recv(10) == f"{turn} of {number}".encode() * 100
        assert exchange(tunnels[7], os.urandom(LARGE))


def test_tunnels_outlive_every_deadline(serve, kind, tls):
    """Silent for longer than anything else may be, with a look of the sentinel every 5 ms."""
    with serve(kind, tls, **SHORT) as program, tunnel(program.port, tls) as websocket:
        assert exchange(websocket, b"before")
        time.sleep(1)
        assert exchange(websocket, os.urandom(LARGE))


def test_client_that_does_not_read(serve, kind, tls):
    """No minimum rate counts in a tunnel."""
    with serve(kind, tls, **SHORT) as program, tunnel(program.port, tls, max_queue=1) as websocket:
        for _ in range(40):
            websocket.send(bytes(10000))
        time.sleep(1)
        received = b""
        while len(received) < 400000:
            received += websocket.recv(10)
        assert received == bytes(400000)


def test_requests_beside_tunnels(serve, kind):
    with serve(kind) as program, contextlib.ExitStack() as stack:
        tunnels = [stack.enter_context(tunnel(program.port)) for _ in range(10)]
        url = program.url("/")
        status = {"library": 405, "threading": 404, "echo": 426}[kind]
        for websocket in tunnels:
            assert requests.get(url, timeout=10).status_code == status
            assert exchange(websocket, b"still here")


def test_clients_that_vanish(serve, kind, tls, target):
    """Nothing stays: no thread, no socket, no place among the connections of the server."""
    with serve(kind, tls, max_connections=12) as program:
        process_id = program.process.pid
        with tunnel(program.port, tls) as websocket:
            assert exchange(websocket, b"warm")
        eventually(lambda: target.open_connections == 0, "the target to be left")
        eventually(lambda: threads_of(process_id) <= 4, "threads to end", 15)
        descriptors = descriptors_of(process_id)
        for _ in range(2):
            with contextlib.ExitStack() as stack:
                tunnels = [stack.enter_context(tunnel(program.port, tls)) for _ in range(10)]
                for websocket in tunnels:
                    assert exchange(websocket, b"here")
                    vanish(websocket.socket)
            eventually(lambda: target.open_connections == 0, "the target to be left")
        eventually(lambda: descriptors_of(process_id) <= descriptors, "descriptors to be closed")
        with tunnel(program.port, tls) as websocket:
            assert exchange(websocket, b"as ever")


def vanish(client):
    """Send a reset in place of any goodbye."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with contextlib.suppress(OSError):
        client.shutdown(socket.SHUT_RD)  # It wakes the thread that receives.
    client.close()


@pytest.mark.parametrize("kind", ["threading", "echo"])
def test_server_that_closes(serve, kind, tls):
    """As in ``http.server``, a tunnel of a daemon thread outlives ``server_close``."""
    with serve(kind, tls) as program, tunnel(program.port, tls) as websocket:
        assert exchange(websocket, b"before")
        program.process.send_signal(signal.SIGUSR1)
        program.wait_until_printed("closed")
        assert exchange(websocket, os.urandom(LARGE))
        with pytest.raises(ConnectionRefusedError):
            tunnel(program.port, tls).__enter__()


def test_server_that_waits(serve, target):
    """`LibProxyServer` has no daemon threads: ``server_close`` waits for its tunnels."""
    with serve("library") as program:
        with tunnel(program.port) as websocket:
            assert exchange(websocket, b"before")
            program.process.send_signal(signal.SIGUSR1)
            time.sleep(0.5)
            assert exchange(websocket, b"still here")
            assert "closed" not in program.output.split()
        program.wait_until_printed("closed")


@pytest.mark.parametrize("kind", ["threading", "echo"])
def test_interrupt_with_tunnels(serve, kind, tls):
    with serve(kind, tls) as program, contextlib.ExitStack() as stack:
        tunnels = [stack.enter_context(tunnel(program.port, tls)) for _ in range(10)]
        assert all(exchange(websocket, b"here") for websocket in tunnels)
        program.process.send_signal(signal.SIGINT)
        assert program.process.wait(10) == 0


class Command:
    """``python -m websockify``, which forks for each connection and uses handlers alone."""

    @pytest.fixture
    def command(self, launch, target):
        @contextlib.contextmanager
        def command(*options):
            arguments = [*options, "127.0.0.1:0", f"127.0.0.1:{target.port}"]
            with launch("-m", "websockify", *arguments, listens=False) as program:
                port = eventually(lambda: listening_port(program.process.pid), "a listener", 30)
                yield program, port

        return command


class TestCommand(Command):
    def test_tunnel(self, command):
        with command() as (_, port), tunnel(port) as websocket:
            for size in SIZES:
                assert exchange(websocket, os.urandom(size))

    def test_tls(self, command, certificate):
        with (
            command("--cert", certificate, "--ssl-only") as (_, port),
            tunnel(port, certificate) as websocket,
        ):
            assert exchange(websocket, os.urandom(LARGE))

    def test_many_tunnels(self, command, target):
        with command("--heartbeat", "1") as (_, port):
            with contextlib.ExitStack() as stack:
                tunnels = [stack.enter_context(tunnel(port)) for _ in range(20)]
                time.sleep(1.5)  # A ping has come and gone.
                assert all(exchange(websocket, os.urandom(100000)) for websocket in tunnels)
            eventually(lambda: target.open_connections == 0, "the target to be left")

    def test_files_and_authentication(self, command, tmp_path):
        (tmp_path / "page.html").write_text("<p>page")
        options = ["--auth-plugin", "BasicHTTPAuth", "--auth-source", "user:word"]
        with command("--web", tmp_path, "--web-auth", *options) as (_, port):
            url = f"http://127.0.0.1:{port}/page.html"
            assert requests.get(url, auth=("user", "word"), timeout=10).text == "<p>page"
            assert requests.get(url, timeout=10).status_code == 401
            with pytest.raises(InvalidStatus, match="401"):
                tunnel(port).__enter__()
            word = base64.b64encode(b"user:word").decode()
            with tunnel(port, additional_headers={"Authorization": f"Basic {word}"}) as websocket:
                assert exchange(websocket, b"let in")

    def test_record_and_run_once(self, command, tmp_path):
        with command("--record", tmp_path / "record", "--run-once") as (program, port):
            with tunnel(port) as websocket:
                assert exchange(websocket, b"once")
            assert program.process.wait(10) == 0
        assert "once" in (tmp_path / "record.1").read_text()
