"""Django's `runserver`, and its tests against a live server."""

import http.client
import re

import pytest

from tests.downstream.clients import answer_to, ask
from tests.downstream.running import APPS, free_port
from tests.downstream.table import PROGRAMS
from tests.running import eventually

PROJECT = APPS / "django_project"
MANAGE = PROJECT / "manage.py"
MEGABYTES = bytes(range(256)) * 4096 * 2


@pytest.fixture(scope="module", params=[(), ("--nothreading",)], ids=["threaded", "one thread"])
def threads(request):
    return request.param


@pytest.fixture(scope="module")
def django(launch, threads):
    with launch(MANAGE, "runserver", "--noreload", *threads, "127.0.0.1:0") as program:
        yield program


def test_get(django, side):
    response, body = ask(django, "GET", "/")
    assert (response.status, body) == (200, b"Hello\n")
    assert response.headers["Server"].startswith("WSGIServer/")
    if side == "basehttpserver":
        assert django.lanes == PROGRAMS["Django"].lanes
    django.wait_until_printed('"GET / HTTP/1.1" 200 6')


def test_head(django):
    response, body = ask(django, "HEAD", "/")
    assert (response.status, response.headers["Content-Length"], body) == (200, "6", b"")


def test_keep_alive(django, threads):
    connection = http.client.HTTPConnection("127.0.0.1", django.port, timeout=10)
    is_kept = []
    for number in range(3):
        connection.request("POST", "/echo", body=str(number))
        assert connection.getresponse().read() == str(number).encode()
        is_kept.append(connection.sock is not None)
    connection.close()
    # With one thread Django closes, not to wait for one client.
    assert is_kept == [not threads] * 3


def test_unread_body_is_not_the_next_request(django):
    """Django reads on to the end of a body that the view did not ask for."""
    body = b"GET /fails HTTP/1.1\r\nHost: localhost\r\n\r\n"
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body)
    last = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answer = answer_to(django, head + body + last)
    assert set(re.findall(rb"HTTP/1.1 (\d+)", answer)) == {b"200"}


def test_upload(django):
    response, body = ask(django, "POST", "/echo", body=MEGABYTES)
    assert (response.status, body) == (200, MEGABYTES)


def test_streamed_response(django):
    """Without a length its end is that of the connection."""
    response, body = ask(django, "GET", "/stream")
    assert body == b"part 0\npart 1\npart 2\n"
    assert response.headers["Connection"] == "close"


def test_static_file(django):
    assert ask(django, "GET", "/static/django.txt")[1] == b"A static file.\n"


def test_view_that_fails(django):
    response, body = ask(django, "GET", "/fails")
    assert response.status == 500
    assert b"on purpose" in body
    assert ask(django, "GET", "/")[0].status == 200


def test_data_base_connections_are_closed(django):
    """Django closes those of a request in the thread that served it."""
    for _ in range(5):
        assert ask(django, "GET", "/count")[0].status == 500  # No table: none was migrated.
    assert ask(django, "GET", "/")[0].status == 200


def test_reloader(launch, side):
    """Django starts itself afresh by what it finds in `sys.argv`."""
    with launch(MANAGE, "runserver", f"127.0.0.1:{free_port()}") as program:
        eventually(lambda: _says_hello(program), "the child")
        if side == "basehttpserver":
            assert program.lanes == PROGRAMS["Django"].lanes


def test_live_server_tests(launch, side):
    command = (MANAGE, "test", "--verbosity", "2")
    with launch(*command, cwd=PROJECT, listens=False) as program:
        assert program.process.wait(60) == 0, program.output
        assert re.search(r"^Ran 7 tests", program.output, re.M)
        if side == "basehttpserver":
            assert program.lanes == {"QuietWSGIRequestHandler": {"thread"}}


def _says_hello(program):
    try:
        return ask(program, "GET", "/")[1] == b"Hello\n"
    except OSError:
        return False
