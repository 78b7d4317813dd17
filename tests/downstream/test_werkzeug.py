"""werkzeug's development server: `run_simple`."""

import http.client

import pytest

from tests.downstream.running import APPS
from tests.downstream.table import PROGRAMS

APP = APPS / "werkzeug_app.py"


def ask(program, method, path, **arguments):
    connection = http.client.HTTPConnection("127.0.0.1", program.port, timeout=10)
    try:
        connection.request(method, path, **arguments)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


@pytest.mark.parametrize("threads", [[], ["--threaded"]], ids=["one thread", "threaded"])
def test_get(launch, side, threads):
    with launch(APP, *threads) as program:
        response, body = ask(program, "GET", "/")
        assert (response.status, body) == (200, b"Hello\n")
        if side == "basehttpserver":
            assert program.lanes == PROGRAMS["werkzeug"].lanes
