"""Options from environment variables."""

import argparse

import pytest

from basehttpserver._command_line.environment import variable_of, words_from_environment
from basehttpserver._command_line.options import make_parser
from tests.command_line.running import ask, fail, run


def words(**variables):
    named = {f"BASEHTTPSERVER_{name}": value for name, value in variables.items()}
    return words_from_environment(make_parser(), named)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, []),
        ({"PORT": "9000"}, ["--port=9000"]),
        ({"DIRECTORY": "two words"}, ["--directory=two words"]),
        ({"BIND": "-odd"}, ["--bind=-odd"]),
        ({"QUIET": "1"}, ["--quiet"]),
        ({"QUIET": " Yes "}, ["--quiet"]),
        ({"QUIET": "0"}, []),
        ({"QUIET": ""}, []),
        ({"COMPRESS": "1"}, ["--compress"]),
        ({"COMPRESS": "0"}, ["--no-compress"]),
        ({"HEADER": "X-A 1"}, ["--header", "X-A", "1"]),
        (
            {"HEADER": "X-A 1 X-B 'two words'"},
            ["--header", "X-A", "1", "--header", "X-B", "two words"],
        ),
        ({"HEADER": ""}, []),
        ({"RUN": "what another part of the package reads", "HELP": "1"}, []),
    ],
)
def test_words(variables, expected):
    assert words(**variables) == expected


def make_parser_of(**keywords):
    parser = argparse.ArgumentParser()
    parser.add_argument("--few", **keywords)
    return parser


@pytest.mark.parametrize(
    ("value", "expected"),
    [("*", ["--few=*"]), ("1", ["--few"]), ("0", []), ("", [])],
)
def test_value_that_may_be_left_out(value, expected):
    parser = make_parser_of(nargs="?")
    assert words_from_environment(parser, {"BASEHTTPSERVER_FEW": value}) == expected


def test_one_value_each_time():
    parser = make_parser_of(action="append")
    assert words_from_environment(parser, {"BASEHTTPSERVER_FEW": "a 'b c'"}) == [
        "--few=a",
        "--few=b c",
    ]


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("QUIET", "perhaps", "'perhaps' is neither 1 nor 0"),
        ("HEADER", "X-A", "1 words, and --header has 2 each time"),
        ("HEADER", "'", "No closing quotation"),
    ],
)
def test_bad_value(name, value, why):
    with pytest.raises(ValueError, match=f"environment variable BASEHTTPSERVER_{name}: {why}"):
        words(**{name: value})


def test_each_option_has_a_variable():
    for action in make_parser()._actions:
        if action.dest not in ("help", "port_word"):
            assert f"[{variable_of(action)}]" in action.help
            assert "; as in: " in action.help


def test_the_command_line_wins(tmp_path):
    (tmp_path / "file").write_bytes(b"content")
    variables = {
        "BASEHTTPSERVER_DIRECTORY": "/nowhere",
        "BASEHTTPSERVER_BIND": "127.0.0.1",
        "BASEHTTPSERVER_HEADER": "X-A 1",
    }
    options = ("0", "--directory", str(tmp_path), "--header", "X-B", "2")
    with run(*options, variables=variables) as running:
        answer = ask(("127.0.0.1", running.port), "/file")
    assert b"\r\nX-A: 1\r\nX-B: 2\r\n" in answer


def test_what_is_wrong_with_a_variable_is_said():
    said = fail(variables={"BASEHTTPSERVER_PORT": "x"})
    assert "environment variable: argument --port: a port is a number" in said
