"""Formats of the log: what is in a line, and that nobody forges one."""

import json
import re
import socket

import pytest

from basehttpserver import BaseHTTPRequestHandler, ThreadingHTTPServer
from basehttpserver._command_line.log_formats import LOG_FORMATS, Quiet
from tests.command_line.running import ask, fail, run
from tests.running import PATIENCE_SECONDS, serving

AT = r"\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\]"


class Application(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/who":
            self.remote_user = 'a"b'
        if self.path == "/error":
            self.send_error(404)
            return
        if self.path == "/early":
            self.send_response_only(103)
            self.end_headers()
        self.send_response(200)
        if self.path != "/unknown":
            self.send_header("Content-Length", "2")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(b"ok")

    do_HEAD = do_GET


@pytest.fixture
def log(capsys):
    """Asks a server that logs in a format; returns the lines."""

    def log(name, *targets, fields=(), method="GET"):
        handler = type("Handler", (LOG_FORMATS.get(name, Quiet), Application), {})
        with serving(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as running:
            for target in targets:
                ask(running.address, target, fields=fields, method=method)
        return capsys.readouterr().err.splitlines()

    return log


def test_common(log):
    (line,) = log("common", "/x")
    assert re.fullmatch(rf'127\.0\.0\.1 - - {AT} "GET /x HTTP/1\.1" 200 2', line)


def test_combined(log):
    fields = ["Referer: http://x/", 'User-Agent: a "quoted" \\ agent']
    (line,) = log("combined", "/x", fields=fields)
    assert line.endswith(r' 200 2 "http://x/" "a \"quoted\" \\ agent"')


def test_json(log):
    (line,) = log("json", "/x?y", fields=["Referer: r", "User-Agent: \xe4"])
    found = json.loads(line)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", found.pop("time"))
    assert found == {
        "client": "127.0.0.1",
        "method": "GET",
        "target": "/x?y",
        "version": "HTTP/1.1",
        "status": 200,
        "bytes": 2,
        "host": "localhost",
        "referer": "r",
        "user_agent": "\xc3\xa4",
    }


def test_user(log):
    assert log("common", "/who")[0].startswith(r"127.0.0.1 - a\"b [")
    assert json.loads(log("json", "/who")[0])["user"] == 'a"b'


@pytest.mark.parametrize("name", LOG_FORMATS)
def test_one_line_each(log, name):
    assert len(log(name, "/early", "/error", "/unknown")) == 3


def test_size_that_is_not_known(log):
    assert "bytes" not in json.loads(log("json", "/unknown")[0])


def test_size_of_a_head_alone(log):
    assert json.loads(log("json", "/x", method="HEAD")[0])["bytes"] == 0
    assert log("common", "/x", method="HEAD")[0].endswith(" 200 -")


@pytest.mark.parametrize("name", LOG_FORMATS)
def test_request_that_is_refused(log, name):
    (line,) = log(name, "/\x00x\x1b[31m")
    assert "400" in line
    assert line.isprintable()


def test_refused_request_is_not_taken_for_the_one_before(capsys):
    class Named(Application):
        remote_user = "ann"

    first = b"GET /x HTTP/1.1\r\nHost: first\r\n\r\n"
    refused = [b"GET /y BAD\r\n\r\n", b"GET /" + b"y" * 70_000 + b" HTTP/1.1\r\n\r\n"]
    handler = type("Handler", (LOG_FORMATS["json"], Named), {})
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as running:
        for second in refused:
            with socket.create_connection(running.address, PATIENCE_SECONDS) as client:
                client.sendall(first + second)
                while client.recv(65536):
                    pass
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["status"] for line in lines] == [200, 400, 200, 414]
    assert lines[1]["request"] == "GET /y BAD"
    for line in lines[1::2]:
        assert not {"user", "target", "host", "method"} & line.keys()


def test_what_is_about_no_answer(log, monkeypatch):
    monkeypatch.setattr(Application, "do_GET", lambda self: self.log_error('%s "', "a\nb"))
    (line,) = log("json", "/x")
    found = json.loads(line)
    assert (found["client"], found["message"]) == ("127.0.0.1", 'a\nb "')


def test_quiet(log):
    assert log("quiet", "/x", "/error", "/\x00") == []


def test_option(tmp_path):
    options = ("0", "--bind", "127.0.0.1", "--directory", str(tmp_path))
    with run(*options, "--log-format", "json") as running:
        ask(("127.0.0.1", running.port), "/none")
        _, logged = running.end()
    assert json.loads(logged)["status"] == 404


def test_option_quiet(tmp_path):
    with run("0", "--bind", "127.0.0.1", "--directory", str(tmp_path), "--quiet") as running:
        ask(("127.0.0.1", running.port), "/none")
        _, logged = running.end()
    assert logged == ""


def test_quiet_in_a_format():
    assert "--quiet logs nothing" in fail("--quiet", "--log-format", "json")
