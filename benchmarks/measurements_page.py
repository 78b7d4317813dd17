"""docs/explanation/measurements.md and its charts, from the results."""

import re
from pathlib import Path
from typing import Any

from benchmarks import charts
from benchmarks.applications import BODY
from benchmarks.scenario import PROGRAMS, QUICK
from benchmarks.scenarios import SCENARIOS
from benchmarks.servers import SERVERS, Options, Server, make_command
from benchmarks.tables import render_rows, render_table, write_number

PAGE = Path("docs/explanation/measurements.md")

Results = dict[str, Any]

FORMAT = """\
# Measurements

<!-- Written by benchmarks/compare.py, from its results: edit benchmarks/measurements_page.py. -->

One run, from which the table in the [README](../../README.md#one-measured-table) comes, too. To
repeat it, in a checkout:

    make bench

That installs the other servers in an environment of its own, measures for 25 minutes at most, and
writes this page from `benchmarks/results/compare.json`, where the figures of each round are. `make
bench-quick` takes some 4. `make bench PYTHON=/path/to/python3 VENV=.venv-other` takes another
interpreter, and `.venv-bench/bin/python -m benchmarks.compare measure --help` tells how to measure
a part. It needs Linux, two cores or more, wrk, and for some of the rows nginx and strace, which on
Debian and Ubuntu `apt-get install wrk nginx-light strace` installs. [Where the time of one request
of ours goes](profile.md) is on a page of its own.

## What was to be reached

{gates}

Ours is `basehttpserver.ThreadingHTTPServer`. Where it stands beside servers that log no requests,
it is the one with `log_message` overridden to do nothing; each table has it with its default log,
too. "By processor" is the same ratio, reckoned from the processor time that a request costs: what
else the machine does changes it less. Whether a gate is reached is judged by what was measured.

## How

* {rounds}
* In each round, every server in turn, beginning with another one each time: a new process, its
  answer checked twice over one connection (status, body, kept alive), a second to warm up, then
  {seconds} s with `wrk -t1`. So a busy minute of the machine hits all of them.
* The server has one core, all its processes and threads included, and wrk another; other programs
  may use them, too. Machine: {processor}, {cores} cores, {kernel}.
* Load average at start and end of each round: {loads}.
* Interpreter: {python}, {compiler}, {optimized}.
* The tables have the median of the rounds, the lowest and the highest. "Compared" is the ratio of
  rates to that of `http.server.ThreadingHTTPServer` as it is, "ours to it" that of
  `basehttpserver.ThreadingHTTPServer` to this row. Latencies are wrk's, at full load, which makes
  them mostly the time in a queue. "Processor each" is what all processes of the server used of the
  processor, in user mode and in the kernel, divided by requests: of all figures it depends least on
  what else the machine does.
* Errors that wrk counted, in all rounds: {errors}.
* Versions: {versions}.
{missing}
The handler class is the one that everybody writes first, and runs unchanged under `http.server` and
here:

```python
from basehttpserver import BaseHTTPRequestHandler


{handler}
```

Its answer has {length} bytes, and so has that of the others: a function for WSGI or ASGI, or what
the documentation of aiohttp, tornado and socketify shows (`benchmarks/peers/`).

{scenarios}

## How each is run

Each by the shortest command that its documentation would show; what is not said is its default. In
other scenarios `hello` is another application, and some have options: for a log of requests, for
TLS, and to let ten thousand connections in and keep them.

{commands}

* `http.server` and `basehttpserver` write their default log, a line for each request, which goes to
  the null device. The others write none, but in the scenario of the log.
* "Writes buffered, no Nagle's algorithm", in charts "tuned", changes two attributes of the handler,
  `wbufsize = -1` and `disable_nagle_algorithm = True`. Without them CPython sends head and body in
  two writes, and the second waits for the client's delayed acknowledgement, some 40 ms.
* CPython's `HTTPServer` is left out: it serves one connection to its end before the next, and all
  but one of those that are kept alive would wait for ever.

## What it does not tell

wrk asks again as soon as it has its answer, which no browser does, and it forgives nothing: a
server that stops for a moment loses all that it would have answered. All of it happens on one
machine, without a network. The machine may be shared and virtual: absolute figures do not carry
over to yours; ratios do better.
"""


def write(root: Path, results: Results) -> None:
    """Write the page and its charts below `root`, and remove charts of earlier results."""
    (root / PAGE).write_text(render(results), "utf-8")
    charts.write(root, PROGRAMS, results)


def render(results: Results) -> str:
    return FORMAT.format(
        **describe_run(results),
        rounds=render_rounds(results),
        handler=read_handler(),
        length=len(BODY),
        commands=render_commands(results["summary"]),
    )


def describe_run(results: Results) -> dict[str, str]:
    """Return what is said of each run, whatever it measures."""
    machine = results["machine"]
    has_flag = machine["python_has_enable_optimizations"]
    return {
        "gates": render_gates(results["gates"]),
        "seconds": str(results["seconds"]),
        "processor": machine["processor"],
        "cores": str(machine["cores"]),
        "kernel": machine["kernel"],
        "loads": "; ".join(
            f"{write_number(of['load_at_start'])} and {write_number(of['load_at_end'])}"
            for of in results["rounds"]
        ),
        "python": machine["python"],
        "compiler": machine["python_compiler"],
        "optimized": f"configured {'with' if has_flag else 'without'} `--enable-optimizations`",
        "errors": render_errors(results["summary"]),
        "versions": ", ".join(f"{name} {of}" for name, of in results["versions"].items()),
        "missing": render_missing(results),
        "scenarios": "\n\n".join(render_scenarios(results)),
    }


def render_rounds(results: Results) -> str:
    count = len(results["rounds"])
    if results["is_quick"]:
        shown = "; ".join(SERVERS[name].title for name in QUICK)
        return f"The short run, of one round; but for the main scenarios only of {shown}."
    text = f"{count} rounds of the three main scenarios; the others in every second one."
    if not all(of["is_whole"] for of in results["rounds"]):
        text += " The last one broke off when the time was over."
    return text


def render_gates(gates: list[dict[str, Any]]) -> str:
    rows = []
    for gate in gates:
        unit = f" {gate['unit']}" if gate["unit"] else ""
        value = gate["value"]
        reached = {True: "yes", False: "no", None: "not measured"}[gate["is_reached"]]
        rows.append(
            [
                f"{SCENARIOS[gate['scenario']].title}: {gate['text']}",
                f"{'at most' if gate['is_most'] else 'at least'} "
                f"{write_number(gate['bound'])}{unit}",
                f"{write_number(value)}{unit}" if value is not None else "",
                write_number(gate["by_processor"]),
                reached,
            ]
        )
    titles = ["what", "to be reached", "measured", "by processor", "reached"]
    return render_rows(titles, rows)


def render_scenarios(results: Results) -> list[str]:
    sections = []
    for name, summary in results["summary"].items():
        scenario = SCENARIOS[name]
        parts = [f"## {scenario.title}", scenario.text]
        if scenario.without:
            parts[-1] += f" {scenario.without}"
        if name in charts.CHARTED:
            parts.append(f"![{charts.title_of(name)}](images/{name}.svg)")
        parts.append(render_table(name, summary))
        if ends := [
            SERVERS[server].title for server in summary if summary[server].get("silent_ends")
        ]:
            parts.append(
                f"Without saying so beforehand, the connection is ended by: {', '.join(ends)}. wrk "
                "finds that out when it asks again, and it is not counted as an error."
            )
        sections.append("\n\n".join(parts))
    return sections


def render_errors(summary: dict[str, dict[str, dict[str, Any]]]) -> str:
    errors = [
        f"{SCENARIOS[scenario].title}, {SERVERS[name].title}: {of['errors']:,.0f} of "
        f"{of['requests']:,.0f} a round"
        if "requests" in of
        else f"{SCENARIOS[scenario].title}, {SERVERS[name].title}: {of['errors']:,.0f}"
        for scenario, servers in summary.items()
        for name, of in servers.items()
        if of.get("errors")
    ]
    return "; ".join(errors) if errors else "none"


def render_missing(results: Results) -> str:
    lines = [
        f"* Left out: {SERVERS[name].title if name in SERVERS else name}, since {reason}."
        for name, reason in results["missing"].items()
    ]
    lines += [
        f"* Not measured: {SCENARIOS[of['scenario']].title}, {SERVERS[of['server']].title}, round "
        f"{of['round']}: {of['reason']}."
        for of in results["failures"]
    ]
    return "".join(f"{line}\n" for line in lines)


def read_handler() -> str:
    """Return the handler as the benchmark has it."""
    source = Path(__file__).with_name("handlers.py").read_text("utf-8")
    found = re.search(r"^    class Hello\(base\):\n(.*?)\n\n    return Hello", source, re.M | re.S)
    if found is None:
        raise SystemExit("handlers.py has its class Hello in another shape")
    body = re.sub(r"^    ", "", found[1], flags=re.M)
    return f"class Hello(BaseHTTPRequestHandler):\n{body}"


def render_commands(summary: dict[str, dict[str, Any]]) -> str:
    measured = {name for servers in summary.values() for name in servers}
    rows = [
        [
            server.title,
            f"`{make_command(name, Options(), 8000)}`",
            *(f"`{options}`" if options else "" for options in options_of(server)),
        ]
        for name, server in SERVERS.items()
        if name in measured
    ]
    return render_rows(["server", "command", "log", "TLS", "idle connections"], rows)


def options_of(server: Server) -> tuple[str, str, str]:
    """Return what is added where it logs, for HTTPS, and for many connections."""
    tls = (server.tls or "").format(certificate="FILE", key="FILE")
    return server.log or "", tls, server.patient
