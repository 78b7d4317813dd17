"""slowhttptest, which shows whether slow clients can stop a server: its modes, for seconds."""

import contextlib
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.victim import LARGE_PATH, SMALL_PATH

CONNECTIONS = 1000
SECONDS = 8

#: All connect in a second, and say something each second.
COMMON = ["-c", str(CONNECTIONS), "-r", str(CONNECTIONS), "-i", "1", "-l", str(SECONDS), "-p", "3"]


@dataclass(frozen=True)
class Attack:
    title: str
    options: tuple[str, ...]
    path: str = SMALL_PATH


#: By name, in the order of the table.
ATTACKS = {
    "slow-headers": Attack("slow heads", ("-H",)),
    "slow-body": Attack("slow bodies of 4 KB", ("-B", "-s", "4096")),
    "slow-large-body": Attack("slow bodies of 1 MB", ("-B", "-s", "1000000")),
    "range": Attack("heads with 2,000 ranges", ("-R", "-a", "5", "-b", "2000")),
    "slow-read": Attack(
        "slow reading of 24 MB",
        ("-X", "-w", "1", "-y", "512", "-n", "1", "-z", "5", "-k", "3"),
        LARGE_PATH,
    ),
}


class Running:
    """slowhttptest at work, again and again where its connections end before its time."""

    def __init__(self, attack: Attack, port: int) -> None:
        url = f"http://127.0.0.1:{port}{attack.path}"
        self._command = ["slowhttptest", *attack.options, *COMMON, "-u", url]
        self._end = time.monotonic() + SECONDS
        self._process = self._start()
        self.reports: list[str] = []

    def _start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)

    def is_over(self) -> bool:
        if time.monotonic() >= self._end:
            return True
        if self._process.poll() is not None:
            self._take_report()
            self._process = self._start()
        return False

    def _take_report(self) -> None:
        output, _ = self._process.communicate()
        if self._process.returncode != 0 or "Connection refused" in output:
            raise SystemExit(f"slowhttptest failed: {output}")
        self.reports.append(output)

    def finish(self) -> None:
        """End it; what it says when it is ended early tells nothing about the server."""
        self._process.kill()
        self._process.communicate()

    def count_unavailable(self) -> int:
        """Return how many reports say that the server did not answer the tool's own requests."""
        return sum(bool(re.search(r"service available:\W[^YN]*NO", each)) for each in self.reports)


@contextlib.contextmanager
def running(attack: Attack, port: int) -> Iterator[Running]:
    process = Running(attack, port)
    try:
        yield process
    finally:
        process.finish()


def find_version() -> str:
    if shutil.which("slowhttptest") is None:
        raise SystemExit(
            "slowhttptest is needed: on Debian and Ubuntu, apt-get install slowhttptest; "
            "elsewhere https://github.com/shekyan/slowhttptest"
        )
    greeting = subprocess.run(
        ["slowhttptest", "-h"], capture_output=True, text=True, check=False
    ).stdout
    found = re.search(r"version ([\d.]+)", greeting)
    return found[1] if found else "unknown"
