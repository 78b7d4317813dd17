"""SimpleHTTPRequestHandler: the bytes of its answers: CPython 3.15's, and what RFC 9110 adds."""

import functools
import os
import pathlib
import types
from unittest import mock

import pytest

from basehttpserver._files import regular_file
from tests.api.file_requests import Connection, Handler, ask, ask_past_parser, exchange

MODIFIED = 1_000_000_000
MODIFIED_DATE = "Sun, 09 Sep 2001 01:46:40 GMT"


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


def put(path, content=b"content"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (MODIFIED, MODIFIED))
    return path


def entity_tag(path):
    """The tag of a file that `put` has made."""
    status = os.stat(path)
    return f'"{status.st_ino:x}-{status.st_size:x}-{MODIFIED * 10**9:x}"'


class TestFile:
    def test_get(self, root):
        path = put(root / "hello.txt", b"Hello, world\n")
        request = b"GET /hello.txt HTTP/1.0\r\n\r\n"
        assert exchange(request, directory=root) == (
            b"HTTP/1.0 200 OK\r\n"
            b"Server: Files Test\r\n"
            b"Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
            b"Content-type: text/plain; charset=utf-8\r\n"
            b"Content-Length: 13\r\n"
            b"Last-Modified: Sun, 09 Sep 2001 01:46:40 GMT\r\n"
            b"Accept-Ranges: bytes\r\n"
            b"ETag: %s\r\n"
            b"\r\n"
            b"Hello, world\n" % entity_tag(path).encode()
        )

    def test_head_is_that_of_get_and_nothing_follows_it(self, root):
        put(root / "hello.txt")
        answer = ask("/hello.txt", directory=root, method="HEAD")
        assert answer.head == ask("/hello.txt", directory=root).head
        assert answer.body == b""

    def test_empty_file(self, root):
        put(root / "empty", b"")
        answer = ask("/empty", directory=root)
        assert (answer.status, answer.fields["Content-Length"], answer.body) == (200, "0", b"")

    def test_larger_than_a_block(self, root):
        content = os.urandom(1_000_003)
        put(root / "large", content)
        assert ask("/large", directory=root).body == content

    def test_without_version_only_the_content_is_sent(self, root):
        put(root / "hello.txt", b"Hello")
        assert exchange(b"GET /hello.txt\r\n", directory=root) == b"Hello"

    @pytest.mark.parametrize("target", ["/a b", "/a%20b?query", "/a%20b#fragment", "/x/../a%20b"])
    def test_target_that_names_a_file(self, root, target):
        put(root / "a b", b"found")
        assert ask_past_parser(target, directory=root).body == b"found"

    @pytest.mark.parametrize("target", ["/absent", "/absent/", "/file/", "/file/more", "/%2561"])
    def test_not_found(self, root, target):
        put(root / "file")
        put(root / "a")
        answer = ask(target, directory=root)
        assert answer.head.startswith(b"HTTP/1.0 404 File not found\r\n")
        assert answer.fields["Connection"] == "close"

    def test_name_that_is_no_text(self, root):
        path = os.fsencode(root) + b"/\xff.bin"
        try:
            pathlib.Path(os.fsdecode(path)).write_bytes(b"undecodable")
        except OSError:
            pytest.skip("file names are text here")
        # A surrogate of PEP 383 in UTF-8: what the listing links to.
        assert ask("/%ED%B3%BF.bin", directory=root).body == b"undecodable"

    def test_time_that_is_no_date(self, root, monkeypatch):
        put(root / "file", b"content")

        def fstat(descriptor, fstat=os.fstat):
            status = fstat(descriptor)
            names = [name for name in dir(status) if name.startswith("st_")]
            altered = {name: getattr(status, name) for name in names}
            return types.SimpleNamespace(**altered | {"st_mtime": -1e15, "st_mtime_ns": -(10**24)})

        monkeypatch.setattr(regular_file.os, "fstat", fstat)
        answer = ask("/file", directory=root, fields=[f"If-Modified-Since: {MODIFIED_DATE}"])
        assert (answer.status, answer.body) == (200, b"content")
        assert "Last-Modified" not in answer.fields


class TestListing:
    def test_page(self, root):
        for name in ["b.txt", "A.txt", "<&>\"'.txt", "100%#?+.txt", "é.txt", ".hidden"]:
            put(root / name)
        (root / "folder").mkdir()
        request = b"GET / HTTP/1.0\r\n\r\n"
        page = (
            "<!DOCTYPE HTML>\n"
            '<html lang="en">\n'
            "<head>\n"
            '<meta charset="utf-8">\n'
            '<style type="text/css">\n'
            ":root {\n"
            "color-scheme: light dark;\n"
            "}\n"
            "</style>\n"
            "<title>Directory listing for /</title>\n"
            "</head>\n"
            "<body>\n"
            "<h1>Directory listing for /</h1>\n"
            "<hr>\n"
            "<ul>\n"
            '<li><a href=".hidden">.hidden</a></li>\n'
            '<li><a href="100%25%23%3F%2B.txt">100%#?+.txt</a></li>\n'
            '<li><a href="%3C%26%3E%22%27.txt">&lt;&amp;&gt;"\'.txt</a></li>\n'
            '<li><a href="A.txt">A.txt</a></li>\n'
            '<li><a href="b.txt">b.txt</a></li>\n'
            '<li><a href="folder/">folder/</a></li>\n'
            '<li><a href="%C3%A9.txt">é.txt</a></li>\n'
            "</ul>\n"
            "<hr>\n"
            "</body>\n"
            "</html>\n"
        ).encode()
        assert (
            exchange(request, directory=root)
            == (
                b"HTTP/1.0 200 OK\r\n"
                b"Server: Files Test\r\n"
                b"Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
                b"Content-type: text/html; charset=utf-8\r\n"
                b"Content-Length: %d\r\n"
                b"\r\n" % len(page)
            )
            + page
        )

    def test_head_is_that_of_get_and_nothing_follows_it(self, root):
        answer = ask("/", directory=root, method="HEAD")
        assert answer.head == ask("/", directory=root).head
        assert answer.body == b""

    def test_nothing_in_it(self, root):
        assert b"<hr>\n<ul>\n</ul>\n<hr>\n" in ask("/", directory=root).body

    def test_symbolic_links(self, root):
        (root / "folder").mkdir()
        (root / "to_folder").symlink_to("folder")
        (root / "to_nothing").symlink_to("nothing")
        (root / "to_itself").symlink_to("to_itself")
        page = ask("/", directory=root).body
        # A link to a folder is shown as a link, and linked as a folder.
        assert b'<a href="to_folder/">to_folder@</a>' in page
        assert b'<a href="to_nothing">to_nothing@</a>' in page
        assert b'<a href="to_itself">to_itself@</a>' in page

    def test_name_that_is_no_text(self, root):
        try:
            pathlib.Path(os.fsdecode(os.fsencode(root) + b"/\xff\xfe")).touch()
        except OSError:
            pytest.skip("file names are text here")
        page = ask("/", directory=root).body
        assert b'<a href="%ED%B3%BF%ED%B3%BE">\xff\xfe</a>' in page

    def test_newline_in_a_name(self, root):
        put(root / "two\nlines")
        assert b'<a href="two%0Alines">two\nlines</a>' in ask("/", directory=root).body

    @pytest.mark.parametrize(
        ("target", "shown"),
        [
            ("/folder/?query", "/folder/"),
            ("/folder/#fragment?", "/folder/"),
            ("/folder%2f", "/folder/"),
            ("/%66older/", "/folder/"),
            ("/folder/%3Cb%3E&/../", "/folder/&lt;b&gt;&amp;/../"),
            ("/folder/%ff/../", "/folder/\N{REPLACEMENT CHARACTER}/../"),
            # A surrogate that stands for no byte; CPython fails on it.
            ("/folder/%ED%A0%80/../", "/folder/&#55296;/../"),
        ],
    )
    def test_title_is_the_decoded_path(self, root, target, shown):
        (root / "folder").mkdir()
        page = ask(target, directory=root).body.decode()
        assert f"<title>Directory listing for {shown}</title>" in page
        assert f"<h1>Directory listing for {shown}</h1>" in page

    def test_may_not_be_read(self, root, monkeypatch):
        def scandir(path):
            raise PermissionError

        monkeypatch.setattr(os, "scandir", scandir)
        answer = ask("/", directory=root)
        assert answer.head.startswith(b"HTTP/1.0 404 No permission to list directory\r\n")

    def test_type_of_an_entry_cannot_be_told(self, root, monkeypatch):
        class Entry:
            name = "entry"

            def is_dir(self):
                raise PermissionError

            def is_symlink(self):
                return False

        class Entries(list):
            def __enter__(self):
                return self

            def __exit__(self, *exception):
                pass

        monkeypatch.setattr(os, "scandir", lambda path: Entries([Entry()]))
        assert b'<a href="entry">entry</a>' in ask("/", directory=root).body


class TestIndexPage:
    def test_is_sent_instead_of_a_listing(self, root):
        put(root / "index.html", b"index")
        answer = ask("/", directory=root)
        assert answer.fields["Content-type"] == "text/html; charset=utf-8"
        assert answer.body == b"index"

    def test_first_that_exists_wins(self, root):
        put(root / "index.htm", b"second")
        assert ask("/", directory=root).body == b"second"
        put(root / "index.html", b"first")
        assert ask("/", directory=root).body == b"first"

    def test_folder_of_that_name_is_none(self, root):
        (root / "index.html").mkdir()
        assert b"Directory listing for /" in ask("/", directory=root).body

    def test_other_names(self, root):
        class Readme(Handler):
            index_pages = ["README"]  # noqa: RUF012

        put(root / "index.html", b"index")
        put(root / "README", b"readme")
        assert ask("/", Readme, directory=root).body == b"readme"


class TestRedirect:
    def test_bytes(self, root):
        (root / "folder").mkdir()
        assert exchange(b"GET /folder HTTP/1.0\r\n\r\n", directory=root) == (
            b"HTTP/1.0 301 Moved Permanently\r\n"
            b"Server: Files Test\r\n"
            b"Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
            b"Location: /folder/\r\n"
            b"Content-Length: 0\r\n"
            b"Cache-Control: no-cache\r\n"
            b"\r\n"
        )

    def test_head_gets_it_too(self, root):
        (root / "folder").mkdir()
        answer = ask("/folder", directory=root, method="HEAD")
        assert (answer.status, answer.fields["Location"]) == (301, "/folder/")

    @pytest.mark.parametrize(
        ("target", "location"),
        [
            ("/folder?a=1&b", "/folder/?a=1&b"),
            ("/folder?", "/folder/"),
            ("/folder?a#b", "/folder/?a#b"),
            ("/folder#a?b", "/folder/#a?b"),
            ("/%66older", "/%66older/"),
            ("/folder/..", "/folder/../"),
            ("/folder/.", "/folder/./"),
            ("folder", "folder/"),
        ],
    )
    def test_keeps_the_target(self, root, target, location):
        (root / "folder").mkdir()
        answer = ask_past_parser(target, directory=root)
        assert (answer.status, answer.fields["Location"]) == (301, location)

    @pytest.mark.parametrize("target", ["/folder/", "/folder%2f", "/folder%2F", "/folder//"])
    def test_not_with_a_slash_at_the_end(self, root, target):
        (root / "folder").mkdir()
        assert ask(target, directory=root).status == 200

    @pytest.mark.parametrize(
        ("target", "location"),
        [
            ("//evil.example/..", "/../"),
            ("///evil.example/..", "/evil.example/../"),
            ("/\\evil.example/..", "/%5Cevil.example/../"),
            ("javascript:/..", "/../"),
            ("http:////evil.example/../../..", "/evil.example/../../../"),
        ],
    )
    def test_never_leads_to_another_host(self, root, target, location):
        answer = ask_past_parser(target, directory=root)
        assert (answer.status, answer.fields["Location"]) == (301, location)

    def test_absolute_form_keeps_the_host_that_was_asked(self, root):
        answer = ask_past_parser("http://example.org/../..", directory=root)
        assert answer.fields["Location"] == "http://example.org/../../"

    def test_absolute_form_with_a_malformed_host_is_not_found(self, root):
        target = "http://[/../.."
        assert ask_past_parser(target, directory=root).status == 404


class TestNotModified:
    @pytest.mark.parametrize(
        "since",
        [
            MODIFIED_DATE,
            "Sun, 09 Sep 2001 01:46:41 GMT",
            "Sunday, 09-Sep-01 01:46:40 GMT",
            "Sun Sep  9 01:46:40 2001",
            "Sun, 09 Sep 2001 01:46:40 -0000",
            "Sun, 09 Sep 2001 01:46:40 +0000",
            "Tue, 31 Dec 9999 23:59:59 GMT",
        ],
    )
    def test_304(self, root, since):
        path = put(root / "file")
        answer = ask("/file", directory=root, fields=[f"If-Modified-Since: {since}"])
        assert (answer.head, answer.body) == (
            b"HTTP/1.0 304 Not Modified\r\n"
            b"Server: Files Test\r\n"
            b"Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
            b"Last-Modified: Sun, 09 Sep 2001 01:46:40 GMT\r\n"
            b"ETag: %s\r\n"
            b"\r\n" % entity_tag(path).encode(),
            b"",
        )

    @pytest.mark.parametrize(
        "since",
        [
            "Sun, 09 Sep 2001 01:46:39 GMT",
            "Sun, 09 Sep 2001 03:46:40 +0100",
            "Fri, 99 Foo 99999 01:46:40 GMT",
            "yesterday",
            "",
        ],
    )
    def test_200(self, root, since):
        put(root / "file", b"content")
        answer = ask("/file", directory=root, fields=[f"If-Modified-Since: {since}"])
        assert (answer.status, answer.body) == (200, b"content")

    def test_if_none_match_takes_precedence(self, root):
        put(root / "file")
        fields = [f"If-Modified-Since: {MODIFIED_DATE}", 'If-None-Match: "tag"']
        assert ask("/file", directory=root, fields=fields).status == 200

    def test_parts_of_a_second_do_not_count(self, root):
        os.utime(put(root / "file"), (MODIFIED, MODIFIED + 0.75))
        fields = [f"If-Modified-Since: {MODIFIED_DATE}"]
        assert ask("/file", directory=root).fields["Last-Modified"] == MODIFIED_DATE
        assert ask("/file", directory=root, fields=fields).status == 304

    def test_folders_have_no_date(self, root):
        fields = ["If-Modified-Since: Tue, 31 Dec 9999 23:59:59 GMT"]
        assert ask("/", directory=root, fields=fields).status == 200


class TestExtraResponseHeaders:
    EXTRA = (("X-One", "1"), ["Set-Cookie", "a"], ("Set-Cookie", "b"))
    LINES = b"X-One: 1\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n"

    @pytest.mark.parametrize(
        ("target", "behind"), [("/file", b"Accept-Ranges: bytes\r\nETag: "), ("/", b"\r\n")]
    )
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_come_behind_what_tells_of_the_content(self, root, target, behind, method):
        put(root / "file")
        answer = ask(target, directory=root, method=method, extra_response_headers=self.EXTRA)
        assert answer.head.partition(self.LINES)[2].startswith(behind)

    @pytest.mark.parametrize("target", ["/folder", "/absent"])
    def test_not_with_redirects_and_errors(self, root, target):
        (root / "folder").mkdir()
        answer = ask(target, directory=root, extra_response_headers=self.EXTRA)
        assert "X-One" not in answer.fields

    def test_with_304_only_those_for_caches(self, root):
        """RFC 9110 15.4.5: what 200 would say to a cache, a 304 has to say, too."""
        put(root / "file")
        for_caches = [("Cache-Control", "max-age=9"), ("vary", "Cookie"), ("Expires", "0")]
        answer = ask(
            "/file",
            directory=root,
            fields=[f"If-Modified-Since: {MODIFIED_DATE}"],
            extra_response_headers=[*self.EXTRA, *for_caches],
        )
        assert answer.status == 304
        assert not {"X-One", "Set-Cookie"} & answer.fields.keys()
        assert for_caches == [(name, answer.fields[name]) for name, _ in for_caches]

    def test_take_the_place_of_ours(self, root):
        put(root / "file")
        extra = [("etag", '"mine"'), ("ACCEPT-RANGES", "none")]
        answer = ask("/file", directory=root, extra_response_headers=extra)
        assert answer.head.lower().count(b"etag:") == 1
        assert answer.head.lower().count(b"accept-ranges:") == 1
        assert (answer.fields["etag"], answer.fields["ACCEPT-RANGES"]) == ('"mine"', "none")

    def test_what_is_sent_anyway_is_not_repeated(self, root):
        put(root / "file.txt")
        extra = [(name, "other") for name in ("content-TYPE", "Server", "date", "Content-Length")]
        answer = ask("/file.txt", directory=root, extra_response_headers=extra)
        assert answer.head == ask("/file.txt", directory=root).head

    def test_what_an_override_sends_is_not_repeated(self, root):
        class Cached(Handler):
            def send_response(self, code, message=None):
                super().send_response(code, message)
                self.send_header("Cache-Control", "no-store")

        put(root / "file")
        extra = [("cache-control", "max-age=1")]
        answer = ask("/file", Cached, directory=root, extra_response_headers=extra)
        assert answer.head.lower().count(b"cache-control") == 1
        assert answer.fields["Cache-Control"] == "no-store"

    def test_without_version_there_are_no_fields(self, root):
        put(root / "file", b"content")
        request = b"GET /file\r\n"
        assert exchange(request, directory=root, extra_response_headers=self.EXTRA) == b"content"

    def test_every_request_of_a_connection_gets_them(self, root):
        class Persistent(Handler):
            protocol_version = "HTTP/1.1"

        put(root / "file")
        request = b"GET /file HTTP/1.1\r\nHost: example.org\r\n\r\n"
        sent = exchange(request * 3, Persistent, directory=root, extra_response_headers=self.EXTRA)
        assert sent.count(self.LINES) == 3


class TestMediaType:
    @pytest.mark.parametrize(
        ("name", "media_type"),
        [
            ("page.html", "text/html; charset=utf-8"),
            ("PAGE.HTML", "text/html; charset=utf-8"),
            ("script.js", "text/javascript; charset=utf-8"),
            ("module.mjs", "text/javascript; charset=utf-8"),
            ("notes.md", "text/markdown; charset=utf-8"),
            # These have no such parameter.
            ("data.json", "application/json"),
            ("image.svg", "image/svg+xml"),
            ("module.wasm", "application/wasm"),
            ("site.webmanifest", "application/manifest+json"),
            ("font.WOFF2", "font/woff2"),
            ("archive.tar.gz", "application/gzip"),
            ("archive.tgz", "application/x-tar"),
            ("archive.TAR.GZ", "application/gzip"),
            ("archive.Z", "application/octet-stream"),
            ("archive.bz2", "application/x-bzip2"),
            ("archive.xz", "application/x-xz"),
            ("README", "application/octet-stream"),
            ("unknown.extension", "application/octet-stream"),
            (".html", "application/octet-stream"),
            # No URL, though it looks like one.
            ("data:,text", "application/octet-stream"),
            ("http:page.html", "text/html; charset=utf-8"),
        ],
    )
    def test_of_a_name(self, root, name, media_type):
        put(root / name)
        assert ask(f"/{name}", directory=root).fields["Content-type"] == media_type

    def test_folder_with_an_extension_says_nothing(self, root):
        put(root / "folder.html" / "file")
        answer = ask("/folder.html/file", directory=root)
        assert answer.fields["Content-type"] == "application/octet-stream"

    def test_default_content_type(self, root):
        class Plain(Handler):
            default_content_type = "text/plain"

        put(root / "README")
        put(root / "page.html")
        # As it was given: whoever wants a charset there says so.
        assert ask("/README", Plain, directory=root).fields["Content-type"] == "text/plain"
        page = ask("/page.html", Plain, directory=root)
        assert page.fields["Content-type"] == "text/html; charset=utf-8"

    def test_extensions_map(self, root):
        class Mapped(Handler):
            extensions_map = {  # noqa: RUF012
                ".html": "text/x-mine; charset=latin-1",
                ".Z": "text/upper",
                ".z": "text/lower",
                "": "text/none",
            }

        for name in ("page.HTML", "a.Z", "a.z", "README"):
            put(root / name)
        found = [
            ask(f"/{name}", Mapped, directory=root).fields["Content-type"]
            for name in ("page.HTML", "a.Z", "a.z", "README")
        ]
        assert found == [
            "text/x-mine; charset=latin-1",
            "text/upper; charset=utf-8",
            "text/lower; charset=utf-8",
            "text/none; charset=utf-8",
        ]

    @pytest.mark.parametrize(("charset", "parameter"), [(None, ""), ("cp437", "; charset=cp437")])
    def test_charset(self, root, charset, parameter):
        class Old(Handler):
            pass

        Old.charset = charset
        put(root / "page.html")
        for answer in (
            ask("/page.html", Old, directory=root),
            ask("/page.html", directory=root, charset=charset),
        ):
            assert answer.fields["Content-type"] == "text/html" + parameter

    def test_guess_type_has_no_charset(self):
        handler = Handler.__new__(Handler)
        assert handler.guess_type("page.html") == "text/html"

    def test_guess_type_returns_what_is_no_text(self, root):
        class Odd(Handler):
            def guess_type(self, path):
                return None

        put(root / "file")
        assert ask("/file", Odd, directory=root).fields["Content-type"] == "None"

    def test_map_of_encodings_has_a_name_of_its_own(self):
        assert Handler._encodings_map_default is Handler.extensions_map


class TestDirectory:
    def test_is_the_current_one_by_default(self, root, monkeypatch):
        put(root / "file", b"current")
        monkeypatch.chdir(root)
        assert ask("/file").body == b"current"

    def test_may_be_a_string_a_path_or_relative(self, root, monkeypatch):
        put(root / "file", b"content")
        monkeypatch.chdir(root.parent)
        for directory in (str(root), root, "root", pathlib.PurePath("root"), "./root/"):
            assert ask("/file", directory=directory).body == b"content"

    def test_may_be_bound_by_a_partial(self, root):
        put(root / "file", b"content")
        assert ask("/file", functools.partial(Handler, directory=root)).body == b"content"

    @pytest.mark.parametrize(
        ("option", "value"),
        [
            ("symlinks", "none"),
            ("charset", "latin-1"),
            ("charset", None),
            ("compress", True),
            ("precompressed", True),
            ("cache_control", "no-store"),
        ],
    )
    def test_partial_does_what_a_class_attribute_does(self, root, option, value):
        put(root / "page.html", b"<p>page" * 1000)
        put(root / "page.html.gz", b"compressed")
        (root / "link.html").symlink_to("page.html")

        def answers(handler, **arguments):
            bound = functools.partial(handler, directory=root, **arguments)
            accepting = ["Accept-Encoding: gzip"]
            return [ask(path, bound, fields=accepting) for path in ("/page.html", "/link.html")]

        found = answers(Handler, **{option: value})
        assert found == answers(type("Own", (Handler,), {option: value}))
        assert found != answers(Handler)

    def test_attributes_are_set_before_the_request_is_handled(self, root):
        class Watching(Handler):
            def setup(self):
                seen.append((self.directory, self.extra_response_headers))
                super().setup()

        seen = []
        extra = [("a", "b")]
        ask("/", Watching, directory=root, extra_response_headers=extra)
        assert seen == [(str(root), extra)]


def test_server_that_is_a_mock(root):
    """Tests of programs use one: it has every attribute, and no open files."""
    put(root / "file.txt")
    connection = Connection(b"GET /file.txt HTTP/1.1\r\nHost: example.org\r\n\r\n")
    Handler(connection, ("192.0.2.1", 40000), mock.MagicMock(), directory=root)
    assert connection.sent.endswith(b"\r\n\r\ncontent")
