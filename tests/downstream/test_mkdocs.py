"""mkdocs serve: pages that are rebuilt when their source changes, and polls that wait for it."""

import re
import threading

import pytest
import requests

from tests.downstream.table import PROGRAMS
from tests.running import eventually


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "site"
    (folder / "docs").mkdir(parents=True)
    (folder / "mkdocs.yml").write_text("site_name: Pages\nplugins: []\n")
    (folder / "docs" / "index.md").write_text("# First\n")
    (folder / "docs" / "data.bin").write_bytes(bytes(range(256)) * 4096)
    return folder


@pytest.fixture
def program(launch, site):
    with launch("-m", "mkdocs", "serve", "--dev-addr", "127.0.0.1:0", cwd=site) as program:
        yield program


def poll_address(page):
    """What the script in a page asks: ``/livereload/epoch/request``."""
    epoch, request = re.search(r"livereload\((\d+), (\d+)\);", page.text).groups()
    return f"/livereload/{epoch}/{request}", int(epoch)


def test_pages_and_files(program, side):
    page = requests.get(program.url("/"), timeout=10)
    assert (page.status_code, "First" in page.text) == (200, True)
    assert int(page.headers["Content-Length"]) == len(page.content)
    data = requests.get(program.url("/data.bin"), timeout=10)
    assert data.content == bytes(range(256)) * 4096
    missing = requests.get(program.url("/nowhere/"), timeout=10)
    assert (missing.status_code, "404" in missing.text) == (404, True)
    head = requests.head(program.url("/"), timeout=10)
    assert (head.status_code, head.content) == (200, b"")
    if side == "basehttpserver":
        assert program.lanes == PROGRAMS["mkdocs"].lanes


def test_change_answers_the_polls(program, site):
    """Ten browsers wait; all learn of the change, and the page is new."""
    path, epoch = poll_address(requests.get(program.url("/"), timeout=10))
    answers = []
    polls = [
        threading.Thread(
            target=lambda: answers.append(requests.get(program.url(path), timeout=30).text)
        )
        for _ in range(10)
    ]
    for poll in polls:
        poll.start()
    program.wait_until_printed("Browser connected")
    # Others are served while ten wait.
    assert requests.get(program.url("/data.bin"), timeout=10).ok
    assert answers == []
    (site / "docs" / "index.md").write_text("# Second\n")
    for poll in polls:
        poll.join(30)
    assert len(answers) == 10
    assert all(int(answer) > epoch for answer in answers)
    eventually(lambda: "Second" in requests.get(program.url("/"), timeout=10).text, "the new page")


def test_stop_while_a_poll_waits(program):
    """Ctrl-C ends it, although a browser waits for a change; its handlers are daemon threads."""
    path, _ = poll_address(requests.get(program.url("/"), timeout=10))
    failures = []

    def poll():
        try:
            requests.get(program.url(path), timeout=30)
        except requests.exceptions.ConnectionError as error:
            failures.append(error)

    polling = threading.Thread(target=poll)
    polling.start()
    program.wait_until_printed("Browser connected")
    assert program.stop() == 0
    polling.join(10)
    assert len(failures) == 1
