"""Uploads without a length, to servers that know how to take chunks apart, and to others."""

import pytest
import requests

from tests.downstream.running import APPS

MEGABYTES = bytes(range(256)) * 4096 * 3

PROGRAMS = {
    "werkzeug": (APPS / "werkzeug_app.py",),
    "werkzeug threaded": (APPS / "werkzeug_app.py", "--threaded"),
    "Flask": ("-m", "flask", "--app", APPS / "flask_app.py", "run", "-p", "0"),
}


@pytest.fixture(scope="module", params=PROGRAMS)
def program(request, launch):
    with launch(*PROGRAMS[request.param]) as program:
        yield program


@pytest.mark.parametrize(
    "parts", [[b"small"], [b"one ", b"two ", b"three"], [MEGABYTES] * 2], ids=len
)
def test_chunked_upload(program, parts):
    answer = requests.post(program.url("/echo"), data=iter(parts), timeout=20)
    assert answer.status_code == 200
    assert answer.content == b"".join(parts)
