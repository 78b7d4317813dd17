"""The order of a listing, and what asks for it."""

import pytest

from basehttpserver._sharing.page.order import Order, parse_order, sort_entries
from tests.sharing.page_parts import file, folder


def names(entries, order):
    return [entry.name for entry in sort_entries(entries, order)]


def test_names_in_the_order_that_people_expect():
    entries = [file(name) for name in ("img10", "IMG2", "img1", "zoo", "élan", "egg", "Apple")]
    expected = ["Apple", "egg", "élan", "img1", "IMG2", "img10", "zoo"]
    assert names(entries, Order()) == expected
    assert names(entries, Order("name", True)) == expected[::-1]


def test_folders_are_first_either_way():
    entries = [file("a", 1), folder("z"), folder("b")]
    assert names(entries, Order()) == ["b", "z", "a"]
    assert names(entries, Order("name", True)) == ["z", "b", "a"]
    assert names(entries, Order("size", True)) == ["b", "z", "a"]


def test_size_then_name():
    entries = [file("b", 5), file("c", 100), file("a", 5), file("gone", None)]
    assert names(entries, Order("size")) == ["gone", "a", "b", "c"]
    assert names(entries, Order("size", True)) == ["c", "a", "b", "gone"]


def test_date():
    entries = [file("b", 1, 2.0), file("a", 1, 3.0), file("x", 1, None)]
    assert names(entries, Order("modified")) == ["x", "b", "a"]
    assert names(entries, Order("modified", True)) == ["a", "b", "x"]


@pytest.mark.parametrize(
    ("query", "order"),
    [
        ("", Order()),
        ("sort=size", Order("size")),
        ("sort=size&order=desc", Order("size", True)),
        ("order=desc&sort=modified", Order("modified", True)),
        ("sort=name&order=up", Order("name")),
        ("sort=colour&order=desc", Order()),
        ("order=desc", Order()),
        ("sort=%00%ff&order", Order()),
        ("&".join(["sort=size"] * 1000), Order()),
    ],
)
def test_query(query, order):
    assert parse_order(query) == order


def test_number_of_any_length():
    assert names([file("9" * 250), file("1" * 250)], Order()) == ["1" * 250, "9" * 250]
