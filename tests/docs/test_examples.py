"""Every example of the documentation runs, and shows what it says."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, Story, blocks_of, commands_of, matches

EXAMPLES = [page for page in PAGES if blocks_of(page)]

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


@pytest.mark.parametrize("page", EXAMPLES, ids=lambda page: str(page.relative_to(ROOT)))
def test_examples_of_page(page, folder):
    blocks = blocks_of(page)
    if shutil.which("curl") is None and any("curl" in block.text for block in blocks):
        if os.environ.get("CI") == "true":
            pytest.fail("curl is missing")
        pytest.skip("curl is missing")
    # What the pages take for granted: a folder with something to share.
    (folder / "report.txt").write_text("All is well\n")
    (folder / "page.html").write_text("<p>All is well\n" * 100)
    if page.name == "share-a-folder.md":
        (folder / "public").mkdir()
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

    def test_failing_example_fails(self, tmp_path):
        page = tmp_path / "page.md"
        page.write_text("```python\nassert False\n```\n\n```console\n$ echo one\ntwo\n```\n")
        wrong, unexpected = blocks_of(page)
        with Story(tmp_path) as story:
            with pytest.raises(AssertionError):
                story.run(wrong)
            with pytest.raises(AssertionError):
                story.run(unexpected)
