"""acme, certbot's library: its servers that answer challenges."""

import contextlib
import signal
import socket
import ssl

import pytest
import requests

from tests.downstream.clients import answer_to
from tests.downstream.running import APPS
from tests.downstream.table import PROGRAMS
from tests.running import eventually

APP = APPS / "acme_servers.py"

#: The token of the app's challenge in base64.
CHALLENGE = "/.well-known/acme-challenge/MDEyMzQ1Njc4OWFiY2RlZg"
VALIDATION = "the-token.the-thumbprint"


@pytest.fixture
def program(launch):
    with launch(APP, "http") as program:
        yield program


def test_challenge(program, side):
    response = requests.get(program.url(CHALLENGE), timeout=10)
    assert (response.status_code, response.text) == (200, VALIDATION)
    index = requests.get(program.url("/"), timeout=10)
    assert index.text == "ACME client standalone challenge solver"
    assert requests.get(program.url("/other"), timeout=10).status_code == 404
    if side == "basehttpserver":
        assert program.lanes == PROGRAMS["acme"].lanes


def test_challenge_that_is_not_there(program):
    """The handler answers nothing at all, and neither does the server for it."""
    request = f"GET {CHALLENGE}x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    assert answer_to(program, request.encode()) == b""


def test_silent_client(program, side):
    """Its `timeout`, a property, ends one that says nothing; here nobody waits even so long."""
    with contextlib.ExitStack() as stack:
        silent = [
            stack.enter_context(socket.create_connection(("127.0.0.1", program.port), 10))
            for _ in range(3)
        ]
        assert requests.get(program.url(CHALLENGE), timeout=10).text == VALIDATION
        if side == "http.server":
            assert [client.recv(1) for client in silent] == [b"", b"", b""]


def test_dual_networked_servers(launch):
    """Two servers of one port; where one socket has both families, the second is not made."""
    with launch(APP, "dual") as program:
        eventually(lambda: program.addresses, "a listener")
        hosts = ["127.0.0.1"]
        if "::" in {host for host, _ in program.addresses}:
            hosts.append("[::1]")
        for host in hosts:
            url = f"http://{host}:{program.port}{CHALLENGE}"
            assert requests.get(url, timeout=10).text == VALIDATION
        program.process.send_signal(signal.SIGINT)
        assert program.process.wait(10) == 0
        program.wait_until_printed("stopped")


def test_alpn_challenge(launch, certificate):
    """Its `TLSServer` is socketserver's, not ours; it runs on beside what was replaced."""
    with launch(APP, "alpn", certificate) as program:
        context = ssl.create_default_context(cafile=certificate)
        context.set_alpn_protocols(["acme-tls/1"])
        with (
            socket.create_connection(("127.0.0.1", program.port), 10) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as client,
        ):
            assert client.selected_alpn_protocol() == "acme-tls/1"


def test_its_own_suite(launch):
    """The tests that acme ships with these servers."""
    suite = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--pyargs"]
    with launch(*suite, "acme._internal.tests.standalone_test", listens=False) as program:
        assert program.process.wait(30) == 0, program.output
        assert "15 passed" in program.output
