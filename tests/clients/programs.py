"""Clients that are programs: finding them, running them to their end or until they are killed."""

import os
import shutil
import subprocess
from typing import NamedTuple

import pytest

from tests.running import PATIENCE_SECONDS, eventually


class Ended(NamedTuple):
    """How a program ended, and what it printed."""

    code: int
    output: bytes
    complaint: str


def path_of(program):
    """Return where a program is; skip the test, or fail it on a CI machine, where it is not."""
    path = shutil.which(program)
    if path is None:
        if os.environ.get("CI"):
            pytest.fail(f"{program} is not installed, and CI must run this test")
        pytest.skip(f"{program} is not installed")
    return path


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
