"""The application on socketify, as its documentation shows it.

python -m benchmarks.peers.on_socketify hello 8000
"""

import argparse
from typing import Any

from benchmarks.applications import BODY, FIELDS, LARGE_BODY
from socketify import App, AppListenOptions


def hello(response: Any, request: Any) -> None:
    response.write_header("Content-Type", "text/plain")
    response.end(BODY)


def fields(response: Any, request: Any) -> None:
    body = "".join(f"{request.get_header(name.lower())}\n" for name in FIELDS)
    response.write_header("Content-Type", "text/plain")
    response.end(body)


def large(response: Any, request: Any) -> None:
    response.write_header("Content-Type", "text/plain")
    response.end(LARGE_BODY)


HANDLERS = {handler.__name__: handler for handler in (hello, fields, large)}


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve one of the applications until killed.")
    parser.add_argument("application", choices=HANDLERS)
    parser.add_argument("port", type=int)
    arguments = parser.parse_args()
    app = App()
    app.any("/*", HANDLERS[arguments.application])
    app.listen(AppListenOptions(port=arguments.port, host="127.0.0.1"), lambda config: None)
    app.run()


if __name__ == "__main__":
    main()
