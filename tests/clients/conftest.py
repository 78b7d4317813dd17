"""What asks a file server in earnest: curl, wget, REDbot. Run by ``make test-clients``.

They need the extra ``clients`` (an environment of its own) and programs of the system, so that they
are no part of the default run.
"""

import os

import pytest

from tests.clients.programs import path_of
from tests.clients.serving import MODIFIED, OLD


def pytest_collection_modifyitems(items):
    """Other people's programs may warn."""
    for item in items:
        if "clients" in item.path.parts:
            item.add_marker(pytest.mark.filterwarnings("default"))


@pytest.fixture(scope="session")
def curl():
    return path_of("curl")


@pytest.fixture(scope="session")
def wget():
    return path_of("wget")


@pytest.fixture
def folder(tmp_path):
    """The folder that is served."""
    folder = tmp_path / "served"
    folder.mkdir()
    return folder


@pytest.fixture
def downloads(tmp_path):
    """Where a client puts what it gets."""
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    return downloads


@pytest.fixture
def served(folder):
    """A file to download."""
    path = folder / "file"
    path.write_bytes(OLD)
    os.utime(path, (MODIFIED, MODIFIED))
    return path
