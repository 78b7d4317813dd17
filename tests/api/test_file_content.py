"""What follows a file's head, as a file object: all of it, a part, or parts and bytes between."""

import io
import os
import shutil
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basehttpserver._files.content import FileContent
from basehttpserver._files.ranges import ByteRange
from basehttpserver._files.regular_file import RegularFile
from tests.http1 import profile

CONTENT = bytes(range(256)) * 1000
SIZE = len(CONTENT)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("content") / "file"
    path.write_bytes(CONTENT)
    return str(path)


@pytest.fixture
def growing(tmp_path):
    """The path of a file to which something is appended once it is open."""
    path = tmp_path / "growing"
    path.write_bytes(CONTENT)
    return str(path)


def whole(path):
    file = RegularFile(path).__enter__()
    return FileContent(file, [ByteRange(0, file.status.st_size)])


def parts(path, *pieces):
    return FileContent(RegularFile(path).__enter__(), list(pieces))


class Writer:
    """Takes ranges by their descriptor where it is to, and keeps what it gets."""

    def __init__(self, takes_files=True):
        self.taken = []
        self.takes_files = takes_files

    def write(self, data):
        self.taken.append(bytes(data))
        return len(data)

    def send_file(self, descriptor, offset, count):
        if self.takes_files:
            self.taken.append((offset, count))
        return self.takes_files


class TestWhole:
    @pytest.fixture
    def file(self, growing):
        with whole(growing) as file:
            with open(growing, "ab") as more:
                more.write(b"more")
            yield file

    def test_read(self, file):
        assert file.read(1000) == CONTENT[:1000]
        assert file.read() == CONTENT[1000:]
        assert file.read() == file.read(1) == b""

    def test_readinto(self, file):
        buffer = bytearray(SIZE + 100)
        assert file.readinto(buffer) == SIZE
        assert buffer == CONTENT + bytes(100)
        assert file.readinto(buffer) == 0

    def test_seek(self, file):
        assert file.seek(-10, io.SEEK_END) == SIZE - 10
        assert file.read() == CONTENT[-10:]
        assert file.seek(1, io.SEEK_END) == SIZE + 1
        assert file.read() == b""
        file.seek(4)
        assert file.seek(-4, io.SEEK_CUR) == file.tell() == 0
        assert file.read(4) == CONTENT[:4]

    @pytest.mark.parametrize(("offset", "whence"), [(-1, io.SEEK_SET), (-1, io.SEEK_CUR), (0, 9)])
    def test_seek_to_nowhere(self, file, offset, whence):
        with pytest.raises(ValueError, match=r"whence|negative"):
            file.seek(offset, whence)

    def test_buffered(self, file):
        with io.BufferedReader(file) as buffered:
            assert buffered.read(5) == CONTENT[:5]
            assert buffered.peek(1)[:1] == CONTENT[5:6]
            assert buffered.read1(10) == CONTENT[5:15]
            assert buffered.seek(20) == 20
            assert buffered.read() == CONTENT[20:]

    def test_is_like_any_open_file(self, file, growing):
        assert (file.name, file.mode, file.closed) == (growing, "rb", False)
        assert os.fstat(file.fileno()).st_ino == os.stat(growing).st_ino

    def test_sent_by_a_socket(self, path):
        ours, theirs = socket.socketpair()
        with ours, theirs, io.BufferedReader(whole(path)) as file:
            ours.settimeout(10)
            theirs.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2 * SIZE)
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * SIZE)
            assert ours.sendfile(file, count=1000) == 1000
            assert theirs.recv(1000, socket.MSG_WAITALL) == CONTENT[:1000]


def test_two_users_read_at_places_of_their_own(path):
    file = RegularFile(path)
    one, other = (FileContent(file.__enter__(), [ByteRange(0, SIZE)]) for _ in range(2))
    with one, other:
        assert one.read(10) == other.read(10) == CONTENT[:10]
        assert one.read(10) == CONTENT[10:20]


class TestDescriptor:
    """Programs read it, or hand it to another program as its input; both move its place."""

    def test_stands_where_the_file_is_read_next(self, path):
        with whole(path) as file:
            file.read(10)
            assert os.read(file.fileno(), 5) == CONTENT[10:15]
            assert os.read(file.fileno(), 5) == CONTENT[15:20]
            file.seek(3)
            assert os.read(file.fileno(), 5) == CONTENT[3:8]

    def test_is_nobody_elses(self, path):
        with RegularFile(path) as file:
            one, other = (FileContent(file, [ByteRange(0, SIZE)]) for _ in range(2))
        with one, other:
            for content in (one, other):
                assert os.read(content.fileno(), 10) == CONTENT[:10]

    @pytest.mark.skipif(os.name == "nt", reason="files that are open cannot be renamed")
    @pytest.mark.parametrize("change", [os.unlink, lambda path: os.replace(path + "2", path)])
    def test_of_a_file_that_is_elsewhere(self, growing, change):
        with open(growing + "2", "w"):
            pass
        inode = os.stat(growing).st_ino
        with whole(growing) as file:
            change(growing)
            assert os.fstat(file.fileno()).st_ino == inode
            file.seek(10)
            assert file.read(1) == CONTENT[10:11]


def test_empty(tmp_path):
    (tmp_path / "empty").touch()
    with whole(str(tmp_path / "empty")) as file:
        assert file.read() == b""
        file.send(0, writer := Writer())
        assert writer.taken == []


class TestClosed:
    @pytest.mark.parametrize(
        "use",
        [
            FileContent.fileno,
            FileContent.readable,
            FileContent.seekable,
            FileContent.tell,
            FileContent.read,
            lambda file: file.seek(0),
            lambda file: file.readinto(bytearray(1)),
            lambda file: file.send(0, Writer()),
        ],
    )
    def test_is_of_no_use(self, path, use):
        file = whole(path)
        file.close()
        file.close()
        with pytest.raises(ValueError, match="closed"):
            use(file)

    def test_by_nobody(self, path):
        file = io.BufferedReader(whole(path))
        descriptor = file.fileno()
        with pytest.warns(ResourceWarning, match="unclosed file"):
            del file
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)


class TestParts:
    def test_one(self, path):
        with parts(path, ByteRange(1000, 1010)) as file:
            assert file.read() == CONTENT[1000:1010]
            assert file.seek(0, io.SEEK_END) == 10

    def test_has_no_descriptor(self, path):
        """Who asks for one would send the whole file."""
        with parts(path, ByteRange(1000, 1010)) as file, pytest.raises(io.UnsupportedOperation):
            file.fileno()

    @pytest.mark.parametrize("size", [1, 3, 7, 1000])
    def test_several_with_bytes_between(self, path, size):
        pieces = [b"--a", ByteRange(5, 9), b"", ByteRange(3, 3), b"--b", ByteRange(0, 2), b"--"]
        expected = b"--a" + CONTENT[5:9] + b"--b" + CONTENT[:2] + b"--"
        with io.BufferedReader(parts(path, *pieces)) as file:
            copied = io.BytesIO()
            shutil.copyfileobj(file, copied, size)
            assert copied.getvalue() == expected

    @profile.slow
    @given(
        pieces=st.lists(
            st.one_of(
                st.binary(max_size=5),
                st.tuples(st.integers(0, 300), st.integers(0, 40)).map(
                    lambda pair: ByteRange(pair[0], pair[0] + pair[1])
                ),
            ),
            max_size=6,
        ),
        steps=st.lists(st.tuples(st.integers(0, 250), st.integers(0, 250)), max_size=5),
    )
    def test_reads_as_bytes_would(self, path, pieces, steps):
        expected = b"".join(
            piece if isinstance(piece, bytes) else CONTENT[piece.begin : piece.end]
            for piece in pieces
        )
        model = io.BytesIO(expected)
        with io.BufferedReader(parts(path, *pieces), 16) as file:
            for place, count in steps:
                assert file.seek(place) == model.seek(place)
                assert file.read(count) == model.read(count)
            assert file.seek(0, io.SEEK_END) == len(expected)
            for takes_files in (True, False):
                for place, _ in [(0, 0), *steps]:
                    file.raw.send(place, writer := Writer(takes_files))
                    assert b"".join(writer.taken) == expected[place:]

    def test_large_ones_go_by_descriptor(self, path):
        pieces = [b"--a", ByteRange(10, 65545), b"--b", ByteRange(10, 65546), b"--"]
        with parts(path, *pieces) as file:
            file.send(1, writer := Writer())
        assert writer.taken == [b"-a", CONTENT[10:65545], b"--b", (10, 65536), b"--"]

    def test_many_small_ones_go_by_descriptor_at_last(self, path):
        """So that of any answer not much more than that is kept for a slow client."""
        with parts(path, *[ByteRange(0, 30_000)] * 20) as file:
            file.send(0, writer := Writer())
        assert writer.taken == [CONTENT[:30_000]] * 3 + [(0, 30_000)] * 17

    def test_that_is_cut_off_ends_it(self, growing):
        """Nothing may take the place of what is missing."""
        pieces = [b"--a", ByteRange(990, 1010), b"--b", ByteRange(0, 10), b"--"]
        with parts(growing, *pieces) as file:
            os.truncate(growing, 1000)
            assert file.read() == b"--a" + CONTENT[990:1000]
            assert file.read() == b""
            file.send(0, writer := Writer())
        assert writer.taken == [b"--a", CONTENT[990:1000]]
