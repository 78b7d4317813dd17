"""CPython's own suites with this package in place of ``http.server``.

Run it as a script for a summary, or through ``test_cpython_suites.py``:

    python tests/stdlib/run_cpython_suites.py [--interpreter PATH]… [--suite NAME]… [--mode MODE]…

The interpreter of this script runs every suite of ``expectations.SUITES`` in every mode, each in a
process of its own (``child.py``). Where it has come without CPython's ``test`` package, as Debian's
has, another does, of 3.11 or newer: the first that BASEHTTPSERVER_TEST_INTERPRETERS lists
(separated like PATH) or that pyenv has.

Where root runs this, ``test_httpservers`` runs as somebody else: as root its tests of CGI skip.

The mode ``copy`` runs an exact copy of CPython's module and is the oracle: whatever runs there must
run in the other modes, so that nothing is skipped in silence.

The two suites that use ``socketserver``'s own classes:

* ``test_socketserver`` runs with its stream servers (TCP and Unix; plain, threading and forking)
  rebuilt upon our ``HTTPServer``: ``shutdown``, ``handle_request``, a bind that fails a thousand
  times, ``handle_error`` against exiting exceptions, ``wfile`` of a plain handler,
  ``verify_request``. Its datagram servers stay CPython's, which costs nothing and proves nothing.
* ``test_xmlrpc`` and ``test_docxmlrpc`` run twice: as they are, so that our handlers work under a
  plain ``socketserver.TCPServer``; and with the same substitution, so that ``SimpleXMLRPCServer``
  and all that derive from it stand upon our ``HTTPServer``.
"""

import argparse
import functools
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

if __package__:
    from .expectations import EXCLUDED, EXPECTED_DIFFERENCES, SUITES
else:
    from expectations import EXCLUDED, EXPECTED_DIFFERENCES, SUITES

MODES = ("copy", "relaxed", "strict")
CHILD = Path(__file__).with_name("child.py")

#: The longest suite waits for its own sockets, 27 of its 28 seconds: all of that may run at once.
SIMULTANEOUS_RUNS = 16

# Runs on any Python, since pyenv may have old ones.
PROBE = """
import sys, importlib.util as util
if sys.version_info >= (3, 11) and sys.implementation.name == "cpython":
    if util.find_spec("test") and util.find_spec("test.test_httpservers"):
        print(sys.version.split()[0], sys.base_prefix)
"""


@dataclass(frozen=True)
class Interpreter:
    """A CPython that ships its own tests."""

    executable: str
    version: str
    base_prefix: str


@dataclass(frozen=True)
class Run:
    """One suite, in one mode, on one interpreter."""

    interpreter: Interpreter
    suite: str
    mode: str

    def __str__(self) -> str:
        return f"{self.interpreter.version} {self.mode:7} {self.suite}"


@dataclass
class Report:
    """What a child said: the outcome and the detail for each test id."""

    outcomes: dict[str, dict[str, str]] = field(default_factory=dict)
    excluded: list[str] = field(default_factory=list)
    #: Why there is no outcome at all: a crash, a hang.
    trouble: str = ""
    stderr: str = ""

    def ids(self, *outcomes: str) -> set[str]:
        """The ids of the tests with one of these outcomes."""
        return {name for name, told in self.outcomes.items() if told["outcome"] in outcomes}


def find_interpreter() -> Interpreter | None:
    """The running interpreter, or another at hand that has its tests; ``None`` where none has."""
    candidates = [sys.executable]
    listed = os.environ.get("BASEHTTPSERVER_TEST_INTERPRETERS", "")
    candidates += filter(None, listed.split(os.pathsep))
    candidates += sorted(map(str, Path("~/.pyenv/versions").expanduser().glob("*/bin/python")))
    return next(filter(None, map(try_interpreter, candidates)), None)


def try_interpreter(executable: str) -> Interpreter | None:
    """The interpreter, or None where it is too old, no CPython, or without tests."""
    try:
        answer = subprocess.run(
            [executable, "-I", "-c", PROBE], capture_output=True, text=True, timeout=30, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    version, _, base_prefix = answer.strip().partition(" ")
    return Interpreter(executable, version, base_prefix) if version else None


def perform(run: Run) -> Report:
    """Run one suite in a child and read its report."""
    suite = SUITES[run.suite]
    with tempfile.TemporaryDirectory(prefix="cpython-suites-") as folder:
        report_file = Path(folder, "report.json")
        command = [*as_user()] if suite.is_for_users else []
        command += [run.interpreter.executable, "-I", str(CHILD), suite.module, run.mode]
        command += [str(report_file), f"--hang-seconds={suite.timeout_seconds}"]
        command += [f"--exclude={prefix}" for prefix in EXCLUDED]
        command += [f"--class={name}" for name in suite.classes]
        if suite.replaces_stream_servers:
            command.append("--replace-stream-servers")
        try:
            child = subprocess.run(
                command,
                cwd=folder,
                env=environment(folder),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=suite.timeout_seconds + 30,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Report(trouble="the child hung and could not even be made to say where")
        return read_report(report_file, child)


@functools.cache
def as_user() -> tuple[str, ...]:
    """What runs a command as an ordinary user where root runs this; nothing where nothing can.

    A user namespace: in there root has another number and no privileges, but all its files, which
    a real user might not even be allowed to read. Where the kernel or a container forbids that, the
    tests that are not for root are skipped, and the oracle skips them, too.
    """
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return ()
    command = ("unshare", "--user", "--map-user=65534", "--map-group=65534")
    try:
        subprocess.run([*command, "true"], capture_output=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return ()
    return command


def environment(folder: str) -> dict[str, str]:
    """Of this process, without what would measure coverage or change Python's ways."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("COV", "COVERAGE", "PYTEST", "PYTHON"))
    }
    return kept | {"TMPDIR": folder}


def read_report(file: Path, child: "subprocess.CompletedProcess[str]") -> Report:
    report = Report(stderr=child.stderr)
    if child.returncode != 0 or not file.exists():
        report.trouble = f"the child ended with {child.returncode}:\n{child.stderr[-6000:]}"
    if file.exists():
        told = json.loads(file.read_text("utf-8"))
        report.outcomes, report.excluded = told["outcomes"], told["excluded"]
    return report


def expected_failures(run: Run) -> dict[str, str]:
    """The tests that fail in this run, each with the reason."""
    version = tuple(int(part) for part in re.findall(r"\d+", run.interpreter.version)[:3])
    return {
        test: expected.reason
        for test, expected in EXPECTED_DIFFERENCES[run.mode].items()
        if expected.applies(run.suite, version)
    }


def problems(run: Run, report: Report, oracle: Report) -> list[str]:
    """What is not as ``expectations`` and the oracle say; empty when all is well."""
    if report.trouble:
        return [report.trouble]
    expected = expected_failures(run)
    failed, passed = report.ids("failed"), report.ids("passed")
    should_run = oracle.ids("passed", "failed")
    found = [
        f"{test} fails:\n{report.outcomes[test]['detail']}"
        for test in sorted(failed - expected.keys())
    ]
    found += [
        f"{test} passes, though expectations.py says that it fails: {expected[test]}"
        for test in sorted(passed & expected.keys())
    ]
    found += [
        f"{test} did not run, but runs with CPython's own module:"
        f" {report.outcomes.get(test, {}).get('detail', 'not even found')}"
        for test in sorted(should_run - failed - passed)
    ]
    fewest = SUITES[run.suite].fewest_tests
    if len(failed | passed) < fewest:
        found.append(f"only {len(failed | passed)} tests ran; at least {fewest} should")
    return found


class Runs:
    """All runs, started at once and performed a few at a time; ask for each by name."""

    def __init__(
        self, interpreters: Sequence[Interpreter], suites: Sequence[str], modes: Sequence[str]
    ) -> None:
        self.chosen = self.choose(interpreters, suites, modes)
        needed = {run for chosen in self.chosen for run in (chosen, oracle_of(chosen))}
        # The longest first: they mostly wait.
        order = sorted(needed, key=lambda run: -SUITES[run.suite].timeout_seconds)
        self._executor = ThreadPoolExecutor(SIMULTANEOUS_RUNS)
        self._reports: dict[Run, Future[Report]] = {
            run: self._executor.submit(perform, run) for run in order
        }

    @staticmethod
    def choose(
        interpreters: Sequence[Interpreter], suites: Sequence[str], modes: Sequence[str]
    ) -> list[Run]:
        """Each suite in each mode on each interpreter; the oracle once for each test module."""
        every = itertools.product(interpreters, suites, modes)
        chosen = [Run(interpreter, suite, mode) for interpreter, suite, mode in every]
        return [run for run in chosen if run.mode != "copy" or run == oracle_of(run)]

    def report(self, run: Run) -> Report:
        """The report of a run, waiting for it."""
        return self._reports[run].result()

    def problems(self, run: Run) -> list[str]:
        """What is not as expected in a run, waiting for it and for its oracle."""
        return problems(run, self.report(run), self.report(oracle_of(run)))

    def unknown_tests(self) -> set[str]:
        """What ``expectations`` names for a run here, and no run has."""
        reports = [self.report(run) for run in self.chosen]
        known = {test for report in reports for test in report.outcomes}
        excluded = {test for report in reports for test in report.excluded}
        named = {test for run in self.chosen for test in expected_failures(run)}
        unused = {prefix for prefix in EXCLUDED if not any(x.startswith(prefix) for x in excluded)}
        return (named - known) | unused

    def close(self) -> None:
        self._executor.shutdown(cancel_futures=True)


def oracle_of(run: Run) -> Run:
    """The same test module with a copy of CPython's own module (which replaces no other server)."""
    module = SUITES[run.suite].module
    plain = next(name for name, suite in SUITES.items() if suite.module == module)
    return Run(run.interpreter, plain, "copy")


def summary(run: Run, report: Report, found: Sequence[str]) -> Iterator[str]:
    """A line for the run and one for each thing that the reader should know about it."""
    counts = {name: len(report.ids(name)) for name in ("passed", "failed", "skipped")}
    counted = ", ".join(f"{count} {name}" for name, count in counts.items())
    yield f"{'NOT AS EXPECTED' if found else 'as expected':15} {run}: {counted}"
    for test in sorted(report.ids("failed")):
        reason = expected_failures(run).get(test)
        yield f"    {'expected' if reason else 'UNEXPECTED'} failure: {test}" + (
            f" ({reason})" if reason else ""
        )
    for prefix, reason in EXCLUDED.items():
        count = sum(test.startswith(prefix) for test in report.excluded)
        if count:
            yield f"    left out: {count} of {prefix}* ({reason})"


def main() -> int:
    parser = argparse.ArgumentParser(description="CPython's own suites, with our http.server")
    parser.add_argument("--interpreter", action="append", help="default: the running one")
    parser.add_argument("--suite", action="append", choices=SUITES, help="default: all")
    parser.add_argument("--mode", action="append", choices=MODES, help="default: all")
    parser.add_argument("--self-test", action="store_true", help="the same as --mode copy")
    arguments = parser.parse_args()
    if arguments.interpreter:
        found = list(map(try_interpreter, arguments.interpreter))
    else:
        found = [find_interpreter()]
    interpreters = [interpreter for interpreter in found if interpreter]
    modes = ["copy"] if arguments.self_test else arguments.mode or list(MODES)
    runs = Runs(interpreters, arguments.suite or list(SUITES), modes)
    failures = 0
    for run in runs.chosen:
        found_problems = runs.problems(run)
        failures += bool(found_problems)
        print("\n".join([*summary(run, runs.report(run), found_problems), *found_problems]))
    runs.close()
    print(f"{len(runs.chosen) - failures} runs as expected, {failures} not")
    return 1 if failures or not runs.chosen else 0


if __name__ == "__main__":
    sys.exit(main())
