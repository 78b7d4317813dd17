"""Every answer about a file ends where it says, to GET and HEAD, and the next one follows it."""

import functools
import gzip
import itertools
import os

import pytest

from basehttpserver import HTTPServer, SimpleHTTPRequestHandler, ThreadingHTTPServer
from tests.running import serving
from tests.wire.conversation import conversation

pytestmark = pytest.mark.usefixtures("leaks_nothing")

PAGE = b"<p>page" * 1000

TARGETS = [
    "/page.html",
    "/empty",
    "/large",
    "/form.html",
    "/folder",
    "/folder/",
    "/listed/",
    "/none",
    "/page.html/",
]

OPTIONS = {
    "plain": {},
    "compress": {"compress": True},
    "precompressed": {"precompressed": True, "cache_control": "no-cache"},
    "both": {"compress": True, "precompressed": True},
}


class Files(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format, *arguments):
        pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("framing")
    for name, content in [
        ("page.html", PAGE),
        ("empty", b""),
        ("large", bytes(200_000)),
        ("form.html", PAGE),
        ("form.html.gz", gzip.compress(PAGE)),
        ("folder/index.html", PAGE),
        ("listed/file", b""),
    ]:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (1_000_000_000, 1_000_000_000))
    return folder


@pytest.fixture(params=[HTTPServer, ThreadingHTTPServer])
def server_class(request):
    return request.param


def conditions(tag):
    """Conditional fields that hold and that do not hold, and ranges that are there and are not."""
    date = "Sun, 09 Sep 2001 01:46:40 GMT"
    return [
        [],
        [f"If-None-Match: {tag}"],
        ['If-None-Match: "other"', f"If-Modified-Since: {date}"],
        [f"If-Modified-Since: {date}"],
        [f"If-Match: {tag}"],
        ['If-Match: "other"'],
        ["If-Unmodified-Since: Sun, 09 Sep 2001 01:46:39 GMT"],
        ["Range: bytes=0-9"],
        ["Range: bytes=0-9,20-29"],
        ["Range: bytes=999999-"],
        ["Range: bytes=0-9", f"If-Range: {tag}"],
        ["Range: bytes=0-9", 'If-Range: "other"'],
    ]


def answer(client, method):
    """Read an answer; return its status, its fields but for the Date, and whether it is the last.

    A body that is shorter than its length fails here, one that is longer where the next one begins.
    """
    response = client.read_response(method)
    assert response.framing == ("length" if method == "GET" and response.status != 304 else "none")
    fields = [field for field in response.fields if field[0] != "Date"]
    return response.status, fields, response["Connection"] == "close"


def without_length(answered):
    status, fields = answered
    return status, [field for field in fields if field[0] != "Content-Length"]


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
def test_every_answer(server_class, folder, options, version):
    handler = functools.partial(Files, directory=folder, **options)
    kept = ["Connection: keep-alive"] if version == "HTTP/1.0" else []

    def ask(method, target, fields):
        with conversation(running) as client:
            client.get(target, *fields, *kept, method=method, version=version)
            client.get("/empty", "Connection: close", version=version)
            status, found, is_last = answer(client, method)
            assert is_last == (status >= 400)
            if not is_last:
                client.expect(200, b"")
            client.want_gone()
        return status, found

    with serving(server_class(("127.0.0.1", 0), handler)) as running:
        for target, accepts in itertools.product(TARGETS, ([], ["Accept-Encoding: gzip"])):
            tag = dict(ask("GET", target, accepts)[1]).get("ETag", "*")
            for fields in conditions(tag):
                by_get = ask("GET", target, [*accepts, *fields])
                by_head = ask("HEAD", target, [*accepts, *fields])
                if by_get[0] in (206, 416):  # Range counts for GET alone (RFC 9110 14.2).
                    assert by_head[0] == 200
                    continue
                names = {name for name, _ in by_get[1]}
                if "Content-Encoding" in names and "Accept-Ranges" not in names:
                    # It is compressed for GET alone (RFC 9110 9.3.2), unless it is remembered.
                    by_get, by_head = map(without_length, (by_get, by_head))
                assert by_head == by_get, (target, accepts, fields)
