"""The page for those who listen to it, use keys alone, or need more contrast: WCAG 2.2, AA."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.pictures import encode_png
from tests.browser.proxy import proxy_for
from tests.browser.shared_folder import share

ALL = ("--upload", "--mkdir", "--delete", "--zip")
PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
README = f"""\
# Summer

With [a link](notes.txt) and `code`.

    {"a long line " * 40}

| {"a wide column " * 40} | km |
| --- | --: |
| 1 | 14 |
"""


@pytest.fixture
def summer(folder):
    """Folders, files of each kind, pictures, a README."""
    for name in ("day 1", "day 2", "day 10"):
        (folder / name).mkdir()
    for extension in ["txt", "pdf", "zip", "mp4", "flac", "bin"]:
        (folder / f"file.{extension}").write_text("content")
    for number in range(3):
        (folder / f"lake {number}.png").write_bytes(encode_png(8, 8, (0, 90, 90), (0, 0, 90)))
    (folder / "README.md").write_text(README)
    return folder


def violations(page):
    """Return what axe-core finds: the rule and the element."""
    results = Axe().run(page, options={"resultTypes": ["violations"]}).response
    return [
        (violation["id"], node["html"])
        for violation in results["violations"]
        for node in violation["nodes"]
    ]


def small_targets(page):
    """Return what is below 24 pixels, but for links in a text (WCAG 2.2, 2.5.8)."""
    return page.evaluate(
        """() => [...document.querySelectorAll("a, button, summary, input")]
            .filter(one => one.checkVisibility() && !one.closest(".markdown"))
            .filter(one => {
                const {width, height} = one.getBoundingClientRect();
                return Math.min(width, height) < 24;
            })
            .map(one => one.outerHTML)"""
    )


def show_pictures(page):
    page.get_by_role("button", name="Pictures").click()
    # Only those in sight are loaded.
    page.locator("#list tbody tr").last.scroll_into_view_if_needed()
    page.wait_for_function("() => document.images.length > 0")


def show_help(page):
    page.locator("#help summary").click()


def fail_to_make_folder(page):
    page.get_by_text("New folder").click()
    page.fill("[name=mkdir]", "a/b")
    page.press("[name=mkdir]", "Enter")


def upload(page):
    page.get_by_text("Upload", exact=True).first.click()
    content = {"name": "film.mov", "mimeType": "video/quicktime", "buffer": bytes(9_000_000)}
    page.set_input_files("input[type=file]", content)
    page.wait_for_function("() => document.querySelector('#transfers progress').value > 0")


def filter_all_away(page):
    page.fill("#filter", "nothing like it")


@pytest.mark.parametrize(
    "act", [None, show_pictures, show_help, fail_to_make_folder, upload, filter_all_away]
)
@pytest.mark.parametrize(
    "options",
    [
        {"color_scheme": "light"},
        {"color_scheme": "dark"},
        {"forced_colors": "active"},
        PHONE,
        # 1280 CSS pixels at 400 % (WCAG 2.2, 1.4.10).
        {"viewport": {"width": 320, "height": 256}},
    ],
    ids=["light", "dark", "forced colours", "phone", "zoom"],
)
def test_page(new_page, summer, options, act):
    page = new_page(**options)
    with share(summer, *ALL) as shared, proxy_for(shared.port) as proxy:
        page.goto(shared.url(port=proxy.port))
        proxy.hold_after(2_000_000)
        if act:
            act(page)
        assert violations(page) == []
        assert small_targets(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.close()


def test_empty_folder(page, folder):
    with share(folder) as shared:
        page.goto(shared.url())
        assert violations(page) == []


def test_each_column_has_its_head_and_each_button_its_name(page, summer):
    with share(summer, *ALL) as shared:
        page.goto(shared.url())
        heads = page.locator("#list").get_by_role("columnheader")
        assert heads.all_text_contents()[3:] == ["Delete"]
        row = page.get_by_role("row", name="day 10")
        assert row.get_by_role("cell").count() == heads.count() - 1
        assert row.get_by_role("button", name="Delete day 10", exact=True).is_visible()


def test_a_pressed_button_can_be_told_in_forced_colours(new_page, summer):
    page = new_page(forced_colors="active")
    with share(summer) as shared:
        page.goto(shared.url())
        button = page.get_by_role("button", name="Pictures")
        background = "one => getComputedStyle(one).backgroundColor"
        released = button.evaluate(background)
        show_pictures(page)
        assert button.evaluate(background) != released


def focused(page):
    return page.evaluate("document.activeElement.innerText")


def test_a_panel_closes_by_escape_and_when_another_opens(page, folder):
    with share(folder, *ALL) as shared:
        page.goto(shared.url())
        upload, new_folder = page.locator("#upload"), page.locator("#new-folder")
        upload.locator("summary").click()
        new_folder.locator("summary").click()
        assert not upload.evaluate("panel => panel.open")
        page.press("[name=mkdir]", "Escape")
        assert not new_folder.evaluate("panel => panel.open")
        assert focused(page) == "New folder"


def test_focus_stays_and_the_outcome_is_told(page, folder):
    (folder / "here.txt").touch()
    with share(folder, *ALL, "--max-upload", "10") as shared:
        page.goto(shared.url())
        page.get_by_text("New folder").click()
        page.fill("[name=mkdir]", "day 1")
        page.press("[name=mkdir]", "Enter")
        page.get_by_role("link", name="day 1").wait_for()
        assert focused(page) == "New folder"
        # An upload that ends makes the list anew.
        page.get_by_role("link", name="here.txt").focus()
        for name, content in (("new.txt", b"new"), ("large", b"x" * 11)):
            file = {"name": name, "mimeType": "text/plain", "buffer": content}
            page.set_input_files("input[type=file]", file)
        page.get_by_role("link", name="new.txt").wait_for()
        assert focused(page) == "here.txt"
        assert sorted(page.get_by_role("log").locator("p").all_text_contents()) == [
            "The folder “day 1” was made.",
            "“large” was not uploaded. It is larger than 10 B.",
            "“new.txt” was uploaded.",
        ]
        # Lines that are closed hand the focus on.
        page.get_by_role("button", name="Close new.txt").press("Enter")
        assert page.evaluate("document.activeElement.ariaLabel") == "Close large"
        page.keyboard.press("Enter")
        assert focused(page) == "Upload"
