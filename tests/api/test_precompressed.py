"""Compressed forms of files that somebody made before, beside them."""

import os

import pytest

from basehttpserver._files import precompressed
from basehttpserver._files.accept_encoding import CODINGS
from basehttpserver._files.precompressed import PrecompressedFiles
from basehttpserver._files.served_folder import ServedFolder, served_folder

#: When files were changed, in nanoseconds.
CHANGED = 1_700_000_000_123_456_000


def write(path, content=b"", changed=CHANGED):
    path.write_bytes(content)
    os.utime(path, ns=(changed, changed))


@pytest.fixture
def page(tmp_path):
    folder = tmp_path / "served"
    folder.mkdir()
    path = folder / "page.html"
    write(path)
    return path


def find(path, codings=CODINGS, symlinks="all", directory=None):
    """Return the coding and the content of what is found, or None."""
    folder = served_folder(str(directory or path.parent), symlinks)
    found = PrecompressedFiles().try_open(folder, str(path), path.stat(), codings)
    if found is None:
        return None
    with found.file as file:
        return found.coding, file.read_at(0, file.status.st_size)


@pytest.mark.parametrize(
    ("suffixes", "codings", "coding"),
    [
        ("", CODINGS, None),
        (".br", CODINGS, "br"),
        (".zst", CODINGS, "zstd"),
        (".gz", CODINGS, "gzip"),
        (".br .zst .gz", CODINGS, "br"),
        (".zst .gz", CODINGS, "zstd"),
        (".br .zst .gz", ["gzip", "br"], "gzip"),
        (".br .zst", ["gzip", "br"], "br"),
        (".br .zst", ["gzip"], None),
        (".br .zst .gz", [], None),
        (".zstd .gzip .Z .deflate", CODINGS, None),
    ],
)
@pytest.mark.parametrize("symlinks", ["all", "inside", "none"])
def test_first_that_is_there(suffixes, codings, coding, symlinks, page):
    for suffix in suffixes.split():
        write(page.with_name(page.name + suffix), suffix.encode())
    found = find(page, codings, symlinks)
    assert (found and found[0]) == coding
    if found:
        assert found[1].decode() == {"br": ".br", "zstd": ".zst", "gzip": ".gz"}[coding]


@pytest.mark.parametrize(
    ("made", "fresh"),
    [
        (CHANGED, True),
        (CHANGED + 1000, True),
        (CHANGED + 10**18, True),
        (CHANGED - 1000, False),
        (CHANGED - 10**9, False),
        (0, False),
        # The same date by a program, or in an archive, that has whole seconds only.
        (1_700_000_000_000_000_000, True),
        (1_699_999_999_000_000_000, False),
        (1_700_000_000_000_001_000, False),
    ],
)
def test_stale_ones_are_not_used(made, fresh, page):
    write(page.with_name("page.html.gz"), changed=made)
    assert (find(page) is not None) is fresh


def test_stale_one_makes_room_for_the_next(page):
    write(page.with_name("page.html.br"), changed=CHANGED - 10**9)
    write(page.with_name("page.html.gz"), b"new")
    assert find(page) == ("gzip", b"new")


@pytest.mark.parametrize("name", ["x.js.gz", "x.br", "x.zst"])
def test_forms_have_no_forms(name, page):
    path = page.with_name(name)
    write(path)
    for suffix in (".br", ".zst", ".gz"):
        write(page.with_name(name + suffix))
    assert find(path) is None


@pytest.mark.parametrize("symlinks", ["all", "inside", "none"])
@pytest.mark.parametrize(
    ("target", "reached_by"),
    [
        ("../secret", {"all"}),
        ("inside", {"all", "inside"}),
        ("page.html.gz", set()),
        ("nothing", set()),
    ],
)
def test_links(target, reached_by, symlinks, page):
    write(page.parent.parent / "secret")
    write(page.with_name("inside"))
    page.with_name("page.html.gz").symlink_to(target)
    assert (find(page, symlinks=symlinks) is not None) is (symlinks in reached_by)


@pytest.mark.parametrize("symlinks", ["inside", "none"])
def test_neighbours_of_a_folder_that_is_linked_to_outside(symlinks, page):
    others = page.parent.parent / "others"
    others.mkdir()
    for name in ("page.html", "page.html.gz"):
        write(others / name)
    (page.parent / "link").symlink_to("../others")
    linked = page.parent / "link" / "page.html"
    assert find(linked, symlinks=symlinks, directory=page.parent) is None


def test_only_regular_files(page):
    page.with_name("page.html.br").mkdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(page.with_name("page.html.zst"))
    write(page.with_name("page.html.gz"), b"file")
    assert find(page) == ("gzip", b"file")


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "x" * 255, "no/such/folder/page"])
def test_names_that_no_file_has(name, page):
    folder = served_folder(str(page.parent), "none")
    path = os.path.join(str(page.parent), name)
    assert PrecompressedFiles().try_open(folder, path, page.stat(), CODINGS) is None


class RecordingFolder(ServedFolder):
    """Keeps the files that it has opened."""

    def __init__(self):
        self.opened = []

    def open_file(self, path):
        self.opened.append(super().open_file(path))
        return self.opened[-1]


def test_closes_what_it_does_not_use(page):
    for suffix in (".br", ".zst", ".gz"):
        write(page.with_name(page.name + suffix), changed=CHANGED if suffix == ".gz" else 0)
    folder = RecordingFolder()
    found = PrecompressedFiles().try_open(folder, str(page), page.stat(), CODINGS)
    with found.file:
        assert [file.descriptor < 0 for file in folder.opened] == [True, True, False]


def test_asks_for_nothing_more_than_it_needs(page):
    for suffix in (".br", ".zst", ".gz"):
        write(page.with_name(page.name + suffix))
    folder = RecordingFolder()
    with PrecompressedFiles().try_open(folder, str(page), page.stat(), CODINGS).file as file:
        assert folder.opened == [file]


class Clock:
    """A clock that stands still."""

    def __init__(self):
        self.seconds = 100.0

    def __call__(self):
        return self.seconds


def test_missing_one_is_not_looked_for_again_for_a_second(page):
    folder, clock = RecordingFolder(), Clock()
    files = PrecompressedFiles(clock)

    def coding(codings):
        found = files.try_open(folder, str(page), page.stat(), codings)
        if found is None:
            return None
        with found.file:
            return found.coding

    assert coding(["br"]) is None
    for suffix in (".br", ".gz"):
        write(page.with_name(page.name + suffix))
    assert coding(["br"]) is None
    # Each for itself.
    assert coding(["br", "gzip"]) == "gzip"
    clock.seconds += 0.9
    assert coding(["br"]) is None
    clock.seconds += 0.1
    assert coding(["br", "gzip"]) == "br"
    # What was there is looked at every time.
    page.with_name("page.html.br").unlink()
    assert coding(["br", "gzip"]) == "gzip"


def test_stale_one_that_is_made_again(page):
    clock = Clock()
    files = PrecompressedFiles(clock)
    form = page.with_name("page.html.br")
    write(form, changed=0)
    assert files.try_open(RecordingFolder(), str(page), page.stat(), ["br"]) is None
    write(form)
    clock.seconds += 1
    with files.try_open(RecordingFolder(), str(page), page.stat(), ["br"]).file as file:
        assert file.status.st_mtime_ns == CHANGED


def test_missing_ones_are_bounded(page, monkeypatch):
    monkeypatch.setattr(precompressed, "_MOST_MISSED", 10)
    files = PrecompressedFiles(Clock())
    folder = served_folder(str(page.parent), "all")
    for number in range(100):
        path = f"{page}{number}"
        assert files.try_open(folder, path, page.stat(), CODINGS) is None
        assert 0 < len(files._missed) <= 10
