"""What WSGI servers serve: the answers of benchmarks/handlers.py, as users of WSGI write them.

hello     13 bytes, at once
fields    three of the request's fields, a line each
echo      the request's body
large     1 MiB
slow      hello; where the path is `SLOW_PATH`, after 50 ms of sleep
computing hello, after a loop that takes some 1 ms
"""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterable
from typing import Any

BODY = b"Hello, world\n"
LARGE_BODY = bytes(range(256)) * 4096
SLOW_PATH = "/slow"
SLOW_SECONDS = 0.05

#: Of a browser's twelve fields, what the handler `fields` reads.
FIELDS = ("User-Agent", "Cookie", "X-Request-ID")

#: How often the loop of `compute` turns: what takes 1 ms alone; benchmarks/compare.py tries it out.
COMPUTE_VARIABLE = "BENCHMARK_COMPUTE_TURNS"
COMPUTE_TURNS = int(os.environ.get(COMPUTE_VARIABLE, "10000"))

#: No measurement takes longer. Then a server ends by itself, in case nobody is left to end it.
LIFETIME_SECONDS = 300

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], object]


def compute(turns: int = COMPUTE_TURNS) -> int:
    """Keep a processor busy, and Python's interpreter with it."""
    total = 0
    for number in range(turns):
        total += number * number
    return total


def respond(start_response: StartResponse, body: bytes) -> Iterable[bytes]:
    headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))]
    start_response("200 OK", headers)
    return [body]


def hello(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    return respond(start_response, BODY)


def fields(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    agent = environ["HTTP_USER_AGENT"]
    cookie = environ["HTTP_COOKIE"]
    request_id = environ["HTTP_X_REQUEST_ID"]
    return respond(start_response, f"{agent}\n{cookie}\n{request_id}\n".encode("latin-1"))


def echo(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    return respond(start_response, environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))


def large(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    return respond(start_response, LARGE_BODY)


def slow(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    if environ["PATH_INFO"] == SLOW_PATH:
        time.sleep(SLOW_SECONDS)
    return respond(start_response, BODY)


def computing(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    compute()
    return respond(start_response, BODY)


if multiprocessing.parent_process() is not None:
    # A worker process, granian's: the alarm that server_process.py sets does not pass to a child.
    signal.alarm(LIFETIME_SECONDS)
