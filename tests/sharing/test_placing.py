"""Files that get their name in one step, and that are gone where they do not."""

import contextlib
import errno
import os
import resource
import stat
import threading

import pytest

from basehttpserver._files.served_folder import HeldFolder, served_folder
from basehttpserver._sharing import placing
from basehttpserver._sharing.incoming_file import IncomingFile
from basehttpserver._sharing.refusal import RefusedError
from basehttpserver._sharing.removing import remove


@pytest.fixture(params=["descriptor", "path"])
def folder(request, tmp_path):
    """A folder that is held, and one as on a system that knows paths alone."""
    if request.param == "path":
        yield HeldFolder(str(tmp_path), None)
    else:
        with served_folder(str(tmp_path), "none").hold_folder(str(tmp_path)) as held:
            yield held


def put(folder, name, content, *, overwrites=False):
    with IncomingFile(folder) as file:
        file.write([content])
        file.place(name, overwrites=overwrites)


def test_a_file_is_whole_or_not_there(folder, tmp_path):
    with IncomingFile(folder) as file:
        file.write([b"con", b"tent"])
        assert [name.startswith(".upload-") for name in os.listdir(tmp_path)] == [True]
        file.place("name", overwrites=False)
    assert os.listdir(tmp_path) == ["name"]
    assert (tmp_path / "name").read_bytes() == b"content"
    assert os.stat(tmp_path / "name").st_nlink == 1


def test_the_umask_counts(folder, tmp_path):
    former = os.umask(0o027)
    try:
        put(folder, "name", b"")
    finally:
        os.umask(former)
    assert stat.S_IMODE(os.stat(tmp_path / "name").st_mode) == 0o640


def test_nothing_stays_of_what_fails(folder, tmp_path):
    def blocks():
        yield b"begin"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError), IncomingFile(folder) as file:
        file.write(blocks())
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("has_links", [True, False])
def test_a_name_is_never_taken_from_another(folder, tmp_path, monkeypatch, has_links):
    if not has_links:
        monkeypatch.setattr(os, "link", refuse(errno.EPERM))
    put(folder, "name", b"first")
    with pytest.raises(RefusedError) as refused:
        put(folder, "name", b"second")
    assert refused.value.status == 409
    assert (tmp_path / "name").read_bytes() == b"first"
    assert os.listdir(tmp_path) == ["name"]


def refuse(number):
    def link(*arguments, **more):
        raise OSError(number, os.strerror(number))

    return link


def test_a_reservation_goes_with_what_it_was_for(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", refuse(errno.EPERM))
    monkeypatch.setattr(os, "replace", refuse(errno.EIO))
    with pytest.raises(OSError, match="Input/output"):
        put(folder, "name", b"")
    assert os.listdir(tmp_path) == []


def test_another_failure_is_no_missing_link(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", refuse(errno.ENOSPC))
    with pytest.raises(OSError, match="No space"):
        put(folder, "name", b"")
    assert os.listdir(tmp_path) == []


def test_overwriting(folder, tmp_path):
    put(folder, "name", b"first")
    put(folder, "name", b"second", overwrites=True)
    assert (tmp_path / "name").read_bytes() == b"second"
    (tmp_path / "folder").mkdir()
    with pytest.raises(RefusedError) as refused:
        put(folder, "folder", b"third", overwrites=True)
    assert refused.value.status == 409
    assert sorted(os.listdir(tmp_path)) == ["folder", "name"]


def test_a_link_is_replaced_and_not_what_it_leads_to(folder, tmp_path):
    outside = tmp_path.with_name(tmp_path.name + "_outside")
    outside.write_bytes(b"secret")
    (tmp_path / "link").symlink_to(outside)
    with pytest.raises(RefusedError):
        put(folder, "link", b"x")
    put(folder, "link", b"x", overwrites=True)
    assert outside.read_bytes() == b"secret"
    assert not (tmp_path / "link").is_symlink()


@pytest.mark.parametrize("has_links", [True, False])
def test_of_many_at_once_one_gets_the_name(folder, tmp_path, monkeypatch, has_links):
    if not has_links:
        monkeypatch.setattr(os, "link", refuse(errno.EOPNOTSUPP))
    done = []

    def run(content):
        with contextlib.suppress(RefusedError):
            put(folder, "name", content)
            done.append(content)

    threads = [threading.Thread(target=run, args=(b"%d" % count * 9,)) for count in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 1
    assert (tmp_path / "name").read_bytes() == done[0]
    assert os.listdir(tmp_path) == ["name"]


def test_a_full_disk_leaves_nothing(folder, tmp_path):
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, former[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            put(folder, "name", bytes(150_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)
    assert os.listdir(tmp_path) == []


def test_a_folder_is_the_same_one_when_its_path_is_anothers(tmp_path):
    served, outside = tmp_path / "served", tmp_path / "outside"
    (served / "inner").mkdir(parents=True)
    outside.mkdir()
    with served_folder(str(served), "none").hold_folder(str(served / "inner")) as held:
        (served / "inner").rename(served / "moved")
        (served / "inner").symlink_to(outside)
        put(held, "name", b"x")
        os.mkdir(held.at("made"), dir_fd=held.descriptor)
    assert sorted(os.listdir(served / "moved")) == ["made", "name"]
    assert os.listdir(outside) == []


@pytest.mark.parametrize("symlinks", ["inside", "none"])
def test_a_folder_outside_is_not_held(tmp_path, symlinks):
    served = tmp_path / "served"
    served.mkdir()
    (served / "out").symlink_to(tmp_path)
    folder = served_folder(str(served), symlinks)
    for path in (served / "out", tmp_path, served / "absent"):
        with pytest.raises(OSError), folder.hold_folder(str(path)):  # noqa: PT011
            pass


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for symlinks in ("all", "inside", "none"):
        folder = served_folder(str(tmp_path), symlinks)
        with pytest.raises(NotADirectoryError), folder.hold_folder(str(tmp_path / "file")):
            pass


class TestRemove:
    def test_a_file_and_an_empty_folder(self, folder, tmp_path):
        (tmp_path / "file").write_bytes(b"")
        (tmp_path / "empty").mkdir()
        remove(folder, "file", with_content=False)
        remove(folder, "empty", with_content=False)
        assert os.listdir(tmp_path) == []

    def test_a_link_and_not_what_it_leads_to(self, folder, tmp_path):
        (tmp_path / "kept").mkdir()
        (tmp_path / "kept" / "file").write_bytes(b"")
        (tmp_path / "link").symlink_to("kept")
        remove(folder, "link", with_content=True)
        assert os.listdir(tmp_path / "kept") == ["file"]
        assert os.listdir(tmp_path) == ["kept"]

    def test_a_folder_with_content(self, folder, tmp_path):
        outside = tmp_path.with_name(tmp_path.name + "_outside")
        outside.mkdir()
        (outside / "file").write_bytes(b"")
        (tmp_path / "full" / "deep").mkdir(parents=True)
        (tmp_path / "full" / "deep" / "out").symlink_to(outside)
        with pytest.raises(OSError, match="not empty"):
            remove(folder, "full", with_content=False)
        remove(folder, "full", with_content=True)
        assert os.listdir(tmp_path) == []
        assert os.listdir(outside) == ["file"]

    def test_nothing(self, folder):
        with pytest.raises(FileNotFoundError):
            remove(folder, "absent", with_content=True)


def test_no_failure_to_sync_a_folder_matters(folder, tmp_path, monkeypatch):
    if folder.descriptor is None:
        return
    real = os.fsync

    def fsync(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "no such thing")
        real(descriptor)

    monkeypatch.setattr(placing.os, "fsync", fsync)
    put(folder, "name", b"x")
    assert os.listdir(tmp_path) == ["name"]
