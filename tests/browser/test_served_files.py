"""What else is served for a browser: archives, pretty URLs, applications, what runs no script."""

import io
import zipfile

import pytest

from tests.browser.shared_folder import Seen, share
from tests.browser.test_uploads import done, drop
from tests.browser.videos import SECONDS, seek


def test_folder_as_an_archive(page, folder):
    photos = folder / "photos é"
    (photos / "day 1").mkdir(parents=True)
    (photos / "a.txt").write_text("hello")
    (photos / "day 1" / "b.txt").write_text("there")
    (photos / ".hidden").touch()
    with share(folder, "--zip") as shared:
        page.goto(shared.url())
        page.get_by_role("link", name="photos é").click()
        with page.expect_download() as download:
            page.get_by_role("link", name="Download").click()
        assert download.value.suggested_filename == "photos é.zip"
        archive = zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes()))
        contents = {
            name: archive.read(name).decode()
            for name in archive.namelist()
            if not name.endswith("/")
        }
        assert contents == {"a.txt": "hello", "day 1/b.txt": "there"}


def test_pretty_urls(page, folder):
    (folder / "index.html").write_text('<!DOCTYPE html><title>home</title><a href="about">x</a>')
    (folder / "about.html").write_text("<!DOCTYPE html><title>about</title>")
    with share(folder, "--pretty-urls") as shared:
        page.goto(shared.url())
        page.click("a")
        page.wait_for_url(shared.url("/about"))
        assert page.title() == "about"


@pytest.fixture
def application(folder):
    """An application as build tools leave it: one page, and a script that makes all others."""
    (folder / "index.html").write_text(
        '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>app</title>'
        '<link rel="stylesheet" href="/assets/app-4f2a.css">'
        '<script type="module" src="/assets/app-9c1d.js"></script><main></main>'
    )
    (folder / "assets").mkdir()
    (folder / "assets" / "app-4f2a.css").write_text("main { color: rgb(1, 2, 3) }")
    (folder / "assets" / "view-77aa.js").write_text("export const view = path => `at ${path}`;")
    (folder / "assets" / "app-9c1d.js").write_text(
        """const { view } = await import("./view-77aa.js");
        const show = () => {
            document.querySelector("main").innerHTML =
                `<p>${view(location.pathname)}</p><a href="/items/7">item</a>`;
        };
        document.addEventListener("click", event => {
            if (event.target.tagName !== "A") return;
            event.preventDefault();
            history.pushState(null, "", event.target.href);
            show();
        });
        addEventListener("popstate", show);
        show();"""
    )
    return folder


def test_application(page, application):
    with share(application, "--spa") as shared:
        page.goto(shared.url())
        page.get_by_text("at /", exact=True).wait_for()
        page.click("a")
        page.get_by_text("at /items/7").wait_for()
        assert shared.count("GET", 200) == 4
        page.reload()
        page.get_by_text("at /items/7").wait_for()
        page.go_back()
        page.get_by_text("at /", exact=True).wait_for()
        page.goto(shared.url("/deep/in.side/it"))
        page.get_by_text("at /deep/in.side/it").wait_for()
        colour = page.evaluate("getComputedStyle(document.querySelector('main')).color")
        assert colour == "rgb(1, 2, 3)"
        # A script of an older build is gone: were it the page, nobody would find out why.
        assert page.goto(shared.url("/assets/app-0000.js")).status == 404


def test_application_without_its_option(page, application):
    with share(application) as shared:
        assert page.goto(shared.url("/items/7")).status == 404


SCRIPT = "document.documentElement.setAttribute('ran', 'yes'); fetch('/stolen');"
ACTIVE = {
    "page.html": f"<!DOCTYPE html><title>x</title><script>{SCRIPT}</script>"
    f'<img src="data:," onerror="{SCRIPT}">',
    "page.xhtml": f'<html xmlns="http://www.w3.org/1999/xhtml"><script>{SCRIPT}</script></html>',
    "picture.svg": f'<svg xmlns="http://www.w3.org/2000/svg"><script>{SCRIPT}</script></svg>',
    "data.xml": f'<x xmlns:h="http://www.w3.org/1999/xhtml"><h:script>{SCRIPT}</h:script></x>',
    "page.txt": f"<!DOCTYPE html><script>{SCRIPT}</script>",
    "page": f"<!DOCTYPE html><script>{SCRIPT}</script>",
}


def test_what_was_uploaded_runs_no_script(page, folder):
    with share(folder, "--upload") as shared:
        page.goto(shared.url())
        drop(page, ACTIVE)
        done(page, len(ACTIVE))
        for name in ACTIVE:
            if name == "page":
                continue
            page.goto(shared.url(f"/{name}"))
            assert page.evaluate("document.documentElement.getAttribute('ran')") is None, name
        # Its type is unknown, and no browser is to guess it.
        with page.expect_download():
            page.evaluate("location.href = '/page'")
        asked = {one.target for one in shared.seen}
        assert {f"/{name}" for name in ACTIVE} <= asked
        assert "/stolen" not in asked


def test_what_was_not_uploaded_runs_its_script(page, folder):
    """So that the other test says something."""
    for name, content in ACTIVE.items():
        (folder / name).write_text(content)
    with share(folder) as shared:
        for name in ("page.html", "page.xhtml", "picture.svg", "data.xml"):
            page.goto(shared.url(f"/{name}"))
            assert page.evaluate("document.documentElement.getAttribute('ran')") == "yes", name
        assert Seen("GET", "/stolen", 404) in shared.seen


def test_moving_within_a_video(page, folder, video):
    (folder / "film.webm").write_bytes(video.read_bytes())
    with share(folder, "--upload") as shared:
        page.goto(shared.url())
        page.get_by_role("link", name="film.webm").click()
        page.wait_for_url(shared.url("/film.webm"))
        for place in (SECONDS * 0.7, SECONDS * 0.3, SECONDS - 2):
            assert seek(page, place) == pytest.approx(place, abs=0.01)
        asked = [one for one in shared.seen if one.target == "/film.webm"]
        assert {one.status for one in asked[1:]} == {206}
