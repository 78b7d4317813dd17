"""What ASGI servers serve: the answers of benchmarks/applications.py, as ASGI has them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

# Whoever is imported by granian's worker sets its alarm, too.
from benchmarks.applications import BODY, LARGE_BODY, SLOW_PATH, SLOW_SECONDS, compute

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


async def respond(send: Send, body: bytes) -> None:
    length = str(len(body)).encode()
    headers = [(b"content-type", b"text/plain"), (b"content-length", length)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await respond(send, BODY)


async def fields(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        headers = dict(scope["headers"])
        names = (b"user-agent", b"cookie", b"x-request-id")
        await respond(send, b"".join(headers[name] + b"\n" for name in names))


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        body = bytearray()
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        await respond(send, bytes(body))


async def large(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await respond(send, LARGE_BODY)


async def slow(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        if scope["path"] == SLOW_PATH:
            await asyncio.sleep(SLOW_SECONDS)
        await respond(send, BODY)


async def computing(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        compute()
        await respond(send, BODY)
