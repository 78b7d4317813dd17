"""Running a client that is a program, to its end or until it is killed."""

import subprocess
from typing import NamedTuple

from tests.running import PATIENCE_SECONDS, eventually


class Ended(NamedTuple):
    """How a program ended, and what it printed."""

    code: int
    output: bytes
    complaint: str


def run(command, cwd):
    """Run a program to its end."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, timeout=PATIENCE_SECONDS * 3)
    return Ended(done.returncode, done.stdout, done.stderr.decode(errors="replace"))


def run_until(condition, command, cwd):
    """Run a program, and kill it when `condition()` is true."""
    with subprocess.Popen(command, cwd=cwd, stderr=subprocess.DEVNULL) as process:
        try:
            eventually(condition)
        finally:
            process.kill()
