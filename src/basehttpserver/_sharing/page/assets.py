"""The files of the page as they are in assets/, read when this module is imported.

A file has places for what differs from answer to answer, as ``{{title}}``.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.resources
import re

_STYLE_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_PLACE = re.compile(r"\{\{(\w+)\}\}")


class Template:
    """A piece of HTML with places."""

    def __init__(self, text: str) -> None:
        """Take a text in which ``{{name}}`` is a place."""
        # Texts and names in turn.
        self._pieces = _PLACE.split(text)

    def fill(self, values: dict[str, str]) -> str:
        """Return the text with a value in each place; what is not HTML in them is escaped before.

        Raises KeyError for a place without a value.
        """
        pieces = self._pieces[:]
        pieces[1::2] = [values[name] for name in pieces[1::2]]
        return "".join(pieces)


def _read(name: str) -> str:
    return (importlib.resources.files(__package__) / "assets" / name).read_text("utf-8")


def _trim(text: str) -> str:
    """Return a style or script without what only its readers need: indents and comments.

    Comments of the style stand anywhere, those of the script that go have lines of their own.
    Neither has anything like a comment in a string, nor a string of more than one line.
    """
    lines = (line.strip() for line in _STYLE_COMMENT.sub("", text).splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("// ")) + "\n"


def _source(text: str) -> str:
    """Return what a policy says to allow this style or script alone (CSP level 3, 2.3.1)."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


STYLE = _trim(_read("page.css"))
SCRIPT = _trim(_read("page.js"))
PAGE = Template(_read("page.html").replace("{{style}}", STYLE).replace("{{script}}", SCRIPT))
UPLOAD = Template(_read("upload.html"))
NEW_FOLDER = Template(_read("new-folder.html"))

#: Nothing from elsewhere, no other script, and no frame around: whatever a name or a README says.
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        f"style-src {_source(STYLE)}",
        f"script-src {_source(SCRIPT)}",
        "img-src 'self'",
        "media-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
