#!/usr/bin/env python
"""The server of the tutorials: Python 2 first, Python 3 as an afterthought."""

import sys
import time

try:
    from BaseHTTPServer import BaseHTTPRequestHandler, HTTPServer
except ImportError:
    from http.server import BaseHTTPRequestHandler, HTTPServer

HOST_NAME = "127.0.0.1"
PORT_NUMBER = int(sys.argv[1])


class MyHandler(BaseHTTPRequestHandler):
    def _set_headers(self):
        self.send_response(200)
        self.send_header("Content-type", "text/html")
        self.end_headers()

    def do_HEAD(self):
        self._set_headers()

    def do_GET(self):
        """Respond to a GET request."""
        if self.path == "/missing":
            self.send_error(404, "File Not Found: %s" % self.path)
            return
        if self.path == "/moved":
            self.send_response(301)
            self.send_header("Location", "/")
            self.end_headers()
            return
        self._set_headers()
        self.wfile.write("<html><head><title>Title goes here.</title></head>".encode())
        self.wfile.write("<body><p>This is a test.</p>".encode())
        self.wfile.write(("<p>You accessed path: %s</p>" % self.path).encode())
        self.wfile.write("</body></html>".encode())

    def do_POST(self):
        content_length = int(self.headers["Content-Length"])
        post_data = self.rfile.read(content_length)
        self._set_headers()
        self.wfile.write("<html><body><h1>POST!</h1>".encode() + post_data)


if __name__ == "__main__":
    server_class = HTTPServer
    httpd = server_class((HOST_NAME, PORT_NUMBER), MyHandler)
    print("Server Starts - %s:%s" % (HOST_NAME, httpd.server_port))
    sys.stdout.flush()
    try:
        httpd.serve_forever()
    except KeyboardInterrupt:
        pass
    httpd.server_close()
    print("Server Stops - %s" % HOST_NAME)
