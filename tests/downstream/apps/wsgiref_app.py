"""The server of wsgiref with its demo, under the validator; ``--threading`` mixes threads in."""

import socketserver
import sys
from wsgiref.simple_server import WSGIServer, demo_app, make_server
from wsgiref.validate import validator


class ThreadingWSGIServer(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


def application(environ, start_response):
    if environ["PATH_INFO"] == "/demo":
        return demo_app(environ, start_response)
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length)
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Path", environ["PATH_INFO"])])
    return [body or b"Hello\n"]


if __name__ == "__main__":
    server_class = ThreadingWSGIServer if "--threading" in sys.argv else WSGIServer
    with make_server("127.0.0.1", 0, validator(application), server_class) as server:
        server.serve_forever()
