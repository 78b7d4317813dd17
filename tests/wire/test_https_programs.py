"""Programs that serve HTTPS: `serve` and the command line, with their options and SIGHUP."""

import os
import shutil
import signal
import ssl
import subprocess
import sys
import urllib.request

import pytest

from basehttpserver import BaseHTTPRequestHandler, HTTPServer, HTTPSServer, serve
from tests.running import PATIENCE_SECONDS
from tests.tls import secure
from tests.wire.test_graceful_stop import arguments, started

pytestmark = [
    pytest.mark.usefixtures("leaks_nothing"),
    pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them"),
]

#: A service over TLS, by what `serve` takes; it reads a certificate's path and a key's.
SERVICE = """
import sys
from basehttpserver import BaseHTTPRequestHandler, HTTPSServer, serve

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

serve(Handler, port=0, certfile=sys.argv[1], keyfile=sys.argv[2], **OPTIONS)
"""


class Program:
    """A server that runs as a process of its own."""

    def __init__(self, process):
        self.process = process
        self.line = process.stdout.readline()
        assert "https://" in self.line, (self.line, process.stderr.read())
        self.url = self.line.split("https://")[1].split("/")[0]
        self.address = ("127.0.0.1", int(self.url.rpartition(":")[2]))

    def serial(self, authority):
        with secure(self, authority.client_context()) as client:
            return client.socket.getpeercert()["serialNumber"]


@pytest.fixture
def files(authority, tmp_path):
    """A certificate and a key that may change."""
    return shutil.copy(authority.certfile, tmp_path), shutil.copy(authority.keyfile, tmp_path)


def command_line(*options):
    return started(
        arguments("-m", "basehttpserver", "0", "--bind", "127.0.0.1", *map(str, options))
    )


class TestServe:
    @pytest.mark.parametrize("options", ["", "server_class=HTTPSServer"])
    def test_serves_https(self, options, authority, files):
        code = SERVICE.replace("**OPTIONS", options)
        with started(arguments("-c", code, *files)) as process:
            program = Program(process)
            assert program.line == f"Serving on https://{program.url}/ (Ctrl-C stops)\n"
            with secure(program, authority.client_context()) as client:
                client.get(version="HTTP/1.0").expect(200)
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_SECONDS) == 0

    def test_certificate_needs_a_server_that_takes_it(self, files):
        with pytest.raises(TypeError, match="HTTPSServer; HTTPServer is none"):
            serve(BaseHTTPRequestHandler, port=0, server_class=HTTPServer, certfile=files[0])

    def test_certificate_that_does_not_fit(self, files):
        with pytest.raises(ssl.SSLError):
            serve(BaseHTTPRequestHandler, port=0, certfile=files[1], keyfile=files[0])
        with pytest.raises(TypeError, match="certfile"):
            serve(BaseHTTPRequestHandler, port=0, server_class=HTTPSServer)


@pytest.mark.parametrize("program", ["serve", "command line"])
def test_sighup_loads_the_certificate_again(program, authority, files):
    """The process lives on, whatever is in the files."""
    certfile, keyfile = files
    if program == "serve":
        command = started(arguments("-c", SERVICE.replace("**OPTIONS", ""), *files))
    else:
        command = command_line("--tls-cert", certfile, "--tls-key", keyfile)
    with command as process:
        running = Program(process)
        before = running.serial(authority)
        for source, target in zip(authority.issue("new", "localhost"), files, strict=True):
            shutil.copy(source, target)
        process.send_signal(signal.SIGHUP)
        line = process.stderr.readline()
        assert line == f"the certificate {certfile!r} was loaded again\n"
        renewed = running.serial(authority)
        assert renewed != before
        shutil.copy(authority.keyfile, keyfile)
        process.send_signal(signal.SIGHUP)
        line = process.stderr.readline()
        assert line.startswith(f"cannot load the certificate {certfile!r}, the old one stays: ")
        assert running.serial(authority) == renewed


class TestCommandLine:
    def want_file(self, process, authority, files):
        program = Program(process)
        port = program.address[1]
        assert program.line == (
            f"Serving HTTPS on 127.0.0.1 port {port} (https://127.0.0.1:{port}/) ...\n"
        )
        url = f"https://127.0.0.1:{port}/{os.path.basename(files[0])}"
        context = authority.client_context()
        with urllib.request.urlopen(url, context=context, timeout=PATIENCE_SECONDS) as answer:
            assert answer.read().startswith(b"-----BEGIN CERTIFICATE-----")

    def test_certificate_and_key(self, authority, files):
        folder = os.path.dirname(files[0])
        options = ["--tls-cert", files[0], "--tls-key", files[1], "--directory", folder]
        with command_line(*options) as process:
            self.want_file(process, authority, files)

    def test_key_in_the_file_of_the_certificate(self, authority, files):
        both = os.path.join(os.path.dirname(files[0]), "both.pem")
        with open(both, "w") as target:
            for path in files:
                with open(path) as source:
                    target.write(source.read())
        with command_line("--tls-cert", both, "--directory", os.path.dirname(both)) as process:
            self.want_file(process, authority, files)

    def test_password_file(self, authority, files, tmp_path):
        authority.lock(files[1], "opens it")
        password = tmp_path / "password"
        password.write_text("  opens it\n")  # White space around it is none of it.
        folder = os.path.dirname(files[0])
        options = ["--tls-cert", files[0], "--tls-key", files[1], "--tls-password-file", password]
        with command_line(*options, "--directory", folder) as process:
            self.want_file(process, authority, files)

    @pytest.mark.parametrize(
        ("options", "complaint"),
        [
            (["--tls-key", "KEY"], "--tls-key requires --tls-cert to be set"),
            (
                ["--tls-password-file", "KEY"],
                "--tls-password-file requires --tls-cert to be set",
            ),
            (
                ["--tls-cert", "CERT", "--tls-key", "KEY", "--tls-password-file", "/no/such"],
                "Failed to read TLS password file: [Errno 2] No such file or directory: '/no/such'",
            ),
            (["--tls-cert", "/no/such"], "cannot read '/no/such': No such file or directory"),
            (
                ["--tls-cert", "CERT", "--tls-key", "/no/such"],
                "cannot read '/no/such': No such file or directory",
            ),
            (["--tls-cert", "CERT"], "cannot use the certificate"),
            (["--tls-cert", "KEY", "--tls-key", "CERT"], "cannot use the certificate"),
        ],
    )
    def test_options_that_cannot_work(self, options, complaint, files):
        named = {"CERT": files[0], "KEY": files[1]}
        command = arguments(
            "-m", "basehttpserver", "0", *[named.get(each, each) for each in options]
        )
        result = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
        assert result.returncode == 2
        assert f"error: {complaint}" in result.stderr
        assert result.stderr.count("\n") == 1

    def test_python_without_ssl(self, files):
        code = (
            "import sys; sys.modules['ssl'] = None\n"
            "from basehttpserver.__main__ import main; main(sys.argv[1:])\n"
        )
        command = [
            sys.executable,
            "-c",
            code,
            "0",
            "--tls-cert",
            *files[:1],
            "--tls-key",
            *files[1:],
        ]
        result = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
        assert result.returncode == 2
        assert "SSL module is missing; HTTPS support is unavailable" in result.stderr
