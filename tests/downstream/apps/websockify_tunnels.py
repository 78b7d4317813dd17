"""websockify as a library, in the ways that its classes allow.

    python websockify_tunnels.py KIND [--target PORT] [--certificate FILE] [--settings JSON]

    library     `LibProxyServer`, which overrides process_request
    threading   its proxying handler in a plain ThreadingHTTPServer
    forking     … in an HTTPServer with ForkingMixIn
    echo        its bare handler, which overrides handle_one_request, in a threading server
    echo-one    … in `WebSocketServer`, an HTTPServer

`--settings` are for servers of basehttpserver alone. At SIGUSR1 it stops serving and closes the
server, says so, and lives on until Ctrl-C.
"""

import argparse
import dataclasses
import json
import select
import signal
import socketserver
import ssl
import threading
from http.server import HTTPServer, ThreadingHTTPServer

from websockify.websocket import WebSocketWantReadError, WebSocketWantWriteError
from websockify.websocketproxy import LibProxyServer, ProxyRequestHandler
from websockify.websocketserver import WebSocketRequestHandler, WebSocketServer


class Proxy(LibProxyServer):
    """In 0.13.0 it lacks this, and ``--libserver`` meets an AttributeError, on any http.server."""

    unix_listen = None


class Targeted:
    """What `ProxyRequestHandler` asks of its server."""

    only_upgrade = False
    file_only = True
    target_host = "127.0.0.1"
    target_port = None
    heartbeat = None
    unix_listen = unix_target = ssl_target = wrap_cmd = token_plugin = auth_plugin = None


class ThreadingProxy(Targeted, ThreadingHTTPServer):
    pass


class ForkingProxy(Targeted, socketserver.ForkingMixIn, HTTPServer):
    max_children = 100


class ThreadingEchoes(socketserver.ThreadingMixIn, WebSocketServer):
    daemon_threads = True


class EchoHandler(WebSocketRequestHandler):
    """Sends back each message, as websockify's own proxy loop would."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_error(426)

    def handle_websocket(self):
        to_send = []
        while True:
            readable, writable, _ = select.select(
                [self.request], [self.request] if to_send else [], []
            )
            if writable:
                self.send_some(to_send)
            if readable and not self.receive_some(to_send):
                return

    def send_some(self, to_send):
        try:
            while to_send:
                self.request.sendmsg(to_send[0])
                to_send.pop(0)
        except WebSocketWantWriteError:
            pass

    def receive_some(self, to_send):
        try:
            while True:
                message = self.request.recvmsg()
                if message is None:
                    return False
                to_send.append(message)
                if not self.request.pending():
                    return True
        except WebSocketWantReadError:
            return True


def make_server(kind, target):
    address = ("127.0.0.1", 0)
    if kind == "library":
        return Proxy(
            listen_host="127.0.0.1", listen_port=0, target_host="127.0.0.1", target_port=target
        )
    if kind in ("echo", "echo-one"):
        return {"echo": ThreadingEchoes, "echo-one": WebSocketServer}[kind](address, EchoHandler)
    server_class = {"threading": ThreadingProxy, "forking": ForkingProxy}[kind]
    server_class.target_port = target
    return server_class(address, ProxyRequestHandler)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kind")
    parser.add_argument("--target", type=int)
    parser.add_argument("--certificate")
    parser.add_argument("--settings", type=json.loads, default={})
    arguments = parser.parse_args()
    server = make_server(arguments.kind, arguments.target)
    if arguments.settings and hasattr(server, "settings"):
        server.settings = dataclasses.replace(server.settings, **arguments.settings)
    if arguments.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(arguments.certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    signal.signal(signal.SIGUSR1, lambda *_: threading.Thread(target=server.shutdown).start())
    try:
        server.serve_forever()
        server.server_close()
        print("closed", flush=True)
        signal.pause()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
