"""Every conversation: the answer of http.server, or a decision in the table and the docs."""

from collections.abc import Iterator

import pytest

from tests.differential.differences import in_short, load_differences, load_recorded
from tests.differential.oracle import STANDARD, Addresses, answers, every_server
from tests.differential.render_differences import PAGE, render_page
from tests.differential.requests import EVERY_CONVERSATION, Conversation

# Whether a response gets a length or chunks is a matter of whether it was late.
pytestmark = pytest.mark.usefixtures("nothing_is_late")

DIFFERENCES = load_differences()
RECORDED = load_recorded()


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    with every_server(tmp_path_factory.mktemp("differential")) as running:
        yield running


@pytest.mark.parametrize("conversation", EVERY_CONVERSATION, ids=lambda each: each.name)
def test_answer_is_that_of_http_server_or_a_decision(
    addresses: Addresses, conversation: Conversation
):
    told = answers(addresses, conversation)
    decision = DIFFERENCES.get(conversation.name)
    differing = {mode for mode in ("strict", "relaxed") if told[mode] != told[STANDARD]}
    expected = decision.modes() if decision else set()
    shown = "\n".join(f"{name}: {answer}" for name, answer in told.items())
    assert told["strict, one at a time"] == told["strict"]
    assert told["relaxed, one at a time"] == told["relaxed"]
    assert differing == expected, f"\n{conversation.data[:500]!r}\n{shown}"
    if decision and decision.applies():
        recorded = RECORDED[conversation.name]
        assert in_short(told["strict"], told[STANDARD]) == recorded["strict"]
        if not decision.releases:
            assert in_short(told[STANDARD], told["strict"]) == recorded[STANDARD]


def test_names_of_conversations_are_unique():
    assert len({each.name for each in EVERY_CONVERSATION}) == len(EVERY_CONVERSATION)


def test_every_decision_is_about_a_conversation():
    assert DIFFERENCES.keys() <= {each.name for each in EVERY_CONVERSATION}
    assert DIFFERENCES.keys() == RECORDED.keys()


def test_page_of_differences_is_up_to_date():
    assert PAGE.read_text("utf-8") == render_page(), "run tests/differential/render_differences.py"
