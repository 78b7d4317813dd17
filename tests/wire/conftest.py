"""What several of these tests need."""

import os
import shutil

import pytest


@pytest.fixture
def wrk():
    """The path of wrk, the load generator."""
    path = shutil.which("wrk")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("wrk is not installed, and CI must run this test")
        pytest.skip("wrk, the load generator, is not installed")
    return path
