"""Folders as archives."""

import contextlib
import errno
import io
import os
import shutil
import socket
import struct
import threading
import time
import zipfile
import zlib

import pytest

from basehttpserver._files.regular_file import RegularFile
from basehttpserver._files.served_folder import ServedFolder, served_folder
from basehttpserver._sharing import archive as module
from basehttpserver._sharing.archive import ArchivingHandler, write_archive
from basehttpserver._sharing.disposition import attachment
from basehttpserver._sharing.visibility import Visibility, VisibleFolder
from tests.running import PATIENCE_SECONDS, eventually
from tests.sharing.running import SERVERS, sharing


class Handler(ArchivingHandler):
    def do_GET(self):
        self.send_archive(self.translate_path(self.path))

    do_HEAD = do_GET


def archive_of(path, folder=None):
    stream = io.BytesIO()
    left_out = write_archive(OnlyWrites(stream), folder or served_folder(str(path), "all"), path)
    return zipfile.ZipFile(stream), left_out


class OnlyWrites:
    def __init__(self, stream):
        self.write = stream.write


@pytest.fixture
def tree(tmp_path):
    tree = tmp_path / "tree"
    (tree / "folder" / "deep").mkdir(parents=True)
    (tree / "empty").mkdir()
    (tree / "file.txt").write_bytes(b"content")
    (tree / "folder" / "größe 😀").write_bytes(os.urandom(300_000))
    (tree / "folder" / "deep" / "nothing").write_bytes(b"")
    (tree / "program").write_bytes(b"#!")
    (tree / "program").chmod(0o755)
    return tree


def names_of(archive):
    assert archive.testzip() is None
    return sorted(archive.namelist())


@pytest.mark.parametrize("server", SERVERS)
class TestOverTheWire:
    def test_all_of_a_folder(self, tree, server, tmp_path):
        with sharing(tree, Handler, server) as shared:
            answer = shared.ask("GET", "/")
            assert answer.status == 200
            assert answer.fields["Content-Type"] == "application/zip"
            assert answer.fields["Content-Disposition"].startswith(
                'attachment; filename="files.zip"'
            )
            archive = zipfile.ZipFile(io.BytesIO(answer.body))
            assert names_of(archive) == [
                "empty/",
                "file.txt",
                "folder/",
                "folder/deep/",
                "folder/deep/nothing",
                "folder/größe 😀",
                "program",
            ]
            archive.extractall(tmp_path / "out")
            for name in archive.namelist():
                if not name.endswith("/"):
                    assert (tmp_path / "out" / name).read_bytes() == (tree / name).read_bytes()

    def test_a_folder_in_it_and_what_is_none(self, tree, server):
        with sharing(tree, Handler, server) as shared:
            answer = shared.ask("GET", "/folder/deep/")
            assert names_of(zipfile.ZipFile(io.BytesIO(answer.body))) == ["nothing"]
            assert "deep.zip" in answer.fields["Content-Disposition"]
            assert shared.ask("GET", "/absent/").status == 404
            assert shared.ask("GET", "/file.txt").status == 404
            head = shared.ask("HEAD", "/folder/")
            assert (head.status, head.body) == (200, b"")

    def test_a_client_that_leaves_ends_it(self, tmp_path, server):
        with open(tmp_path / "large", "wb") as file:
            file.truncate(1 << 30)
        ended = threading.Event()

        class Noting(Handler):
            def do_GET(self):
                try:
                    super().do_GET()
                finally:
                    ended.set()

        with sharing(tmp_path, Noting, server, log_error=lambda *each: None) as shared:
            with shared.connect() as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                assert client.recv(100).startswith(b"HTTP/1.1 200 ")
            eventually(ended.is_set, "the archive ends")
            assert shared.ask("HEAD", "/").status == 200

    def test_a_file_that_cannot_be_read_to_its_end_cuts(self, tree, server, monkeypatch):
        def read_at(self, offset, count):
            raise OSError(errno.EIO, "Input/output error")

        with sharing(tree, Handler, server, log_error=lambda *each: None) as shared:
            monkeypatch.setattr(RegularFile, "read_at", read_at)
            monkeypatch.setattr(server, "handle_error", lambda *each: None)
            received = shared.send(b"GET /folder/ HTTP/1.1\r\nHost: x\r\n\r\n")
            assert not received.endswith(b"0\r\n\r\n")
            assert b"PK\x05\x06" not in received


def test_a_file_that_becomes_shorter_ends_earlier(tree, monkeypatch):
    read_at = RegularFile.read_at

    def shrinking(self, offset, count):
        block = read_at(self, offset, 1000)
        os.truncate(tree / "folder" / "größe 😀", 1500)
        return block

    monkeypatch.setattr(RegularFile, "read_at", shrinking)
    archive, _ = archive_of(tree)
    assert archive.testzip() is None
    assert archive.getinfo("folder/größe 😀").file_size == 1500


def test_what_is_appended_does_not_follow(tree, monkeypatch):
    read_at = RegularFile.read_at

    def growing(self, offset, count):
        with open(tree / "file.txt", "ab") as file:
            file.write(b"more")
        return read_at(self, offset, count)

    monkeypatch.setattr(RegularFile, "read_at", growing)
    archive, _ = archive_of(tree)
    assert archive.read("file.txt") == b"content"


def test_a_file_that_vanishes_is_left_out(tree, monkeypatch):
    walk = module._walk

    def walk_and_remove(*arguments):
        for found in walk(*arguments):
            if found.name == "file.txt":
                os.unlink(found.path)
            if found.name == "folder/":
                shutil.rmtree(found.path)
            yield found

    monkeypatch.setattr(module, "_walk", walk_and_remove)
    archive, left_out = archive_of(tree)
    assert left_out == 1
    assert "file.txt" not in names_of(archive)


def test_what_is_no_file_and_what_may_not_be_read(tree, monkeypatch):
    os.mkfifo(tree / "fifo")
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(str(tree / "socket"))
        (tree / "broken").symlink_to("absent")
        scandir = os.scandir

        def refuse(path):
            if str(path).endswith("deep"):
                raise PermissionError(errno.EACCES, "Permission denied")
            return scandir(path)

        monkeypatch.setattr(os, "scandir", refuse)
        archive, left_out = archive_of(tree)
    assert left_out == 4
    assert {"fifo", "socket", "broken"}.isdisjoint(names_of(archive))
    assert "folder/deep/" in archive.namelist()


@pytest.mark.parametrize("method", ["open_file", "read_entries"])
def test_where_no_descriptor_is_left_it_has_no_end(tree, monkeypatch, method):
    """Else all might be missing, and nobody could tell."""

    def refuse(*arguments, **more):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(ServedFolder, method, refuse)
    stream = io.BytesIO()
    with pytest.raises(OSError, match="Too many"):
        write_archive(OnlyWrites(stream), served_folder(str(tree), "all"), tree)
    assert not zipfile.is_zipfile(stream)


class TestLinks:
    @pytest.fixture
    def linked(self, tree):
        (tree / "to_file").symlink_to("file.txt")
        (tree / "folder" / "loop").symlink_to("..")
        (tree / "folder" / "itself").symlink_to("itself")
        (tree / "out").symlink_to("/etc")
        (tree / "zone").symlink_to("folder/deep")
        (tree / "zone2").symlink_to("folder/deep")
        return tree

    def test_all(self, linked):
        (linked / "out").unlink()
        archive, _ = archive_of(linked)
        names = names_of(archive)
        assert archive.read("to_file") == b"content"
        assert "folder/loop/file.txt" not in names
        assert len(names) < 20

    @pytest.mark.parametrize("symlinks", ["inside", "none"])
    def test_inside_and_none(self, linked, symlinks):
        archive, _ = archive_of(linked, served_folder(str(linked), symlinks))
        names = names_of(archive)
        assert not [name for name in names if name.startswith("out")]
        assert ("to_file" in names) == (symlinks == "inside")

    def test_many_that_lead_to_each_other(self, tmp_path):
        for number in range(30):
            (tmp_path / f"{number}").mkdir()
            for side in "ab":
                (tmp_path / f"{number}" / side).symlink_to(f"../{(number + 1) % 30}")
        archive, _ = archive_of(tmp_path)
        assert len(archive.namelist()) < 100


def test_what_is_hidden_is_not_in_it(tree):
    (tree / ".secret").mkdir()
    (tree / ".secret" / "file").write_bytes(b"")
    (tree / ".upload-x.part").write_bytes(b"")
    folder = VisibleFolder(
        served_folder(str(tree), "none"), str(tree), Visibility(["*.txt"], shows_dotfiles=False)
    )
    archive, _ = archive_of(tree, folder)
    assert [name for name in names_of(archive) if "." in name] == []


def test_names(tmp_path):
    for name in ("..\\up", "new\nline", "C:x", ".._up"):
        (tmp_path / name).write_bytes(b"")
    for name in (b"\xff\xfe", b"\xff\xff"):
        (tmp_path / os.fsdecode(name)).write_bytes(b"")
    for name in ("in\\ner", "in_ner"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(b"")
    archive, _ = archive_of(tmp_path)
    names = [".._up", ".._up_", "??", "??_", "C_x", "in_ner/", "in_ner/file", "in_ner/file_"]
    assert names_of(archive) == [*names, "new\nline"]


@pytest.mark.parametrize("second", [0, 315532800, 2**31 + 5, 4_600_000_000, -5_000_000_000])
def test_times(tmp_path, second):
    (tmp_path / "file").write_bytes(b"x")
    os.utime(tmp_path / "file", (second, second))
    archive, _ = archive_of(tmp_path)
    information = archive.getinfo("file")
    year = min(max(time.localtime(second).tm_year, 1980), 2107)
    assert information.date_time[0] == year
    has_field = b"UT\x05\x00\x01" + (second & 0xFFFFFFFF).to_bytes(4, "little")
    assert (information.extra == has_field) == (-(2**31) <= second < 2**31)


def test_modes(tree):
    archive, _ = archive_of(tree)
    modes = {info.filename: info.external_attr >> 16 for info in archive.infolist()}
    assert modes["program"] == 0o100755
    assert modes["file.txt"] == 0o100644
    assert modes["empty/"] == 0o40755


def test_more_than_four_gibibytes(tmp_path, monkeypatch):
    # The limits are zipfile's; lower, they take less time.
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 100_000)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 3)
    for number in range(5):
        (tmp_path / str(number)).write_bytes(os.urandom(99_000 + number * 1000))
    archive, _ = archive_of(tmp_path)
    monkeypatch.undo()
    assert names_of(archive) == list("01234")


def test_too_many(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_MAX_ENTRIES", 3)
    for number in range(4):
        (tmp_path / str(number)).write_bytes(b"")
    stream = io.BytesIO()
    with pytest.raises(OSError, match="too many"):
        write_archive(OnlyWrites(stream), served_folder(str(tmp_path), "all"), str(tmp_path))
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(stream)


def contents_as_they_come(data):
    """Read an archive from its begin, without the directory at its end."""
    contents = {}
    while data.startswith(b"PK\x03\x04"):
        flags, method = struct.unpack("<HH", data[6:10])
        name_length, extra_length = struct.unpack("<HH", data[26:30])
        name = data[30 : 30 + name_length].decode()
        data = data[30 + name_length + extra_length :]
        contents[name] = b""
        if flags & 8:
            assert method == zipfile.ZIP_DEFLATED
            reader = zlib.decompressobj(-15)
            contents[name] = reader.decompress(data)
            assert reader.eof
            signature, checksum = struct.unpack("<4sL", reader.unused_data[:8])
            assert (signature, checksum) == (b"PK\x07\x08", zlib.crc32(contents[name]))
            data = reader.unused_data[16:]
    assert data.startswith(b"PK\x01\x02")
    return contents


def test_a_reader_that_cannot_seek(tree):
    stream = io.BytesIO()
    write_archive(OnlyWrites(stream), served_folder(str(tree), "all"), str(tree))
    contents = contents_as_they_come(stream.getvalue())
    for name, content in contents.items():
        assert name.endswith("/") or content == (tree / name).read_bytes()
    assert len(contents) == 7


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("a b.zip", "attachment; filename=\"a b.zip\"; filename*=UTF-8''a%20b.zip"),
        ("é.zip", "attachment; filename=\"_.zip\"; filename*=UTF-8''%C3%A9.zip"),
        ('"\r\nX: y', "attachment; filename=\"___X_ y\"; filename*=UTF-8''%22%0D%0AX%3A%20y"),
        ("../a\\b", "attachment; filename=\".._a_b\"; filename*=UTF-8''.._a_b"),
        ("\udcff\0%", "attachment; filename=\"___\"; filename*=UTF-8''%3F%00%25"),
        ("';*", "attachment; filename=\"___\"; filename*=UTF-8''%27%3B%2A"),
    ],
)
def test_names_of_attachments(name, value):
    assert attachment(name) == value


def test_few_are_made_at_a_time(tmp_path, monkeypatch):
    """Forty that compute at once kept everybody else waiting for ten seconds."""
    (tmp_path / "file").write_bytes(b"x" * 100_000)
    lock, running, most = threading.Lock(), [], []
    may_end = threading.Barrier(module._AT_A_TIME._initial_value)
    copy = module._copy

    def counted(file, entry):
        with lock:
            running.append(entry)
            most.append(len(running))
        may_end.wait(PATIENCE_SECONDS)  # As many as there may be are here together.
        copy(file, OnlyWrites(io.BytesIO()))
        with lock:
            running.remove(entry)

    monkeypatch.setattr(module, "_copy", counted)
    threads = [threading.Thread(target=archive_of, args=(tmp_path,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert len(most) == 6
    assert max(most) == 2


def test_clients_that_do_not_read_keep_no_other_waiting(tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    reads = threading.Event()

    class Waiting:
        def write(self, data):
            reads.wait(PATIENCE_SECONDS)

    def make():
        write_archive(Waiting(), served_folder(str(tmp_path), "all"), tmp_path)

    threads = [threading.Thread(target=make) for _ in range(5)]
    for thread in threads:
        thread.start()
    try:
        assert archive_of(tmp_path)[0].namelist() == ["file"]
        assert not reads.is_set()
    finally:
        reads.set()
        for thread in threads:
            thread.join(PATIENCE_SECONDS)
