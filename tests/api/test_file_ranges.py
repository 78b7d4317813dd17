"""Range (RFC 9110 14): what a field means, against examples and a slow, plain reading of it."""

import email.parser
import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basehttpserver._files.ranges import (
    MAX_RANGES,
    ByteRange,
    encode_multipart,
    merge,
    try_parse_ranges,
)
from tests.http1 import profile


class TestParse:
    @pytest.mark.parametrize(
        ("value", "pairs"),
        [
            ("bytes=0-0", [(0, 1)]),
            ("bytes=0-99", [(0, 100)]),
            ("bytes=0-", [(0, 100)]),
            ("bytes=99-", [(99, 100)]),
            ("bytes=90-1000", [(90, 100)]),
            ("bytes=90-18446744073709551615", [(90, 100)]),
            ("bytes=-1", [(99, 100)]),
            ("bytes=-1000", [(0, 100)]),
            ("bytes=000-007", [(0, 8)]),
            ("BYTES=1-2", [(1, 3)]),
            ("bytes=5-6,1-2", [(5, 7), (1, 3)]),
            ("bytes=1-2 ,\t5-6", [(1, 3), (5, 7)]),
            # RFC 9110 5.6.1.2: empty members of a list.
            ("bytes=,, 1-2,,5-6, ", [(1, 3), (5, 7)]),
            # Some of them are there.
            ("bytes=100-,200-300,5-6,-0", [(5, 7)]),
        ],
    )
    def test_of_100_bytes(self, value, pairs):
        assert try_parse_ranges(value, 100) == pairs

    @pytest.mark.parametrize(
        "value", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=99999999999999999999-"]
    )
    def test_nothing_of_it_is_there(self, value):
        assert try_parse_ranges(value, 100) == []

    @pytest.mark.parametrize(
        "value",
        [
            "",
            "bytes",
            "bytes=",
            "bytes= ,",
            "bytes=-",
            "bytes=1",
            "bytes=1-2-3",
            "bytes=--1",
            "bytes=5-1",
            "bytes=0-1,5-1",
            "bytes=0-1,nonsense",
            "bytes=1 - 2",
            "bytes =1-2",
            " bytes=1-2",
            "bytes:1-2",
            "bytes=+1-2",
            "bytes=1-+2",
            "bytes=1_0-20",
            "bytes=0x1-2",
            "bytes=1.0-2",
            "bytes=\N{SUPERSCRIPT TWO}-",
            "bytes=\N{ARABIC-INDIC DIGIT ONE}-",
            "bytes=\N{FULLWIDTH DIGIT ONE}-",
            "bytes=1-2\x0b,3-4",
            "bytes=1-2\xa0",
            "bytes=1-2\n",
            "b\N{LATIN SMALL LETTER DOTLESS I}tes=1-2",
            "byte\N{LATIN SMALL LETTER LONG S}=1-2",
            "bites=1-2",
            "items=0-1",
            "bytes=" + "9" * 21 + "-",
            "bytes=0-" + "9" * 100_000,
        ],
        ids=lambda value: ascii(value[:30]),
    )
    def test_does_not_count(self, value):
        assert try_parse_ranges(value, 100) is None

    @pytest.mark.parametrize(
        ("value", "ranges"),
        [("bytes=0-", []), ("bytes=0-0", []), ("bytes=-0", []), ("bytes=-5", None)],
    )
    def test_of_nothing(self, value, ranges):
        """The last bytes of nothing are all of it, but there is no Content-Range for that."""
        assert try_parse_ranges(value, 0) == ranges

    def test_too_many(self):
        most = ",".join(f"{2 * n}-{2 * n}" for n in range(MAX_RANGES))
        assert len(try_parse_ranges(f"bytes={most}", 10_000)) == MAX_RANGES
        assert try_parse_ranges(f"bytes={most},1-1", 10_000) is None
        # Those that are not there count, too.
        assert try_parse_ranges("bytes=" + "5-," * (MAX_RANGES + 1), 1) is None

    @pytest.mark.parametrize(
        "value",
        [
            "bytes=" + piece * 60_000
            for piece in (",", " ", ", ", "\t,", "0-,", "0-0", "0", "-", "-1 ")
        ]
        + ["bytes=0-0" + " " * 60_000 + "x", "bytes=0-0" + ", " * 30_000 + "x"],
        ids=lambda value: ascii(value[6:12]),
    )
    def test_time_is_linear(self, value):
        begin = time.process_time()
        try_parse_ranges(value, 100)
        assert time.process_time() - begin < 1

    #: Text that is a Range field more often than not.
    SPECS = st.from_regex(r"[0-9]{0,2}-[0-9]{0,2}", fullmatch=True)
    FIELDS = st.lists(st.one_of(SPECS, st.sampled_from(["", " ", "x", "1"])), max_size=5).map(
        lambda specs: "bytes=" + ",".join(specs)
    )

    @profile.slow
    @given(FIELDS, st.integers(0, 30))
    def test_is_what_a_plain_reading_says(self, value, length):
        ranges = try_parse_ranges(value, length)
        expected = plainly_read(value, length)
        if expected is None:
            assert ranges is None
        else:
            assert [list(range(*pair)) for pair in ranges] == expected

    @profile.slow
    @given(st.text(), st.integers(0, 30))
    def test_any_text(self, value, length):
        for text in (value, f"bytes={value}"):
            for begin, end in try_parse_ranges(text, length) or ():
                assert 0 <= begin < end <= length


def plainly_read(value, length):
    """Which bytes each range means, one by one; None: ignored."""
    specs = [spec.strip(" \t") for spec in value.removeprefix("bytes=").split(",")]
    specs = [spec for spec in specs if spec]
    found = []
    for spec in specs:
        first, dash, last = spec.partition("-")
        if not dash or not (first or last) or not (first + last).isdigit():
            return None
        if first and last and int(last) < int(first):
            return None
        if not first and int(last) and not length:
            return None
        found.append(
            [
                position
                for position in range(length)
                if (
                    int(first) <= position and (not last or position <= int(last))
                    if first
                    else position >= length - int(last)
                )
            ]
        )
    return [each for each in found if each] if specs else None


RANGES = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 12)).map(
        lambda pair: ByteRange(pair[0], pair[0] + pair[1])
    ),
    max_size=12,
)


class TestMerge:
    @pytest.mark.parametrize(
        ("asked", "sent"),
        [
            ([(0, 5), (10, 15)], [(0, 5), (10, 15)]),
            ([(10, 15), (0, 5)], [(10, 15), (0, 5)]),
            ([(0, 5), (5, 10)], [(0, 10)]),
            ([(5, 10), (0, 5)], [(0, 10)]),
            ([(0, 5), (0, 5)], [(0, 5)]),
            ([(0, 9), (2, 4)], [(0, 9)]),
            # Where the first of them stood.
            ([(20, 21), (0, 5), (30, 31), (4, 8)], [(20, 21), (0, 8), (30, 31)]),
            ([(4, 8), (20, 21), (0, 5)], [(0, 8), (20, 21)]),
        ],
    )
    def test_examples(self, asked, sent):
        assert merge([ByteRange(*pair) for pair in asked]) == sent

    @profile.slow
    @given(RANGES)
    def test_has_the_same_bytes_once(self, ranges):
        merged = merge(ranges)
        positions = [position for each in merged for position in range(*each)]
        assert len(positions) == len(set(positions))
        assert set(positions) == {position for each in ranges for position in range(*each)}
        ordered = itertools.pairwise(sorted(merged))
        assert all(before.end < after.begin for before, after in ordered)

    @profile.slow
    @given(RANGES)
    def test_keeps_the_order(self, ranges):
        def first_place(merged):
            return next(
                n for n, each in enumerate(ranges) if merged.begin <= each.begin < merged.end
            )

        places = [first_place(each) for each in merge(ranges)]
        assert places == sorted(places)


class TestMultipart:
    def encode(self, ranges, content, media_type="text/plain; charset=utf-8"):
        multipart = encode_multipart(ranges, len(content), media_type)
        body = b"".join(
            piece if isinstance(piece, bytes) else content[piece.begin : piece.end]
            for piece in multipart.pieces
        )
        assert multipart.length == len(body)
        return multipart.media_type, body

    def test_is_read_by_a_mail_program(self):
        content = bytes(range(256))
        media_type, body = self.encode([ByteRange(0, 10), ByteRange(100, 256)], content)
        head = f"MIME-Version: 1.0\r\nContent-Type: {media_type}\r\n\r\n".encode()
        message = email.parser.BytesParser().parsebytes(head + body)
        assert message.get_content_type() == "multipart/byteranges"
        assert not message.defects
        first, second = message.get_payload()
        assert first["Content-Type"] == "text/plain; charset=utf-8"
        assert (first["Content-Range"], second["Content-Range"]) == (
            "bytes 0-9/256",
            "bytes 100-255/256",
        )

    def test_bytes(self):
        media_type, body = self.encode([ByteRange(3, 4), ByteRange(0, 2)], b"abcd", "image/png")
        boundary = media_type.removeprefix("multipart/byteranges; boundary=").encode()
        assert boundary.isalnum()
        assert body == (
            b"--%b\r\nContent-Type: image/png\r\nContent-Range: bytes 3-3/4\r\n\r\nd\r\n"
            b"--%b\r\nContent-Type: image/png\r\nContent-Range: bytes 0-1/4\r\n\r\nab\r\n"
            b"--%b--\r\n" % (boundary, boundary, boundary)
        )

    def test_boundary_cannot_be_guessed(self):
        ranges = [ByteRange(0, 1), ByteRange(2, 3)]
        boundaries = {encode_multipart(ranges, 9, "a/b").media_type for _ in range(100)}
        assert len(boundaries) == 100

    @pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\0"])
    def test_media_type_of_two_lines(self, end):
        with pytest.raises(ValueError, match="media type"):
            encode_multipart([ByteRange(0, 1)], 9, f"text/plain{end}X-Injected: yes")
