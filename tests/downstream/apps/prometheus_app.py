"""A program that exposes metrics: by `start_http_server`, or by ``--handler`` with its own server.

python prometheus_app.py [CERTIFICATE KEY [CLIENT_AUTHORITY]] | --handler
"""

import sys
import threading
from http.server import ThreadingHTTPServer

from prometheus_client import Counter, MetricsHandler, start_http_server

REQUESTS = Counter("app_requests", "Requests that were counted")


def main(words):
    REQUESTS.inc(3)
    if words == ["--handler"]:
        ThreadingHTTPServer(("127.0.0.1", 0), MetricsHandler).serve_forever()
        return
    options = dict(zip(("certfile", "keyfile", "client_cafile"), words, strict=False))
    if "client_cafile" in options:
        options["client_auth_required"] = True
    _server, thread = start_http_server(0, "127.0.0.1", **options)
    assert isinstance(thread, threading.Thread)
    thread.join()


if __name__ == "__main__":
    main(sys.argv[1:])
