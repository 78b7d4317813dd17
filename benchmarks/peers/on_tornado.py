"""The application on tornado, as its documentation shows it.

python -m benchmarks.peers.on_tornado hello 8000
"""

import argparse
import asyncio
import logging

from benchmarks.applications import (
    BODY,
    FIELDS,
    LARGE_BODY,
    SLOW_PATH,
    SLOW_SECONDS,
    compute,
)
from tornado.web import Application, RequestHandler


class Plain(RequestHandler):
    def set_default_headers(self) -> None:
        self.set_header("Content-Type", "text/plain")


class Hello(Plain):
    def get(self) -> None:
        self.write(BODY)


class Fields(Plain):
    def get(self) -> None:
        self.write("".join(f"{self.request.headers[name]}\n" for name in FIELDS))


class Echo(Plain):
    def post(self) -> None:
        self.write(self.request.body)


class Large(Plain):
    def get(self) -> None:
        self.write(LARGE_BODY)


class Slow(Plain):
    async def get(self) -> None:
        if self.request.path == SLOW_PATH:
            await asyncio.sleep(SLOW_SECONDS)
        self.write(BODY)


class Computing(Plain):
    def get(self) -> None:
        compute()
        self.write(BODY)


HANDLERS = {
    handler.__name__.lower(): handler for handler in (Hello, Fields, Echo, Large, Slow, Computing)
}


async def serve(handler: type[RequestHandler], port: int) -> None:
    Application([(r"/.*", handler)]).listen(port, "127.0.0.1")
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve one of the applications until killed.")
    parser.add_argument("application", choices=HANDLERS)
    parser.add_argument("port", type=int)
    parser.add_argument("--log", action="store_true")
    arguments = parser.parse_args()
    if arguments.log:
        logging.basicConfig(level=logging.INFO)
    asyncio.run(serve(HANDLERS[arguments.application], arguments.port))


if __name__ == "__main__":
    main()
