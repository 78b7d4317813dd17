"""``rfile`` and ``wfile`` look like the files of ``socket.makefile``."""

import io
import weakref

import pytest

from basehttpserver._engine.streams import RequestReader, ResponseWriter


def reader(data, buffer_size=8192):
    """An ``rfile`` over some bytes, and the sizes that were asked for."""
    source = io.BytesIO(data)
    closings = []
    raw = RequestReader(source.read, lambda: 7, lambda: closings.append(True))
    file = io.BufferedReader(raw, buffer_size) if buffer_size else raw
    return file, closings


class TestReader:
    def test_read_to_the_end(self):
        file, _ = reader(b"abc")
        assert file.read() == b"abc"
        assert file.read() == b""

    def test_lines(self):
        file, _ = reader(b"one\ntwo\nthree")
        assert file.readline() == b"one\n"
        assert list(file) == [b"two\n", b"three"]

    def test_unbuffered(self):
        file, _ = reader(b"one\ntwo", 0)
        assert file.readline() == b"one\n"
        assert file.read(2) == b"tw"
        assert file.read() == b"o"

    def test_buffered_interface(self):
        file, _ = reader(b"abcdefghij")
        assert file.peek(1)[:1] == b"a"
        assert file.read1(2) == b"ab"
        buffer = bytearray(3)
        assert file.readinto(buffer) == 3
        assert buffer == b"cde"
        assert file.raw.readable()
        assert file.fileno() == 7
        assert not file.closed

    def test_readinto_of_other_types(self):
        file, _ = reader(b"abcdefgh", 0)
        target = memoryview(bytearray(8)).cast("I")
        assert file.readinto(target) == 8
        assert target.tobytes() == b"abcdefgh"

    def test_close_tells_once(self):
        file, closings = reader(b"abc")
        file.close()
        file.close()
        assert closings == [True]
        with pytest.raises(ValueError, match="closed file"):
            file.read()

    def test_read_that_fails(self):
        def fail(size):
            raise TimeoutError("too slow")

        file = io.BufferedReader(RequestReader(fail, lambda: 7, lambda: None))
        with pytest.raises(TimeoutError, match="too slow"):
            file.readline()


class Outgoing:
    def __init__(self):
        self.written = []
        self.flushes = 0
        self.full_flushes = 0

    def write(self, data):
        self.written.append(data)

    def flush(self):
        self.flushes += 1

    def flush_all(self):
        self.full_flushes += 1


class TestWriter:
    @pytest.fixture
    def outgoing(self):
        return Outgoing()

    @pytest.fixture
    def writer(self, outgoing):
        return ResponseWriter(outgoing, lambda: 7)

    @pytest.mark.parametrize(
        ("data", "count"),
        [
            (b"abc", 3),
            (bytearray(b"abc"), 3),
            (memoryview(b"abcdef")[::2], 3),
            (memoryview(bytearray(8)).cast("I"), 8),
            (b"", 0),
        ],
        ids=["bytes", "bytearray", "strided memoryview", "integers", "nothing"],
    )
    def test_any_bytes_like_object(self, writer, outgoing, data, count):
        assert writer.write(data) == count
        assert outgoing.written == [bytes(data) if count != 8 else bytes(8)]
        assert type(outgoing.written[0]) is bytes

    def test_bytearray_may_change_afterwards(self, writer, outgoing):
        data = bytearray(b"abc")
        writer.write(data)
        data[:] = b"xyz"
        assert outgoing.written == [b"abc"]

    def test_text_is_refused(self, writer):
        with pytest.raises(TypeError):
            writer.write("text")

    def test_flush(self, writer, outgoing):
        writer.flush()
        assert outgoing.flushes == 1

    def test_fileno_flushes_before(self, writer, outgoing):
        """All of it, whatever may stay otherwise: somebody is about to use the socket."""
        assert writer.fileno() == 7
        assert outgoing.full_flushes == 1

    def test_closed(self, writer, outgoing):
        writer.close()
        assert writer.closed
        with pytest.raises(ValueError, match="closed file"):
            writer.write(b"x")

    def test_collected(self, outgoing):
        """The exchange sends what was written, whatever becomes of ``wfile``."""
        writer = ResponseWriter(outgoing, lambda: 7)
        writer.write(b"abc")
        is_collected = weakref.ref(writer)
        del writer
        assert is_collected() is None
        assert not outgoing.flushes

    def test_text_wrapper(self, writer, outgoing):
        with io.TextIOWrapper(writer, "utf-8") as text:
            text.write("grüße")
        assert b"".join(outgoing.written) == "grüße".encode()
