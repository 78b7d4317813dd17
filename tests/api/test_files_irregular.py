"""What is no regular file, and files that change while they are sent."""

import errno
import os
import socket

import pytest

from basehttpserver._files import regular_file
from basehttpserver._files.regular_file import RegularFile
from tests.api.file_requests import Handler, ask

needs_fifo = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs here")


class TestNotRegular:
    """Each would hold up the server, or do something, if it were opened as usual."""

    @pytest.fixture(autouse=True)
    def nothing_is_opened(self, monkeypatch):
        def refuse(path, flags):
            raise AssertionError(path)

        monkeypatch.setattr(regular_file, "_open_without_waiting", refuse)

    @needs_fifo
    def test_fifo(self, tmp_path):
        os.mkfifo(tmp_path / "fifo")
        assert ask("/fifo", directory=tmp_path).status == 404

    @needs_fifo
    def test_link_to_a_fifo(self, tmp_path):
        os.mkfifo(tmp_path / "fifo")
        (tmp_path / "link").symlink_to("fifo")
        assert ask("/link", directory=tmp_path).status == 404

    @needs_fifo
    def test_index_page_that_is_a_fifo(self, tmp_path):
        os.mkfifo(tmp_path / "index.html")
        answer = ask("/", directory=tmp_path)
        assert (answer.status, b"index.html</a>" in answer.body) == (200, True)

    def test_device(self, tmp_path):
        (tmp_path / "zero").symlink_to("/dev/zero")
        assert ask("/zero", directory=tmp_path).status == 404

    def test_terminal(self, tmp_path):
        (tmp_path / "tty").symlink_to("/dev/tty")
        assert ask("/tty", directory=tmp_path).status == 404

    @pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="there are no such sockets here")
    def test_socket(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)  # the name of a socket has to be short
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("socket")
            assert ask("/socket", directory=tmp_path).status == 404

    def test_folder(self, tmp_path):
        with pytest.raises(OSError, match="Not a regular file"):
            RegularFile(str(tmp_path))


class TestReplaced:
    """Something else has the name by the time it is opened."""

    @pytest.fixture
    def stat_of_a_file(self, tmp_path, monkeypatch):
        (tmp_path / "regular").write_bytes(b"content")
        status = os.stat(tmp_path / "regular")

        def stat(path, *arguments, stat=os.stat, **keywords):
            is_replaced = os.path.basename(path) == "replaced"
            return status if is_replaced else stat(path, *arguments, **keywords)

        monkeypatch.setattr(regular_file.os, "stat", stat)

    @needs_fifo
    @pytest.mark.usefixtures("stat_of_a_file")
    def test_by_a_fifo(self, tmp_path):
        os.mkfifo(tmp_path / "replaced")
        assert ask("/replaced", directory=tmp_path).status == 404

    @pytest.mark.usefixtures("stat_of_a_file")
    def test_by_a_device(self, tmp_path):
        (tmp_path / "replaced").symlink_to("/dev/null")
        assert ask("/replaced", directory=tmp_path).status == 404

    @pytest.mark.usefixtures("stat_of_a_file")
    def test_by_a_folder(self, tmp_path):
        (tmp_path / "replaced").mkdir()
        with pytest.raises(IsADirectoryError):
            RegularFile(str(tmp_path / "replaced"))

    @pytest.mark.usefixtures("stat_of_a_file")
    def test_by_nothing(self, tmp_path):
        assert ask("/replaced", directory=tmp_path).status == 404


@pytest.mark.parametrize("error", [PermissionError, IsADirectoryError, BlockingIOError])
def test_may_not_be_opened(tmp_path, monkeypatch, error):
    def refuse(path, flags):
        raise error

    (tmp_path / "file").write_bytes(b"content")
    monkeypatch.setattr(regular_file, "_open_without_waiting", refuse)
    assert ask("/file", directory=tmp_path).status == 404


class TestChanging:
    def test_what_is_appended_is_not_sent(self, tmp_path):
        class Appending(Handler):
            def copyfile(self, source, outputfile):
                with open(tmp_path / "log", "ab") as log:
                    log.write(b"line 2\n" * 100_000)
                super().copyfile(source, outputfile)

        (tmp_path / "log").write_bytes(b"line 1\n")
        answer = ask("/log", Appending, directory=tmp_path)
        assert (answer.fields["Content-Length"], answer.body) == ("7", b"line 1\n")

    def test_what_is_cut_off_is_missing(self, tmp_path):
        class Cutting(Handler):
            def copyfile(self, source, outputfile):
                os.truncate(tmp_path / "file", 3)
                super().copyfile(source, outputfile)

        (tmp_path / "file").write_bytes(b"content")
        answer = ask("/file", Cutting, directory=tmp_path)
        # The engine sees that less than promised was written, and cuts the connection.
        assert (answer.fields["Content-Length"], answer.body) == ("7", b"con")

    def test_what_is_deleted_is_sent(self, tmp_path):
        class Deleting(Handler):
            def copyfile(self, source, outputfile):
                (tmp_path / "file").unlink()
                super().copyfile(source, outputfile)

        (tmp_path / "file").write_bytes(b"content")
        assert ask("/file", Deleting, directory=tmp_path).body == b"content"


class TestRegularFile:
    """Open as long as it is used."""

    @pytest.fixture
    def path(self, tmp_path):
        path = tmp_path / "file"
        path.write_bytes(b"content")
        return str(path)

    def test_is_closed_by_its_last_user(self, path):
        file = RegularFile(path)
        with file:
            with file:
                descriptor = file.descriptor
            assert os.fstat(descriptor).st_ino == file.status.st_ino
            assert not os.get_inheritable(descriptor)
            assert file.read_at(3, 100) == b"tent"
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)
        with pytest.raises(ValueError, match="closed"), file:
            pass

    def test_that_nobody_used_is_closed_with_a_warning(self, path):
        file = RegularFile(path)
        descriptor = file.descriptor
        with pytest.warns(ResourceWarning, match="unclosed file"):
            del file
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)

    def test_closed_when_it_turns_out_to_be_something_else(self, path, monkeypatch):
        def fstat(descriptor):
            descriptors.append(descriptor)
            raise OSError

        descriptors = []
        monkeypatch.setattr(regular_file.os, "fstat", fstat)
        with pytest.raises(OSError):  # noqa: PT011
            RegularFile(path)
        monkeypatch.undo()
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(*descriptors)

    def test_where_there_is_no_pread(self, path):
        with RegularFile(path) as file:
            assert regular_file.read_by_seeking(file.descriptor, 2, 3) == b"te"
            assert regular_file.read_by_seeking(file.descriptor, 9, 0) == b"content"
            assert regular_file.read_by_seeking(file.descriptor, 9, 7) == b""


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
@pytest.mark.parametrize("target", ["/file", "/"])
def test_no_descriptor_is_left(tmp_path, monkeypatch, number, target):
    """What is there may be asked for again; by a 404 a search engine would forget it."""

    def fail(*arguments):
        raise OSError(number, os.strerror(number))

    (tmp_path / "file").write_bytes(b"content")
    monkeypatch.setattr(regular_file, "_open_without_waiting", fail)
    monkeypatch.setattr(os, "scandir", fail)
    answer = ask(target, directory=tmp_path)
    assert (answer.status, answer.fields["Retry-After"]) == (503, "1")
