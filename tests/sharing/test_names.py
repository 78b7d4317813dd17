"""Names that clients give, and those of uploads."""

import pytest

from basehttpserver._sharing import names
from basehttpserver._sharing.refusal import RefusedError


@pytest.mark.parametrize(
    "name",
    ["a", ".hidden", "a b.txt", "é" * 127, "x" * 255, "10:30.txt", "con.txt", "-rf", "*", "\u202e"],
)
def test_a_plain_name(name):
    names.check_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "a/b",
        "../x",
        "/etc/passwd",
        "..\\x",
        "a\\b",
        "nul\0",
        "line\r\nend",
        "\x1b[2J",
        "\x7f",
        "\x85",
        "\u2028",
        "\udcff",
        "x" * 256,
        "é" * 128,
    ],
)
def test_a_name_that_is_none(name):
    with pytest.raises(RefusedError) as refused:
        names.check_name(name)
    assert refused.value.status == 400
    assert name not in refused.value.explanation or not name.strip(".")


@pytest.mark.parametrize(
    "name", ["con", "NUL.txt", "COM1 ", "a.", "a ", "page.py::$DATA", "c:x", "GIT~1"]
)
def test_what_windows_takes_for_something_else(name, monkeypatch):
    monkeypatch.setattr(names, "_ON_WINDOWS", True)
    with pytest.raises(RefusedError):
        names.check_name(name)


def test_tokens():
    tokens = {names.make_token() for _ in range(100)}
    assert len(tokens) == 100
    for token in tokens:
        assert names.try_token_of(names.PREFIX + token) == token
        assert names.is_upload(names.content_name(token))
        assert names.is_upload(names.record_name(token).upper())


@pytest.mark.parametrize("name", ["", ".upload-", ".upload-x", "x" * 22, ".upload-" + "/" * 22])
def test_what_is_no_token(name):
    assert names.try_token_of(name) is None
