"""Runs the programs of ``programs/`` in one way or another, and tells what can be seen of them."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

PROGRAMS = Path(__file__).with_name("programs")
PLAIN = (sys.executable,)
RUN = (sys.executable, "-m", "basehttpserver", "run")

_PATIENCE_SECONDS = 20
_VARIES = re.compile(rb"(?m)^((?:Server|Date): )[^\r\n]*")
_LENGTH = re.compile(rb"(?m)^(Content-Length: )\d+")
_STYLE_AND_TAGS = re.compile(rb"(?s)<style.*?</style>|<[^>]*>|\s+")
_TIME_OF_LOG = re.compile(r"\[\d\d/\w{3}/\d{4} \d\d:\d\d:\d\d\]")


class Running:
    """A program that serves on a port of its own."""

    def __init__(self, process: "subprocess.Popen[str]", port: int) -> None:
        self.process = process
        self.port = port
        #: The exit status and both outputs, without ports and times; known at the end.
        self.outcome: tuple[int, str, str] = (0, "", "")

    def talk(self, request: bytes) -> bytes:
        """Send a request on a connection of its own; return the whole answer."""
        with socket.create_connection(("127.0.0.1", self.port), _PATIENCE_SECONDS) as client:
            client.sendall(request)
            answer = b""
            while data := client.recv(65536):
                answer += data
        return masked(answer)


def masked(answer: bytes) -> bytes:
    """Return an answer without the values of Server and Date.

    A default error page is reduced to its words: CPython 3.15 gave it a style.
    """
    head, _, body = _VARIES.sub(rb"\1*", answer).partition(b"\r\n\r\n")
    if not body.startswith(b"<!DOCTYPE HTML"):
        return head + b"\r\n\r\n" + body
    words = b" ".join(_STYLE_AND_TAGS.sub(b" ", body).split())
    return _LENGTH.sub(rb"\1*", head) + b"\n\n" + words


@contextlib.contextmanager
def running(
    command: Sequence[str | Path], stop: signal.Signals = signal.SIGINT
) -> Iterator[Running]:
    """Run a program on a free port; when the block ends send it a signal and await its end."""
    environment = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    process = subprocess.Popen(
        [*command, "0"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        first_line = process.stdout.readline()
        running_program = Running(process, int(re.findall(r"\d+", first_line)[-1]))
        yield running_program
        process.send_signal(stop)
        stdout, stderr = process.communicate(timeout=_PATIENCE_SECONDS)
        port = str(running_program.port)
        texts = (first_line + stdout, _TIME_OF_LOG.sub("[*]", stderr))
        shown = tuple(text.replace(port, "PORT") for text in texts)
        running_program.outcome = (process.returncode, *shown)
    finally:
        process.kill()
        process.communicate()


#: A request with fields of every kind that Python 2's messages had methods for.
OLD_REQUEST = (
    b"POST / HTTP/1.0\r\n"
    b"Host: localhost\r\n"
    b'Content-Type: Text/Plain ; Charset="utf-8"; Format=flowed; odd\r\n'
    b"X-Twice: first\r\n"
    b"x-tWICE: second  value \r\n"
    b"Date: Tue, 14 Nov 2023 22:13:20 +0100\r\n"
    b'From: "A. User" <user@example.org>, other@example.org\r\n'
    b"X-Empty:\r\n"
    b"Content-Length: 4\r\n"
    b"\r\n"
    b"body"
)


def tell_old_headers(command: Sequence[str]) -> dict[str, object]:
    """Return what ``old_headers.py`` answers to `OLD_REQUEST`."""
    with running([*command, PROGRAMS / "old_headers.py"], signal.SIGTERM) as program:
        _, _, body = program.talk(OLD_REQUEST).partition(b"\r\n\r\n")
    told: dict[str, object] = json.loads(body)
    return told
