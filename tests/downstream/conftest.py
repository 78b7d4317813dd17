"""Programs from PyPI, at pinned versions, on this package: run these by ``make test-downstream``.

They need the extra ``downstream`` (an environment of its own), and run whole programs, so that they
are no part of the default run.
"""

import pytest

from tests.downstream.clients import make_certificate
from tests.downstream.running import SIDES, launching


def pytest_collection_modifyitems(items):
    """Other people's programs may warn."""
    for item in items:
        if "downstream" in item.path.parts:
            item.add_marker(pytest.mark.filterwarnings("default"))


@pytest.fixture(scope="module", params=SIDES)
def side(request):
    """Whose servers the program gets: this package's, or those of plain ``http.server``."""
    return request.param


@pytest.fixture(scope="module")
def launch(side, tmp_path_factory):
    """Return a context manager that runs a program on `side`: see `launching`."""

    def launch(*arguments, **options):
        return launching(side, arguments, tmp_path_factory.mktemp("program"), **options)

    return launch


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """One file with a certificate for 127.0.0.1 and its key."""
    folder = tmp_path_factory.mktemp("certificate")
    pair = make_certificate(folder)
    whole = folder / "server.pem"
    whole.write_bytes(b"".join(part.read_bytes() for part in pair))
    return whole
