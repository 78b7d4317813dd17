"""What is sent with the page of a folder, by the handler of the command line."""

import gzip

import pytest

from basehttpserver import SharingHTTPRequestHandler
from tests.sharing.running import sharing


@pytest.mark.parametrize("accept", ["text/html", "application/json", "text/plain"])
def test_no_cache_decides_how_long_it_is_right(tmp_path, accept):
    with sharing(tmp_path, SharingHTTPRequestHandler) as shared:
        answer = shared.ask("GET", "/", headers={"Accept": accept})
    assert answer.fields.get_all("Cache-Control") == ["no-cache"]


@pytest.mark.parametrize(
    ("files", "listing"),
    [
        ("no-store", "no-store"),
        ("private, No-Store", "no-store"),
        ("max-age=60", "no-cache"),
        ("x-no-store, no-stored", "no-cache"),
        (None, "no-cache"),
    ],
)
def test_nobody_keeps_it_where_nobody_keeps_files(tmp_path, files, listing):
    with sharing(tmp_path, SharingHTTPRequestHandler, cache_control=files) as shared:
        answer = shared.ask("GET", "/")
        again = shared.ask("GET", "/", headers={"If-None-Match": answer.fields["ETag"]})
    assert answer.fields.get_all("Cache-Control") == [listing]
    assert (again.status, again.fields["Cache-Control"]) == (304, listing)


class Extra(SharingHTTPRequestHandler):
    def __init__(self, *args, **options):
        extra = [("cache-control", "max-age=9")]
        super().__init__(*args, extra_response_headers=extra, **options)


def test_cache_control_of_those_who_share(tmp_path):
    with sharing(tmp_path, Extra) as shared:
        answer = shared.ask("GET", "/")
    assert answer.fields.get_all("Cache-Control") == ["max-age=9"]


class TestRevalidation:
    """Who has the listing gets it again only once it is another."""

    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    @pytest.mark.parametrize("accept", ["text/html", "application/json", "text/plain"])
    def test_until_it_changes(self, tmp_path, accept, method):
        with sharing(tmp_path, SharingHTTPRequestHandler, cors="*") as shared:
            tag = shared.ask("GET", "/", headers={"Accept": accept}).fields["ETag"]
            asked = {"Accept": accept, "If-None-Match": tag}
            answer = shared.ask(method, "/", headers=asked)
            assert (answer.status, answer.body) == (304, b"")
            assert answer.fields["ETag"] == tag
            assert answer.fields["Cache-Control"] == "no-cache"
            assert "Accept" in answer.fields.get_all("Vary")
            assert answer.fields["Access-Control-Allow-Origin"] == "*"
            assert "Content-Security-Policy" not in answer.fields
            (tmp_path / "new").write_bytes(b"")
            answer = shared.ask(method, "/", headers=asked)
            assert answer.status == 200
            assert answer.fields["ETag"] != tag

    def test_each_form_has_its_own(self, tmp_path):
        with sharing(tmp_path, SharingHTTPRequestHandler) as shared:
            targets = ["/", "/?sort=size"]
            tags = {
                shared.ask("GET", target, headers={"Accept": accept}).fields["ETag"]
                for target in targets
                for accept in ("text/html", "application/json")
            }
        assert len(tags) == 3  # As JSON an empty folder has no order.

    def test_conditions_that_are_false(self, tmp_path):
        with sharing(tmp_path, SharingHTTPRequestHandler) as shared:
            assert shared.ask("GET", "/", headers={"If-Match": '"other"'}).status == 412
            assert shared.ask("GET", "/", headers={"If-Match": "*"}).status == 200

    def test_fields_of_those_who_share(self, tmp_path):
        with sharing(tmp_path, Extra) as shared:
            tag = shared.ask("GET", "/").fields["ETag"]
            answer = shared.ask("GET", "/", headers={"If-None-Match": tag})
        assert answer.status == 304
        assert answer.fields.get_all("Cache-Control") == ["max-age=9"]


class TestCompression:
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_for_who_accepts_it(self, tmp_path, method):
        with sharing(tmp_path, SharingHTTPRequestHandler, compress=True) as shared:
            plain = shared.ask("GET", "/")
            answer = shared.ask(method, "/", headers={"Accept-Encoding": "gzip"})
        assert "Content-Encoding" not in plain.fields
        assert answer.fields["Content-Encoding"] == "gzip"
        assert int(answer.fields["Content-Length"]) < len(plain.body) / 2
        assert answer.fields["ETag"] == plain.fields["ETag"]
        for each in (plain, answer):
            assert each.fields.get_all("Vary") == ["Accept", "Accept-Encoding"]
        if method == "GET":
            assert gzip.decompress(answer.body) == plain.body

    def test_not_of_what_is_small(self, tmp_path):
        fields = {"Accept": "application/json", "Accept-Encoding": "gzip"}
        with sharing(tmp_path, SharingHTTPRequestHandler, compress=True) as shared:
            answer = shared.ask("GET", "/", headers=fields)
        assert "Content-Encoding" not in answer.fields
        assert answer.fields.get_all("Vary") == ["Accept"]

    def test_not_unless_it_is_asked_for(self, tmp_path):
        with sharing(tmp_path, SharingHTTPRequestHandler) as shared:
            answer = shared.ask("GET", "/", headers={"Accept-Encoding": "gzip"})
        assert "Content-Encoding" not in answer.fields
