"""What can be had of a folder over the wire, as a client spells it and no library would."""

import functools

import pytest

from basehttpserver import HTTPServer, SimpleHTTPRequestHandler, ThreadingHTTPServer
from tests.hostile.victims import ANYWHERE
from tests.running import serving
from tests.wire.conversation import conversation

pytestmark = pytest.mark.usefixtures("leaks_nothing")

each_server = pytest.mark.parametrize("server_class", [HTTPServer, ThreadingHTTPServer])

CONTENT = bytes(range(256)) * 4


class Files(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"


@pytest.fixture
def served(tmp_path):
    """A folder with a file; a secret beside it, and one in a folder whose name begins alike."""
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "file").write_bytes(CONTENT)
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "served_other").mkdir()
    (tmp_path / "served_other" / "secret").write_bytes(b"secret")
    return folder


@each_server
def test_traversal(server_class, served, capsys):
    handler = functools.partial(Files, directory=served)
    with serving(server_class(ANYWHERE, handler)) as running:
        for target in (
            "/../secret",
            "/%2e%2e/secret",
            "/%2e%2e%2fsecret",
            "/..%2fsecret",
            "/..%5csecret",
            "/..\\secret",
            "/%c0%ae%c0%ae/secret",
            "/../served_other/secret",
            "/%2e%2e/served_other/secret",
            "//../secret",
            f"/{served.parent}/secret",
            f"/%2f{served.parent}/secret",
            "http://test/../secret",
            "/file%00",
            "/file/",
            "/C:/secret",
        ):
            with conversation(running) as client:
                assert b"secret" not in client.get(target).expect(404).body, target
        with conversation(running) as client:
            client.get("/file").expect(200, CONTENT)


@each_server
@pytest.mark.parametrize(
    "ranges",
    [
        "bytes=5-1",
        "bytes=0-1,5-1",
        "bytes=-",
        "bytes=+1-2",
        "bytes=1_0-20",
        "bytes=999999999999999999999-",
        "bytes=0-" + "9" * 10_000,
        "bytes=\xb2-",
        "bytes=0-\xb9",
        "bytes=" + "0-," * 201,
        "bytes=" + "0-,5-0," * 5000,
        "bytes=" + "," * 30_000,
        "bites=1-2",
        "bytes=0-1\r\nRange: bytes=2-3",
    ],
    ids=lambda ranges: ranges[:20],
)
def test_ranges_that_are_ignored(server_class, served, ranges, capsys):
    """RFC 9110 14.2: a server may ignore Range. What it must not do is count them all."""
    handler = functools.partial(Files, directory=served)
    with serving(server_class(ANYWHERE, handler)) as running, conversation(running) as client:
        response = client.get("/file", f"Range: {ranges}").expect(200, CONTENT)
        assert response["Content-Range"] is None
        client.get("/file").expect(200, CONTENT)


@each_server
@pytest.mark.parametrize(
    ("ranges", "sent"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=5-", (5, 1024)),
        ("bytes=-5", (1019, 1024)),
        ("bytes=1000-99999999999999999999", (1000, 1024)),
        ("bytes=-99999999999999999999", (0, 1024)),
        ("bytes=" + "0-," * 200, (0, 1024)),
        ("bytes=" + "5-6,0-5," * 100, (0, 7)),
        ("bytes=" + ",".join(f"{1024 - n}-{1030 - n}" for n in range(200)), (825, 1024)),
    ],
    ids=lambda value: str(value)[:20],
)
def test_ranges_that_are_one(server_class, served, ranges, sent, capsys):
    handler = functools.partial(Files, directory=served)
    with serving(server_class(ANYWHERE, handler)) as running, conversation(running) as client:
        response = client.get("/file", f"Range: {ranges}").expect(206, CONTENT[slice(*sent)])
        assert response["Content-Range"] == f"bytes {sent[0]}-{sent[1] - 1}/1024"
        client.get("/file").expect(200, CONTENT)


@each_server
@pytest.mark.parametrize(
    "ranges", ["bytes=1024-", "bytes=99999999999999999999-", "bytes=-0", "bytes=" + "2000-," * 200]
)
def test_ranges_that_are_not_there(server_class, served, ranges, capsys):
    handler = functools.partial(Files, directory=served)
    with serving(server_class(ANYWHERE, handler)) as running, conversation(running) as client:
        response = client.get("/file", f"Range: {ranges}").expect(416)
        assert response["Content-Range"] == "bytes */1024"
        client.want_closed()


@each_server
def test_ranges_cost_no_more_than_their_heads(server_class, served, capsys):
    """As many as are answered at all, each as small as can be."""
    ranges = ",".join(f"{2 * n}-{2 * n}" for n in range(200))
    handler = functools.partial(Files, directory=served)
    with serving(server_class(ANYWHERE, handler)) as running, conversation(running) as client:
        response = client.get("/file", f"Range: bytes={ranges}").expect(206)
        assert response.body.count(b"Content-Range: ") == 200
        assert len(response.body) < 200 * 200
