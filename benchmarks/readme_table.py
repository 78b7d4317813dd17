"""README.md's one table, with its chart: a choice of servers in the three main scenarios."""

from pathlib import Path
from typing import Any

from benchmarks.charts import FOLDER
from benchmarks.scenarios import SCENARIOS
from benchmarks.servers import SERVERS
from benchmarks.tables import render_rows, write_number

README = Path("README.md")
BEGIN, END = "<!-- compare:begin -->", "<!-- compare:end -->"

MAIN = tuple(name for name, scenario in SCENARIOS.items() if scenario.is_main)

SHOWN = (
    "ours-threading",
    "ours-threading-quiet",
    "cpython",
    "cpython-tuned",
    "waitress",
    "gunicorn",
    "uvicorn",
    "granian",
    "fastpysgi",
    "nginx",
)

Results = dict[str, Any]


def write(root: Path, results: Results) -> None:
    """Write the table below `root`."""
    path = root / README
    path.write_text(insert(path.read_text("utf-8"), results), "utf-8")


def insert(readme: str, results: Results) -> str:
    """Return `readme` with the table between its marks."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"README.md lacks the marks {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{render(results)}\n{END}{after}"


def render(results: Results) -> str:
    summary = results["summary"]
    scenarios = [scenario for scenario in MAIN if scenario in summary]
    titles = ["requests/s", *(SCENARIOS[scenario].title for scenario in scenarios)]
    rows = [
        [SERVERS[name].title, *(write_cell(summary[scenario].get(name)) for scenario in scenarios)]
        for name in SHOWN
        if any(name in summary[scenario] for scenario in scenarios)
    ]
    chart = f"![Requests/s of all servers, small GET]({(FOLDER / 'one-field.svg').as_posix()})"
    return f"{chart}\n\n{render_rows(titles, rows)}\n\n{render_caption(results)}"


def write_cell(of: dict[str, Any] | None) -> str:
    """Return a rate, and in brackets how many times that ours is."""
    if of is None:
        return ""
    rate = f"{of['requests_per_second']:,.0f}"
    return f"{rate} ({write_number(of['ours_compared'])})" if of["ours_compared"] else rate


def render_caption(results: Results) -> str:
    machine = results["machine"]
    count = len(results["rounds"])
    rounds = f"medians of {count} rounds" if count > 1 else "one round"
    return (
        "In brackets: the rate of `basehttpserver.ThreadingHTTPServer`, divided by this one. "
        f"Kept-alive HTTP/1.1, {results['connections']} connections, {rounds} of "
        f"{results['seconds']} s in turn, one core for the server and one for wrk "
        f"{results['versions']['wrk']}; {machine['python']}, {machine['processor']}, "
        f"{machine['kernel']}. Read the ratios: a shared machine makes the rates. [All scenarios "
        "and servers, latencies, memory, and what was to be reached]"
        "(docs/explanation/measurements.md)."
    )
