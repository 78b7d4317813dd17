"""A listing as JSON and as plain text. Both are UTF-8.

JSON, one object::

    {"path": "/music/",
     "entries": [{"name": "live", "type": "directory", "size": null,
                  "modified": "2024-02-29T12:00:00Z", "href": "./live/"},
                 {"name": "a:b.mp3", "type": "file", "size": 5120,
                  "modified": "2024-02-29T12:00:01Z", "href": "./a%3Ab.mp3"}]}

`type` is ``"directory"``, ``"file"`` or ``"other"`` (which cannot be fetched); `size` is in bytes,
null but for files; `modified` is RFC 3339 in UTC, or null; `href` is relative to the folder's URL.
Bytes of a name that are no text are U+FFFD in `name`, since JSON has no way to write them that
every parser takes (RFC 8259 8.2); `href` leads there all the same.

Text has one name on a line, folders with a slash. What would break a line is shown as a picture.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from basehttpserver._sharing.page.dates import format_date
from basehttpserver._sharing.page.names import link_to, replace_controls, replace_undecodable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from basehttpserver._files.listing import Entry


def encode_json(path: str, entries: Iterable[Entry]) -> bytes:
    """Return the listing of the decoded `path` as JSON."""
    listing = {
        "path": replace_undecodable(path),
        "entries": [
            {
                "name": replace_undecodable(entry.name),
                "type": _type_of(entry),
                "size": entry.size,
                "modified": format_date(entry.modified),
                "href": link_to(entry),
            }
            for entry in entries
        ],
    }
    return json.dumps(listing, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def encode_text(entries: Iterable[Entry]) -> bytes:
    """Return the names alone."""
    lines = [
        replace_undecodable(replace_controls(entry.name)) + ("/\n" if entry.is_directory else "\n")
        for entry in entries
    ]
    return "".join(lines).encode()


def _type_of(entry: Entry) -> str:
    if entry.is_directory:
        return "directory"
    return "other" if entry.size is None else "file"
