"""docs/explanation/profile.md, from the results of profile_request.py and in_process.py."""

from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.tables import render_rows, write_number

PAGE = Path("docs/explanation/profile.md")

#: System calls of which there are fewer for a request are of the connection, or of the threads.
FEWEST_CALLS = 0.02
MOST_FUNCTIONS = 15

Results = dict[str, Any]

FORMAT = """\
# Where the time of a request goes

<!-- Written by benchmarks/profile_request.py, from its results: edit benchmarks/profile_page.py.
-->

A kept-alive GET, whose handler says hello, costs an `HTTPServer` {plain} µs of one core's time, and
{browser} µs with twelve fields such as a browser sends; that is user mode and the kernel, logging
to the null device included. To repeat it, in a checkout: `make bench`, or alone

    .venv-bench/bin/python -m benchmarks.profile_request measure
    .venv-bench/bin/python -m benchmarks.in_process measure
    .venv-bench/bin/python -m benchmarks.profile_request render

{python} ({compiler}, configured {flag} `--enable-optimizations`), {processor}, {kernel}; load
average {load_at_start} at the start, {load_at_end} at the end.

## By layer

A timer interrupts the server, under the load of {connections} connections, whenever it has used
some milliseconds of processor time, and what runs at that moment is noted: {samples} samples for
one field. A share of them, times the time of a request, makes the microseconds. What a function of
C takes, the kernel's part included, counts for the function in Python that called it. The
instructions are those of Python's machine for one field, counted one by one: they are the same in
each run, and a test (`tests/speed`) keeps them from growing.

{layers}

## By file

{files}

A request takes {instructions} instructions in all, {calls} calls of functions in Python and
{c_calls} of functions in C.

## The dearest functions

{functions}

## System calls

What strace counts for one request; the aim is one `recvfrom`, one `sendto`, and a share of an
`epoll_wait`. `write` is the line of the log.

{system_calls}

## The parts that do no I/O

Each alone in a loop, the best of many repetitions, on {of_parts}.

{parts}
"""


def render(results: Results, of_parts: Results) -> str:
    machine = results["machine"]
    plain, browser = results["profiles"]["plain"], results["profiles"]["browser"]
    return FORMAT.format(
        plain=write_number(plain["microseconds"]),
        browser=write_number(browser["microseconds"]),
        python=machine["python"],
        compiler=machine["python_compiler"],
        flag="with" if machine["python_has_enable_optimizations"] else "without",
        processor=machine["processor"],
        kernel=machine["kernel"],
        load_at_start=write_number(results["load_at_start"]),
        load_at_end=write_number(results["load_at_end"]),
        connections=results["connections"],
        samples=f"{plain['samples']:,}",
        layers=render_layers(results),
        files=render_files(results),
        functions=render_functions(plain["functions"]),
        instructions=f"{results['counts']['instructions']:,.0f}",
        calls=f"{results['counts']['calls']:,.0f}",
        c_calls=f"{results['counts']['c_calls']:,.0f}",
        system_calls=render_calls(results["calls"]),
        of_parts=of_parts["machine"]["python"],
        parts=render_rows(
            ["part", "µs"],
            [[title, write_number(of)] for title, of in of_parts["microseconds"].items()],
        ),
    )


def layer_of(file: str) -> str:
    """Return the layer of docs/explanation/design.md that a file belongs to."""
    if file.startswith("_engine/"):
        return "engine"
    if file.startswith("_http1/"):
        return "protocol"
    if file == "the handler" or file.startswith("standard library"):
        return file.partition(":")[0]
    if file in ("handler.py", "_request_syntax.py", "_response_head.py", "_fields.py"):
        return "handler's base class"
    if file == "_request_log.py":
        return "log of requests"
    return "server"


def by_layer(files: dict[str, float]) -> Counter[str]:
    layers: Counter[str] = Counter()
    for file, figure in files.items():
        layers[layer_of(file)] += figure
    return layers


def render_layers(results: Results) -> str:
    profiles = [by_layer(results["profiles"][kind]["files"]) for kind in ("plain", "browser")]
    instructions = by_layer(results["counts"]["by_file"])
    whole = results["profiles"]["plain"]["microseconds"]
    rows = [
        [
            layer,
            write_number(profiles[0][layer]),
            f"{profiles[0][layer] / whole:.0%}",
            write_number(profiles[1][layer]),
            f"{instructions[layer]:,.0f}",
        ]
        for layer in sorted(
            {*profiles[0], *profiles[1], *instructions}, key=lambda of: (-profiles[0][of], of)
        )
    ]
    titles = ["layer", "one field, µs", "share", "twelve fields, µs", "instructions"]
    return render_rows(titles, rows)


def render_files(results: Results) -> str:
    plain, browser = (results["profiles"][kind]["files"] for kind in ("plain", "browser"))
    instructions = results["counts"]["by_file"]
    files = {file for file, count in instructions.items() if count >= 1} | {*plain, *browser}
    rows = [
        [
            file if ":" in file or " " in file else f"`{file}`",
            write_number(plain.get(file, 0)),
            write_number(browser.get(file, 0)),
            f"{instructions.get(file, 0):,.0f}",
        ]
        for file in sorted(files, key=lambda of: (-plain.get(of, 0), of))
    ]
    return render_rows(["file", "one field, µs", "twelve fields, µs", "instructions"], rows)


def render_functions(functions: list[list[Any]]) -> str:
    rows = [
        [f"`{name}` of {file}", write_number(microseconds)]
        for file, name, microseconds in functions[:MOST_FUNCTIONS]
    ]
    return render_rows(["function", "µs"], rows)


def render_calls(calls: dict[str, dict[str, dict[str, float]]]) -> str:
    if not calls:
        return "Not measured: strace was missing."
    columns = [(name, count, of) for name, each in calls.items() for count, of in each.items()]
    names = sorted(
        {name for *_, of in columns for name, count in of.items() if count >= FEWEST_CALLS},
        key=lambda name: (-max(of.get(name, 0) for *_, of in columns), name),
    )
    titles = [
        f"{'HTTPServer' if server == 'ours-single' else 'ThreadingHTTPServer'}, {count} "
        f"connection{'s' if count != '1' else ''}"
        for server, count, _ in columns
    ]
    rows = [[f"`{name}`", *(write_number(of.get(name, 0)) for *_, of in columns)] for name in names]
    return render_rows(["call", *titles], rows)
