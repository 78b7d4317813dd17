"""docs/explanation/measurements-of-files.md and its charts, from the suite `files`."""

from pathlib import Path
from typing import Any

from benchmarks import charts
from benchmarks.download import CONNECTIONS
from benchmarks.measurements_page import Results, describe_run
from benchmarks.scenario import FILES
from benchmarks.servers import FILE_SERVERS, Options, make_command
from benchmarks.tables import render_rows

PAGE = Path("docs/explanation/measurements-of-files.md")

FORMAT = """\
# Measurements of the file server

<!-- Written by benchmarks/compare.py, from its results: edit benchmarks/files_page.py. -->

One run. To repeat it, in a checkout:

    make bench-files

That installs the other servers in an environment of its own, measures for 24 minutes at most, and
writes this page from `benchmarks/results/files.json`, where the figures of each round are. It needs
Linux, two cores or more, wrk, and for some of the rows nginx and npm, which on Debian and Ubuntu
`apt-get install wrk nginx-light npm` installs. How handlers compare with programs of other servers
is on [another page](measurements.md).

## What was to be reached

{gates}

Ours is `python -m basehttpserver`. "By processor" is the same ratio, reckoned from the processor
time that a request costs: what else the machine does changes it less. Whether a gate is reached is
judged by what was measured.

## How

* {rounds}
* In each round, every server in turn, beginning with another one each time: a new process, its
  answer checked twice over one connection, to the last byte (of a listing: that each name is in
  it), a second to warm up, then {seconds} s. So a busy minute of the machine hits all of them.
* The server has one core, all its processes and threads included, and the client another; other
  programs may use them, too. Machine: {processor}, {cores} cores, {kernel}.
* Load average at start and end of each round: {loads}.
* Interpreter: {python}, {compiler}, {optimized}.
* The tables have the median of the rounds, the lowest and the highest. "Compared" is the ratio of
  rates to that of `python -m http.server`, "ours to it" that of `python -m basehttpserver` to this
  row. "Processor each" is what all processes of the server used of the processor, in user mode and
  in the kernel, divided by requests; on one machine it includes most of what the network does.
* The client is `wrk -t1`, but for the file of 100 MiB. There it is a loop over {connections}
  connections that has the kernel throw the bytes away, uncopied. "Client busy" is the share of its
  core that it used: where that comes near 100 %, the server could do more.
* All files are in the page cache. No request says that it accepts a content coding.
* Errors that wrk counted, in all rounds: {errors}.
* Versions: {versions}.
{missing}
{scenarios}

## How each is run

Each by the shortest command, or program, that its documentation would show; what is not said is its
default. `FOLDER` has the three files, and a folder of a thousand empty ones.

{commands}

* `http.server` and `basehttpserver` write their default log, a line for each request, which goes to
  the null device. The others write none.
* `python -m http.server` speaks HTTP/1.0 by default: each request has a connection of its own. It
  speaks HTTP/1.1 where it is told to, and then sends head and file in two writes, of which the
  second may wait for the client's delayed acknowledgement, some 40 ms.
* nginx has one worker, and `sendfile`, `tcp_nopush` and the lack of `open_file_cache` of Debian's
  configuration; `autoindex` is on. In its second row `open_file_cache` is on, too: then it may
  serve for 60 s what is no longer there.

## What it does not tell

wrk asks again as soon as it has its answer, which no browser does. All of it happens on one
machine, without a network and without a disk. The machine may be shared and virtual: absolute
figures do not carry over to yours; ratios do better.
"""


def write(root: Path, results: Results) -> None:
    """Write the page and its charts below `root`."""
    (root / PAGE).write_text(render(results), "utf-8")
    charts.write(root, FILES, results)


def render(results: Results) -> str:
    return FORMAT.format(
        **describe_run(results),
        rounds=render_rounds(results),
        connections=CONNECTIONS,
        commands=render_commands(results["summary"]),
    )


def render_rounds(results: Results) -> str:
    count = len(results["rounds"])
    text = "One round." if count == 1 else f"{count} rounds."
    if results["is_quick"]:
        text += " It is the short run."
    elif not all(of["is_whole"] for of in results["rounds"]):
        text += " The last one broke off when the time was over."
    return text


def render_commands(summary: dict[str, dict[str, Any]]) -> str:
    measured = {name for servers in summary.values() for name in servers}
    rows = [
        [server.title, f"`{make_command(name, Options(), 8000)}`"]
        for name, server in FILE_SERVERS.items()
        if name in measured
    ]
    return render_rows(["server", "command"], rows)
