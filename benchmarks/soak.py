"""A soak: good, broken and hostile clients on one server process, for as long as you like.

    python -m benchmarks.soak --minutes 30 --seed 1

Writes benchmarks/results/soak.json and what docs/explanation/security.md says of it (to another
file with ``--output``, and no page), and ends with status 1 where anything was wrong: an answer
that a good client did not get byte by byte, a hostile one that was held for longer than its
deadline, an error that no handler was asked for, or a process that holds more at the end than after
its first minute. For these two samples the clients pause until no connection is open.

It needs Linux and the extra ``test``. It takes about a third of a core, so that it can run beside
other work: the clients wait longer between two tries where it is more.
"""

import argparse
import contextlib
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from benchmarks import soak_page
from benchmarks.servers import ROOT
from benchmarks.soak_clients import BROKEN, GOOD, HOSTILE, Client, Scenario, write_files

from tests.tls import Authority

#: How many at a time, by kind. Hostile ones mostly wait.
CLIENTS = (("good", GOOD, 8), ("broken", BROKEN, 4), ("hostile", HOSTILE, 6))

PROCESSOR_SHARE = 0.3
SAMPLE_SECONDS = 10.0
WARM_UP_SECONDS = 60.0
QUIET_SECONDS = 40.0

#: Between the first quiet sample and the last there are up to so many parts of the same length,
#: none of them shorter than this.
MOST_PARTS, PART_SECONDS = 6, 30.0

#: How much more the end may have than the first minute, and why.
TOLERANCES = {
    # Exact: with no connection open there is nothing to hold one.
    "connections": 0,
    "descriptors": 0,
    # Workers end by themselves when they had nothing to do for a while; the pause may be shorter.
    "threads": 8,
    # What malloc has given out, by whomever it was asked. The threads that are there differ.
    "allocated_bytes": 1 << 20,
    # And what that takes of the machine, with the holes between.
    "resident_bytes": 4 << 20,
    # The memory of routes and of field names is bounded, and not full after a minute.
    "traced_bytes": 512 << 10,
}

#: glibc's malloc as it is meant to be measured. By itself it has an arena for each of several
#: threads, keeps tens of megabytes free at the top of each once a block of megabytes was freed, and
#: ``malloc_trim`` does not give those back: resident memory then goes up and down by what happened
#: last, and not by what is held.
MALLOC_SETTINGS = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "131072",
    "MALLOC_TRIM_THRESHOLD_": "131072",
}

#: What is called a stall of the machine: idle connections have three times as long.
STALL_SECONDS = 1.0

Sample = dict[str, Any]


class Process:
    """The server process, and what it says."""

    def __init__(self, process: subprocess.Popen[str], complaints: IO[str]) -> None:
        self._process = process
        self._complaints = complaints
        self.ports: dict[str, int] = self._read()

    def _read(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"the server process has ended: {self.read_complaints()}")
        return json.loads(line)

    def take_sample(self, *, trims: bool = False) -> Sample:
        """Ask what it holds; `trims`: after it has given back what it does not need."""
        assert self._process.stdin is not None
        self._process.stdin.write("trim\n" if trims else "sample\n")
        self._process.stdin.flush()
        sample: Sample = self._read()
        return sample

    def end(self) -> str:
        """Let it end; return what was wrong with that."""
        try:
            self._process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            return "the server process does not end"
        status = self._process.returncode
        return f"the server process ended with {status}" if status else ""

    def read_complaints(self) -> str:
        self._complaints.seek(0)
        return self._complaints.read()


@contextlib.contextmanager
def server_process(folder: Path, authority: Authority) -> Iterator[Process]:
    command = [sys.executable, "-X", "dev", "-m", "benchmarks.soak_server"]
    with (
        tempfile.TemporaryFile("w+") as complaints,
        subprocess.Popen(
            [*command, str(folder), str(authority.certfile), str(authority.keyfile)],
            cwd=ROOT,
            env=os.environ | MALLOC_SETTINGS,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
        ) as process,
    ):
        try:
            yield Process(process, complaints)
        finally:
            process.kill()


class Pace:
    """How long clients wait between two tries, so that all take no more than their share."""

    def __init__(self) -> None:
        self.pause_seconds = 0.05
        self._before = (time.monotonic(), 0.0)

    def adapt(self, processor_seconds: float) -> None:
        """Learn what was used in all."""
        now, (then, used) = time.monotonic(), self._before
        if now - then < 1:
            return
        share = (processor_seconds - used) / (now - then)
        self._before = (now, processor_seconds)
        factor = min(2.0, max(0.5, share / PROCESSOR_SHARE))
        self.pause_seconds = min(3.0, max(0.01, self.pause_seconds * factor))


class Stalls:
    """Notes when the clients' process was not let run, to tell what may have become of its clients.

    A thread that wants to wake up often, and does not.
    """

    def __init__(self) -> None:
        self.found: list[tuple[str, float]] = []
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Stalls":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _run(self) -> None:
        before = time.monotonic()
        while not self._is_over.wait(STALL_SECONDS / 10):
            now = time.monotonic()
            if now - before >= STALL_SECONDS:
                self.found.append((f"{datetime.now(UTC):%H:%M:%S}", round(now - before, 1)))
            before = now


class Crowd:
    """All clients, each in a thread; they can be held, and stopped."""

    def __init__(self, seed: int, ports: dict[str, int], authority: Authority) -> None:
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []
        self.slowest_good_seconds = 0.0
        self.pace = Pace()
        self._lock = threading.Lock()
        self._is_held = False
        self._is_stopped = False
        self._running = 0
        self._changed = threading.Condition(self._lock)
        self._threads = []
        context = authority.client_context()
        number = 0
        for kind, scenarios, count in CLIENTS:
            for _ in range(count):
                client = Client(number, seed, ports, context)
                arguments = (client, kind, scenarios)
                self._threads.append(threading.Thread(target=self._run, args=arguments))
                number += 1

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Let everybody finish, and wait."""
        with self._changed:
            self._is_held = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._running)
        try:
            yield
        finally:
            with self._changed:
                self._is_held = False
                self._changed.notify_all()

    @property
    def missing(self) -> list[str]:
        """What nobody has done yet."""
        with self._lock:
            names = {each.__name__ for _, scenarios, _ in CLIENTS for each in scenarios}
            return sorted(names - {name.partition(" ")[2] for name in self.counts})

    def _run(self, client: Client, kind: str, scenarios: tuple[Scenario, ...]) -> None:
        while True:
            for scenario in client.random.sample(scenarios, len(scenarios)):
                if not self._may_begin(client.random):
                    return
                try:
                    self._try(client, kind, scenario)
                finally:
                    with self._changed:
                        self._running -= 1
                        self._changed.notify_all()

    def _may_begin(self, chance: random.Random) -> bool:
        """Wait for the turn of a client; tell whether there is any."""
        pause = self.pace.pause_seconds * chance.uniform(0.5, 1.5)
        with self._changed:
            self._changed.wait_for(lambda: self._is_stopped, pause)
            self._changed.wait_for(lambda: self._is_stopped or not self._is_held)
            self._running += not self._is_stopped
            return not self._is_stopped

    def _try(self, client: Client, kind: str, scenario: Scenario) -> None:
        name = scenario.__name__
        client.choose_server_for(scenario)
        began = time.monotonic()
        try:
            scenario(client)
        except Exception as error:
            # A reset where the other side was quicker is what broken clients are about.
            if kind == "good" or not isinstance(error, ConnectionError):
                self._complain(f"{kind} {name} on {client.server}: {error!r}"[:2000])
        with self._lock:
            self.counts[f"{kind} {name}"] += 1
            if kind == "good":
                took = time.monotonic() - began
                self.slowest_good_seconds = max(self.slowest_good_seconds, took)

    def _complain(self, fault: str) -> None:
        with self._lock:
            self.faults.append(f"{datetime.now(UTC):%H:%M:%S} {fault}")


class Soak:
    """One run."""

    def __init__(self, process: Process, crowd: Crowd) -> None:
        self._process = process
        self._crowd = crowd
        self._began = time.monotonic()
        self.samples: list[Sample] = []
        #: With no connection open: after the first minute, in between, and at the end.
        self.quiet: list[Sample] = []

    def run(self, seconds: float, warm_up_seconds: float) -> None:
        """Soak, at least until everything was done once."""
        rest = seconds - warm_up_seconds
        parts = max(1, min(MOST_PARTS, int(rest / PART_SECONDS)))
        for part in range(parts):
            self._load(warm_up_seconds + rest * part / parts)
            self._take_quiet_sample()
        self._load(seconds)
        give_up = time.monotonic() + QUIET_SECONDS
        while self._crowd.missing and time.monotonic() < give_up:
            self._load(time.monotonic() - self._began + 0.5)
        self._take_quiet_sample()

    def _load(self, until: float) -> None:
        due = time.monotonic() + SAMPLE_SECONDS
        while (left := self._began + until - time.monotonic()) > 0:
            time.sleep(min(1.0, left))
            if time.monotonic() >= due:
                due += SAMPLE_SECONDS
                self.samples.append(self._take_sample())
                self._crowd.pace.adapt(self._processor_seconds(self.samples[-1]))

    def _processor_seconds(self, sample: Sample) -> float:
        return time.process_time() + float(sample["processor_milliseconds"]) / 1000

    def _take_sample(self, *, trims: bool = False) -> Sample:
        sample = self._process.take_sample(trims=trims)
        clients = round(time.process_time() * 1000)
        return {
            "seconds": round(time.monotonic() - self._began, 1),
            **sample,
            "clients_processor_milliseconds": clients,
        }

    def _take_quiet_sample(self) -> None:
        with self._crowd.held():
            deadline = time.monotonic() + QUIET_SECONDS
            while self._take_sample()["connections"] and time.monotonic() < deadline:
                time.sleep(0.1)
            self.quiet.append(self._take_sample(trims=True))


def find_growth(first: Sample, last: Sample) -> list[str]:
    """Return what the end has more of than it may."""
    return [
        f"{name} grew from {first[name]} to {last[name]}, more than {tolerance}"
        for name, tolerance in TOLERANCES.items()
        if last[name] - first[name] > tolerance
    ]


def soak(seed: int, seconds: float, warm_up_seconds: float = WARM_UP_SECONDS) -> Sample:
    """Run it; return what is to be written, with the faults in it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        authority = Authority(folder)
        (folder / "served").mkdir()
        write_files(folder / "served")
        with server_process(folder / "served", authority) as process, Stalls() as stalls:
            start = datetime.now(UTC)
            crowd = Crowd(seed, process.ports, authority)
            one = Soak(process, crowd)
            crowd.start()
            try:
                one.run(seconds, warm_up_seconds)
            finally:
                crowd.stop()
            ended_badly = process.end()
            complaints = process.read_complaints()
    first, last = one.quiet[0], one.quiet[-1]
    faults = [*crowd.faults, *find_growth(first, last)]
    if ended_badly:
        faults.append(ended_badly)
    if complaints:
        faults.append(f"the server process said: {complaints[:4000]}")
    if missing := crowd.missing:
        faults.append(f"nobody came to {', '.join(missing)}")
    return {
        "start": f"{start:%Y-%m-%d %H:%M} UTC",
        "minutes": round(last["seconds"] / 60, 1),
        "seed": seed,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "counts": dict(sorted(crowd.counts.items())),
        "slowest_good_seconds": round(crowd.slowest_good_seconds, 2),
        "stalls": stalls.found,
        "tolerances": TOLERANCES,
        "first": first,
        "last": last,
        "quiet": one.quiet,
        "faults": faults,
        "samples": one.samples,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Soak a server process in clients of all kinds.")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--warm-up-seconds", type=float, default=WARM_UP_SECONDS)
    parser.add_argument("--output", type=Path, default=soak_page.RESULTS)
    arguments = parser.parse_args()
    results = soak(arguments.seed, arguments.minutes * 60, arguments.warm_up_seconds)
    arguments.output.write_text(json.dumps(results, indent=1) + "\n")
    if arguments.output == soak_page.RESULTS:
        soak_page.main()
    for fault in results["faults"]:
        print(fault, file=sys.stderr)
    sys.exit(1 if results["faults"] else 0)


if __name__ == "__main__":
    main()
