"""Dates as RFC 3339, and what is none."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from basehttpserver._sharing.page.dates import format_date

FIRST = -62167219200  # 0000-01-01T00:00:00Z
BEHIND_LAST = 253402300800  # 10000-01-01T00:00:00Z


@given(st.integers(FIRST, BEHIND_LAST - 1) | st.floats(FIRST, BEHIND_LAST - 1))
@example(-0.5)
@example(86399.999)
@example(1709208000.0)
def test_a_date_is_what_the_system_says(seconds):
    assert format_date(seconds) == "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z".format(
        *time.gmtime(seconds)[:6]
    )


@pytest.mark.parametrize(
    "seconds",
    [None, FIRST - 1, BEHIND_LAST, 1e18, -1e18, 1e300, 10**30, *map(float, ("inf", "-inf", "nan"))],
)
def test_no_date_of_four_digit_years(seconds):
    assert format_date(seconds) is None
