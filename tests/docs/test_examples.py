"""Every example of the documentation runs, and shows what it says."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, Story, blocks_of, commands_of, matches

EXAMPLES = [page for page in PAGES if blocks_of(page)]

#: Programs that the examples are typed with, and that not every machine has.
TOOLS = ("curl", "wget")

#: What the pages take for granted: a folder with something to share.
FILES = {"report.txt": "All is well\n", "page.html": "<p>All is well\n" * 100}

#: What single pages take for granted besides.
FILES_OF_PAGE = {
    "share-a-folder.md": {
        "public/report.txt": "All is well\n",
        "public/draft.bak": "All was well\n",
        "public/.env": "SECRET=1\n",
        "public/plans/2027.txt": "Much\n",
    },
    "receive-files.md": {
        "inbox/": "",
        "photo.jpg": "A lake\n" * 10_000,
        "film.mp4": "A long day at the lake\n" * 400_000,
    },
    "serve-a-built-web-app.md": {
        "dist/index.html": "<!doctype html><div id=app></div>\n",
        "dist/about.html": "<!doctype html><p>About us\n",
        "dist/404.html": "<!doctype html><p>Not here\n",
        "dist/assets/app-4f2a.js": "document.title = 'An application';\n" * 100,
    },
    "serve-video.md": {"films/film.mp4": "A long day at the lake\n" * 400_000},
}

#: In seconds since the epoch: 2024.
LONG_AGO = 1_717_243_200

# Alone: the pages show what a handler's answer looks like that is not late, and free ports are
# looked for before they are used.
pytestmark = [
    pytest.mark.alone,
    pytest.mark.skipif(os.name == "nt", reason="the examples are for a POSIX shell"),
    pytest.mark.usefixtures("leaks_nothing"),
]


@pytest.fixture
def folder():
    """A folder that others may enter: where root runs this, CGI scripts are run by nobody."""
    with tempfile.TemporaryDirectory() as path:
        os.chmod(path, 0o755)
        yield Path(path)


def make_files(folder, files):
    """Make files with some text; a name with a slash at its end is a folder's."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        if name.endswith("/"):
            path.mkdir()
        else:
            path.write_text(text)
            # What has changed just now may change again, so that its entity tag does not stay.
            os.utime(path, (LONG_AGO, LONG_AGO))


@pytest.mark.parametrize("page", EXAMPLES, ids=lambda page: str(page.relative_to(ROOT)))
def test_examples_of_page(page, folder):
    blocks = blocks_of(page)
    for tool in TOOLS:
        if shutil.which(tool) is None and any(f"$ {tool} " in block.text for block in blocks):
            if os.environ.get("CI") == "true":
                pytest.fail(f"{tool} is missing")
            pytest.skip(f"{tool} is missing")
    make_files(folder, FILES | FILES_OF_PAGE.get(page.name, {}))
    with Story(folder) as story:
        for block in blocks:
            story.run(block)


def test_blocks_have_a_language_that_is_run():
    known = {"python", "sh", "console", "ini"}
    assert {block.language for page in PAGES for block in blocks_of(page)} <= known


def test_first_example_is_short():
    first = blocks_of(ROOT / "README.md")[0]
    assert len(list(filter(None, first.text.splitlines()))) <= 12


class TestTools:
    """The tools themselves would hide what they do not find."""

    def test_console(self):
        text = "$ one\nfirst\nsecond\n$ two\n"
        assert commands_of(text) == [("one", "first\nsecond\n"), ("two", "")]

    def test_output(self):
        assert matches("a\n...\nd\n", "a\r\nb\r\nc\r\nd\r\n")
        assert matches("Date: ...\n", "Date: today")
        assert not matches("a\n", "a\nb\n")
        assert not matches("a.c\n", "abc\n")

    def test_pages_that_need_files_are_there(self):
        assert {page.name for page in EXAMPLES} >= FILES_OF_PAGE.keys()

    def test_failing_example_fails(self, tmp_path):
        page = tmp_path / "page.md"
        page.write_text("```python\nassert False\n```\n\n```console\n$ echo one\ntwo\n```\n")
        wrong, unexpected = blocks_of(page)
        with Story(tmp_path) as story:
            with pytest.raises(AssertionError):
                story.run(wrong)
            with pytest.raises(AssertionError):
                story.run(unexpected)
