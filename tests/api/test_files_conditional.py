"""SimpleHTTPRequestHandler and conditional requests, ranges, methods: without a server."""

import pytest

from basehttpserver._files import regular_file
from tests.api.file_requests import Handler, ask

PAST = "Sun, 09 Sep 2001 01:46:40 GMT"
FUTURE = "Tue, 31 Dec 9999 23:59:59 GMT"


@pytest.fixture
def root(tmp_path):
    (tmp_path / "file.txt").write_bytes(b"0123456789")
    (tmp_path / "folder").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("method", "fields", "status"),
    [
        ("HEAD", (), 200),
        ("HEAD", ("Range: bytes=0-1",), 200),
        ("GET", ("If-None-Match: *",), 304),
        ("HEAD", ("If-None-Match: *",), 304),
        ("GET", (f"If-Modified-Since: {FUTURE}",), 304),
        ("GET", ('If-Match: "other"',), 412),
        ("GET", (f"If-Unmodified-Since: {PAST}",), 412),
        ("GET", ("Range: bytes=10-",), 416),
    ],
)
def test_what_is_not_sent_is_not_read(root, monkeypatch, method, fields, status):
    def refuse(*arguments):
        raise AssertionError("the file was read")

    monkeypatch.setattr(regular_file, "_read_at", refuse)
    answer = ask("/file.txt", directory=root, method=method, fields=fields)
    assert answer.status == status
    with pytest.raises(AssertionError, match="was read"):
        ask("/file.txt", directory=root)


@pytest.mark.parametrize(
    ("fields", "status", "body"),
    [
        ((), 200, b"0123456789"),
        (("Range: bytes=2-4",), 206, b"234"),
        (("Range: bytes=2-4", "If-Match: *"), 206, b"234"),
        (("Range: bytes=2-4", "Range: bytes=2-4"), 200, b"0123456789"),
        (("Range: bytes=2-4", "If-Range: *"), 200, b"0123456789"),
        (("If-Range: *",), 200, b"0123456789"),
    ],
)
def test_content(root, fields, status, body):
    answer = ask("/file.txt", directory=root, fields=fields)
    assert (answer.status, answer.body) == (status, body)
    assert answer.fields["Content-Length"] == str(len(body))
    assert answer.fields["Accept-Ranges"] == "bytes"


def test_several_ranges(root):
    answer = ask("/file.txt", directory=root, fields=["Range: bytes=0-1,5-6"])
    assert answer.status == 206
    assert answer.fields["Content-Length"] == str(len(answer.body))
    assert answer.fields["Content-type"].startswith("multipart/byteranges; boundary=")
    assert answer.body.count(b"\r\nContent-Type: text/plain; charset=utf-8\r\n") == 2


def test_media_type_of_two_lines_is_no_field_of_a_part(root):
    class Careless(Handler):
        def guess_type(self, path):
            return "text/plain\r\nX-Injected: yes"

    with pytest.raises(ValueError, match="CR, LF or NUL"):
        ask("/file.txt", Careless, directory=root, fields=["Range: bytes=0-1,5-6"])


@pytest.mark.parametrize("target", ["/", "/folder", "/absent"])
def test_what_is_no_file_has_no_ranges(root, target):
    fields = ["Range: bytes=0-1", "If-None-Match: *", 'If-Match: "other"']
    answer = ask(target, directory=root, fields=fields)
    assert answer.status in (200, 301, 404)
    assert not {"Accept-Ranges", "ETag", "Content-Range"} & answer.fields.keys()


class TestFieldsOfPrograms:
    """Those that an override of `end_headers` sends are sent once."""

    class Own(Handler):
        def end_headers(self):
            for name in ("accept-ranges", "ETag", "CACHE-CONTROL", "Allow", "Content-Range"):
                self.send_header(name, "mine")
            super().end_headers()

    @pytest.mark.parametrize(
        ("target", "method", "fields", "status"),
        [
            ("/file.txt", "GET", (), 200),
            ("/file.txt", "GET", ("If-None-Match: *",), 304),
            ("/file.txt", "GET", ("Range: bytes=99-",), 416),
            ("/folder", "GET", (), 301),
            ("/", "POST", (), 405),
        ],
    )
    def test_take_the_place_of_ours(self, root, target, method, fields, status):
        answer = ask(target, self.Own, directory=root, method=method, fields=fields)
        assert answer.status == status
        names = [line.partition(b":")[0].lower() for line in answer.head.splitlines()]
        assert len(names) == len(set(names))
        assert answer.fields["CACHE-CONTROL"] == answer.fields["ETag"] == "mine"

    def test_ours_are_in_no_other_answer(self, root):
        class Failing(Handler):
            protocol_version = "HTTP/1.1"

            def end_headers(self):
                if self.path == "/file.txt" and not self.has_failed:
                    self.has_failed = True
                    raise LookupError
                super().end_headers()

            def do_GET(self):
                self.has_failed = False
                try:
                    super().do_GET()
                except LookupError:
                    self._headers_buffer = []
                    self.send_error(500)

        answer = ask("/file.txt", Failing, directory=root)
        assert answer.status == 500
        assert not {"Accept-Ranges", "ETag"} & answer.fields.keys()

    def test_without_a_constructor(self, root):
        """CPython's own tests make handlers so."""
        handler = Handler.__new__(Handler)
        handler.request_version = "HTTP/1.1"
        handler.wfile = type("Sink", (), {"write": lambda self, data: taken.append(data)})()
        taken = []
        handler.send_header("Foo", "foo")
        handler.end_headers()
        assert taken == [b"Foo: foo\r\n\r\n"]


class TestMethods:
    @pytest.mark.parametrize(
        "method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"]
    )
    def test_that_every_server_knows(self, root, method):
        answer = ask("/file.txt", directory=root, method=method)
        assert (answer.status, answer.fields["Allow"]) == (405, "GET, HEAD")

    @pytest.mark.parametrize("method", ["SPAM", "post", "GETS", "PROPFIND"])
    def test_that_nobody_knows(self, root, method):
        answer = ask("/file.txt", directory=root, method=method)
        assert answer.status == 501
        assert "Allow" not in answer.fields

    def test_of_a_program(self, root):
        class Uploads(Handler):
            def do_PUT(self):
                self.send_error(403)

            def do_SPAM(self):
                self.send_error(418)

            def do_EGGS(self):
                self.send_error(418)

        answer = ask("/file.txt", Uploads, directory=root, method="DELETE")
        assert answer.fields["Allow"] == "GET, HEAD, PUT, EGGS, SPAM"
        assert ask("/file.txt", Uploads, directory=root, method="PUT").status == 403

    def test_that_changes_something_fails_where_a_tag_matches(self, root):
        class Posts(Handler):
            def do_POST(self):
                self.do_GET()

        fields = ["If-None-Match: *", "Range: bytes=0-1"]
        assert ask("/file.txt", Posts, directory=root, method="POST", fields=fields).status == 412
        answer = ask("/file.txt", Posts, directory=root, method="POST", fields=fields[1:])
        assert (answer.status, answer.body) == (200, b"0123456789")
