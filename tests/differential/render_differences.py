"""Writes ``docs/reference/differences.md`` from the table of decisions and the recorded answers.

    python -m tests.differential.render_differences             render the page
    python -m tests.differential.render_differences --record    hold the conversations again, first
    python -m tests.differential.render_differences --show      print what is not as the table says

Run it at the root of the repository.
"""

import argparse
import html
import json
import sys
import tempfile
from pathlib import Path
from textwrap import indent

from tests.differential.conversation import Answer
from tests.differential.differences import (
    RECORDED_FILE,
    Difference,
    in_short,
    load_differences,
    load_recorded,
)
from tests.differential.requests import EVERY_CONVERSATION, PARTS

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "differences.md"
STANDARD = "http.server"

INTRODUCTION = """\
# Where the answers differ from `http.server`

<!-- Written by tests/differential/render_differences.py: edit differences.toml beside it. -->

{total} conversations are held with the same handlers under CPython's `http.server` and under this
package, over real sockets, and the answers are compared byte by byte (apart from the values of
`Server`, `Date` and `ETag`). {same} of them are the same. The others are below, each with the
decision behind it; a test fails when there is one more or one less.

"strict" is the server as it comes; "both" means that `Settings.like_http_server()` answers
otherwise than `http.server`, too. An answer is told by its status lines and by the first lines that
the other answer does not have. The names are those of `tests/differential/requests.py`.

What is different about CGI scripts stands
[on their page](../how-to/cgi.md#where-it-differs-from-httpserver).
"""


def render_page() -> str:
    """The whole page."""
    differences, recorded = load_differences(), load_recorded()
    total = len(EVERY_CONVERSATION)
    parts = [INTRODUCTION.format(total=total, same=total - len(differences))]
    for caption, conversations in PARTS.items():
        rows = [
            row(each.name, each.data, differences[each.name], recorded.get(each.name, {}))
            for each in conversations
            if each.name in differences
        ]
        if rows:
            parts.append(f"## {caption}\n\n{HEAD}" + "".join(rows))
    return "\n".join(parts)


HEAD = """\
| request | http.server | ours | settings | why |
| --- | --- | --- | --- | --- |
"""


def row(name: str, data: bytes, decision: Difference, recorded: dict[str, str]) -> str:
    """One line of a table."""
    reason = decision.reason
    if decision.until:
        reason += f" (Up to CPython {decision.until}.)"
    if decision.since:
        reason += f" (Since CPython {decision.since}.)"
    if decision.releases:
        reason += f" (Releases differ: {decision.releases})"
    first_line = ascii(data[:72].partition(b"\r\n")[0].decode("latin-1"))[1:-1]
    cells = [
        f"{name}<br>{as_code(first_line)}",
        as_code(recorded.get(STANDARD, "")),
        ours(recorded, decision),
        decision.settings,
        reason,
    ]
    return "| " + " | ".join(cells) + " |\n"


def ours(recorded: dict[str, str], decision: Difference) -> str:
    """Our answer; the relaxed one, too, where it is a third."""
    strict, relaxed = recorded.get("strict", ""), recorded.get("relaxed", "")
    if decision.settings == "strict" or relaxed == strict:
        return as_code(strict)
    return f"{as_code(strict)}<br>relaxed:<br>{as_code(relaxed)}"


def as_code(text: str) -> str:
    """Text that Markdown leaves alone inside a table's cell."""
    escaped = [html.escape(line, quote=False).replace("|", "&#124;") for line in text.split("\n")]
    return "<br>".join(f"<code>{line}</code>" for line in escaped if line)


def record() -> None:
    """Hold every conversation and keep the answers to those that are in the table."""
    differences, recorded = load_differences(), load_recorded()
    for name, told in hold_all().items():
        if name in differences and differences[name].applies():
            recorded[name] = {
                STANDARD: in_short(told[STANDARD], told["strict"]),
                "strict": in_short(told["strict"], told[STANDARD]),
                "relaxed": in_short(told["relaxed"], told[STANDARD]),
            }
    kept = {name: recorded[name] for name in sorted(differences) if name in recorded}
    RECORDED_FILE.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n", "utf-8")


def show() -> None:
    """Print every conversation whose answers are not as the table says."""
    differences = load_differences()
    for name, told in hold_all().items():
        differing = {who for who, answer in told.items() if answer != told[STANDARD]}
        modes = differences[name].modes() if name in differences else set()
        expected = modes | {f"{mode}, one at a time" for mode in modes}
        if differing != expected:
            print(f"\n{name}: expected to differ: {sorted(expected) or 'none'}")
            print(indent(f"{STANDARD}: {in_short(told[STANDARD], told['strict'])}", "    "))
            for who in sorted(differing):
                print(indent(f"{who}: {in_short(told[who], told[STANDARD])}", "    "))


def hold_all() -> dict[str, dict[str, Answer]]:
    # Only here, so that rendering needs no server.
    from tests.differential.oracle import all_answers

    with tempfile.TemporaryDirectory() as folder:
        return all_answers(Path(folder))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--show", action="store_true")
    arguments = parser.parse_args()
    if arguments.show:
        show()
        return
    if arguments.record:
        record()
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(render_page(), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
