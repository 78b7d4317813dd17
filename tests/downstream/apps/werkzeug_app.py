"""An ordinary WSGI application under werkzeug's `run_simple`.

python werkzeug_app.py [--threaded] [--tls adhoc | --tls CERTIFICATE KEY] [--reload]
"""

import argparse

from werkzeug.serving import run_simple
from werkzeug.wrappers import Request, Response

SHOWN = (
    "REQUEST_METHOD",
    "PATH_INFO",
    "QUERY_STRING",
    "SERVER_PROTOCOL",
    "REMOTE_ADDR",
    "wsgi.url_scheme",
    "REQUEST_URI",
    "HTTP_X_FIELD",
)


@Request.application
def application(request):
    if request.path == "/echo":
        body = request.stream.read()
        return Response(body, headers={"X-Method": request.method})
    if request.path.startswith("/environ"):
        found = {name: value for name, value in request.environ.items() if name in SHOWN}
        return Response("".join(f"{name}={found[name]}\n" for name in SHOWN if name in found))
    if request.path == "/stream":
        return Response(f"part {number}\n" for number in range(3))
    if request.path == "/fails":
        raise RuntimeError("on purpose")
    return Response("Hello\n", mimetype="text/plain")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--threaded", action="store_true")
    parser.add_argument("--tls", nargs="+")
    parser.add_argument("--reload", action="store_true")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    tls = None
    if options.tls:
        tls = "adhoc" if options.tls == ["adhoc"] else tuple(options.tls)
    run_simple(
        "127.0.0.1",
        options.port,
        application,
        threaded=options.threaded,
        ssl_context=tls,
        use_reloader=options.reload,
        reloader_type="stat",
        reloader_interval=0.2,
    )


if __name__ == "__main__":
    main()
