"""The order of a listing: folders first, then by name, size or date."""

from __future__ import annotations

import re
import unicodedata
import urllib.parse
from typing import TYPE_CHECKING, Literal, NamedTuple, cast, get_args

if TYPE_CHECKING:
    from collections.abc import Iterable

    from basehttpserver._files.listing import Entry

Column = Literal["name", "size", "modified"]

_DIGITS = re.compile("[0-9]+")

#: Numbers of up to so many digits are compared as numbers: those of any counter or date.
_COUNTED_DIGITS = 20


class Order(NamedTuple):
    """By what, and whether the last comes first. Folders are first either way."""

    column: Column = "name"
    is_descending: bool = False


def parse_order(query: str) -> Order:
    """Return what ``sort=size&order=desc`` asks for; by name where it asks for nothing known."""
    # RFC 3986 3.4: a query is no form; one with thousands of fields is none of ours either.
    try:
        fields = dict(urllib.parse.parse_qsl(query, max_num_fields=20))
    except ValueError:
        return Order()
    column = fields.get("sort")
    if column not in get_args(Column):
        return Order()
    return Order(cast("Column", column), fields.get("order") == "desc")


def sort_entries(entries: Iterable[Entry], order: Order) -> list[Entry]:
    """Return the entries in that order; of equals, in the order of their names."""
    by_name = sorted(entries, key=_name_key, reverse=order == ("name", True))
    if order.column == "size":
        by_name.sort(key=_size_key, reverse=order.is_descending)
    elif order.column == "modified":
        by_name.sort(key=_date_key, reverse=order.is_descending)
    by_name.sort(key=_is_no_directory)
    return by_name


def _name_key(entry: Entry) -> str:
    """Make a key in which img2 is before img10, and É beside E.

    page.js makes the same one: a list that is sorted in the browser does not differ.
    """
    name = entry.name
    plain = name if name.isascii() else unicodedata.normalize("NFKD", name)
    return _DIGITS.sub(_pad, plain.lower())


def _pad(number: re.Match[str]) -> str:
    return number[0].rjust(_COUNTED_DIGITS, "0")


def _size_key(entry: Entry) -> int:
    return -1 if entry.size is None else entry.size


def _date_key(entry: Entry) -> float:
    return float("-inf") if entry.modified is None else entry.modified


def _is_no_directory(entry: Entry) -> bool:
    return not entry.is_directory
