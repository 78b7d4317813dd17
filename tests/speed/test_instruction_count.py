"""One kept-alive request costs no more instructions and calls than it did: counted, never timed."""

import pytest
from benchmarks import instruction_count

#: Of instructions of Python's machine, for any CPython; the measured count, which is another one in
#: each minor version, and some 10 % above the highest. Lower it when a request costs less.
MOST_INSTRUCTIONS = 1840

#: Of functions in Python, and of those in C.
MOST_CALLS = 61
MOST_C_CALLS = 82


@pytest.fixture(scope="module")
def counts():
    """Count once, since both tests ask the same."""
    return instruction_count.count_request()


def test_a_request_costs_so_many_instructions(counts):
    assert 0 < counts.instructions <= MOST_INSTRUCTIONS, (
        f"{counts.instructions} instructions for a request, by file: {counts.by_file}"
    )


def test_a_request_costs_so_many_calls(counts):
    assert 0 < counts.calls <= MOST_CALLS, f"{counts.calls} calls for a request"
    assert 0 < counts.c_calls <= MOST_C_CALLS, f"{counts.c_calls} calls of C for a request"


def test_a_count_is_the_same_each_time(counts):
    again = instruction_count.count_request()
    # What is done once for a batch of events, or in a second, may fall otherwise.
    assert again.instructions == pytest.approx(counts.instructions, rel=0.02)
