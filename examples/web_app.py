"""Serves a built web application: python examples/web_app.py dist [PORT]

Paths where there is nothing get the index page, on which the application makes its own pages.
Files in assets/, whose names change with their content, are kept by browsers for a year; for all
others they ask each time whether there is something new.

curl -i http://127.0.0.1:8000/orders/17
"""

import functools
import sys

from basehttpserver import SharingHTTPRequestHandler, serve


class WebApp(SharingHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    spa = True
    compress = True
    listing = "none"

    def send_head(self):
        """Say before a file is sent how long it may be kept."""
        is_hashed = self.path.startswith("/assets/")
        self.cache_control = "max-age=31536000, immutable" if is_hashed else "no-cache"
        return super().send_head()


if __name__ == "__main__":
    serve(
        functools.partial(WebApp, directory=sys.argv[1] if len(sys.argv) > 1 else "."),
        port=int(sys.argv[2]) if len(sys.argv) > 2 else 8000,
    )
