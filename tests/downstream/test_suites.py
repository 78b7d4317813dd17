"""The programs' own tests pass on this package where they pass on ``http.server``."""

import os
import re
import subprocess
import sys
import tarfile
import xml.etree.ElementTree as ET
from typing import NamedTuple

import pytest

from tests.downstream.render_programs_page import ROOT, versions
from tests.downstream.running import environment_of, launching, python_on
from tests.downstream.suites import SUITES

CACHE = ROOT / ".downstream"
DOWNLOAD_SECONDS = 120
SUITE_SECONDS = 150

pytestmark = pytest.mark.timeout(DOWNLOAD_SECONDS + 3 * SUITE_SECONDS)


class Outcome(NamedTuple):
    """What a run of a suite found; skipped tests do not count."""

    ran: int
    failed: set[str]
    output: str


@pytest.fixture(params=SUITES)
def name(request):
    return request.param


@pytest.fixture
def source(name, tmp_path):
    """The unpacked source distribution of a program."""
    archive = fetch(name)
    with tarfile.open(archive) as file:
        file.extractall(tmp_path / "source", filter="data")
    (folder,) = (tmp_path / "source").iterdir()
    return folder / SUITES[name].folder


def fetch(name):
    """Return the path of a source distribution; pip downloads it once, and checks its hash."""
    version = versions()[name]
    folder = CACHE / f"{name}-{version}-{SUITES[name].sha256[:8]}"
    if not folder.exists():
        CACHE.mkdir(exist_ok=True)
        wanted = CACHE / f"{name}.txt"
        wanted.write_text(f"{name}=={version} --hash=sha256:{SUITES[name].sha256}\n", "utf-8")
        unfinished = folder.with_suffix(".unfinished")
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
                *("--no-binary", name, "--dest", str(unfinished), "--requirement", str(wanted)),
            ],
            check=True,
            timeout=DOWNLOAD_SECONDS,
        )
        unfinished.rename(folder)
    (archive,) = folder.iterdir()
    return archive


def run(name, source, side, *options):
    """Run the suite of a program on a side, `options` being those of ``basehttpserver run``."""
    suite = SUITES[name]
    if not suite.server:
        variables = environment_of(side, source / "report.jsonl") | dict(suite.environment)
        return run_tests(suite, source, python_on(side, *options), variables)
    folder = source / f"server-on-{side}"
    folder.mkdir()
    with launching(side, suite.server, folder, options=options) as server:
        variables = {
            variable: value.format(url=server.url(""))
            for variable, value in suite.environment.items()
        }
        return run_tests(suite, source, [sys.executable], {**os.environ, **variables})


def run_tests(suite, source, python, variables):
    """Run a suite by the command `python`."""
    junit = source / "outcomes.xml"
    reports = [f"--junitxml={junit}"] if "pytest" in suite.command else []
    done = subprocess.run(
        [*python, *suite.command, *reports],
        cwd=source,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        timeout=SUITE_SECONDS,
    )
    return read_junit(junit, done.stdout) if reports else read_unittest(done.stdout)


def read_junit(path, output):
    """Read what pytest wrote."""
    assert path.exists(), output
    ran, failed = 0, set()
    for case in ET.parse(path).iter("testcase"):
        kinds = {child.tag for child in case}
        if "skipped" in kinds:
            continue
        ran += 1
        if kinds & {"failure", "error"}:
            failed.add(f"{case.get('classname')}.{case.get('name')}")
    return Outcome(ran, failed, output)


def read_unittest(output):
    """Read what unittest printed."""
    ran = re.search(r"^Ran (\d+) tests? in", output, re.M)
    assert ran, output
    skipped = re.search(r"skipped=(\d+)", output[ran.end() :])
    failed = set(re.findall(r"^(?:FAIL|ERROR): \w+ \(([\w.]+)\)", output, re.M))
    return Outcome(int(ran[1]) - (int(skipped[1]) if skipped else 0), failed, output)


def test_own_tests(name, source):
    suite = SUITES[name]
    standard = run(name, source, "http.server")
    assert standard.ran >= suite.fewest_tests, standard.output
    check(run(name, source, "basehttpserver"), standard, suite.strict)
    if suite.strict:
        check(run(name, source, "basehttpserver", "--like-http-server"), standard, suite.relaxed)


def check(ours, standard, expected):
    """Want as many tests as on ``http.server``, and no other failures than are expected."""
    assert ours.ran == standard.ran, ours.output
    assert ours.failed - standard.failed == set(expected), ours.output
