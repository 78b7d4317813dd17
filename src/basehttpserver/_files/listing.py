"""The page that shows what a directory holds, byte for byte CPython 3.15's."""

from __future__ import annotations

import html
import os
import stat
import sys
import urllib.parse
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_PAGE = """\
<!DOCTYPE HTML>
<html lang="en">
<head>
<meta charset="{charset}">
<style type="text/css">
:root {{
color-scheme: light dark;
}}
</style>
<title>{title}</title>
</head>
<body>
<h1>{title}</h1>
<hr>
<ul>
{items}</ul>
<hr>
</body>
</html>
"""


class Entry(NamedTuple):
    """One name in a directory. A link to a directory is both a directory and a link.

    `size` in bytes is a regular file's alone. It and `modified`, in seconds since the epoch, are
    those of what a link leads to, and None where nobody asked or can tell.
    """

    name: str
    is_directory: bool
    is_link: bool
    size: int | None = None
    modified: float | None = None


def read_entries(
    folder: str | int,
    shows_link: Callable[[str], bool] = lambda name: True,
    *,
    with_status: bool = False,
) -> list[Entry]:
    """Return what a folder holds, sorted without regard to case; links that `shows_link` is for.

    `folder` is its path or a descriptor. Sizes and dates cost a system call for each name, and are
    there only `with_status`. Raises OSError.
    """
    read_entry = _read_with_status if with_status else _read
    with os.scandir(folder) as found:
        entries = [
            read_entry(entry) for entry in found if not entry.is_symlink() or shows_link(entry.name)
        ]
    entries.sort(key=lambda entry: entry.name.lower())
    return entries


def encode_listing(path: str, entries: Iterable[Entry]) -> tuple[bytes, str]:
    """Return the page for `entries`, titled with the URL's decoded `path`, and its charset."""
    charset = sys.getfilesystemencoding()
    title = html.escape(f"Directory listing for {path}", quote=False)
    items = "".join(map(_item, entries))
    page = _PAGE.format(charset=charset, title=title, items=items)
    try:
        # The bytes of a name that is no text, as they are (PEP 383).
        return page.encode(charset, "surrogateescape"), charset
    except UnicodeEncodeError:
        # A surrogate that stands for no byte: a client may put one into the path, Windows into a
        # name. A file system encoding may also lack a character of the path.
        return page.encode(charset, "xmlcharrefreplace"), charset


def _read(entry: os.DirEntry[str]) -> Entry:
    return Entry(entry.name, _is_directory(entry), entry.is_symlink())


def _read_with_status(entry: os.DirEntry[str]) -> Entry:
    try:
        status = entry.stat()
    except OSError:  # gone meanwhile, or a link to nothing
        return _read(entry)
    size = status.st_size if stat.S_ISREG(status.st_mode) else None
    return Entry(entry.name, _is_directory(entry), entry.is_symlink(), size, status.st_mtime)


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself, or to where we may not look
        return False


def _item(entry: Entry) -> str:
    link = entry.name + "/" if entry.is_directory else entry.name
    shown = entry.name + "@" if entry.is_link else link
    return (
        f'<li><a href="{urllib.parse.quote(link, errors="surrogatepass")}">'
        f"{html.escape(shown, quote=False)}</a></li>\n"
    )
