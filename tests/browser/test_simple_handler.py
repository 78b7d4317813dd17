"""SimpleHTTPRequestHandler for a browser: videos, copies that are good, redirects, names, text."""

import shutil

import pytest

from tests.browser.videos import SECONDS, seek
from tests.clients.serving import serving_files


def test_moving_within_a_video(page, folder, video):
    shutil.copy(video, folder / "video.webm")
    (folder / "index.html").write_text('<!DOCTYPE html><video src="video.webm" preload="metadata">')
    with serving_files(folder) as files:
        page.goto(files.url())
        page.wait_for_function("document.querySelector('video').readyState >= 1")
        first = [seen for seen in files.take_seen() if seen.target == "/video.webm"]
        for place in (SECONDS * 0.7, SECONDS * 0.3, SECONDS - 2):
            assert seek(page, place) == pytest.approx(place, abs=0.01)
        later = [seen for seen in files.take_seen() if seen.target == "/video.webm"]
    # What it has asked for to know the length of the video; then what is where the places are.
    assert first[0].range == "bytes=0-"
    assert {seen.status for seen in first + later} == {206}
    assert any(seen.range != "bytes=0-" for seen in later)


@pytest.fixture
def site(folder):
    """Two pages with a style and a script."""
    (folder / "style.css").write_text("p { color: rgb(1, 2, 3) }")
    (folder / "script.js").write_text("document.title += ' ran'")
    for name, other in (("first", "second"), ("second", "first")):
        (folder / f"{name}.html").write_text(
            f'<!DOCTYPE html><meta charset="utf-8"><title>{name}</title>'
            f'<link rel="stylesheet" href="style.css"><script src="script.js" defer></script>'
            f'<p>{name}</p><a href="{other}.html">{other}</a>'
        )
    return folder


def colour(page):
    return page.evaluate("getComputedStyle(document.querySelector('p')).color")


def test_reload_asks_whether_the_copy_is_good(page, site):
    with serving_files(site) as files:
        page.goto(files.url("/first.html"))
        files.take_seen()
        page.reload()
        assert (page.title(), colour(page)) == ("first ran", "rgb(1, 2, 3)")
        seen = files.take_seen()
        assert ("/first.html", 304) in [(one.target, one.status) for one in seen]
        assert {one.status for one in seen if one.target != "/favicon.ico"} == {304}
        (site / "first.html").write_text("<!DOCTYPE html><title>changed</title>")
        page.reload()
        assert page.title() == "changed"


def test_going_back(page, site):
    with serving_files(site) as files:
        page.goto(files.url("/first.html"))
        page.click("a")
        page.wait_for_url(files.url("/second.html"))
        assert page.title() == "second ran"
        files.take_seen()
        page.go_back()
        assert (page.title(), colour(page)) == ("first ran", "rgb(1, 2, 3)")
        # Nothing is sent a second time.
        assert {seen.status for seen in files.seen} <= {304}


def test_redirect_to_a_folder_is_forgotten(page, folder):
    """A file takes the name of a folder. Who was redirected before sees it all the same."""
    (folder / "thing.html").mkdir()
    (folder / "thing.html" / "index.html").write_text("<!DOCTYPE html><title>folder</title>")
    with serving_files(folder) as files:
        page.goto(files.url("/thing.html"))
        assert (page.url, page.title()) == (files.url("/thing.html/"), "folder")
        shutil.rmtree(folder / "thing.html")
        (folder / "thing.html").write_text("<!DOCTYPE html><title>file</title>")
        page.goto(files.url("/thing.html"))
        assert (page.url, page.title()) == (files.url("/thing.html"), "file")


def test_listing_leads_to_files(page, folder):
    """Names that a browser could read in another way are reached by a click."""
    names = ["a b.txt", "100%.txt", "%41.txt", "#1?.txt", "-dash.txt", "é\N{SNAKE}.txt", "a:b.txt"]
    for number, name in enumerate(names):
        (folder / name).write_text(f"file {number}")
    with serving_files(folder) as files:
        for number, name in enumerate(names):
            page.goto(files.url())
            page.get_by_role("link", name=name, exact=True).click()
            page.wait_for_load_state()
            assert page.inner_text("body") == f"file {number}"


def test_text_beyond_ascii(page, folder):
    """A text file cannot say what it is encoded in: the server says that it is UTF-8."""
    text = "é日本語\N{SNAKE}"
    (folder / "note.txt").write_text(text, "utf-8")
    with serving_files(folder) as files:
        page.goto(files.url("/note.txt"))
        assert page.inner_text("body") == text
