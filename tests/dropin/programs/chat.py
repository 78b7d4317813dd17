"""A chat by long polling: who waits holds a thread, and who speaks wakes them all."""

import json
import sys
import threading

try:
    from BaseHTTPServer import BaseHTTPRequestHandler, HTTPServer
    from SocketServer import ThreadingMixIn
except ImportError:
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from socketserver import ThreadingMixIn


class ChatServer(ThreadingMixIn, HTTPServer):
    daemon_threads = True

    def __init__(self, *args):
        HTTPServer.__init__(self, *args)
        self.condition = threading.Condition()
        self.messages = []
        self.waiting = 0


class Chat(BaseHTTPRequestHandler):
    def do_GET(self):
        chat = self.server
        if self.path == "/waiting":
            return self.answer({"waiting": chat.waiting})
        seen = int(self.path.rsplit("/", 1)[1])
        with chat.condition:
            chat.waiting += 1
            while len(chat.messages) <= seen:
                chat.condition.wait(30)
            chat.waiting -= 1
            return self.answer({"messages": chat.messages[seen:]})

    def do_POST(self):
        length = int(self.headers["content-length"])
        message = json.loads(self.rfile.read(length).decode())
        with self.server.condition:
            self.server.messages.append(message)
            self.server.condition.notify_all()
        self.answer({"count": len(self.server.messages)})

    def answer(self, value):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(value, sort_keys=True).encode())

    def log_request(self, code="-", size="-"):
        pass


if __name__ == "__main__":
    server = ChatServer(("127.0.0.1", int(sys.argv[1])), Chat)
    print("port %d" % server.server_port)
    sys.stdout.flush()
    server.serve_forever()
