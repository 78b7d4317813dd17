"""The programs in examples/, each in a process of its own and asked over the wire."""

import contextlib
import hashlib
import hmac
import http.client
import re
import signal
import subprocess
import sys
import time

import pytest

from tests.docs.pages import ROOT, check_clean, environment

EXAMPLES = ROOT / "examples"
pytestmark = pytest.mark.usefixtures("leaks_nothing")


@contextlib.contextmanager
def running(name, *arguments):
    """Run an example on a free port; give a client of it. It must stop well at SIGTERM."""
    process = subprocess.Popen(
        [sys.executable, EXAMPLES / name, *arguments, "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    try:
        match = re.search(r"http://127\.0\.0\.1:(\d+)/", process.stdout.readline())
        assert match, process.stderr.read()
        client = http.client.HTTPConnection("127.0.0.1", int(match[1]), timeout=10)
        with contextlib.closing(client):
            yield client
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=15)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    check_clean(errors)
    assert process.returncode == 0


def ask(client, method, path, body=None, headers=None):
    client.request(method, path, body, headers or {})
    response = client.getresponse()
    return response, response.read()


def test_every_example_is_tested():
    here = (ROOT / "tests" / "docs" / "test_example_programs.py").read_text("utf-8")
    listed = (EXAMPLES / "README.md").read_text("utf-8")
    for example in EXAMPLES.glob("*.py"):
        assert f'running("{example.name}"' in here
        assert f"]({example.name})" in listed


def test_hello():
    with running("hello.py") as client:
        for query, name in [("", "world"), ("?name=Ada", "Ada")]:
            response, body = ask(client, "GET", "/" + query)
            assert (response.status, body) == (200, f"Hello, {name}!\n".encode())
            assert not response.will_close


def test_webhook():
    def signed(body):
        digest = hmac.new(b"open sesame", body, hashlib.sha256).hexdigest()
        return {"X-Signature-256": f"sha256={digest}"}

    good = b'{"event": "push"}'
    with running("webhook.py") as client:
        response, _ = ask(client, "POST", "/hook", good, signed(good))
        assert response.status == 204
        response, _ = ask(client, "POST", "/hook", iter([good[:5], good[5:]]), signed(good))
        assert response.status == 204, "a chunked body is the same body"
        for body, headers, status in [
            (good, {}, 403),
            (good, signed(b"other"), 403),
            (b"[]", signed(b"[]"), 400),
            (b"{", signed(b"{"), 400),
        ]:
            response, _ = ask(client, "POST", "/hook", body, headers)
            assert response.status == status, body
        assert ask(client, "POST", "/other", good, signed(good))[0].status == 404
        client.putrequest("POST", "/hook")
        client.putheader("Content-Length", "1000001")
        client.endheaders()
        response = client.getresponse()
        response.read()
        assert response.status == 413


def test_metrics():
    with running("metrics.py") as client:
        for count in (1, 2):
            response, body = ask(client, "GET", "/metrics")
            assert response.getheader("Content-Type").startswith("text/plain; version=0.0.4")
            assert f"scrapes_total {count}\n".encode() in body
        assert ask(client, "GET", "/")[0].status == 404


def test_share_folder(tmp_path):
    (tmp_path / "page.md").write_text("# Hello\n")
    with running("share_folder.py", str(tmp_path)) as client:
        response, body = ask(client, "GET", "/page.md")
        assert body == b"# Hello\n"
        assert response.getheader("Content-Type") == "text/plain; charset=utf-8"
        assert response.getheader("Cache-Control") == "no-store"
        response, _ = ask(client, "GET", "/missing")
        assert response.status == 404
        assert response.getheader("Cache-Control") == "no-store"


def test_web_app(tmp_path):
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "app-4f2a.js").write_text("'An application'\n")
    (tmp_path / "index.html").write_text("<!doctype html>\n")
    with running("web_app.py", str(tmp_path)) as client:
        response, body = ask(client, "GET", "/orders/17")
        assert body == b"<!doctype html>\n"
        assert response.getheader("Cache-Control") == "no-cache"
        response, body = ask(client, "GET", "/assets/app-4f2a.js")
        assert body == b"'An application'\n"
        assert response.getheader("Cache-Control") == "max-age=31536000, immutable"
        response, _ = ask(client, "GET", "/assets/app-0000.js")
        assert response.status == 404
        assert response.getheader("Cache-Control") is None
        assert ask(client, "GET", "/assets/")[0].status == 404


def test_events():
    with running("events.py") as client:
        assert b"EventSource" in ask(client, "GET", "/")[1]
        client.request("GET", "/events")
        with client.getresponse() as response:
            assert response.getheader("Content-Type") == "text/event-stream"
            began = time.monotonic()
            for _ in range(2):
                assert re.fullmatch(rb"data: \d\d:\d\d:\d\d\n", response.readline())
                assert response.readline() == b"\n"
            # The first came at once and not with a full buffer.
            assert time.monotonic() - began < 5
