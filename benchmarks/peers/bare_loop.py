"""No server, but the least that one in Python does: what bounds all of them on this interpreter.

    python -m benchmarks.peers.bare_loop fixed 8000

fixed   a loop over epoll receives, looks at nothing, and sends the same bytes
api     the same, and `do_GET` of the handler writes each answer: `send_response` and what follows

It parses nothing, checks nothing, and has no deadline.
"""

import argparse
import io
import select
import socket
from collections.abc import Callable

from benchmarks.handlers import QUIET, make_hello

import basehttpserver


def make_answer() -> Callable[[], bytes]:
    """Return what has the handler of benchmarks/handlers.py answer, without a server."""
    handler_class = make_hello(basehttpserver.BaseHTTPRequestHandler)
    handler_class.log_message = QUIET["log_message"]
    handler = handler_class.__new__(handler_class)
    handler.requestline = "GET / HTTP/1.1"
    handler.request_version = "HTTP/1.1"

    def answer() -> bytes:
        handler.wfile = io.BytesIO()
        handler.do_GET()
        return handler.wfile.getvalue()

    return answer


def serve(answer: Callable[[], bytes], port: int) -> None:
    listener = socket.create_server(("127.0.0.1", port), backlog=128)
    with listener, select.epoll() as epoll:
        epoll.register(listener, select.EPOLLIN)
        connections: dict[int, socket.socket] = {}
        while True:
            for descriptor, _ in epoll.poll():
                if descriptor == listener.fileno():
                    connection, _ = listener.accept()
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
                    connections[connection.fileno()] = connection
                    epoll.register(connection, select.EPOLLIN)
                    continue
                try:
                    if connections[descriptor].recv(65536):
                        connections[descriptor].send(answer())
                        continue
                except ConnectionError:  # The client has gone away.
                    pass
                connections.pop(descriptor).close()


def main() -> None:
    parser = argparse.ArgumentParser(description="Answer everything until killed.")
    parser.add_argument("how", choices=("fixed", "api"))
    parser.add_argument("port", type=int)
    arguments = parser.parse_args()
    answer = make_answer()
    if arguments.how == "fixed":
        fixed = answer()
        serve(lambda: fixed, arguments.port)
    else:
        serve(answer, arguments.port)


if __name__ == "__main__":
    main()
