"""The two packages, side by side."""

import pytest

from tests.compat.sides import SIDES


@pytest.fixture(params=SIDES, ids=str)
def side(request):
    """A package and one of its servers; see `tests.compat.sides`."""
    return request.param
