"""A guest book behind a form, parsed by hand, with a cookie and a password."""

import base64
import sys

try:
    import BaseHTTPServer as server
    from urlparse import parse_qs, urlparse
except ImportError:
    import http.server as server
    from urllib.parse import parse_qs, urlparse

ENTRIES = []
KEY = base64.b64encode(b"admin:secret").decode()


class GuestBook(server.BaseHTTPRequestHandler):
    server_version = "GuestBook/0.1"
    protocol_version = "HTTP/1.1"

    def authorized(self):
        if self.headers["Authorization"] is None:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="Guest book"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return False
        if self.headers["Authorization"] != "Basic " + KEY:
            self.send_error(403)
            return False
        return True

    def fields(self):
        content_type = self.headers.get("Content-Type", "")
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length).decode("utf-8")
        if content_type.startswith("multipart/form-data"):
            boundary = "--" + content_type.split("boundary=", 1)[1]
            found = {}
            for part in body.split(boundary)[1:-1]:
                head, _, content = part.strip("\r\n").partition("\r\n\r\n")
                name = head.split('name="', 1)[1].split('"', 1)[0]
                found.setdefault(name, []).append(content)
            return found
        return parse_qs(body)

    def do_GET(self):
        url = urlparse(self.path)
        if url.path == "/admin" and not self.authorized():
            return
        wanted = parse_qs(url.query).get("q", [""])[0]
        lines = [entry for entry in ENTRIES if wanted in entry]
        self.answer("\n".join(lines))

    def do_POST(self):
        fields = self.fields()
        if "name" not in fields:
            self.send_error(400, "No name", "Fill in the form.")
            return
        ENTRIES.append("%s: %s" % (fields["name"][0], fields.get("text", [""])[0]))
        self.send_response(303, "See the book")
        self.send_header("Location", "/")
        self.send_header("Set-Cookie", "name=%s; Path=/" % fields["name"][0])
        self.send_header("Set-Cookie", "seen=%d" % len(ENTRIES))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def answer(self, text):
        data = text.encode("utf-8")
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format, *args):
        sys.stderr.write("%s %s\n" % (self.client_address[0], format % args))


if __name__ == "__main__":
    book = server.HTTPServer(("127.0.0.1", int(sys.argv[1])), GuestBook)
    print("port %d" % book.server_address[1])
    sys.stdout.flush()
    try:
        book.serve_forever()
    except KeyboardInterrupt:
        sys.exit("bye")
