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
        "bytes=0-0",
        "bytes=5-",
        "bytes=-5",
        "bytes=5-1",
        "bytes=99999999999999999999-",
        "bytes=\xb2-",
        "bytes=" + "0-,5-0," * 5000,
        "bites=1-2",
    ],
    ids=lambda ranges: ranges[:20],
)
def test_ranges(server_class, served, ranges, capsys):
    """RFC 9110 14.2: a server may ignore Range. What it must not do is count them all."""
    handler = functools.partial(Files, directory=served)
    with serving(server_class(ANYWHERE, handler)) as running, conversation(running) as client:
        response = client.get("/file", f"Range: {ranges}").expect(200, CONTENT)
        assert response["Content-Range"] is None
