"""Uploads from the page by tus: several, dropped, cancelled, broken off and gone on with."""

import contextlib
import os

import pytest

from tests.browser.proxy import proxy_for
from tests.browser.shared_folder import share
from tests.running import PATIENCE_SECONDS, eventually

MEGABYTE = 1_000_000
LARGE_BYTES = 40 * MEGABYTE
#: Where an upload is held that a test needs in the middle of it.
HELD_BYTES = 5 * MEGABYTE


@pytest.fixture
def outside(tmp_path):
    """Where the visitor's files are."""
    outside = tmp_path / "outside"
    outside.mkdir()
    return outside


@pytest.fixture
def large(outside):
    """A file that no socket takes at once."""
    path = outside / "large.bin"
    path.write_bytes(os.urandom(MEGABYTE) * (LARGE_BYTES // MEGABYTE))
    return path


def states(page):
    return page.locator("#transfers .state").all_inner_texts()


def done(page, count=1):
    page.wait_for_function(
        "count => [...document.querySelectorAll('#transfers .state')]"
        ".filter(state => state.textContent.startsWith('Done')).length === count",
        arg=count,
    )


def changes(shared):
    """Return what was asked for but to read it, and how it was answered."""
    return [(one.method, one.status) for one in shared.seen if one.method != "GET"]


class Throttle:
    """What a page may send in a second."""

    def __init__(self, page):
        # The limits of a session are its own, and the lowest is what counts.
        self._session = page.context.new_cdp_session(page)

    def set(self, bytes_per_second):
        self._session.send(
            "Network.emulateNetworkConditions",
            {
                "offline": False,
                "latency": 0,
                "downloadThroughput": -1,
                "uploadThroughput": bytes_per_second,
            },
        )

    def lift(self):
        self.set(-1)


def drop(page, files):
    """Drop files on the page as a visitor would: `files` maps names to contents."""
    page.evaluate(
        """files => {
            const dataTransfer = new DataTransfer();
            for (const [name, content] of Object.entries(files)) {
                dataTransfer.items.add(new File([content], name, {lastModified: 1}));
            }
            for (const type of ["dragenter", "dragover"]) {
                document.body.dispatchEvent(
                    new DragEvent(type, {dataTransfer, bubbles: true, cancelable: true}));
            }
            window.wasShown = !document.getElementById("drop").hidden;
            document.body.dispatchEvent(
                new DragEvent("drop", {dataTransfer, bubbles: true, cancelable: true}));
        }""",
        files,
    )


@pytest.fixture
def upload_in_midst(page, folder, large):
    """Begin an upload that comes no further than some megabytes until the proxy says so."""

    @contextlib.contextmanager
    def upload_in_midst():
        with share(folder, "--upload") as shared, proxy_for(shared.port) as proxy:
            page.goto(shared.url(port=proxy.port))
            proxy.hold_after(HELD_BYTES)
            page.set_input_files("input[type=file]", large)
            assert proxy.is_holding.wait(PATIENCE_SECONDS)
            # What was passed on is on its way for a moment.
            eventually(lambda: shared.bytes_of_uploads > HELD_BYTES // 2, "something has come")
            yield shared, proxy

    return upload_in_midst


def test_several_files_that_are_dropped(page, folder):
    with share(folder, "--upload") as shared:
        page.goto(shared.url())
        files = {"a.txt": "first", "é <b>.txt": "second", "empty": "", "c": "3", "d": "4"}
        drop(page, files)
        assert page.evaluate("window.wasShown")
        assert page.locator("#drop").is_hidden()
        done(page, 5)
        for name, content in files.items():
            assert (folder / name).read_text() == content
        # The list has them, without a new page.
        page.get_by_role("link", name="é <b>.txt").wait_for()
        assert page.locator("#list tbody tr").count() == 5
        assert page.locator(".empty").count() == 0


def test_progress(page, folder, large, upload_in_midst):
    with upload_in_midst() as (shared, proxy):
        page.wait_for_function("() => document.querySelector('#transfers progress').value > 0")
        value, most = page.locator("#transfers progress").evaluate("bar => [bar.value, bar.max]")
        assert 0 < value < most == LARGE_BYTES
        assert states(page)[0].endswith(" of 40 MB")
        assert shared.names == []
        proxy.release()
        done(page)
        assert shared.names == ["large.bin"]
        assert (folder / "large.bin").read_bytes() == large.read_bytes()


def test_name_that_is_taken(page, folder):
    (folder / "a.txt").write_text("mine")
    with share(folder, "--upload") as shared:
        page.goto(shared.url())
        drop(page, {"a.txt": "yours"})
        reason = "There is something of this name already."
        page.locator("#transfers").get_by_text(reason).wait_for()
        page.get_by_role("log").get_by_text(f"“a.txt” was not uploaded. {reason}").wait_for()
        assert (folder / "a.txt").read_text() == "mine"


def test_name_that_is_taken_meanwhile(page, folder, upload_in_midst):
    with upload_in_midst() as (shared, proxy):
        (folder / "large.bin").write_text("mine")
        proxy.release()
        reason = "There is something of this name already."
        page.locator("#transfers").get_by_text(reason).wait_for()
        page.get_by_role("log").get_by_text(f"“large.bin” was not uploaded. {reason}").wait_for()
        assert shared.count("PATCH", 409) == 1
        assert (folder / "large.bin").read_text() == "mine"


def test_name_that_is_taken_and_may_be_overwritten(page, folder):
    (folder / "a.txt").write_text("mine")
    with share(folder, "--upload", "--overwrite") as shared:
        page.goto(shared.url())
        assert "Nothing is overwritten" not in page.content()
        drop(page, {"a.txt": "yours"})
        done(page)
        assert (folder / "a.txt").read_text() == "yours"


def test_too_large(page, folder):
    with share(folder, "--upload", "--max-upload", "3") as shared:
        page.goto(shared.url())
        drop(page, {"a.txt": "1234", "b.txt": "123"})
        done(page)
        assert "It is larger than 3 B." in states(page)
        assert shared.names == ["b.txt"]


def test_cancel(page, upload_in_midst):
    with upload_in_midst() as (shared, _):
        page.get_by_role("button", name="Cancel large.bin").click()
        eventually(lambda: shared.count("DELETE", 204), "the server is told")
        assert page.locator("#transfers").is_hidden()
        assert page.evaluate("localStorage.length") == 0
        assert os.listdir(shared.folder) == []


@pytest.mark.parametrize("way", ["SIGTERM", "SIGKILL"])
def test_server_stops_and_starts(page, folder, large, way):
    with share(folder, "--upload") as shared:
        page.goto(shared.url())
        throttle = Throttle(page)
        throttle.set(MEGABYTE)
        page.set_input_files("input[type=file]", large)
        eventually(lambda: shared.bytes_of_uploads > MEGABYTE, "something has come")
        if way == "SIGKILL":
            shared.served.kill()
    page.get_by_text("Connection lost, trying again").wait_for()
    come = shared.bytes_of_uploads
    assert MEGABYTE < come < LARGE_BYTES
    with share(folder, "--upload", port=shared.port) as shared:
        throttle.lift()
        done(page)
        # Not from the beginning.
        assert changes(shared) == [("HEAD", 200), ("PATCH", 204)]
        assert (folder / "large.bin").read_bytes() == large.read_bytes()
        assert page.evaluate("localStorage.length") == 0


@pytest.mark.parametrize("tells_server", [True, False], ids=["for both", "for the browser alone"])
def test_connection_breaks(page, folder, large, upload_in_midst, tells_server):
    with upload_in_midst() as (shared, proxy):
        proxy.cut(tells_server=tells_server)
        done(page)
        asked = changes(shared)
        # Chromium itself sends what was cut once more, as it was: for the server that is at the
        # wrong offset. What was cut is logged when the server finds out, which may be never.
        assert {("PATCH", 400), ("PATCH", 409)}.issuperset(asked[1:-2])
        assert [asked[0], *asked[-2:]] == [("POST", 201), ("HEAD", 200), ("PATCH", 204)]
        assert (folder / "large.bin").read_bytes() == large.read_bytes()


def test_same_file_chosen_again_goes_on(page, folder, large, upload_in_midst):
    with upload_in_midst() as (shared, proxy):
        # The visitor leaves, in the middle of it.
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto("about:blank")
        proxy.release()
        page.goto(shared.url(port=proxy.port))
        page.set_input_files("input[type=file]", large)
        done(page)
        assert shared.count("POST") == 1
        assert (folder / "large.bin").read_bytes() == large.read_bytes()


def test_upload_that_the_server_has_forgotten(page, folder, outside):
    path = outside / "a.txt"
    path.write_text("hello")
    with share(folder, "--upload") as shared:
        page.goto(shared.url())
        page.evaluate(
            """([name, size, modified]) => localStorage.setItem(
                ["tus", location.pathname, name, size, modified].join("|"),
                "/.upload-AAAAAAAAAAAAAAAAAAAAAA")""",
            ["a.txt", 5, int(path.stat().st_mtime * 1000)],
        )
        page.set_input_files("input[type=file]", path)
        done(page)
        assert shared.count("HEAD", 404) == 1
        assert (folder / "a.txt").read_text() == "hello"
