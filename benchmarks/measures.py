"""The ways to measure a server in a scenario; each returns its figures, with the units in names."""

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from benchmarks import download, idle_crowd, idle_memory, load, system_calls
from benchmarks.applications import SLOW_PATH
from benchmarks.descriptors import scale_crowd
from benchmarks.failure import MeasurementError
from benchmarks.load import Outcome
from benchmarks.scenario import (
    CALLS,
    CONDITIONAL,
    CONNECTIONS,
    CROWD,
    DOWNLOAD,
    FILE,
    HALF,
    IDLE_CONNECTIONS,
    LISTING,
    LOG,
    MEMORY,
    MIXED,
    RANGE,
    START,
    STEADY,
    Scenario,
)
from benchmarks.served_files import (
    CONTENTS,
    ENTRIES,
    RANGE_BEGIN,
    RANGE_BYTES,
    read_content,
    read_range,
)
from benchmarks.server_process import (
    QUESTIONS,
    Question,
    ServerProcess,
    running,
    start,
    stop,
    wait_until_listening,
)
from benchmarks.servers import Options

WARM_UP_SECONDS = 1
STARTS = 3
IDLE_FOR_MEMORY = 1000

Figures = dict[str, float]


@dataclass(frozen=True)
class Terms:
    """What holds for a whole run."""

    seconds: int
    #: The path of a PEM file; "" where none could be made, and no scenario asks for it.
    certificate: str
    #: What benchmarks/served_files.py wrote; "" where no scenario asks for it.
    folder: str


#: It raises `MeasurementError` where there is nothing to measure.
Measure = Callable[[str, Scenario, Terms], Figures]


def measure_steady(name: str, scenario: Scenario, terms: Terms) -> Figures:
    certificate = terms.certificate if scenario.is_secure else None
    options = Options(scenario.application, certificate=certificate)
    with running(name, options) as server:
        return drive(server, scenario, terms.seconds)


def drive(
    server: ServerProcess, scenario: Scenario, seconds: int, fields: load.Fields = ()
) -> Figures:
    """Warm a server up, drive it, and see what it used of its processor meanwhile."""
    url = server.url.removesuffix("/") + scenario.path
    load.drive(url, scenario.connections, WARM_UP_SECONDS, scenario.load, fields)
    used = server.read_processor_seconds()
    outcome = load.drive(url, scenario.connections, seconds, scenario.load, fields)
    used = server.read_processor_seconds() - used
    figures = figures_of(outcome)
    if scenario.load == "pipelined":
        # wrk begins to count when it sends sixteen, and again at each answer.
        figures = {name: figures[name] for name in figures if not name.startswith("p")}
    return figures | {"processor_microseconds": round(used / max(outcome.requests, 1) * 1e6, 1)}


def figures_of(outcome: Outcome, prefix: str = "") -> Figures:
    return {
        prefix + name: figure
        for name, figure in asdict(outcome).items()
        if figure or name != "silent_ends"
    }


def measure_log(name: str, scenario: Scenario, terms: Terms) -> Figures:
    with running(name, Options(scenario.application, is_silent=True)) as server:
        without = drive(server, scenario, terms.seconds)
    with running(name, Options(scenario.application, logs=True)) as server:
        figures = drive(server, scenario, terms.seconds)
        if server.log is None or server.log.stat().st_size < figures["requests"]:
            raise MeasurementError("there is no line in its log for each request")
    return figures | {
        f"without_{name}": without[name]
        for name in ("requests_per_second", "processor_microseconds")
    }


def measure_mixed(name: str, scenario: Scenario, terms: Terms) -> Figures:
    with running(name, Options(scenario.application)) as server:
        quick_url, slow_url = server.url, server.url.removesuffix("/") + SLOW_PATH
        load.drive(quick_url, HALF, WARM_UP_SECONDS)
        alone = load.drive(quick_url, HALF, terms.seconds)
        drive_together(quick_url, slow_url, WARM_UP_SECONDS)
        quick, slow = drive_together(quick_url, slow_url, terms.seconds)
    return (
        figures_of(quick)
        | figures_of(alone, "alone_")
        | figures_of(slow, "slow_")
        | {"errors": quick.errors + alone.errors + slow.errors}
    )


def drive_together(quick_url: str, slow_url: str, seconds: int) -> tuple[Outcome, Outcome]:
    processes = [load.start(url, HALF, seconds) for url in (quick_url, slow_url)]
    quick, slow = [load.finish(process, seconds) for process in processes]
    return quick, slow


def measure_crowd(name: str, scenario: Scenario, terms: Terms) -> Figures:
    count = scale_crowd(IDLE_CONNECTIONS, kinds=1)
    with running(name, Options(scenario.application, is_patient=True)) as server:
        load.drive(server.url, CONNECTIONS, WARM_UP_SECONDS)
        before = server.read_resident_bytes()
        with idle_crowd.running(server.port, count) as crowd:
            grown = server.read_resident_bytes() - before
            figures = drive(server, scenario, terms.seconds)
            still_open = crowd.count_open()
    return figures | {
        "idle_connections": count,
        "still_open": still_open,
        "resident_bytes": round(grown / count),
    }


def measure_start(name: str, scenario: Scenario, terms: Terms) -> Figures:
    return {"milliseconds": statistics.median(time_start(name) for _ in range(STARTS))}


def time_start(name: str) -> float:
    began = time.monotonic()
    server, process = start(name, Options())
    try:
        wait_until_listening(process, server, pause_seconds=0.001)
        server.check_answer(QUESTIONS["hello"])
        return round((time.monotonic() - began) * 1000, 1)
    finally:
        stop(process)


def measure_calls(name: str, scenario: Scenario, terms: Terms) -> Figures:
    with running(name, Options(scenario.application)) as server:
        load.drive(server.url, CONNECTIONS, WARM_UP_SECONDS)
        with system_calls.counting(server.find_processes()) as counts:
            outcome = load.drive(server.url, CONNECTIONS, WARM_UP_SECONDS)
    of_each = {call: round(count / outcome.requests, 3) for call, count in counts.items()}
    return {
        "errors": outcome.errors,
        "calls": round(sum(counts.values()) / outcome.requests, 3),
    } | {f"calls_{call}": count for call, count in of_each.items() if count >= 0.01}


def measure_memory(name: str, scenario: Scenario, terms: Terms) -> Figures:
    return {"traced_bytes": idle_memory.measure(name, IDLE_FOR_MEMORY)}


def measure_file(name: str, scenario: Scenario, terms: Terms) -> Figures:
    def ask(server: ServerProcess) -> Question:
        return Question(read_content(scenario.path[1:]), path=scenario.path)

    return measure_question(name, scenario, terms, ask)


def measure_conditional(name: str, scenario: Scenario, terms: Terms) -> Figures:
    def ask(server: ServerProcess) -> Question:
        given = server.check_answer(Question(read_content(scenario.path[1:]), path=scenario.path))
        for validator, field in (("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since")):
            if validator in given:
                fields = ((field, given[validator]),)
                return Question(b"", path=scenario.path, status=304, fields=fields)
        raise MeasurementError("it gives no validator")

    return measure_question(name, scenario, terms, ask)


def measure_range(name: str, scenario: Scenario, terms: Terms) -> Figures:
    def ask(server: ServerProcess) -> Question:
        last = RANGE_BEGIN + RANGE_BYTES - 1
        fields = (("Range", f"bytes={RANGE_BEGIN}-{last}"),)
        return Question(read_range(), path=scenario.path, status=206, fields=fields)

    return measure_question(name, scenario, terms, ask)


def measure_listing(name: str, scenario: Scenario, terms: Terms) -> Figures:
    def ask(server: ServerProcess) -> Question:
        return Question(None, tuple(map(str.encode, ENTRIES)), path=scenario.path)

    return measure_question(name, scenario, terms, ask)


def measure_question(
    name: str, scenario: Scenario, terms: Terms, ask: Callable[[ServerProcess], Question]
) -> Figures:
    """Measure how often a server of files answers what `ask` finds to ask."""
    with running(name, Options(scenario.application, folder=terms.folder)) as server:
        question = ask(server)
        server.check_answer(question)
        return drive(server, scenario, terms.seconds, question.fields)


def measure_download(name: str, scenario: Scenario, terms: Terms) -> Figures:
    content, count = CONTENTS[scenario.path[1:]]
    size = len(content) * count
    with running(name, Options(scenario.application, folder=terms.folder)) as server:
        server.check_answer(Question(content * count, path=scenario.path))
        download.drive(server.port, scenario.path, WARM_UP_SECONDS)
        used = server.read_processor_seconds()
        outcome = download.drive(server.port, scenario.path, terms.seconds)
        used = server.read_processor_seconds() - used
    files = outcome.bytes_received / size
    return {
        "requests": round(files, 2),
        "requests_per_second": round(files / outcome.seconds, 3),
        "processor_microseconds": round(used / files * 1e6, 1) if files else 0,
        "client_share": round(outcome.processor_seconds / outcome.seconds, 3),
        "errors": 0,
    }


MEASURES: dict[str, Measure] = {
    STEADY: measure_steady,
    LOG: measure_log,
    MIXED: measure_mixed,
    CROWD: measure_crowd,
    START: measure_start,
    CALLS: measure_calls,
    MEMORY: measure_memory,
    FILE: measure_file,
    CONDITIONAL: measure_conditional,
    RANGE: measure_range,
    LISTING: measure_listing,
    DOWNLOAD: measure_download,
}
