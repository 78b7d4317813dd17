"""Shares a folder with caching switched off: python examples/share_folder.py FOLDER [PORT]

curl -i http://127.0.0.1:8000/
"""

import functools
import sys

from basehttpserver import SimpleHTTPRequestHandler, serve


class Share(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Beyond the types that Python knows.
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".md": "text/plain; charset=utf-8"}

    def end_headers(self):
        """Add a field to every answer, as programs for http.server do it."""
        self.send_header("Cache-Control", "no-store")
        super().end_headers()


if __name__ == "__main__":
    serve(
        functools.partial(Share, directory=sys.argv[1] if len(sys.argv) > 1 else "."),
        port=int(sys.argv[2]) if len(sys.argv) > 2 else 8000,
    )
