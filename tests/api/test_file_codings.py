"""Files in content codings, as a client gets them (RFC 9110 8.4, 12.5.3)."""

import gzip
import os
import time

import brotli
import pytest

from basehttpserver import HTTPServer, ThreadingHTTPServer
from basehttpserver._files import precompressed, representation
from tests.api.file_requests import Handler, ask
from tests.command_line.running import ask as ask_by_socket
from tests.running import serving

PAGE = b"<p>A page that is worth it, line after line.</p>\n" * 100


@pytest.fixture(autouse=True)
def _nothing_is_remembered(monkeypatch):
    # By then nothing that is here now can change without another time.
    files = representation.CompressedFiles(now=lambda: time.time_ns() + 10_000_000_000)
    monkeypatch.setattr(representation, "_COMPRESSED", files)
    monkeypatch.setattr(representation, "_PRECOMPRESSED", precompressed.PrecompressedFiles())


@pytest.fixture
def root(tmp_path):
    for name in ("page.html", "sub/page.html"):
        write(tmp_path / name, PAGE)
    return tmp_path


def write(path, content, seconds=1_000_000_000):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (seconds, seconds))


def get(root, *fields, target="/page.html", accepts="gzip, br", **keywords):
    accepting = [f"Accept-Encoding: {accepts}"] if accepts else []
    return ask(target, fields=[*accepting, *fields], directory=root, **keywords)


def test_nothing_is_coded_by_default(root):
    write(root / "page.html.gz", b"compressed")
    answer = get(root)
    assert answer.body == PAGE
    assert not {"Content-Encoding", "Vary"} & answer.fields.keys()


class TestCompress:
    @pytest.mark.parametrize(
        ("accepts", "coding", "decompress"),
        [
            ("gzip", "gzip", gzip.decompress),
            ("br, gzip", "br", brotli.decompress),
            ("br;q=0.5, gzip", "gzip", gzip.decompress),
            ("x-gzip", "gzip", gzip.decompress),
        ],
    )
    def test_by_what_the_client_accepts(self, root, accepts, coding, decompress):
        answer = get(root, accepts=accepts, compress=True)
        assert answer.status == 200
        assert decompress(answer.body) == PAGE
        assert answer.fields["Content-Encoding"] == coding
        assert answer.fields["Content-Length"] == str(len(answer.body))
        assert answer.fields["Content-type"] == "text/html; charset=utf-8"
        assert answer.fields["Vary"] == "Accept-Encoding"
        assert "Accept-Ranges" not in answer.fields

    @pytest.mark.parametrize("accepts", ["", "identity", "gzip;q=0", "compress", "\x80"])
    def test_not_for_who_does_not_accept_it(self, root, accepts):
        answer = get(root, accepts=accepts, compress=True)
        assert answer.body == PAGE
        assert "Content-Encoding" not in answer.fields
        assert answer.fields["Vary"] == "Accept-Encoding"
        assert answer.fields["Accept-Ranges"] == "bytes"

    @pytest.mark.parametrize("name", ["small.html", "picture.png", "page.html.gz"])
    def test_what_is_not_worth_it(self, root, name):
        write(root / name, b"x" * 200 if name == "small.html" else PAGE)
        answer = get(root, target=f"/{name}", compress=True)
        assert not {"Content-Encoding", "Vary"} & answer.fields.keys()

    def test_tag_is_another_and_weak(self, root):
        tags = {
            get(root, accepts=accepts, compress=True).fields["ETag"]
            for accepts in ("", "gzip", "br")
        }
        assert len(tags) == 3
        assert sum(tag.startswith("W/") for tag in tags) == 2

    def test_is_not_made_for_304(self, root, monkeypatch):
        tag = get(root, compress=True).fields["ETag"]

        def refuse(*_):
            raise AssertionError

        monkeypatch.setattr(representation.CompressedFiles, "compress", refuse)
        answer = get(root, f"If-None-Match: {tag}", compress=True)
        assert answer.status == 304
        assert answer.fields["ETag"] == tag
        assert answer.fields["Vary"] == "Accept-Encoding"
        assert "Content-Encoding" not in answer.fields

    def test_is_not_made_for_head(self, root):
        """Its length is told where it is known."""
        before = get(root, method="HEAD", compress=True)
        assert before.fields["Content-Encoding"] == "br"
        assert "Content-Length" not in before.fields
        length = get(root, compress=True).fields["Content-Length"]
        after = get(root, method="HEAD", compress=True)
        assert after.fields["Content-Length"] == length
        assert after.fields["ETag"] == before.fields["ETag"]

    def test_a_part_is_one_of_the_file_as_it_is(self, root):
        answer = get(root, "Range: bytes=3-6", compress=True)
        assert answer.status == 206
        assert answer.body == PAGE[3:7]
        assert answer.fields["ETag"] == get(root, accepts="", compress=True).fields["ETag"]

    def test_file_that_becomes_shorter(self, root, monkeypatch):
        monkeypatch.setattr(representation.CompressedFiles, "compress", lambda *_: None)
        answer = get(root, compress=True)
        assert answer.body == PAGE
        assert "Content-Encoding" not in answer.fields


class TestPrecompressed:
    @pytest.fixture
    def root(self, root):
        write(root / "page.html.br", b"made by brotli")
        write(root / "page.html.gz", b"made by gzip")
        return root

    @pytest.mark.parametrize(
        ("accepts", "body"),
        [("gzip", b"made by gzip"), ("gzip, br", b"made by brotli"), ("", PAGE), ("zstd", PAGE)],
    )
    def test_by_what_the_client_accepts(self, root, accepts, body):
        answer = get(root, accepts=accepts, precompressed=True)
        assert answer.body == body
        assert answer.fields["Content-type"] == "text/html; charset=utf-8"
        assert answer.fields["Accept-Ranges"] == "bytes"
        assert answer.fields["Vary"] == "Accept-Encoding"
        assert ("Content-Encoding" in answer.fields) is (body != PAGE)

    def test_has_ranges_and_a_strong_tag_of_its_own(self, root):
        tag = get(root, precompressed=True).fields["ETag"]
        assert tag.endswith('-br"')
        fields = "Range: bytes=0-3", f"If-Range: {tag}"
        answer = get(root, *fields, precompressed=True)
        assert (answer.status, answer.body) == (206, b"made")
        assert answer.fields["Content-Encoding"] == "br"
        assert answer.fields["Content-Range"] == "bytes 0-3/14"
        # Of another form that is not a part.
        answer = get(root, *fields, accepts="gzip", precompressed=True)
        assert (answer.status, answer.body) == (200, b"made by gzip")

    def test_comes_before_what_we_would_make(self, root):
        answer = get(root, precompressed=True, compress=True)
        assert answer.body == b"made by brotli"
        assert (
            get(root, target="/sub/page.html", precompressed=True, compress=True)
            .fields["ETag"]
            .startswith("W/")
        )

    @pytest.mark.parametrize(
        ("condition", "fields"), [("If-None-Match", ()), ("If-Range", ("Range: bytes=1-3",))]
    )
    def test_that_vanishes(self, root, condition, fields):
        """Nothing of the file as it is continues what a client has of its form."""
        tag = get(root, precompressed=True).fields["ETag"]
        for form in root.glob("page.html.*"):
            form.unlink()
        answer = get(root, f"{condition}: {tag}", *fields, precompressed=True)
        assert (answer.status, answer.body) == (200, PAGE)
        assert answer.fields["ETag"] != tag

    @pytest.mark.parametrize(
        ("condition", "fields"), [("If-None-Match", ()), ("If-Range", ("Range: bytes=1-3",))]
    )
    def test_that_appears(self, root, condition, fields):
        tag = get(root, accepts="", precompressed=True).fields["ETag"]
        answer = get(root, f"{condition}: {tag}", *fields, precompressed=True)
        assert (answer.status, answer.body) == (200, b"made by brotli")
        assert answer.fields["ETag"] != tag

    def test_that_is_hidden_by_the_rules_of_links(self, root, tmp_path_factory):
        outside = tmp_path_factory.mktemp("outside") / "secret"
        outside.write_bytes(b"secret")
        (root / "sub" / "page.html.br").symlink_to(outside)
        answer = get(root, target="/sub/page.html", precompressed=True, symlinks="inside")
        assert answer.body == PAGE


@pytest.mark.parametrize("option", ["compress", "precompressed"])
class TestProgramsThatHaveASay:
    def test_override_of_copyfile(self, root, option):
        class Replacing(Handler):
            def copyfile(self, source, outputfile):
                outputfile.write(source.read().replace(b"page", b"PAGE"))

        write(root / "page.html.br", b"made by brotli")
        answer = get(root, handler=Replacing, **{option: True})
        assert answer.body == PAGE.replace(b"page", b"PAGE")
        assert "Content-Encoding" not in answer.fields

    def test_coding_of_their_own(self, root, option):
        fields = [("content-encoding", "own")]
        answer = get(root, extra_response_headers=fields, **{option: True})
        assert answer.body == PAGE
        assert "Content-Encoding" not in answer.fields

    def test_vary_of_their_own(self, root, option):
        class Varying(Handler):
            def end_headers(self):
                self.send_header("Vary", "Origin")
                super().end_headers()

        head = get(root, handler=Varying, **{option: True}).head
        assert b"\r\nVary: Origin\r\n" in head
        assert b"\r\nVary: Accept-Encoding\r\n" in head

    def test_class_attribute(self, root, option):
        handler = type("Own", (Handler,), {option: True})
        write(root / "page.html.br", b"made by brotli")
        assert "Content-Encoding" in get(root, handler=handler).fields
        assert "Content-Encoding" not in get(root, handler=handler, **{option: False}).fields


@pytest.mark.parametrize("server_class", [HTTPServer, ThreadingHTTPServer])
def test_over_the_wire(root, server_class):
    class Own(Handler):
        protocol_version = "HTTP/1.1"
        compress = True

        def __init__(self, *args, **keywords):
            super().__init__(*args, directory=root, **keywords)

    with serving(server_class(("127.0.0.1", 0), Own)) as running:
        for method in ("HEAD", "GET", "HEAD"):
            answer = ask_by_socket(
                running.address, "/page.html", method=method, fields=["Accept-Encoding: gzip"]
            )
            head, _, body = answer.partition(b"\r\n\r\n")
            assert b"\r\nContent-Encoding: gzip" in head
            assert b"Transfer-Encoding" not in head
            assert gzip.decompress(body) == (PAGE if method == "GET" else b"")
