"""Holds the conversations with Python 2.7's ``BaseHTTPServer``, and with ours by Python 2's names.

The handlers are those of ``python2_probe.py``. What Python 2.7 answered is on record in
``python2_recorded.json``, so that the comparison needs none.
"""

import contextlib
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.differential.conversation import Answer, converse, make_tree, masked
from tests.differential.differences import in_short, load_differences
from tests.differential.requests import EVERY_CONVERSATION, Conversation

PROBE = Path(__file__).with_name("python2_probe.py")
RECORDED_FILE = Path(__file__).with_name("python2_recorded.json")
DIFFERENCES_FILE = Path(__file__).with_name("python2_differences.toml")

#: A longer answer is on record by its digest.
_LONGEST_KEPT_BYTES = 2000

RUN = (sys.executable, "-m", "basehttpserver", "run")
OURS: Mapping[str, Sequence[str]] = {"strict": RUN, "relaxed": (*RUN, "--like-http-server")}

#: What the probe has a method for; the handlers of the other comparison have more.
_ROUTES = frozenset(re.findall(r"def answer_(\w+)", PROBE.read_text("utf-8")))
_OTHER_ROUTES = frozenset(
    re.findall(r"def answer_(\w+)", Path(__file__).with_name("handlers.py").read_text("utf-8"))
)


def _is_answered(conversation: Conversation) -> bool:
    """Whether the probe means by every target what the handlers of `requests` mean."""
    targets = re.findall(rb"^[A-Z]+ +(/[^ ?\r\n]*)", conversation.data, re.MULTILINE)
    routes = {target.decode("latin-1").strip("/").replace("-", "_") for target in targets}
    return conversation.handler in ("1.0", "1.1", "files") and not (
        conversation.handler != "files" and routes & (_OTHER_ROUTES - _ROUTES)
    )


CONVERSATIONS = [each for each in EVERY_CONVERSATION if _is_answered(each)]


@contextlib.contextmanager
def probes(command: Sequence[str], directory: Path) -> Iterator[Mapping[str, int]]:
    """Run the probe; its ports by the names of the handlers."""
    environment = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    with subprocess.Popen(
        [*command, str(PROBE), str(directory)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        ports: dict[str, int] = json.loads(process.stdout.readline())
        yield ports
        # Its standard input ends with this block, and so does it.


def ask(command: Sequence[str], parent: Path) -> dict[str, Answer]:
    """What a probe that this command runs answers to every conversation."""
    directory = parent / "served"
    if not directory.exists():
        make_tree(parent)
    with probes(command, directory) as ports:
        return {
            each.name: masked(converse(("127.0.0.1", ports[each.handler]), each))
            for each in CONVERSATIONS
        }


class Decision(NamedTuple):
    """Why we answer some conversations otherwise than Python 2.7."""

    reason: str
    conversations: list[str]
    #: Whether our answers have texts that differ from one release of Python to another.
    releases: bool = False


def load_decisions() -> list[Decision]:
    """The table of decisions."""
    with DIFFERENCES_FILE.open("rb") as file:
        return [Decision(**each) for each in tomllib.load(file)["decision"]]


_DIFFERENCES = load_differences()


def decided_elsewhere(name: str) -> set[str]:
    """In which modes the other table has a reason to differ from ``http.server`` of Python 3."""
    decision = _DIFFERENCES.get(name)
    if decision is None:
        return set()
    return {"strict"} if decision.settings == "strict" else {"strict", "relaxed"}


def as_recorded(answer: Answer) -> list[object]:
    """An answer as it is on record, and compared."""
    if len(answer.data) > _LONGEST_KEPT_BYTES:
        return [f"sha256 {hashlib.sha256(answer.data).hexdigest()}", answer.ended]
    return [answer.data.decode("latin-1"), answer.ended]


def load_record() -> dict[str, dict[str, list[object]]]:
    """What is on record: ``answers`` of Python 2.7, and ``shown``, the short forms of both."""
    record: dict[str, dict[str, list[object]]] = json.loads(RECORDED_FILE.read_text("utf-8"))
    return record


def make_record(python2: str) -> dict[str, dict[str, list[object]]]:
    """Ask a Python 2.7, and ourselves, anew."""
    with tempfile.TemporaryDirectory() as folder:
        old = ask([python2], Path(folder))
        ours = ask(OURS["strict"], Path(folder))
        relaxed = ask(OURS["relaxed"], Path(folder))
    decided = sorted(name for each in load_decisions() for name in each.conversations)
    return {
        "answers": {name: as_recorded(answer) for name, answer in sorted(old.items())},
        "shown": {name: shown(old[name], ours[name], relaxed[name]) for name in decided},
    }


def shown(old: Answer, strict: Answer, relaxed: Answer) -> list[object]:
    """Python 2.7's answer and ours, in short: the relaxed one, where strict ones differ anyway."""
    ours = strict if strict == relaxed else relaxed
    return [in_short(old, ours), in_short(ours, old)]
