"""What a client has not taken yet: from memory, from disk, from files, in order."""

import os
import socket
import tempfile

import pytest

from basehttpserver._engine import backlog as module
from basehttpserver._engine.backlog import SLICE_BYTES, Backlog
from basehttpserver._engine.spool import MOST_AMPLE, Spool
from basehttpserver._engine.transport import transport_for

pytestmark = pytest.mark.usefixtures("leaks_nothing")

MOST = 1 << 30


class Narrow:
    """A transport that takes so many bytes at a time, and nothing in between."""

    def __init__(self, width):
        self.width = width
        self.sent = b""
        self.turns = 0

    def _take(self, data):
        self.turns += 1
        if not self.turns % 3:
            return 0
        data = bytes(data[: self.width])
        self.sent += data
        return len(data)

    def try_send(self, data):
        return self._take(data)

    def try_send_file(self, descriptor, offset, count):
        data = os.pread(descriptor, min(count, self.width), offset)
        if not data:
            raise EOFError
        return self._take(data)


@pytest.fixture
def spool():
    return Spool(MOST)


@pytest.fixture
def backlog(spool):
    backlog = Backlog(spool)
    yield backlog
    backlog.close()
    assert spool.room == MOST, "nothing is held in the end"


@pytest.fixture
def file():
    with tempfile.TemporaryFile() as file:
        file.write(b"0123456789")
        file.flush()
        yield file


def send_all(backlog, width=100):
    transport = Narrow(width)
    for _ in range(100_000):
        if not backlog:
            return transport.sent
        backlog.send(transport)
    raise AssertionError("it does not end")


def held(spool):
    return MOST - spool.room


def open_descriptors():
    return set(os.listdir("/proc/self/fd"))


def append(backlog, file, offset, count):
    """Queue a part of a file as `Outgoing` does."""
    with backlog.hold_file(file.fileno()) as held:
        backlog.append_file(held, offset, count)


class TestOrder:
    @pytest.mark.parametrize("width", [1, 3, 100])
    def test_all_kinds(self, backlog, spool, file, width):
        backlog.append(b"one ")
        backlog.append_on_disk(b"two ")
        backlog.append_on_disk(b"three ")
        append(backlog, file, 2, 3)
        backlog.append(b" four ")
        append(backlog, file, 0, 1)
        backlog.append_on_disk(b" five")
        assert send_all(backlog, width) == b"one two three 234 four 0 five"
        assert (backlog.size, held(spool)) == (0, 0)

    def test_disk_that_grows_while_it_is_read(self, backlog):
        transport = Narrow(3)
        backlog.append_on_disk(b"abcdef")
        backlog.send(transport)
        backlog.append_on_disk(b"ghi")
        assert transport.sent + send_all(backlog) == b"abcdefghi"

    def test_memory_behind_disk_and_disk_behind_that(self, backlog):
        backlog.append_on_disk(b"a")
        backlog.append(b"b")
        backlog.append_on_disk(b"c")
        assert send_all(backlog) == b"abc"

    def test_over_a_socket(self, backlog, file):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            backlog.append(b"one ")
            backlog.append_on_disk(b"two ")
            append(backlog, file, 0, 10)
            assert backlog.send(transport_for(ours)) == 18
            assert theirs.recv(100) == b"one two 0123456789"
            assert not backlog
            assert ours.gettimeout() is None


class TestCount:
    def test_what_is_held(self, backlog, spool, file):
        backlog.append(b"12345")
        backlog.append_on_disk(b"123")
        assert (backlog.size, held(spool)) == (8, 8)
        append(backlog, file, 0, 10)
        assert (backlog.size, held(spool)) == (8, 8), "a file is not ours to keep"
        backlog.send(Narrow(2))
        assert backlog.size == held(spool) == 4

    def test_turn(self, backlog):
        """One quick client with a large response leaves others a turn."""
        for _ in range(5):
            backlog.append(bytes(SLICE_BYTES))
        transport = Narrow(SLICE_BYTES)
        assert backlog.send(transport) == SLICE_BYTES
        assert backlog
        assert backlog.send(Narrow(SLICE_BYTES), slices=2) == 2 * SLICE_BYTES
        assert backlog

    def test_client_that_takes_nothing(self, backlog):
        backlog.append(b"x")
        transport = Narrow(0)
        assert backlog.send(transport) == 0
        assert backlog


class Keeping:
    """A transport that takes all, and notes whether the kernel is to keep much."""

    def __init__(self):
        self.keeps_much = False
        self.sent_amply = self.sent = 0

    def keep_much(self, is_much):
        self.keeps_much = is_much

    def try_send_file(self, descriptor, offset, count):
        self.sent += count
        self.sent_amply += count * self.keeps_much
        return count


class TestAmple:
    @pytest.fixture
    def begin(self, spool, file):
        def begin(size=1 << 24):
            backlog = Backlog(spool)
            append(backlog, file, 0, size)
            backlogs.append(backlog)
            transport = Keeping()
            backlog.send(transport)
            return backlog, transport

        backlogs = []
        yield begin
        for backlog in backlogs:
            backlog.close()

    def test_until_a_file_is_nearly_at_its_end(self, begin):
        backlog, transport = begin()
        while backlog:
            backlog.send(transport)
        assert (transport.sent, transport.sent_amply) == (1 << 24, (1 << 24) - (1 << 22))

    def test_never_for_a_small_one(self, begin):
        assert begin(1 << 22)[1].sent_amply == 0

    def test_for_some_at_a_time(self, begin):
        """Thousands of slow clients are not to have megabytes of the kernel's memory each."""
        begun = [begin() for _ in range(MOST_AMPLE + 2)]
        assert [transport.keeps_much for _, transport in begun] == [True] * MOST_AMPLE + [False] * 2
        begun[0][0].close()
        begun[0][0].close()
        backlog, transport = begun[-1]
        backlog.send(transport)
        assert transport.keeps_much
        assert not begin()[1].keeps_much


class TestFiles:
    def test_several_slices_go_in_one_call(self, backlog, file):
        class Sending:
            def try_send_file(self, descriptor, offset, count):
                counts.append(count)
                return count

        counts = []
        append(backlog, file, 0, 5 * SLICE_BYTES)
        assert backlog.send(Sending(), slices=4) == 4 * SLICE_BYTES
        assert backlog.send(Sending(), slices=4) == SLICE_BYTES
        assert counts == [4 * SLICE_BYTES, SLICE_BYTES]

    def test_descriptor_may_be_closed_at_once(self, backlog):
        with tempfile.TemporaryFile() as file:
            file.write(b"content")
            file.flush()
            append(backlog, file, 0, 7)
        assert send_all(backlog) == b"content"

    def test_file_that_shrank(self, backlog, file):
        append(backlog, file, 0, 10)
        transport = Narrow(4)
        backlog.send(transport)
        file.truncate(4)
        transport.turns = 0
        with pytest.raises(EOFError):
            backlog.send(transport)

    def test_file_that_shrank_over_a_socket(self, backlog, file):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            append(backlog, file, 0, 20)
            with pytest.raises(EOFError):
                backlog.send(transport_for(ours))
            assert theirs.recv(100) == b"0123456789"
            assert os.get_blocking(ours.fileno())

    def test_parts_of_one_file_have_one_descriptor(self, backlog, file):
        before = open_descriptors()
        for _ in range(100):
            backlog.append(b" ")
            append(backlog, file, 2, 3)
        assert len(open_descriptors() - before) == 1
        assert send_all(backlog) == b" 234" * 100
        assert open_descriptors() == before

    def test_other_files_have_others(self, backlog, file):
        with tempfile.TemporaryFile() as other:
            other.write(b"other")
            other.flush()
            append(backlog, file, 0, 2)
            append(backlog, other, 0, 5)
        append(backlog, file, 2, 2)
        assert send_all(backlog) == b"01other23"
        append(backlog, file, 4, 2)
        assert send_all(backlog) == b"45"

    def test_descriptors_are_given_back(self, spool, file):
        before = open_descriptors()
        backlog = Backlog(spool)
        append(backlog, file, 0, 10)
        backlog.append_on_disk(b"x")
        append(backlog, file, 0, 10)
        send_all(backlog)
        assert open_descriptors() == before
        append(backlog, file, 0, 10)
        backlog.append_on_disk(b"x")
        backlog.close()
        backlog.close()
        assert open_descriptors() == before
        assert not backlog


class TestDisk:
    def full(self, monkeypatch):
        """A disk on which nothing can be written, though a file can be made."""
        make = tempfile.TemporaryFile

        class Full:
            def __init__(self, **options):
                self._file = make(**options)

            def __getattr__(self, name):
                return getattr(self._file, name)

            def write(self, data):
                raise OSError(28, "No space left on device")

        monkeypatch.setattr(module.tempfile, "TemporaryFile", Full)

    def test_full(self, backlog, spool, monkeypatch):
        backlog.append(b"before")
        before = open_descriptors()
        self.full(monkeypatch)
        with pytest.raises(OSError, match="No space"):
            backlog.append_on_disk(b"x")
        assert open_descriptors() == before
        assert (backlog.size, held(spool)) == (6, 6)
        backlog.append(b" behind")
        assert send_all(backlog) == b"before behind"

    @pytest.mark.parametrize("written_before_it_failed", [0, 2])
    def test_full_when_it_grows(self, backlog, spool, written_before_it_failed):
        """What went before the disk was full is not sent; the whole is queued otherwise."""
        backlog.append_on_disk(b"abc")
        part = backlog._pieces[-1]
        own, writes = part._file, iter([written_before_it_failed])

        class Full:
            def seek(self, offset):
                own.seek(offset)

            def write(self, data):
                count = next(writes, 0)
                if not count:
                    raise OSError(28, "No space left on device")
                return own.write(bytes(data[:count]))

        part._file = Full()
        with pytest.raises(OSError, match="No space"):
            backlog.append_on_disk(b"defg")
        part._file = own
        backlog.append(b"defg")
        assert held(spool) == 7
        assert send_all(backlog) == b"abcdefg"
