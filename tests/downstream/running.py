"""Starting a program from PyPI, or one of `apps/`, as a process of its own, and stopping it.

Each runs on either side: on this package, and on plain ``http.server``, which shows that what a
test expects is what ``http.server`` does.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from tests.running import eventually

__all__ = ["APPS", "SIDES", "Program", "free_port", "launching"]

HERE = Path(__file__).parent
APPS = HERE / "apps"
SIDES = ("basehttpserver", "http.server")

#: How long a program may take to import everything and listen.
START_SECONDS = 30

#: How long a program may take to end, and how often it is told to.
STOP_SECONDS = 2
ATTEMPTS_TO_STOP = 8


def free_port():
    """Return a port for a program that takes no port 0, or that has to come back to the same."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Program:
    """A running program."""

    def __init__(self, process, report, output):
        self.process = process
        self._report = report
        self._output = output

    @property
    def facts(self):
        """What `startup/sitecustomize.py` reported so far."""
        if not self._report.exists():
            return []
        lines = self._report.read_text("utf-8").splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    @property
    def output(self):
        """What the program has printed so far, standard error included."""
        return self._output.read_text("utf-8", "replace")

    @property
    def addresses(self):
        """Where the program listens: ``(host, port)`` for each server, in order."""
        return [tuple(fact["listening"]) for fact in self.facts if "listening" in fact]

    @property
    def lanes(self):
        """The lanes that connections took so far, by the name of the handler class."""
        found = {}
        for fact in self.facts:
            if "lane" in fact:
                found.setdefault(fact["handler"], set()).add(fact["lane"])
        return found

    def wait_until_listening(self):
        """Wait for the first server; return its port."""
        eventually(self._is_listening, "a server that listens", START_SECONDS)
        return self.port

    def _is_listening(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the program has ended: {self.output}")
        return self.addresses

    def wait_until_printed(self, text):
        """Wait for the program to print `text`."""
        eventually(lambda: text in self.output, f"{text!r} in the output", START_SECONDS)

    @property
    def port(self):
        return self.addresses[0][1]

    def url(self, path="/", scheme="http"):
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    def stop(self):
        """Press Ctrl-C; return the exit status. What does not stop is ended and fails the test.

        It is pressed again where it is lost, in code of the program that catches all exceptions.
        """
        for _ in range(ATTEMPTS_TO_STOP):
            if self.process.poll() is None:
                self.process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                return self.process.wait(STOP_SECONDS)
        self.process.kill()
        self.process.wait()
        raise AssertionError(f"Ctrl-C does not stop it: {self.output}")


def python_on(side, *options):
    """Return the command that takes a script, or ``-m`` and a module, and runs it on `side`."""
    if side == "http.server":
        return [sys.executable]
    return [sys.executable, "-m", "basehttpserver", "run", *options]


def environment_of(side, report):
    """Return the environment of a program whose processes write to the file `report`."""
    path = [str(HERE / "startup"), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **os.environ,
        "DOWNSTREAM_REPORT": str(report),
        "DOWNSTREAM_SIDE": side,
        "PYTHONPATH": os.pathsep.join(path),
        "PYTHONUNBUFFERED": "1",
    }


@contextlib.contextmanager
def launching(side, arguments, folder, *, cwd=None, environment=None, listens=True, options=()):
    """Run a program on `side` with its files of reports in `folder`; stop it at the end.

    `arguments` are those of ``python``: a script, or ``-m`` and a module, and what it takes;
    `options` are those of ``basehttpserver run``.
    """
    report, output = folder / "report.jsonl", folder / "output.txt"
    command = [*python_on(side, *options), *map(str, arguments)]
    variables = {**environment_of(side, report), **(environment or {})}
    with output.open("wb") as file:
        process = subprocess.Popen(
            command,
            cwd=cwd or folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    program = Program(process, report, output)
    try:
        if listens:
            program.wait_until_listening()
        yield program
    except BaseException:
        sys.stderr.write(f"--- output of {' '.join(map(str, arguments))} on {side}\n")
        sys.stderr.write(program.output)
        raise
    finally:
        program.stop()
