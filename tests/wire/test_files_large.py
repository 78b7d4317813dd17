"""A file of 5 GiB, most of which takes no room on the disk: parts of it, beyond each border."""

import pytest

from tests.wire.command_line import MEBIBYTE, needs_memory_of_processes, serve
from tests.wire.conversation import conversation

pytestmark = pytest.mark.usefixtures("leaks_nothing")

SIZE = 5 * 1024 * MEBIBYTE

#: What is not zero: around 2 and 4 GiB, where signs and words overflow, and at both ends.
MARKS = {
    0: b"the beginning",
    2**31 - 5: b"two GiB",
    2**32 - 5: b"four GiB",
    SIZE - 7: b"the end",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("large")
    path = folder / "large"
    try:
        with open(path, "wb") as file:
            file.truncate(SIZE)
            if path.stat().st_blocks * 512 > MEBIBYTE:
                pytest.skip("the file system has no sparse files")
            for offset, mark in MARKS.items():
                file.seek(offset)
                file.write(mark)
        yield folder
    finally:
        path.unlink()


@pytest.fixture
def served(folder, tmp_path):
    with serve(folder, tmp_path / "log") as served:
        yield served


@pytest.fixture
def client(served):
    with conversation(served.address) as client:
        yield client


def ask(client, ranges, status):
    """Return the answer to a request for ranges; read nothing that could be all of the file."""
    client.get("/large", f"Range: bytes={ranges}")
    beginning = client.peek()
    assert beginning.startswith(b"HTTP/1.1 %d " % status), beginning[:1000]
    return client.expect(status)


def part(first, last):
    """Return the bytes of the file from `first` to `last`, both included."""
    content = bytearray(last - first + 1)
    for offset, mark in MARKS.items():
        for place, byte in enumerate(mark, offset - first):
            if 0 <= place < len(content):
                content[place] = byte
    return bytes(content)


def test_head(client):
    response = client.get("/large", method="HEAD").expect(200, to="HEAD")
    assert response["Content-Length"] == str(SIZE)
    assert response["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize(
    ("ranges", "first", "last"),
    [
        pytest.param(f"{2**31 - 10}-{2**31 + 9}", 2**31 - 10, 2**31 + 9, id="over 2 GiB"),
        pytest.param(f"{2**32 - 10}-{2**32 + 9}", 2**32 - 10, 2**32 + 9, id="over 4 GiB"),
        pytest.param(f"{2**32}-{2**32 + 9}", 2**32, 2**32 + 9, id="from 4 GiB on"),
        pytest.param(f"{SIZE - 10}-", SIZE - 10, SIZE - 1, id="to the end"),
        pytest.param("-10", SIZE - 10, SIZE - 1, id="suffix"),
        pytest.param(f"{SIZE - 1}-{2**64}", SIZE - 1, SIZE - 1, id="beyond the end"),
        # Sent from descriptor to descriptor.
        pytest.param(
            f"{2**32 - MEBIBYTE}-{2**32 + MEBIBYTE}",
            2**32 - MEBIBYTE,
            2**32 + MEBIBYTE,
            id="2 MiB over 4 GiB",
        ),
    ],
)
def test_range(client, ranges, first, last):
    response = ask(client, ranges, 206)
    assert response["Content-Range"] == f"bytes {first}-{last}/{SIZE}"
    is_right = response.body == part(first, last)
    assert is_right
    client.want_idle()


def test_several_ranges(client):
    ranges = [(0, 20), (2**31 - 10, 2**31 + 9), (2**32 - 10, 2**32 + 9), (SIZE - 10, SIZE - 1)]
    body = ask(client, ",".join(f"{first}-{last}" for first, last in ranges), 206).body
    for first, last in ranges:
        line = b"\r\nContent-Range: bytes %d-%d/%d\r\n" % (first, last, SIZE)
        _, found, rest = body.partition(line)
        assert found, line
        assert rest.startswith(b"\r\n" + part(first, last) + b"\r\n--")
    client.want_idle()


def test_range_behind_the_end(client):
    response = ask(client, f"{SIZE}-", 416)
    assert response["Content-Range"] == f"bytes */{SIZE}"


@needs_memory_of_processes
def test_several_large_ranges_take_no_memory(served):
    """All of the file, in two parts, to a client that reads the beginning of it."""
    before = served.peak_memory()
    with conversation(served.address, receive_buffer=4096) as client:
        client.get("/large", f"Range: bytes=0-{2**31},{2**32}-{SIZE - 1}")
        assert client.peek().startswith(b"HTTP/1.1 206 ")
        assert served.get_whole("/").count(b"large") == 2
        assert served.peak_memory() - before < 32 * MEBIBYTE
