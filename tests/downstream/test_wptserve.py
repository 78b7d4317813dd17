"""wptserve, the server of web-platform-tests: its own parsing, streams, TLS, HTTP/2."""

import contextlib
import gzip
import shutil
import socket
import subprocess
import time

import pytest
import requests

from tests.downstream.running import APPS
from tests.downstream.table import PROGRAMS

APP = APPS / "wptserve_server.py"

FILES = {
    "plain.txt": b"0123456789",
    "plain.txt.headers": b"X-From-File: yes\nContent-Type: text/x-own",
    "named.sub.txt": b"{{location[path]}} {{GET[word]}}",
    "large.bin": bytes(range(256)) * 8192,
    "raw.asis": b"HTTP/1.1 209 As It Is\nX-Raw: yes\nContent-Length: 3\n\nraw",
    "echo.py": b"""\
import json
def main(request, response):
    fields = {name.decode(): value[0].decode() for name, value in request.headers.items()}
    body = request.body
    content = json.dumps([request.method, len(fields), len(body)])
    return [(b"Content-Type", b"application/json"), (b"X-Method", request.method.encode())], content
""",
    "status.py": b"def main(request, response):\n    return (299, b'Own'), [], b'odd'\n",
    "writes.py": b"""\
def main(request, response):
    response.add_required_headers = False
    response.writer.write_status(200)
    response.writer.write_header(b"Content-Length", b"10")
    response.writer.end_headers()
    for _ in range(2):
        response.writer.write(b"12345")
""",
    "closes.py": b"""\
def main(request, response):
    response.close_connection = True
    response.writer.write_raw_content(b"HTTP/1.1 200 OK\\r\\n\\r\\nuntil the end")
""",
    "fails.py": b"def main(request, response):\n    raise ValueError('as it should')\n",
}


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "root"
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def serve(launch, folder):
    return lambda kind, *certificate: launch(APP, kind, folder, *certificate)


@pytest.fixture(params=["http", "https"])
def get(request, serve, certificate, side):
    """Ask for a path, by one connection that is kept alive."""
    with serve(request.param, certificate) as program, requests.Session() as session:
        # wptserve ends some connections without a word, on http.server as well, and a request may
        # be on its way then: clients ask again (RFC 9112 9.3.1), where a method allows it.
        for scheme in ("http://", "https://"):
            session.mount(scheme, requests.adapters.HTTPAdapter(max_retries=1))

        def get(path, method="GET", **options):
            url = program.url(path, scheme=request.param)
            return session.request(method, url, timeout=10, verify=str(certificate), **options)

        get.program = program
        yield get


def test_files(get, side):
    response = get("/plain.txt")
    assert (response.text, response.headers["X-From-File"]) == ("0123456789", "yes")
    assert get("/large.bin").content == FILES["large.bin"]
    part = get("/plain.txt", headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.content) == (206, b"234")
    assert get("/nowhere").status_code == 404
    assert get("/raw.asis").headers["X-Raw"] == "yes"
    assert get("/plain.txt", method="HEAD").content == b""
    if side == "basehttpserver":
        assert get.program.lanes == {
            "Http1WebTestRequestHandler": PROGRAMS["wptserve"].lanes["Http1WebTestRequestHandler"]
        }


def test_python_handlers(get):
    body = bytes(100000)
    for method in ("GET", "POST", "PUT", "BREW"):
        response = get("/echo.py?a=b", method=method, data=body)
        assert response.json()[::2] == [method, len(body)]
        assert response.headers["X-Method"] == method
    assert (get("/status.py").status_code, get("/status.py").reason) == (299, "Own")
    assert get("/writes.py").text == "1234512345"
    assert get("/closes.py").text == "until the end"
    assert get("/fails.py").status_code == 500
    assert get("/plain.txt").ok


def test_many_fields(get):
    """It raises ``http.client._MAXHEADERS``, and that counts."""
    fields = {f"X-{number}": str(number) for number in range(300)}
    assert get("/echo.py", headers=fields).json()[1] > 300


def test_pipes(get):
    assert get("/named.sub.txt?word=here").text == "/named.sub.txt here"
    assert get("/plain.txt?pipe=slice(2,5)").text == "234"
    assert get("/plain.txt?pipe=status(418)").status_code == 418
    assert get("/plain.txt?pipe=header(X-Piped,yes)").headers["X-Piped"] == "yes"
    zipped = get("/plain.txt?pipe=gzip", headers={"Accept-Encoding": "identity"}, stream=True)
    assert gzip.decompress(zipped.raw.read()) == FILES["plain.txt"]


def test_trickle(get):
    """A slow stream arrives as it is written."""
    began = time.monotonic()
    response = get("/plain.txt?pipe=trickle(3:d0.6:4:d0.6)", stream=True)
    assert response.raw.read(3) == b"012"
    assert time.monotonic() - began < 0.6
    assert response.raw.read() == b"3456789"
    assert time.monotonic() - began > 1.1


def test_client_that_only_connects(serve, certificate):
    """`finish_request` shakes hands itself; whoever does not answer holds up nobody."""
    with serve("https", certificate) as program, contextlib.ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(socket.create_connection(("127.0.0.1", program.port), 10))
        url = program.url("/plain.txt", scheme="https")
        assert requests.get(url, verify=str(certificate), timeout=10).text == "0123456789"


@pytest.mark.skipif(
    "HTTP2" not in subprocess.run(["curl", "--version"], capture_output=True, text=True).stdout,
    reason="curl has no HTTP/2",
)
def test_http2(serve, certificate):
    """HTTP/2 out of Python, by a handler that reads and writes its socket from the first byte."""
    with serve("h2", certificate) as program:
        command = [shutil.which("curl"), "--silent", "--show-error", "--fail", "--http2"]
        url = program.url("/large.bin", scheme="https")
        done = subprocess.run(
            [*command, "--max-time", "20", "--cacert", certificate, url], capture_output=True
        )
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout == FILES["large.bin"]
