"""Flask's development server: ``flask run``, and `app.run`."""

import pytest
import requests

from tests.downstream.running import APPS, free_port
from tests.downstream.table import PROGRAMS
from tests.running import eventually

APP = APPS / "flask_app.py"

WAYS = {
    "flask run": ("-m", "flask", "--app", APP, "run", "--port", "0"),
    "flask run --without-threads": (
        *("-m", "flask", "--app", APP, "run", "--port", "0"),
        "--without-threads",
    ),
    "app.run": (APP, "port=0"),
    "app.run(threaded=False)": (APP, "port=0", "threaded=False"),
}


@pytest.fixture(scope="module", params=WAYS)
def flask(request, launch):
    with launch(*WAYS[request.param]) as program:
        yield program


def test_get(flask, side):
    with requests.Session() as session:
        for _ in range(3):
            assert session.get(flask.url()).text == "Hello\n"
    if side == "basehttpserver":
        assert flask.lanes == PROGRAMS["Flask"].lanes


def test_not_found(flask):
    answer = requests.get(flask.url("/nowhere"), timeout=10)
    assert answer.status_code == 404
    assert "not found on the server" in answer.text


def test_upload_of_a_form(flask):
    answer = requests.post(
        flask.url("/form"),
        data={"field": "value"},
        files={"file": ("name.bin", b"x" * 3_000_000)},
        timeout=20,
    )
    assert answer.json() == {"field": "value", "name": "name.bin", "size": 3_000_000}


def test_streamed_response(flask):
    assert requests.get(flask.url("/stream"), timeout=10).text == "part 0\npart 1\npart 2\n"


def test_static_file(flask):
    answer = requests.get(flask.url("/static/flask.txt"), timeout=10)
    assert answer.text == "A static file.\n"
    again = requests.get(
        flask.url("/static/flask.txt"),
        headers={"If-None-Match": answer.headers["ETag"]},
        timeout=10,
    )
    assert again.status_code == 304


def test_debug_mode(launch, side):
    """It starts itself afresh, by the command line that it finds."""
    with launch("-m", "flask", "--app", APP, "run", "--debug", "-p", free_port()) as program:
        program.wait_until_printed("Debugger PIN")
        eventually(lambda: _says_hello(program), "the child")
        if side == "basehttpserver":
            eventually(lambda: program.lanes == PROGRAMS["Flask"].lanes, "the lane")


def test_tls(launch, tmp_path):
    with launch(APP, "port=0", "ssl_context='adhoc'") as program:
        answer = requests.post(
            program.url("/echo", "https"), data=b"x" * 1_000_000, verify=False, timeout=10
        )
        assert len(answer.content) == 1_000_000


def _says_hello(program):
    try:
        return requests.get(program.url(), timeout=10).text == "Hello\n"
    except requests.ConnectionError:
        return False
