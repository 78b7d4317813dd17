"""The page of a folder: list, sort, filter, keyboard, pictures, hostile names, no script."""

import os

import pytest

from tests.browser.pictures import encode_png
from tests.browser.shared_folder import share
from tests.running import PATIENCE_SECONDS

LEAP_DAY = 1709208000  # 2024-02-29T12:00:00Z


def write(folder, name, size=1, modified=LEAP_DAY):
    path = folder / name
    with open(path, "wb") as file:
        file.truncate(size)
    os.utime(path, (modified, modified))


def names(page):
    """Return what is seen in the list."""
    return page.evaluate(
        "[...document.querySelectorAll('#list tbody tr')].map(row => row.cells[0].innerText.trim())"
    )


def focused(page):
    return page.evaluate("document.activeElement.innerText")


@pytest.fixture
def files(folder):
    """Three folders and some files."""
    for name in ("day 1", "day 2", "day 10"):
        (folder / name).mkdir()
    write(folder, "b.txt", 2_500_000, LEAP_DAY)
    write(folder, "a.txt", 10, LEAP_DAY + 86400)
    write(folder, "É.txt", 999, LEAP_DAY - 86400)
    return folder


def test_list(page, files):
    with share(files) as shared:
        page.goto(shared.url())
        assert names(page) == ["day 1", "day 2", "day 10", "a.txt", "b.txt", "É.txt"]
        row = page.get_by_role("row", name="b.txt")
        assert row.get_by_role("cell").all_inner_texts() == ["2.5 MB", "29 Feb 2024, 13:00"]
        assert page.inner_text("#summary") == "3 folders, 3 files, 2.5 MB"
        page.get_by_role("link", name="day 10").click()
        page.wait_for_url(shared.url("/day%2010/"))
        assert "This folder is empty." in page.inner_text("main")
        page.get_by_role("link", name="Home").click()
        page.wait_for_url(shared.url())


def test_it_is_a_table_for_a_screen_reader(page, files):
    with share(files) as shared:
        page.goto(shared.url())
        table = page.get_by_role("table")
        assert table.get_by_role("row").count() == 7
        assert table.get_by_role("columnheader").all_inner_texts() == ["Name", "Size", "Modified"]
        assert table.get_by_role("rowheader").count() == 6
        assert page.get_by_role("searchbox", name="Filter by name").is_visible()


def test_sort(page, files):
    with share(files) as shared:
        page.goto(shared.url())
        by_size = page.get_by_role("columnheader", name="Size")
        by_size.get_by_role("link").click()
        assert names(page)[3:] == ["a.txt", "É.txt", "b.txt"]
        assert by_size.get_attribute("aria-sort") == "ascending"
        by_size.get_by_role("link").click()
        assert names(page)[3:] == ["b.txt", "É.txt", "a.txt"]
        assert by_size.get_attribute("aria-sort") == "descending"
        page.get_by_role("columnheader", name="Modified").get_by_role("link").click()
        assert names(page)[3:] == ["É.txt", "b.txt", "a.txt"]
        assert by_size.get_attribute("aria-sort") is None
        # All of that without asking the server, which says the same.
        assert shared.count("GET", 200) == 1
        sorted_here = names(page)
        page.reload()
        assert names(page) == sorted_here


def test_names_are_sorted_as_the_server_does(page, folder):
    for name in ("img10", "IMG2", "img1", "zoo", "élan", "egg", "Apple", "a-b", "a_b", "a b", "ab"):
        write(folder, name)
    with share(folder) as shared:
        page.goto(shared.url("/?sort=name&order=desc"))
        from_server = names(page)
        page.goto(shared.url())
        assert names(page) == from_server[::-1]
        page.get_by_role("link", name="Name").click()
        assert names(page) == from_server


def test_filter(page, files):
    with share(files) as shared:
        page.goto(shared.url())
        search = page.get_by_role("searchbox")
        search.fill("DAY")
        assert names(page) == ["day 1", "day 2", "day 10"]
        assert "3 of 6 shown" in page.inner_text("#matches")
        search.fill("1 day")
        assert names(page) == ["day 1", "day 10"]
        search.fill("é")
        assert names(page) == ["É.txt"]
        search.fill("nothing like it")
        assert names(page) == []
        search.press("Escape")
        assert len(names(page)) == 6
        assert page.inner_text("#matches") == ""


def test_keyboard(page, files):
    with share(files) as shared:
        page.goto(shared.url())
        page.keyboard.press("j")
        assert focused(page) == "day 1"
        page.keyboard.press("j")
        page.keyboard.press("ArrowDown")
        assert focused(page) == "day 10"
        page.keyboard.press("k")
        page.keyboard.press("ArrowUp")
        page.keyboard.press("k")
        assert focused(page) == "day 1"
        page.keyboard.press("Enter")
        page.wait_for_url(shared.url("/day%201/"))
        page.keyboard.press("Backspace")
        page.wait_for_url(shared.url())
        page.keyboard.press("/")
        page.keyboard.type("hj/")
        assert page.input_value("#filter") == "hj/"
        page.keyboard.press("Escape")
        page.keyboard.press("ArrowDown")
        assert focused(page) == "day 1"
        page.keyboard.press("?")
        assert page.locator("#help").evaluate("help => help.open")


def test_the_browser_keeps_its_keys(page, files):
    with share(files) as shared:
        page.goto(shared.url())
        untouched = page.evaluate(
            """() => ["j", "h", "/"].map(key => document.body.dispatchEvent(
                new KeyboardEvent("keydown", {key, ctrlKey: true, bubbles: true, cancelable: true})
            ))"""
        )
        assert untouched == [True] * 3
        # WCAG 2.1.4: keys of one character can be turned off.
        page.locator("#help summary").click()
        page.get_by_role("checkbox").uncheck()
        page.reload()
        page.keyboard.press("j")
        assert focused(page) != "day 1"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours(new_page, files, scheme):
    page = new_page(color_scheme=scheme)
    with share(files) as shared:
        page.goto(shared.url())
        contrasts = page.evaluate(
            """() => {
                const light = text => {
                    const parts = text.match(/[0-9.]+/g).slice(0, 3).map(part => {
                        const share = part / 255;
                        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
                    });
                    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
                };
                const back = light(getComputedStyle(document.body).backgroundColor);
                return ["#list tbody a", "#list td", "thead a", ".summary", "nav a"].map(one => {
                    const text = light(getComputedStyle(document.querySelector(one)).color);
                    return (Math.max(text, back) + 0.05) / (Math.min(text, back) + 0.05);
                });
            }"""
        )
        # WCAG 2.2, 1.4.3, level AA.
        assert min(contrasts) >= 4.5
        back = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (back == "rgb(255, 255, 255)") is (scheme == "light")


def test_phone(new_page, files):
    write(files, "x" * 200 + ".txt")
    page = new_page(viewport={"width": 360, "height": 640}, is_mobile=True, has_touch=True)
    with share(files, "--upload", "--mkdir", "--delete", "--zip") as shared:
        page.goto(shared.url())
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        heights = page.locator("#list tbody a").evaluate_all(
            "links => links.map(link => link.parentElement.parentElement.clientHeight)"
        )
        assert min(heights) >= 44  # a finger


def test_nothing_moves_when_the_script_runs(page, files):
    with share(files, "--upload", "--mkdir") as shared:
        page.goto(shared.url())
        shift = page.evaluate(
            """() => new Promise(resolve => {
                let sum = 0;
                new PerformanceObserver(list => {
                    for (const entry of list.getEntries()) sum += entry.value;
                }).observe({type: "layout-shift", buffered: true});
                requestAnimationFrame(() => setTimeout(() => resolve(sum), 50));
            })"""
        )
        assert shift == 0


def test_pictures(page, folder):
    for number in range(3):
        picture = encode_png(8, 8, (255, 0, 0), (0, 0, 255))
        (folder / f"{number}.png").write_bytes(picture)
    write(folder, "broken.png", 10)
    write(folder, "large.png", 9_000_000)
    with share(folder) as shared:
        page.goto(shared.url())
        assert not any(target.endswith(".png") for target in shared.targets())
        page.get_by_role("button", name="Pictures").click()
        page.wait_for_function(
            "() => [...document.images].filter(image => image.naturalWidth === 8).length === 3"
        )
        assert page.get_by_role("button", name="Pictures").get_attribute("aria-pressed") == "true"
        # What is no picture goes back to its symbol; what is too large is not asked for.
        page.wait_for_function("() => document.images.length === 3")
        assert "/large.png" not in shared.targets()
        page.reload()
        page.wait_for_function("() => document.images.length === 3")
        page.get_by_role("link", name="1.png").click()
        page.wait_for_url(shared.url("/1.png"))


def test_only_pictures_in_sight_are_loaded(page, folder):
    picture = encode_png(8, 8, (255, 0, 0), (0, 0, 255))
    for number in range(400):
        (folder / f"{number}.png").write_bytes(picture)
    with share(folder) as shared:
        page.goto(shared.url())
        page.get_by_role("button", name="Pictures").click()
        page.wait_for_function("() => document.images.length > 10")
        page.wait_for_load_state("networkidle")
        assert sum(target.endswith(".png") for target in shared.targets()) < 60


HOSTILE = [
    "<img src=x onerror=document.title='owned'>",
    '"><script>document.title="owned"//',
    "javascript:document.title='owned'",
    "a:b",
    "100%41#?.txt",
    "line\nbreak",
    "photo\u202egpj.exe",
    "é" * 127,
    "\udcff\udcfe",
]


def test_hostile_names(page, folder):
    for number, name in enumerate(HOSTILE):
        (folder / name).mkdir()
        (folder / name / f"inside {number}").write_text("")
    (folder / "README.md").write_text(
        "<script>document.title='owned'</script> [x](javascript:document.title='owned')"
        " ![x](//example.com/x.png)"
    )
    with share(folder, "--delete") as shared:
        page.goto(shared.url())
        assert len(names(page)) == len(HOSTILE) + 1
        found = set()
        for index in range(len(HOSTILE)):
            page.goto(shared.url())
            page.locator("#list tbody a").nth(index).click()
            page.wait_for_url("**/*/")
            assert "owned" not in page.evaluate("document.title").replace("'owned'", "").replace(
                '"owned"', ""
            )
            found.update(names(page))
            page.get_by_role("link", name="Home").click()
            page.wait_for_url(shared.url())
        assert found == {f"inside {number}" for number in range(len(HOSTILE))}


def test_readme(page, folder):
    (folder / "README.md").write_text("# Hello\n\n[notes](notes.txt)\n")
    (folder / "notes.txt").write_text("here")
    with share(folder) as shared:
        page.goto(shared.url())
        assert page.get_by_role("heading", name="Hello").is_visible()
        page.locator(".readme").get_by_role("link", name="notes").click()
        page.wait_for_url(shared.url("/notes.txt"))


def test_without_script(new_page, files):
    page = new_page(java_script_enabled=False)
    with share(files, "--upload", "--mkdir", "--delete") as shared:
        page.goto(shared.url())
        rows = page.locator("#list tbody th")
        assert rows.all_inner_texts() == ["day 1", "day 2", "day 10", "a.txt", "b.txt", "É.txt"]
        assert page.get_by_text("2024-02-29 12:00").is_visible()
        assert page.get_by_text("UTC").is_visible()
        assert not page.locator("#filter").is_visible()
        assert page.get_by_role("button", name="Delete").count() == 0
        page.get_by_role("link", name="Size").click()
        assert rows.all_inner_texts()[3:] == ["a.txt", "É.txt", "b.txt"]
        page.get_by_text("Upload", exact=True).first.click()
        content = {"name": "new.txt", "mimeType": "text/plain", "buffer": b"hello"}
        page.set_input_files("input[type=file]", [content])
        page.get_by_role("button", name="Upload").click()
        page.wait_for_url(shared.url())
        assert (files / "new.txt").read_bytes() == b"hello"
        page.get_by_text("New folder").click()
        page.fill("[name=mkdir]", "day 3")
        page.get_by_role("button", name="Create").click()
        page.wait_for_url(shared.url())
        assert (files / "day 3").is_dir()


def test_twenty_thousand_entries(page, folder):
    for number in range(20_000):
        (folder / f"IMG_{number}.txt").touch()
    with share(folder) as shared:
        page.goto(shared.url(), timeout=PATIENCE_SECONDS * 4000)
        page.fill("#filter", "IMG_19999")
        assert names(page) == ["IMG_19999.txt"]
        page.fill("#filter", "")
        # The first block at once, the others soon.
        assert len(names(page)) >= 240
        page.wait_for_function("() => document.querySelectorAll('#list tbody tr').length === 20000")
        page.get_by_role("link", name="Name").click()
        assert names(page)[0] == "IMG_19999.txt"
