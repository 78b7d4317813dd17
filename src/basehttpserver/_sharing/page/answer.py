"""The answer to a request for a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from basehttpserver._sharing.page.accept import choose_form
from basehttpserver._sharing.page.for_scripts import encode_json, encode_text
from basehttpserver._sharing.page.html_page import READ_ONLY, Allowed, encode_page
from basehttpserver._sharing.page.order import parse_order, sort_entries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from basehttpserver._files.listing import Entry
    from basehttpserver._sharing.page.readme import Readme

_FIELDS_OF_ALL = (("Vary", "Accept"), ("X-Content-Type-Options", "nosniff"))

_FIELDS = {
    "html": (
        ("Content-Type", "text/html; charset=utf-8"),
        # Not `no-referrer`: forms would be sent with `Origin: null` (Fetch, "append a request
        # Origin header"), and a server could not tell them from those of other sites.
        ("Referrer-Policy", "same-origin"),
    ),
    "json": (("Content-Type", "application/json"),),
    "text": (("Content-Type", "text/plain; charset=utf-8"),),
}


class Answer(NamedTuple):
    """A body, and the fields that belong to it, but for its length."""

    body: bytes
    fields: tuple[tuple[str, str], ...]


def answer_with_listing(
    path: str,
    entries: Iterable[Entry],
    *,
    accept: str | None = None,
    query: str = "",
    allowed: Allowed = READ_ONLY,
    read_readme: Callable[[], Readme | None] = lambda: None,
) -> Answer:
    """Return the listing of a folder as the client would like it best, in the order it asks for.

    `path` is the folder's, decoded; `entries` have sizes and dates; `accept` is the value of the
    field, several of which are joined by commas; `query` is that of the request target, without
    the question mark. `read_readme` is called for the page alone.
    """
    order = parse_order(query)
    in_order = sort_entries(entries, order)
    form = choose_form(accept)
    if form == "json":
        body = encode_json(path, in_order)
    elif form == "text":
        body = encode_text(in_order)
    else:
        page = encode_page(path, in_order, order, allowed, read_readme())
        policy = ("Content-Security-Policy", page.policy)
        return Answer(page.body, (*_FIELDS[form], policy, *_FIELDS_OF_ALL))
    return Answer(body, _FIELDS[form] + _FIELDS_OF_ALL)
