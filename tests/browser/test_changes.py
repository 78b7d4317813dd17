"""New folders, and deleting, by the page."""

from tests.browser.shared_folder import share
from tests.running import eventually


def test_new_folder(page, folder):
    (folder / "taken").mkdir()
    with share(folder, "--mkdir") as shared:
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
    with share(folder, "--delete") as shared:
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
