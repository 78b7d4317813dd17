"""curl: downloads that are broken off and continued, ranges, and copies that it has already."""

import email
import email.policy
import os

import pytest

from tests.clients.programs import run, run_until
from tests.clients.serving import CUT, NEW, OLD, Gate, Interruption, Seen, serving_files

pytestmark = pytest.mark.usefixtures("leaks_nothing")


#: Exit codes of curl, by its manual.
PARTIAL_FILE, HTTP_ERROR, RANGE_ERROR = 18, 22, 33


@pytest.fixture
def ask(curl, downloads):
    """Return what runs curl where the downloads are."""

    def ask(*arguments):
        return run([curl, "-q", "--noproxy", "*", "-sS", *arguments], downloads)

    return ask


def replace(path, content):
    """Give the name of a file to another one, as careful programs do."""
    beside = path.with_name("new")
    beside.write_bytes(content)
    os.replace(beside, path)


class TestContinued:
    """``curl -C -``: what is missing of a file that is there in part."""

    @pytest.fixture
    def broken_off(self, served, ask, downloads):
        """A server from which curl has got the beginning of the file, and its entity tag."""
        with serving_files(served.parent, Interruption(CUT)) as files:
            got = ask("-o", "file", "--etag-save", "etag", files.url("/file"))
            assert got.code == PARTIAL_FILE, got
            assert (downloads / "file").read_bytes() == OLD[:CUT]
            assert files.take_seen() == [Seen("GET", "/file", 200)]
            yield files

    @pytest.fixture
    def etag(self, broken_off, downloads):
        return (downloads / "etag").read_text().strip()

    @staticmethod
    def if_range(etag):
        return ["-H", f"If-Range: {etag}"]

    def test_the_server_cuts(self, broken_off, ask, downloads):
        assert ask("-C", "-", "-o", "file", broken_off.url("/file")).code == 0
        assert (downloads / "file").read_bytes() == OLD
        assert broken_off.seen == [Seen("GET", "/file", 206, f"bytes={CUT}-")]

    def test_the_client_is_killed(self, served, ask, curl, downloads):
        copy, gate = downloads / "file", Gate()
        with serving_files(served.parent, Interruption(CUT, meanwhile=gate.wait)) as files:
            command = [curl, "-q", "--noproxy", "*", "-sS", "-N", "-o", "file", files.url("/file")]
            try:
                run_until(lambda: copy.exists() and copy.stat().st_size > 0, command, downloads)
            finally:
                gate.open()
            length = copy.stat().st_size
            assert 0 < length <= CUT
            assert ask("-C", "-", "-o", "file", files.url("/file")).code == 0
            assert copy.read_bytes() == OLD
            assert files.seen[1:] == [Seen("GET", "/file", 206, f"bytes={length}-")]

    def test_nothing_is_missing(self, served, ask, downloads):
        (downloads / "file").write_bytes(OLD)
        with serving_files(served.parent) as files:
            assert ask("-C", "-", "-o", "file", files.url("/file")).code == 0
        assert (downloads / "file").read_bytes() == OLD
        assert files.seen == [Seen("GET", "/file", 416, f"bytes={len(OLD)}-")]

    def test_replaced_and_curl_says_of_what_it_has_a_part(
        self, broken_off, served, ask, etag, downloads
    ):
        """RFC 9110 13.1.5: the whole new file. curl cannot use that, says so, keeps its part."""
        replace(served, NEW)
        got = ask("-C", "-", *self.if_range(etag), "-o", "file", broken_off.url("/file"))
        assert got.code == RANGE_ERROR
        assert (downloads / "file").read_bytes() == OLD[:CUT]
        assert broken_off.seen == [Seen("GET", "/file", 200, f"bytes={CUT}-", ("If-Range",))]

    def test_the_same_and_curl_says_of_what_it_has_a_part(self, broken_off, ask, etag, downloads):
        got = ask("-C", "-", *self.if_range(etag), "-o", "file", broken_off.url("/file"))
        assert got.code == 0
        assert (downloads / "file").read_bytes() == OLD
        assert broken_off.seen == [Seen("GET", "/file", 206, f"bytes={CUT}-", ("If-Range",))]

    def test_replaced_and_curl_does_not_say(self, broken_off, served, ask, etag, downloads):
        """Nothing in the request tells the server: curl gets what it asked for, and a mixture.

        The answer has the entity tag of the new file, so that whoever compares can see it.
        """
        replace(served, NEW)
        url = broken_off.url("/file")
        assert ask("-C", "-", "-o", "file", "--etag-save", "new", url).code == 0
        assert (downloads / "file").read_bytes() == OLD[:CUT] + NEW[CUT:]
        assert (downloads / "new").read_text().strip() not in ("", etag)

    def test_replaced_by_a_shorter_one_and_curl_does_not_say(
        self, broken_off, served, ask, downloads
    ):
        """It is told that there is no such range; takes that for a file that is whole."""
        replace(served, NEW[:1000])
        assert ask("-C", "-", "-o", "file", broken_off.url("/file")).code == 0
        assert (downloads / "file").read_bytes() == OLD[:CUT]
        assert broken_off.seen == [Seen("GET", "/file", 416, f"bytes={CUT}-")]


class TestRanges:
    """``curl -r``."""

    @pytest.mark.parametrize(
        ("ranges", "part", "content_range"),
        [
            ("0-9", OLD[:10], "bytes 0-9/300000"),
            ("10-19", OLD[10:20], "bytes 10-19/300000"),
            ("299990-", OLD[-10:], "bytes 299990-299999/300000"),
            ("-10", OLD[-10:], "bytes 299990-299999/300000"),
            ("299999-999999", OLD[-1:], "bytes 299999-299999/300000"),
            ("1000-200999", OLD[1000:201000], "bytes 1000-200999/300000"),
        ],
        ids=["first", "middle", "open", "suffix", "beyond the end", "large"],
    )
    @pytest.mark.parametrize("version", ["--http1.0", "--http1.1"])
    def test_one(self, served, ask, ranges, part, content_range, version):
        with serving_files(served.parent) as files:
            got = ask(version, "-r", ranges, "-D", "/dev/stderr", files.url("/file"))
        assert (got.code, got.output) == (0, part)
        assert got.complaint.splitlines()[0] == "HTTP/1.1 206 Partial Content"
        assert f"Content-Range: {content_range}" in got.complaint.splitlines()

    def test_several(self, served, ask):
        with serving_files(served.parent) as files:
            got = ask("-i", "-r", "0-9,1000-1009,-5", files.url("/file"))
        status_line, _, message = got.output.partition(b"\r\n")
        assert status_line == b"HTTP/1.1 206 Partial Content"
        message = email.message_from_bytes(message, policy=email.policy.HTTP)
        assert message.get_content_type() == "multipart/byteranges"
        assert "Content-Range" not in message  # RFC 9110 15.3.7.2
        assert [
            (part["Content-Range"], part.get_payload(decode=True)) for part in message.iter_parts()
        ] == [
            ("bytes 0-9/300000", OLD[:10]),
            ("bytes 1000-1009/300000", OLD[1000:1010]),
            ("bytes 299995-299999/300000", OLD[-5:]),
        ]
        assert files.lines == []

    def test_none_of_the_file(self, served, ask):
        with serving_files(served.parent) as files:
            got = ask("-f", "-r", "300000-", files.url("/file"))
        assert got.code == HTTP_ERROR
        assert files.seen == [Seen("GET", "/file", 416, "bytes=300000-")]

    def test_backwards_is_none(self, served, ask):
        """RFC 9110 14.1.1: not valid, and 14.2: so it is ignored."""
        with serving_files(served.parent) as files:
            assert ask("-r", "9-0", files.url("/file")).output == OLD
        assert files.seen == [Seen("GET", "/file", 200, "bytes=9-0")]

    def test_of_a_listing(self, served, ask):
        """It may change at any time, and has no validator: a range of it would be of no use."""
        with serving_files(served.parent) as files:
            whole = ask(files.url("/")).output
            assert ask("-r", "0-9", files.url("/")).output == whole


class TestCopies:
    """What curl has already is not sent again."""

    def test_if_modified_since(self, served, ask, downloads):
        """``curl -z FILE``, by the time that ``-R`` has given to the copy."""
        with serving_files(served.parent) as files:
            get = ["-R", "-z", "file", "-o", "file", files.url("/file")]
            assert ask(*get[3:], "-R").code == 0
            assert int((downloads / "file").stat().st_mtime) == int(served.stat().st_mtime)
            assert ask(*get).code == 0
            replace(served, NEW)
            assert ask(*get).code == 0
        assert (downloads / "file").read_bytes() == NEW
        conditions = ("If-Modified-Since",)
        assert files.seen == [
            Seen("GET", "/file", 200),
            Seen("GET", "/file", 304, None, conditions),
            Seen("GET", "/file", 200, None, conditions),
        ]

    def test_if_unmodified_since(self, served, ask):
        """``curl -z -DATE`` wants what is older."""
        with serving_files(served.parent) as files:
            url = files.url("/file")
            assert ask("-z", "-Sun, 09 Sep 2001 01:46:41 GMT", url).output == OLD
            assert ask("-z", "-Sun, 09 Sep 2001 01:46:39 GMT", "-f", url).code == HTTP_ERROR
        assert [seen.status for seen in files.seen] == [200, 412]

    def test_etag(self, served, ask, downloads):
        """``--etag-save`` and ``--etag-compare``, also where the time has not changed."""
        status = served.stat()
        with serving_files(served.parent) as files:
            get = ["--etag-save", "etag", "--etag-compare", "etag", "-o", "file"]
            for _ in range(2):
                assert ask(*get, files.url("/file")).code == 0
            assert (downloads / "file").read_bytes() == OLD
            replace(served, NEW)
            os.utime(served, ns=(status.st_atime_ns, status.st_mtime_ns))
            assert ask(*get, files.url("/file")).code == 0
        assert (downloads / "file").read_bytes() == NEW
        assert [seen.status for seen in files.seen] == [200, 304, 200]
        assert files.seen[1].conditions == ("If-None-Match",)

    def test_head_says_what_get_says(self, served, ask):
        with serving_files(served.parent) as files:
            head = ask("-I", files.url("/file")).output
            whole = ask("-i", files.url("/file")).output

        def without_date(lines):
            return [line for line in lines.split(b"\r\n") if not line.startswith(b"Date:")]

        assert without_date(head) == without_date(whole.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
