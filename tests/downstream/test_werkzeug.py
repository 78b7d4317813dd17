"""werkzeug's development server: `run_simple`."""

import http.client
import ssl

import pytest

from tests.downstream.clients import answer_to, ask, make_certificate, trusting_nobody
from tests.downstream.running import APPS, free_port
from tests.downstream.table import PROGRAMS
from tests.running import eventually

APP = APPS / "werkzeug_app.py"
MEGABYTES = bytes(range(256)) * 4096 * 3


@pytest.fixture(scope="module", params=[(), ("--threaded",)], ids=["one thread", "threaded"])
def threads(request):
    return request.param


@pytest.fixture(scope="module")
def werkzeug(launch, threads):
    with launch(APP, *threads) as program:
        yield program


def test_get(werkzeug, side):
    response, body = ask(werkzeug, "GET", "/")
    assert (response.status, body) == (200, b"Hello\n")
    assert response.headers["Server"].startswith("Werkzeug/")
    if side == "basehttpserver":
        assert werkzeug.lanes == PROGRAMS["werkzeug"].lanes


def test_head(werkzeug):
    response, body = ask(werkzeug, "HEAD", "/")
    assert (response.status, response.headers["Content-Length"], body) == (200, "6", b"")


def test_environ(werkzeug):
    fields = {"X-Field": "one,two", "X_Field": "not taken for the other"}
    _, body = ask(werkzeug, "OPTIONS", "/environ/%C3%A9%2Fx/../?a=%20b&c", headers=fields)
    assert body.decode().splitlines() == [
        "REQUEST_METHOD=OPTIONS",
        "PATH_INFO=/environ/\u00c3\u00a9/x/../",
        "QUERY_STRING=a=%20b&c",
        "SERVER_PROTOCOL=HTTP/1.1",
        "REMOTE_ADDR=127.0.0.1",
        "wsgi.url_scheme=http",
        "REQUEST_URI=/environ/%C3%A9%2Fx/../?a=%20b&c",
        "HTTP_X_FIELD=one,two",
    ]


def test_any_method(werkzeug):
    """`do_*` comes from ``__getattr__``."""
    response, body = ask(werkzeug, "BREW", "/echo", body=b"tea")
    assert (response.headers["X-Method"], body) == ("BREW", b"tea")


@pytest.mark.parametrize("body", [b"", b"small", MEGABYTES], ids=["empty", "small", "megabytes"])
def test_upload(werkzeug, body):
    response, answer = ask(werkzeug, "POST", "/echo", body=body)
    assert response.status == 200
    assert answer == body


def test_response_without_length(werkzeug):
    """In HTTP/1.1 werkzeug sends chunks of its own, else the end is that of the connection."""
    _, body = ask(werkzeug, "GET", "/stream")
    assert body == b"part 0\npart 1\npart 2\n"


def test_connection_closes(werkzeug):
    """werkzeug says so in each answer."""
    connection = http.client.HTTPConnection("127.0.0.1", werkzeug.port, timeout=10)
    is_kept = []
    for number in range(4):
        connection.request("POST", "/echo", body=str(number))
        response = connection.getresponse()
        assert response.read() == str(number).encode()
        is_kept.append(connection.sock is not None)
    connection.close()
    assert is_kept == [False] * 4


def test_application_that_fails(werkzeug):
    response, body = ask(werkzeug, "GET", "/fails")
    assert response.status == 500
    assert b"Internal Server Error" in body
    werkzeug.wait_until_printed("RuntimeError: on purpose")
    assert ask(werkzeug, "GET", "/")[0].status == 200


def test_malformed_request_is_refused_and_logged(werkzeug):
    answer = answer_to(werkzeug, b"GET / HTTP/nonsense\r\n\r\n")
    assert b"Error code: 400" in answer
    werkzeug.wait_until_printed("400")


def test_tls_adhoc(launch, threads):
    with launch(APP, *threads, "--tls", "adhoc") as program:
        for _ in range(3):
            _, body = ask(program, "GET", "/environ", tls=trusting_nobody())
            assert b"wsgi.url_scheme=https\n" in body
        _, body = ask(program, "POST", "/echo", body=MEGABYTES, tls=trusting_nobody())
        assert body == MEGABYTES


def test_tls_with_certificate(launch, threads, tmp_path):
    certificate, key = make_certificate(tmp_path)
    context = ssl.create_default_context(cafile=str(certificate))
    with launch(APP, *threads, "--tls", certificate, key) as program:
        assert ask(program, "GET", "/", tls=context)[1] == b"Hello\n"


def test_plain_request_to_tls(launch, side, threads):
    with launch(APP, *threads, "--tls", "adhoc") as program:
        if side == "basehttpserver":
            assert ask(program, "GET", "/")[0].status == 400
        else:
            with pytest.raises((OSError, http.client.HTTPException)):
                ask(program, "GET", "/")
        assert ask(program, "GET", "/", tls=trusting_nobody())[1] == b"Hello\n"


def test_reloader(launch, side, tmp_path):
    """Its child listens on an inherited descriptor, and starts anew when a file changes."""
    script = tmp_path / "reloaded.py"
    script.write_text(APP.read_text("utf-8"), "utf-8")
    with launch(script, "--reload", "--port", free_port()) as program:
        eventually(lambda: _hello(program) == b"Hello\n", "the first child")
        script.write_text(APP.read_text("utf-8").replace("Hello", "Good day"), "utf-8")
        eventually(lambda: _hello(program) == b"Good day\n", "the second child", 20)
        if side == "basehttpserver":
            eventually(lambda: program.lanes == PROGRAMS["werkzeug"].lanes, "the lane")


def _hello(program):
    try:
        return ask(program, "GET", "/")[1]
    except (OSError, http.client.HTTPException):  # Its child ends, perhaps in the middle.
        return None
