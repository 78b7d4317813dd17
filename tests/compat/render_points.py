"""Writes ``docs/reference/compatibility.md`` from ``points.toml``.

python -m tests.compat.render_points    at the root of the repository
"""

import tomllib
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "reference" / "compatibility.md"

INTRODUCTION = """\
# What programs rely on

<!-- Written by tests/compat/render_points.py: edit points.toml beside it. -->

Read from the sources of programs that build on `http.server`, most important first, each with the
tests that show it. Those in `tests/compat` run the same handlers and hooks under CPython's servers
and under ours, and want the same from both. Where the answers on the wire differ on purpose,
[the table of differences](differences.md) has the bytes; what CPython's own tests say stands in
[a table of its own](cpython-suites.md).

| | what holds | shown by |
| --- | --- | --- |
"""


def load_points():
    """Return the points: each a dict with a `promise` and the names of its `tests`."""
    with (TESTS / "compat" / "points.toml").open("rb") as file:
        return tomllib.load(file)["points"]


def render():
    """Return the page."""
    rows = []
    for number, point in enumerate(load_points(), 1):
        by_file = {}
        for test in point["tests"]:
            path, _, name = test.partition("::")
            by_file.setdefault(path, []).append(f"`{name}`")
        shown_by = "<br>".join(
            f"[{path}](../../tests/{path}): {', '.join(names)}" for path, names in by_file.items()
        )
        rows.append(f"| {number} | {point['promise']} | {shown_by} |\n")
    return INTRODUCTION + "".join(rows)


if __name__ == "__main__":
    PAGE.write_text(render(), "utf-8")
