"""`serve` and its kin, in one process; tests/wire/test_graceful_stop.py sends them signals."""

import signal
import socket
import threading

import pytest

import basehttpserver
from basehttpserver import HTTPServer, Settings, SimpleHTTPRequestHandler, serving
from basehttpserver.serving import find_address, run_until_signal, serve, url_of
from tests.api.test_server import Quiet, get


class FakeServer:
    """As much of a server as `test` needs; Ctrl-C comes at once."""

    made_with = None
    keywords = None

    def __init__(self, address, handler_class, **keywords):
        FakeServer.made_with = address, handler_class
        FakeServer.keywords = keywords
        self.socket = self

    def getsockname(self):
        return self.made_with[0]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def serve_forever(self):
        raise KeyboardInterrupt


def test_the_function_test_does_what_http_server_s_does(capsys):
    class Handler(SimpleHTTPRequestHandler):
        pass

    with pytest.raises(SystemExit) as stopped:
        basehttpserver.test(Handler, FakeServer, "HTTP/1.1", 8000, "127.0.0.1", "text/plain")
    assert stopped.value.code == 0
    assert FakeServer.made_with == (("127.0.0.1", 8000), Handler)
    assert FakeServer.keywords == {}
    assert FakeServer.address_family == socket.AF_INET
    assert (Handler.protocol_version, Handler.default_content_type) == ("HTTP/1.1", "text/plain")
    assert capsys.readouterr().out == (
        "Serving HTTP on 127.0.0.1 port 8000 (http://127.0.0.1:8000/) ...\n"
        "\nKeyboard interrupt received, exiting.\n"
    )


def test_the_function_test_hands_on_what_tls_needs():
    class Handler(SimpleHTTPRequestHandler):
        pass

    with pytest.raises(SystemExit):
        basehttpserver.test(
            *[Handler, FakeServer],
            bind="127.0.0.1",
            tls_cert="a certificate",
            tls_key="a key",
            tls_password="a password",
        )
    assert FakeServer.keywords == {
        "certfile": "a certificate",
        "keyfile": "a key",
        "password": "a password",
    }


def test_an_ipv6_url_has_brackets():
    FakeServer.made_with = ("::1", 8000, 0, 0), None
    server = FakeServer.__new__(FakeServer)
    server.socket = server
    assert url_of(server) == "http://[::1]:8000/"


def test_addresses(monkeypatch):
    assert find_address("127.0.0.1", 80) == (socket.AF_INET, ("127.0.0.1", 80))
    monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: True)
    assert find_address(None, 80) == (socket.AF_INET6, ("::", 80))
    monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: False)
    assert find_address("", 80)[1][:2] in (("0.0.0.0", 80), ("::", 80))
    with pytest.raises(OSError, match=r"."):
        find_address("a name with spaces", 80)


def test_serve_until_somebody_calls_shutdown(capsys):
    """Outside the main thread there are no signals; `shutdown` remains."""
    made = []

    class Kept(HTTPServer):
        def server_activate(self):
            super().server_activate()
            made.append(self)

        def service_actions(self):
            served.set()

    served = threading.Event()
    thread = threading.Thread(target=serve, args=(Quiet,), kwargs={"port": 0, "server_class": Kept})
    thread.start()
    assert served.wait(10)
    assert get(made[0].server_address).endswith(b"ok")
    made[0].shutdown()
    thread.join(10)
    assert not thread.is_alive()
    url = f"http://127.0.0.1:{made[0].server_port}/"
    assert capsys.readouterr().out == f"Serving on {url} (Ctrl-C stops)\n"


def test_signal_handlers_are_put_back():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with HTTPServer(("127.0.0.1", 0), Quiet) as server:
        received = run_until_signal(server, lambda: signal.raise_signal(signal.SIGTERM))
    assert received is signal.SIGTERM
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_grace_that_ends_as_the_last_handler_does(monkeypatch):
    """The signal that leaves a hung handler behind finds nobody but us, or does not come."""
    others = []
    before = signal.signal(signal.SIGTERM, lambda *_: others.append("a signal of ours"))
    is_interrupting, has_gone_on = threading.Event(), threading.Event()
    interrupt = serving._interrupt_main_thread

    def interrupt_late(number):
        is_interrupting.set()
        has_gone_on.wait(0.1)  # Only where the main thread may go on meanwhile is this set.
        interrupt(number)

    class Ending(HTTPServer):
        settings = Settings(graceful_stop_seconds=0)

        def serve_forever(self, poll_interval=0.5):
            signal.raise_signal(signal.SIGTERM)
            assert is_interrupting.wait(10)

        def shutdown(self):
            pass

        def drain(self, seconds):
            has_gone_on.set()
            threading.Event().wait(0.1)  # So that a signal that comes late comes here.
            return True

    monkeypatch.setattr(serving, "_interrupt_main_thread", interrupt_late)
    try:
        with Ending(("127.0.0.1", 0), Quiet) as server:
            assert run_until_signal(server) is signal.SIGTERM
    finally:
        signal.signal(signal.SIGTERM, before)
    assert others == []
