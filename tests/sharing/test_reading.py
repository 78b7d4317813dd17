"""What a visitor of a shared folder gets, by the options of who shares it."""

import pytest

from basehttpserver._sharing.reading import ReadingHandler
from tests.api.file_requests import Handler, ask


class Reading(ReadingHandler, Handler):
    """With what `Handler` has that never changes."""


@pytest.fixture
def root(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in ("index.html", "about.html", "app.js", "sub/index.html", ".env", "notes.bak"):
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


def get(root, target, *fields, method="GET", **attributes):
    handler = type("Sharing", (Reading,), attributes)
    return ask(target, handler, method, fields, directory=str(root))


class TestHidden:
    @pytest.mark.parametrize(
        ("target", "attributes", "status"),
        [
            ("/.env", {}, 404),
            ("/.env", {"dotfiles": True}, 200),
            ("/notes.bak", {}, 200),
            ("/notes.bak", {"hide": ["*.bak"]}, 404),
            ("/%6eotes.bak", {"hide": ["*.bak"]}, 404),
            ("/sub/../notes.bak", {"hide": ["*.bak"]}, 404),
            ("/sub/", {"hide": ["sub"]}, 404),
            ("/sub/index.html", {"hide": ["sub"]}, 404),
            ("/sub/index.html", {"hide": ["sub/index.*"]}, 404),
        ],
    )
    def test_is_not_found(self, root, target, attributes, status):
        assert get(root, target, **attributes).status == status

    def test_is_not_listed(self, root):
        page = get(root, "/", index_pages=(), hide=["*.bak"]).body
        assert b"about.html" in page
        assert b".env" not in page
        assert b"notes.bak" not in page

    def test_index_page_that_is_hidden_is_none(self, root):
        assert b"Directory listing" in get(root, "/", hide=["index.html"]).body


class TestPrettyUrls:
    @pytest.mark.parametrize(
        ("target", "body"),
        [
            ("/about", b"about.html"),
            ("/about?x=1", b"about.html"),
            ("/about.html", b"about.html"),
            ("/sub/", b"sub/index.html"),
            ("/sub/index", b"sub/index.html"),
            ("/", b"index.html"),
        ],
    )
    def test_found(self, root, target, body):
        answer = get(root, target, pretty_urls=True)
        assert (answer.status, answer.body) == (200, body)

    @pytest.mark.parametrize("target", ["/about/", "/app", "/none", "/..", "/about.htm", "/.env"])
    def test_not_found(self, root, target):
        assert b"about" not in get(root, target, pretty_urls=True, index_pages=("none",)).body

    def test_what_has_the_name_itself_comes_first(self, root):
        (root / "about").write_bytes(b"the file")
        assert get(root, "/about", pretty_urls=True).body == b"the file"

    def test_folder_comes_first(self, root):
        (root / "sub.html").write_bytes(b"sub.html")
        assert get(root, "/sub", pretty_urls=True).status == 301

    def test_type_is_that_of_the_page(self, root):
        fields = get(root, "/about", pretty_urls=True).fields
        assert fields["Content-type"] == "text/html; charset=utf-8"

    def test_off(self, root):
        assert get(root, "/about").status == 404


class TestSpa:
    @pytest.mark.parametrize(
        "target", ["/users/7", "/users/john.doe", "/none/", "/sub/x", "/x.html"]
    )
    def test_application_s_path(self, root, target):
        answer = get(root, target, spa=True)
        assert (answer.status, answer.body) == (200, b"index.html")
        assert answer.fields["Content-type"] == "text/html; charset=utf-8"

    @pytest.mark.parametrize("target", ["/none.js", "/img/none.png", "/none.CSS", "/none.json"])
    def test_file_that_is_missing(self, root, target):
        assert get(root, target, spa=True).status == 404

    def test_files_are_never_in_its_shadow(self, root):
        assert get(root, "/app.js", spa=True).body == b"app.js"
        assert get(root, "/sub/", spa=True).body == b"sub/index.html"

    def test_with_pretty_urls(self, root):
        assert get(root, "/about", spa=True, pretty_urls=True).body == b"about.html"
        assert get(root, "/users", spa=True, pretty_urls=True).body == b"index.html"

    def test_without_an_index_page(self, root):
        assert get(root, "/users/7", spa=True, index_pages=("none",)).status == 404

    def test_what_is_hidden_is_not_told(self, root):
        assert get(root, "/.env", spa=True).body == b"index.html"
        assert get(root, "/.none", spa=True).body == b"index.html"


class TestNotFound:
    @pytest.fixture
    def page(self, root):
        (root / "404.html").write_bytes(b"<p>Lost?</p>")
        return str(root / "404.html")

    def test_own_page(self, root, page):
        answer = get(root, "/none", not_found=page)
        assert (answer.status, answer.body) == (404, b"<p>Lost?</p>")
        assert answer.fields["Content-type"] == "text/html; charset=utf-8"
        assert "Connection" not in answer.fields

    def test_head(self, root, page):
        answer = get(root, "/none", method="HEAD", not_found=page)
        assert (answer.status, answer.body) == (404, b"")
        assert answer.fields["Content-Length"] == "12"

    def test_other_errors_have_their_own(self, root, page):
        assert b"Lost?" not in get(root, "/", method="POST", not_found=page).body

    def test_that_is_gone(self, root):
        answer = get(root, "/none", not_found=str(root / "gone"))
        assert answer.status == 404
        assert b"Error response" in answer.body


class TestCors:
    def test_off(self, root):
        assert "Access-Control-Allow-Origin" not in get(root, "/").fields
        assert get(root, "/", method="OPTIONS").status == 405

    @pytest.mark.parametrize("target", ["/", "/none", "/sub"])
    def test_every_answer(self, root, target):
        fields = get(root, target, cors="*").fields
        assert fields["Access-Control-Allow-Origin"] == "*"
        assert "Content-Range" in fields["Access-Control-Expose-Headers"]
        assert "Vary" not in fields

    def test_one_origin(self, root):
        fields = get(root, "/", cors="https://example.org").fields
        assert fields["Access-Control-Allow-Origin"] == "https://example.org"
        assert fields["Vary"] == "Origin"

    def test_preflight(self, root):
        asking = "Origin: https://x", "Access-Control-Request-Headers: range, x-own"
        answer = get(root, "/app.js", *asking, method="OPTIONS", cors="*")
        assert (answer.status, answer.body) == (204, b"")
        assert answer.fields["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
        assert answer.fields["Access-Control-Allow-Headers"] == "range, x-own"
        assert answer.fields["Access-Control-Max-Age"] == "7200"

    def test_preflight_that_is_none(self, root):
        asking = ["Access-Control-Request-Headers: a:b"]
        answer = get(root, "/app.js", *asking, method="OPTIONS", cors="*")
        assert "Access-Control-Allow-Headers" not in answer.fields

    def test_allow(self, root):
        assert get(root, "/", method="DELETE").fields["Allow"] == "GET, HEAD"
        assert get(root, "/", method="DELETE", cors="*").fields["Allow"] == "GET, HEAD, OPTIONS"


def test_cache(root):
    answer = get(root, "/app.js", cache_control="max-age=60")
    assert answer.fields["Cache-Control"] == "max-age=60"
    tag = answer.fields["ETag"]
    again = get(root, "/app.js", f"If-None-Match: {tag}", cache_control="max-age=60")
    assert (again.status, again.fields["Cache-Control"]) == (304, "max-age=60")
    assert "Cache-Control" not in get(root, "/", index_pages=(), cache_control="max-age=60").fields


def test_link_out_of_the_folder_is_not_followed(root, tmp_path_factory):
    secret = tmp_path_factory.mktemp("outside") / "secret"
    secret.write_bytes(b"secret")
    (root / "link").symlink_to(secret)
    assert get(root, "/link").status == 404
