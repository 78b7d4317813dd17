"""Exports counters for Prometheus: python examples/metrics.py [PORT]

curl http://127.0.0.1:8000/metrics
"""

import sys
import threading
import time

from basehttpserver import BaseHTTPRequestHandler, serve

STARTED = time.time()


class Counters:
    """Numbers by name. Handlers overlap, hence the lock."""

    def __init__(self):
        self._lock = threading.Lock()
        self._values = {}

    def add(self, name, amount=1):
        with self._lock:
            self._values[name] = self._values.get(name, 0) + amount

    def render(self):
        with self._lock:
            values = sorted(self._values.items())
        return "".join(f"# TYPE {name} counter\n{name} {value}\n" for name, value in values)


class Exporter(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    counters = Counters()

    def do_GET(self):
        if self.path.partition("?")[0] != "/metrics":
            self.send_error(404)
            return
        self.counters.add("scrapes_total")
        uptime = f"# TYPE uptime_seconds gauge\nuptime_seconds {time.time() - STARTED:.3f}\n"
        body = (self.counters.render() + uptime).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", len(body))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code="-", size="-"):
        """Log no scrapes: there is one every few seconds."""


if __name__ == "__main__":
    serve(Exporter, port=int(sys.argv[1]) if len(sys.argv) > 1 else 8000)
