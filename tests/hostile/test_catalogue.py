"""The catalogue is whole: each row is shown by tests that exist, each attack is in a row."""

import ast
import dataclasses
import functools
from pathlib import Path

import pytest

from basehttpserver import Settings
from tests.hostile.attacks import ATTACKS
from tests.hostile.catalogue import ROWS

TESTS = Path(__file__).parents[1]


@functools.cache
def names_in(path):
    """Return the tests in a file, those of classes with the name of the class before them."""
    found = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{each.name}" for each in node.body if hasattr(each, "name")}
    return found


@pytest.mark.parametrize("row", [pytest.param(row, id=row.test_id) for row in ROWS])
def test_shown_by_tests_that_exist(row):
    assert row.tests or row.attacks
    for name in row.tests:
        path, _, test = name.partition("::")
        assert test in names_in(TESTS / path), name


@pytest.mark.parametrize("row", [pytest.param(row, id=row.test_id) for row in ROWS])
def test_setting_exists(row):
    names = {field.name for field in dataclasses.fields(Settings)}
    assert not row.setting or row.setting in names


def test_names_are_unique():
    names = [row.name for row in ROWS]
    assert sorted(set(names)) == sorted(names)


def test_each_attack_is_in_a_row():
    in_rows = {name for row in ROWS for name in row.attacks}
    assert set(ATTACKS) - in_rows == set()


def test_each_pattern_finds_attacks():
    assert [row.name for row in ROWS if row.attack_names and not row.attacks] == []
