"""What WSGI and ASGI servers serve: the answer of benchmarks/handlers.py, as their users write it.

`hello` and `hello_asgi` answer at once; `mixed` waits first where the path is `SLOW_PATH`.
"""

import multiprocessing
import signal
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

BODY = b"Hello, world\n"
SLOW_PATH = "/slow"
SLOW_SECONDS = 0.05

#: No measurement takes longer. Then a server ends by itself, in case nobody is left to end it.
LIFETIME_SECONDS = 300

StartResponse = Callable[[str, list[tuple[str, str]]], object]


def hello(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(BODY)))]
    start_response("200 OK", headers)
    return [BODY]


def mixed(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    if environ["PATH_INFO"] == SLOW_PATH:
        time.sleep(SLOW_SECONDS)
    return hello(environ, start_response)


async def hello_asgi(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[object]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    if scope["type"] != "http":
        return
    length = str(len(BODY)).encode()
    headers = [(b"content-type", b"text/plain"), (b"content-length", length)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": BODY})


if multiprocessing.parent_process() is not None:
    # A worker process, granian's: the alarm that servers.py sets does not pass to a child.
    signal.alarm(LIFETIME_SECONDS)
