"""Renders docs/reference/settings.md from the comments and defaults of `Settings`.

python tests/docs/render_settings.py    writes the page
"""

import ast
import re
from dataclasses import MISSING, fields
from pathlib import Path

from basehttpserver import Settings
from basehttpserver import settings as settings_module

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "settings.md"

INTRODUCTION = """\
# Settings

<!-- Written by tests/docs/render_settings.py from src/basehttpserver/settings.py: edit that. -->

`Settings(...)` takes these as keywords and is immutable. Give it to a server, as the keyword
`settings` or as the class attribute of that name, or to `serve`. Names tell units. A value out of
range raises `ValueError` when the object is made. `Settings.like_http_server(...)` sets everything
that begins with `accept_`. How to use them: [set limits](../how-to/set-limits.md).
"""

#: One of ours: an indented comment of whole lines, an attribute's comment, or a field.
_LINE = re.compile(r"    (?:#(?P<mark>:?) (?P<text>.*)|(?P<name>\w+): .* = (?P<default>.+))")


def read_sections(source):
    """Return ``(heading, [(name, reason)])`` for each section of the class body."""
    tree = ast.parse(source)
    body = next(node for node in tree.body if getattr(node, "name", "") == "Settings")
    method = next(node for node in body.body if isinstance(node, ast.FunctionDef))
    sections, heading, reason = [], [], []
    for line in source.splitlines()[body.lineno : method.lineno - 1]:
        match = _LINE.fullmatch(line)
        if match is None:
            continue
        if match["name"]:
            if heading:
                sections.append((" ".join(heading), []))
                heading = []
            sections[-1][1].append((match["name"], " ".join(reason)))
            reason = []
        elif match["mark"]:
            reason.append(match["text"])
        else:
            heading.append(match["text"])
    return sections


def render():
    """Return the page."""
    source = Path(settings_module.__file__).read_text("utf-8")
    defaults = {field.name: field.default for field in fields(Settings)}
    assert MISSING not in defaults.values()
    parts = [INTRODUCTION]
    for heading, entries in read_sections(source):
        title, _, rest = heading.partition(". ")
        parts.append(f"\n## {title.rstrip('.')}\n")
        if rest:
            parts.append(f"\n{_markdown(rest)}\n")
        parts.append("\n| setting | default | what it does, and why |\n| --- | --- | --- |\n")
        parts += [
            f"| `{name}` | {_number(defaults.pop(name))} | {_markdown(reason)} |\n"
            for name, reason in entries
        ]
    if defaults:
        raise ValueError(f"no comment was found for {', '.join(defaults)}")
    return "".join(parts)


def _number(value):
    if isinstance(value, bool) or value is None:
        return f"`{value}`"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _markdown(text):
    return text.replace("``", "`").replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(render(), "utf-8")
