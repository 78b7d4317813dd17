"""REDbot, which examines answers and how they change with the request, finds no fault."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients.serving import serving_files

pytestmark = pytest.mark.usefixtures("leaks_nothing")

NOTES = Path(__file__).with_name("redbot_notes.py")

#: Longer than the range that REDbot asks for, so that this is a part.
PAGE = "<!DOCTYPE html><title>Page</title>" + "<p>A paragraph\n" * 100

#: Notes that are no faults of ours, each with its reason.
ACCEPTED = {
    # There is no Cache-Control, as in http.server: how long a copy may be used without asking is
    # known to who shares the folder alone, and extra_response_headers says it.
    "FRESHNESS_HEURISTIC": ["/text.txt", "/page.html", "/data.bin", "/empty", "/", "/with_index/"],
    # Cache-Control: no-cache, so that the folder may become a file. There is nothing to validate:
    # the answer has no content that could be saved.
    "FRESHNESS_NO_CACHE_NO_VALIDATOR": ["/with_index"],
}


@pytest.fixture
def files(folder):
    (folder / "text.txt").write_text("What REDbot reads.\n" * 1000)
    (folder / "page.html").write_text(PAGE)
    (folder / "data.bin").write_bytes(bytes(range(256)) * 400)
    (folder / "empty").touch()
    (folder / "with_index").mkdir()
    (folder / "with_index" / "index.html").write_text(PAGE)
    with serving_files(folder) as files:
        yield files


def examine(url):
    """Return the status of a URL, and all notes on it and on what REDbot tries with it."""
    done = subprocess.run(
        [sys.executable, str(NOTES), url], capture_output=True, text=True, timeout=50
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("target", "status"),
    [
        pytest.param("/text.txt", 200, id="text"),
        pytest.param("/page.html", 200, id="page"),
        pytest.param("/data.bin", 200, id="binary"),
        pytest.param("/empty", 200, id="empty"),
        pytest.param("/", 200, id="listing"),
        pytest.param("/with_index/", 200, id="index page"),
        pytest.param("/with_index", 301, id="redirect"),
        pytest.param("/absent", 404, id="not found"),
    ],
)
def test_finds_no_fault(files, target, status):
    report = examine(files.url(target))
    assert report["status"] == status
    assert report["notes"]
    faults = [
        note
        for note in report["notes"]
        if note["level"] in ("bad", "warning") and target not in ACCEPTED.get(note["name"], ())
    ]
    assert faults == []


def test_sees_ranges_and_validators(files):
    """That there are no faults says something only where it has tried."""
    names = {note["name"] for note in examine(files.url("/text.txt"))["notes"]}
    assert {"RANGE_CORRECT", "INM_304", "IMS_304"} <= names
