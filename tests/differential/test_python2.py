"""Every conversation: the answer of Python 2.7's BaseHTTPServer, or a decision in a table."""

import pytest

from tests.differential.conversation import Answer
from tests.differential.python2 import (
    CONVERSATIONS,
    OURS,
    as_recorded,
    ask,
    decided_elsewhere,
    load_decisions,
    load_record,
    shown,
)
from tests.differential.render_python2 import PAGE, render_page
from tests.python2 import find_python2

# Alone: an answer that is late is another, and these come from processes of their own.
pytestmark = pytest.mark.alone

RECORD = load_record()
DECIDED = {name: each for each in load_decisions() for name in each.conversations}

Answers = dict[str, dict[str, Answer]]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    folder = tmp_path_factory.mktemp("python2")
    return {mode: ask(command, folder) for mode, command in OURS.items()}


@pytest.mark.parametrize("name", [each.name for each in CONVERSATIONS])
def test_answer_is_that_of_python_2_or_a_decision(told: Answers, name: str):
    old = RECORD["answers"][name]
    differing = {mode for mode in OURS if as_recorded(told[mode][name]) != old}
    undecided = differing - decided_elsewhere(name)
    answers = "\n".join(f"{mode}: {told[mode][name]}" for mode in OURS)
    assert bool(undecided) == (name in DECIDED), f"\nPython 2.7: {old}\n{answers}"


def test_what_is_on_record_is_what_python_2_answers(tmp_path):
    python2 = find_python2()
    if python2 is None:
        pytest.skip("no Python 2.7 to compare the record with; our own answers were compared")
    answers = {name: as_recorded(answer) for name, answer in ask([python2], tmp_path).items()}
    assert answers == RECORD["answers"]


def test_what_the_page_shows_is_what_we_answer(told: Answers):
    for name, decision in DECIDED.items():
        data, ended = RECORD["answers"][name]
        if not decision.releases and not str(data).startswith("sha256 "):
            old = Answer(str(data).encode("latin-1"), bool(ended))
            now = shown(old, told["strict"][name], told["relaxed"][name])
            assert now == RECORD["shown"][name], name


def test_every_conversation_is_on_record_and_decided_once():
    decisions = load_decisions()
    assert RECORD["answers"].keys() == {each.name for each in CONVERSATIONS}
    assert RECORD["shown"].keys() == DECIDED.keys()
    assert sum(len(each.conversations) for each in decisions) == len(DECIDED)


def test_page_of_differences_is_up_to_date():
    assert PAGE.read_text("utf-8") == render_page(), "run tests/differential/render_python2.py"
