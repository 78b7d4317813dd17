"""How much of Python's memory an idle connection holds, asked in the server's own process.

python -m benchmarks.idle_memory ours-threading 1000
"""

import gc
import signal
import subprocess
import sys
import threading
import tracemalloc

from benchmarks import idle_crowd
from benchmarks.failure import MeasurementError
from benchmarks.handlers import QUIET, SERVERS, make_hello

MOST_SECONDS = 60


def measure(name: str, count: int) -> int:
    """Return the bytes of one connection, from a process of its own."""
    command = [sys.executable, "-m", "benchmarks.idle_memory", name, str(count)]
    result = subprocess.run(
        command, stdout=subprocess.PIPE, timeout=2 * MOST_SECONDS, text=True, check=False
    )
    if result.returncode != 0:
        raise MeasurementError(f"the process that looks at its memory: {result.returncode}")
    return int(result.stdout)


def main(name: str, count: str) -> None:
    signal.alarm(MOST_SECONDS)
    server_class, base, attributes = SERVERS[name]
    handler = type("Hello", (make_hello(base),), attributes | QUIET)
    # Before any of its objects is made.
    tracemalloc.start()
    server = server_class(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    with idle_crowd.running(port, 50):
        # What grows once, whatever the number of connections: pools, caches, the machine.
        before = traced_bytes()
        with idle_crowd.running(port, int(count)):
            print(round((traced_bytes() - before) / int(count)), flush=True)


def traced_bytes() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


if __name__ == "__main__":
    main(*sys.argv[1:])
