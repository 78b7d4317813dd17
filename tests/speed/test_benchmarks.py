"""The benchmark's own arithmetic: what it reads, what it makes of it, and what it installs."""

import contextlib
import functools
import json
import re
import threading
import tomllib

import pytest
from benchmarks import download, gates, in_process, load, results, served_files, system_calls
from benchmarks.failure import MeasurementError
from benchmarks.scenario import FILES, QUICK
from benchmarks.scenarios import SCENARIOS, find_servers
from benchmarks.server_process import Question
from benchmarks.servers import ROOT, SERVERS, Options, make_command

from basehttpserver import SimpleHTTPRequestHandler, ThreadingHTTPServer

OUTCOME = (
    'outcome {"requests": 500, "microseconds": 2000000, "bytes": 1, "p50": 100, "p99": 2000, '
    '"p99.9": 3000, "connect": 1, "read": 2, "write": 3, "timeout": 4, "status": 5}\n'
)

STRACE = """\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 60.00    0.000600           6       100           sendto
 40.00    0.000400           4       100         3 recvfrom
------ ----------- ----------- --------- --------- ----------------
100.00    0.001000           5       200         3 total
"""


def run_of(scenario, server, number, **figures):
    return {"round": number, "scenario": scenario, "server": server, "figures": figures}


def test_what_wrk_says():
    outcome = load.parse_output(OUTCOME, "plain")
    assert outcome.requests_per_second == 250
    assert (outcome.p50_milliseconds, outcome.p999_milliseconds) == (0.1, 3)
    assert (outcome.errors, outcome.silent_ends) == (15, 0)


def test_an_end_that_was_asked_for_is_no_error():
    outcome = load.parse_output(OUTCOME, "close")
    assert (outcome.errors, outcome.silent_ends) == (13, 2)


def test_wrk_says_nothing():
    with pytest.raises(SystemExit):
        load.parse_output("unable to connect", "plain")


def test_what_strace_says():
    assert system_calls.parse_table(STRACE) == {"sendto": 100, "recvfrom": 100}


def test_summary_has_medians_ends_and_ratios():
    runs = [
        run_of("one-field", name, number, requests_per_second=rate, errors=1)
        for name, rates in {"cpython": (10, 20, 90), "ours-threading": (40, 40, 40)}.items()
        for number, rate in enumerate(rates)
    ]
    of = results.summarize(runs)["one-field"]
    assert of["cpython"]["requests_per_second"] == 20
    assert (of["cpython"]["lowest"], of["cpython"]["highest"]) == (10, 90)
    assert of["cpython"]["errors"] == 3
    assert (of["ours-threading"]["compared"], of["cpython"]["ours_compared"]) == (2, 2)


@pytest.mark.parametrize(("rate", "is_reached"), [(30, True), (29, False), (None, None)])
def test_gate_of_a_ratio(rate, is_reached):
    gate = gates.Gate("one-field", "rate", 30, peers=("cpython",))
    runs = [run_of("one-field", "cpython", 1, requests_per_second=1)]
    if rate is not None:
        runs.append(run_of("one-field", "ours-threading", 1, requests_per_second=rate))
    assert gates.judge(gate, results.summarize(runs))["is_reached"] is is_reached


@pytest.mark.parametrize(("milliseconds", "is_reached"), [(200, True), (200.1, False)])
def test_gate_of_a_figure(milliseconds, is_reached):
    gate = gates.Gate("start", "first answer", 200, "milliseconds", is_most=True)
    runs = [run_of("start", "ours-threading", 1, milliseconds=milliseconds)]
    assert gates.judge(gate, results.summarize(runs))["is_reached"] is is_reached


def test_of_several_peers_the_best_counts():
    gate = gates.Gate("computing", "rate", 1, peers=("waitress", "granian"))
    runs = [
        run_of("computing", name, 1, requests_per_second=rate)
        for name, rate in {"ours-threading": 90, "waitress": 80, "granian": 100}.items()
    ]
    judged = gates.judge(gate, results.summarize(runs))
    assert (judged["value"], judged["is_reached"]) == (0.9, False)


def test_runs_survive_encoding():
    runs = [run_of("one-field", "cpython", 1, requests_per_second=1)]
    of_run = {"runs": runs, "gates": [], "summary": results.summarize(runs), "rounds": []}
    assert json.loads(results.encode(of_run)) == of_run


def test_each_server_of_a_scenario_can_do_what_it_asks():
    for name, scenario in SCENARIOS.items():
        certificate = "certificate.pem" if scenario.is_secure else None
        options = Options(scenario.application, scenario.measure == "log", certificate=certificate)
        for server in scenario.servers:
            assert make_command(server, options, 8000), name


def test_main_scenarios_have_all_servers_in_the_short_run_too():
    for name, scenario in SCENARIOS.items():
        servers = find_servers(name, is_quick=True)
        assert servers == scenario.servers if scenario.is_main else {*servers} <= {*QUICK}


def test_peers_are_pinned_and_installed_and_explained():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extra = project["optional-dependencies"]["benchmark"]
    names = {re.fullmatch(r"([a-z0-9]+)==[\d.]+", requirement)[1] for requirement in extra}
    assert names == {name for of in SERVERS.values() for name in of.packages} | {"trustme"}
    described = (ROOT / "benchmarks" / "peers" / "package.json").read_text("utf-8")
    of_npm = json.loads(described)["dependencies"]
    assert {*of_npm} == {of.npm_package for of in SERVERS.values()} - {None}
    assert all(re.fullmatch(r"[\d.]+", version) for version in of_npm.values())
    page = (ROOT / "docs" / "explanation" / "dependencies.md").read_text("utf-8")
    assert [name for name in sorted({*names, *of_npm}) if name not in page] == []


@pytest.mark.parametrize("title", in_process.make_parts())
def test_each_part_of_a_request_runs_again_and_again(title):
    part = in_process.make_parts()[title]
    assert [bool(part()) for _ in range(3)] == [True] * 3


def test_heads_of_the_parts_are_what_they_say():
    assert in_process.ONE_FIELD.count(b"\r\n") == 1 + 1 + 1
    assert in_process.TWELVE_FIELDS.count(b"\r\n") == 1 + 12 + 1


def test_gates_are_those_of_the_suite():
    runs = [run_of("file-1k", "files-cpython", 1, requests_per_second=1)]
    scenarios = {gate["scenario"] for gate in gates.judge_all(results.summarize(runs))}
    assert {SCENARIOS[name].suite for name in scenarios} == {FILES}


def test_files_are_compared_with_those_of_the_suite():
    rates = {"files-cpython": 2, "files-ours": 10, "files-nginx": 20}
    runs = [run_of("file-1k", name, 1, requests_per_second=of) for name, of in rates.items()]
    of = results.summarize(runs)["file-1k"]["files-nginx"]
    assert (of["compared"], of["ours_compared"]) == (10, 0.5)


def test_question_has_one_answer_or_parts_of_it():
    assert Question(b"a").is_answered_by(200, b"a")
    assert not Question(b"a").is_answered_by(206, b"a")
    assert not Question(b"a").is_answered_by(200, b"ab")
    assert Question(None, (b"a", b"c")).is_answered_by(200, b"abc")
    assert not Question(None, (b"a", b"d")).is_answered_by(200, b"abc")


def test_range_is_found_nowhere_else_in_the_file():
    content, count = served_files.CONTENTS[served_files.LARGE]
    part = served_files.read_range()
    assert len(part) == served_files.RANGE_BYTES
    begin = served_files.RANGE_BEGIN % len(content)
    assert (content + content).find(part) == begin
    assert len(content) * count / 1e6 == served_files.LARGE_MEGABYTES


@contextlib.contextmanager
def serving(folder, protocol):
    class Handler(SimpleHTTPRequestHandler):
        protocol_version = protocol

        def log_message(self, format, *args):
            pass

    handler = functools.partial(Handler, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("protocol", ["HTTP/1.0", "HTTP/1.1"])
@pytest.mark.parametrize("size", [1, 1_000_000])
def test_files_are_downloaded(tmp_path, protocol, size):
    (tmp_path / "file").write_bytes(bytes(size))
    with serving(tmp_path, protocol) as port:
        outcome = download.drive(port, "/file", 0.1)
    assert outcome.bytes_received > 0
    assert outcome.seconds >= 0.1


def test_what_is_no_file_is_not_downloaded(tmp_path):
    with (
        serving(tmp_path, "HTTP/1.1") as port,
        pytest.raises(MeasurementError, match=r"not the whole file: b'HTTP/1\.1 404"),
    ):
        download.drive(port, "/file", 0.1)
