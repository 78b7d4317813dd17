"""Rigs: what is tested and what it stands between. Each test's are closed at its end."""

import pytest

from tests.engine.poller_rig import Rig


@pytest.fixture
def rig_class():
    """That of a poller; modules with a rig of their own say so by a fixture of this name."""
    return Rig


@pytest.fixture
def make_rig(rig_class):
    rigs = []

    def make(**options):
        rigs.append(rig_class(**options))
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.close()


@pytest.fixture
def rig(make_rig):
    return make_rig()
