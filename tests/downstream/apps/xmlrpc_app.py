"""Servers of xmlrpc.server, as its documentation has them: ``simple``, ``doc`` or ``threading``."""

import socketserver
import sys
from xmlrpc.server import DocXMLRPCServer, SimpleXMLRPCServer


class ThreadingXMLRPCServer(socketserver.ThreadingMixIn, SimpleXMLRPCServer):
    daemon_threads = True


SERVERS = {
    "simple": SimpleXMLRPCServer,
    "doc": DocXMLRPCServer,
    "threading": ThreadingXMLRPCServer,
}


def add(x, y):
    """Add two numbers."""
    return x + y


def fail():
    raise ValueError("on purpose")


if __name__ == "__main__":
    with SERVERS[sys.argv[1]](("127.0.0.1", 0), allow_none=True) as server:
        server.register_introspection_functions()
        server.register_multicall_functions()
        server.register_function(add)
        server.register_function(fail)
        server.register_function(lambda data: data, "echo")
        server.serve_forever()
