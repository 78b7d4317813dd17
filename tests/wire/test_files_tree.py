"""The command line serves real trees, and all of them arrive byte for byte."""

import contextlib
import os
import pathlib
import socket
import subprocess
import sys
import sysconfig
import urllib.parse

import pytest

from tests.wire.command_line import MEBIBYTE, Links, needs_memory_of_processes, serve

# What some operating systems let one call a file. Where one does not, the name is left out.
NAMES = [
    "a b",
    " space before and after ",
    "'single'",
    '"double"',
    "`backtick`",
    "<b>&amp;</b>",
    "100%",
    "%41",
    "%2e%2e",
    "%2F",
    "#hash",
    "question?mark=1&b",
    "plus+plus",
    "semi;colon",
    "c:",
    "back\\slash",
    "two\nlines",
    "carriage\rreturn",
    "tab\there",
    "control\x01\x7f",
    ".hidden",
    "..two dots",
    "...",
    "-dash",
    "~tilde",
    "con",
    "café",
    "cafe\N{COMBINING ACUTE ACCENT}",
    "日本語",
    "\N{SNAKE}",
    "\N{RIGHT-TO-LEFT OVERRIDE}reversed",
    "\N{LINE SEPARATOR}",
    os.fsdecode(b"latin-1 \xe9"),
    os.fsdecode(b"\xff\xfe\xed\xa0\x80"),
    "x" * 255,
]


def check_tree(served, folder, target="/", without=frozenset()):
    """Download all that the listing of `target` leads to; return how many files that were.

    Each has to be the same as in `folder`, and none may be missing.
    """
    page = served.get_whole(target).decode("utf-8", "surrogateescape")
    names = {urllib.parse.unquote(link, errors="surrogatepass"): link for link in Links(page).found}
    listed = {name.rstrip("/") for name in names} - without
    assert listed == set(os.listdir(folder)) - without
    count = 0
    for name, link in names.items():
        if name.rstrip("/") in without:
            continue
        if name.endswith("/"):
            count += check_tree(served, folder / name, target + link, without)
        else:
            assert served.get_whole(target + link) == (folder / name).read_bytes(), target + link
            count += 1
    return count


@pytest.mark.parametrize("protocol", ["HTTP/1.0", "HTTP/1.1"])
def test_difficult_names(tmp_path, protocol):
    root = tmp_path / "root"
    root.mkdir()
    created = 0
    for name in NAMES:
        with contextlib.suppress(OSError):
            (root / "files").mkdir(exist_ok=True)
            (root / "files" / name).write_bytes(os.fsencode(name) * 3)
            (root / "folders" / name / name).mkdir(parents=True)
            (root / "folders" / name / name / name).write_bytes(b"")
            created += 2
    assert created > 20
    with serve(root, tmp_path / "log", "--dotfiles", "--protocol", protocol) as served:
        assert check_tree(served, root) == created


@pytest.mark.timeout(300)
def test_standard_library(tmp_path):
    """Thousands of files of all sizes. What other processes may change meanwhile is left out."""
    library = pathlib.Path(sysconfig.get_path("stdlib"))
    with serve(library, tmp_path / "log") as served:
        count = check_tree(served, library, without={"__pycache__", "site-packages"})
    assert count > 500


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A folder with a file of a little more than 2 GiB, most of which takes no room."""
    folder = tmp_path_factory.mktemp("large")
    with open(folder / "large", "wb") as file:
        for offset in (0, 2**31 - 3, 2**31 + 12345):
            file.seek(offset)
            file.write(b"marker")
    yield folder
    (folder / "large").unlink()


class TestLargeFile:
    SIZE = 2**31 + 12345 + len(b"marker")

    def test_head(self, large, tmp_path):
        with serve(large, tmp_path / "log") as served, served.get("/large", "HEAD") as response:
            assert response.getheader("Content-Length") == str(self.SIZE)

    @pytest.mark.timeout(300)
    @needs_memory_of_processes
    def test_download_takes_no_memory(self, large, tmp_path):
        length = 0
        with serve(large, tmp_path / "log") as served, open(large / "large", "rb") as file:
            served.get_whole("/")
            before = served.peak_memory()
            with served.get("/large") as response:
                while block := response.read(MEBIBYTE):
                    is_right = block == file.read(len(block))
                    assert is_right, f"within {len(block)} bytes from {length} on"
                    length += len(block)
            grown = served.peak_memory() - before
        assert length == self.SIZE
        assert grown < 32 * MEBIBYTE

    def test_client_that_leaves(self, large, tmp_path):
        with serve(large, tmp_path / "log") as served:
            with served.get("/large") as response:
                assert len(response.read(MEBIBYTE)) == MEBIBYTE
            served.connection.close()
            assert b"large" in served.get_whole("/")

    @needs_memory_of_processes
    def test_clients_that_do_not_read(self, large, tmp_path):
        with serve(large, tmp_path / "log") as served, contextlib.ExitStack() as stack:
            served.get_whole("/")
            before = served.peak_memory()
            for _ in range(8):
                address = (served.connection.host, served.connection.port)
                idle = stack.enter_context(socket.create_connection(address, timeout=30))
                idle.sendall(b"GET /large HTTP/1.1\r\nHost: example.org\r\n\r\n")
                assert idle.recv(8) == b"HTTP/1.1"
            assert b"large" in served.get_whole("/")
            assert served.peak_memory() - before < 32 * MEBIBYTE


class TestSymbolicLinks:
    """What leads out of the folder is not shared, unless that is asked for."""

    @pytest.fixture
    def root(self, tmp_path):
        root = tmp_path / "root"
        root.mkdir()
        (tmp_path / "outside").write_bytes(b"outside")
        (root / "file").write_bytes(b"file")
        (root / "in").symlink_to("file")
        (root / "out").symlink_to("../outside")
        return root

    @pytest.mark.parametrize(
        ("options", "followed"),
        [
            pytest.param([], {"in"}, id="default"),
            pytest.param(["--symlinks", "inside"], {"in"}, id="inside"),
            pytest.param(["--symlinks", "all"], {"in", "out"}, id="all"),
            pytest.param(["--symlinks", "none"], set(), id="none"),
            pytest.param(["--cgi"], {"in"}, id="cgi"),
        ],
    )
    def test_followed_and_listed(self, root, tmp_path, options, followed):
        with serve(root, tmp_path / "log", *options) as served:
            assert set(Links(served.get_whole("/").decode()).found) == {"file"} | followed
            for name in ("in", "out"):
                with served.get("/" + name) as response:
                    assert response.status == (200 if name in followed else 404)
                    response.read()

    def test_another_word(self, root):
        command = [sys.executable, "-m", "basehttpserver", "--symlinks", "some"]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ended.returncode == 2
        assert "argument --symlinks: invalid choice: 'some'" in ended.stderr
