"""The load: wrk, which asks again on each connection as soon as it has its answer."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

BROWSER_SCRIPT = Path(__file__).with_name("browser.lua")


@dataclass(frozen=True)
class Outcome:
    requests_per_second: float
    p99_milliseconds: float
    #: Connections that failed or waited too long, and answers of another status than 2xx and 3xx.
    errors: int


def start(
    url: str, connections: int, seconds: int, script: Path | None = None
) -> subprocess.Popen[str]:
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    if script is not None:
        command += ["-s", str(script)]
    return subprocess.Popen([*command, url], stdout=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str], seconds: int) -> Outcome:
    try:
        output, _ = process.communicate(timeout=seconds + 30)
    finally:
        process.kill()
    if process.returncode != 0:
        raise SystemExit(f"wrk failed: {output}")
    return parse_output(output)


def parse_output(output: str) -> Outcome:
    sockets = re.search(r"connect (\d+), read (\d+), write (\d+), timeout (\d+)", output)
    answers = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    counts = [*(sockets.groups() if sockets else ()), *(answers.groups() if answers else ())]
    return Outcome(
        requests_per_second=float(find(r"Requests/sec:\s+([\d.]+)", output)),
        p99_milliseconds=parse_milliseconds(find(r"^\s+99%\s+(\S+)", output)),
        errors=sum(map(int, counts)),
    )


def find(pattern: str, output: str) -> str:
    found = re.search(pattern, output, re.M)
    if found is None:
        raise SystemExit(f"wrk says something new:\n{output}")
    return found[1]


def parse_milliseconds(text: str) -> float:
    """Read a duration as wrk prints it."""
    number = find(r"^([\d.]+)(?:us|ms|s|m)$", text)
    unit = text.removeprefix(number)
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60_000}[unit]


def find_version() -> str:
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is needed: on Debian and Ubuntu, apt-get install wrk")
    greeting = subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"wrk \D*([\d.]+)", greeting)
    return found[1] if found else "unknown"
