"""The targets of fuzz/ hold for their seeds, and for a few thousand changes of them."""

import importlib
import random
import re
from pathlib import Path
from types import ModuleType

import pytest

from basehttpserver._http1 import chunked, connection, framing, grammar, head
from fuzz.campaign import TARGETS, dictionary_of
from fuzz.mutation import mutate

CORPUS = Path(__file__).parents[2] / "fuzz" / "corpus"

#: How many changes of seeds are tried: a second or two for each target.
CHANGES = {"head": 1000, "chunked": 700, "stream": 300}


def target(name: str) -> ModuleType:
    return importlib.import_module(f"fuzz.{name}")


def seeds(name: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]


@pytest.mark.parametrize(
    "path",
    sorted(path for name in TARGETS for path in (CORPUS / name).iterdir()),
    ids=lambda path: str(path.relative_to(CORPUS)),
)
def test_seed(path):
    target(path.parent.name).check(path.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_changes_of_seeds(name):
    pool = seeds(name)
    chance = random.Random(name)
    check = target(name).check
    for _ in range(CHANGES[name]):
        data = mutate(chance.choice(pool), pool, chance)
        try:
            check(data)
        except Exception as error:
            error.add_note(f"found with {data!r}")
            raise


@pytest.mark.parametrize("name", TARGETS)
def test_first_line_states_the_invariant(name):
    assert target(name).__doc__.startswith("Invariant: ")


def test_words_are_written_as_libfuzzer_reads_them():
    assert dictionary_of((b"a\r", b'"')) == '"\\x61\\x0d"\n"\\x22"\n'


# The net has no holes: what is planted is found by the seeds alone.


def found_by_seeds(name: str) -> bool:
    check = target(name).check
    try:
        for data in seeds(name):
            check(data)
    except (AssertionError, ValueError):
        return True
    return False


def lax_names(monkeypatch):
    loose = grammar.WHOLE_HEAD.pattern.replace(rb"):[", rb")[ ]*+:[")
    assert loose != grammar.WHOLE_HEAD.pattern
    monkeypatch.setattr(grammar, "WHOLE_HEAD", re.compile(loose))


def lax_codings(monkeypatch):
    strict = framing.list_items
    monkeypatch.setattr(
        framing, "list_items", lambda values: [item.strip(b"\x85\xa0") for item in strict(values)]
    )


def no_limits(monkeypatch):
    monkeypatch.setattr(head.HeadReader, "_check_lengths", lambda self, end: None)


def many_empty_lines(monkeypatch):
    skips = property(lambda self: False, lambda self, value: None)
    monkeypatch.setattr(head.HeadReader, "_skipped_line", skips, raising=False)


def chunks_without_end(monkeypatch):
    strict = chunked.ChunkedDecoder._try_data_end

    def lax(self, buffer):
        if buffer[:1] == b"\n":
            buffer[:1] = b"\r\n"
        return strict(self, buffer)

    monkeypatch.setattr(chunked.ChunkedDecoder, "_try_data_end", lax)


def sizes_of_sixteen_digits(monkeypatch):
    loose = grammar.CHUNK_HEADER.pattern.replace(b"{1,15}", b"{1,16}")
    monkeypatch.setattr(grammar, "CHUNK_HEADER", re.compile(loose))


def bytes_kept_behind_the_end(monkeypatch):
    def receive(self, data):
        self._buffer += data

    monkeypatch.setattr(connection.Http1Connection, "receive", receive)


PLANTED = [
    (lax_names, "head"),
    (lax_codings, "head"),
    (no_limits, "head"),
    (many_empty_lines, "head"),
    (chunks_without_end, "chunked"),
    (sizes_of_sixteen_digits, "chunked"),
    (many_empty_lines, "stream"),
    (bytes_kept_behind_the_end, "stream"),
]


@pytest.mark.parametrize(
    ("plant", "name"), PLANTED, ids=lambda value: getattr(value, "__name__", value)
)
def test_planted_fault_is_found(plant, name, monkeypatch):
    assert not found_by_seeds(name)
    plant(monkeypatch)
    assert found_by_seeds(name)
