"""The README of a folder: which file it is, and its text as HTML.

Markdown is rendered by markdown-it-py, the extra ``readme``, where that is installed; what is not
Markdown, what would cost too much, and all of it elsewhere, is shown as it is. HTML in it is text,
and links lead to http, https, mailto or relative references only; the page's
Content-Security-Policy stands behind that.
"""

from __future__ import annotations

import functools
import html
import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from basehttpserver._files.listing import Entry

#: Whoever may upload may write one that takes as long to render as can be; that grows with this.
MAX_README_BYTES = 64 * 1024

#: A definition of a link or a picture counts again wherever it is used, with its address and title:
#: 64 KiB of text can ask for a page of 900 MB. (CommonMark's own renderer has a bound like this.)
_MAX_REFERENCE_CHARACTERS = 2 * MAX_README_BYTES

#: Each line is looked at once for each list or quote that it may belong to: 20 quotes around 30,000
#: lines of one letter take 2 s. Nobody's README of this size has such short lines throughout.
_MAX_LINES = 4096

#: What is within a paragraph takes time that is quadratic in its brackets, stars and backticks: so
#: the sum of the squares is bounded. A search at random found 10 s without that, and 1.4 s with it.
#: Sixty-four KiB in paragraphs of a thousand characters, which are long ones, are below it.
_MAX_SUM_OF_SQUARES = 8192**2

#: So many are kept as they were rendered: a page that is asked for again takes no time for it.
_KEPT = 8

_NAMES = ("readme.md", "readme.markdown", "readme.txt", "readme.rst", "readme")
_MARKDOWN = (".md", ".markdown")

#: What stands before a colon in the first segment (RFC 3986 4.2): browsers may drop parts of it.
_SCHEME = re.compile("([^/?#:]*):")
_SCHEMES = ("http", "https", "mailto")
_ALIGNMENT = re.compile("text-align:(left|center|right)")


class _TooCostlyError(Exception):
    """Somebody has written Markdown that would take long, or become much."""


class Readme(NamedTuple):
    """A file's name and its text."""

    name: str
    text: str


def find_readme(entries: Iterable[Entry]) -> str | None:
    """Return the name of the file to show, as it is written there; None without one.

    One that is larger than `MAX_README_BYTES` is none.
    """
    found = {
        entry.name.lower(): entry.name
        for entry in entries
        if entry.size is not None and entry.size <= MAX_README_BYTES
    }
    return next((found[name] for name in _NAMES if name in found), None)


def render_readme(readme: Readme) -> str:
    """Return a README as HTML."""
    if readme.name.lower().endswith(_MARKDOWN):
        render = _markdown_renderer()
        if render is not None:
            rendered = render(readme.text)
            if rendered is not None:
                return f'<div class="markdown">\n{rendered}</div>\n'
    return f"<pre>{html.escape(_without_surrogates(readme.text))}</pre>\n"


@functools.cache
def _markdown_renderer() -> Callable[[str], str | None] | None:
    """Return what renders Markdown, and None where that would cost too much; None: no library."""
    try:
        from markdown_it import MarkdownIt
    except ImportError:
        return None
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    # So its documentation says to do.
    parser.validateLink = _is_harmless  # type: ignore[method-assign]
    parser.add_render_rule("image", _render_image)
    parser.core.ruler.before("inline", "paragraphs", _bound_paragraphs)
    parser.core.ruler.push("references", _bound_references)
    parser.core.ruler.push("page", _fit_into_page)

    @functools.lru_cache(maxsize=_KEPT)
    def render(text: str) -> str | None:
        if text.count("\n") + text.count("\r") > _MAX_LINES:
            return None
        try:
            rendered: str = parser.render(_without_surrogates(text))
        except _TooCostlyError:
            return None
        return rendered

    return render


def _is_harmless(url: str) -> bool:
    scheme = _SCHEME.match(url)
    return scheme is None or scheme[1].lower() in _SCHEMES


def _is_elsewhere(url: str) -> bool:
    return _SCHEME.match(url) is not None or url.startswith("//")


def _render_image(self: Any, tokens: Sequence[Any], index: int, options: Any, env: Any) -> str:
    """Render an image of this server; one from elsewhere, which the page may not load, as words."""
    token = tokens[index]
    alternative = html.escape(self.renderInlineAsText(token.children, options, env))
    source = str(token.attrGet("src"))
    if _is_elsewhere(source):
        return alternative
    return f'<img src="{html.escape(source)}" alt="{alternative}" loading="lazy">'


def _bound_paragraphs(state: Any) -> None:
    """Raise a `_TooCostlyError` before what is within paragraphs is looked at."""
    lengths = (len(token.content) for token in state.tokens if token.type == "inline")
    if sum(length**2 for length in lengths) > _MAX_SUM_OF_SQUARES:
        raise _TooCostlyError


def _bound_references(state: Any) -> None:
    """Raise a `_TooCostlyError` before what is too long is put together."""
    length = 0
    to_do = list(state.tokens)
    while to_do:
        token = to_do.pop()
        length += sum(len(str(value)) for value in token.attrs.values())
        if length > _MAX_REFERENCE_CHARACTERS:
            raise _TooCostlyError
        to_do += token.children or ()


def _fit_into_page(state: Any) -> None:
    """Put headings below the page's own, and leave out styles, which its policy forbids."""
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1:]) + 1, 6)}"
        alignment = _ALIGNMENT.fullmatch(str(token.attrs.pop("style", "")))
        if alignment:
            token.attrSet("class", alignment[1])


def _without_surrogates(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
