"""The standard library's `wsgiref.simple_server`."""

import pytest

from tests.downstream.clients import answer_to, ask
from tests.downstream.running import APPS
from tests.downstream.table import PROGRAMS


@pytest.fixture(scope="module", params=[(), ("--threading",)], ids=["one thread", "threading"])
def wsgiref(request, launch):
    with launch(APPS / "wsgiref_app.py", *request.param) as program:
        yield program
        assert "Traceback" not in program.output


def test_get(wsgiref, side):
    for _ in range(3):
        response, body = ask(wsgiref, "GET", "/a%20b")
        assert (response.status, body) == (200, b"Hello\n")
        assert response.headers["X-Path"] == "/a b"
        assert response.headers["Server"].startswith("WSGIServer/")
    if side == "basehttpserver":
        assert wsgiref.lanes == PROGRAMS["wsgiref"].lanes


def test_demo(wsgiref):
    _, body = ask(wsgiref, "GET", "/demo?a=b", headers={"X-Field": "value"})
    assert body.startswith(b"Hello world!")
    lines = body.decode().splitlines()
    assert "HTTP_X_FIELD = 'value'" in lines
    assert "QUERY_STRING = 'a=b'" in lines
    assert "REMOTE_ADDR = '127.0.0.1'" in lines
    assert "SERVER_PROTOCOL = 'HTTP/1.1'" in lines


def test_upload(wsgiref):
    body = b"x" * 3_000_000
    assert ask(wsgiref, "POST", "/", body=body)[1] == body


def test_connection_ends_with_the_response(wsgiref):
    answer = answer_to(wsgiref, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert answer.startswith(b"HTTP/1.0 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\nHello\n")


def test_malformed_request(wsgiref):
    answer = answer_to(wsgiref, b"GET / HTTP/nonsense\r\n\r\n")
    assert b"Error code: 400" in answer
