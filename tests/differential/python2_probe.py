"""The handlers that Python 2.7's ``BaseHTTPServer`` and this package's are asked with.

    python2.7 python2_probe.py DIRECTORY
    python -m basehttpserver run python2_probe.py DIRECTORY

Prints the ports by the names that `requests` has for the handlers, as one line of JSON, and serves
until its standard input ends. It knows Python 2's names only, in syntax that Python 3 reads.
"""

import json
import os
import sys
import threading

import BaseHTTPServer
import SimpleHTTPServer
import SocketServer


def text(value):
    return value.decode("latin-1") if isinstance(value, bytes) else value


class Comparable:
    error_message_format = "%(code)d|%(message)s|%(explain)s\n"

    def log_message(self, *args):
        pass


class Probe(Comparable, BaseHTTPServer.BaseHTTPRequestHandler):
    def respond(self):
        route, _, query = self.path.partition("?")
        name = "answer_" + route.strip("/").replace("-", "_")
        getattr(self, name, self.tell)(query)

    def tell(self, query):
        length = self.headers.getheader("Content-Length", "0")
        body = self.rfile.read(int(length)) if length.isdigit() else b""
        told = [self.command, self.path, self.request_version, self.requestline, body]
        fields = {text(key): text(value) for key, value in self.headers.dict.items()}
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_whole(json.dumps([[text(value) for value in told], fields], sort_keys=True))

    def send_whole(self, body):
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body.encode("ascii"))

    def answer_hello(self, query):
        self.send_response(200)
        self.send_whole("Hello\n")

    def answer_no_length(self, query):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"Hello\n")

    def answer_own_reason(self, query):
        self.send_response(200, "Fine")
        self.send_whole("Hello\n")

    def answer_status(self, query):
        self.send_response(int(query))
        self.send_whole("Hello\n")

    def answer_error(self, query):
        self.send_error(int(query))

    def answer_explained_error(self, query):
        self.send_error(404, "No <such> thing")

    def answer_injected_field(self, query):
        self.send_response(200)
        self.send_header("X-Name", "value\r\nX-Injected: yes")
        self.send_whole("")

    def answer_too_long(self, query):
        self.send_response(200)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"Hello\n")

    def answer_nothing(self, query):
        pass

    def answer_raises(self, query):
        raise LookupError("a handler's own fault")

    do_GET = do_HEAD = do_POST = do_PUT = do_OPTIONS = respond


class PersistentProbe(Probe):
    protocol_version = "HTTP/1.1"


class Files(Comparable, SimpleHTTPServer.SimpleHTTPRequestHandler):
    pass


class Server(SocketServer.ThreadingMixIn, BaseHTTPServer.HTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


def main():
    os.chdir(sys.argv[1])
    ports = {}
    for name, handler in (("1.0", Probe), ("1.1", PersistentProbe), ("files", Files)):
        server = Server(("127.0.0.1", 0), handler)
        ports[name] = server.server_port
        thread = threading.Thread(target=server.serve_forever)
        thread.daemon = True
        thread.start()
    sys.stdout.write(json.dumps(ports) + "\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
