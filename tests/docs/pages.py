"""The pages of the documentation and the examples in them, and running a page as its reader would.

A fenced block is run by its language:

    python     saved under the name in the comment before it (``<!-- file: first.py -->``), or under
               the name in the text before it (README.md), or run at once and expected to end well
    sh         run
    console    what follows ``$ `` is run, the other lines are the expected output. ``...`` stands
               for anything. A command that ends with ``&``, or whose output begins with
               ``Serving``, goes on while the next ones run, until a server takes its place

All blocks of a page run in one folder, in order. Ports 8000 and 9000 become free ones.
"""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "examples" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]

#: Not run here, each with the reason.
NOT_RUN = {
    "make run    # serves": "it makes an environment; test_pages.py asks make what it would do",
}

PATIENCE_SECONDS = 20
_FENCE = re.compile(
    r"(?:<!-- file: (?P<file>\S+) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.M | re.S
)


@dataclass(frozen=True)
class Block:
    language: str
    text: str
    file: str | None
    line: int


def blocks_of(page):
    """Return the fenced blocks of a page."""
    text = page.read_text("utf-8")
    found = []
    for match in _FENCE.finditer(text):
        file = match["file"]
        follows = text[match.end() : match.end() + 80]
        named = re.match(r"\n\nSave it as `(\S+)`", follows)
        if file is None and named:
            file = named[1]
        line = text.count("\n", 0, match.start()) + 1
        found.append(Block(match["language"], match["text"], file, line))
    return found


def commands_of(text):
    """Return ``(command, expected output)`` for each command of a console block."""
    found = []
    for line in text.splitlines(keepends=True):
        if line.startswith("$ "):
            found.append((line[2:].strip(), ""))
        else:
            command, output = found[-1]
            found[-1] = (command, output + line)
    return found


def matches(expected, output):
    """Tell whether an output is the expected one, where ``...`` stands for anything."""
    pieces = [re.escape(piece) for piece in expected.rstrip("\n").split("...")]
    text = output.replace("\r\n", "\n").rstrip("\n")
    return re.fullmatch(".*".join(pieces), text, re.S) is not None


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def environment():
    """Return an environment in which `python` is this one and a warning is an error."""
    folder = str(Path(sys.executable).parent)
    # What coverage says about a process that it measures is no fault of the example's.
    warnings = "error,ignore:::coverage.control,ignore:::coverage.core"
    return os.environ | {
        "PATH": folder + os.pathsep + os.environ.get("PATH", ""),
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": warnings,
        "NO_PROXY": "*",
        "COLUMNS": "80",
    }


def check_clean(errors):
    """Fail if something went wrong that did not change the output."""
    for sign in ("Traceback", "Exception ignored", "Warning"):
        assert sign not in errors, errors


class Story:
    """A folder in which the blocks of one page are run; used in ``with``."""

    def __init__(self, folder):
        self.folder = folder
        self.ports = {"8000": free_port(), "9000": free_port()}
        self.background = []
        self._errors = 0

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        with contextlib.ExitStack() as stack:
            for process, errors in self.background:
                stack.callback(self._stop, process, errors, is_checked=exc_info[0] is None)
            self.background = []

    def run(self, block):
        """Run one block, or save it."""
        text = self._with_ports(block.text)
        if block.language == "python":
            if block.file:
                (self.folder / block.file).write_text(text, "utf-8")
            else:
                name = f"example_{block.line}.py"
                (self.folder / name).write_text(text, "utf-8")
                self._run_to_end(f"python {name}", None)
        elif block.language == "sh":
            if not any(block.text.startswith(start) for start in NOT_RUN):
                self._run_to_end(text, "")
        elif block.language == "console":
            for command, expected in commands_of(text):
                self._run_command(command, expected)

    def _with_ports(self, text):
        for written, port in self.ports.items():
            text = re.sub(rf"\b{written}\b", str(port), text)
        if "basehttpserver --bind 127.0.0.1" in text:
            # The command line's default is 8000, which a test must not take.
            default = self.ports["8000"]
            text = re.sub(
                rf"(?m)^(\$ python -m basehttpserver --bind (?!.* {self.ports['9000']}$).*)$",
                rf"\1 {default}",
                text,
            )
        return text

    def _run_command(self, command, expected):
        if expected.startswith("Serving"):
            self._stop_servers()
            self._start(command, expected)
        elif command.endswith("&"):
            self._start(command.rstrip("& "), "")
        else:
            self._run_to_end(command, expected)

    def _run_to_end(self, command, expected):
        result = subprocess.run(
            ["sh", "-c", command],
            cwd=self.folder,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        if "python -m basehttpserver: error:" in (expected or ""):
            assert result.returncode == 2
            assert matches(expected, result.stderr), result.stderr
            return
        check_clean(result.stderr)
        assert result.returncode == 0, f"{command}: {result.stdout}{result.stderr}"
        if expected is not None:
            assert matches(expected, result.stdout), f"{command}:\n{result.stdout}"

    def _start(self, command, expected):
        """Start a command that goes on; wait until it says, or listens on, what it should."""
        self._errors += 1
        errors = self.folder / f"errors-{self._errors}.log"
        is_server = command.startswith("python")
        with open(errors, "wb") as log:
            process = subprocess.Popen(
                # exec: a signal must reach the program and not the shell. env: takes what variables
                # are set to in front of it.
                ["sh", "-c", f"exec env {command}"],
                cwd=self.folder,
                env=environment(),
                stdout=subprocess.PIPE if expected else log,
                stderr=log,
            )
        self.background.append((process, errors))
        if expected:
            line = process.stdout.readline().decode()
            assert matches(expected, line), f"{command}: {line}{errors.read_text()}"
        elif is_server:
            self._wait_for_listener(process, errors)

    def _wait_for_listener(self, process, errors):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.ports["8000"]), 1).close()
            except OSError:
                assert process.poll() is None, errors.read_text()
                assert time.monotonic() < deadline, "the server does not listen"
                time.sleep(0.02)
            else:
                return

    def _stop_servers(self):
        background, self.background = self.background, []
        for process, errors in background:
            self._stop(process, errors, is_checked=True)

    def _stop(self, process, errors, *, is_checked):
        is_graceful = process.stdout is not None
        if process.poll() is None:
            # A server that serve() runs stops as it would at Ctrl-C; anything else is ended.
            process.send_signal(signal.SIGINT if is_graceful else signal.SIGKILL)
        try:
            process.communicate(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise
        if is_checked:
            check_clean(errors.read_text())
            assert process.returncode == 0 or not is_graceful
