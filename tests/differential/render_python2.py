"""Writes ``docs/reference/differences-from-python-2.md`` from the table and what is on record.

    python -m tests.differential.render_python2             render the page
    python -m tests.differential.render_python2 --record    ask a Python 2.7, first

Run it at the root of the repository.
"""

import argparse
import json
import sys
from pathlib import Path

from tests.differential.python2 import (
    CONVERSATIONS,
    RECORDED_FILE,
    decided_elsewhere,
    load_decisions,
    load_record,
    make_record,
)
from tests.differential.render_differences import as_code
from tests.python2 import find_python2

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "differences-from-python-2.md"

INTRODUCTION = """\
# Where the answers differ from Python 2's `BaseHTTPServer`

<!-- Written by tests/differential/render_python2.py: edit python2_differences.toml beside it. -->

{total} conversations are held with the same handlers under Python 2.7's `BaseHTTPServer` and
`SimpleHTTPServer`, and under this package by [those names](../how-to/move-from-python-2.md), and
the answers are compared byte by byte (apart from the values of `Server` and `Date`). Python 2.7's
answers are on record, and compared with a real one where there is one.

Of the conversations {elsewhere} stand in [the table for `http.server`](differences.md), with a
reason to answer otherwise than any of them. Where the answer differs from Python 2's for another
reason, it stands here: what Python 3 has changed. "ours" is the answer with
`Settings.like_http_server()`; a test fails when there is one more or one less.
"""

HEAD = """\
| request | Python 2.7 | ours |
| --- | --- | --- |
"""


def render_page() -> str:
    """The whole page."""
    record = load_record()
    elsewhere = sum(bool(decided_elsewhere(each.name)) for each in CONVERSATIONS)
    parts = [INTRODUCTION.format(total=len(CONVERSATIONS), elsewhere=elsewhere)]
    for decision in load_decisions():
        rows = [row(name, *map(str, record["shown"][name])) for name in decision.conversations]
        parts.append(f"## {decision.reason.rstrip('.')}\n\n{HEAD}" + "".join(rows))
    return "\n".join(parts)


def row(name: str, old: str, ours: str) -> str:
    """One line of a table."""
    data = next(each.data for each in CONVERSATIONS if each.name == name)
    first_line = ascii(data[:72].partition(b"\r\n")[0].decode("latin-1"))[1:-1]
    return f"| {name}<br>{as_code(first_line)} | {as_code(old)} | {as_code(ours)} |\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true")
    if parser.parse_args().record:
        python2 = find_python2()
        if python2 is None:
            sys.exit("there is no Python 2.7 here: name one in BASEHTTPSERVER_TEST_PYTHON2")
        text = json.dumps(make_record(python2), indent=1, ensure_ascii=True)
        RECORDED_FILE.write_text(text + "\n", "utf-8")
    PAGE.write_text(render_page(), "utf-8")


if __name__ == "__main__":
    main()
