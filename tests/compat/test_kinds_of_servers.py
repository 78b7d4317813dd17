"""Addresses, listeners and base classes of every kind, and what handlers find in them."""

import contextlib
import functools
import http.client
import http.server
import os
import signal
import socket
import socketserver
import subprocess
import sys
import threading

import pytest

import basehttpserver
from tests.compat.sides import ANYWHERE, PACKAGES, POLL_SECONDS, SIDES, Answering
from tests.running import PATIENCE_SECONDS, eventually, serving
from tests.wire.conversation import conversation

pytestmark = pytest.mark.usefixtures("leaks_nothing")

OURS = [side for side in SIDES if side.is_ours]

each_of_ours = pytest.mark.parametrize("side", OURS, ids=str)

#: Nagle's algorithm is one of TCP.
ON_UNIX = {"disable_nagle_algorithm": False}

has_unix_sockets = pytest.mark.skipif(
    not hasattr(socket, "AF_UNIX"), reason="the system has no Unix sockets"
)
has_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")


def want_three(running):
    with conversation(running) as client:
        client.get("/1").expect(200, b"/1")
        client.get("/2").expect(200, b"/2")
        client.get("/3", "Connection: close").expect(200, b"/3")
        client.want_closed()


# Addresses.


@has_unix_sockets
@each_of_ours
def test_unix_socket(side, tmp_path, capsys):
    """In CPython ``server_bind`` and the log fail there, unless a program overrides them."""
    seen = []

    def do_get(self):
        seen.append((self.client_address, self.address_string(), self.server.server_address))
        self.answer(self.path.encode())

    path = str(tmp_path / "socket")
    handler = side.handler(do_GET=do_get, **ON_UNIX)
    handler.log_message = side.package.BaseHTTPRequestHandler.log_message
    server = side.server(handler, address=path, address_family=socket.AF_UNIX)
    with serving(server, POLL_SECONDS) as running:
        want_three(running)
        assert server.server_name == path
    assert seen == [("", "-", path)] * 3
    assert server.errors == []
    assert "- - - [" in capsys.readouterr().err


@has_unix_sockets
def test_unix_socket_as_programs_make_it(side, tmp_path):
    """With what CPython needs for it: a `server_bind` and a `get_request` of one's own."""

    def server_bind(self):
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", 0

    def get_request(self):
        request, _ = side.server_class.get_request(self)
        return request, ("local", 0)

    def do_get(self):
        assert self.client_address == ("local", 0)
        assert self.address_string() == "local"
        self.answer(self.path.encode())

    attributes = {"server_bind": server_bind, "get_request": get_request}
    server = side.server(
        side.handler(do_GET=do_get, **ON_UNIX),
        address=str(tmp_path / "socket"),
        address_family=socket.AF_UNIX,
        **attributes,
    )
    with serving(server, POLL_SECONDS) as running:
        want_three(running)
    assert server.errors == []


@has_unix_sockets
def test_handler_under_a_unix_stream_server(side, tmp_path):
    """``ThreadingUnixStreamServer``, too: no `server_name`, no address of a client."""
    bases = {
        "HTTPServer": socketserver.UnixStreamServer,
        "ThreadingHTTPServer": socketserver.ThreadingUnixStreamServer,
        "ThreadingMixIn": socketserver.ThreadingUnixStreamServer,
    }
    made = type("Made", (bases[side.kind],), {"daemon_threads": True})
    with serving(made(str(tmp_path / "socket"), side.handler(**ON_UNIX))) as running:
        want_three(running)


@pytest.mark.parametrize("base", ["TCPServer", "ThreadingTCPServer"])
def test_handler_under_a_plain_tcp_server(side, base):
    handler = side.handler()
    made = type("Made", (getattr(socketserver, base),), {"daemon_threads": True})
    with serving(made(ANYWHERE, handler)) as running:
        want_three(running)


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="the system has no dual stack")
def test_dual_stack(side):
    """As ``python -m http.server`` listens; an IPv4 client has a mapped address."""
    seen = []

    def server_bind(self):
        with contextlib.suppress(Exception):
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        return side.server_class.server_bind(self)

    def do_get(self):
        seen.append((self.client_address[0], len(self.client_address)))
        self.answer(self.path.encode())

    server = side.server(
        side.handler(do_GET=do_get),
        # All interfaces, for the moment of one request: a mapped address needs it.
        address=("::", 0),
        address_family=socket.AF_INET6,
        server_bind=server_bind,
    )
    with serving(server):
        for host in ("127.0.0.1", "::1"):
            client = http.client.HTTPConnection(host, server.server_port, timeout=PATIENCE_SECONDS)
            with contextlib.closing(client):
                client.request("GET", "/", headers={"Connection": "close"})
                assert client.getresponse().read() == b"/"
    assert seen == [("::ffff:127.0.0.1", 4), ("::1", 4)]


@each_of_ours
@pytest.mark.parametrize("address", ["", "127.0.0.1", "localhost"])
def test_no_name_server_is_asked(side, address, monkeypatch):
    """Not to bind, not to serve, not to log (cpython#106505)."""

    def fail(*args, **kwargs):
        raise AssertionError("a name server is asked")

    for name in ("getfqdn", "gethostbyaddr", "gethostbyname", "getnameinfo"):
        monkeypatch.setattr(socket, name, fail)
    handler = side.handler(do_GET=lambda self: self.answer(self.address_string().encode()))
    with serving(side.server(handler, address=(address, 0))) as running:
        with conversation(("127.0.0.1", running.server.server_port)) as client:
            client.get("/", "Connection: close").expect(200, b"127.0.0.1")
        assert running.server.server_name
        assert running.server.server_port


# Listeners that somebody else made.


def test_listener_in_the_place_of_its_own(side):
    server = side.server(side.handler(), bind_and_activate=False)
    server.socket.close()
    server.socket = socket.create_server(ANYWHERE)
    server.server_address = server.socket.getsockname()
    with serving(server, POLL_SECONDS) as running:
        want_three(running)


def test_listener_replaced_after_it_was_bound(side):
    """As ``httpd.socket = context.wrap_socket(httpd.socket)`` does; here by another plain one."""
    server = side.server(side.handler())
    server.socket = socket.socket(fileno=server.socket.detach())
    with serving(server, POLL_SECONDS) as running:
        want_three(running)


INHERITED = """
import os, socket, sys, threading
sys.path.insert(0, {root!r})
import {package} as package
from tests.compat.sides import Answering

assert os.environ["LISTEN_FDS"] == "1" and os.environ["LISTEN_PID"] == str(os.getpid())

class Handler(Answering, package.BaseHTTPRequestHandler):
    def do_POST(self):
        self.answer(b"bye")
        threading.Thread(target=self.server.shutdown).start()

httpd = package.{kind}(("", 0), Handler, bind_and_activate=False)
httpd.socket.close()
httpd.socket = socket.socket(fileno=3)
httpd.server_address = httpd.socket.getsockname()
httpd.serve_forever(poll_interval=0.05)
httpd.server_close()
"""

#: systemd gives the number of the process to the process itself.
AS_SYSTEMD = "import os, sys; os.environ['LISTEN_PID'] = str(os.getpid()); exec(sys.argv[1])"


@pytest.mark.skipif(os.name != "posix", reason="descriptors are inherited otherwise here")
@pytest.mark.parametrize("package_name", PACKAGES)
@pytest.mark.parametrize("kind", ["HTTPServer", "ThreadingHTTPServer"])
def test_listener_inherited_from_systemd(package_name, kind):
    """LISTEN_FDS: descriptor 3 listens, and a client may have connected before the start."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    code = INHERITED.format(root=root, package=package_name, kind=kind)
    with (
        socket.create_server(ANYWHERE) as listener,
        conversation(listener.getsockname()) as client,
        conversation(listener.getsockname()) as other,
    ):
        client.get("/early", "Connection: close")
        process = subprocess.Popen(
            [sys.executable, "-c", AS_SYSTEMD, code],
            env={**os.environ, "LISTEN_FDS": "1"},
            preexec_fn=functools.partial(os.dup2, listener.fileno(), 3),
            close_fds=False,
        )
        try:
            client.expect(200, b"/early")
            other.get("/", "Connection: close", method="POST").expect(200, b"bye")
            assert process.wait(PATIENCE_SECONDS) == 0
        finally:
            process.kill()
            process.wait()


# Processes.


@has_fork
@pytest.mark.parametrize("side", [side for side in SIDES if side.kind == "HTTPServer"], ids=str)
def test_forking_mix_in(side):
    """The child answers, keep-alive and bodies included; the parent goes on, and keeps nothing."""

    class Forking(socketserver.ForkingMixIn, side.server_class):
        pass

    def do_post(self):
        self.answer(b"%d %s" % (os.getpid(), self.read_body()))

    server = Forking(ANYWHERE, side.handler(do_POST=do_post))
    with serving(server, POLL_SECONDS) as running:
        with conversation(running) as client:
            process, _ = client.get(method="POST", body=b"x").expect(200).body.split()
            client.get(method="POST", body=b"x" * 200_000).expect(
                200, process + b" " + b"x" * 200_000
            )
            assert int(process) != os.getpid()
            assert int(process) in server.active_children
            client.get("/", "Connection: close").expect(200, b"/")
            client.want_closed()
        eventually(lambda: not server.active_children)


@has_fork
@pytest.mark.parametrize("side", [side for side in SIDES if side.kind == "HTTPServer"], ids=str)
def test_children_that_are_killed(side, capfd):
    """Their clients see the end, and nobody else notices."""

    class Forking(socketserver.ForkingMixIn, side.server_class):
        pass

    def do_get(self):
        if self.path == "/die":
            os.kill(os.getpid(), signal.SIGKILL)
        self.answer(b"alive")

    with serving(Forking(ANYWHERE, side.handler(do_GET=do_get))) as running:
        for _ in range(2):
            with conversation(running) as client:
                client.get("/die").want_gone()
            with conversation(running) as client:
                client.get("/", "Connection: close").expect(200, b"alive")
        eventually(lambda: not running.server.active_children)


# Handlers of every kind.


class Callable:
    """An object that makes handlers."""

    def __init__(self, make):
        self.make = make

    def __call__(self, *args, **kwargs):
        return self.make(*args, **kwargs)

    def method(self, request, client_address, server):
        return self.make(request, client_address, server)


MAKERS = {
    "class": lambda handler: handler,
    "partial": lambda handler: functools.partial(handler, word="hello"),
    "partial of a partial": lambda handler: functools.partial(
        functools.partial(handler, word="other"), word="hello"
    ),
    "closure": lambda handler: lambda *args: handler(*args, word="hello"),
    "type": lambda handler: type("Made", (handler,), {}),
    "object": lambda handler: Callable(handler),
    "bound method": lambda handler: Callable(handler).method,
    "class method": lambda handler: handler.make,
}


@pytest.mark.parametrize("kind", MAKERS)
def test_any_callable_makes_handlers(side, kind):
    class Handler(side.base):
        def __init__(self, *args, word="hello"):
            assert len(args) == 3
            self.word = word
            super().__init__(*args)

        @classmethod
        def make(cls, *args):
            return cls(*args)

        def do_GET(self):
            self.answer(f"{self.word} {self.path}".encode())

        def do_POST(self):
            self.answer(self.read_body())

    with side.serving(MAKERS[kind](Handler)) as running:
        with conversation(running) as client:
            client.get("/1").expect(200, b"hello /1")
            client.get(method="POST", body=b"x" * 100_000).expect(200, b"x" * 100_000)
            client.get("/2", "Connection: close").expect(200, b"hello /2")
            client.want_closed()
        assert running.server.errors == []


@pytest.mark.parametrize("package", [http.server, basehttpserver], ids=lambda each: each.__name__)
@pytest.mark.parametrize("kind", ["HTTPServer", "ThreadingHTTPServer"])
@pytest.mark.parametrize("protocol", ["HTTP/1.0", "HTTP/1.1"])
def test_files_of_either_package_under_the_servers_of_the_other(package, kind, protocol, tmp_path):
    (tmp_path / "file.txt").write_bytes(b"content" * 50_000)
    (tmp_path / "folder").mkdir()
    other = basehttpserver if package is http.server else http.server
    handler = type(
        "Quiet",
        (other.SimpleHTTPRequestHandler,),
        {"protocol_version": protocol, "log_message": Answering.log_message},
    )
    make = functools.partial(handler, directory=str(tmp_path))
    with serving(getattr(package, kind)(ANYWHERE, make)) as running:
        for _ in range(2):
            with conversation(running) as client:
                response = client.get("/file.txt").expect(200, b"content" * 50_000)
                if protocol == "HTTP/1.1":
                    assert response["Content-Type"].partition(";")[0] == "text/plain"
                    client.get("/folder").expect(301)
                    client.get("/folder/", method="HEAD").expect(200, to="HEAD")
                    client.get("/missing").expect(404)
                    client.want_closed()


@pytest.mark.parametrize("package", [http.server, basehttpserver], ids=lambda each: each.__name__)
def test_function_that_serves(package, capsys, monkeypatch, tmp_path):
    """``http.server.test``, which programs call: it prints where it serves, until Ctrl-C."""
    if not hasattr(package, "test"):
        from basehttpserver.serving import test as serve
    else:
        serve = package.test
    servers = []

    class Server(package.ThreadingHTTPServer):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            servers.append(self)

        def service_actions(self):
            if asked.is_set():
                raise KeyboardInterrupt

    class Handler(Answering, package.BaseHTTPRequestHandler):
        pass

    asked = threading.Event()
    answers = []

    def ask():
        eventually(lambda: servers)
        with conversation(("127.0.0.1", servers[0].server_port)) as client:
            answers.append(client.get("/x", "Connection: close").expect(200).body)
        asked.set()

    thread = threading.Thread(target=ask)
    thread.start()
    with pytest.raises(SystemExit) as exit_info:
        serve(Handler, Server, protocol="HTTP/1.1", port=0, bind="127.0.0.1")
    thread.join(PATIENCE_SECONDS)
    assert exit_info.value.code == 0
    assert answers == [b"/x"]
    port = servers[0].server_port
    assert capsys.readouterr().out.splitlines() == [
        f"Serving HTTP on 127.0.0.1 port {port} (http://127.0.0.1:{port}/) ...",
        "",
        "Keyboard interrupt received, exiting.",
    ]
