"""The table of what programs rely on: every point has tests, and they exist."""

import ast

import pytest

from tests.compat.render_points import PAGE, TESTS, load_points, render

POINTS = load_points()


def names_in(path):
    """The classes and functions of a test file that pytest would run."""
    tree = ast.parse((TESTS / path).read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)}


def test_there_are_as_many_as_ever():
    assert len(POINTS) == 23


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point["promise"][:40])
def test_point_has_tests(point):
    assert point["tests"]
    for test in point["tests"]:
        path, _, name = test.partition("::")
        assert name in names_in(path), test


def test_page_is_up_to_date():
    assert PAGE.read_text("utf-8") == render(), "run python -m tests.compat.render_points"
