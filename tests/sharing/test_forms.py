"""Forms without a script."""

import os
import socket
import sys

import pytest

from basehttpserver._sharing.forms import FormHandler, has_form_parser
from tests.running import eventually
from tests.sharing.running import SERVERS, read_all, sharing

ALL = {"allows_upload": True, "allows_mkdir": True}
TYPE = {"Content-Type": "multipart/form-data; boundary=BOUND"}


def part(content, name="file", filename=None, more=""):
    file = "" if filename is None else f'; filename="{filename}"'
    head = f'--BOUND\r\nContent-Disposition: form-data; name="{name}"{file}\r\n{more}\r\n'
    return head.encode() + content + b"\r\n"


def form(*parts):
    return b"".join(parts) + b"--BOUND--\r\n"


@pytest.mark.parametrize("server", SERVERS)
class TestForms:
    def test_files_by_curl(self, tmp_path, server):
        served = tmp_path / "served"
        served.mkdir()
        names = ["one.txt", "two ü.bin", "empty"]
        for name in names:
            (tmp_path / name).write_bytes(os.urandom(300_000) if name != "empty" else b"")
        with sharing(served, FormHandler, server, **ALL) as shared:
            options = [word for name in names for word in ("-F", f"file=@{tmp_path / name}")]
            status, _, trace = shared.curl(*options, "/")
            assert status == 303, trace
            assert "Location: /\r\n" in trace.replace("\n", "\r\n").replace("\r\r", "\r")
            assert shared.names() == sorted(names)
            for name in names:
                assert shared.read(name) == (tmp_path / name).read_bytes()

    def test_a_folder(self, tmp_path, server):
        with sharing(tmp_path, FormHandler, server, **ALL) as shared:
            answer = shared.ask("POST", "/", form(part("Fotos ü".encode(), "mkdir")), TYPE)
            assert (answer.status, answer.fields["Location"]) == (303, "/")
            inner = "/Fotos%20%C3%BC"
            body = form(part(b"x", filename="new"), part(b"", "mkdir"), part(b"", filename=""))
            answer = shared.ask("POST", inner + "/?query", body, TYPE)
            assert (answer.status, answer.fields["Location"]) == (303, inner + "/")
            assert shared.names() == ["Fotos ü"]
            assert shared.names("Fotos ü") == ["new"]

    def test_what_is_taken_stays(self, tmp_path, server):
        (tmp_path / "old").write_bytes(b"old")
        with sharing(tmp_path, FormHandler, server, **ALL) as shared:
            body = form(part(b"1", filename="first"), part(b"2", filename="old"))
            assert shared.ask("POST", "/", body, TYPE).status == 409
            assert shared.read("old") == b"old"
            assert shared.names() == ["first", "old"]
            assert shared.ask("POST", "/", form(part(b"old", "mkdir")), TYPE).status == 409

    @pytest.mark.parametrize(
        "filename", ["../up", "a/b", "a\\b", "..", "x" * 300, ".upload-x", "nul\0", "tab\tx"]
    )
    def test_names_that_are_none(self, tmp_path, server, filename):
        served = tmp_path / "served"
        served.mkdir()
        with sharing(served, FormHandler, server, **ALL) as shared:
            body = form(part(b"x", filename=filename))
            assert shared.ask("POST", "/", body, TYPE).status in (400, 403)
            body = form(part(filename.encode(), "mkdir"))
            assert shared.ask("POST", "/", body, TYPE).status in (400, 403)
            assert shared.names() == []
            assert os.listdir(tmp_path) == ["served"]

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            (b"", 400),
            (b"no boundary at all", 400),
            (part(b"x", filename="cut"), 400),
            (part(b"x", filename="cut")[:-3], 400),
            (b"--BOUND\r\nContent-Disposition: form-data\nname=x\r\n\r\nx\r\n--BOUND--\r\n", 400),
            (b"--BOUND\r\nContent-Disposition: attachment\r\n\r\nx\r\n--BOUND--\r\n", 400),
            (b"--BOUND\r\n\r\nx\r\n--BOUND--\r\n", 400),
            (b"--BOUND\r\n" + b"X-Y: z\r\n" * 100 + b"\r\nx\r\n--BOUND--\r\n", 413),
            (b"--BOUND\r\nX-Y: " + b"z" * 1_000_000, 413),
            (part(b"x", "other") * 2000, 413),
            (part(bytes(2000), "mkdir"), 413),
            (form(part(b"\xff\xfe", "mkdir")), 400),
        ],
    )
    def test_bodies_that_are_no_form(self, tmp_path, server, body, status):
        with sharing(tmp_path, FormHandler, server, **ALL) as shared:
            assert shared.ask("POST", "/", body, TYPE).status == status
            assert [name for name in shared.names() if name != "cut"] == []

    def test_other_content(self, tmp_path, server):
        with sharing(tmp_path, FormHandler, server, **ALL) as shared:
            for value in ("text/plain", "application/x-www-form-urlencoded", "x"):
                assert shared.ask("POST", "/", b"a=b", {"Content-Type": value}).status == 415
            for boundary in (
                "",
                ";",
                '; boundary=""',
                "; boundary=\xe9",
                "; boundary=" + "x" * 71,
                "; boundary*=utf-8''a%0ab",
            ):
                value = "multipart/form-data" + boundary
                assert shared.ask("POST", "/", b"a=b", {"Content-Type": value}).status == 400

    def test_too_large(self, tmp_path, server):
        with sharing(tmp_path, FormHandler, server, max_upload_bytes=1000, **ALL) as shared:
            body = form(part(bytes(1000), filename="most"), part(bytes(1001), filename="more"))
            assert shared.ask("POST", "/", body, TYPE).status == 413
            assert shared.names() == ["most"]

    def test_a_folder_where_a_name_is_hidden(self, tmp_path, server):
        with sharing(tmp_path, FormHandler, server, hide=["name"], **ALL) as shared:
            assert shared.ask("POST", "/", form(part(b"x", filename="shown")), TYPE).status == 303
            assert shared.ask("POST", "/", form(part(b"x", filename="name")), TYPE).status == 403
            assert shared.names() == ["shown"]

    def test_only_what_is_allowed(self, tmp_path, server):
        with sharing(tmp_path, FormHandler, server, allows_mkdir=True) as shared:
            assert shared.ask("POST", "/", form(part(b"x", filename="f")), TYPE).status == 405
            assert shared.ask("POST", "/", form(part(b"made", "mkdir")), TYPE).status == 303
        with sharing(tmp_path, FormHandler, server, allows_upload=True) as shared:
            assert shared.ask("POST", "/", form(part(b"no", "mkdir")), TYPE).status == 405
        with sharing(tmp_path, FormHandler, server) as shared:
            assert shared.ask("POST", "/", form(part(b"no", "mkdir")), TYPE).status == 405
            assert shared.names() == ["made"]

    def test_no_page_of_another_site(self, tmp_path, server):
        with sharing(tmp_path, FormHandler, server, **ALL) as shared:
            fields = {**TYPE, "Origin": "http://evil.example"}
            assert shared.ask("POST", "/", form(part(b"x", filename="f")), fields).status == 403
            assert shared.names() == []

    def test_no_folder(self, tmp_path, server):
        (tmp_path / "file").write_bytes(b"")
        with sharing(tmp_path, FormHandler, server, **ALL) as shared:
            for path in ("/absent/", "/file", "/.upload-x/", "/%00/"):
                answer = shared.ask("POST", path, form(part(b"x", filename="f")), TYPE)
                assert answer.status == 404, path

    @pytest.mark.parametrize("where", [10, 90, 200_000])
    def test_a_client_that_leaves(self, tmp_path, server, where):
        body = form(part(bytes(300_000), filename="new"))
        head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
        head += "Content-Type: multipart/form-data; boundary=BOUND\r\n\r\n"
        with sharing(tmp_path, FormHandler, server, **ALL) as shared:
            with shared.connect() as client:
                client.sendall(head.encode() + body[:where])
                client.shutdown(socket.SHUT_WR)
                assert b" 400 " in read_all(client).partition(b"\r\n")[0]
            eventually(lambda: shared.names() == [], "nothing is left")


def test_a_long_content_type_is_not_parsed(tmp_path):
    """That would take time that is quadratic in its length."""
    parsed = []

    class Watched(FormHandler):
        def parse_request(self):
            is_good = super().parse_request()
            self.headers.get_boundary = lambda: parsed.append(1) or "BOUND"
            return is_good

    value = 'multipart/form-data; boundary="' + "a;" * 15_000
    with sharing(tmp_path, Watched, **ALL) as shared:
        assert shared.ask("POST", "/", form(), {"Content-Type": value}).status == 400
        assert not parsed
        assert shared.ask("POST", "/", form(), TYPE).status == 303
        assert parsed


def test_a_form_in_any_pieces(tmp_path, monkeypatch):
    body = form(part(b"1\r\n--BOUN", filename="one"), part(b"", filename="two"))
    with sharing(tmp_path, FormHandler, allows_overwriting=True, **ALL) as shared:
        for size in (1, 2, 3, 7, len(body) - 2, len(body) - 1):
            monkeypatch.setattr("basehttpserver._sharing.body._BLOCK_BYTES", size)
            assert shared.ask("POST", "/", body, TYPE).status == 303, size
            assert shared.read("one") == b"1\r\n--BOUN"
            assert shared.names() == ["one", "two"]


def test_without_the_library(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "multipart", None)
    assert not has_form_parser()
    with sharing(tmp_path, FormHandler, **ALL) as shared:
        assert shared.ask("POST", "/", form(part(b"x", filename="f")), TYPE).status == 415


def test_the_library_is_there():
    assert has_form_parser()
