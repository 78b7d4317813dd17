"""Tables of the pages, one for each way of measuring, and how figures are written."""

from collections.abc import Callable
from typing import Any

from benchmarks.scenario import (
    CALLS,
    CONDITIONAL,
    CROWD,
    DOWNLOAD,
    FILE,
    LISTING,
    LOG,
    MEMORY,
    MIXED,
    RANGE,
    START,
    STEADY,
)
from benchmarks.scenarios import SCENARIOS
from benchmarks.served_files import LARGE_MEGABYTES
from benchmarks.servers import SERVERS

Summary = dict[str, Any]

#: A column: its title, and what it shows of a server's summary.
Column = tuple[str, Callable[[Summary], str]]


def write_number(number: float | None) -> str:
    """Return three digits of a ratio or a time; nothing for what was not measured."""
    if number is None:
        return ""
    return f"{number:.3g}" if abs(number) < 999.5 else f"{number:,.0f}"


def write_rate(of: Summary, scale: float = 1) -> str:
    median, lowest, highest = (
        of[name] * scale for name in ("requests_per_second", "lowest", "highest")
    )
    if lowest == highest:
        return f"{median:,.0f}"
    return f"{median:,.0f} ({lowest:,.0f} to {highest:,.0f})"


def figure(name: str, unit: str = "") -> Callable[[Summary], str]:
    """Make what shows one figure."""

    def show(of: Summary) -> str:
        number = of.get(name)
        return f"{write_number(number)}{unit}" if number is not None else ""

    return show


def write_calls(of: Summary) -> str:
    """Return the calls of a request, the most frequent ones first."""
    prefix = "calls_"
    calls = {name.removeprefix(prefix): of[name] for name in of if name.startswith(prefix)}
    ordered = sorted(calls, key=lambda name: -calls[name])
    return ", ".join(f"{name} {write_number(calls[name])}" for name in ordered)


RATE: Column = ("requests/s: median (lowest to highest)", write_rate)
PERCENTILES: list[Column] = [
    ("50 %", figure("p50_milliseconds", " ms")),
    ("99 %", figure("p99_milliseconds", " ms")),
    ("99.9 % within", figure("p999_milliseconds", " ms")),
]
PROCESSOR: Column = ("processor each", figure("processor_microseconds", " µs"))
OURS_TO_IT: Column = ("ours to it", figure("ours_compared"))

COMPARED: Column = ("compared", figure("compared"))
OF_STEADY: list[Column] = [RATE, COMPARED, OURS_TO_IT, *PERCENTILES, PROCESSOR]

COLUMNS: dict[str, list[Column]] = {
    STEADY: OF_STEADY,
    **dict.fromkeys((FILE, CONDITIONAL, RANGE, LISTING), OF_STEADY),
    DOWNLOAD: [
        ("MB/s: median (lowest to highest)", lambda of: write_rate(of, LARGE_MEGABYTES)),
        COMPARED,
        OURS_TO_IT,
        ("processor each", lambda of: f"{write_number(of['processor_microseconds'] / 1000)} ms"),
        ("client busy", lambda of: f"{write_number(of['client_share'] * 100)} %"),
    ],
    LOG: [
        ("requests/s without", figure("without_requests_per_second")),
        ("with a log", write_rate),
        ("kept", figure("kept")),
        OURS_TO_IT,
        ("99 % within", figure("p99_milliseconds", " ms")),
        ("processor each, without", figure("without_processor_microseconds", " µs")),
        ("with a log", figure("processor_microseconds", " µs")),
    ],
    MIXED: [
        ("quick alone, requests/s", figure("alone_requests_per_second")),
        ("quick mixed, requests/s", write_rate),
        ("kept", figure("kept")),
        *PERCENTILES,
        ("slow, requests/s", figure("slow_requests_per_second")),
    ],
    CROWD: [
        ("idle", figure("idle_connections")),
        ("still open", figure("still_open")),
        ("memory of each", figure("resident_bytes", " bytes")),
        RATE,
        OURS_TO_IT,
        *PERCENTILES,
    ],
    START: [("to the first answer", figure("milliseconds", " ms"))],
    CALLS: [
        ("calls each", figure("calls")),
        ("which", write_calls),
    ],
    MEMORY: [("of each connection", figure("traced_bytes", " bytes"))],
}


def render_table(scenario: str, summary: dict[str, Summary]) -> str:
    """Return a scenario's table; a column in which nothing was measured is left out."""
    columns = [
        (title, show)
        for title, show in COLUMNS[SCENARIOS[scenario].measure]
        if any(map(show, summary.values()))
    ]
    rows = [
        [SERVERS[name].title, *(show(of) for _, show in columns)] for name, of in summary.items()
    ]
    return render_rows(["server", *(title for title, _ in columns)], rows)


def render_rows(titles: list[str], rows: list[list[str]]) -> str:
    """Return a table in Markdown; columns in which all begin with a digit are set to the right."""
    columns = zip(*rows, strict=True) if rows else [()] * len(titles)
    has_numbers = [all(cell[:1].isdigit() for cell in cells if cell) for cells in columns]
    lines = [titles, ["---:" if of else "---" for of in has_numbers], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
