"""Ours, http.server and the servers that Python programs run behind, in turn, under the same load.

    python -m benchmarks.compare measure    writes benchmarks/results/compare.json
    python -m benchmarks.compare render     writes the pages from it

Run it in the root of a checkout, with the interpreter that is to run the servers. It needs wrk, and
the other servers: `pip install '.[benchmark]'`; which of them are missing is said and left out.

Each round measures every server once: start it on core 0, check its answer, warm it up for a
second, drive it from core 1, kill it. A profile is a kind of load:

    one-field    64 connections, requests with a Host field and nothing else
    browser      64 connections, twelve fields such as a browser sends, never the same twice
    mixed        32 connections ask a handler that sleeps, 32 one that does not, at once
"""

import argparse
import importlib.metadata
import json
import os
import platform
import re
import signal
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import load, pages
from benchmarks.applications import SLOW_PATH, SLOW_SECONDS
from benchmarks.load import Outcome
from benchmarks.servers import ROOT, SERVERS, check_answer, is_installed, pin_to, running

CONNECTIONS = 64
HALF = CONNECTIONS // 2
WARM_UP_SECONDS = 1
MAX_SECONDS = 60  # so that twice as much, and the rest, is well below LIFETIME_SECONDS

#: What the others are compared with, and what is compared with them.
REFERENCE, OURS = "cpython", "ours-threading"

#: Of one server in one round, by the name of the load.
Outcomes = dict[str, Outcome]


def measure_hello(name: str, profile: str, seconds: int) -> Outcomes:
    script = load.BROWSER_SCRIPT if profile == "browser" else None
    with running(name, profile) as port:
        check_answer(name, port, "/")
        url = f"http://127.0.0.1:{port}/"
        load.finish(load.start(url, CONNECTIONS, WARM_UP_SECONDS, script), WARM_UP_SECONDS)
        return {"hello": load.finish(load.start(url, CONNECTIONS, seconds, script), seconds)}


def measure_mixed(name: str, profile: str, seconds: int) -> Outcomes:
    with running(name, profile) as port:
        urls = []
        for path in ("/", SLOW_PATH):
            check_answer(name, port, path)
            urls.append(f"http://127.0.0.1:{port}{path}")
        drive_together(urls[:1], WARM_UP_SECONDS)
        (alone,) = drive_together(urls[:1], seconds)
        drive_together(urls, WARM_UP_SECONDS)
        quick, slow = drive_together(urls, seconds)
    return {"alone": alone, "quick": quick, "slow": slow}


def drive_together(urls: list[str], seconds: int) -> list[Outcome]:
    processes = [load.start(url, HALF, seconds) for url in urls]
    return [load.finish(process, seconds) for process in processes]


PROFILES: dict[str, Callable[[str, str, int], Outcomes]] = {
    "one-field": measure_hello,
    "browser": measure_hello,
    "mixed": measure_mixed,
}


def measure(names: list[str], profiles: list[str], rounds: int, seconds: int) -> dict[str, Any]:
    """Measure each server under each profile, `rounds` times over; return the results."""
    versions = find_versions(names)
    pin_to(1)
    missing = [name for name in names if not all(map(is_installed, SERVERS[name].packages))]
    for name in missing:
        print(f"{name} is missing: pip install {' '.join(SERVERS[name].packages)}", flush=True)
    runs: dict[str, dict[str, list[Outcomes]]] = {
        profile: {
            name: [] for name in names if name not in missing and SERVERS[name].has_part_in(profile)
        }
        for profile in profiles
    }
    for number in range(1, rounds + 1):
        for profile, of_servers in runs.items():
            for name, outcomes in of_servers.items():
                outcomes.append(PROFILES[profile](name, profile, seconds))
                print(f"round {number}: {profile}: {name}: {describe(outcomes[-1])}", flush=True)
    return {
        "versions": versions,
        "missing": missing,
        "cores": os.cpu_count(),
        "connections": CONNECTIONS,
        "slow_milliseconds": SLOW_SECONDS * 1000,
        "rounds": rounds,
        "seconds": seconds,
        "profiles": {profile: summarize(profile, of) for profile, of in runs.items()},
    }


def describe(outcomes: Outcomes) -> str:
    return "; ".join(
        f"{kind} {outcome.requests_per_second:.0f}/s, 99 % in {outcome.p99_milliseconds:.4g} ms"
        + (f", {outcome.errors} errors" if outcome.errors else "")
        for kind, outcome in outcomes.items()
    )


def summarize(profile: str, runs: dict[str, list[Outcomes]]) -> dict[str, dict[str, Any]]:
    """Return, for each server, its loads' figures and how they compare."""
    summaries: dict[str, dict[str, Any]] = {
        name: {kind: summarize_load([run[kind] for run in of]) for kind in of[0]}
        for name, of in runs.items()
    }
    compare = compare_mixed if profile == "mixed" else compare_hello
    compare(summaries)
    return summaries


def summarize_load(outcomes: list[Outcome]) -> dict[str, Any]:
    rates = [round(outcome.requests_per_second) for outcome in outcomes]
    return {
        "requests_per_second": rates,
        "median": statistics.median(rates),
        "lowest": min(rates),
        "highest": max(rates),
        "p99_milliseconds": round(statistics.median(o.p99_milliseconds for o in outcomes), 2),
        "errors": sum(outcome.errors for outcome in outcomes),
    }


def compare_hello(summaries: dict[str, dict[str, Any]]) -> None:
    medians = {name: summary["hello"]["median"] for name, summary in summaries.items()}
    for name, summary in summaries.items():
        summary["compared"] = divide(medians[name], medians.get(REFERENCE))
        summary["ours_compared"] = divide(medians.get(OURS), medians[name])


def compare_mixed(summaries: dict[str, dict[str, Any]]) -> None:
    for summary in summaries.values():
        summary["quick_kept"] = divide(summary["quick"]["median"], summary["alone"]["median"])
        summary["slow_of_possible"] = divide(summary["slow"]["median"], HALF / SLOW_SECONDS)


def divide(median: float | None, by: float | None) -> float | None:
    """Return a ratio, or None where one of the two was not measured."""
    return round(median / by, 4) if median is not None and by else None


def find_versions(names: list[str]) -> dict[str, str]:
    packages = sorted({package for name in names for package in SERVERS[name].packages})
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    stated = re.search(r'^version = "(.+)"', project, re.M)
    return {
        "basehttpserver": stated[1] if stated else "unknown",
        "python": platform.python_version(),
        "wrk": load.find_version(),
        "system": f"{platform.system()} {platform.machine()}",
        **{name: importlib.metadata.version(name) for name in packages if is_installed(name)},
    }


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    measuring = commands.add_parser("measure", help="measure, and write the results")
    measuring.add_argument("--rounds", type=int, default=5)
    measuring.add_argument("--seconds", type=int, default=4, choices=range(1, MAX_SECONDS + 1))
    measuring.add_argument("--only", nargs="+", choices=SERVERS, metavar="NAME", default=[*SERVERS])
    measuring.add_argument("--profile", nargs="+", choices=PROFILES, default=[*PROFILES])
    measuring.add_argument("--results", type=Path, help="default: compare.json, if all is measured")
    rendering = commands.add_parser("render", help="write the pages from the results")
    rendering.add_argument("--root", type=Path, default=ROOT, help="where README.md and docs/ are")
    rendering.add_argument("--results", type=Path, default=pages.RESULTS)
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    if arguments.command == "render":
        pages.write(arguments.root, json.loads(arguments.results.read_text("utf-8")))
        return
    # By an exception, so that the server that runs is stopped, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    results = measure(arguments.only, arguments.profile, arguments.rounds, arguments.seconds)
    is_whole = arguments.only == [*SERVERS] and arguments.profile == [*PROFILES]
    path = arguments.results or (pages.RESULTS if is_whole else None)
    if path is None:
        print("only a part was measured: kept nowhere, unless --results says where")
        return
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(results, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
