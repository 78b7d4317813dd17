"""Sends the time, once a second, as server-sent events: python examples/events.py [PORT]

curl -N http://127.0.0.1:8000/events
"""

import sys
import time

from basehttpserver import BaseHTTPRequestHandler, Settings, serve

PAGE = b"""<!DOCTYPE html>
<title>The time</title>
<p id="time">...</p>
<script>
new EventSource("/events").onmessage = event =>
    document.getElementById("time").textContent = event.data;
</script>
"""


class Clock(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/events":
            self.send_events()
        elif self.path == "/":
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(PAGE)
        else:
            self.send_error(404)

    def send_events(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        # A write to a client that has gone raises ConnectionError. That ends the loop, and nobody
        # needs to be told.
        while True:
            self.wfile.write(f"data: {time.strftime('%H:%M:%S')}\n\n".encode())
            time.sleep(1)


if __name__ == "__main__":
    serve(
        Clock,
        port=int(sys.argv[1]) if len(sys.argv) > 1 else 8000,
        # These responses never end by themselves: do not wait for them for long.
        settings=Settings(graceful_stop_seconds=1),
    )
