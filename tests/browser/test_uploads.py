"""Uploads from the page by tus: several, dropped, cancelled, gone on with; folders, deleting."""

import os

import pytest

from tests.browser.sharing_server import serving_folder
from tests.running import eventually

MEGABYTE = 1_000_000


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
    path.write_bytes(os.urandom(MEGABYTE) * 40)
    return path


def states(page):
    return page.locator("#transfers .state").all_inner_texts()


def done(page, count=1):
    page.wait_for_function(
        "count => [...document.querySelectorAll('#transfers .state')]"
        ".filter(state => state.textContent.startsWith('Done')).length === count",
        arg=count,
    )


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


def test_several_files_that_are_dropped(page, folder):
    with serving_folder(folder, upload=True) as shared:
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


def test_progress(page, folder, large):
    with serving_folder(folder, upload=True) as shared:
        shared.pause_after_bytes = 5 * MEGABYTE
        page.goto(shared.url())
        page.set_input_files("input[type=file]", large)
        assert shared.is_waiting.wait(10)
        page.wait_for_function("() => document.querySelector('#transfers progress').value > 0")
        value, most = page.locator("#transfers progress").evaluate("bar => [bar.value, bar.max]")
        assert 0 < value < most == 40 * MEGABYTE
        assert states(page)[0].endswith(" of 40 MB")
        shared.valve.set()
        done(page)
        assert (folder / "large.bin").read_bytes() == large.read_bytes()


def test_name_that_is_taken(page, folder):
    (folder / "a.txt").write_text("mine")
    with serving_folder(folder, upload=True) as shared:
        page.goto(shared.url())
        drop(page, {"a.txt": "yours"})
        page.get_by_role("alert").get_by_text("There is something of this name already.").wait_for()
        assert (folder / "a.txt").read_text() == "mine"


def test_too_large(page, folder):
    with serving_folder(folder, upload=True, max_upload_bytes=3) as shared:
        page.goto(shared.url())
        drop(page, {"a.txt": "1234", "b.txt": "123"})
        done(page)
        assert "It is larger than 3 B." in states(page)
        assert os.listdir(folder) == ["b.txt"]


def test_cancel(page, folder, large):
    with serving_folder(folder, upload=True) as shared:
        shared.pause_after_bytes = 5 * MEGABYTE
        page.goto(shared.url())
        page.set_input_files("input[type=file]", large)
        assert shared.is_waiting.wait(10)
        page.get_by_role("button", name="Cancel large.bin").click()
        eventually(lambda: shared.count("DELETE", 204), "the server is told")
        assert page.locator("#transfers").is_hidden()
        assert page.evaluate("localStorage.length") == 0
        shared.valve.set()
    assert os.listdir(folder) == []


def test_server_stops_and_starts(page, folder, large):
    with serving_folder(folder, upload=True) as shared:
        shared.pause_after_bytes = 5 * MEGABYTE
        page.goto(shared.url())
        page.set_input_files("input[type=file]", large)
        assert shared.is_waiting.wait(10)
        port = shared.port
    page.get_by_text("Connection lost, trying again").wait_for()
    with serving_folder(folder, port=port, upload=True) as shared:
        done(page)
        # Not from the beginning.
        assert [(one[0], one[2]) for one in shared.seen if one[0] != "GET"] == [
            ("HEAD", 200),
            ("PATCH", 204),
        ]
        assert (folder / "large.bin").read_bytes() == large.read_bytes()
        assert page.evaluate("localStorage.length") == 0


def test_same_file_chosen_again_goes_on(page, folder, large):
    with serving_folder(folder, upload=True) as shared:
        shared.pause_after_bytes = 5 * MEGABYTE
        page.goto(shared.url())
        page.set_input_files("input[type=file]", large)
        assert shared.is_waiting.wait(10)
        # The visitor leaves, in the middle of it.
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto("about:blank")
        shared.pause_after_bytes = None
        shared.valve.set()
        page.goto(shared.url())
        page.set_input_files("input[type=file]", large)
        done(page)
        assert shared.count("POST") == 1
        assert (folder / "large.bin").read_bytes() == large.read_bytes()


def test_upload_that_the_server_has_forgotten(page, folder, outside):
    path = outside / "a.txt"
    path.write_text("hello")
    with serving_folder(folder, upload=True) as shared:
        page.goto(shared.url())
        page.evaluate(
            """([name, size, modified]) => localStorage.setItem(
                ["tus", location.pathname, name, size, modified].join("|"), "/.uploads/99")""",
            ["a.txt", 5, int(path.stat().st_mtime * 1000)],
        )
        page.set_input_files("input[type=file]", path)
        done(page)
        assert (folder / "a.txt").read_text() == "hello"


def test_new_folder(page, folder):
    (folder / "taken").mkdir()
    with serving_folder(folder, mkdir=True) as shared:
        page.goto(shared.url())
        page.get_by_text("New folder").click()
        for name, problem in (("taken", "already"), ("..", "No folder"), ("a/b", "No folder")):
            page.fill("[name=mkdir]", name)
            page.press("[name=mkdir]", "Enter")
            page.locator("#new-folder [role=alert]").get_by_text(problem).wait_for()
        page.fill("[name=mkdir]", "50% é?#")
        page.press("[name=mkdir]", "Enter")
        page.get_by_role("link", name="50% é?#").wait_for()
        assert (folder / "50% é?#").is_dir()


def test_delete(page, folder):
    (folder / "full").mkdir()
    (folder / "full" / "x").touch()
    for name in ("a.txt", "b.txt"):
        (folder / name).touch()
    messages = []
    answers = iter([False, True, True, True])

    def reply(dialog):
        messages.append(dialog.message)
        if next(answers):
            dialog.accept()
        else:
            dialog.dismiss()

    page.on("dialog", reply)
    with serving_folder(folder, delete=True) as shared:
        page.goto(shared.url())
        delete = page.get_by_role("row", name="a.txt").get_by_role("button", name="Delete")
        delete.click()
        assert (folder / "a.txt").exists()
        delete.click()
        page.get_by_role("link", name="a.txt").wait_for(state="detached")
        assert not (folder / "a.txt").exists()
        page.get_by_role("row", name="full").get_by_role("button", name="Delete").click()
        eventually(lambda: page.evaluate("1") and len(messages) == 4)
        assert "cannot be undone" in messages[0]
        assert messages[3] == "“full” was not deleted. It is not empty."
