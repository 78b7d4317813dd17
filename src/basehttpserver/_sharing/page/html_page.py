"""The page for people. Without its script it still lists, sorts, uploads and makes folders."""

from __future__ import annotations

import functools
import html
from typing import TYPE_CHECKING, Final, NamedTuple

from basehttpserver._sharing.page import template
from basehttpserver._sharing.page.dates import format_date
from basehttpserver._sharing.page.names import kind_of, link_to, show_name
from basehttpserver._sharing.page.order import Order
from basehttpserver._sharing.page.readme import Readme, render_readme

if TYPE_CHECKING:
    from collections.abc import Sequence

    from basehttpserver._files.listing import Entry
    from basehttpserver._sharing.page.names import Kind
    from basehttpserver._sharing.page.order import Column

_TITLES: dict[Column, str] = {"name": "Name", "size": "Size", "modified": "Modified"}

#: As in page.js. Tiles stand in one to six columns: it is divisible by each.
_ROWS_OF_BLOCK = 240

#: Folders are asked for again and again, and few of their entries change meanwhile. A row takes
#: some 0.6 kB with its entry.
_KEPT_ROWS: Final = 4096

_UNITS = ("kB", "MB", "GB", "TB", "PB", "EB")


class Allowed(NamedTuple):
    """What the visitor may do here, but for reading: the page offers it, the server checks it."""

    upload: bool = False
    overwrite: bool = False
    mkdir: bool = False
    delete: bool = False
    zip: bool = False
    max_upload_bytes: int | None = None


READ_ONLY = Allowed()


#: As many folders as anybody makes one in the other by hand.
_MAX_BREADCRUMBS: Final = 30


class Page(NamedTuple):
    """A page, and the Content-Security-Policy that it needs and should have."""

    body: bytes
    policy: str


def encode_page(
    path: str, entries: Sequence[Entry], order: Order, allowed: Allowed, readme: Readme | None
) -> Page:
    """Return the page of the folder with the decoded `path`; `entries` are in `order`."""
    may_change = allowed.upload or allowed.mkdir or allowed.delete
    shell = template.CHANGING if may_change else template.READING
    delete = _DELETE if allowed.delete else ""
    kinds = [kind_of(entry) for entry in entries]
    values: dict[str, str | list[bytes]] = {
        "title": _escape(path),
        "breadcrumbs": _breadcrumbs(path),
        "columns": "".join(_column(column, order) for column in _TITLES)
        + (_DELETE_COLUMN if allowed.delete else ""),
        "rows": _blocks(entries, kinds, delete),
        "summary": _summary(entries),
        "classes": "deletes" if allowed.delete else "",
        "zip": _ZIP if allowed.zip else "",
        "pictures": _PICTURES if "image" in kinds else "",
        "upload": _upload(allowed) if allowed.upload else "",
        "new_folder": template.NEW_FOLDER.fill({}) if allowed.mkdir else "",
        "empty": "" if entries else _EMPTY,
        "readme": _readme(readme) if readme else "",
    }
    # Nothing that was escaped has surrogates left.
    return Page(shell.template.encode(values), shell.policy)


def format_size(size: int) -> str:
    """Return a size for people, for example ``1.2 MB``: of 1000 kB, as the units of SI are."""
    if size < 1000:
        return f"{size} B"
    value, power = size / 1000, 0
    # What would be rounded to 1000 is 1.0 of the next.
    while value >= 999.5 and power < len(_UNITS) - 1:
        value, power = value / 1000, power + 1
    unit = _UNITS[power]
    return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"


_ZIP = '<a class="button" href="?zip" title="All of this folder, as an archive">Download</a>\n'
_PICTURES = (
    '<button type="button" id="pictures" class="scripted" aria-pressed="false">Pictures</button>\n'
)
#: The script shows dates in the visitor's own.
_ZONE = ' <span class="unscripted">UTC</span>'
_NEVER_OVERWRITES = "Nothing is overwritten."
_OVERWRITES = "A file takes the place of one that has its name."
_EMPTY = '<p class="empty">This folder is empty.</p>\n'
_DELETE_COLUMN = '<th role="columnheader" scope="col" class="scripted">Delete</th>\n'
_DELETE = (
    "<td role=cell><button type=button class=scripted aria-label=Delete title=Delete></button>"
)


def _escape(text: str) -> str:
    """Return a name as HTML that shows it."""
    return html.escape(show_name(text))


def _breadcrumbs(path: str) -> str:
    """Return a link to each folder above, by relative references: right behind any proxy.

    Of very many, to the first and the last: each is longer than the one below it.
    """
    names = [name for name in path.split("/") if name]
    items = []
    for above, name in zip(range(len(names), -1, -1), ["", *names], strict=True):
        if _MAX_BREADCRUMBS <= above < len(names):
            if above == _MAX_BREADCRUMBS:
                items.append("<li>…</li>")
            continue
        shown = f"<bdi>{_escape(name)}</bdi>" if name else "Home"
        attributes = f'href="{"../" * above}"' if above else 'href="./" aria-current="page"'
        items.append(f"<li><a {attributes}>{shown}</a></li>")
    return "\n".join(items)


def _column(column: Column, order: Order) -> str:
    """Return the head of a column, a link that sorts by it, or the other way round."""
    is_sorted = column == order.column
    is_next_descending = is_sorted and not order.is_descending
    direction = "descending" if order.is_descending else "ascending"
    aria_sort = f' aria-sort="{direction}"' if is_sorted else ""
    zone = _ZONE if column == "modified" else ""
    query = f"?sort={column}&amp;order={'desc' if is_next_descending else 'asc'}"
    return (
        f'<th role="columnheader" scope="col"{aria_sort}>'
        f'<a href="{query}" data-column="{column}">{_TITLES[column]}</a>{zone}</th>\n'
    )


def _blocks(entries: Sequence[Entry], kinds: Sequence[Kind], delete: str) -> list[bytes]:
    """Return the rows as UTF-8, in blocks that a browser lays out when they come into sight.

    Each by itself: Python has room for small things, and uses it again. Of larger ones, `malloc`
    keeps the room in each thread that has made a page, as much as that has.
    """
    pieces = []
    for begin in range(0, len(entries) or 1, _ROWS_OF_BLOCK):
        of_block = slice(begin, begin + _ROWS_OF_BLOCK)
        pieces.append(b"<tbody role=rowgroup>\n")
        pieces += [
            _row(entry, kind, delete)
            for entry, kind in zip(entries[of_block], kinds[of_block], strict=True)
        ]
        pieces.append(b"</tbody>\n")
    return pieces


@functools.lru_cache(_KEPT_ROWS)
def _row(entry: Entry, kind: Kind, delete: str) -> bytes:
    """Return one row as UTF-8; page.css lays it out as a grid, so that its roles must be said.

    Twenty thousand of them are sent: what HTML lets one leave out is left out.
    """
    name, is_directory, is_link, size, modified = entry
    classes = f'"{kind} link"' if is_link else kind
    if is_directory or size is None:
        size_cell = "<td role=cell>"
    else:
        size_cell = f'<td role=cell title="{size} bytes">{format_size(size)}'
    date = format_date(modified)
    shown_date = f"<time datetime={date}>{date[:10]} {date[11:16]}</time>" if date else ""
    return (
        f'<tr role=row class={classes}><th role=rowheader scope=row><a href="{link_to(entry)}">'
        f"<bdi>{_escape(name)}</bdi></a>{size_cell}<td role=cell>{shown_date}{delete}\n"
    ).encode()


def _summary(entries: Sequence[Entry]) -> str:
    folders = sum([entry.is_directory for entry in entries])
    files = len(entries) - folders
    size = sum([entry.size or 0 for entry in entries])
    parts = []
    if folders:
        parts.append(f"{folders:,} folder{'s' * (folders != 1)}")
    if files:
        parts.append(f"{files:,} file{'s' * (files != 1)}, {format_size(size)}")
    return ", ".join(parts)


def _upload(allowed: Allowed) -> str:
    limit = allowed.max_upload_bytes
    return template.UPLOAD.fill(
        {
            "max_bytes": "" if limit is None else str(limit),
            "taken_names": _OVERWRITES if allowed.overwrite else _NEVER_OVERWRITES,
            "limit": "" if limit is None else f" Up to {format_size(limit)} each.",
        }
    )


def _readme(readme: Readme) -> str:
    return (
        f'<section class="readme" aria-label="{_escape(readme.name)}">\n'
        f'<p class="readme-name"><bdi>{_escape(readme.name)}</bdi></p>\n'
        f"{render_readme(readme)}</section>\n"
    )
