"""pytest-httpserver: a run of pytest whose tests use its fixture."""

import re

from tests.downstream.running import APPS
from tests.downstream.table import PROGRAMS


def test_users_tests(launch, side):
    tests = APPS / "users_of_httpserver.py"
    command = ("-m", "pytest", "-p", "no:cacheprovider", "--timeout", "30", "-c", "/dev/null")
    with launch(*command, "--confcutdir", APPS, tests, listens=False) as program:
        assert program.process.wait(60) == 0, program.output
        assert re.search(r"=+ 7 passed", program.output)
        if side == "basehttpserver":
            assert program.lanes == PROGRAMS["pytest-httpserver"].lanes
