"""RangeHTTPServer: a ``SimpleHTTPRequestHandler`` with its own ranges, run by its command."""

import subprocess

import pytest
import requests

from tests.downstream.table import PROGRAMS

#: Longer than what any buffer on the way holds.
CONTENT = bytes(range(256)) * 8192


@pytest.fixture
def shared(tmp_path):
    folder = tmp_path / "shared"
    (folder / "below").mkdir(parents=True)
    (folder / "data.bin").write_bytes(CONTENT)
    (folder / "empty").write_bytes(b"")
    (folder / "below" / "page.html").write_text("<p>below")
    return folder


@pytest.fixture
def program(launch, shared):
    with launch("-m", "RangeHTTPServer", "0", "--bind", "127.0.0.1", cwd=shared) as program:
        yield program


def get(program, path="/data.bin", **fields):
    return requests.get(program.url(path), headers=fields, timeout=10)


def test_whole_file(program, side):
    response = get(program)
    assert (response.status_code, response.content) == (200, CONTENT)
    assert response.headers["Accept-Ranges"] == "bytes"
    if side == "basehttpserver":
        assert program.lanes == PROGRAMS["RangeHTTPServer"].lanes


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("0-0", 0, 0),
        ("100-199", 100, 199),
        ("2000000-", 2000000, len(CONTENT) - 1),
        ("2097151-9999999", len(CONTENT) - 1, len(CONTENT) - 1),
        # The whole of it, in a size that takes many writes.
        ("1-", 1, len(CONTENT) - 1),
    ],
)
def test_range(program, asked, first, last):
    response = get(program, Range=f"bytes={asked}")
    assert response.status_code == 206
    assert response.headers["Content-Range"] == f"bytes {first}-{last}/{len(CONTENT)}"
    assert response.content == CONTENT[first : last + 1]
    assert response.headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize(
    ("asked", "status"), [("99999999-", 416), ("9-1", 400), ("-5", 400), ("0-1,3-4", 400)]
)
def test_refused_range(program, asked, status):
    """It answers itself: our own ranges are not asked."""
    assert get(program, Range=f"bytes={asked}").status_code == status


def test_head(program):
    response = requests.head(program.url("/data.bin"), headers={"Range": "bytes=5-9"}, timeout=10)
    assert (response.status_code, response.headers["Content-Length"]) == (206, "5")
    assert response.content == b""


def test_other_answers(program):
    assert get(program, "/nowhere").status_code == 404
    assert get(program, "/nowhere", Range="bytes=0-1").status_code == 404
    assert get(program, "/empty").content == b""
    assert get(program, "/below/page.html").headers["Content-Type"].startswith("text/html")
    assert "data.bin" in get(program, "/").text


def test_curl_resumes(program, tmp_path):
    part = tmp_path / "part.bin"
    part.write_bytes(CONTENT[:1000000])
    command = ["curl", "--silent", "--show-error", "--fail", "--max-time", "20", "-C", "-"]
    subprocess.run([*command, "-o", part, program.url("/data.bin")], check=True)
    assert part.read_bytes() == CONTENT
