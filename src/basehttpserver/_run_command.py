"""``python -m basehttpserver run``: an unchanged program, with this package as ``http.server``.

The program is run by the Python interpreter itself, in this process: ``exec`` replaces it by the
same interpreter with the same options, and with an environment by which `_dropin.bootstrap` is
imported at its start. So there is nothing to imitate: ``sys.argv``, ``__main__``, tracebacks, exit
statuses and signals are Python's own. Children that inherit the environment have the drop-in, too:
those of ``multiprocessing``, and programs that start themselves afresh.
"""

import argparse
import ast
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Final, NoReturn

from basehttpserver.settings import Settings

__all__ = ["run"]

BOOTSTRAP: Final = Path(__file__).parent / "_dropin" / "bootstrap"

#: Holds the options of `run` for `dropin.install_from`, in the program and its children.
ENVIRONMENT_VARIABLE: Final = "BASEHTTPSERVER_RUN"

#: Options of Python that end the options, and those that have a value.
_ENDING_FLAGS: Final = "cm"
_FLAGS_WITH_VALUE: Final = "WX"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line, and where to read more."""
        self.exit(2, f"{self.prog}: error: {message} (--help shows the options)\n")


def run(arguments: Sequence[str], prog: str) -> int:
    """Run a program; return only where the platform cannot ``exec``, with the exit status."""
    parser = _make_parser(prog)
    own, program = _split(arguments)
    options = parser.parse_args(own)
    if not program:
        parser.error("no program: name a SCRIPT, or -m MODULE, or -c CODE, or - for standard input")
    try:
        environment = _make_environment(options)
    except ValueError as error:
        parser.error(str(error))
    flags = interpreter_flags(sys.orig_argv)
    if not sys.executable or sys.flags.ignore_environment or sys.flags.no_site:
        parser.error("Python must be started without -I, -E and -S, which keep the drop-in out")
    if os.pathsep in str(BOOTSTRAP):
        parser.error(f"{BOOTSTRAP} cannot be in PYTHONPATH: it has a {os.pathsep!r}")
    command = [sys.executable, *flags, *program]
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name != "nt":
        os.execve(sys.executable, command, environment)
    # There os.exec* starts a child and leaves: whoever waits for us would not wait for it.
    return _run_child(command, environment)


def _make_parser(prog: str) -> argparse.ArgumentParser:
    parser = _Parser(
        prog=prog,
        usage=f"{prog} [options] (SCRIPT | -m MODULE | -c CODE | -) [ARGUMENTS ...]",
        description="Run an unchanged Python program with this package in place of http.server.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--like-http-server",
        action="store_true",
        help="accept every request that http.server accepts",
    )
    parser.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        dest="changes",
        help="change a setting, as in --set max_body_bytes=1000000; may be given several times",
    )
    parser.add_argument(
        "--no-python2-names",
        action="store_true",
        help="leave BaseHTTPServer and the other names of Python 2 unknown",
    )
    return parser


def _split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return our own options, and the program with its arguments.

    The program begins where Python would see one: at ``-m``, ``-c``, ``-``, or what is no option.
    """
    position = 0
    while position < len(arguments):
        word = arguments[position]
        if word == "--":
            return list(arguments[:position]), list(arguments[position + 1 :])
        if not word.startswith("-") or word == "-" or word.startswith(("-m", "-c")):
            break
        position += 2 if word == "--set" else 1
    return list(arguments[:position]), list(arguments[position:])


def _make_environment(options: argparse.Namespace) -> dict[str, str]:
    """Return the environment of the program. Raises ``ValueError`` for a bad setting."""
    changes = dict(_parse_change(text) for text in options.changes)
    if options.like_http_server:
        relaxed = Settings.like_http_server(**changes)
        changes = {
            field.name: getattr(relaxed, field.name)
            for field in fields(Settings)
            if field.name in changes or field.name.startswith("accept_")
        }
    Settings(**changes)
    told = {"settings": changes, "python2_names": not options.no_python2_names}
    python_path = os.environ.get("PYTHONPATH", "")
    if not python_path.startswith(str(BOOTSTRAP)):
        python_path = os.pathsep.join(filter(None, [str(BOOTSTRAP), python_path]))
    return os.environ | {
        "PYTHONPATH": python_path,
        ENVIRONMENT_VARIABLE: json.dumps(told),
    }


def _parse_change(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"--set takes NAME=VALUE, not {text!r}")
    if name not in {field.name for field in fields(Settings)}:
        raise ValueError(f"there is no setting {name!r}")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        raise ValueError(f"{name} must be a number, True, False or None, not {value!r}") from None


def interpreter_flags(command: Sequence[str]) -> list[str]:
    """Return Python's own options in the command line of an interpreter (``sys.orig_argv``)."""
    flags: list[str] = []
    words = iter(command[1:])
    for word in words:
        if not word.startswith("-") or word == "-":
            break
        if word.startswith("--"):
            flags.append(word)
            if word == "--check-hash-based-pycs":
                flags.append(next(words, ""))
            continue
        kept = word
        for index, letter in enumerate(word[1:], start=1):
            if letter in _ENDING_FLAGS:
                return flags + ([word[:index]] if index > 1 else [])
            if letter in _FLAGS_WITH_VALUE:
                if index == len(word) - 1:
                    flags += [kept, next(words, "")]
                    kept = ""
                break
        if kept:
            flags.append(kept)
    return flags


def _run_child(command: Sequence[str], environment: dict[str, str]) -> int:
    """Run a program as a child; Ctrl-C is for the child alone to answer."""
    with subprocess.Popen(command, env=environment) as child:
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:
                continue
