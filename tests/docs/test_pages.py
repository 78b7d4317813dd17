"""The pages say what is: settings, options, names, files, links, measurements."""

import argparse
import inspect
import json
import re
import shutil
import subprocess

import pytest
from benchmarks import (
    charts,
    files_page,
    gates,
    hostile_section,
    in_process,
    measurements_page,
    profile_page,
    profile_request,
    readme_table,
    soak_page,
)
from benchmarks import results as benchmark_results
from benchmarks.scenario import FILES, PROGRAMS
from benchmarks.scenarios import find_servers
from benchmarks.slowhttptest import ATTACKS

import basehttpserver
from basehttpserver import _run_command, dropin
from basehttpserver._command_line.options import make_parser
from tests.docs import render_http_behaviour, render_settings
from tests.docs.pages import PAGES, ROOT
from tests.downstream import render_programs_page

API = (ROOT / "docs" / "reference" / "api.md").read_text("utf-8")
RUNS = [benchmark_results.load(benchmark_results.path_of(suite)) for suite in (PROGRAMS, FILES)]
DESIGN = (ROOT / "docs" / "explanation" / "design.md").read_text("utf-8")
PACKAGE = ROOT / "src" / "basehttpserver"


def test_settings_are_rendered():
    assert render_settings.PAGE.read_text("utf-8") == render_settings.render()


def test_programs_are_rendered():
    page = render_programs_page
    assert page.PAGE.read_text("utf-8") == page.render_page()


def test_catalogue_is_rendered():
    page = render_http_behaviour.PAGE.read_text("utf-8")
    assert render_http_behaviour.render(page) == page


def test_each_relaxed_rule_is_explained():
    page = (ROOT / "docs" / "reference" / "http-behaviour.md").read_text("utf-8")
    rules = {name for name in basehttpserver.Settings.__slots__ if name.startswith("accept_")}
    assert set(re.findall(r"^\| `(accept_\w+)`", page, re.M)) == rules


def test_measurements_of_files_are_what_the_results_render():
    page = (ROOT / files_page.PAGE).read_text("utf-8")
    assert files_page.render(RUNS[1]) == page


def test_measurements_are_what_the_results_render():
    results = benchmark_results.load()
    readme = (ROOT / readme_table.README).read_text("utf-8")
    assert readme_table.insert(readme, results) == readme
    page = (ROOT / measurements_page.PAGE).read_text("utf-8")
    assert measurements_page.render(results) == page


def test_charts_are_what_the_results_render():
    rendered = charts.render_all(RUNS[0]) | charts.render_all(RUNS[1])
    kept = {path: (ROOT / path).read_text("utf-8") for path in rendered}
    assert kept == rendered
    assert {ROOT / path for path in rendered} == set((ROOT / charts.FOLDER).glob("*.svg"))


@pytest.mark.parametrize("results", RUNS, ids=["programs", "files"])
def test_summary_is_computed_from_the_runs(results):
    assert benchmark_results.summarize(results["runs"]) == results["summary"]
    assert gates.judge_all(results["summary"]) == results["gates"]


def test_profile_is_what_the_results_render():
    results, of_parts = (
        json.loads(path.read_text("utf-8")) for path in (profile_request.PATH, in_process.PATH)
    )
    page = (ROOT / profile_page.PAGE).read_text("utf-8")
    assert profile_page.render(results, of_parts) == page


def test_soak_is_rendered():
    results = json.loads(soak_page.RESULTS.read_text("utf-8"))
    page = soak_page.PAGE.read_text("utf-8")
    assert soak_page.render(page, results) == page


@pytest.mark.parametrize("results", RUNS, ids=["programs", "files"])
def test_results_are_of_these_subjects(results):
    failed = {(of["scenario"], of["server"]) for of in results["failures"]}
    for scenario, measured in results["summary"].items():
        asked = find_servers(scenario, is_quick=results["is_quick"])
        left_out = {*results["missing"], *(name for of, name in failed if of == scenario)}
        assert {*asked} - left_out <= {*measured} <= {*asked}


def test_attacks_are_rendered():
    results = json.loads(hostile_section.RESULTS.read_text("utf-8"))
    page = (ROOT / hostile_section.PAGE).read_text("utf-8")
    assert hostile_section.insert(page, results) == page
    assert list(results["slowhttptest"]) == [*ATTACKS]


def test_options_of_command_line_are_listed():
    page = (ROOT / "docs" / "reference" / "command-line.md").read_text("utf-8")
    for parser in (make_parser(), _run_command._make_parser("run")):
        assert isinstance(parser, argparse.ArgumentParser)
        for action in parser._actions:
            for option in action.option_strings or [action.metavar]:
                assert f"`{option}" in page, option


def test_functions_of_the_drop_in_are_listed():
    assert [name for name in dropin.__all__ if f"| `{name}(" not in API] == []


def test_public_names_are_listed():
    missing = [name for name in basehttpserver.__all__ if name not in API]
    assert missing == []


@pytest.mark.parametrize(
    "of",
    [
        basehttpserver.BaseHTTPRequestHandler,
        basehttpserver.SimpleHTTPRequestHandler,
        basehttpserver.CGIHTTPRequestHandler,
        basehttpserver.HTTPServer,
    ],
)
def test_public_attributes_are_listed(of):
    ours = {
        name
        for base in of.__mro__
        if base.__module__.startswith("basehttpserver")
        for name in {*vars(base), *inspect.get_annotations(base)}
        if not name.startswith("_")
    }
    # socketserver's, with another value.
    ours -= {"allow_reuse_address", "allow_reuse_port", "request_queue_size", "server_bind"}
    assert [name for name in sorted(ours) if not re.search(rf"\b{name}\b", API)] == []


def test_each_file_is_in_the_design():
    modules = {path.stem for path in PACKAGE.rglob("*.py")}
    missing = [name for name in sorted(modules) if f"`{name}`" not in DESIGN]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    text = page.read_text("utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        if anchor:
            assert anchor in anchors_of(linked.read_text("utf-8")), target


def anchors_of(text):
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings}


@pytest.mark.skipif(shutil.which("make") is None, reason="make is missing")
@pytest.mark.parametrize("target", ["run", "test"])
def test_make_has_the_two_commands(target):
    subprocess.run(
        ["make", "--dry-run", target], cwd=ROOT, check=True, capture_output=True, timeout=20
    )
