"""The pages that are rendered from results: README.md's table, docs/explanation/measurements.md."""

import re
from pathlib import Path
from typing import Any

from benchmarks.applications import BODY
from benchmarks.servers import ROOT, SERVERS

RESULTS = ROOT / "benchmarks" / "results" / "compare.json"
README = Path("README.md")
PAGE = Path("docs/explanation/measurements.md")
BEGIN, END = "<!-- compare:begin -->", "<!-- compare:end -->"

Results = dict[str, Any]

PAGE_FORMAT = """\
# Measurements

<!-- Written by benchmarks/compare.py, from its results: edit benchmarks/pages.py. -->

One run, from which the table in the [README](../../README.md#one-measured-table) comes, too. To
repeat it, in a checkout:

    pip install '.[benchmark]'
    python -m benchmarks.compare measure
    python -m benchmarks.compare render

It needs `wrk` and a machine with two cores or more; `--help` tells how to make it shorter. The
figures are in `benchmarks/results/compare.json`, and this page is written from them.

## What is measured

**One field.** {connections} connections ask for {length} bytes, again and again; a request has one
field, `Host`. The handler class is the one that everybody writes first:

```python
from basehttpserver import BaseHTTPRequestHandler


{handler}
```

It runs unchanged under `http.server` and here. The other servers have a function, WSGI or ASGI,
that gives the same status, `Content-Type`, `Content-Length` and body.

{one_field}

**Twelve fields.** The same with twelve fields such as a browser sends, in some 600 bytes; each
value but that of `Host` differs from request to request, so that nothing can be remembered.

{browser}

**Mixed load.** {half} connections ask a handler that sleeps {slow_milliseconds:g} ms, and
{half} one that answers at once, at the same time. "Alone" is the rate of the quick ones while
nobody asks the slow handler, "kept" what is left of it in the mixture. {half} connections can have
{possible:g} slow answers a second, "of possible" is the share that they got. What runs its handlers
on one thread has no part in this: `basehttpserver.HTTPServer`, fastpysgi, granian with one blocking
thread, and uvicorn, whose handlers would have to be written otherwise.

{mixed}

## How

* {rounds} rounds. In each, every server in turn: a new process, its answer checked twice over one
  connection (status, body, kept alive), a second to warm up, then {seconds} s with `wrk -t1`. So a
  busy minute of the machine hits all of them.
* The server has one core, all its processes and threads included, and wrk another, of {cores};
  other programs may use them too.
* The tables have the median of the rounds, the lowest and the highest. "Compared" is the ratio of
  medians to the first row, "ours to it" that of `basehttpserver.ThreadingHTTPServer` to this row.
  "99 % within" is the median of wrk's 99th percentiles.
* Errors that wrk counted, in all rounds: {errors}.
* Versions: {versions}.{missing}

How each is run, on another port; in the mixed load with `mixed` in place of `hello`:

| server | `python` … |
| --- | --- |
{commands}

* `http.server` and `basehttpserver` write their default log, a line for each request, which goes
  to the null device. The others write none: waitress, granian and fastpysgi by default, uvicorn as
  one option says.
* "Writes buffered, no Nagle's algorithm" changes two attributes of the handler, `wbufsize = -1` and
  `disable_nagle_algorithm = True`. Without them CPython sends head and body in two writes, and the
  second waits for the client's delayed acknowledgement, some 40 ms.
* CPython's `HTTPServer` is left out: it serves one connection to its end before the next, and all
  but one of those that are kept alive would wait for ever.
* All of them send `Date` and `Server`. What is not said is the server's default: settings, threads,
  limits.

## Each round

Requests/s, in the order in which they were measured.

| load | server | requests/s |
| --- | --- | --- |
{each_round}

## What it does not tell

How a handler that computes fares, or one that reads `self.headers`; other sizes, TLS, many
connections, a slow network. wrk asks again as soon as it has its answer, which no browser does, and
it forgives nothing: a server that stops for a moment loses all that it would have answered. The
machine is shared and virtual: absolute figures do not carry over to yours; ratios do better.
"""

#: Names of the loads of a profile, for readers.
LOADS = {
    ("one-field", "hello"): "one field",
    ("browser", "hello"): "twelve fields",
    ("mixed", "alone"): "quick, alone",
    ("mixed", "quick"): "quick, mixed",
    ("mixed", "slow"): "slow, mixed",
}


def write(root: Path, results: Results) -> None:
    """Write both pages below `root`."""
    readme = root / README
    readme.write_text(insert_table(readme.read_text("utf-8"), render_table(results)), "utf-8")
    (root / PAGE).write_text(render_page(results), "utf-8")


def insert_table(readme: str, table: str) -> str:
    """Return `readme` with the table between its marks."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"README.md lacks the marks {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def render_table(results: Results) -> str:
    """Return the table for README.md, and what stands below it."""
    return f"{render_hello(results, 'one-field')}\n\n{render_caption(results)}"


def render_hello(results: Results, profile: str) -> str:
    lines = [
        "| server | requests/s: median (lowest to highest) | compared | ours to it | 99 % within |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, summary in results["profiles"].get(profile, {}).items():
        of = summary["hello"]
        cells = [
            SERVERS[name].title,
            render_rates(of),
            render_number(summary["compared"]),
            render_number(summary["ours_compared"]),
            f"{render_number(of['p99_milliseconds'])} ms",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def render_mixed(results: Results) -> str:
    lines = [
        "| server | quick alone, requests/s | quick mixed, requests/s | kept | 99 % within "
        "| slow, requests/s | of possible |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, summary in results["profiles"].get("mixed", {}).items():
        alone, quick, slow = summary["alone"], summary["quick"], summary["slow"]
        cells = [
            SERVERS[name].title,
            f"{alone['median']:,.0f}",
            render_rates(quick),
            render_number(summary["quick_kept"]),
            f"{render_number(quick['p99_milliseconds'])} ms",
            f"{slow['median']:,.0f}",
            render_number(summary["slow_of_possible"]),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def render_rates(of: dict[str, Any]) -> str:
    return f"{of['median']:,.0f} ({of['lowest']:,} to {of['highest']:,})"


def render_number(number: float | None) -> str:
    """Return three digits of a ratio or a time; nothing for what was not measured."""
    if number is None:
        return ""
    return f"{number:.3g}" if number < 999.5 else f"{number:,.0f}"


def render_caption(results: Results) -> str:
    versions = results["versions"]
    hello = results["profiles"].get("one-field", {})
    quickest = max(hello, key=lambda name: hello[name]["hello"]["median"], default=None)
    of_quickest = f" The quickest in this run: {SERVERS[quickest].title}." if quickest else ""
    return (
        "A handler that says hello, kept-alive HTTP/1.1, "
        f"{results['connections']} connections, {results['rounds']} rounds of "
        f"{results['seconds']} s in turn, one core for the server and one for wrk "
        f"{versions['wrk']}, on a machine with other work to do; CPython {versions['python']}, "
        f'{versions["system"]}. Read the ratios; "ours" is `basehttpserver.ThreadingHTTPServer`.'
        f"{of_quickest} [How each is run, requests with twelve fields, and handlers that "
        "wait](docs/explanation/measurements.md)."
    )


def render_page(results: Results) -> str:
    """Return docs/explanation/measurements.md."""
    half = results["connections"] // 2
    return PAGE_FORMAT.format(
        **{key: results[key] for key in ("connections", "rounds", "seconds", "cores")},
        slow_milliseconds=results["slow_milliseconds"],
        length=len(BODY),
        half=half,
        possible=half * 1000 / results["slow_milliseconds"],
        handler=read_handler(),
        one_field=render_hello(results, "one-field"),
        browser=render_hello(results, "browser"),
        mixed=render_mixed(results),
        errors=render_errors(results),
        versions=", ".join(f"{name} {version}" for name, version in results["versions"].items()),
        missing=render_missing(results),
        commands=render_commands(results),
        each_round="\n".join(render_rounds(results)),
    )


def read_handler() -> str:
    """Return the handler as the benchmark has it."""
    source = Path(__file__).with_name("handlers.py").read_text("utf-8")
    found = re.search(r"^    class Hello\(base\):\n(.*?)\n\n    return Hello", source, re.M | re.S)
    if found is None:
        raise SystemExit("handlers.py has its class Hello in another shape")
    body = re.sub(r"^    ", "", found[1], flags=re.M)
    return f"class Hello(BaseHTTPRequestHandler):\n{body}"


def render_errors(results: Results) -> str:
    errors = [
        f"{SERVERS[name].title}, {LOADS[profile, kind]}: {of['errors']}"
        for profile, name, kind, of in each_load(results)
        if of["errors"]
    ]
    return "; ".join(errors) if errors else "none"


def render_missing(results: Results) -> str:
    if not results["missing"]:
        return ""
    titles = ", ".join(SERVERS[name].title for name in results["missing"])
    return f"\n* Not installed here, so left out: {titles}."


def render_commands(results: Results) -> str:
    measured = {name for summaries in results["profiles"].values() for name in summaries}
    return "\n".join(
        f"| {server.title} | `{render_command(name)}` |"
        for name, server in SERVERS.items()
        if name in measured
    )


def render_command(name: str) -> str:
    server = SERVERS[name]
    return server.command.format(name=name, application=server.hello or server.mixed, port=8000)


def render_rounds(results: Results) -> list[str]:
    return [
        f"| {LOADS[profile, kind]} | {SERVERS[name].title} "
        f"| {', '.join(map(str, of['requests_per_second']))} |"
        for profile, name, kind, of in each_load(results)
    ]


def each_load(results: Results) -> list[tuple[str, str, str, dict[str, Any]]]:
    """Return profile, server, kind of load, and its figures."""
    return [
        (profile, name, kind, summary[kind])
        for profile, summaries in results["profiles"].items()
        for name, summary in summaries.items()
        for kind in summary
        if (profile, kind) in LOADS
    ]
