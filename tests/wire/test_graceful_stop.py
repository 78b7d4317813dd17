"""Programs that serve: how they start, what they say, and how a signal ends them."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from tests.running import PATIENCE_SECONDS, eventually
from tests.wire.conversation import conversation

pytestmark = [
    pytest.mark.usefixtures("leaks_nothing"),
    pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them"),
]

SIGNALS = [signal.SIGINT, signal.SIGTERM]
CLASSES = ["HTTPServer", "ThreadingHTTPServer"]

#: A service whose slow requests tell that they have begun, and end when they are told to.
SERVICE = """
import sys, threading
from basehttpserver import BaseHTTPRequestHandler, HTTPServer, Settings, ThreadingHTTPServer
from basehttpserver import serve

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/slow":
            print("begun", flush=True)
            sys.stdin.readline()
        elif self.path == "/never":
            print("begun", flush=True)
            while True:
                threading.Event().wait(60)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format, *args):
        pass

serve(Handler, port=0, settings=Settings(graceful_stop_seconds=float(sys.argv[1])), **OPTIONS)
"""


class Program:
    """A server that runs as a process of its own."""

    def __init__(self, process):
        self.process = process
        line = process.stdout.readline()
        assert "http://" in line, (line, process.stderr.read())
        self.url = line.split("http://")[1].split("/")[0]
        self.line = line
        self.address = ("127.0.0.1", int(self.url.rpartition(":")[2]))

    def tell(self, number):
        self.process.send_signal(number)

    def want_exit(self, status, within=PATIENCE_SECONDS):
        assert self.process.wait(within) == status, self.process.stderr.read()


def arguments(*options):
    return [sys.executable, *options]


@contextlib.contextmanager
def started(command, errors_to=subprocess.PIPE, **options):
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors_to,
        text=True,
        **options,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


@contextlib.contextmanager
def service(grace=PATIENCE_SECONDS, **options):
    keywords = ", ".join(f"{name}={value}" for name, value in options.items())
    code = SERVICE.replace("**OPTIONS", keywords)
    with started(arguments("-c", code, str(grace))) as process:
        yield Program(process)


@contextlib.contextmanager
def command_line(*options, **process_options):
    with started(arguments("-m", "basehttpserver", *options), **process_options) as process:
        yield Program(process)


class TestSignals:
    @pytest.mark.parametrize("number", SIGNALS)
    @pytest.mark.parametrize("server_class", CLASSES)
    def test_running_exchange_finishes(self, number, server_class):
        with service(server_class=server_class) as program, conversation(program) as client:
            client.get("/slow")
            assert program.process.stdout.readline() == "begun\n"
            program.tell(number)
            client.want_idle()
            program.process.stdin.write("\n")
            program.process.stdin.flush()
            client.expect(200, b"ok")
            client.want_closed()
            program.want_exit(0)

    @pytest.mark.parametrize("number", SIGNALS)
    def test_idle_connections_close(self, number):
        with service() as program, conversation(program) as idle, conversation(program) as silent:
            idle.get().expect(200)
            program.tell(number)
            idle.want_closed()
            silent.want_closed()
            program.want_exit(0)

    @pytest.mark.parametrize("server_class", CLASSES)
    def test_first_request_is_waited_for(self, server_class):
        """Of a connection that stands: its client has no reason to ask again."""
        with (
            service(server_class=server_class) as program,
            conversation(program) as idle,
            conversation(program) as new,
        ):
            idle.get().expect(200)
            program.tell(signal.SIGTERM)
            idle.want_closed()
            new.get().expect(200, b"ok")
            new.want_closed()
            program.want_exit(0)

    def test_signal_right_after_the_start(self):
        with service() as program:
            program.tell(signal.SIGTERM)
            program.want_exit(0)

    def test_request_that_has_arrived_is_answered(self):
        """SIGTERM under load: what was accepted is not lost."""
        with service() as program, contextlib.ExitStack() as stack:
            clients = [stack.enter_context(conversation(program)) for _ in range(50)]
            for client in clients:
                client.get().expect(200)
            for client in clients:
                client.get()
            program.tell(signal.SIGTERM)
            for client in clients:
                client.expect(200, b"ok")
                client.want_closed()
            program.want_exit(0)

    def test_connection_in_the_queue_is_answered(self):
        """The server is busy when they connect, and is told to stop before it comes to them."""
        with service(server_class="HTTPServer") as program, contextlib.ExitStack() as stack:
            slow = stack.enter_context(conversation(program))
            slow.get("/slow")
            assert program.process.stdout.readline() == "begun\n"
            clients = [stack.enter_context(conversation(program)) for _ in range(50)]
            for client in clients:
                client.get()
            program.tell(signal.SIGTERM)
            program.process.stdin.write("\n")
            program.process.stdin.flush()
            slow.expect(200)
            for client in clients:
                client.expect(200, b"ok")
            program.want_exit(0)

    def test_who_comes_later_is_refused(self):
        """At once, and not by a reset at the end, which could mean that something was done."""

        def is_refused():
            try:
                conversation(program).socket.close()
            except ConnectionRefusedError:
                return True
            return False

        with service() as program:
            with conversation(program) as client:
                client.get("/slow")
                assert program.process.stdout.readline() == "begun\n"
                program.tell(signal.SIGTERM)
                eventually(is_refused)
                client.want_idle()
                program.process.stdin.write("\n")
                program.process.stdin.flush()
                client.expect(200, b"ok")
            program.want_exit(0)

    def test_handler_that_never_returns(self):
        with service(grace=0.3) as program, conversation(program) as client:
            client.get("/never")
            assert program.process.stdout.readline() == "begun\n"
            began = time.monotonic()
            program.tell(signal.SIGTERM)
            program.want_exit(0)
            assert time.monotonic() - began < 5
            client.want_gone()

    @pytest.mark.parametrize("server_class", CLASSES)
    def test_second_signal_stops_at_once(self, server_class):
        with service(server_class=server_class) as program, conversation(program) as client:
            client.get("/never")
            assert program.process.stdout.readline() == "begun\n"
            program.tell(signal.SIGTERM)
            client.want_idle()
            program.tell(signal.SIGTERM)
            program.want_exit(-signal.SIGTERM)

    def test_second_interrupt(self):
        with command_line("0") as program, conversation(program) as client:
            client.send("GET / HTTP/1.1\r\nHo")
            with conversation(program) as later:  # When this is served, that has arrived.
                later.get().expect(200)
            program.tell(signal.SIGINT)
            client.want_idle()
            # Whoever pressed it sees at once that it was not in vain.
            assert program.process.stdout.readline() == "\n"
            said = program.process.stdout.readline()
            assert said == "Keyboard interrupt received, exiting.\n"
            assert program.process.poll() is None
            program.tell(signal.SIGINT)
            program.want_exit(130)
            assert "Traceback" not in program.process.stderr.read()


class TestCommandLine:
    @pytest.mark.parametrize("number", SIGNALS)
    def test_stops(self, number):
        with command_line("0", "--bind", "127.0.0.1") as program:
            program.tell(number)
            program.want_exit(0)
            assert "received, exiting." in program.process.stdout.read()
            assert program.process.stderr.read() == ""

    def test_prints_where_it_listens(self):
        with command_line("0", "--bind", "127.0.0.1") as program:
            port = program.address[1]
            assert program.line == (
                f"Serving HTTP on 127.0.0.1 port {port} (http://127.0.0.1:{port}/) ...\n"
            )

    def test_directory_header_content_type_protocol(self, tmp_path):
        (tmp_path / "file.unknown").write_bytes(b"content")
        with (
            command_line(
                *["0", "--bind", "127.0.0.1", "--directory", str(tmp_path)],
                *["--header", "X-One", "1", "--header", "X-Two", "2"],
                *["--content-type", "text/x-own", "--protocol", "HTTP/1.0"],
            ) as program,
            conversation(program) as client,
        ):
            response = client.get("/file.unknown").expect(200, b"content")
            assert response.version == "HTTP/1.0"
            assert response["Content-type"] == "text/x-own"
            assert (response["X-One"], response["X-Two"]) == ("1", "2")
            client.want_closed()

    def test_speaks_http_1_1(self, tmp_path):
        (tmp_path / "index.html").write_bytes(b"hello")
        options = ["0", "--bind", "127.0.0.1"]
        with command_line(*options, cwd=tmp_path) as program, conversation(program) as client:
            for _ in range(2):
                assert client.get().expect(200, b"hello").version == "HTTP/1.1"

    def test_listens_on_all_interfaces(self):
        with command_line("0") as program, conversation(program) as client:
            client.get().expect(200)


class TestMistakes:
    """One clear sentence, and an exit status that is not 0."""

    def complaint(self, *options):
        finished = subprocess.run(
            arguments("-m", "basehttpserver", *options),
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
        assert finished.returncode != 0
        assert finished.stdout == ""
        (line,) = finished.stderr.splitlines()
        return line

    def test_busy_port(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            line = self.complaint(str(port), "--bind", "127.0.0.1")
            assert f"port {port} of 127.0.0.1 is in use" in line

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            (["--directory", "/does/not/exist"], "is not a directory"),
            (["70000"], "a number from 0 to 65535"),
            (["-1"], "error"),
            (["port"], "a number from 0 to 65535"),
            (["--unknown"], "--unknown is no option"),
            (["--protocol", "HTTP/9"], "invalid choice"),
            (["--bind", "192.0.2.1"], "cannot listen"),
            (["--bind", "no such name"], "is no address, and no name that leads to one"),
            (["--header", "Bad Name", "value"], "is not a header name"),
            (["--header", "X-Bad", "a\nb"], "cannot be sent"),
            (["--content-type", "a\r\nb"], "is no media type"),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, list) else "",
    )
    def test_option(self, options, words):
        assert words in self.complaint(*options)
