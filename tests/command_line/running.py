"""``python -m basehttpserver`` as a process of its own."""

import contextlib
import os
import re
import socket
import subprocess
import sys
from typing import NamedTuple

from tests.running import PATIENCE_SECONDS

COMMAND = (sys.executable, "-u", "-m", "basehttpserver")


class Running(NamedTuple):
    process: subprocess.Popen
    #: The first line that it printed.
    said: str

    @property
    def port(self):
        return int(re.search(r" port (\d+) ", self.said)[1])

    def end(self):
        """Stop it; return what else it printed, and what it logged."""
        self.process.terminate()
        # What was read ahead with the first line is not lost, as `communicate` would lose it.
        rest = self.process.stdout.read(), self.process.stderr.read()
        self.process.wait(PATIENCE_SECONDS)
        return rest


@contextlib.contextmanager
def run(*options, variables=(), stderr=subprocess.PIPE, **keywords):
    """Serve with these options until the end of the block.

    Nobody reads a pipe meanwhile: what logs more than that takes needs a file for `stderr`.
    """
    with subprocess.Popen(
        [*COMMAND, *options],
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        env=os.environ | dict(variables),
        **keywords,
    ) as process:
        try:
            yield Running(process, process.stdout.readline())
        finally:
            process.terminate()
            try:
                # What is under way has eight seconds.
                process.communicate(timeout=8 + PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def fail(*options, variables=()):
    """Return what it says of options that cannot work."""
    ended = subprocess.run(
        [*COMMAND, *options],
        capture_output=True,
        text=True,
        env=os.environ | dict(variables),
        timeout=PATIENCE_SECONDS,
    )
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert not ended.stdout
    return ended.stderr


def ask(
    address,
    target="/",
    *,
    family=socket.AF_INET,
    method="GET",
    host="localhost",
    fields=(),
    body=b"",
):
    """Send one request over a connection of its own; return all of the answer."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close", *fields, "", ""]
    with socket.socket(family) as client:
        client.settimeout(PATIENCE_SECONDS)
        client.connect(address)
        client.sendall("\r\n".join(lines).encode() + body)
        return b"".join(iter(lambda: client.recv(65536), b""))
