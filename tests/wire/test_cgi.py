"""CGI scripts over real sockets: what they get, what becomes of what they say."""

import errno
import os
import signal
import socketserver
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from basehttpserver import HTTPServer, Settings, ThreadingHTTPServer, cgi
from basehttpserver._cgi import script as script_module
from basehttpserver._cgi.pipes import PolledPipes, ThreadedPipes
from tests.running import PATIENCE_SECONDS, eventually, serving
from tests.wire.conversation import conversation
from tests.wire.scripts import ANYWHERE, Scripts, Site, is_running

pytestmark = [
    pytest.mark.usefixtures("leaks_nothing"),
    pytest.mark.skipif(os.name == "nt", reason="the scripts are for a shell"),
]

both_servers = pytest.mark.parametrize("server_class", [HTTPServer, ThreadingHTTPServer])


@pytest.fixture
def site(tmp_path, monkeypatch):
    # For root it would be nobody, who may not even read this folder.
    monkeypatch.setattr(cgi, "nobody_uid", os.geteuid)
    return Site(tmp_path)


@pytest.fixture(params=[PolledPipes, ThreadedPipes])
def pipes(request, monkeypatch):
    """Each way of reading what a script writes; Windows has but the second."""
    monkeypatch.setattr(script_module, "open_pipes", request.param)


# What a script gets.


@both_servers
def test_script_runs_and_connection_goes_on(site, server_class):
    site.hello()
    with site.serving(server_class) as running, conversation(running) as client:
        for _ in range(2):
            response = client.get("/cgi-bin/hello.sh").expect(200, b"hello\n")
            assert response.status_line == "HTTP/1.1 200 Script output follows"
            assert response["Content-Type"] == "text/plain"
        client.want_idle()


@both_servers
def test_head_runs_the_script_and_sends_no_body(site, server_class):
    site.hello()
    with site.serving(server_class) as running, conversation(running) as client:
        response = client.get("/cgi-bin/hello.sh", method="HEAD").expect(200, b"", to="HEAD")
        assert response["Content-Type"] == "text/plain"
        client.get("/cgi-bin/hello.sh").expect(200, b"hello\n")


BODY = bytes(range(256)) * 12_000


@both_servers
@pytest.mark.parametrize(
    ("lines", "answer"),
    [
        (["sleep 0.2", "cat"], BODY),
        # Nobody reads what it writes before all of the body is written, or so it seems.
        (["head -c 3000000 /dev/zero", "cat"], bytes(3_000_000) + BODY),
        (["echo thanks"], b"thanks\n"),
    ],
    ids=["slow", "writes-first", "never-reads"],
)
def test_large_body(site, server_class, lines, answer, pipes):
    site.sh("script.sh", "echo", *lines)
    with site.serving(server_class) as running, conversation(running) as client:
        client.get("/cgi-bin/script.sh", method="POST", body=BODY).expect(200, answer)
        client.want_idle()


def test_chunked_body_has_a_length(site):
    site.sh("script.sh", "echo", 'echo "$CONTENT_LENGTH ${HTTP_TRANSFER_ENCODING-none}"', "cat")
    with site.serving() as running, conversation(running) as client:
        client.get("/cgi-bin/script.sh", "Transfer-Encoding: chunked", method="POST")
        client.send("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n").expect(200, b"11 none\nhello world")


def test_no_body_ends_at_once(site):
    site.sh("script.sh", "echo", 'echo "<$CONTENT_LENGTH>"', "cat")
    with site.serving() as running, conversation(running) as client:
        client.get("/cgi-bin/script.sh").expect(200, b"<>\n")
        client.get("/cgi-bin/script.sh", "Content-Length: 0", method="POST").expect(200, b"<0>\n")


@both_servers
def test_announced_terabytes_are_not_allocated(site, server_class):
    site.hello()
    with site.serving(server_class) as running, conversation(running) as client:
        client.get("/cgi-bin/hello.sh", f"Content-Length: {10**15}", method="POST")
        client.send(b"x" * 1000).finish_sending().expect(400)


@both_servers
def test_body_without_room_is_507(site, server_class):
    site.hello()
    settings = Settings(max_spool_bytes=100_000)
    with site.serving(server_class, settings=settings) as running:
        with conversation(running) as client:
            client.get("/cgi-bin/hello.sh", method="POST", body=bytes(150_000)).expect(507)
        with conversation(running) as client:  # What was kept of it is given back.
            for _ in range(2):
                client.get("/cgi-bin/hello.sh", method="POST", body=bytes(90_000)).expect(200)


def test_full_disk_is_507(site, monkeypatch):
    site.hello()
    monkeypatch.setattr("tempfile.tempdir", "/no/such/folder")
    with site.serving() as running, conversation(running) as client:
        client.get("/cgi-bin/hello.sh", method="POST", body=b"x").expect(507)


def test_machine_that_is_short_of_resources_is_503(site, monkeypatch):
    def fail(*_):
        raise OSError(errno.EMFILE, "Too many open files")

    site.hello()
    monkeypatch.setattr(script_module, "open_pipes", fail)
    with site.serving() as running, conversation(running) as client:
        client.get("/cgi-bin/hello.sh").expect(503)
    # And the script that was started already is not there: see `leaks_nothing`.


def test_slow_client_starts_no_script(site):
    started = site.folder / "started"
    site.sh("script.sh", f"touch {started}", "echo", "cat")
    with site.serving() as running, conversation(running) as client:
        client.get("/cgi-bin/script.sh", "Content-Length: 2", method="POST").send("o").want_idle()
        assert not started.exists()
        client.send("k").expect(200, b"ok")


def test_client_that_waits_for_100_gets_it(site):
    site.sh("script.sh", "echo", "cat")
    with site.serving() as running, conversation(running) as client:
        client.get(
            "/cgi-bin/script.sh", "Expect: 100-continue", "Content-Length: 2", method="POST"
        ).expect(100)
        client.send("ok").expect(200, b"ok")


def test_without_an_engine(site):
    site.sh("script.sh", "echo", "cat", "echo $SERVER_PORT")

    class Handler(Scripts):
        def __init__(self, *args):
            super().__init__(*args, directory=site.folder)

    server = socketserver.TCPServer(ANYWHERE, Handler)
    server.logged = []
    with serving(server) as running, conversation(running) as client:
        response = client.get("/cgi-bin/script.sh", method="POST", body=b"hello")
        response = response.expect(200, b"hello\n")
        assert response.framing == "close"


def test_forking_server(site):
    site.sh("script.sh", "echo", "cat")
    kind = type("Forking", (socketserver.ForkingMixIn, HTTPServer), {})
    with site.serving(kind) as running, conversation(running) as client:
        # It must not wait for another request: the fork has a copy of this client, too.
        client.get("/cgi-bin/script.sh", "Connection: close", method="POST", body=BODY)
        client.expect(200, BODY)


# What becomes of what it says.


@pytest.mark.parametrize(
    ("head", "status_line"),
    [
        ("Status: 404 Nothing here", "HTTP/1.1 404 Nothing here"),
        ("Status: 404", "HTTP/1.1 404 Not Found"),
        ("status:200 OK", "HTTP/1.1 200 OK"),
        ("Location: http://test/", "HTTP/1.1 302 Found"),
        ("Location: /elsewhere", "HTTP/1.1 302 Found"),
        ("Status: 301 Moved\\nLocation: /elsewhere", "HTTP/1.1 301 Moved"),
        ("Content-Type: text/plain\\r", "HTTP/1.1 200 Script output follows"),
        ("Transfer-Encoding: chunked\\nConnection: close", "HTTP/1.1 200 Script output follows"),
    ],
)
def test_status(site, head, status_line):
    site.sh("script.sh", f"printf '{head}\\n\\nbody'")
    with site.serving() as running, conversation(running) as client:
        response = client.get("/cgi-bin/script.sh").expect(int(status_line.split()[1]), b"body")
        assert response.status_line == status_line
        assert response["Status"] is None
        assert len([name for name, _ in response.fields if name == "Date"]) == 1
        client.want_idle()


def test_fields_are_kept(site):
    site.sh("script.sh", r"printf 'Set-Cookie: a=1\nSet-Cookie: b=2\nX-Name:\303\251 \n\n'")
    with site.serving() as running, conversation(running) as client:
        response = client.get("/cgi-bin/script.sh").expect(200, b"")
        assert [value for name, value in response.fields if name == "Set-Cookie"] == ["a=1", "b=2"]
        assert response["X-Name"] == "\xc3\xa9"


@pytest.mark.parametrize(
    ("output", "why"),
    [
        ("", "it wrote nothing"),
        ("Content-Type: text/plain\\n", "no empty line"),
        ("Hello, world\\n\\n", "is no field"),
        ("HTTP/1.1 200 OK\\n\\n", "is no field"),
        ("X-Name: a\\rb\\n\\n", "is no field"),
        ("X-Name: a\\0b\\n\\n", "is no field"),
        ("X Name: a\\n\\n", "is no field"),
        ("X-Name: a\\n folded\\n\\n", "is no field"),
        ("Status: 101 Switching Protocols\\n\\n", "Status is none"),
        ("Status: OK\\n\\n", "Status is none"),
    ],
)
def test_output_that_is_no_answer_is_500(site, output, why):
    site.sh("script.sh", f"printf '{output}'")
    with site.serving() as running, conversation(running) as client:
        client.get("/cgi-bin/script.sh").expect(500)
    assert any(why in line for line in running.logged), running.logged


def test_endless_head_is_500(site, pipes):
    site.sh("script.sh", "yes X-Name: value")
    with site.serving() as running, conversation(running) as client:
        client.get("/cgi-bin/script.sh").expect(500)
        client.want_closed()


def test_output_is_sent_as_it_comes(site, pipes):
    go_on = site.folder / "go-on"
    site.sh(
        "script.sh",
        "printf '\\nfirst'",
        f"until [ -e {go_on} ]; do sleep 0.01; done",
        "printf last",
    )
    with site.serving() as running, conversation(running) as client:
        client.get("/cgi-bin/script.sh")
        while b"first" not in client.received:
            client._receive()
        go_on.touch()
        client.expect(200, b"firstlast")


def test_exit_code_is_logged(site):
    site.sh("script.sh", "echo", "echo done", "exit 3")
    with site.serving() as running, conversation(running) as client:
        client.get("/cgi-bin/script.sh").expect(200, b"done\n")
    assert "CGI script exit code 3" in running.logged


def test_killed_script_is_a_cut_response(site):
    site.sh("script.sh", "echo", "echo begun", "sleep 0.1", "kill -9 $$")
    with site.serving() as running, conversation(running) as client:
        client.get("/cgi-bin/script.sh")
        with pytest.raises(AssertionError, match="the connection ended"):
            client.read_response()
    assert "CGI script exit code -9" in running.logged


@both_servers
def test_megabytes_of_errors(site, server_class, pipes):
    site.sh(
        "script.sh",
        "echo first error >&2",
        "head -c 3000000 /dev/zero | tr '\\0' x >&2",
        "echo",
        "echo done",
    )
    with site.serving(server_class) as running, conversation(running) as client:
        client.get("/cgi-bin/script.sh").expect(200, b"done\n")
    assert "first error" in running.logged
    assert "CGI script wrote more to its standard error: not logged" in running.logged
    assert sum(map(len, running.logged)) < 100_000


# A script that does not end.


@both_servers
def test_silent_script_is_ended_with_its_children(site, server_class, pipes):
    child = site.folder / "child"
    site.sh("script.sh", "sleep 1000 &", f"echo $! > {child}", "wait")
    with site.serving(server_class, script_silence_seconds=0.3) as running:
        with conversation(running) as client:
            client.get("/cgi-bin/script.sh").expect(504)
        eventually(lambda: not is_running(int(child.read_text())), "the child has ended")
    assert "CGI script was ended: silent for 0.3 s" in running.logged


def test_script_that_ignores_the_request_to_end_is_killed(site, monkeypatch):
    monkeypatch.setattr(script_module, "_GRACE_SECONDS", 0.1)
    site.sh("script.sh", "trap '' TERM", "printf '\\nbegun'", "while :; do sleep 0.05; done")
    with site.serving(script_silence_seconds=0.2) as running, conversation(running) as client:
        client.get("/cgi-bin/script.sh")
        with pytest.raises(AssertionError, match="the connection ended"):
            client.read_response()


@both_servers
@pytest.mark.parametrize("lines", [["sleep 1000"], ["yes"]], ids=["silent", "endless"])
def test_client_goes_away(site, server_class, lines):
    number = site.folder / "number"
    settings = Settings(max_response_spool_bytes=100_000, rate_grace_seconds=1)
    site.sh("script.sh", f"echo $$ > {number}", "printf '\\nbegun'", *lines)
    with site.serving(server_class, settings=settings) as running:
        with conversation(running) as client:
            client.get("/cgi-bin/script.sh")
            client._receive()
            client.reset()
        process_id = int(number.read_text())
        eventually(lambda: not is_running(process_id), "the script has ended")


def test_child_that_goes_on_is_not_waited_for(site):
    child = site.folder / "child"
    site.sh("script.sh", "echo", "sleep 1000 &", f"echo $! > {child}", "echo done")
    with site.serving() as running, conversation(running) as client:
        client.get("/cgi-bin/script.sh").expect(200, b"done\n")
        process_id = int(child.read_text())
        assert is_running(process_id)  # As in CPython: it may have work to do.
        os.kill(process_id, 9)


def test_script_that_closes_its_output_is_waited_for(site, pipes):
    done = site.folder / "done"
    site.sh("script.sh", "echo", "echo hello", "exec >&- 2>&-", "sleep 0.3", f"touch {done}")
    with site.serving() as running, conversation(running) as client:
        client.get("/cgi-bin/script.sh").expect(200, b"hello\n")
        assert done.exists()


def serving_program(site, *lines, before=()):
    """A program that serves `site` in a thread, prints its port, and goes on with `lines`."""
    return "\n".join(
        [
            "import functools, os, subprocess, threading",
            "from basehttpserver import ThreadingHTTPServer, cgi",
            *before,
            "cgi.nobody_uid = os.geteuid",
            f"make = functools.partial(cgi.CGIHTTPRequestHandler, directory={str(site.folder)!r})",
            "server = ThreadingHTTPServer(('127.0.0.1', 0), make)",
            "threading.Thread(target=server.serve_forever, daemon=True).start()",
            "print(server.server_port, flush=True)",
            *lines,
        ]
    )


def test_scripts_end_with_their_server(site):
    number = site.folder / "number"
    site.sh("script.sh", f"echo $$ > {number}.new; mv {number}.new {number}", "sleep 1000")
    program = serving_program(site, "input()")
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            port = int(server.stdout.readline())
            with conversation(("127.0.0.1", port)) as client:
                client.get("/cgi-bin/script.sh")
                eventually(number.exists, "the script runs")
                server.communicate("\n", timeout=PATIENCE_SECONDS)
        finally:
            server.kill()
    assert not is_running(int(number.read_text()))


def test_script_that_is_just_being_started_ends_with_its_server(site):
    site.sh("script.sh", "sleep 1000")
    late = [
        "from basehttpserver._cgi import script",
        "class Popen(subprocess.Popen):",
        "    def __init__(self, *arguments, **options):",
        "        super().__init__(*arguments, **options)",
        "        print(self.pid, flush=True)",
        "        has_started.set()",
        f"        script._is_ending.wait({PATIENCE_SECONDS})",
        "has_started = threading.Event()",
        "subprocess.Popen = Popen",
    ]
    program = serving_program(site, "has_started.wait()", before=late)
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            port = int(server.stdout.readline())
            with conversation(("127.0.0.1", port)) as client:
                client.get("/cgi-bin/script.sh")
                number = int(server.stdout.readline())
                server.wait(PATIENCE_SECONDS)
        finally:
            server.kill()
    assert not is_running(number)


def test_slow_script_holds_up_no_other_request(site):
    go_on = site.folder / "go-on"
    site.sh("script.sh", f"until [ -e {go_on} ]; do sleep 0.01; done", "echo", "echo done")
    site.add("file.txt", "file")
    with site.serving() as running, conversation(running) as slow, conversation(running) as quick:
        slow.get("/cgi-bin/script.sh")
        quick.get("/file.txt").expect(200, b"file")
        go_on.touch()
        slow.expect(200, b"done\n")


def test_a_thread_is_needed_for_no_pipe(site):
    go_on = site.folder / "go-on"
    site.sh("script.sh", "echo", f"until [ -e {go_on} ]; do sleep 0.01; done", "echo done")
    with site.serving() as running, conversation(running) as client:
        client.get("/cgi-bin/script.sh")
        client._receive()
        assert not [each for each in threading.enumerate() if "_copy" in each.name]
        go_on.touch()
        client.expect(200, b"done\n")


def test_command_line():
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)  # For nobody, where we are root.
        Site(Path(folder)).hello()
        command = [sys.executable, "-m", "basehttpserver", "--cgi", "--bind", "127.0.0.1", "0"]
        with subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as server:
            try:
                line = server.stdout.readline()
                assert line.startswith("Serving HTTP on 127.0.0.1 port "), line
                with conversation(("127.0.0.1", int(line.split()[5]))) as client:
                    client.get("/cgi-bin/hello.sh").expect(200, b"hello\n")
                server.send_signal(signal.SIGTERM)
                _, errors = server.communicate(timeout=PATIENCE_SECONDS)
            finally:
                server.kill()
    assert server.returncode == 0
    (logged,) = errors.splitlines()
    assert logged.endswith('"GET /cgi-bin/hello.sh HTTP/1.1" 200 -')
