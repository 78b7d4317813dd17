"""wget: downloads that are broken off and continued, and copies that it has already."""

import pytest

from tests.clients.programs import run, run_until
from tests.clients.serving import CUT, NEW, OLD, Gate, Interruption, Seen, serving_files

pytestmark = pytest.mark.usefixtures("leaks_nothing")


@pytest.fixture
def copy(downloads):
    """What wget has of it."""
    return downloads / "file"


@pytest.fixture
def command(wget):
    """How wget is called: with the settings of nobody, without a pause before another attempt."""
    return [wget, "--no-config", "--no-proxy", "--no-verbose", "--waitretry=0"]


@pytest.fixture
def ask(command, downloads):
    """Return what runs wget where the downloads are."""

    def ask(*arguments):
        return run([*command, *arguments], downloads)

    return ask


class TestContinued:
    """What is missing of a file that is there in part."""

    def test_the_server_cuts(self, served, ask, copy):
        """wget asks for the rest by itself."""
        with serving_files(served.parent, Interruption(CUT)) as files:
            assert ask(files.url("/file")).code == 0
        assert copy.read_bytes() == OLD
        assert files.seen == [
            Seen("GET", "/file", 200),
            Seen("GET", "/file", 206, f"bytes={CUT}-"),
        ]

    def test_the_client_is_killed(self, served, command, ask, copy, downloads):
        gate = Gate()
        with serving_files(served.parent, Interruption(CUT, meanwhile=gate.wait)) as files:
            get = [*command, files.url("/file")]
            try:
                run_until(lambda: copy.exists() and copy.stat().st_size > 0, get, downloads)
            finally:
                gate.open()
            length = copy.stat().st_size
            assert 0 < length <= CUT
            assert ask("-c", files.url("/file")).code == 0
        assert copy.read_bytes() == OLD
        assert files.seen[1:] == [Seen("GET", "/file", 206, f"bytes={length}-")]

    def test_nothing_is_missing(self, served, ask, copy):
        copy.write_bytes(OLD)
        with serving_files(served.parent) as files:
            assert ask("-c", files.url("/file")).code == 0
        assert copy.read_bytes() == OLD
        assert files.seen == [Seen("GET", "/file", 416, f"bytes={len(OLD)}-")]

    def test_replaced(self, served, ask, copy):
        """wget never says of what it has a part: it gets what it asked for, and a mixture."""
        copy.write_bytes(OLD[:CUT])
        served.write_bytes(NEW)
        with serving_files(served.parent) as files:
            assert ask("-c", files.url("/file")).code == 0
        assert copy.read_bytes() == OLD[:CUT] + NEW[CUT:]
        assert files.seen == [Seen("GET", "/file", 206, f"bytes={CUT}-")]

    def test_replaced_and_wget_is_made_to_say(self, served, ask, copy):
        """RFC 9110 13.1.5: the whole new file. wget skips as much of it as it has of the old one.

        So it makes a mixture of any answer, and a server cannot keep it from that.
        """
        copy.write_bytes(OLD[:CUT])
        served.write_bytes(NEW)
        with serving_files(served.parent) as files:
            assert ask("-c", "--header", 'If-Range: "of the old one"', files.url("/file")).code == 0
        assert copy.read_bytes() == OLD[:CUT] + NEW[CUT:]
        assert files.seen == [Seen("GET", "/file", 200, f"bytes={CUT}-", ("If-Range",))]

    def test_replaced_by_a_shorter_one(self, served, ask, copy):
        """It is told that there is no such range; takes that for a file that is whole."""
        copy.write_bytes(OLD[:CUT])
        served.write_bytes(NEW[:1000])
        with serving_files(served.parent) as files:
            assert ask("-c", files.url("/file")).code == 0
        assert copy.read_bytes() == OLD[:CUT]
        assert files.seen == [Seen("GET", "/file", 416, f"bytes={CUT}-")]


class TestCopies:
    """``wget -N``: what wget has already is not sent again."""

    @pytest.mark.parametrize(
        ("options", "again"),
        [
            ([], [Seen("GET", "/file", 304, None, ("If-Modified-Since",))]),
            (["--no-if-modified-since"], [Seen("HEAD", "/file", 200)]),
        ],
        ids=["conditional", "HEAD first"],
    )
    def test_timestamping(self, served, ask, copy, options, again):
        with serving_files(served.parent) as files:
            assert ask("-N", *options, files.url("/file")).code == 0
            assert int(copy.stat().st_mtime) == int(served.stat().st_mtime)
            files.take_seen()
            assert ask("-N", *options, files.url("/file")).code == 0
            assert files.take_seen() == again
            served.write_bytes(NEW)
            assert ask("-N", *options, files.url("/file")).code == 0
            assert files.seen[-1].status == 200
        assert copy.read_bytes() == NEW
