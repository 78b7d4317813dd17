"""wptserve, the server of web-platform-tests, as wpt's own command starts it.

    python wptserve_server.py KIND FOLDER [CERTIFICATE]

KIND: ``http``, ``https`` or ``h2`` (HTTP/2 in TLS).
"""

import logging
import sys
import threading

from wptserve import server


def main():
    kind, folder, *rest = sys.argv[1:]
    logging.basicConfig(level=logging.INFO)
    certificate = rest[0] if rest else None
    handler_class = server.Http1WebTestRequestHandler
    if kind == "h2":
        handler_class = server.Http2WebTestRequestHandler
    httpd = server.WebTestHttpd(
        port=0,
        handler_cls=handler_class,
        use_ssl=kind != "http",
        certificate=certificate,
        key_file=certificate,
        http2=kind == "h2",
        doc_root=folder,
    )
    httpd.start()
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        httpd.stop()


if __name__ == "__main__":
    main()
