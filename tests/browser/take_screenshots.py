"""Takes the pictures of the page that the documentation shows; no test.

    python -m pytest tests/browser/take_screenshots.py

writes docs/how-to/images/*.png.
"""

import os
import random
from pathlib import Path

import pytest

from tests.browser.pictures import encode_png
from tests.browser.proxy import proxy_for
from tests.browser.shared_folder import share

IMAGES = Path(__file__).parents[2] / "docs" / "how-to" / "images"

SIZES = {
    "all days.zip": 73_400_000,
    "film.mp4": 52_300_000,
    "map.pdf": 431_000,
    "notes.txt": 812,
    "song.flac": 23_400_000,
    "track.gpx": 98_200,
}
README = """\
# Summer at the lake

Two weeks, three people, one tent. The way there is in [the notes](notes.txt).

| day | what | km |
| --- | --- | ---: |
| 1 | up to the hut | 14 |
| 2 | rain | 0 |
| 10 | home again | 21 |
"""
#: 2024-06-01T12:00:00Z
FIRST_DAY = 1717243200

DESKTOP = {"viewport": {"width": 1040, "height": 760}}
PHONE = {
    "viewport": {"width": 390, "height": 780},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}


@pytest.fixture
def summer(folder):
    """A folder as people have it."""
    summer = folder / "photos" / "summer"
    summer.mkdir(parents=True)
    for name in ("day 1", "day 2", "day 10"):
        (summer / name).mkdir()
    for name, size in SIZES.items():
        with open(summer / name, "wb") as file:
            file.truncate(size)
    dice = random.Random(4)
    for number in range(1, 13):
        sky, water = ([dice.randrange(40, 240) for _ in range(3)] for _ in range(2))
        (summer / f"lake {number}.png").write_bytes(encode_png(320, 240, sky, water))
    (summer / "README.md").write_text(README)
    for day, path in enumerate(sorted(summer.iterdir())):
        date = FIRST_DAY + day * 90_061
        os.utime(path, (date, date))
    return folder


def show_pictures(page):
    page.get_by_role("button", name="Pictures").click()
    page.wait_for_function("() => document.images.length > 2")
    page.wait_for_load_state("networkidle")
    page.mouse.move(0, 0)


def upload(page):
    files = [
        {"name": f"sunset {number}.mov", "mimeType": "video/quicktime", "buffer": bytes(24_000_000)}
        for number in (1, 2)
    ]
    page.get_by_text("Upload", exact=True).first.click()
    page.set_input_files("input[type=file]", files)
    page.wait_for_function(
        "() => [...document.querySelectorAll('#transfers progress')].every(bar => bar.value > 0)"
    )


@pytest.mark.parametrize(
    ("name", "options", "act"),
    [
        ("page-light", DESKTOP, None),
        ("page-dark", DESKTOP | {"color_scheme": "dark"}, None),
        ("page-pictures", DESKTOP, show_pictures),
        ("page-upload", DESKTOP, upload),
        ("page-phone", PHONE, None),
        ("page-phone-pictures", PHONE | {"color_scheme": "dark"}, show_pictures),
    ],
)
def test_screenshot(new_page, summer, name, options, act):
    page = new_page(**options)
    offered = ("--upload", "--max-upload", "2000000000", "--mkdir", "--delete", "--zip")
    with share(summer, *offered) as shared, proxy_for(shared.port) as proxy:
        page.goto(shared.url("/photos/summer/", proxy.port))
        # Uploads stand still in the picture.
        proxy.hold_after(9_000_000)
        if act:
            act(page)
        IMAGES.mkdir(parents=True, exist_ok=True)
        # Given a path, Playwright writes it in a thread that stays.
        (IMAGES / f"{name}.png").write_bytes(page.screenshot())
        page.close()
