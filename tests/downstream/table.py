"""What is known of each program: the tests assert it, and ``docs/reference/programs.md`` shows it.

python -m tests.downstream.render_programs_page      writes that page; run it at the root
"""

from typing import NamedTuple


class Program(NamedTuple):
    """A program that builds on ``http.server``, and what it meets on this package."""

    #: The distribution whose version the extra ``downstream`` pins; "" for the standard library's.
    distribution: str
    #: How the tests start it.
    started_as: str
    #: What the tests do with it, in a few words.
    driven: str
    #: The lanes that its connections take, by the name of the handler class (see `startup`);
    #: none where its server is not an ``HTTPServer``.
    lanes: dict[str, set[str]]
    #: What differs from ``http.server``; nothing does unless it stands here.
    differences: str


#: In the order of the alphabet.
PROGRAMS = {
    "acme": Program(
        distribution="acme",
        started_as="`HTTP01Server`, `HTTP01DualNetworkedServers`, `TLSALPN01Server`",
        driven="requests; its own tests of them",
        lanes={"HTTP01RequestHandler": {"thread"}},
        differences="The last is a server of socketserver itself, and stays that. A silent client"
        " does not hold up the others for `timeout` seconds.",
    ),
    "bottle": Program(
        distribution="bottle",
        started_as="`bottle.run`, whose default is `wsgiref`",
        driven="requests: routes, bodies, ranges, streams",
        lanes={"FixedHandler": {"thread"}},
        differences="Silent clients do not hold up the others.",
    ),
    "Django": Program(
        distribution="django",
        started_as="`manage.py runserver`, threaded and not; `LiveServerTestCase`",
        driven="http.client: keep-alive, uploads, unread bodies, streams, static files, reloader",
        lanes={"WSGIRequestHandler": {"thread"}},
        differences="",
    ),
    "Flask": Program(
        distribution="flask",
        started_as="`flask run`, `app.run`, threaded and not, with TLS, with `--debug`",
        driven="requests: forms, uploads, streams, static files, `--debug`",
        lanes={"WSGIRequestHandler": {"thread"}},
        differences=("a body in chunks comes with its Content-Length, without Transfer-Encoding"),
    ),
    "mkdocs": Program(
        distribution="mkdocs",
        started_as="`mkdocs serve`",
        driven="requests: pages, files, long polls, a page that changes",
        lanes={"_Handler": {"thread"}},
        differences="",
    ),
    "moto": Program(
        distribution="moto",
        started_as="`ThreadedMotoServer`, `moto_server`",
        driven="boto3: S3 put, get, list, ranges, parts, `Expect: 100-continue`; SQS, STS",
        lanes={"MotoRequestHandler": {"thread"}},
        differences="",
    ),
    "prometheus_client": Program(
        distribution="prometheus-client",
        started_as="`start_http_server`, with TLS and client certificates; `MetricsHandler`",
        driven="http.client: text formats, gzip, TLS",
        lanes={"_SilentHandler": {"thread"}, "MetricsHandler": {"event"}},
        differences="",
    ),
    "pytest-httpserver": Program(
        distribution="pytest-httpserver",
        started_as="a run of pytest with the fixture `httpserver`",
        driven="requests: JSON, chunks, ordered and blocking requests, threads",
        lanes={"WSGIRequestHandler": {"thread"}},
        differences=("a body in chunks comes with its Content-Length, without Transfer-Encoding"),
    ),
    "RangeHTTPServer": Program(
        distribution="rangehttpserver",
        started_as="`python -m RangeHTTPServer`",
        driven="requests, curl: ranges, resuming",
        lanes={"RangeRequestHandler": {"event"}},
        differences="",
    ),
    "uploadserver": Program(
        distribution="uploadserver",
        started_as="`python -m uploadserver`, with and without authentication and TLS",
        driven="requests, curl: uploads up to 5 MB, client certificates",
        lanes={"SimpleHTTPRequestHandler": {"event"}},
        differences="",
    ),
    "websockify": Program(
        distribution="websockify",
        started_as="`python -m websockify`; as a library, its handlers in five kinds of server",
        driven="websockets: up to 50 tunnels at once, messages up to 5 MB, over TCP and TLS",
        lanes={"ProxyRequestHandler": {"hook", "socketserver", "thread"}, "EchoHandler": {"event"}},
        differences="",
    ),
    "werkzeug": Program(
        distribution="werkzeug",
        started_as="`run_simple`, with `threaded`, `ssl_context`, `use_reloader`",
        driven="http.client: any method, uploads of megabytes and in chunks, TLS, reloads",
        lanes={"WSGIRequestHandler": {"thread"}},
        differences="a body in chunks comes with its Content-Length, without Transfer-Encoding;"
        " a plain request to a TLS port gets 400",
    ),
    "wptserve": Program(
        distribution="wptserve",
        started_as="`WebTestHttpd`, plain, with TLS, with HTTP/2",
        driven="requests, curl: files, Python handlers, pipes",
        lanes={
            "Http1WebTestRequestHandler": {"thread"},
            "Http2WebTestRequestHandler": {"thread"},
        },
        differences="",
    ),
    "wsgiref": Program(
        distribution="",
        started_as="`make_server` with its demo and its validator, with and without threads",
        driven="http.client: uploads of megabytes, the end of connections",
        lanes={"WSGIRequestHandler": {"thread"}},
        differences="",
    ),
    "xmlrpc.server": Program(
        distribution="",
        started_as="`SimpleXMLRPCServer`, `DocXMLRPCServer`, with and without threads",
        driven="xmlrpc.client: calls, introspection, multicall, faults",
        lanes={},
        differences="nothing: its servers are `socketserver.TCPServer`s, its handlers are ours",
    ),
}
