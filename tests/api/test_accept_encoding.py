"""Accept-Encoding: which codings a client would have, and in which order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basehttpserver._files import accept_encoding
from basehttpserver._files.accept_encoding import CODINGS, rank_codings
from tests.http1 import profile

ALL = "br zstd gzip"

#: A field's value, and what it asks for.
RANKED = {
    "gzip": "gzip",
    "gzip, deflate, br, zstd": ALL,  # browsers, 2024
    "gzip,deflate": "gzip",
    "GZip, BR": "br gzip",
    "*": ALL,
    "*;q=0": "",
    "*;q=0, gzip": "gzip",
    "*;q=0.5, gzip;q=0": "br zstd",
    "*;q=0.5, gzip": "gzip br zstd",
    "gzip, *;q=0": "gzip",
    "": "",
    " \t": "",
    ",": "",
    ", ,gzip,\t,": "gzip",
    "identity": "",
    "identity;q=0": "",
    "identity;q=0, *;q=0": "",
    "identity;q=0, gzip;q=0.001": "gzip",
    "deflate, compress, exi, unknown": "",
    # RFC 9110 12.5.3 has these.
    "compress, gzip": "gzip",
    "compress;q=0.5, gzip;q=1.0": "gzip",
    "gzip;q=1.0, identity; q=0.5, *;q=0": "gzip",
    # The highest weight first, then the smaller result.
    "gzip;q=0.9, br;q=0.5, zstd;q=0.7": "gzip zstd br",
    "gzip;q=0.5, zstd;q=0.5": "zstd gzip",
    "gzip;q=0.501, br;q=0.5": "gzip br",
    # `identity` comes after what it weighs as much as, and before what weighs less.
    "gzip, identity": "gzip",
    "gzip;q=0.5, identity;q=0.5": "gzip",
    "gzip;q=0.5, identity": "",
    "gzip;q=0.5, br, identity;q=0.7": "br",
    "gzip;q=0.5, *;q=0.7": "br zstd",
    # RFC 9110 8.4.1.3
    "x-gzip": "gzip",
    "x-gzip;q=0, *": "br zstd",
    "x-br": "",
    # All that a weight may be.
    "gzip;q=0": "",
    "gzip;q=0.": "",
    "gzip;q=0.0": "",
    "gzip;q=0.000": "",
    "gzip;q=0.001": "gzip",
    "gzip;q=1": "gzip",
    "gzip;q=1.": "gzip",
    "gzip;q=1.000": "gzip",
    "gzip;Q=0.5": "gzip",
    "gzip \t;\t q=1": "gzip",
    "  gzip  ": "gzip",
    # And what it may not: then nothing was said about that coding.
    "gzip;q=0.0000": "",
    "gzip;q=0.1234": "",
    "gzip;q=1.001": "",
    "gzip;q=1.0000": "",
    "gzip;q=2": "",
    "gzip;q=01": "",
    "gzip;q=.5": "",
    "gzip;q=-1": "",
    "gzip;q=+1": "",
    "gzip;q=1e0": "",
    "gzip;q=nan": "",
    "gzip;q=inf": "",
    "gzip;q=0_1": "",
    "gzip;q=\N{ARABIC-INDIC DIGIT ONE}": "",
    "gzip;q=": "",
    "gzip;q": "",
    "gzip;": "",
    "gzip;q =1": "",
    "gzip;q= 1": "",
    'gzip;q="1"': "",
    "gzip;q=1;q=1": "",
    "gzip;level=9": "",
    "gzip;level=9;q=1": "",
    ";q=1": "",
    "gzip br": "",
    "gzip\xa0": "",
    "gzip\x0b": "",
    "(gzip)": "",
    "gz\u0131p": "",
    "gzip;q=2, br": "br",
    "br;q=x, *;q=0.5": ALL,
    # Who refuses a coding once does not get it.
    "gzip, gzip;q=0": "",
    "gzip;q=0, gzip": "",
    "gzip, x-gzip;q=0": "",
    "gzip;q=0.2, br;q=0.5, gzip;q=0.9": "br gzip",
}


@pytest.mark.parametrize("value", RANKED, ids=ascii)
def test_ranked(value):
    assert rank_codings([value]) == tuple(RANKED[value].split())


@pytest.mark.parametrize(
    ("field_lines", "ranked"),
    [
        ([], ()),
        (["gzip", "br"], ("br", "gzip")),
        (["gzip;q=0", "*"], ("br", "zstd")),
        (["", "gzip"], ("gzip",)),
        # Each field is a list: no element goes on in the next.
        (["gzip;q=0", "5"], ()),
    ],
)
def test_fields(field_lines, ranked):
    assert rank_codings(field_lines) == ranked


def rank_by_the_rules(elements):
    """The codings by the rules of RFC 9110 12.5.3, one at a time, with weights in thousandths."""

    def weight(coding):
        for names in ({coding, "x-" + coding} if coding == "gzip" else {coding}, {"*"}):
            named = [weight for name, weight in elements if name in names]
            if named:
                return min(named)
        return None

    identity = weight("identity") or 0
    chosen = [coding for coding in CODINGS if weight(coding) and weight(coding) >= identity]
    ranked = []
    while chosen:
        best = max(weight(coding) for coding in chosen)
        ranked += [coding for coding in chosen if weight(coding) == best]
        chosen = [coding for coding in chosen if weight(coding) != best]
    return tuple(ranked)


NAMES = st.sampled_from(["br", "zstd", "gzip", "x-gzip", "identity", "*", "deflate"])


@profile.slow
@given(
    st.lists(st.tuples(NAMES, st.integers(0, 1000) | st.sampled_from([0, 500, 1000]))), st.data()
)
def test_as_the_rules_say(elements, data):
    written = []
    for name, weight in elements:
        name = data.draw(st.sampled_from([name, name.upper()]))
        white = data.draw(st.sampled_from(["", " ", "\t "]))
        digits = f"{weight // 1000}.{weight % 1000:03}"
        value = data.draw(st.sampled_from([digits, digits.rstrip("0")]))
        plain = weight == 1000 and data.draw(st.booleans())
        written.append(white + name + ("" if plain else f"{white};{white}q={value}") + white)
    assert rank_codings([",".join(written)]) == (
        rank_by_the_rules(elements) if len(",".join(written)) <= 1024 else ()
    )


@profile.slow
@given(st.lists(st.text()))
def test_anything_is_a_list_of_codings(field_lines):
    ranked = rank_codings(field_lines)
    assert set(ranked) <= set(CODINGS)
    assert len(set(ranked)) == len(ranked)


@profile.slow
@given(st.text(), st.lists(NAMES))
def test_what_is_malformed_changes_nothing(text, names):
    malformed = ";" + text.replace(",", "")
    assert rank_codings([",".join([*names, malformed])]) == rank_codings([",".join(names)])


class CountingPattern:
    """Counts how often a pattern is asked, and how much it is shown."""

    def __init__(self, pattern):
        self.pattern = pattern
        self.calls = 0
        self.characters = 0

    def fullmatch(self, text):
        self.calls += 1
        self.characters += len(text)
        return self.pattern.fullmatch(text)


HOSTILE = [",", " ", "gzip,", "a", "gzip ;", "gzip;q=0.", "0", "gzip\t ", "gzip;q=1;", "*,", "\xff"]


@pytest.mark.parametrize("filling", HOSTILE, ids=ascii)
@pytest.mark.parametrize("length", [64, 1024, 1025, 65536])
def test_hostile_values_are_looked_at_once(filling, length, monkeypatch):
    pattern = CountingPattern(accept_encoding._ELEMENT)
    monkeypatch.setattr(accept_encoding, "_ELEMENT", pattern)
    value = (filling * length)[:length]
    accept_encoding._rank_remembered.cache_clear()
    rank_codings([value])
    # Beyond what is read, not at all: so that 64 KiB cost no more than 1 KiB.
    read = length if length <= 1024 else 0
    assert pattern.characters <= read
    assert pattern.calls <= read + 1


def test_only_short_values_are_remembered():
    accept_encoding._rank_remembered.cache_clear()
    for length in (128, 129, 1024, 65536):
        rank_codings(["a" * length])
    assert accept_encoding._rank_remembered.cache_info().currsize == 1
