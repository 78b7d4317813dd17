"""Writes ``docs/reference/programs.md`` from the table in ``table.py``.

    python -m tests.downstream.render_programs_page

Run it at the root of the repository.
"""

import re
import tomllib
from pathlib import Path

from tests.downstream.suites import SUITES, Suite
from tests.downstream.table import PROGRAMS, Program

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "programs.md"

INTRODUCTION = """\
# Programs that run on this package

<!-- Written by tests/downstream/render_programs_page.py: edit table.py beside it. -->

`make test-downstream` takes these programs from PyPI, unmodified, at these versions, and drives
each by a client: on this package, and on plain `http.server`, which has to give the same answers.
The *lane* says how a connection gets its thread: see [the design](../explanation/design.md).
"""

LANES = {
    "event": "event",
    "thread": "thread",
    "raw": "a thread at once",
    "hook": "its own `process_request`",
    "socketserver": "socketserver's own loop",
}


def versions():
    """The pinned versions, by distribution."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    pins = project["optional-dependencies"]["downstream"]
    return dict(re.fullmatch(r"([\w.-]+)(?:\[.*\])?==(.+)", pin).groups() for pin in pins)


def row(name: str, program: Program, pinned: dict[str, str]) -> str:
    """One program."""
    version = pinned[program.distribution] if program.distribution else "standard library"
    lanes = "; ".join(
        f"`{handler}`: {', '.join(LANES[lane] for lane in sorted(taken))}"
        for handler, taken in program.lanes.items()
    )
    lanes = lanes or "none"
    differences = program.differences or "nothing"
    return (
        f"| {name} {version} | {program.started_as} | {program.driven} | {lanes} | {differences} |"
    )


OWN_TESTS = """\
## Their own tests

From their source distributions, those that reach the server. On this package they pass where they
pass on `http.server`, but for these, which are decisions. Strict is what servers are by default,
relaxed is `--like-http-server`.
"""


def suite_rows(name: str, suite: Suite) -> list[str]:
    """The tests of a program that fail here, or one row that says that there are none."""
    rows = [
        f"| {name} | `{test.removeprefix('tests.')}`"
        f" ({'strict and relaxed' if test in suite.relaxed else 'strict'}) | {reason} |"
        for test, reason in {**suite.strict, **suite.relaxed}.items()
    ]
    return rows or [f"| {name} | none | |"]


def render_page() -> str:
    """The whole page."""
    pinned = versions()
    head = [
        "| program | started as | driven by | lane | what differs from `http.server` |",
        "| --- | --- | --- | --- | --- |",
    ]
    rows = [row(name, program, pinned) for name, program in PROGRAMS.items()]
    table = "\n".join([*head, *rows]) + "\n"
    own_rows = [line for name, suite in SUITES.items() for line in suite_rows(name, suite)]
    own_head = ["| program | test that fails | why |", "| --- | --- | --- |"]
    own_table = "\n".join([*own_head, *own_rows]) + "\n"
    return "\n".join([INTRODUCTION, table, OWN_TESTS, own_table])


if __name__ == "__main__":
    PAGE.write_text(render_page(), encoding="utf-8")
