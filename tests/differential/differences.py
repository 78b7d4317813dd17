"""The table of decisions: where we answer otherwise than http.server, and why.

``differences.toml`` is written by hand, one table for each conversation that differs:

    reason      why, in a sentence that stands in the docs
    settings    "strict" if only the default Settings differ, else "both"
    since       optional: the first release of CPython whose http.server answers so, "3.13.4"
    until       optional: the last one
    releases    optional: how releases of CPython differ from one another here; their own answer is
                not compared with the recorded one then

``recorded.json`` is written by ``render_differences.py --record``: the answers of each, in short.
"""

import difflib
import json
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from tests.differential.conversation import Answer

HERE = Path(__file__).parent
RECORDED_FILE = HERE / "recorded.json"

#: How much of an answer's lines stands in the docs.
LINES_SHOWN = 4
LINE_LENGTH_SHOWN = 76

#: Fields that differ because the rest does; shown only where nothing else differs.
FOLLOWING_FIELDS = ("Server:", "Date:", "Content-Type:", "Content-type:", "Content-Length:")


@dataclass(frozen=True)
class Difference:
    """A decision about one conversation."""

    reason: str
    settings: str
    since: str = ""
    until: str = ""
    releases: str = ""

    def __post_init__(self) -> None:
        if self.settings not in {"strict", "both"} or not self.reason:
            raise ValueError(f"an entry needs a reason, and settings strict or both: {self}")

    def applies(self, version: tuple[int, ...] = sys.version_info[:3]) -> bool:
        """Whether http.server of this release of CPython answers otherwise."""
        since_then = not self.since or parse_version(self.since) <= version
        until_then = not self.until or version <= parse_version(self.until)
        return since_then and until_then

    def modes(self) -> set[str]:
        """Which of our settings answer otherwise."""
        if not self.applies():
            return set()
        return {"strict"} if self.settings == "strict" else {"strict", "relaxed"}


def parse_version(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


def load_differences() -> dict[str, Difference]:
    """The table, by the names of the conversations."""
    with (HERE / "differences.toml").open("rb") as file:
        return {name: Difference(**entry) for name, entry in tomllib.load(file).items()}


def load_recorded() -> dict[str, dict[str, str]]:
    """Answers in short, by conversation and then by who answered."""
    return json.loads(RECORDED_FILE.read_text("utf-8")) if RECORDED_FILE.exists() else {}


def in_short(answer: Answer, other: Answer) -> str:
    """The status of each response and the first lines that the other answer does not have."""
    mine, theirs = lines_of(answer), lines_of(other)
    if not mine:
        return "closes" if answer.ended else "says nothing"
    matcher = difflib.SequenceMatcher(a=theirs, b=mine, autojunk=False)
    only_mine = [
        line
        for kind, _, _, start, end in matcher.get_opcodes()
        if kind != "equal"
        for line in mine[start:end]
        if not line.startswith("HTTP/")
    ]
    telling = [line for line in only_mine if not line.startswith(FOLLOWING_FIELDS)]
    shown = [line for line in mine if line.startswith("HTTP/")] + (telling or only_mine)
    # An answer that only lacks something is told by what comes first in it.
    text = [shortened(line) for line in (shown or mine)[:LINES_SHOWN]]
    if len(shown) > LINES_SHOWN:
        text.append("…")
    return "\n".join(text) + ("" if answer.ended else "\n(stays open)")


def lines_of(answer: Answer) -> list[str]:
    text = answer.data.decode("latin-1").replace("\r\n", "\n")
    return [line for line in text.split("\n") if line]


def shortened(line: str) -> str:
    visible = ascii(line)[1:-1]
    if len(visible) <= LINE_LENGTH_SHOWN:
        return visible
    return visible[:LINE_LENGTH_SHOWN] + "…"
