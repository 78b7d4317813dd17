"""The application on aiohttp, as its documentation shows it.

python -m benchmarks.peers.on_aiohttp hello 8000
"""

import argparse
import asyncio
import logging
import ssl

from aiohttp import web
from aiohttp.log import access_logger
from benchmarks.applications import (
    BODY,
    FIELDS,
    LARGE_BODY,
    SLOW_PATH,
    SLOW_SECONDS,
    compute,
)


async def hello(request: web.Request) -> web.Response:
    return web.Response(body=BODY, content_type="text/plain")


async def fields(request: web.Request) -> web.Response:
    return web.Response(text="".join(f"{request.headers[name]}\n" for name in FIELDS))


async def echo(request: web.Request) -> web.Response:
    return web.Response(body=await request.read(), content_type="text/plain")


async def large(request: web.Request) -> web.Response:
    return web.Response(body=LARGE_BODY, content_type="text/plain")


async def slow(request: web.Request) -> web.Response:
    if request.path == SLOW_PATH:
        await asyncio.sleep(SLOW_SECONDS)
    return web.Response(body=BODY, content_type="text/plain")


async def computing(request: web.Request) -> web.Response:
    compute()
    return web.Response(body=BODY, content_type="text/plain")


HANDLERS = {handler.__name__: handler for handler in (hello, fields, echo, large, slow, computing)}


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve one of the applications until killed.")
    parser.add_argument("application", choices=HANDLERS)
    parser.add_argument("port", type=int)
    parser.add_argument("--log", action="store_true")
    parser.add_argument("--certificate")
    arguments = parser.parse_args()
    application = web.Application(client_max_size=2**20)
    application.router.add_route("*", "/{path:.*}", HANDLERS[arguments.application])
    if arguments.log:
        logging.basicConfig(level=logging.INFO)
    context = None
    if arguments.certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(arguments.certificate)
    web.run_app(
        application,
        host="127.0.0.1",
        port=arguments.port,
        ssl_context=context,
        access_log=access_logger if arguments.log else None,
        print=None,
    )


if __name__ == "__main__":
    main()
