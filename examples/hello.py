"""Says hello: python examples/hello.py [PORT]

curl 'http://127.0.0.1:8000/?name=Ada'
"""

import sys
from urllib.parse import parse_qs, urlsplit

from basehttpserver import BaseHTTPRequestHandler, serve


class Hello(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        query = parse_qs(urlsplit(self.path).query)
        name = query.get("name", ["world"])[0]
        body = f"Hello, {name}!\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", len(body))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    serve(Hello, port=int(sys.argv[1]) if len(sys.argv) > 1 else 8000)
