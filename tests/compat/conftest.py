"""The two packages, side by side."""

import pytest

from tests.compat.sides import KINDS, PACKAGES, Side


@pytest.fixture(params=[(package, kind) for package in PACKAGES for kind in KINDS], ids="-".join)
def side(request):
    """A package and one of its servers; see `tests.compat.sides`."""
    return Side(*request.param)
