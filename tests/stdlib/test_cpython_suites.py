"""CPython's own suites against this package; ``run_cpython_suites.py`` says how."""

import os
from collections.abc import Iterator

import pytest

from tests.stdlib.expectations import SUITES
from tests.stdlib.render_suites_page import PAGE, render_page
from tests.stdlib.run_cpython_suites import MODES, Run, Runs, find_interpreter, summary

INTERPRETERS = list(filter(None, [find_interpreter()]))

# The first test waits for its turn among all the runs.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def runs() -> Iterator[Runs]:
    started = Runs(INTERPRETERS, list(SUITES), MODES)
    yield started
    started.close()


def test_a_cpython_with_its_tests_is_at_hand():
    if not INTERPRETERS and os.environ.get("CI") != "true":
        pytest.skip("no CPython here ships its test package (Debian's does not)")
    assert INTERPRETERS


@pytest.mark.parametrize("run", Runs.choose(INTERPRETERS, list(SUITES), MODES), ids=str)
def test_cpython_suite(runs: Runs, run: Run):
    found = runs.problems(run)
    print("\n".join(summary(run, runs.report(run), found)))
    assert not found, "\n".join(found)


def test_every_expectation_is_about_a_test_that_exists(runs: Runs):
    if not INTERPRETERS:
        pytest.skip("no CPython here ships its test package")
    assert runs.unknown_tests() == set()


def test_the_page_of_expectations_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == render_page()
