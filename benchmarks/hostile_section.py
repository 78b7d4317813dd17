"""The section of docs/explanation/security.md that is rendered from the results of hostile.py."""

import re
from pathlib import Path
from typing import Any

from benchmarks.good_client import INTERVAL_SECONDS
from benchmarks.servers import ROOT
from benchmarks.slowhttptest import ATTACKS, SECONDS

RESULTS = ROOT / "benchmarks" / "results" / "hostile.json"
PAGE = Path("docs/explanation/security.md")
BEGIN, END = "<!-- hostile:begin -->", "<!-- hostile:end -->"

Results = dict[str, Any]

SECTION_FORMAT = """\
<!-- Written by benchmarks/hostile.py, from its results: edit benchmarks/hostile_section.py. -->

One run of [slowhttptest](https://github.com/shekyan/slowhttptest) {slowhttptest} with
{tool_connections:,} connections, all at once, for {seconds} s; and of a crowd of ours:
{crowd_connections:,} connections that send a byte a second of a head, and {crowd_connections:,}
that send nothing. Meanwhile a good client asks for a small file every {interval:g} ms, on a new
connection and on a kept one in turn, and so it does before and after. The goal: it gets every
answer, and 99 % of them within less than {most_times} times as long as undisturbed, by the quicker
of before and after. While it waits it cannot ask; who would have asked meanwhile is counted with
what was left to wait. {verdict}

{table}

"Beside" is a second server of the same kind, which nobody attacks, asked at the same time: what it
suffers is the machine's doing. Python {python}, {system}, {cores} cores, on a machine that may have
other work to do (load averages of {loads}), which can only make an attempt worse: so of up to
{attempts} the best counts, the first that reaches the goal or else the one that comes nearest.
All of them are in `benchmarks/results/hostile.json`. Deadlines are short, so that all of them pass
during the attack: {deadlines}.{missing}

{crowds}

What takes long: a new connection waits its turn behind all those that came before it in the
kernel's queue, for as long as it takes to accept them; on kept connections nobody waits for that.
What is answered at once, as ranges are, ends an attack early; it is begun again, and so a flood.
A thousand threads that begin, or give up, at one moment all want the interpreter lock. Who is slow
has none before `spool_memory_bytes` of a body are here; `max_workers` says how many there may be.

To repeat it, on Linux, in a checkout, with `slowhttptest` installed:

    python -m benchmarks.hostile measure
    python -m benchmarks.hostile render"""


def write(root: Path, results: Results) -> None:
    """Write the section into the page below `root`."""
    path = root / PAGE
    path.write_text(insert(path.read_text("utf-8"), results), "utf-8")


def insert(page: str, results: Results) -> str:
    """Return the page with the section between its marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{PAGE} lacks the marks {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{render(results, read_bound(before))}\n{END}{after}"


def read_bound(page: str) -> int:
    """Return the bytes that a connection may hold which waits for a request, as the page says."""
    found = re.search(r"^\| waits for a request \| (\d+) KiB", page, re.MULTILINE)
    if found is None:
        raise SystemExit(f"{PAGE} does not say what a connection holds that waits for a request")
    return int(found[1]) * 1024


def render(results: Results, bound_bytes: int) -> str:
    names = ("tool_connections", "crowd_connections", "most_times", "cores", "attempts")
    loads = [attempt["load_average"] for attempt in each_attempt(results)]
    return SECTION_FORMAT.format(
        **results["versions"],
        **{name: results[name] for name in names},
        loads=f"{min(loads):g} to {max(loads):g}",
        seconds=SECONDS,
        interval=INTERVAL_SECONDS * 1000,
        verdict=render_verdict(results),
        table=render_table(results),
        deadlines=", ".join(f"`{name}` {value}" for name, value in results["deadlines"].items()),
        missing=render_missing(results),
        crowds=render_crowds(results, bound_bytes),
    )


def render_verdict(results: Results) -> str:
    rows = [attempt for _, _, attempt in each_row(results)]
    count = sum(is_within(attempt, results) for attempt in rows)
    return f"That was reached in {count} of {len(rows)} rows."


def each_attempt(results: Results) -> list[Results]:
    """Return all attempts, also those that do not count."""
    measured = [*results["slowhttptest"].values(), results["crowd"]]
    return [each for best in measured for found in best.values() for each in found["attempts"]]


def is_within(attempt: Results, results: Results) -> bool:
    return attempt["during"]["failures"] == 0 and attempt["times"] < results["most_times"]


def each_row(results: Results) -> list[tuple[str, str, Results]]:
    """Return what was done, to which server, and the best attempt."""
    rows = [
        (server, ATTACKS[name].title, attempt)
        for name, attempts in results["slowhttptest"].items()
        for server, attempt in attempts.items()
    ]
    rows += [(server, "crowd", attempt) for server, attempt in results["crowd"].items()]
    rows += [
        (server, "crowd, once it is there", summarize_stay(attempt))
        for server, attempt in results["crowd"].items()
    ]
    return sorted(rows, key=lambda row: row[0], reverse=True)


def summarize_stay(attempt: Results) -> Results:
    """Return an attempt without the time in which the crowd connected."""
    during, undisturbed = attempt["after_arrival"], attempt["undisturbed"]
    times = during["p99_milliseconds"] / undisturbed["p99_milliseconds"]
    return {**attempt, "during": during, "times": times}


def render_missing(results: Results) -> str:
    rows = each_row(results)
    measured = {(server, title) for server, title, _ in rows}
    titles = [*(attack.title for attack in ATTACKS.values()), "crowd"]
    missing = [
        f"`{server}`, {title}"
        for server in sorted({server for server, _, _ in rows})
        for title in titles
        if (server, title) not in measured
    ]
    return f"\nNot measured in this run: {'; '.join(missing)}." if missing else ""


def render_table(results: Results) -> str:
    lines = [
        "| server | attack | undisturbed: median, 99 % within | attacked: median, 99 % within "
        "| times | failed | beside: 99 % within | reached |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for server, title, attempt in each_row(results):
        during = attempt["during"]
        cells = [
            f"`{server}`",
            title,
            render_times(attempt["undisturbed"]),
            render_times(during),
            f"{attempt['times']:,.1f}",
            f"{during['failures']} of {during['requests']:,}",
            render_milliseconds(attempt["twin"]["p99_milliseconds"]),
            "yes" if is_within(attempt, results) else "**no**",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def render_times(summary: Results) -> str:
    return ", ".join(
        render_milliseconds(summary[name]) for name in ("median_milliseconds", "p99_milliseconds")
    )


def render_milliseconds(value: float) -> str:
    return f"{value:.2g} ms" if value < 99.5 else f"{value:,.0f} ms"


def render_crowds(results: Results, bound_bytes: int) -> str:
    lines = [
        "| the crowd at | connections | resident memory of each | slow heads: 408 | last after "
        "| idle: closed | last after |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for server, attempt in results["crowd"].items():
        held = attempt["bytes_per_connection"]
        compared = "below" if held < bound_bytes else "**above**"
        cells = [
            f"`{server}`",
            f"{attempt['most_connections']:,}",
            f"{held / 1024:.1f} KiB, {compared} {bound_bytes // 1024} KiB",
            *render_endings(attempt["crowds"]["dripping"], "HTTP/1.1 408"),
            *render_endings(attempt["crowds"]["idle"], "closed"),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def render_endings(crowd: Results, how: str) -> list[str]:
    count = crowd["endings"].get(how, 0)
    return [f"{count:,} of {crowd['connections']:,}", f"{crowd['oldest_seconds']:.1f} s"]
