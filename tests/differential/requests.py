"""The requests: every one is sent, byte by byte as it stands here, to http.server and to us.

The last request on a connection says ``Connection: close``, or the client closes its side after it
(``half_close``): either way the server ends the connection, and the answer is whatever came before.
"""

from typing import NamedTuple


class Conversation(NamedTuple):
    """What a client sends on one connection."""

    name: str
    #: Of `handlers.build_handlers`.
    handler: str
    data: bytes
    #: The client shuts down its side after the data: no more requests, the rest of no body.
    half_close: bool = False


def get(target: str, *fields: str, method: str = "GET", close: bool = True) -> bytes:
    """A request as it should be, with further fields."""
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", *fields]
    if close:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def post(target: str, body: bytes, *fields: str, close: bool = True) -> bytes:
    """A request with a body of the length that it says."""
    return get(target, f"Content-Length: {len(body)}", *fields, method="POST", close=close) + body


def framed(body: bytes, *fields: str, target: str = "/tell", close: bool = True) -> bytes:
    """A request whose body is framed as the fields say, right or wrong."""
    return get(target, *fields, method="POST", close=close) + body


def line(request_line: bytes, end: bytes = b"\r\n") -> bytes:
    """A request with this very request line."""
    return request_line + end + b"Host: localhost" + end + b"Connection: close" + end + end


def fields(*field_lines: bytes) -> bytes:
    """A request with these very field lines."""
    every = [b"GET /tell HTTP/1.1", b"Host: localhost", *field_lines, b"Connection: close"]
    return b"\r\n".join([*every, b"", b""])


KEEPS = get("/hello", close=False)
LAST = get("/tell")

REQUEST_LINES = [
    Conversation("http-1.1", "1.1", line(b"GET /tell HTTP/1.1")),
    Conversation("http-1.0", "1.1", line(b"GET /tell HTTP/1.0")),
    Conversation("http-1.1-to-1.0-handler", "1.0", line(b"GET /tell HTTP/1.1")),
    Conversation("http-1.0-without-fields", "1.0", b"GET /tell HTTP/1.0\r\n\r\n"),
    Conversation("http-0.9", "1.1", b"GET /tell\r\n\r\n"),
    Conversation("http-0.9-error", "1.1", b"GET /error?404\r\n\r\n"),
    Conversation("http-0.9-post", "1.1", b"POST /tell\r\n\r\n"),
    Conversation("http-0.9-in-words", "1.1", line(b"GET /tell HTTP/0.9")),
    Conversation("http-1.2", "1.1", line(b"GET /tell HTTP/1.2")),
    Conversation("http-1.10", "1.1", line(b"GET /tell HTTP/1.10")),
    Conversation("http-01.1", "1.1", line(b"GET /tell HTTP/01.1")),
    Conversation("http-1", "1.1", line(b"GET /tell HTTP/1")),
    Conversation("http-1.1.1", "1.1", line(b"GET /tell HTTP/1.1.1")),
    Conversation("http-2.0", "1.1", line(b"GET /tell HTTP/2.0")),
    Conversation("http-2.0-errors-with-a-head", "1.1, errors with a head", line(b"GET / HTTP/2.0")),
    Conversation("http-2-preface", "1.1", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", half_close=True),
    Conversation("version-in-lower-case", "1.1", line(b"GET /tell http/1.1")),
    Conversation("version-negative", "1.1", line(b"GET /tell HTTP/-1.1")),
    Conversation("version-bogus", "1.1", line(b"GET /tell FTP/1.1")),
    Conversation("version-bogus-with-a-head", "1.1, errors with a head", line(b"GET / FTP/1.1")),
    Conversation("four-words", "1.1", line(b"GET /tell me HTTP/1.1")),
    Conversation("one-word", "1.1", b"GET\r\n\r\n"),
    Conversation("one-word-with-a-head", "1.1, errors with a head", b"GET\r\n\r\n"),
    Conversation("two-spaces", "1.1", line(b"GET  /tell  HTTP/1.1")),
    Conversation("tab-for-space", "1.1", line(b"GET\t/tell\tHTTP/1.1")),
    Conversation("trailing-space", "1.1", line(b"GET /tell HTTP/1.1 ")),
    Conversation("leading-space", "1.1", line(b" GET /tell HTTP/1.1")),
    Conversation("empty-line-first", "1.1", b"\r\n" + LAST),
    Conversation("two-empty-lines-first", "1.1", b"\r\n\r\n" + LAST),
    Conversation("only-empty-lines", "1.1", b"\r\n\r\n", half_close=True),
    Conversation("nothing-at-all", "1.1", b"", half_close=True),
    Conversation("half-a-request-line", "1.1", b"GET /tell", half_close=True),
    Conversation("half-a-head", "1.1", b"GET /tell HTTP/1.1\r\nHost: loc", half_close=True),
    Conversation("bare-line-feeds", "1.1", line(b"GET /tell HTTP/1.1", end=b"\n")),
    Conversation(
        "line-feed-after-version", "1.1", b"GET /tell HTTP/1.1\n\r\nHost: x\r\n\r\n", True
    ),
    Conversation("bare-carriage-returns", "1.1", line(b"GET /tell HTTP/1.1", b"\r"), True),
    Conversation("carriage-return-in-target", "1.1", line(b"GET /te\rll HTTP/1.1")),
    Conversation("tls-client-hello", "1.1", bytes.fromhex("16030100050100000100"), True),
]

METHODS = [
    Conversation("method-unknown", "1.1", line(b"SPAM / HTTP/1.1")),
    Conversation("method-unknown-to-1.0-handler", "1.0", line(b"SPAM / HTTP/1.1")),
    Conversation("method-in-lower-case", "1.1", line(b"get / HTTP/1.1")),
    Conversation("method-with-hyphen", "1.1", line(b"M-SEARCH * HTTP/1.1")),
    Conversation("method-no-token", "1.1", line(b"G@T /tell HTTP/1.1")),
    Conversation("method-of-markup", "1.1", line(b"<script> / HTTP/1.1")),
    Conversation("method-of-control-characters", "1.1", line(b"GE\x01T / HTTP/1.1")),
    Conversation(
        "method-unknown-with-body",
        "1.1",
        framed(b"x" * 9, "Content-Length: 9").replace(b"POST", b"SPAM", 1),
    ),
    Conversation("put", "1.1", post("/tell", b"Hi").replace(b"POST", b"PUT", 1)),
    Conversation("head", "1.1", get("/hello", method="HEAD")),
    Conversation("head-answered-with-a-body", "1.1", get("/no-length", method="HEAD")),
    Conversation("head-error", "1.1", get("/error?404", method="HEAD")),
    Conversation("head-raises", "1.1", get("/raises", method="HEAD")),
]

TARGETS = [
    Conversation("target-with-query", "1.1", get("/tell?a=1&b=%20&c=+#part")),
    Conversation("target-with-escapes", "1.1", get("/%41/%2e%2e/%2F/%e4%f6")),
    Conversation("target-with-bad-escapes", "1.1", get("/%zz/%4")),
    Conversation("target-with-brackets", "1.1", get('/a[1]{2}|"^`\\<>')),
    Conversation("target-with-two-slashes", "1.1", get("//example.org/tell")),
    Conversation("target-with-five-slashes", "1.1", get("/////tell//me")),
    Conversation("target-without-slash", "1.1", get("tell")),
    Conversation("target-asterisk", "1.1", get("*", method="OPTIONS")),
    Conversation("target-asterisk-get", "1.1", get("*")),
    Conversation("target-absolute", "1.1", get("http://localhost/tell?a=1")),
    Conversation("target-absolute-other-host", "1.1", get("http://example.org:8080/tell")),
    Conversation("target-absolute-no-path", "1.1", get("http://localhost")),
    Conversation("target-authority", "1.1", get("localhost:443", method="CONNECT")),
    Conversation("target-not-ascii", "1.1", line(b"GET /\xc3\xa4\xff HTTP/1.1")),
    Conversation("target-with-nul", "1.1", line(b"GET /te\x00ll HTTP/1.1")),
    Conversation("target-with-control", "1.1", line(b"GET /te\x1bll HTTP/1.1")),
    Conversation("target-with-delete", "1.1", line(b"GET /te\x7fll HTTP/1.1")),
    Conversation("target-of-60000-bytes", "1.1", get("/" + "x" * 60000)),
    Conversation("target-of-70000-bytes", "1.1", get("/" + "x" * 70000)),
    Conversation(
        "target-of-70000-bytes-with-a-head", "1.1, errors with a head", get("/" + "x" * 70000)
    ),
]

FIELDS = [
    Conversation("host-missing", "1.1", b"GET /tell HTTP/1.1\r\nConnection: close\r\n\r\n"),
    Conversation("host-missing-to-1.0-handler", "1.0", b"GET /tell HTTP/1.1\r\n\r\n"),
    Conversation("host-missing-in-http-1.0", "1.1", b"GET /tell HTTP/1.0\r\n\r\n"),
    Conversation("host-twice", "1.1", fields(b"Host: localhost")),
    Conversation("host-invalid", "1.1", get("/tell").replace(b"localhost", b"a b/c")),
    Conversation("host-empty", "1.1", get("/tell").replace(b"localhost", b"")),
    Conversation("field-repeated", "1.1", fields(b"X-A: 1", b"x-a: 2", b"X-B: 3")),
    Conversation("field-empty", "1.1", fields(b"X-A:", b"X-B:  ")),
    Conversation("field-with-spaces-around", "1.1", fields(b"X-A: \t 1 2 \t ")),
    Conversation("field-without-space", "1.1", fields(b"X-A:1")),
    Conversation("field-latin-1", "1.1", fields(b"X-A: D\xe4ngerous")),
    Conversation("field-utf-8", "1.1", fields(b"X-A: \xe2\x82\xac")),
    Conversation("field-with-nul", "1.1", fields(b"X-A: 1\x002")),
    Conversation("field-with-control", "1.1", fields(b"X-A: 1\x0b2")),
    Conversation("field-with-carriage-return", "1.1", fields(b"X-A: 1\r2"), True),
    Conversation("field-ended-by-line-feed", "1.1", fields(b"X-A: 1\nX-B: 2")),
    Conversation("field-folded", "1.1", fields(b"X-A: 1", b" 2", b"\t3")),
    Conversation("field-folded-first", "1.1", b"GET /tell HTTP/1.1\r\n X-A: 1\r\n\r\n", True),
    Conversation("field-space-before-colon", "1.1", fields(b"X-A : 1"), True),
    Conversation("field-name-with-space", "1.1", fields(b"X A: 1"), True),
    Conversation("field-name-not-ascii", "1.1", fields(b"X-\xe4: 1"), True),
    Conversation("field-name-empty", "1.1", fields(b": 1")),
    Conversation("field-without-colon", "1.1", fields(b"X-A"), True),
    Conversation("field-of-60000-bytes", "1.1", fields(b"X-A: " + b"x" * 60000)),
    Conversation("field-of-70000-bytes", "1.1", fields(b"X-A: " + b"x" * 70000)),
    Conversation("fields-90", "1.1", fields(*[b"X-A: 1"] * 88)),
    Conversation("fields-100", "1.1", fields(*[b"X-A: 1"] * 98)),
    Conversation("fields-101", "1.1", fields(*[b"X-A: 1"] * 99)),
    Conversation("fields-of-200000-bytes", "1.1", fields(*[b"X-A: " + b"x" * 5000] * 40)),
    Conversation("upgrade", "1.1", get("/tell", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk")),
]

PERSISTENCE = [
    Conversation("two-requests", "1.1", KEEPS + LAST),
    Conversation("five-requests", "1.1", KEEPS * 4 + LAST),
    Conversation("two-requests-then-half-close", "1.1", KEEPS * 2, half_close=True),
    Conversation("two-requests-to-1.0-handler", "1.0", KEEPS + LAST),
    Conversation("request-after-close", "1.1", LAST + LAST),
    Conversation("http-1.0-two-requests", "1.1", b"GET /hello HTTP/1.0\r\n\r\n" * 2),
    Conversation(
        "http-1.0-keep-alive",
        "1.1",
        b"GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + LAST,
    ),
    Conversation(
        "http-1.0-keep-alive-no-length",
        "1.1",
        b"GET /no-length HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        half_close=True,
    ),
    Conversation(
        "http-1.0-keep-alive-to-1.0-handler",
        "1.0",
        b"GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    ),
    Conversation(
        "close-in-a-list", "1.1", get("/hello", "Connection: x, Close", close=False) + LAST, True
    ),
    Conversation(
        "keep-alive-in-a-list",
        "1.1",
        b"GET /hello HTTP/1.0\r\nConnection: x, keep-alive\r\n\r\n" + LAST,
    ),
    Conversation("keep-alive-and-close", "1.1", get("/hello", "Connection: keep-alive") + LAST),
    Conversation("handler-closes", "1.1", get("/close-connection", close=False) + LAST),
    Conversation(
        "handler-keeps-alive-at-1.0",
        "1.0",
        b"GET /keep-alive HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + LAST,
        half_close=True,
    ),
    Conversation("error-then-request", "1.1", get("/error?404", close=False) + LAST),
    Conversation("unknown-method-then-request", "1.1", line(b"SPAM / HTTP/1.1") + LAST),
    Conversation("empty-line-between-requests", "1.1", KEEPS + b"\r\n" + LAST),
    Conversation("junk-after-request", "1.1", KEEPS + b"junk\r\n\r\n", half_close=True),
    Conversation("no-length-then-request", "1.1", get("/no-length", close=False) + LAST),
    Conversation("no-length-flushed", "1.1", get("/no-length-flushed", close=False) + LAST, True),
    Conversation("own-chunks-then-request", "1.1", get("/own-chunks", close=False) + LAST),
    Conversation("raw-then-request", "1.1", get("/raw-keep-alive", close=False) + LAST),
]

BODIES = [
    Conversation("body", "1.1", post("/tell", b"Hi there")),
    Conversation("body-to-1.0-handler", "1.0", post("/tell", b"Hi there")),
    Conversation("body-of-get", "1.1", framed(b"Hi", "Content-Length: 2").replace(b"POST", b"GET")),
    Conversation("body-of-300000-bytes", "1.1", post("/tell", b"x" * 300000)),
    Conversation("body-empty", "1.1", post("/tell", b"")),
    Conversation("body-without-length", "1.1", framed(b"Hi there"), half_close=True),
    Conversation("body-read-to-the-end", "1.1", post("/reads-to-the-end", b"Hi there"), True),
    Conversation("body-read-by-lines", "1.1", post("/reads-lines", b"1\n2345678")),
    Conversation("body-read-beyond", "1.1", post("/reads-lines", b"1\n2"), half_close=True),
    Conversation("body-not-read", "1.1", post("/reads-nothing", b"Hi", close=False) + LAST, True),
    Conversation("body-not-read-at-1.0", "1.0", post("/reads-nothing", b"Hi")),
    Conversation("two-bodies", "1.1", post("/tell", b"one", close=False) + post("/tell", b"two")),
    Conversation("body-cut-short", "1.1", framed(b"Hi", "Content-Length: 5"), half_close=True),
    Conversation("bytes-after-body", "1.1", post("/tell", b"Hi") + b"more"),
    Conversation("length-with-zeros", "1.1", framed(b"Hi", "Content-Length: 002")),
    Conversation("length-with-plus", "1.1", framed(b"Hi", "Content-Length: +2"), half_close=True),
    Conversation("length-negative", "1.1", framed(b"Hi", "Content-Length: -2"), half_close=True),
    Conversation("length-of-words", "1.1", framed(b"Hi", "Content-Length: two"), half_close=True),
    Conversation("length-with-underscore", "1.1", framed(b"x" * 10, "Content-Length: 1_0"), True),
    Conversation("length-empty", "1.1", framed(b"", "Content-Length:"), half_close=True),
    Conversation("length-list", "1.1", framed(b"Hi", "Content-Length: 2, 2"), half_close=True),
    Conversation(
        "length-twice", "1.1", framed(b"Hi", "Content-Length: 2", "Content-Length: 2"), True
    ),
    Conversation(
        "length-twice-different",
        "1.1",
        framed(b"Hi", "Content-Length: 2", "Content-Length: 1"),
        half_close=True,
    ),
    Conversation(
        "chunked", "1.1", framed(b"2\r\nHi\r\n0\r\n\r\n", "Transfer-Encoding: chunked"), True
    ),
    Conversation(
        "chunked-read-to-the-end",
        "1.1",
        framed(
            b"2;x=y\r\nHi\r\n4\r\n you\r\n0\r\nX-Trailer: 1\r\n\r\n",
            "Transfer-Encoding: chunked",
            target="/reads-to-the-end",
        ),
        half_close=True,
    ),
    Conversation(
        "chunked-then-request",
        "1.1",
        framed(b"2\r\nHi\r\n0\r\n\r\n", "Transfer-Encoding: chunked", close=False) + LAST,
        half_close=True,
    ),
    Conversation(
        "chunked-malformed",
        "1.1",
        framed(b"x\r\nHi\r\n0\r\n\r\n", "Transfer-Encoding: chunked", target="/reads-to-the-end"),
        half_close=True,
    ),
    Conversation(
        "chunked-and-length",
        "1.1",
        framed(b"2\r\nHi\r\n0\r\n\r\n", "Transfer-Encoding: chunked", "Content-Length: 12"),
        half_close=True,
    ),
    Conversation(
        "chunked-in-http-1.0",
        "1.1",
        framed(b"2\r\nHi\r\n0\r\n\r\n", "Transfer-Encoding: chunked").replace(b"1.1", b"1.0", 1),
        half_close=True,
    ),
    Conversation("coding-unknown", "1.1", framed(b"Hi", "Transfer-Encoding: gzip"), True),
    Conversation("coding-identity", "1.1", framed(b"", "Transfer-Encoding: identity"), True),
    Conversation("expect", "1.1", post("/tell", b"Hi", "Expect: 100-continue")),
    Conversation("expect-without-body", "1.1", get("/tell", "Expect: 100-continue")),
    Conversation(
        "expect-body-not-read", "1.1", post("/hello", b"Hi", "Expect: 100-continue"), True
    ),
    Conversation("expect-to-1.0-handler", "1.0", post("/tell", b"Hi", "Expect: 100-continue")),
    Conversation(
        "expect-in-http-1.0",
        "1.1",
        post("/tell", b"Hi", "Expect: 100-continue").replace(b"HTTP/1.1", b"HTTP/1.0", 1),
    ),
    Conversation("expect-something-else", "1.1", post("/tell", b"Hi", "Expect: tea")),
    Conversation(
        "expect-refused", "1.1, refuses Expect", post("/tell", b"", "Expect: 100-continue"), True
    ),
    Conversation(
        "expect-refused-with-body",
        "1.1, refuses Expect",
        post("/tell", b"Hi", "Expect: 100-continue"),
        half_close=True,
    ),
]


def both(name: str, target: str) -> list[Conversation]:
    """The same target of a handler that speaks HTTP/1.1 and of one that speaks HTTP/1.0."""
    return [
        Conversation(f"answer-{name}", "1.1", get(target)),
        Conversation(f"answer-{name}-at-1.0", "1.0", get(target)),
    ]


ANSWERS = [
    *both("no-length", "/no-length"),
    *both("nothing", "/nothing"),
    *both("own-chunks", "/own-chunks"),
    *both("raw", "/raw"),
    *both("raises", "/raises"),
    *both("head-never-ended", "/head-never-ended"),
    *both("too-long", "/too-long"),
    *both("too-short", "/too-short"),
    *(
        Conversation(f"answer-{target.strip('/').replace('?', '-')}", "1.1", get(target))
        for target in (
            "/large",
            "/in-pieces",
            "/no-length-but-close",
            "/no-length-flushed",
            "/head-only",
            "/status-only",
            "/early-hints",
            "/fields-before-status",
            "/fields-after-the-end",
            "/edited-fields",
            "/repeated-fields",
            "/latin-field",
            "/foreign-field",
            "/injected-field",
            "/injected-name",
            "/injected-reason",
            "/injected-error",
            "/own-reason",
            "/no-reason",
            "/own-server-and-date",
            "/twice",
            "/text",
            "/status?200",
            "/status?204",
            "/status?205",
            "/status?304",
            "/status?404",
            "/empty-status?200",
            "/empty-status?204",
            "/empty-status?304",
            "/error?204",
            "/error?205",
            "/error?304",
            "/error?400",
            "/error?413",
            "/error?414",
            "/error?418",
            "/error?422",
            "/error?500",
            "/error?999",
            "/explained-error",
            "/own-error-page",
            "/raises-amid-fields",
            "/raises-amid-body",
            "/raises-afterwards",
            "/times-out",
        )
    ),
    Conversation("answer-default-error-page", "1.1, default error page", get("/error?404")),
    Conversation(
        "answer-too-short-then-request", "1.1", get("/too-short", close=False) + LAST, True
    ),
    Conversation("answer-too-long-then-request", "1.1", get("/too-long", close=False) + LAST),
    Conversation("answer-nothing-then-request", "1.1", get("/nothing", close=False) + LAST),
    Conversation(
        "answer-204-with-body-then-request", "1.1", get("/status?204", close=False) + LAST
    ),
    Conversation("answer-raises-then-request", "1.1", get("/raises", close=False) + LAST),
]


def file(name: str, target: str, *fields: str, method: str = "GET") -> Conversation:
    """A request to the class that serves files; its protocol is HTTP/1.0, as it comes."""
    return Conversation(name, "files", get(target, *fields, method=method))


#: What `conversation.make_tree` gives every file.
LAST_MODIFIED = "Tue, 14 Nov 2023 22:13:20 GMT"

FILES = [
    file("file", "/plain.txt"),
    file("file-head", "/plain.txt", method="HEAD"),
    file("file-empty", "/empty"),
    file("file-large", "/large.bin"),
    file("file-compressed", "/archive.tar.gz"),
    file("file-of-unknown-type", "/data.unknown"),
    file("file-upper-case-extension", "/PAGE.HTML"),
    file("file-with-query", "/plain.txt?x=1#y"),
    file("file-missing", "/missing"),
    file("file-missing-markup", "/<b>"),
    file("file-with-slash", "/plain.txt/"),
    file("file-with-slash-and-query", "/plain.txt/?x=1"),
    file("file-escaped", "/%70lain%2Etxt"),
    file("file-with-space", "/with%20space.txt"),
    file("file-with-umlaut", "/%C3%BCmlaut.txt"),
    file("file-with-percent", "/100%25.txt"),
    file("file-hidden", "/.hidden"),
    file("file-nul", "/plain.txt%00"),
    file("file-not-utf-8", "/%ff"),
    file("file-encoded-slash", "/folder%2Fpage.html"),
    file("file-backslash", "/folder%5Cpage.html"),
    file("file-above", "/../outside.txt"),
    file("file-above-escaped", "/%2e%2e/outside.txt"),
    file("file-above-and-back", "/folder/../plain.txt"),
    file("file-two-slashes", "//plain.txt"),
    file("file-absolute-target", "http://localhost/plain.txt"),
    file("file-target-without-slash", "plain.txt"),
    file("file-post", "/plain.txt", method="POST"),
    file("file-delete", "/plain.txt", method="DELETE"),
    file("file-options", "*", method="OPTIONS"),
    file("file-range", "/plain.txt", "Range: bytes=0-1"),
    file("file-not-modified", "/plain.txt", f"If-Modified-Since: {LAST_MODIFIED}"),
    file("file-modified", "/plain.txt", "If-Modified-Since: Mon, 13 Nov 2023 22:13:20 GMT"),
    file("file-modified-since-nonsense", "/plain.txt", "If-Modified-Since: yesterday"),
    file("file-modified-since-zone", "/plain.txt", "If-Modified-Since: 14 Nov 2023 22:13:20 -0000"),
    file(
        "file-none-match", "/plain.txt", "If-None-Match: *", f"If-Modified-Since: {LAST_MODIFIED}"
    ),
    file("file-not-modified-head", "/empty", f"If-Modified-Since: {LAST_MODIFIED}", method="HEAD"),
    file("folder", "/folder/"),
    file("folder-head", "/folder/", method="HEAD"),
    file("folder-with-query", "/folder/?a=<b>"),
    file("folder-empty", "/void/"),
    file("folder-root", "/"),
    file("folder-without-slash", "/folder"),
    file("folder-without-slash-head", "/folder", method="HEAD"),
    file("folder-without-slash-and-query", "/folder?a=1&b=2"),
    file("folder-two-slashes", "//folder"),
    file("folder-with-dots", "/void/../folder"),
    file("folder-escaped-slash", "/folder%2F"),
    file("folder-absolute-target", "http://localhost/folder"),
    file("folder-with-index", "/site/"),
    file("folder-with-second-index", "/old-site/"),
    Conversation("file-two-requests", "files 1.1", get("/plain.txt", close=False) + get("/empty")),
    Conversation("folder-two-requests", "files 1.1", get("/folder/", close=False) + get("/void/")),
    Conversation(
        "folder-without-slash-then-request",
        "files 1.1",
        get("/folder", close=False) + get("/void"),
    ),
    Conversation(
        "file-not-modified-then-request",
        "files 1.1",
        get("/plain.txt", f"If-Modified-Since: {LAST_MODIFIED}", close=False) + get("/empty"),
    ),
    Conversation("file-http-0.9", "files", b"GET /plain.txt\r\n\r\n"),
    Conversation("file-http-1.0", "files 1.1", b"GET /plain.txt HTTP/1.0\r\n\r\n"),
]

#: Every conversation by the caption of its part of the page.
PARTS = {
    "Request lines": REQUEST_LINES,
    "Methods": METHODS,
    "Targets": TARGETS,
    "Fields": FIELDS,
    "Persistence and pipelining": PERSISTENCE,
    "Bodies": BODIES,
    "Answers": ANSWERS,
    "Files": FILES,
}
EVERY_CONVERSATION = [conversation for part in PARTS.values() for conversation in part]
