"""The load: wrk, which asks again on each connection as soon as it has its answer."""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.failure import MeasurementError

SCRIPT = Path(__file__).with_name("load.lua")

#: The kinds that the script knows.
KINDS = ("plain", "browser", "close", "http10", "pipelined", "echo")

#: What wrk counts as errors: connections that failed or waited too long, and answers of another
#: status than 2xx and 3xx.
ERRORS = ("connect", "read", "write", "timeout", "status")

#: In these a connection ends after its answer. Where the answer does not say so, wrk asks
#: again, and counts an error in reading, which is none.
ENDING_KINDS = ("close", "http10")


@dataclass(frozen=True)
class Outcome:
    requests: int
    requests_per_second: float
    p50_milliseconds: float
    p99_milliseconds: float
    p999_milliseconds: float
    errors: int
    #: Connections that ended without a word, where they were to end.
    silent_ends: int = 0


#: Fields of a request: names and values.
Fields = tuple[tuple[str, str], ...]


def start(
    url: str, connections: int, seconds: float, kind: str = "plain", fields: Fields = ()
) -> subprocess.Popen[str]:
    """Start wrk; `fields` are sent, too, where the kind is `plain`."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(SCRIPT)]
    for name, value in fields:
        command += ["-H", f"{name}: {value}"]
    return subprocess.Popen([*command, url, "--", kind], stdout=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str], seconds: float, kind: str = "plain") -> Outcome:
    try:
        output, _ = process.communicate(timeout=seconds + 30)
    finally:
        process.kill()
    if process.returncode != 0:
        raise MeasurementError(f"wrk failed: {output}")
    return parse_output(output, kind)


def drive(
    url: str, connections: int, seconds: float, kind: str = "plain", fields: Fields = ()
) -> Outcome:
    return finish(start(url, connections, seconds, kind, fields), seconds, kind)


def parse_output(output: str, kind: str) -> Outcome:
    found = re.search(r"^outcome (\{.*\})$", output, re.M)
    if found is None:
        raise SystemExit(f"wrk says something new:\n{output}")
    told = json.loads(found[1])
    silent_ends = told["read"] if kind in ENDING_KINDS else 0
    return Outcome(
        requests=told["requests"],
        requests_per_second=round(told["requests"] / told["microseconds"] * 1e6, 1),
        p50_milliseconds=told["p50"] / 1000,
        p99_milliseconds=told["p99"] / 1000,
        p999_milliseconds=told["p99.9"] / 1000,
        errors=sum(told[error] for error in ERRORS) - silent_ends,
        silent_ends=silent_ends,
    )


def find_version() -> str:
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is needed: on Debian and Ubuntu, apt-get install wrk")
    greeting = subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"wrk \D*([\d.]+)", greeting)
    return found[1] if found else "unknown"
