"""Slow clients by the thousand, and how a good one fares meanwhile.

    python -m benchmarks.hostile measure    writes benchmarks/results/hostile.json
    python -m benchmarks.hostile render     writes docs/explanation/security.md's section from it

Run it in the root of a checkout, on Linux, with the interpreter that is to run the servers. It
needs slowhttptest, and as many descriptors as connections: `ulimit -n`.

One attempt: a server and its twin start, the good client asks both undisturbed, then while the
server alone is attacked, then undisturbed again. The attacks are those of slowhttptest, and a
crowd: thousands that send a byte a second of a head, and as many that send nothing.

An attempt within the bound ends a measurement; else there are up to three, of which the best
counts: the rest of the machine can only make one worse. All are kept in the results.
"""

import argparse
import contextlib
import functools
import json
import os
import platform
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks import crowd, hostile_section, slowhttptest, victim
from benchmarks.descriptors import raise_descriptor_limit, scale_crowd
from benchmarks.good_client import Answers, GoodClient
from benchmarks.servers import ROOT
from benchmarks.slowhttptest import ATTACKS
from benchmarks.victim import Victim

SERVERS = ("ThreadingHTTPServer", "HTTPServer")
ATTEMPTS = 3
CROWD = 5000

#: The good client is unharmed while 99 % of its answers take less than so many times as long.
MOST_TIMES = 3

#: So that all of them act within an attempt.
DEADLINES = {
    "head_timeout_seconds": 5,
    "idle_timeout_seconds": 8,
    "rate_grace_seconds": 3,
}

WARM_UP_SECONDS = 0.5
UNDISTURBED_SECONDS = 2  # Before, and after.
GONE_SECONDS = 20
SAMPLE_SECONDS = 0.25

Results = dict[str, Any]


class Attempt:
    """A server that is attacked, its twin that is not, and a client that asks both."""

    def __init__(self, attacked: Victim, client: GoodClient, undisturbed_seconds: float) -> None:
        self.attacked = attacked
        self._client = client
        self._undisturbed_seconds = undisturbed_seconds
        self._undisturbed: list[Answers] = []
        self._during: list[Answers] = []
        self._twin = Answers()
        self.descriptors_before = self.resident_before = 0

    def ask_undisturbed(self) -> None:
        answers, _ = self._client.ask_for(self._undisturbed_seconds)
        self._undisturbed.append(answers)
        self.descriptors_before = self.attacked.count_descriptors()
        self.resident_before = self.attacked.read_resident_bytes()

    def ask_meanwhile(self, is_over: Callable[[], bool]) -> None:
        answers, of_twin = self._client.ask_until(is_over)
        self._during.append(answers)
        self._twin.add(of_twin)

    def summarize_last(self) -> Results:
        """Return how the client fared when it asked last during the attack."""
        return self._during[-1].summarize()

    def count_connections(self) -> int:
        return self.attacked.count_descriptors() - self.descriptors_before

    def wait_until_gone(self) -> float:
        """Return after how many seconds the server has only the connections of before."""
        began = time.monotonic()
        # One may be that of the good client.
        while self.count_connections() > 1:
            if time.monotonic() > began + GONE_SECONDS:
                raise SystemExit(f"{self.count_connections()} connections do not end")
            time.sleep(0.05)
        return round(time.monotonic() - began, 2)

    def summarize(self) -> Results:
        # The quicker of the two times: one that the machine spoiled would excuse anything.
        undisturbed = min(
            (answers.summarize() for answers in self._undisturbed),
            key=lambda summary: summary["p99_milliseconds"],
        )
        together = Answers()
        for answers in self._during:
            together.add(answers)
        during = together.summarize()
        return {
            "undisturbed": undisturbed,
            "during": during,
            "twin": self._twin.summarize(),
            "times": round(during["p99_milliseconds"] / undisturbed["p99_milliseconds"], 2),
            "failures": sorted({*together.failures}),
        }


@contextlib.contextmanager
def attempting(
    class_name: str, settings: dict[str, float], undisturbed_seconds: float = UNDISTURBED_SECONDS
) -> Iterator[Attempt]:
    with (
        victim.running(class_name, settings) as attacked,
        victim.running(class_name, settings) as twin,
        contextlib.closing(GoodClient(attacked.port, twin.port)) as client,
    ):
        client.ask_for(WARM_UP_SECONDS)
        yield Attempt(attacked, client, undisturbed_seconds)


def attack_with_tool(class_name: str, attack_name: str) -> Results:
    """Let slowhttptest attack once; return how the good client fared."""
    with attempting(class_name, DEADLINES) as attempt:
        attempt.ask_undisturbed()
        counted = Highest(attempt.count_connections)
        with slowhttptest.running(ATTACKS[attack_name], attempt.attacked.port) as attack:
            attempt.ask_meanwhile(lambda: counted.sample() or attack.is_over())
        gone = attempt.wait_until_gone()
        attempt.ask_undisturbed()
        return {
            **attempt.summarize(),
            "most_connections": counted.value,
            "unavailable": attack.count_unavailable(),
            "gone_seconds": gone,
        }


class Highest:
    """The highest value of what is looked at now and then."""

    def __init__(self, look: Callable[[], int]) -> None:
        self._look = look
        self._due = 0.0
        self.value = 0

    def sample(self) -> None:
        if time.monotonic() >= self._due:
            self.value = max(self.value, self._look())
            self._due = time.monotonic() + SAMPLE_SECONDS


def attack_with_crowd(
    class_name: str,
    count: int,
    settings: dict[str, float] = DEADLINES,
    undisturbed_seconds: float = UNDISTURBED_SECONDS,
) -> Results:
    """Attack once with `count` connections of each kind; return what that did to the server."""
    with attempting(class_name, settings, undisturbed_seconds) as attempt:
        attempt.ask_undisturbed()
        resident_before = attempt.resident_before
        with contextlib.ExitStack() as stack:
            helpers = {
                kind: stack.enter_context(crowd.running(attempt.attacked.port, kind, count))
                for kind in crowd.KINDS
            }

            def have_spoken() -> bool:
                return all(helper.has_said_something() for helper in helpers.values())

            attempt.ask_meanwhile(have_spoken)
            connections = attempt.count_connections()
            grown = attempt.attacked.read_resident_bytes() - resident_before
            for helper in helpers.values():
                helper.read_line()
            attempt.ask_meanwhile(have_spoken)
            crowds = {kind: json.loads(helper.read_line()) for kind, helper in helpers.items()}
        attempt.wait_until_gone()
        attempt.ask_undisturbed()
        return {
            **attempt.summarize(),
            "most_connections": connections,
            "bytes_per_connection": round(grown / connections),
            "after_arrival": attempt.summarize_last(),
            "crowds": crowds,
        }


def is_within(attempt: Results) -> bool:
    return attempt["during"]["failures"] == 0 and attempt["times"] < MOST_TIMES


def repeat(title: str, attack: Callable[[], Results]) -> Results:
    """Attempt up to three times; return the best attempt, and all."""
    attempts: list[Results] = []
    while len(attempts) < ATTEMPTS and not any(map(is_within, attempts)):
        attempts.append(attack())
        attempts[-1]["load_average"] = round(os.getloadavg()[0], 1)
        print(f"{title}: {describe(attempts[-1])}", flush=True)
    best = min(attempts, key=lambda each: (each["during"]["failures"], each["times"]))
    return {**best, "attempts": attempts}


def describe(attempt: Results) -> str:
    undisturbed, during, twin = attempt["undisturbed"], attempt["during"], attempt["twin"]
    memory = attempt.get("bytes_per_connection")
    return (
        f"99 % in {during['p99_milliseconds']:.4g} ms, undisturbed "
        f"{undisturbed['p99_milliseconds']:.4g} ms ({attempt['times']} times), twin "
        f"{twin['p99_milliseconds']:.4g} ms; {during['failures']} of {during['requests']} failed; "
        f"{attempt['most_connections']} connections"
        + (
            f" of {memory} bytes; after arrival {attempt['after_arrival']}; {attempt['crowds']}"
            if memory is not None
            else ""
        )
    )


def measure(servers: list[str], attacks: list[str], keep: Callable[[Results], None]) -> None:
    """Let each attack meet each server; `keep` the results so far after each."""
    version = slowhttptest.find_version()
    raise_descriptor_limit()
    count = scale_crowd(CROWD, len(crowd.KINDS))
    results: Results = {
        "versions": {
            "python": platform.python_version(),
            "slowhttptest": version,
            "system": f"{platform.system()} {platform.machine()}",
        },
        "cores": os.cpu_count(),
        "deadlines": DEADLINES,
        "most_times": MOST_TIMES,
        "attempts": ATTEMPTS,
        "tool_connections": slowhttptest.CONNECTIONS,
        "crowd_connections": count,
        "slowhttptest": {name: {} for name in attacks},
        "crowd": {},
    }
    for server in servers:
        for name in attacks:
            results["slowhttptest"][name][server] = repeat(
                f"{server}: {name}", functools.partial(attack_with_tool, server, name)
            )
            keep(results)
        results["crowd"][server] = repeat(
            f"{server}: crowd", functools.partial(attack_with_crowd, server, count)
        )
        keep(results)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    measuring = commands.add_parser("measure", help="measure, and write the results")
    measuring.add_argument("--only", nargs="+", choices=SERVERS, default=[*SERVERS])
    measuring.add_argument("--attack", nargs="+", choices=ATTACKS, default=[*ATTACKS])
    measuring.add_argument("--results", type=Path, help="default: hostile.json, if all is measured")
    rendering = commands.add_parser("render", help="write the section from the results")
    rendering.add_argument("--root", type=Path, default=ROOT, help="where docs/ is")
    rendering.add_argument("--results", type=Path, default=hostile_section.RESULTS)
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    if arguments.command == "render":
        results = json.loads(arguments.results.read_text("utf-8"))
        hostile_section.write(arguments.root, results)
        return
    # By an exception, so that what runs is stopped, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    is_whole = arguments.only == [*SERVERS] and arguments.attack == [*ATTACKS]
    path = arguments.results or (hostile_section.RESULTS if is_whole else None)
    if path is None:
        print("only a part is measured: kept nowhere, unless --results says where")

    def keep(results: Results) -> None:
        if path is not None:
            path.write_text(json.dumps(results, indent=1) + "\n", "utf-8")

    measure(arguments.only, arguments.attack, keep)


if __name__ == "__main__":
    main()
