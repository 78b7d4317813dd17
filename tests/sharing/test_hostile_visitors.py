"""What visitors try who may do something, to do more than that."""

import base64
import functools
import gzip
import io
import os
import re
import urllib.parse
import zipfile

import pytest

from basehttpserver._sharing import visibility
from basehttpserver._sharing.tus import ResumableHandler
from basehttpserver._sharing.visibility import Visibility
from basehttpserver.cgi import CGIHTTPRequestHandler
from basehttpserver.sharing import SharingHTTPRequestHandler
from tests.sharing.running import SERVERS, sharing

share = functools.partial(sharing, handler=SharingHTTPRequestHandler, symlinks="inside")


@pytest.fixture
def folder(tmp_path):
    served = tmp_path / "served"
    served.mkdir()
    (served / "app.js").write_text("good();" * 300)
    os.utime(served / "app.js", (1_000_000_000, 1_000_000_000))
    return served


class TestWhatIsNotToBeReplaced:
    """Who may add files replaces none by another name of theirs."""

    @pytest.mark.parametrize("server", SERVERS)
    def test_by_a_compressed_form(self, folder, server):
        with share(folder, server_class=server, allows_upload=True, precompressed=True) as shared:
            assert shared.ask("PUT", "/app.js.gz", gzip.compress(b"evil();")).status == 201
            answer = shared.ask("GET", "/app.js", headers={"Accept-Encoding": "gzip"})
        assert answer.fields["Content-Encoding"] is None
        assert answer.body.startswith(b"good();")

    def test_those_who_may_replace_it_may_replace_its_compressed_form(self, folder):
        allowed = {"allows_upload": True, "allows_overwriting": True, "precompressed": True}
        with share(folder, **allowed) as shared:
            assert shared.ask("PUT", "/app.js.gz", gzip.compress(b"new();")).status == 201
            answer = shared.ask("GET", "/app.js", headers={"Accept-Encoding": "gzip"})
        assert gzip.decompress(answer.body) == b"new();"

    @pytest.mark.parametrize("server", SERVERS)
    @pytest.mark.parametrize(
        ("there", "new", "status"),
        [
            ("index.htm", "index.html", 409),
            ("index.htm", "Index.HTML", 409),
            ("index.html", "index.htm", 201),
            ("about.html", "about", 409),
            ("about.htm", "about", 201),
        ],
    )
    def test_by_a_name_that_comes_before_it(self, folder, server, there, new, status):
        (folder / there).write_text("good")
        allowed = {"allows_upload": True, "allows_mkdir": True, "pretty_urls": True}
        with share(folder, server_class=server, **allowed) as shared:
            assert shared.ask("PUT", f"/{new}", b"evil").status == status
            if status == 409:
                assert shared.ask("MKCOL", f"/{new}").status == 409
                fields = {"Tus-Resumable": "1.0.0", "Upload-Length": "4"}
                fields["Upload-Metadata"] = f"name {base64.b64encode(new.encode()).decode()}"
                assert shared.ask("POST", "/", headers=fields).status == 409
            url = "/" if there.startswith("index") else f"/{there}"
            assert shared.ask("GET", url).body == b"good"

    def test_those_who_may_replace_it_may_have_another_name_before_it(self, folder):
        (folder / "index.htm").write_text("good")
        with share(folder, allows_upload=True, allows_overwriting=True) as shared:
            assert shared.ask("PUT", "/index.html", b"new").status == 201
            assert shared.ask("GET", "/").body == b"new"

    def test_by_the_end_of_old_uploads(self, folder):
        """A file that only begins like those of uploads is not removed with those that expired."""
        (folder / ".upload-notes.json").write_text("mine")
        os.utime(folder / ".upload-notes.json", (1_000_000_000, 1_000_000_000))
        name = base64.b64encode(b"new").decode()
        fields = {
            "Tus-Resumable": "1.0.0",
            "Upload-Length": "5",
            "Upload-Metadata": f"filename {name}",
        }
        with share(folder, allows_upload=True) as shared:
            assert shared.ask("POST", "/", headers=fields).status == 201
        assert (folder / ".upload-notes.json").read_text() == "mine"


class TestScriptsThatAreUploaded:
    """A browser does not run what visitors have put there."""

    @pytest.mark.parametrize(
        "name", ["a.html", "a.svg", "a.xml", "a.xhtml", "a.xsl", "a.rdf", "a.made-up"]
    )
    def test_sandbox(self, folder, name):
        class Typed(SharingHTTPRequestHandler):
            extensions_map = {  # noqa: RUF012 (as a program would)
                ".rdf": "application/rdf+xml",
                ".xsl": "text/xsl",
                ".made-up": "image/x-odd+XML; charset=utf-8",
            }

        with sharing(folder, Typed, allows_upload=True) as shared:
            assert shared.ask("PUT", f"/{name}", b"<x/>").status == 201
            fields = shared.ask("GET", f"/{name}").fields
        assert fields["Content-Security-Policy"] == "sandbox"
        assert fields["X-Content-Type-Options"] == "nosniff"

    def test_sandbox_of_the_page_for_404(self, folder):
        """It may be in the folder, where who may overwrite replaces it."""
        page = folder / "404.html"
        page.write_text("mine")
        allowed = {"allows_upload": True, "allows_overwriting": True, "not_found": str(page)}
        with share(folder, **allowed) as shared:
            assert shared.ask("PUT", "/404.html", b"<script>").status == 204
            answer = shared.ask("GET", "/absent")
            tus = {"Tus-Resumable": "1.0.0"}
            refusal = shared.ask("HEAD", "/.upload-" + "a" * 22, headers=tus)
        assert refusal.fields["Tus-Resumable"] == "1.0.0"
        assert (answer.status, answer.body) == (404, b"<script>")
        assert answer.fields["Content-Security-Policy"] == "sandbox"
        assert answer.fields["X-Content-Type-Options"] == "nosniff"

    def test_no_sandbox_of_the_page_for_404_where_nobody_uploads(self, folder):
        page = folder / "404.html"
        page.write_text("mine")
        with share(folder, not_found=str(page)) as shared:
            assert "Content-Security-Policy" not in shared.ask("GET", "/absent").fields

    def test_sandbox_beside_another_policy(self, folder):
        class WithPolicy(SharingHTTPRequestHandler):
            def __init__(self, *arguments, **more):
                policy = [("Content-Security-Policy", "default-src 'self'")]
                super().__init__(*arguments, extra_response_headers=policy, **more)

        (folder / "a.html").write_text("<p>")
        with sharing(folder, WithPolicy, allows_upload=True) as shared:
            of_file = shared.ask("GET", "/a.html").fields.get_all("Content-Security-Policy")
            of_page = shared.ask("GET", "/").fields.get_all("Content-Security-Policy")
        assert of_file == ["default-src 'self'", "sandbox"]
        assert len(of_page) == 1, "that of the page has what it needs itself"


def test_a_drive_is_no_folder_of_an_archive(folder):
    """Windows would unpack it where whoever made the folder wants."""
    allowed = {"allows_upload": True, "allows_mkdir": True, "allows_zip": True}
    with share(folder, **allowed) as shared:
        assert shared.ask("MKCOL", "/C%3A").status == 201
        assert shared.ask("PUT", "/C%3A/evil.dll", b"x").status == 201
        body = shared.ask("GET", "/?zip").body
    names = zipfile.ZipFile(io.BytesIO(body)).namelist()
    assert names == ["app.js", "C_/", "C_/evil.dll"] or names == ["C_/", "C_/evil.dll", "app.js"]


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("target", ["/http://[", "/a://[/?zip", "/http://[::1/?sort=size"])
def test_a_path_that_looks_like_an_address(folder, target, server):
    with share(folder, server_class=server, allows_zip=True, allows_upload=True) as shared:
        for method in ("GET", "HEAD", "PUT", "POST", "OPTIONS"):
            status = shared.ask(method, target, b"x" if method == "PUT" else None).status
            assert status != 500, method


class TestDeepFolders:
    """What goes through all folders costs the square of how deep they are."""

    @pytest.mark.parametrize("server", SERVERS)
    def test_they_have_an_end(self, folder, server):
        allowed = {"allows_upload": True, "allows_mkdir": True, "allows_delete": True}
        deepest = "/d" * 100
        (folder / deepest[1:]).mkdir(parents=True)
        with share(folder, server_class=server, allows_delete_of_trees=True, **allowed) as shared:
            assert shared.ask("PUT", f"{deepest}/file", b"x").status == 201
            assert shared.ask("MKCOL", f"{deepest}/d").status == 201
            for method in ("PUT", "MKCOL"):
                assert shared.ask(method, f"{deepest}/d/d").status == 403
            assert shared.ask("GET", f"{deepest}/d/").status == 200
            assert shared.ask("DELETE", "/d").status == 204


class TestLongTargets:
    """What leads through thousands of folders costs no more than its length."""

    @pytest.mark.parametrize("server", SERVERS)
    @pytest.mark.parametrize("step", ["./", "/", "../", "x/../", "%2e%2e/", "%2f"])
    def test_to_and_fro(self, folder, server, step):
        """A link to each folder on the way, relative to the last, took gigabytes."""
        with share(folder, server_class=server) as shared:
            answer = shared.ask("GET", "/" + step * (60_000 // len(step)) + "/")
            assert answer.status == 200
            assert len(answer.body) < 100_000
            listed = {"Accept": "application/json"}
            assert b'"path":"/",' in shared.ask("GET", "/" + step * 9 + "/", headers=listed).body

    def test_down(self, folder):
        (folder / "/".join(["d"] * 100)).mkdir(parents=True)
        with share(folder) as shared:
            page = shared.ask("GET", "/d" * 100 + "/").body.decode()
        links = re.findall(r'<li><a href="((?:\.\./)*)(?:\./)?"', page)
        assert [len(link) // 3 for link in links] == [100, *range(29, -1, -1)]
        assert page.count("<li>…</li>") == 1

    @pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "MKCOL", "DELETE"])
    def test_to_nothing(self, folder, method):
        allowed = {"allows_upload": True, "allows_mkdir": True, "allows_delete": True}
        with share(folder, hide=("x/*/*/*/*",), allows_zip=True, **allowed) as shared:
            for target in ("/" + "x/" * 30_000, "/" + "x/" * 30_000 + "?zip", "/" + "x" * 60_000):
                body = b"x" if method == "PUT" else None
                assert 400 <= shared.ask(method, target, body).status < 500

    def test_to_no_script(self, folder):
        class Scripts(CGIHTTPRequestHandler, SharingHTTPRequestHandler):
            pass

        with sharing(folder, Scripts) as shared:
            for target in ("/" + "x/" * 30_000, "/cgi-bin/" + "x/" * 30_000):
                assert shared.ask("GET", target).status == 404


def test_long_paths_are_hidden():
    visible = Visibility((), shows_dotfiles=True)
    assert not visible.hides(["x"] * 2048)
    assert visible.hides(["x"] * 2049)


@pytest.mark.parametrize(
    "name", ["private.", "private%20", "private::$DATA", "nul.txt", "PRIVAT~1"]
)
def test_names_that_windows_takes_for_others(folder, name, monkeypatch):
    """Where it is asked for as an archive, or to be changed, too."""
    (folder / urllib.parse.unquote(name)).mkdir()
    monkeypatch.setattr(visibility, "_ON_WINDOWS", True)
    with share(folder, hide=("private",), allows_zip=True, allows_delete=True) as shared:
        assert shared.ask("GET", f"/{name}/?zip").status == 404
        assert shared.ask("GET", f"/{name}/").status == 404
        assert shared.ask("DELETE", f"/{name}").status == 404


class TestMethodsOfAnotherClass:
    """What a subclass answers itself is not judged by what may be changed here."""

    def test_a_form_that_a_script_is_to_get(self, folder):
        class Scripts(CGIHTTPRequestHandler, SharingHTTPRequestHandler):
            def run_cgi(self):  # As another user, where we are root, who cannot come here.
                self.send_response(200)
                self.send_header("Content-Length", "5")
                self.end_headers()
                self.wfile.write(self.rfile.read(5))

        with sharing(folder, Scripts) as shared:
            headers = {"Expect": "100-continue"}
            answer = shared.ask("POST", "/cgi-bin/echo", b"hello", headers)
        assert (answer.status, answer.body) == (200, b"hello")

    def test_a_put_of_a_program(self, folder):
        class Own(ResumableHandler):
            def do_PUT(self):
                self.send_response(200)
                self.send_header("Content-Length", "5")
                self.end_headers()
                self.wfile.write(self.rfile.read(5))

        with sharing(folder, Own) as shared:
            answer = shared.ask("PUT", "/x", b"hello", {"Expect": "100-continue"})
        assert (answer.status, answer.body) == (200, b"hello")
