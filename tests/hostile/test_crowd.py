"""A crowd from other processes: half drip their heads, half say nothing; a good client among them.

The same with ten times as many, and slowhttptest's attacks: benchmarks/hostile.py.
"""

import pytest
from benchmarks import hostile, hostile_section

from tests.docs.pages import ROOT
from tests.wire.clients import want_in_one_attempt

pytestmark = [pytest.mark.alone, pytest.mark.usefixtures("leaks_nothing")]

COUNT = 500
HEAD_SECONDS, IDLE_SECONDS = 1.5, 2.0

#: How much later than its deadline a connection may end, on a machine that is busy.
LATE_SECONDS = 2.5

#: What "at once" means there.
AT_ONCE_MILLISECONDS = 500


@pytest.mark.parametrize("class_name", hostile.SERVERS)
def test_crowd(class_name):
    settings = {"head_timeout_seconds": HEAD_SECONDS, "idle_timeout_seconds": IDLE_SECONDS}
    page = (ROOT / hostile_section.PAGE).read_text("utf-8")

    def attack():
        found = hostile.attack_with_crowd(class_name, COUNT, settings, undisturbed_seconds=0.2)
        assert found["failures"] == []
        want_gone(found["crowds"]["dripping"], "HTTP/1.1 408", HEAD_SECONDS)
        want_gone(found["crowds"]["idle"], "closed", IDLE_SECONDS)
        assert found["bytes_per_connection"] < hostile_section.read_bound(page)
        p99 = found["after_arrival"]["p99_milliseconds"]
        return f"p99 {p99:.1f} ms" if p99 > AT_ONCE_MILLISECONDS else ""

    want_in_one_attempt(attack)


def want_gone(crowd, how, seconds):
    assert crowd["endings"] == {how: COUNT}
    assert crowd["left"] == 0
    assert seconds <= crowd["oldest_seconds"] + 0.1
    assert crowd["oldest_seconds"] < seconds + LATE_SECONDS
