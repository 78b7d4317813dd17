"""What a browser is served, Debian's Chromium. Run by ``make test-clients``."""

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.videos import encode_video
from tests.clients.programs import path_of


def pytest_collection_modifyitems(items):
    """Other people's programs may warn, and a browser takes its time to start."""
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker(pytest.mark.filterwarnings("default"))


@pytest.fixture(scope="session")
def browser():
    path = path_of("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        yield browser
        browser.close()


@pytest.fixture
def new_page(browser):
    """Make a page in a profile of its own; the test fails where the page complains."""
    complaints = []
    contexts = []

    def make(**options):
        context = browser.new_context(locale="en-GB", timezone_id="Europe/Berlin", **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        # Chromium says so, too, where a server is away or answers with an error, as tests want.
        page.on(
            "console",
            lambda message: (
                complaints.append(message.text)
                if "Content Security Policy" in message.text
                else None
            ),
        )
        return page

    yield make
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(new_page):
    return new_page()


@pytest.fixture
def folder(tmp_path):
    """The folder that is shared."""
    folder = tmp_path / "shared"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def video(tmp_path_factory):
    path = tmp_path_factory.mktemp("video") / "video.webm"
    encode_video(path_of("ffmpeg"), path)
    return path
