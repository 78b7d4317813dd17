"""Files compressed on the fly: what is remembered, for how long, and how often it is compressed."""

import os
import threading
import time
import zlib

import pytest

from basehttpserver._files import compressed_files, representation
from basehttpserver._files.compressed_files import CompressedFiles
from basehttpserver._files.regular_file import RegularFile
from tests.forking import forks_beside_threads, is_true_in_child, needs_fork

SECOND = 1_000_000_000

PAGE = b"page " * 1000


def later():
    """A clock by which all files have been as they are for long."""
    return time.time_ns() + 3600 * SECOND


@pytest.fixture
def compressions(monkeypatch):
    """How many bytes were compressed each time."""
    sizes = []

    def compress(data, coding):
        sizes.append(len(data))
        return original(data, coding)

    original = compressed_files.compress
    monkeypatch.setattr(compressed_files, "compress", compress)
    return sizes


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "page"
    path.write_bytes(PAGE)
    return path


def decompress(data):
    return zlib.decompress(data, 31)


def test_is_compressed_once(page, compressions):
    files = CompressedFiles(now=later)
    for _ in range(3):
        with RegularFile(str(page)) as file:
            assert decompress(files.compress(file, "gzip")) == PAGE
    assert compressions == [len(PAGE)]


def test_each_coding_has_its_own(page, compressions):
    files = CompressedFiles(now=later)
    with RegularFile(str(page)) as file:
        forms = {files.compress(file, coding) for coding in ("gzip", "br", "zstd")}
        assert len(forms) == 3
        assert {files.find(file.status, coding) for coding in ("gzip", "br", "zstd")} == forms
    assert len(compressions) == 3


def test_find_reads_nothing(page, compressions):
    files = CompressedFiles(now=later)
    assert files.find(page.stat(), "gzip") is None
    with RegularFile(str(page)) as file:
        compressed = files.compress(file, "gzip")
    assert files.find(page.stat(), "gzip") == compressed
    assert files.find(page.stat(), "br") is None
    assert len(compressions) == 1


@pytest.mark.parametrize("empty", [b"", b"x"])
def test_small_files(empty, page):
    page.write_bytes(empty)
    with RegularFile(str(page)) as file:
        assert decompress(CompressedFiles().compress(file, "gzip")) == empty


def test_changed_file_is_another(page, compressions):
    files = CompressedFiles(now=later)
    for content in (PAGE, PAGE[::-1], PAGE):
        page.write_bytes(content)
        changed = len(compressions) * SECOND
        os.utime(page, ns=(changed, changed))  # however coarse this file system's clock is
        with RegularFile(str(page)) as file:
            assert decompress(files.compress(file, "gzip")) == content
    assert len(compressions) == 3


def test_replaced_file_is_another(page, compressions):
    files = CompressedFiles(now=later)
    for number, content in enumerate((PAGE, PAGE[::-1])):
        new = page.with_name(f"new{number}")
        new.write_bytes(content)
        os.utime(new, ns=(0, 0))
        new.replace(page)
        with RegularFile(str(page)) as file:
            assert decompress(files.compress(file, "gzip")) == content
    assert len(compressions) == 2


@pytest.mark.parametrize(
    ("seconds", "remembered"), [(-3600, False), (0, False), (1.9, False), (2, True), (3600, True)]
)
def test_file_that_was_changed_just_now_is_not_remembered(seconds, remembered, page):
    status = page.stat()
    changed = max(status.st_mtime_ns, status.st_ctime_ns)
    files = CompressedFiles(now=lambda: changed + int(seconds * SECOND))
    with RegularFile(str(page)) as file:
        assert decompress(files.compress(file, "gzip")) == PAGE
    assert (files.find(status, "gzip") is not None) is remembered


@pytest.fixture
def while_read():
    """Have something done when half of a file has been read."""

    def have_done(action):
        class Interrupted(RegularFile):
            def read_at(self, offset, count):
                half = super().read_at(offset, count // 2)
                action()
                return half + super().read_at(offset + count // 2, count - count // 2)

        return Interrupted

    return have_done


def test_file_that_changes_while_it_is_read_is_not_remembered(page, while_read):
    def change():
        page.write_bytes(PAGE[::-1])
        os.utime(page, ns=(0, 0))

    files = CompressedFiles(now=later)
    with while_read(change)(str(page)) as file:
        half = len(PAGE) // 2
        assert decompress(files.compress(file, "gzip")) == PAGE[:half] + PAGE[::-1][half:]
        assert files.find(file.status, "gzip") is None
    assert files.find(page.stat(), "gzip") is None


def test_file_that_grows_while_it_is_read_has_the_size_that_it_had(page, while_read):
    def grow():
        with page.open("ab") as appending:
            appending.write(PAGE)

    files = CompressedFiles(now=later)
    with while_read(grow)(str(page)) as file:
        assert decompress(files.compress(file, "gzip")) == PAGE
        assert files.find(file.status, "gzip") is None


def test_file_that_shrinks_is_not_compressed(page, while_read, compressions):
    files = CompressedFiles(now=later)
    with while_read(lambda: os.truncate(page, 10))(str(page)) as file:
        assert files.compress(file, "gzip") is None
    assert compressions == []


def fill(files, folder, names, size=1000):
    for name in names:
        path = folder / name
        if not path.exists():
            path.write_bytes(os.urandom(size))
        with RegularFile(str(path)) as file:
            files.compress(file, "gzip")


def remembered(files, folder):
    return {path.name for path in folder.iterdir() if files.find(path.stat(), "gzip")}


def test_least_used_goes_first(tmp_path):
    # Bytes without any order, which stay as many; each costs some more to remember.
    files = CompressedFiles(max_bytes=5000, now=later)
    fill(files, tmp_path, "abc")
    assert files.find((tmp_path / "a").stat(), "gzip")
    fill(files, tmp_path, "d")
    assert remembered(files, tmp_path) == set("acd")
    fill(files, tmp_path, "ef")
    assert len(remembered(files, tmp_path)) == 3


def test_bound_holds_for_any_files(tmp_path):
    files = CompressedFiles(max_bytes=20_000, now=later)
    for number in range(100):
        fill(files, tmp_path, [str(number)], size=number * 97 % 5000)
        held = [files.find(path.stat(), "gzip") for path in tmp_path.iterdir()]
        held = [compressed for compressed in held if compressed]
        assert held
        assert sum(map(len, held)) + 512 * len(held) <= 20_000


def test_what_is_larger_than_the_bound_is_not_remembered(tmp_path):
    files = CompressedFiles(max_bytes=5000, now=later)
    fill(files, tmp_path, ["small"])
    fill(files, tmp_path, ["large"], size=5000)
    assert remembered(files, tmp_path) == {"small"}


def test_threads_that_ask_at_once_have_it_compressed_once(page, monkeypatch):
    started, go_on = threading.Event(), threading.Event()
    calls = []

    def compress(data, coding):
        calls.append(coding)
        started.set()
        assert go_on.wait(30)
        return original(data, coding)

    original = compressed_files.compress
    monkeypatch.setattr(compressed_files, "compress", compress)
    files = CompressedFiles(now=later)
    results = []

    def ask():
        with RegularFile(str(page)) as file:
            results.append(files.compress(file, "gzip"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert started.wait(30)
    go_on.set()
    for thread in threads:
        thread.join(30)
    assert calls == ["gzip"]
    assert {decompress(result) for result in results} == {PAGE}
    assert len(results) == 8


def test_many_threads_and_files(tmp_path):
    files = CompressedFiles(max_bytes=20_000, now=later)
    contents = {}
    for number in range(20):
        contents[str(number)] = os.urandom(1000 + number)
        (tmp_path / str(number)).write_bytes(contents[str(number)])
    wrong = []

    def ask(first):
        for turn in range(100):
            name = str((first + turn * 7) % 20)
            with RegularFile(str(tmp_path / name)) as file:
                if decompress(files.compress(file, "gzip")) != contents[name]:
                    wrong.append(name)

    threads = [threading.Thread(target=ask, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert wrong == []
    held = [files.find(path.stat(), "gzip") for path in tmp_path.iterdir()]
    assert 0 < sum(len(compressed) + 512 for compressed in held if compressed) <= 20_000


def test_failure_leaves_nothing_behind(page, monkeypatch):
    def fail(data, coding):
        raise MemoryError

    files = CompressedFiles(now=later)
    with RegularFile(str(page)) as file:
        with monkeypatch.context() as patch:
            patch.setattr(compressed_files, "compress", fail)
            with pytest.raises(MemoryError):
                files.compress(file, "gzip")
        assert decompress(files.compress(file, "gzip")) == PAGE


@needs_fork
@forks_beside_threads
def test_fork(page):
    """A child waits for no thread of its parent that compresses, or looks."""
    files = representation._COMPRESSED

    def is_compressed():
        with RegularFile(str(page)) as file:
            return decompress(files.compress(file, "gzip")) == PAGE

    assert is_true_in_child(is_compressed, [files._lock, *files._turns])
