"""bottle on the server that it takes by default, wsgiref's."""

import contextlib
import socket

import pytest
import requests

from tests.downstream.running import APPS
from tests.downstream.table import PROGRAMS

APP = APPS / "bottle_app.py"


@pytest.fixture
def program(launch):
    with launch(APP) as program:
        yield program


def test_routes(program, side):
    response = requests.get(program.url("/hello/w%C3%B6rld"), timeout=10)
    assert (response.status_code, response.text) == (200, "Hello w\u00f6rld\n")
    assert response.headers["Server"].startswith("WSGIServer/")
    assert requests.get(program.url("/nowhere"), timeout=10).status_code == 404
    assert requests.delete(program.url("/hello/you"), timeout=10).status_code == 405
    assert requests.request("BREW", program.url("/any"), timeout=10).text == "BREW"
    if side == "basehttpserver":
        assert program.lanes == PROGRAMS["bottle"].lanes


def test_bodies(program):
    body = bytes(range(256)) * 8192
    assert requests.post(program.url("/echo"), data=body, timeout=10).content == body
    upload = requests.post(program.url("/upload"), files={"file": ("\u00e4.bin", body)}, timeout=10)
    assert upload.json() == {"name": "\u00e4.bin", "bytes": len(body)}


def test_chunked_body(program):
    """wsgiref passes chunks on, and bottle takes them apart; it must not do so a second time."""
    response = requests.post(program.url("/echo"), data=iter([b"one", b"two"]), timeout=10)
    assert (response.status_code, response.content) == (200, b"onetwo")


def test_answers(program):
    whole = requests.get(program.url("/file"), timeout=10)
    assert whole.content == APP.read_bytes()
    part = requests.get(program.url("/file"), headers={"Range": "bytes=3-9"}, timeout=10)
    assert (part.status_code, part.content) == (206, APP.read_bytes()[3:10])
    known = {"If-Modified-Since": whole.headers["Last-Modified"]}
    assert requests.get(program.url("/file"), headers=known, timeout=10).status_code == 304
    head = requests.head(program.url("/file"), timeout=10)
    assert (head.headers["Content-Length"], head.content) == (str(len(whole.content)), b"")
    lines = "".join(f"{number}\n" * 1000 for number in range(5))
    assert requests.get(program.url("/stream"), timeout=10).text == lines


def test_cookies(program):
    response = requests.get(program.url("/cookies"), cookies={"given": "here"}, timeout=10)
    assert response.text == "here"
    assert dict(response.cookies) == {"c0": "0", "c1": "1", "c2": "2"}


def test_application_that_raises(program):
    response = requests.get(program.url("/fails"), timeout=10)
    assert response.status_code == 500
    program.wait_until_printed("ValueError: as it should")


def test_silent_clients(program, side):
    """One silent client holds up wsgiref's server for as long as it likes; not here."""
    with contextlib.ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(socket.create_connection(("127.0.0.1", program.port), 10))
        if side == "basehttpserver":
            assert requests.get(program.url("/any"), timeout=10).text == "GET"
        else:
            with pytest.raises(requests.exceptions.Timeout):
                requests.get(program.url("/any"), timeout=1)
