"""A short soak: everything that benchmarks/soak.py sends, at least once, on one server process.

BASEHTTPSERVER_SOAK_SECONDS says how long it takes, more or less; 60 is what the whole check asks
for. A run of half an hour is in benchmarks/results/soak.json.
"""

import os
import sys

import pytest
from benchmarks.soak import find_growth, soak

SECONDS = float(os.environ.get("BASEHTTPSERVER_SOAK_SECONDS", "10"))

#: The first sample comes when each cache has begun to fill.
WARM_UP_SECONDS = SECONDS / 2

pytestmark = [
    pytest.mark.usefixtures("leaks_nothing"),
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, and uses all of 127.0.0.0/8"),
    pytest.mark.timeout(SECONDS + 120),
]


def test_soak():
    found = soak(seed=1, seconds=SECONDS, warm_up_seconds=WARM_UP_SECONDS)
    assert found["faults"] == [], f"stalls: {found['stalls']}"
    assert found["last"]["planned_errors"] == found["counts"]["good raising_handler"]


def test_growth_is_a_fault():
    first = {
        "connections": 0,
        "descriptors": 30,
        "threads": 7,
        "allocated_bytes": 10**7,
        "resident_bytes": 10**8,
        "traced_bytes": 10**6,
    }
    assert find_growth(first, first) == []
    assert find_growth(first, {**first, "descriptors": 31}) == [
        "descriptors grew from 30 to 31, more than 0"
    ]
    (memory,) = find_growth(first, {**first, "allocated_bytes": 12 * 10**6})
    assert memory.startswith("allocated_bytes grew from 10000000 to 12000000")
