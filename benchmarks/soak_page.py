"""What the last soak found, in docs/explanation/security.md.

python -m benchmarks.soak_page    writes it between its marks; the rest of the page is by hand
"""

import json
from collections import Counter
from typing import Any

from benchmarks.servers import ROOT
from benchmarks.soak import RESULTS

PAGE = ROOT / "docs" / "explanation" / "security.md"
BEGIN = "<!-- Written by benchmarks/soak_page.py, from benchmarks/results/soak.json. -->\n"
END = "<!-- End of what is written by it. -->\n"

FORMAT = """\
The last run: {start}, {minutes:.0f} minutes, seed {seed}, CPython {python}, {system}. {good:,} good
clients came, {broken:,} broken and {hostile:,} hostile ones, each to one of four servers in one
process: `HTTPServer` and `ThreadingHTTPServer`, plain and over TLS. The slowest good client needed
{slowest_good_seconds:.1f} s for all that it asked, on a machine with other work. Faults: {faults}.
With no connection open the process held

| | after the first minute | at the end |
| --- | ---: | ---: |
| descriptors | {first[descriptors]} | {last[descriptors]} |
| threads | {first[threads]} | {last[threads]} |
| memory, as the system counts it | {first_resident:.1f} MiB | {last_resident:.1f} MiB |
| memory in Python's objects | {first_traced:,.0f} KiB | {last_traced:,.0f} KiB |
"""


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
    first, last = results["first"], results["last"]
    return FORMAT.format(
        **{
            **results,
            "faults": len(results["faults"]) or "none",
            "good": kinds["good"],
            "broken": kinds["broken"],
            "hostile": kinds["hostile"],
        },
        first_resident=first["resident_bytes"] / 2**20,
        last_resident=last["resident_bytes"] / 2**20,
        first_traced=first["traced_bytes"] / 2**10,
        last_traced=last["traced_bytes"] / 2**10,
    ) + "".join(["\n", *(f"* Fault: `{each}`\n" for each in results["faults"])])


def main() -> None:
    results = json.loads(RESULTS.read_text("utf-8"))
    PAGE.write_text(render(PAGE.read_text("utf-8"), results), "utf-8")


if __name__ == "__main__":
    main()
