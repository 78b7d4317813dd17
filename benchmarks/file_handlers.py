"""A folder on the handler class, as a program serves it.

python -m benchmarks.file_handlers FOLDER 8000
"""

import functools
import sys

from basehttpserver import SimpleHTTPRequestHandler, ThreadingHTTPServer


class Handler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"


def main(folder: str, port: str) -> None:
    handler = functools.partial(Handler, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", int(port)), handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
