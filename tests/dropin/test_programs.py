"""Programs of the age of Python 2, once on ``http.server`` and once by ``run``: the same output."""

import http.client
import signal
import threading

import pytest

from tests.dropin.running_programs import PLAIN, PROGRAMS, RUN, masked, running
from tests.running import eventually

pytestmark = pytest.mark.usefixtures("leaks_nothing")


def in_both_ways(drive, program, stop=signal.SIGINT):
    """Run a program in both ways; return what could be seen, which must be the same."""
    seen = []
    for command in (PLAIN, RUN):
        with running([*command, PROGRAMS / program], stop) as started:
            answers = drive(started)
        seen.append((answers, started.outcome))
    plain, ours = seen
    assert ours == plain
    return plain


def test_tutorial():
    requests = [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /a/path?query HTTP/1.0\r\n\r\n",
        b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nabcde",
        b"GET /missing HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /moved HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"DELETE / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ]
    answers, (status, stdout, stderr) = in_both_ways(
        lambda program: [program.talk(request) for request in requests], "tutorial.py"
    )
    assert [answer.split()[1] for answer in answers] == [
        *[b"200"] * 4,
        b"404",
        b"301",
        b"501",
    ]
    assert answers[3].endswith(b"POST!</h1>abcde")
    assert status == 0
    assert stdout.endswith("Server Stops - 127.0.0.1\n")
    # Two lines for each of the two errors.
    assert stderr.count("\n") == len(requests) + 2


def test_form():
    multipart = "\r\n".join(
        [
            "--BOUNDARY",
            'Content-Disposition: form-data; name="name"',
            "",
            "Zoë",
            "--BOUNDARY",
            'Content-Disposition: form-data; name="text"',
            "",
            "two\r\nlines",
            "--BOUNDARY--",
            "",
        ]
    ).encode()
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    def fill_in(program):
        client = http.client.HTTPConnection("127.0.0.1", program.port, timeout=20)
        seen = []
        for method, path, body, fields in [
            ("POST", "/", b"name=Ann&text=Hello+there", form),
            ("POST", "/", b"text=anonymous", form),
            ("POST", "/", multipart, {"Content-Type": "multipart/form-data; boundary=BOUNDARY"}),
            ("GET", "/", None, {}),
            ("GET", "/?q=Ann", None, {}),
            ("GET", "/admin", None, {}),
            ("GET", "/admin", None, {"Authorization": "Basic d3Jvbmc="}),
            ("GET", "/admin", None, {"Authorization": "Basic YWRtaW46c2VjcmV0"}),
        ]:
            client.request(method, path, body, fields)
            response = client.getresponse()
            status_line = f"{response.status} {response.reason}\r\n{response.msg}"
            answer = status_line.replace("\n\n", "\r\n\r\n").encode() + response.read()
            seen.append(masked(answer))
        client.close()
        return seen

    answers, (status, _, stderr) = in_both_ways(fill_in, "form.py")
    statuses = b"303 400 303 200 200 401 403 200".split()
    assert [answer.split()[0] for answer in answers] == statuses
    assert answers[3].endswith("\r\n\r\nAnn: Hello there\nZoë: two\r\nlines".encode())
    assert status == 1
    assert stderr.endswith("bye\n")


def test_chat():
    def chat(program):
        def get(path):
            return program.talk(f"GET {path} HTTP/1.0\r\n\r\n".encode())

        heard = []
        listeners = [
            threading.Thread(target=lambda: heard.append(get("/messages/0"))) for _ in range(3)
        ]
        for listener in listeners:
            listener.start()
        eventually(lambda: b'"waiting": 3' in get("/waiting"))
        said = program.talk(b'POST / HTTP/1.0\r\nContent-Length: 7\r\n\r\n"Hello"')
        for listener in listeners:
            listener.join()
        return said, heard, get("/messages/0")

    (said, heard, again), (status, _, stderr) = in_both_ways(chat, "chat.py", signal.SIGTERM)
    assert said.endswith(b'{"count": 1}')
    assert heard == [again] * 3
    assert again.endswith(b'{"messages": ["Hello"]}')
    assert (status, stderr) == (-signal.SIGTERM, "")


@pytest.mark.parametrize("module", ["SimpleHTTPServer", "BaseHTTPServer"])
def test_modules_of_python_2_serve_the_directory_when_run(module):
    with running([*RUN, "-m", module], signal.SIGTERM) as program:
        answer = program.talk(b"GET /missing HTTP/1.0\r\n\r\n")
    assert answer.split()[1] == (b"404" if module == "SimpleHTTPServer" else b"501")
    assert program.outcome[1] == "Serving HTTP on 0.0.0.0 port PORT ...\n"
