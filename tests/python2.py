"""A Python 2.7 to ask, where one is at hand. Where none is, what it said is on record."""

import os
import shutil
from pathlib import Path


def find_python2() -> str | None:
    """Return a Python 2.7: that of BASEHTTPSERVER_TEST_PYTHON2, pyenv's, or that on PATH."""
    given = os.environ.get("BASEHTTPSERVER_TEST_PYTHON2")
    of_pyenv = sorted(Path("~/.pyenv/versions").expanduser().glob("2.7*/bin/python"))
    return given or next(map(str, of_pyenv), None) or shutil.which("python2.7")
