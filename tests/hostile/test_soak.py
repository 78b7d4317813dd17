"""A short soak: everything that benchmarks/soak.py sends, at least once, on one server process.

What is wanted is the same whoever comes first: no fault. BASEHTTPSERVER_SOAK_SECONDS lets it run
for longer, a minute say; a run of half an hour is in benchmarks/results/soak.json.
"""

import os
import sys

import pytest
from benchmarks.soak import find_growth, soak

SECONDS = float(os.environ.get("BASEHTTPSERVER_SOAK_SECONDS", "1"))

#: Then it goes on until each kind of client has come, and hostile ones are held for seconds.
WARM_UP_SECONDS = 1

pytestmark = [
    pytest.mark.usefixtures("leaks_nothing"),
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, and uses all of 127.0.0.0/8"),
    pytest.mark.timeout(SECONDS + 120),
]


def test_soak():
    found = soak(seed=1, seconds=SECONDS, warm_up_seconds=WARM_UP_SECONDS)
    assert found["faults"] == []
    assert found["last"]["planned_errors"] == found["counts"]["good raising_handler"]


def test_growth_is_a_fault():
    first = {
        "connections": 0,
        "descriptors": 30,
        "threads": 7,
        "resident_bytes": 10**8,
        "traced_bytes": 10**6,
    }
    assert find_growth(first, first) == []
    assert find_growth(first, {**first, "descriptors": 31}) == [
        "descriptors grew from 30 to 31, more than 0"
    ]
