"""uploadserver: uploads, authentication and TLS upon ``http.server.test``, run by its command."""

import base64
import http.client
import socket
import ssl
import subprocess

import pytest
import requests

from tests.downstream.table import PROGRAMS

#: cgi.FieldStorage keeps below 1000 bytes in memory, the rest in a file.
SMALL = b"small\r\n--not the boundary\r\n"
LARGE = bytes(range(256)) * 20000


@pytest.fixture
def shared(tmp_path):
    folder = tmp_path / "shared"
    folder.mkdir()
    (folder / "there.txt").write_text("there")
    return folder


@pytest.fixture
def serve(launch, shared):
    def serve(*options):
        return launch(
            "-m", "uploadserver", "0", "--bind", "127.0.0.1", "--directory", shared, *options
        )

    return serve


@pytest.fixture
def program(serve):
    with serve() as program:
        yield program


def upload(program, *files, method="POST", scheme="http", **options):
    return requests.request(
        method,
        program.url("/upload", scheme=scheme),
        files=[("files", file) for file in files],
        timeout=20,
        **options,
    )


def test_page_and_listing(program, side):
    page = requests.get(program.url("/upload"), timeout=10)
    assert (page.status_code, "File Upload" in page.text) == (200, True)
    # It rewrites the listing, in `_headers_buffer` and by a `copyfile` that it sets on itself.
    listing = requests.get(program.url("/"), timeout=10)
    assert "Injected by uploadserver" in listing.text
    assert "there.txt" in listing.text
    assert listing.text.rstrip().endswith("</html>")
    assert int(listing.headers["Content-Length"]) == len(listing.content)
    assert requests.get(program.url("/there.txt"), timeout=10).text == "there"
    if side == "basehttpserver":
        assert program.lanes == PROGRAMS["uploadserver"].lanes


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("content", [b"", SMALL, LARGE], ids=["empty", "small", "large"])
def test_upload(program, shared, content, method):
    response = upload(program, ("new.bin", content), method=method)
    assert (response.status_code, response.reason) == (204, "Files accepted")
    assert (shared / "new.bin").read_bytes() == content
    assert requests.get(program.url("/new.bin"), timeout=10).content == content


def test_several_files_and_names_in_use(program, shared):
    response = upload(program, ("there.txt", b"1"), ("\u00e4.txt", b"2"), ("../../up.txt", b"3"))
    assert (response.status_code, response.reason) == (
        204,
        "Some filename(s) changed due to name conflict",
    )
    found = {path.name: path.read_bytes() for path in shared.iterdir()}
    assert found == {
        "there.txt": b"there",
        "there (1).txt": b"1",
        "\u00e4.txt": b"2",
        "up.txt": b"3",
    }


def test_curl_uploads_after_100_continue(program, shared, tmp_path):
    """curl asks before it sends more than a megabyte."""
    large = tmp_path / "large.bin"
    large.write_bytes(LARGE)
    command = ["curl", "--silent", "--show-error", "--fail", "--max-time", "20"]
    subprocess.run(
        [*command, "-F", f"files=@{large}", "-H", "Expect: 100-continue", program.url("/upload")],
        check=True,
    )
    assert (shared / "large.bin").read_bytes() == LARGE


def test_refusals(program):
    assert requests.post(program.url("/upload"), files={"x": b"y"}, timeout=10).status_code == 400
    assert requests.post(program.url("/"), files={"files": b"y"}, timeout=10).status_code == 404


def test_upload_that_the_client_breaks_off(program, shared):
    with socket.create_connection(("127.0.0.1", program.port), timeout=10) as client:
        client.sendall(
            b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
            b"Content-Length: 100000\r\n\r\n--b\r\nContent-Disposition: form-data;"
            b' name="files"; filename="cut.bin"\r\n\r\nhalf'
        )
    assert upload(program, ("next.bin", SMALL)).status_code == 204
    assert (shared / "next.bin").read_bytes() == SMALL


def test_basic_authentication(serve, shared):
    with serve("--basic-auth", "user:word") as program:
        assert requests.get(program.url("/"), timeout=10).status_code == 401
        assert requests.get(program.url("/"), auth=("user", "bad"), timeout=10).status_code == 401
        assert requests.get(program.url("/"), auth=("user", "word"), timeout=10).ok
        assert upload(program, ("new.bin", SMALL)).status_code == 401
        assert not (shared / "new.bin").exists()
        assert upload(program, ("new.bin", SMALL), auth=("user", "word")).status_code == 204


def test_large_body_without_leave(serve, shared):
    """The answer reaches a client that is still sending what nobody will read."""
    with serve("--basic-auth-upload", "user:word") as program:
        assert requests.get(program.url("/"), timeout=10).ok
        connection = http.client.HTTPConnection("127.0.0.1", program.port, timeout=10)
        try:
            connection.request("POST", "/upload", headers={"Content-Length": str(len(LARGE))})
            assert connection.getresponse().status == 401
        finally:
            connection.close()
        word = base64.b64encode(b"user:word").decode()
        response = upload(program, ("new.bin", LARGE), headers={"Authorization": f"Basic {word}"})
        assert response.status_code == 204


def test_tls(serve, shared, certificate):
    """It wraps ``server.socket`` in ``server_bind``, before anything listens."""
    with serve("--server-certificate", certificate) as program:
        response = upload(program, ("new.bin", LARGE), scheme="https", verify=str(certificate))
        assert response.status_code == 204
        assert (shared / "new.bin").read_bytes() == LARGE
        answer = requests.get(
            program.url("/new.bin", scheme="https"), verify=str(certificate), timeout=10
        )
        assert answer.content == LARGE


def test_client_certificates(serve, certificate):
    with serve("--server-certificate", certificate, "--client-certificate", certificate) as program:
        url = program.url("/there.txt", scheme="https")
        known = requests.get(url, verify=str(certificate), cert=str(certificate), timeout=10)
        assert known.text == "there"
        with pytest.raises((requests.exceptions.ConnectionError, ssl.SSLError)):
            requests.get(url, verify=str(certificate), timeout=10)
