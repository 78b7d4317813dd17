"""Ours, http.server and the servers that Python programs run behind, in turn, under the same load.

    make bench                                 all of it, in 25 minutes at most
    make bench-quick                           one short round, in 4
    make bench-files                           the servers of files, in 20
    python -m benchmarks.compare measure       the same, with options: --help
    python -m benchmarks.compare render        writes the pages from the results

Run it in the root of a checkout, with the interpreter that is to run the servers. It needs wrk.
What else is missing is named and left out; `make bench` installs the packages.

In a round each scenario is measured on each of its servers in turn: started on one core, its answer
checked, warmed up for a second, driven from another core, killed. The results are written after
each scenario; `--resume` goes on where a run broke off.
"""

import argparse
import importlib.util
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import (
    files_page,
    machine,
    measurements_page,
    readme_table,
    results,
    served_files,
    system_calls,
)
from benchmarks.applications import COMPUTE_VARIABLE
from benchmarks.descriptors import raise_descriptor_limit
from benchmarks.failure import MeasurementError
from benchmarks.measures import MEASURES, Figures, Measure, Terms
from benchmarks.results import Results, path_of
from benchmarks.scenario import CALLS, CONNECTIONS, FILES, PROGRAMS, SUITES, Suite
from benchmarks.scenarios import SCENARIOS, find_servers
from benchmarks.server_process import LOAD_CORE, pin_to
from benchmarks.servers import ROOT, SERVERS, is_ours

MAX_SECONDS = 30  # So that twice as much, and the rest, is well below LIFETIME_SECONDS.

#: Of a short run, which takes half of that where nothing else runs.
MAX_QUICK_MINUTES = 9


class Benchmark:
    """A run, as the command line wants it."""

    def __init__(self, arguments: argparse.Namespace, path: Path) -> None:
        self._arguments = arguments
        self._path = path
        self._servers = [
            name
            for name in SERVERS
            if any(name in SCENARIOS[scenario].servers for scenario in arguments.scenario)
        ]
        self._end = time.monotonic() + arguments.minutes * 60
        self._results = self._begin()
        self._done = {
            (run["round"], run["scenario"], run["server"]) for run in self._results["runs"]
        }

    def _begin(self) -> Results:
        arguments = self._arguments
        fresh: Results = {
            "machine": machine.describe_machine(),
            "versions": machine.find_versions(self._servers),
            "missing": self._find_missing(),
            "connections": CONNECTIONS,
            "seconds": arguments.seconds,
            "is_quick": arguments.quick,
            "compute_turns": 0,
            "rounds": [],
            "failures": [],
            "runs": [],
        }
        if not (arguments.resume and self._path.exists()):
            return fresh | {"compute_turns": machine.find_compute_turns()}
        before = results.load(self._path)
        for key in ("machine", "versions", "seconds", "is_quick"):
            if before[key] != fresh[key]:
                raise SystemExit(f"{self._path} is of another run: {key} was {before[key]}")
        # What failed is tried again.
        failed = {of["round"] for of in before["failures"]}
        for of in before["rounds"]:
            of["is_whole"] = of["is_whole"] and of["number"] not in failed
        return before | {"missing": fresh["missing"], "failures": []}

    def _find_missing(self) -> dict[str, str]:
        missing = {
            name: reason
            for name in self._servers
            if (reason := SERVERS[name].why_missing()) is not None
        }
        scenarios = [SCENARIOS[name] for name in self._arguments.scenario]
        traces = any(scenario.measure == CALLS for scenario in scenarios)
        if traces and (reason := system_calls.why_missing()):
            missing["strace"] = reason
        is_secure = any(scenario.is_secure for scenario in scenarios)
        if is_secure and importlib.util.find_spec("trustme") is None:
            missing["trustme"] = "the package trustme is not installed"
        for name, reason in missing.items():
            print(f"left out: {name}: {reason}", flush=True)
        return missing

    def run(self) -> None:
        """Measure round after round, for as long as the time allows."""
        os.environ[COMPUTE_VARIABLE] = str(self._results["compute_turns"])
        pin_to(LOAD_CORE)
        raise_descriptor_limit()
        with tempfile.TemporaryDirectory() as folder:
            terms = self._prepare(Path(folder))
            for number in range(1, self._arguments.rounds + 1):
                if not self._run_round(number, terms):
                    print(f"{self._arguments.minutes} minutes are over: no more is measured")
                    break
        results.save(self._results, self._path)

    def _prepare(self, folder: Path) -> Terms:
        """Write what the scenarios need into `folder`."""
        if self._arguments.suite is FILES:
            served_files.write(folder)
            return Terms(self._arguments.seconds, certificate="", folder=str(folder))
        has_trustme = "trustme" not in self._results["missing"]
        certificate = make_certificate(folder) if has_trustme else ""
        return Terms(self._arguments.seconds, certificate, folder="")

    def _run_round(self, number: int, terms: Terms) -> bool:
        """Measure a round, and note how; return False where the time was over before its end."""
        rounds = self._results["rounds"]
        if any(of["number"] == number and of["is_whole"] for of in rounds):
            return True  # Before it was resumed.
        began = time.monotonic()
        load_at_start = machine.read_load()
        is_whole = self._measure_round(number, terms)
        described = {
            "number": number,
            "seconds": round(time.monotonic() - began),
            "load_at_start": load_at_start,
            "load_at_end": machine.read_load(),
            "is_whole": is_whole,
        }
        self._results["rounds"] = [of for of in rounds if of["number"] != number] + [described]
        return is_whole

    def _measure_round(self, number: int, terms: Terms) -> bool:
        for scenario in self._arguments.scenario:
            if number % 2 == 0 and not SCENARIOS[scenario].is_main:
                continue
            for name in self._each_server(scenario, number):
                if time.monotonic() > self._end:
                    return False
                if (number, scenario, name) not in self._done:
                    self._measure(number, scenario, name, terms)
            results.save(self._results, self._path)
        return True

    def _each_server(self, scenario: str, number: int) -> Iterator[str]:
        """Yield the servers, each round from another one on: who comes first differs."""
        missing = self._results["missing"]
        if SCENARIOS[scenario].measure == CALLS and "strace" in missing:
            return
        if SCENARIOS[scenario].is_secure and "trustme" in missing:
            return
        servers = find_servers(scenario, is_quick=self._arguments.quick)
        first = (number - 1) * 5 % len(servers)
        for name in servers[first:] + servers[:first]:
            if name in self._arguments.only and name not in missing:
                yield name

    def _measure(self, number: int, scenario: str, name: str, terms: Terms) -> None:
        of = {"round": number, "scenario": scenario, "server": name}
        measure = MEASURES[SCENARIOS[scenario].measure]
        try:
            figures = self._measure_or_again(measure, name, scenario, terms)
        except MeasurementError as failure:
            self._results["failures"].append(of | {"reason": str(failure)})
            print(f"round {number}: {scenario}: {name} FAILED: {failure}", flush=True)
            return
        self._results["runs"].append(of | {"figures": figures})
        print(f"round {number}: {scenario}: {name}: {describe(figures)}", flush=True)

    def _measure_or_again(
        self, measure: Measure, name: str, scenario: str, terms: Terms
    ) -> Figures:
        """Measure; once more where that fails: another program may have taken the port."""
        try:
            return measure(name, SCENARIOS[scenario], terms)
        except MeasurementError as failure:
            print(f"{scenario}: {name}: once more, since {failure}", flush=True)
            return measure(name, SCENARIOS[scenario], terms)

    def report(self) -> int:
        """Say what could not be measured; return the status for the shell: 1 where it is ours."""
        for failure in self._results["failures"]:
            print(f"FAILED: {failure['scenario']}: {failure['server']}: {failure['reason']}")
        return int(any(is_ours(of["server"]) for of in self._results["failures"]))


def make_certificate(folder: Path) -> str:
    """Write a certificate with its key for 127.0.0.1; return the path of the file."""
    import trustme

    path = folder / "certificate.pem"
    certificate = trustme.CA().issue_cert("127.0.0.1", "localhost")
    certificate.private_key_and_cert_chain_pem.write_to_path(path)
    return str(path)


def describe(figures: Figures) -> str:
    shown = {
        "requests_per_second": "{:,.0f}/s",
        "p99_milliseconds": "99 % in {:.4g} ms",
        "processor_microseconds": "{:.4g} us of processor each",
        "slow_requests_per_second": "slow {:,.0f}/s",
        "without_requests_per_second": "without a log {:,.0f}/s",
        "milliseconds": "{:.4g} ms",
        "calls": "{:.4g} calls each",
        "resident_bytes": "{:,.0f} bytes each",
        "traced_bytes": "{:,.0f} bytes each",
    }
    words = [form.format(figures[name]) for name, form in shown.items() if name in figures]
    if figures.get("errors"):
        words.append(f"{figures['errors']} errors")
    return ", ".join(words)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    measuring = commands.add_parser("measure", help="measure, and write the results")
    measuring.add_argument("--rounds", type=int, default=3)
    measuring.add_argument("--seconds", type=int, default=2, choices=range(1, MAX_SECONDS + 1))
    measuring.add_argument("--minutes", type=float, default=24, help="when to stop at the latest")
    measuring.add_argument("--quick", action="store_true", help="one round of 1 s, fewer servers")
    measuring.add_argument("--only", nargs="+", choices=SERVERS, metavar="SERVER")
    measuring.add_argument("--scenario", nargs="+", choices=SCENARIOS, metavar="SCENARIO")
    measuring.add_argument("--resume", action="store_true", help="go on where a run broke off")
    measuring.add_argument("--results", type=Path, help="default: SUITE.json, if all is measured")
    rendering = commands.add_parser("render", help="write the pages from the results")
    rendering.add_argument("--root", type=Path, default=ROOT, help="where README.md and docs/ are")
    rendering.add_argument("--results", type=Path, help="default: SUITE.json")
    for command in (measuring, rendering):
        command.add_argument("--suite", choices=SUITES, default=PROGRAMS.name)
    arguments = parser.parse_args()
    arguments.suite = SUITES[arguments.suite]
    if getattr(arguments, "quick", False):
        arguments.rounds, arguments.seconds = 1, 1
        arguments.minutes = min(arguments.minutes, MAX_QUICK_MINUTES)
    return arguments


def main() -> int:
    arguments = parse_arguments()
    if arguments.command == "render":
        render(arguments.suite, arguments.root, arguments.results)
        return 0
    # By an exception, so that the server that runs is stopped, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    is_whole = arguments.only is None and arguments.scenario is None
    arguments.only = arguments.only or [*SERVERS]
    of_suite = [name for name in SCENARIOS if SCENARIOS[name].suite is arguments.suite]
    arguments.scenario = arguments.scenario or of_suite
    if not {*arguments.scenario} <= {*of_suite}:
        raise SystemExit(f"the scenarios of {arguments.suite.name} are {', '.join(of_suite)}")
    if arguments.results or is_whole:
        return measure(arguments, arguments.results or path_of(arguments.suite))
    with tempfile.TemporaryDirectory() as folder:
        status = measure(arguments, Path(folder, "compare.json"))
    print("only a part was measured: kept nowhere, unless --results says where")
    return status


def render(suite: Suite, root: Path, path: Path | None) -> None:
    of_run = results.load(path or path_of(suite))
    if suite is FILES:
        files_page.write(root, of_run)
    else:
        measurements_page.write(root, of_run)
        readme_table.write(root, of_run)


def measure(arguments: argparse.Namespace, path: Path) -> int:
    benchmark = Benchmark(arguments, path)
    benchmark.run()
    return benchmark.report()


if __name__ == "__main__":
    sys.exit(main())
