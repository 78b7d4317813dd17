"""Takes signed webhooks: python examples/webhook.py [PORT]

The sender signs the body with a secret that both know (here "open sesame", or WEBHOOK_SECRET) and
sends the signature as X-Signature-256, as GitHub and many others do.

body='{"event": "push"}'
signature=sha256=$(printf %s "$body" | openssl dgst -sha256 -hmac 'open sesame' -r | cut -d' ' -f1)
curl -H "X-Signature-256: $signature" -d "$body" http://127.0.0.1:8000/hook
"""

import hashlib
import hmac
import json
import os
import sys
from http import HTTPStatus

from basehttpserver import BaseHTTPRequestHandler, Settings, serve

SECRET = os.environ.get("WEBHOOK_SECRET", "open sesame").encode()


class Webhook(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        if self.path != "/hook":
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        body = self.rfile.read()  # The whole body and no more, chunked or not.
        expected = "sha256=" + hmac.new(SECRET, body, hashlib.sha256).hexdigest()
        given = self.headers.get("X-Signature-256", "")
        if not hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode()):
            self.send_error(HTTPStatus.FORBIDDEN, explain="The signature does not fit the body")
            return
        try:
            event = json.loads(body)["event"]
        except (ValueError, LookupError, TypeError):
            self.send_error(HTTPStatus.BAD_REQUEST, explain="A JSON object with an event is needed")
            return
        self.log_message("event %s", event)
        self.send_response(HTTPStatus.NO_CONTENT)
        self.end_headers()


if __name__ == "__main__":
    serve(
        Webhook,
        port=int(sys.argv[1]) if len(sys.argv) > 1 else 8000,
        settings=Settings(max_body_bytes=1_000_000),  # More gets 413.
    )
