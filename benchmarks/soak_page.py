"""What the last soak found, in docs/explanation/security.md.

python -m benchmarks.soak_page    writes it between its marks; the rest of the page is by hand
"""

import json
from collections import Counter
from typing import Any

from benchmarks.servers import ROOT

RESULTS = ROOT / "benchmarks" / "results" / "soak.json"
PAGE = ROOT / "docs" / "explanation" / "security.md"
BEGIN = "<!-- Written by benchmarks/soak_page.py, from benchmarks/results/soak.json. -->\n"
END = "<!-- End of what is written by it. -->\n"

FORMAT = """\
The last run: {start}, {minutes:.0f} minutes, seed {seed}, CPython {python}, {system}. {good:,} good
clients came, {broken:,} broken and {hostile:,} hostile ones, each to one of four servers in one
process: `HTTPServer` and `ThreadingHTTPServer`, plain and over TLS. The slowest good client needed
{slowest_good_seconds:.1f} s for all that it asked, on a machine with other work{stalled}.
Faults: {faults}. With no connection open the process held

| | after the first minute | at the end | at most in between |
| --- | ---: | ---: | ---: |
"""

#: What it is, its name in a sample, its unit, how many that is.
ROWS = (
    ("descriptors", "descriptors", "", 1),
    ("threads", "threads", "", 1),
    ("memory that `malloc` has given out", "allocated_bytes", " KiB", 1024),
    ("memory, as the system counts it", "resident_bytes", " KiB", 1024),
    ("memory in Python's objects", "traced_bytes", " KiB", 1024),
)


def render(page: str, results: dict[str, Any]) -> str:
    """Return `page` with what is between the marks as the results say."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{PAGE} lacks the marks {BEGIN!r} and {END!r}")
    return f"{before}{BEGIN}{render_results(results)}{END}{after}"


def render_results(results: dict[str, Any]) -> str:
    kinds: Counter[str] = Counter()
    for name, count in results["counts"].items():
        kinds[name.partition(" ")[0]] += count
    introduction = FORMAT.format(
        **{
            **results,
            "faults": len(results["faults"]) or "none",
            "good": kinds["good"],
            "broken": kinds["broken"],
            "hostile": kinds["hostile"],
            "stalled": describe_stalls(results["stalls"]),
        }
    )
    faults = ["\n", *(f"* Fault: `{each}`\n" for each in results["faults"])]
    return introduction + "".join([*(render_row(each, results) for each in ROWS), *faults])


def render_row(row: tuple[str, str, str, int], results: dict[str, Any]) -> str:
    title, name, unit, divisor = row
    first, *between, last = (each[name] / divisor for each in results["quiet"])
    cells = [first, last, max(between, default=last)]
    return f"| {title} | {' | '.join(f'{each:,.0f}{unit}' for each in cells)} |\n"


def describe_stalls(stalls: list[tuple[str, float]]) -> str:
    if not stalls:
        return ""
    longest = max(seconds for _, seconds in stalls)
    return f" (stalls of a second and more: {len(stalls)}, the longest {longest:.1f} s)"


def main() -> None:
    results = json.loads(RESULTS.read_text("utf-8"))
    PAGE.write_text(render(PAGE.read_text("utf-8"), results), "utf-8")


if __name__ == "__main__":
    main()
