"""Who may look and who may change something, by name and password in a browser."""

import os

import pytest
from playwright.sync_api import Error

from tests.browser.shared_folder import Seen, share
from tests.browser.test_uploads import done, drop

GUEST = {"username": "guest", "password": "welcome"}
OWNER = {"username": "élise", "password": "s:cret £"}
USERS = ("--auth", "guest:welcome", "--upload-auth", "élise:s:cret £")
CHANGES = ("--upload", "--mkdir", "--delete")


def test_nobody(page, folder):
    (folder / "secret.txt").touch()
    with share(folder, *CHANGES, *USERS) as shared:
        # Nobody answers what Chromium asks its user.
        with pytest.raises(Error, match="ERR_INVALID_AUTH_CREDENTIALS"):
            page.goto(shared.url())
        assert shared.seen == [Seen("GET", "/", 401)]


def test_reader_does_not_write(new_page, folder):
    page = new_page(http_credentials=GUEST)
    with share(folder, *CHANGES, *USERS) as shared:
        page.goto(shared.url())
        drop(page, {"a.txt": "hello"})
        reason = "A password is needed."
        page.locator("#transfers").get_by_text(reason).wait_for()
        page.get_by_role("log").get_by_text(f"“a.txt” was not uploaded. {reason}").wait_for()
        assert os.listdir(folder) == []


def test_writer(new_page, folder):
    page = new_page(http_credentials=OWNER)
    page.on("dialog", lambda dialog: dialog.accept())
    with share(folder, *CHANGES, *USERS) as shared:
        page.goto(shared.url())
        drop(page, {"a.txt": "hello"})
        done(page)
        assert (folder / "a.txt").read_text() == "hello"
        page.get_by_text("New folder").click()
        page.fill("[name=mkdir]", "new")
        page.press("[name=mkdir]", "Enter")
        page.get_by_role("link", name="new").wait_for()
        row = page.get_by_role("row", name="a.txt")
        row.get_by_role("button", name="Delete").click()
        row.wait_for(state="detached")
        assert shared.names == ["new"]
        assert Seen("DELETE", "/a.txt", 204, "élise") in shared.seen


def test_reading_without_a_password(new_page, folder):
    page = new_page(http_credentials=OWNER)
    with share(folder, *CHANGES, *USERS[2:]) as shared:
        page.goto(shared.url())
        drop(page, {"a.txt": "hello"})
        done(page)
        assert (folder / "a.txt").read_text() == "hello"
        # The browser was asked when it came to writing, which is when it asks its user.
        assert shared.seen[0] == Seen("GET", "/", 200)
        assert Seen("POST", "/", 401) in shared.seen
        assert Seen("POST", "/", 201, "élise") in shared.seen
