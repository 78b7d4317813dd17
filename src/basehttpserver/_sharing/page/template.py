"""The files of the page as they are in assets/, read when this module is imported.

A file has places for what differs from answer to answer, as ``{{title}}``.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.resources
import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_STYLE_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
#: A space before a colon is left: there it means "any element inside".
_STYLE_SPACE = re.compile(r"\s*([{};,])\s*|(?<=:)\s+")
_PLACE = re.compile(r"\{\{(\w+)\}\}")


class Template:
    """A piece of HTML with places."""

    def __init__(self, text: str) -> None:
        """Take a text in which ``{{name}}`` is a place."""
        # Texts and names in turn.
        self._pieces = _PLACE.split(text)

    def fill(self, values: Mapping[str, str]) -> str:
        """Return the text with a value in each place; what is not HTML in them is escaped before.

        Raises KeyError for a place without a value.
        """
        return "".join(self._filled(values))

    def encode(self, values: Mapping[str, str | list[bytes]]) -> bytes:
        """Return the same as UTF-8; a value may be pieces of that already."""
        encoded: list[bytes] = []
        for piece in self._filled(values):
            encoded += [piece.encode()] if isinstance(piece, str) else piece
        return b"".join(encoded)

    def _filled(self, values: Mapping[str, Any]) -> list[Any]:
        pieces: list[Any] = self._pieces[:]
        pieces[1::2] = [values[name] for name in pieces[1::2]]
        return pieces


def _read(name: str) -> str:
    return (importlib.resources.files(__package__) / "assets" / name).read_text("utf-8")


def _trim_style(text: str) -> str:
    """Return a style sheet without what only its readers need: comments and white space.

    No string in it has anything like a comment, or white space around a sign.
    """
    return _STYLE_SPACE.sub(lambda found: found[1] or "", _STYLE_COMMENT.sub("", text)).strip()


def _trim_script(text: str) -> str:
    """Return a script without indents and without comments that have lines of their own.

    It has no string of more than one line.
    """
    lines = (line.strip() for line in text.splitlines())
    return "".join(f"{line}\n" for line in lines if line and not line.startswith("// "))


def _source(text: str) -> str:
    """Return what a policy says to allow this style or script alone (CSP level 3, 2.3.1)."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


class _Shell(NamedTuple):
    """The page around a list, and the policy that allows what stands in it."""

    template: Template
    policy: str


def _shell(style: str, script: str) -> _Shell:
    page = _read("page.html").replace("{{style}}", style).replace("{{script}}", script)
    return _Shell(Template(page), _policy(style, script))


def _policy(style: str, script: str) -> str:
    """Allow nothing from elsewhere, no other script, no frame around: whatever a name says."""
    return "; ".join(
        [
            "default-src 'none'",
            f"style-src {_source(style)}",
            f"script-src {_source(script)}",
            "img-src 'self'",
            "media-src 'self'",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ]
    )


_STYLE = _trim_style(_read("page.css"))
_SCRIPT = _trim_script(_read("page.js"))

#: For who may only read, and for who may change something.
READING = _shell(_STYLE, _SCRIPT)
CHANGING = _shell(
    _STYLE, _SCRIPT + _trim_script(_read("changes.js")) + _trim_script(_read("uploads.js"))
)

UPLOAD = Template(_read("upload.html"))
NEW_FOLDER = Template(_read("new-folder.html"))
