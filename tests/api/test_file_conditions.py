"""Validators and preconditions (RFC 9110 8.8, 13): every combination, against a plain reading."""

import itertools
import os
import time
import types

import pytest

from basehttpserver._files.preconditions import conditional_fields, evaluate, range_counts
from basehttpserver._files.validators import Validators, try_parse_date, validators_of

MODIFIED = 1_000_000_000
DATE = "Sun, 09 Sep 2001 01:46:40 GMT"
BEFORE = "Sun, 09 Sep 2001 01:46:39 GMT"
AFTER = "Sun, 09 Sep 2001 01:46:41 GMT"

STRONG = Validators('"tag"', MODIFIED, is_strong=True)
WEAK = Validators('W/"tag"', MODIFIED, is_strong=False)
UNDATED = Validators('"tag"', None, is_strong=True)


class TestValidators:
    def status(self, modified=MODIFIED * 10**9, inode=0xABC, size=0x123):
        return types.SimpleNamespace(
            st_mtime=modified / 10**9, st_mtime_ns=modified, st_ino=inode, st_size=size, st_dev=1
        )

    def test_of_a_file_at_rest(self):
        found = validators_of(self.status(), MODIFIED + 2)
        assert found == ('"abc-123-de0b6b3a7640000"', MODIFIED, True)

    def test_of_another_state(self):
        tags = {
            validators_of(self.status(**change), MODIFIED + 100).tag
            for change in ({}, {"modified": MODIFIED * 10**9 + 1}, {"inode": 1}, {"size": 1})
        }
        assert len(tags) == 4

    @pytest.mark.parametrize("seen", [MODIFIED + 1.9, MODIFIED, MODIFIED - 1000])
    def test_that_may_change_unnoticed_are_weak(self, seen):
        new = validators_of(self.status(), seen)
        assert new.tag.startswith('W/"')
        assert not new.is_strong
        later = validators_of(self.status(), MODIFIED + 2)
        # Not even by the weak comparison: meanwhile it may have changed.
        assert new.tag.removeprefix("W/") != later.tag

    def test_of_a_coding(self):
        plain, coded = (validators_of(self.status(), MODIFIED + 2, c).tag for c in ("", "gzip"))
        assert coded == plain[:-1] + '-gzip"'

    def test_date_in_the_future_is_the_present(self):
        """RFC 9110 8.8.2.1."""
        assert validators_of(self.status(), MODIFIED - 1000.5).modified == MODIFIED - 1001

    @pytest.mark.parametrize("year", [-(10**24), -(10**20)])
    def test_time_that_is_no_date(self, year):
        assert validators_of(self.status(year), MODIFIED).modified is None

    def test_of_a_real_file(self, tmp_path):
        (tmp_path / "file").touch()
        os.utime(tmp_path / "file", (0, 0))
        found = validators_of(os.stat(tmp_path / "file"), time.time())
        assert found.tag == f'"{os.stat(tmp_path / "file").st_ino:x}-0-0"'
        assert found.modified == 0


class TestDate:
    @pytest.mark.parametrize(
        "text",
        [DATE, "Sunday, 09-Sep-01 01:46:40 GMT", "Sun Sep  9 01:46:40 2001", f" {DATE} "],
    )
    def test_formats(self, text):
        assert try_parse_date(text) == MODIFIED

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "yesterday",
            "Sun, 09 Sep 2001 03:46:40 +0100",
            "Fri, 99 Foo 99999 01:46:40 GMT",
            "Sun, 09 Sep 2001 99:99:99 GMT",
            '"tag"',
            DATE + " " * 100,
            "9" * 100_000,
        ],
        ids=lambda text: text[:20],
    )
    def test_is_none(self, text):
        assert try_parse_date(text) is None


def headers(*pairs):
    class Headers(list):
        def keys(self):
            return [name for name, _ in self]

        def get_all(self, wanted):
            return [value for name, value in self if name.lower() == wanted.lower()]

    return Headers(pairs)


def test_conditional_fields():
    found = conditional_fields(
        headers(("Host", "a"), ("IF-none-MATCH", '"a"'), ("Range", "x"), ("if-None-Match", '"b"'))
    )
    assert found == {"if-none-match": ['"a"', '"b"'], "range": ["x"]}
    assert conditional_fields(headers(("Host", "a"))) == {}


class TestTags:
    """If-Match compares strongly, If-None-Match weakly."""

    @pytest.mark.parametrize(
        ("values", "is_match", "is_weak_match"),
        [
            (['"tag"'], True, True),
            (['W/"tag"'], False, True),
            (['"other"'], False, False),
            (['"Tag"'], False, False),
            (["*"], True, True),
            ([" * "], True, True),
            (['"a", "tag"'], True, True),
            (['"a","b" ,\t"tag"'], True, True),
            (['"a"', '"tag"'], True, True),
            ([',, "a",,"tag",'], True, True),
            (['"a,b", "tag"'], True, True),
            (['"\\", "tag"'], True, True),
            (['"\xe9", "tag"'], True, True),
            (['""', '"tag"'], True, True),
            # Malformed: nothing of it counts.
            ([""], False, False),
            ([","], False, False),
            (["tag"], False, False),
            (["'tag'"], False, False),
            (['"tag'], False, False),
            (['w/"tag"'], False, False),
            (['W/ "tag"'], False, False),
            (['"tag" "tag"'], False, False),
            (['"tag", x'], False, False),
            (['"tag", *'], False, False),
            (["*, *"], False, False),
            (["*", "*"], False, False),
            (['"a b", "tag"'], False, False),
            (['"\x7f", "tag"'], False, False),
            (['"tag"\N{NO-BREAK SPACE}'], False, False),
        ],
        ids=ascii,
    )
    def test_lists(self, values, is_match, is_weak_match):
        assert (evaluate({"if-match": values}, "GET", STRONG) is None) == is_match
        assert (evaluate({"if-none-match": values}, "GET", STRONG) == 304) == is_weak_match

    @pytest.mark.parametrize("value", ['"tag"', 'W/"tag"'])
    def test_weak_tag_of_ours(self, value):
        assert evaluate({"if-match": [value]}, "GET", WEAK) == 412
        assert evaluate({"if-none-match": [value]}, "GET", WEAK) == 304

    def test_weak_tag_of_ours_exists(self):
        assert evaluate({"if-match": ["*"]}, "GET", WEAK) is None

    @pytest.mark.parametrize(
        "value",
        [
            piece * 20_000 + end
            for piece in ('"', '"a",', ",", " ", ", ", '""', "W/", "\t,")
            for end in ("", "x", '"tag"')
        ],
        ids=lambda value: ascii(value[:4] + value[-2:]),
    )
    def test_time_is_linear(self, value):
        begin = time.process_time()
        evaluate({"if-match": [value], "if-none-match": [value]}, "GET", STRONG)
        assert time.process_time() - begin < 1


class TestEveryCombination:
    """Of the fields, each absent, matching, not matching or malformed."""

    TAGS = (None, ['"tag"'], ['"other"'], ["*"], ["malformed"], ['"a"', '"tag"'])
    DATES = (None, [DATE], [BEFORE], [AFTER], ["malformed"], [DATE, DATE])
    NAMES = ("if-match", "if-unmodified-since", "if-none-match", "if-modified-since")

    @pytest.mark.parametrize("current", [STRONG, WEAK, UNDATED], ids=["strong", "weak", "undated"])
    @pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
    def test_is_what_a_plain_reading_says(self, method, current):
        for values in itertools.product(self.TAGS, self.DATES, self.TAGS, self.DATES):
            fields = {
                name: value
                for name, value in zip(self.NAMES, values, strict=True)
                if value is not None
            }
            expected = plainly_read(fields, method, current)
            assert (evaluate(fields, method, current) or 200) == expected, fields

    IF_RANGES = (None, ['"tag"'], ['W/"tag"'], ['"other"'], [DATE], [BEFORE], [AFTER], ["x"], ["*"])

    @pytest.mark.parametrize("current", [STRONG, WEAK, UNDATED], ids=["strong", "weak", "undated"])
    def test_if_range(self, current):
        for values in (*self.IF_RANGES, ['"tag"', '"tag"'], [DATE, DATE], [' "tag"\t'], [""]):
            fields = {} if values is None else {"if-range": values}
            if values is None:
                expected = True
            elif values in (['"tag"'], [' "tag"\t']):
                expected = current is not WEAK
            elif values == [DATE]:
                expected = current is STRONG
            else:
                expected = False
            assert range_counts(fields, current) == expected, values


def plainly_read(fields, method, current):
    """RFC 9110 13.2.2, step by step, for a representation that exists."""
    # 1. When recipient is the origin server and If-Match is present,
    if "if-match" in fields:
        tags = plainly_split(fields["if-match"])
        if tags != ["*"] and not ('"tag"' in tags and current.tag == '"tag"'):
            return 412
    # 2. … If-Match is not present, and If-Unmodified-Since is present,
    elif "if-unmodified-since" in fields:
        since = plain_date(fields["if-unmodified-since"], current)
        if since is not None and current.modified > since:
            return 412
    # 3. When If-None-Match is present,
    if "if-none-match" in fields:
        tags = plainly_split(fields["if-none-match"])
        if tags == ["*"] or '"tag"' in tags:
            return 304 if method in {"GET", "HEAD"} else 412
    # 4. When the method is GET or HEAD, If-None-Match is not present, and If-Modified-Since is
    elif "if-modified-since" in fields and method in {"GET", "HEAD"}:
        since = plain_date(fields["if-modified-since"], current)
        if since is not None and current.modified <= since:
            return 304
    return 200


def plainly_split(values):
    return [tag for value in values for tag in value.split(", ")]


def plain_date(values, current):
    """RFC 9110 13.1.3, 13.1.4: None, to be ignored, for what is no date, and for several.

    None, too, where the file has none.
    """
    seconds = {DATE: MODIFIED, BEFORE: MODIFIED - 1, AFTER: MODIFIED + 1}
    is_one = len(values) == 1 and current.modified is not None
    return seconds.get(values[0]) if is_one else None
