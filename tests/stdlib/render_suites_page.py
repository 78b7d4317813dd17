"""Writes ``docs/reference/cpython-suites.md`` from the tables in ``expectations.py``.

    python -m tests.stdlib.render_suites_page

Run it at the root of the repository.
"""

from pathlib import Path

from tests.stdlib.expectations import EXCLUDED, EXPECTED_DIFFERENCES, SUITES, Expected

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "cpython-suites.md"

INTRODUCTION = """\
# CPython's own tests

<!-- Written by tests/stdlib/render_suites_page.py: edit expectations.py beside it. -->

CPython tests `http.server` itself, and the modules that are built on it. `make test` runs those
suites with this package in place of `http.server`, on the CPython that runs it (or another at
hand, where that has come without them), with `Settings.like_http_server()` (relaxed) and with the
settings that a server has by default (strict). All tests pass but the ones on this page; a test
fails when there is one more or one less.

"on our servers" means that `socketserver`'s stream servers are replaced by ours, too.
"""


def suites() -> str:
    """Which suites run."""
    rows = [
        f"| {name} | {', '.join(f'`{what}`' for what in (suite.module, *suite.classes))} |"
        for name, suite in SUITES.items()
    ]
    return "\n".join(
        [
            "| suite | CPython's module, and its classes where not all have to do with HTTP |",
            "| --- | --- |",
            *rows,
        ]
    )


def row(test: str, expected: Expected) -> str:
    """One test that fails, and why."""
    where = [expected.suite] if expected.suite else []
    if expected.until:
        where.append("until " + ".".join(map(str, expected.until)))
    name = test.removeprefix("test.")
    condition = f" ({', '.join(where)})" if where else ""
    return f"| `{name}`{condition} | {expected.reason} |"


def table(expected: dict[str, Expected]) -> str:
    """A table of tests that fail."""
    head = ["| test | why it fails |", "| --- | --- |"]
    return "\n".join([*head, *(row(test, reason) for test, reason in expected.items())])


def render_page() -> str:
    """The whole page."""
    relaxed, strict = EXPECTED_DIFFERENCES["relaxed"], EXPECTED_DIFFERENCES["strict"]
    only_strict = {test: why for test, why in strict.items() if test not in relaxed}
    left_out = [f"* `{test.removeprefix('test.')}*`: {why}." for test, why in EXCLUDED.items()]
    parts = [
        INTRODUCTION,
        "## The suites\n\n" + suites(),
        "## What fails in either mode\n\n" + table(relaxed),
        "## What fails in strict mode: decisions\n\n" + table(only_strict),
    ]
    if left_out:
        parts.append("## What is left out\n\n" + "\n".join(left_out))
    return "\n\n".join(part.strip() for part in parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(render_page(), encoding="utf-8")
