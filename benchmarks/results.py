"""The results of a run: every figure as it was measured, and what they come to, in one JSON file.

runs        one for each server, scenario and round: the figures, nothing left out
failures    what could not be measured, and why
summary     by scenario and server: the median of each figure, the lowest and highest rate,
            the ratios; computed from the runs, as are the gates
"""

import json
import statistics
from pathlib import Path
from typing import Any

from benchmarks import gates
from benchmarks.ratio import divide
from benchmarks.scenario import MIXED, PROGRAMS, Suite
from benchmarks.scenarios import SCENARIOS
from benchmarks.servers import ROOT, SERVERS

FOLDER = ROOT / "benchmarks" / "results"

Results = dict[str, Any]
Run = dict[str, Any]

#: What is added up over the rounds; of all else the median counts.
_SUMMED = "errors"


def path_of(suite: Suite) -> Path:
    return FOLDER / f"{suite.name}.json"


PATH = path_of(PROGRAMS)


def load(path: Path = PATH) -> Results:
    results: Results = json.loads(path.read_text("utf-8"))
    return results


def save(results: Results, path: Path) -> None:
    """Write the results, with a summary of the runs so far; a reader never sees half of them."""

    results["summary"] = summarize(results["runs"])
    results["gates"] = gates.judge_all(results["summary"])
    path.parent.mkdir(exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(encode(results), "utf-8")
    partial.replace(path)


def encode(results: Results) -> str:
    """Return JSON with a line for each run, so that it stays readable and small."""
    lists = {}
    for key in ("runs", "gates"):
        lines = ",\n  ".join(json.dumps(of) for of in results[key])
        lists[f'"{key}": "{key}"'] = f'"{key}": [\n  {lines}\n ]' if lines else f'"{key}": []'
    summary = ",\n  ".join(
        json.dumps(scenario)
        + ": {\n   "
        + ",\n   ".join(f"{json.dumps(name)}: {json.dumps(of)}" for name, of in servers.items())
        + "\n  }"
        for scenario, servers in results["summary"].items()
    )
    lists['"summary": "summary"'] = '"summary": {\n  ' + summary + "\n }" if summary else "{}"
    placeholders = {"runs": "runs", "gates": "gates", "summary": "summary"}
    text = json.dumps(results | placeholders, indent=1)
    for placeholder, written in lists.items():
        text = text.replace(placeholder, written)
    return text + "\n"


def summarize(runs: list[Run]) -> dict[str, dict[str, dict[str, Any]]]:
    """Return, by scenario and server, what the runs come to."""
    summary: dict[str, dict[str, dict[str, Any]]] = {}
    for scenario in SCENARIOS:
        figures = {
            server: of
            for server in SERVERS
            if (of := [run["figures"] for run in runs if is_of(run, scenario, server)])
        }
        if figures:
            summary[scenario] = {server: summarize_figures(of) for server, of in figures.items()}
            compare(scenario, summary[scenario])
    return summary


def is_of(run: Run, scenario: str, server: str) -> bool:
    return bool(run["scenario"] == scenario and run["server"] == server)


def summarize_figures(figures: list[dict[str, float]]) -> dict[str, Any]:
    """Return the median of each figure, and how far the rates are apart."""
    names = dict.fromkeys(name for of in figures for name in of)
    summary: dict[str, Any] = {}
    for name in names:
        values = [of[name] for of in figures if name in of]
        is_sum = name == _SUMMED
        summary[name] = sum(values) if is_sum else round(statistics.median(values), 3)
        if name in ("requests_per_second", "milliseconds"):
            summary["lowest"], summary["highest"] = min(values), max(values)
    return summary


def compare(scenario: str, summary: dict[str, dict[str, Any]]) -> None:
    """Add how the rates compare: to http.server's, ours to each, with what it is without."""
    suite = SCENARIOS[scenario].suite
    rates = {name: of.get("requests_per_second") for name, of in summary.items()}
    for name, of in summary.items():
        if rates[name] is not None:
            of["compared"] = divide(rates[name], rates.get(suite.reference))
            of["ours_compared"] = divide(rates.get(suite.ours), rates[name])
        if "without_requests_per_second" in of:
            of["kept"] = divide(rates[name], of["without_requests_per_second"])
        if SCENARIOS[scenario].measure == MIXED:
            of["kept"] = divide(rates[name], of["alone_requests_per_second"])
