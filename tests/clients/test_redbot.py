"""REDbot, which examines answers and how they change with the request, finds no fault."""

import gzip
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients.serving import serving_files
from tests.wire.command_line import serve

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

#: The same of what the command line serves.
ACCEPTED_OF_COMMAND_LINE = {
    # As above; and a listing is made anew each time: to know that it is the same takes as long.
    "FRESHNESS_NO_CACHE_NO_VALIDATOR": ["/with_index", "/", "/?sort=size&order=desc"],
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


def examine(*arguments):
    """Return the status of a URL, and all notes on it and on what REDbot tries with it."""
    done = subprocess.run(
        [sys.executable, str(NOTES), *arguments], capture_output=True, text=True, timeout=50
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def faults_in(report, target, accepted):
    return [
        note
        for note in report["notes"]
        if note["level"] in ("bad", "warning") and target not in accepted.get(note["name"], ())
    ]


def names_in(report):
    return {note["name"] for note in report["notes"]}


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
    assert faults_in(report, target, ACCEPTED) == []


def test_sees_ranges_and_validators(files):
    """That there are no faults says something only where it has tried."""
    names = names_in(examine(files.url("/text.txt")))
    assert {"RANGE_CORRECT", "INM_304", "IMS_304"} <= names


@pytest.fixture
def shared(folder, tmp_path):
    """What people run: its page, compression, and files that were compressed before."""
    (folder / "text.txt").write_text("What REDbot reads.\n" * 1000)
    (folder / "app.js").write_text(f"x = '{random.Random(1).randbytes(3000).hex()}';")
    (folder / "app.js.gz").write_bytes(gzip.compress((folder / "app.js").read_bytes()))
    (folder / "picture.svg").write_text("<svg/>" + " " * 2000)
    (folder / "data.bin").write_bytes(bytes(range(256)) * 400)
    (folder / "README.md").write_text("# Read me\n\n" + "All of it.\n" * 100)
    (folder / "with_index").mkdir()
    (folder / "with_index" / "index.html").write_text(PAGE)
    options = ("--precompressed", "--upload", "--overwrite", "--mkdir", "--delete", "--zip")
    with serve(folder, tmp_path / "log", *options) as served:
        yield "http://{}:{}".format(*served.address)


VALIDATED = {"INM_304", "IMS_304"}


@pytest.mark.parametrize(
    ("target", "status", "seen"),
    [
        pytest.param("/text.txt", 200, {"CONNEG_GZIP_GOOD", *VALIDATED}, id="compressed"),
        pytest.param("/app.js", 200, {"CONNEG_GZIP_GOOD", *VALIDATED}, id="precompressed"),
        pytest.param("/app.js.gz", 200, {"RANGE_CORRECT", *VALIDATED}, id="its compressed file"),
        pytest.param("/picture.svg", 200, {"CONTENT_SECURITY_POLICY"}, id="sandboxed"),
        pytest.param("/data.bin", 200, {"RANGE_CORRECT", *VALIDATED}, id="binary"),
        pytest.param("/README.md", 200, {"RANGE_CORRECT", *VALIDATED}, id="README"),
        pytest.param("/", 200, {"CONTENT_SECURITY_POLICY"}, id="page"),
        pytest.param("/?sort=size&order=desc", 200, {"CONTENT_SECURITY_POLICY"}, id="sorted"),
        pytest.param("/?zip", 200, {"STORE_NO_STORE"}, id="archive"),
        pytest.param("/with_index/", 200, {"CONNEG_GZIP_GOOD"}, id="index page"),
        pytest.param("/with_index", 301, set(), id="redirect"),
        pytest.param("/absent", 404, set(), id="not found"),
    ],
)
def test_finds_no_fault_in_the_command_line(shared, target, status, seen):
    report = examine(shared + target)
    assert report["status"] == status
    assert faults_in(report, target, ACCEPTED_OF_COMMAND_LINE) == []
    assert seen <= names_in(report)


@pytest.mark.parametrize("accept", ["application/json", "text/plain"])
def test_finds_no_fault_in_a_listing_for_scripts(shared, accept):
    report = examine(shared + "/", accept)
    assert report["status"] == 200
    assert faults_in(report, "/", ACCEPTED_OF_COMMAND_LINE) == []
    # Of the page alone.
    assert "CONTENT_SECURITY_POLICY" not in names_in(report)
