"""Where the processor time of one request goes, in microseconds, and its system calls.

    python -m benchmarks.profile_request measure    writes benchmarks/results/profile.json
    python -m benchmarks.profile_request render     writes docs/explanation/profile.md from it

The profile is of a real `HTTPServer`, in the main thread of a process of its own, under wrk's load:
a timer of the processor time that the process uses interrupts it, and what runs at that moment is
noted. That costs next to nothing, so the shares are those of a server that nobody watches; times
the processor time of a request they are microseconds. What a function in C takes, a system call for
instance, counts for the function that called it.
"""

import argparse
import json
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any

from benchmarks import in_process, instruction_count, load, machine, profile_page, system_calls
from benchmarks.handlers import SERVERS, make_hello
from benchmarks.instruction_count import name_of
from benchmarks.load import Outcome
from benchmarks.scenario import CONNECTIONS
from benchmarks.server_process import (
    LOAD_CORE,
    QUESTIONS,
    SERVER_CORE,
    ServerProcess,
    find_free_port,
    pin_to,
    running,
    stop,
    wait_until_listening,
)
from benchmarks.servers import ROOT, Options

PATH = ROOT / "benchmarks" / "results" / "profile.json"

#: Of processor time; the kernel's clock makes it 4 ms on many systems.
INTERVAL_SECONDS = 0.001
LIFETIME_SECONDS = 120
WARM_UP_SECONDS = 1

#: A kind of request; a browser's has twelve fields.
KINDS = ("plain", "browser")

#: Who answers in the count of system calls, and on how many connections at once.
CALLS_OF = ("ours-threading", "ours-single")
CALLS_AT = (1, CONNECTIONS)


def measure(seconds: int) -> dict[str, Any]:
    """Return all of it."""
    pin_to(LOAD_CORE)
    return {
        "machine": machine.describe_machine(),
        "load_at_start": machine.read_load(),
        "seconds": seconds,
        "connections": CONNECTIONS,
        "profiles": {kind: profile(kind, seconds) for kind in KINDS},
        "counts": asdict(instruction_count.count_request()),
        "calls": {
            name: {str(count): count_calls(name, count) for count in CALLS_AT} for name in CALLS_OF
        }
        if system_calls.why_missing() is None
        else {},
        "load_at_end": machine.read_load(),
    }


def profile(kind: str, seconds: int) -> dict[str, Any]:
    """Let a server profile itself under load; return what one request costs where."""
    port = find_free_port()
    command = [sys.executable, "-m", "benchmarks.profile_request", "serve", str(port)]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        server = ServerProcess("ours-single", process.pid, port, is_secure=False, log=None)
        wait_until_listening(process, server)
        server.check_answer(QUESTIONS["hello"])
        load.drive(server.url, CONNECTIONS, WARM_UP_SECONDS, kind)
        process.send_signal(signal.SIGUSR1)  # From here on it counts.
        used = server.read_processor_seconds()
        outcome = load.drive(server.url, CONNECTIONS, seconds, kind)
        used = server.read_processor_seconds() - used
        process.send_signal(signal.SIGTERM)
        told, _ = process.communicate(timeout=LIFETIME_SECONDS)
    finally:
        stop(process)
    return describe(json.loads(told), used, outcome)


def describe(samples: list[list[Any]], used: float, outcome: Outcome) -> dict[str, Any]:
    """Turn samples, by file and function, into microseconds of a request."""
    microseconds = used / outcome.requests * 1e6
    total = sum(count for _, _, count in samples)
    by_file: Counter[str] = Counter()
    for file, _, count in samples:
        by_file[file] += count
    return {
        "requests": outcome.requests,
        "errors": outcome.errors,
        "microseconds": round(microseconds, 2),
        "samples": total,
        "files": {
            file: round(count / total * microseconds, 3) for file, count in by_file.most_common()
        },
        "functions": [
            [file, function, round(count / total * microseconds, 3)]
            for file, function, count in sorted(samples, key=lambda sample: -sample[2])[:25]
        ],
    }


def count_calls(name: str, connections: int) -> dict[str, float]:
    """Return the system calls of one request, on so many connections at once."""
    with running(name, Options()) as server:
        load.drive(server.url, connections, WARM_UP_SECONDS)
        with system_calls.counting(server.find_processes()) as counts:
            outcome = load.drive(server.url, connections, WARM_UP_SECONDS)
    return {
        call: round(count / outcome.requests, 3)
        for call, count in sorted(counts.items(), key=lambda item: -item[1])
    }


def serve(port: int) -> None:
    """Serve; from SIGUSR1 on note what runs, and say it at SIGTERM."""
    pin_to(SERVER_CORE)
    signal.alarm(LIFETIME_SECONDS)
    samples: Counter[tuple[str, str]] = Counter()

    def note(_number: int, frame: FrameType | None) -> None:
        if frame is not None:
            samples[frame.f_code.co_filename, frame.f_code.co_qualname] += 1

    def begin(_number: int, _frame: FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_PROF, INTERVAL_SECONDS, INTERVAL_SECONDS)

    def end(_number: int, _frame: FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        raise KeyboardInterrupt

    signal.signal(signal.SIGPROF, note)
    signal.signal(signal.SIGUSR1, begin)
    signal.signal(signal.SIGTERM, end)
    server_class, base, attributes = SERVERS["ours-single"]
    handler = type("Hello", (make_hello(base),), attributes)
    try:
        with server_class(("127.0.0.1", port), handler) as server:
            server.serve_forever()
    except KeyboardInterrupt:
        told = [[label(path), name, count] for (path, name), count in samples.items()]
        print(json.dumps(told), flush=True)


def label(path: str) -> str:
    return "the handler" if Path(path).name == "handlers.py" else name_of(path)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    measuring = commands.add_parser("measure", help="measure, and write the results")
    measuring.add_argument("--seconds", type=int, default=8, choices=range(1, 31))
    commands.add_parser("render", help="write the page from the results")
    serving = commands.add_parser("serve", help="for `measure`: the server that is profiled")
    serving.add_argument("port", type=int)
    arguments = parser.parse_args()
    if arguments.command == "serve":
        serve(arguments.port)
    elif arguments.command == "measure":
        PATH.write_text(json.dumps(measure(arguments.seconds), indent=1) + "\n", "utf-8")
    else:
        results = json.loads(PATH.read_text("utf-8"))
        of_parts = json.loads(in_process.PATH.read_text("utf-8"))
        (ROOT / profile_page.PAGE).write_text(profile_page.render(results, of_parts), "utf-8")


if __name__ == "__main__":
    main()
