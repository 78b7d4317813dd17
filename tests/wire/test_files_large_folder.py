"""A folder of twenty thousand files: what its listing takes, and what others wait meanwhile."""

import contextlib
import threading
import time

import pytest

from tests.running import PATIENCE_SECONDS
from tests.wire.clients import percentile, want_in_one_attempt
from tests.wire.command_line import MEBIBYTE, Links, needs_memory_of_processes, serve
from tests.wire.conversation import conversation

COUNT = 20_000

#: Far above the tenth of a second that it takes: the machine may be slow, the work must not grow.
FIRST_BYTE_SECONDS = 2


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    for number in range(COUNT):
        (folder / f"file {number:05}").touch()
    return folder


@pytest.fixture
def served(folder, tmp_path):
    with serve(folder, tmp_path / "log") as served:
        yield served


def seconds_to_first_byte(client, target):
    """Ask, and read the answer to its end; return how long its beginning took."""
    began = time.monotonic()
    client.get(target)
    client.peek()
    taken = time.monotonic() - began
    client.expect(200)
    return taken


def test_has_all_files(served):
    links = Links(served.get_whole("/").decode()).found
    assert links == [f"file%20{number:05}" for number in range(COUNT)]


@needs_memory_of_processes
def test_memory(served):
    """Eight listings at once, of which nobody reads more than the beginning."""
    served.get_whole("/")
    before = served.peak_memory()
    with contextlib.ExitStack() as stack:
        for _ in range(8):
            client = stack.enter_context(conversation(served.address, receive_buffer=4096))
            client.get("/")
            client.peek()
        assert served.get_whole("/file%2000000") == b""
        # Each holds its page of 1.4 MB, and while it is made the names and lines.
        assert served.peak_memory() - before < 8 * 8 * MEBIBYTE


@pytest.mark.alone
def test_first_byte(served):
    def measure():
        with conversation(served.address) as client:
            taken = seconds_to_first_byte(client, "/")
        return taken > FIRST_BYTE_SECONDS and f"the first byte took {taken:.2f} s"

    want_in_one_attempt(measure)


@pytest.mark.alone
def test_others_do_not_wait_for_a_listing(served):
    """One client asks for the listing over and over; a file has its turn long before its end."""

    def measure():
        of_listings = []
        stopped = threading.Event()

        def list_on():
            with conversation(served.address) as client:
                while not stopped.is_set():
                    of_listings.append(seconds_to_first_byte(client, "/"))

        thread = threading.Thread(target=list_on, name="lists")
        thread.start()
        try:
            with conversation(served.address) as client:
                of_files = []
                while len(of_files) < 300 or (len(of_listings) < 4 and thread.is_alive()):
                    of_files.append(seconds_to_first_byte(client, "/file%2000000"))
        finally:
            stopped.set()
            thread.join(PATIENCE_SECONDS)
        listing, file = percentile(of_listings, 50), percentile(of_files, 90)
        return file > listing / 2 and f"a file took {file:.3f} s, a listing {listing:.3f} s"

    want_in_one_attempt(measure)
