"""A first look: ours and CPython's servers with one handler, in turn, under the same load.

    python benchmarks/first_look.py           measures, writes the results, renders the pages
    python benchmarks/first_look.py render    renders the pages from the results

It needs wrk. The pages are the table in README.md and docs/explanation/measurements.md.
"""

import contextlib
import http.client
import http.server
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import basehttpserver

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "first_look.json"
README = ROOT / "README.md"
PAGE = ROOT / "docs" / "explanation" / "measurements.md"
BEGIN, END = "<!-- first_look:begin -->", "<!-- first_look:end -->"

CONNECTIONS = 64
SECONDS = 4
ROUNDS = 5
BODY = b"Hello, world\n"

#: By name: what the table calls it, the server class, the handler's base, and attributes of it.
#: The first is what the others are compared with.
SUBJECTS = {
    "cpython": (
        "`http.server.ThreadingHTTPServer`",
        http.server.ThreadingHTTPServer,
        http.server.BaseHTTPRequestHandler,
        {},
    ),
    "cpython-tuned": (
        "`http.server.ThreadingHTTPServer`, writes buffered, no Nagle's algorithm",
        http.server.ThreadingHTTPServer,
        http.server.BaseHTTPRequestHandler,
        {"wbufsize": -1, "disable_nagle_algorithm": True},
    ),
    "ours-threading": (
        "`basehttpserver.ThreadingHTTPServer`",
        basehttpserver.ThreadingHTTPServer,
        basehttpserver.BaseHTTPRequestHandler,
        {},
    ),
    "ours-single": (
        "`basehttpserver.HTTPServer`",
        basehttpserver.HTTPServer,
        basehttpserver.BaseHTTPRequestHandler,
        {},
    ),
}


PAGE_FORMAT = """\
# Measurements

<!-- Written by benchmarks/first_look.py, from its results: edit that. -->

There is one so far, the table in the [README](../../README.md#one-measured-table). To repeat it:

    python benchmarks/first_look.py

It needs `wrk`, takes a few minutes, and writes `benchmarks/results/first_look.json`, the table and
this page.

## What is measured

One handler, the one that everybody writes first: `send_response`, a `Content-Type`, a
`Content-Length`, `end_headers`, one `write` of 13 bytes; `protocol_version = "HTTP/1.1"`. It runs
unchanged under each server, with the default log, which goes to the null device. The second row
changes two attributes of the handler, `wbufsize = -1` and `disable_nagle_algorithm = True`: without
them CPython sends head and body in two writes, and the second waits for the client's delayed
acknowledgement, some 40 ms. CPython's `HTTPServer` is left out: it serves one connection to its end
before the next, and {connections} that are kept alive would wait for ever.

## How

* {rounds} rounds. In each, every server in turn: a new process, the answer checked twice over one
  connection, a second to warm up, then {seconds} s with `wrk -t1 -c{connections}`. So a busy minute
  of the machine hits all of them.
* The server has one core, wrk another, of {cores}; other programs may use them too.
* The table has the median of the rounds, the lowest and the highest; "compared" is the ratio of
  medians to the first row. "99 % within" is the median of wrk's 99th percentiles.
* Errors that wrk counted: {errors}.

| server | requests/s, each round |
| --- | --- |
{each_round}

## What it tells, and what not

`http.server` gives every connection a thread for as long as it lives. That is quick for a few
dozen busy clients once its two writes are mended, and it is what makes it stop for a few hundred
idle ones. Here a connection has no thread while it waits; so far each request pays for that with
the way from the poller to a thread and back, and with strict parsing. To shorten that way is the
next work.

Not told: how a handler that computes or waits fares, other sizes, other clients, many
connections, a slow network. wrk asks again as soon as it has its answer, which no browser does.
The machine is shared and virtual: absolute figures do not carry over to yours; ratios do better.
Peers other than CPython, and loads like these, come with the benchmark work.
"""


def make_handler(base, attributes):
    """Return the handler of the table: what everybody writes first."""

    class Hello(base):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(BODY)))
            self.end_headers()
            self.wfile.write(BODY)

    for name, value in attributes.items():
        setattr(Hello, name, value)
    return Hello


def serve(name):
    """Serve one subject on a free port until killed; the port is printed."""
    _, server_class, base, attributes = SUBJECTS[name]
    pin_to(0)
    with server_class(("127.0.0.1", 0), make_handler(base, attributes)) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()


def pin_to(core):
    """Keep this process and its children on one core, where there are several."""
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {core})


@contextlib.contextmanager
def running(name):
    """Run a subject in a process of its own; its log goes where it costs the least."""
    process = subprocess.Popen(
        [sys.executable, __file__, "serve", name],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def check_answer(port):
    """Fail unless the answer is right, twice over one connection."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        for _ in range(2):
            client.request("GET", "/")
            response = client.getresponse()
            if (response.status, response.read(), response.will_close) != (200, BODY, False):
                raise SystemExit("a wrong answer: nothing is measured")
    finally:
        client.close()


def drive(port, seconds):
    """Return requests a second, the 99th percentile in milliseconds, and the count of errors."""
    output = subprocess.run(
        [
            "wrk",
            "-t1",
            f"-c{CONNECTIONS}",
            f"-d{seconds}s",
            "--latency",
            f"http://127.0.0.1:{port}/",
        ],
        capture_output=True,
        text=True,
        timeout=seconds + 30,
        check=True,
    ).stdout
    errors = re.search(r"connect (\d+), read (\d+), write (\d+), timeout (\d+)", output)
    if "Non-2xx" in output:
        raise SystemExit(f"answers other than 200:\n{output}")
    return (
        float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1]),
        milliseconds(re.search(r"^\s+99%\s+(\S+)", output, re.M)[1]),
        sum(map(int, errors.groups())) if errors else 0,
    )


def milliseconds(text):
    """Read a duration as wrk prints it."""
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def measure():
    """Measure every subject in turn, ROUNDS times over."""
    pin_to(1)
    runs = {name: [] for name in SUBJECTS}
    for number in range(ROUNDS):
        for name in SUBJECTS:
            with running(name) as port:
                check_answer(port)
                drive(port, 1)
                runs[name].append(drive(port, SECONDS))
            print(f"round {number + 1}: {name}: {runs[name][-1][0]:.0f}/s", flush=True)
    reference = statistics.median(run[0] for run in runs[next(iter(SUBJECTS))])
    greeting = subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"wrk \D*([\d.]+)", greeting)
    return {
        "versions": {
            "basehttpserver": version_of_package(),
            "python": platform.python_version(),
            "wrk": version[1] if version else "unknown",
            "system": f"{platform.system()} {platform.machine()}",
        },
        "cores": os.cpu_count(),
        "connections": CONNECTIONS,
        "seconds": SECONDS,
        "rounds": ROUNDS,
        "subjects": {name: summary(runs[name], reference) for name in SUBJECTS},
    }


def version_of_package():
    """Return the version that pyproject.toml states."""
    return re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.M)[1]


def summary(runs, reference):
    """Return what is kept of the rounds of one subject."""
    rates = [round(run[0]) for run in runs]
    median = statistics.median(rates)
    return {
        "requests_per_second": rates,
        "median": median,
        "lowest": min(rates),
        "highest": max(rates),
        "ratio": round(median / reference, 2),
        "p99_milliseconds": round(statistics.median(run[1] for run in runs), 2),
        "socket_errors": sum(run[2] for run in runs),
    }


def render_table(results):
    """Return the table for README.md."""
    lines = [
        "| server | requests/s: median (lowest to highest) | compared | 99 % within |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name, subject in results["subjects"].items():
        lines.append(
            f"| {SUBJECTS[name][0]} | {subject['median']:,} ({subject['lowest']:,} to "
            f"{subject['highest']:,}) | {subject['ratio']:g} | {subject['p99_milliseconds']:g} ms |"
        )
    return "\n".join([*lines, "", render_caption(results)])


def render_caption(results):
    """Return what stands below the table."""
    versions = results["versions"]
    quickest = max(results["subjects"], key=lambda name: results["subjects"][name]["median"])
    return (
        "A first look, no more: a handler that says hello, kept-alive HTTP/1.1, "
        f"{results['connections']} connections, {results['rounds']} rounds of "
        f"{results['seconds']} s in turn, one core for the server and one for wrk "
        f"{versions['wrk']}, on a machine with other work to do; CPython {versions['python']}, "
        f"{versions['system']}. Read the ratios. The quickest in this run: "
        f"{SUBJECTS[quickest][0]}. "
        "[How it was measured](docs/explanation/measurements.md); other servers and other loads "
        "come with the benchmark work."
    )


def render_page(results):
    """Return docs/explanation/measurements.md."""
    errors = [
        f"{SUBJECTS[name][0]}: {subject['socket_errors']}"
        for name, subject in results["subjects"].items()
        if subject["socket_errors"]
    ]
    rounds = [
        f"| {SUBJECTS[name][0]} | {', '.join(map(str, subject['requests_per_second']))} |"
        for name, subject in results["subjects"].items()
    ]
    return PAGE_FORMAT.format(
        **results, errors="; ".join(errors) if errors else "none", each_round="\n".join(rounds)
    )


def insert_table(readme, table):
    """Return `readme` with the table between its marks."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def render():
    """Write the pages from the results."""
    results = json.loads(RESULTS.read_text("utf-8"))
    README.write_text(insert_table(README.read_text("utf-8"), render_table(results)), "utf-8")
    PAGE.write_text(render_page(results), "utf-8")


def main(arguments):
    if arguments[:1] == ["serve"]:
        serve(arguments[1])
        return
    if arguments != ["render"]:
        if shutil.which("wrk") is None:
            raise SystemExit("wrk is needed: on Debian and Ubuntu, apt-get install wrk")
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(measure(), indent=1) + "\n", "utf-8")
    render()


if __name__ == "__main__":
    main(sys.argv[1:])
