"""The system calls of running processes, counted by strace for a while."""

import contextlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.failure import MeasurementError

PATIENCE_SECONDS = 10


def why_missing() -> str | None:
    return None if shutil.which("strace") else "strace is not installed: apt-get install strace"


@contextlib.contextmanager
def counting(process_ids: list[int]) -> Iterator[dict[str, int]]:
    """Count the calls of processes and their threads; the dictionary is filled at the end."""
    counts: dict[str, int] = {}
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as table:
        command = ["strace", "-c", "-f", "-o", table.name]
        command += [word for process_id in process_ids for word in ("-p", str(process_id))]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as strace:
            try:
                _wait_until_traced(process_ids, strace)
                yield counts
                strace.send_signal(signal.SIGINT)
                strace.wait(PATIENCE_SECONDS)
            finally:
                strace.kill()
        counts.update(parse_table(Path(table.name).read_text("utf-8")))


def parse_table(text: str) -> dict[str, int]:
    """Read the table of ``strace -c``: share, seconds, microseconds a call, calls, errors, name."""
    rows = re.findall(r"^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?(\w+)$", text, re.M)
    return {name: int(calls) for calls, name in rows if name != "total"}


def _wait_until_traced(process_ids: list[int], strace: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not all(map(_is_traced, process_ids)):
        if strace.poll() is not None or time.monotonic() > deadline:
            raise MeasurementError("strace cannot watch the server: may this user trace processes?")
        time.sleep(0.01)


def _is_traced(process_id: int) -> bool:
    for thread in Path(f"/proc/{process_id}/task").iterdir():
        status = (thread / "status").read_text("utf-8")
        if re.search(r"^TracerPid:\t0$", status, re.M):
            return False
    return True
