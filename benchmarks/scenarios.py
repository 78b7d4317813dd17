"""What is measured: which application, under which load, on which servers, why not on others."""

from dataclasses import dataclass

from benchmarks.served_files import LARGE, LISTED, MEDIUM, SMALL
from benchmarks.servers import FILE_SERVERS, PROGRAM_SERVERS

CONNECTIONS = 64
HALF = CONNECTIONS // 2
IDLE_CONNECTIONS = 10_000


@dataclass(frozen=True)
class Suite:
    """Scenarios that are measured in one run."""

    name: str
    #: What the others are compared with, and what is compared with them.
    reference: str
    ours: str


PROGRAMS = Suite("compare", reference="cpython", ours="ours-threading")
FILES = Suite("files", reference="files-cpython", ours="files-ours")
SUITES = {suite.name: suite for suite in (PROGRAMS, FILES)}

#: How a scenario is measured: one of benchmarks/measures.py.
STEADY, LOG, MIXED, CROWD, START, CALLS, MEMORY, FILE, CONDITIONAL, RANGE, LISTING, DOWNLOAD = (
    "steady",
    "log",
    "mixed",
    "crowd",
    "start",
    "calls",
    "memory",
    "file",
    "conditional",
    "range",
    "listing",
    "download",
)

#: In the short run, the scenarios that are not the main ones are measured on these alone.
QUICK = ("ours-threading", "ours-serve", "cpython-tuned", "granian")


@dataclass(frozen=True)
class Scenario:
    title: str
    #: What it is, for the page.
    text: str
    servers: tuple[str, ...]
    measure: str = STEADY
    application: str = "hello"
    #: A kind of benchmarks/load.lua.
    load: str = "plain"
    path: str = "/"
    connections: int = CONNECTIONS
    is_secure: bool = False
    #: All servers take part, and it is measured in each round; others are in every second one.
    is_main: bool = False
    #: Why some servers have no part in it.
    without: str = ""
    suite: Suite = PROGRAMS


def all_but(*left_out: str) -> tuple[str, ...]:
    return tuple(name for name in PROGRAM_SERVERS if name not in (*left_out, "ours-serve"))


_VARIANTS = ("ours-threading-quiet", "waitress-64", "gunicorn-64")
_BARE = ("bare-loop", "bare-loop-api")
_MAIN = all_but("waitress-64", "gunicorn-64", *_BARE)
_NO_PROGRAM = "nginx runs no program."

PROGRAM_SCENARIOS = {
    "one-field": Scenario(
        "Small GET",
        "64 kept-alive connections ask for 13 bytes, again and again; a request has one field, "
        "`Host`.",
        _MAIN,
        is_main=True,
    ),
    "browser": Scenario(
        "Twelve fields",
        "The same with twelve fields such as a browser sends, in some 600 bytes; each value but "
        "that of `Host` differs from request to request, so that nothing can be remembered.",
        _MAIN,
        load="browser",
        is_main=True,
    ),
    "fields": Scenario(
        "Three fields read",
        "The same twelve fields, and the handler answers with three of them.",
        _MAIN,
        application="fields",
        load="browser",
        is_main=True,
    ),
    "new-connection": Scenario(
        "A new connection for each request",
        "Each request says `Connection: close`.",
        (
            "ours-threading",
            "ours-single",
            "cpython-tuned",
            "waitress",
            "cheroot",
            "gunicorn",
            "uvicorn",
            "granian",
            "nginx",
        ),
        load="close",
    ),
    "http10": Scenario(
        "HTTP/1.0",
        "Requests in HTTP/1.0, which end their connections.",
        (
            "ours-threading",
            "ours-single",
            "cpython-tuned",
            "waitress",
            "uvicorn",
            "granian",
            "nginx",
        ),
        load="http10",
    ),
    "echo": Scenario(
        "POST of 10 KiB, echoed",
        "The handler reads the body and answers with it.",
        (
            "ours-threading",
            "ours-single",
            "cpython-tuned",
            "waitress",
            "cheroot",
            "gunicorn",
            "uvicorn",
            "granian",
            "granian-asgi",
            "aiohttp",
            "fastpysgi",
        ),
        application="echo",
        load="echo",
        without=f"{_NO_PROGRAM} socketify reads bodies as its documentation shows, and ends with a "
        "segmentation fault after some hundred of them.",
    ),
    "pipelined": Scenario(
        "Pipelined",
        "Sixteen requests at once on each of 64 connections. wrk's times mean nothing here.",
        (
            "ours-threading",
            "ours-single",
            "cpython-tuned",
            "waitress",
            "uvicorn",
            "granian",
            "fastpysgi",
            "nginx",
        ),
        load="pipelined",
    ),
    "large": Scenario(
        "1 MiB",
        "A response of 1 MiB; where a server has files, nginx, it is one.",
        (
            "ours-threading",
            "ours-single",
            "cpython-tuned",
            "waitress",
            "uvicorn",
            "granian",
            "fastpysgi",
            "nginx",
        ),
        application="large",
    ),
    "log": Scenario(
        "Access log to a file",
        "The small GET, first without a log of requests, then with one to a file: of the handler "
        "class as it is (standard error), of `serve()`, and of the peers.",
        (
            "ours-threading",
            "ours-serve",
            "ours-single",
            "cpython-tuned",
            "gunicorn",
            "uvicorn",
            "hypercorn",
            "granian",
            "aiohttp",
            "tornado",
            "nginx",
        ),
        measure=LOG,
        without="waitress, cheroot, socketify and fastpysgi have no log of requests.",
    ),
    "sleeping": Scenario(
        "A handler that sleeps",
        "64 connections ask a handler that sleeps 50 ms: 1,280 answers a second are possible. "
        "ASGI, aiohttp: `asyncio.sleep`.",
        (
            "ours-threading",
            "cpython-tuned",
            "waitress-64",
            "gunicorn-64",
            "granian",
            "uvicorn",
            "aiohttp",
        ),
        application="slow",
        path="/slow",
        without="With one thread, or a few, a server sleeps most of the time.",
    ),
    "computing": Scenario(
        "A handler that computes",
        "A loop in Python, of so many turns that it took 1 ms alone at the start of the run.",
        (
            "ours-threading",
            "ours-single",
            "cpython-tuned",
            "waitress",
            "cheroot",
            "gunicorn",
            "granian",
            "uvicorn",
        ),
        application="computing",
    ),
    "mixed": Scenario(
        "Slow and quick ones",
        "32 connections ask a handler that sleeps 50 ms and 32 one that answers at once, at the "
        'same time. "Alone" is the rate of the quick ones while nobody asks the slow handler, '
        '"kept" what is left of it; the slow ones can have 640 answers a second.',
        (
            "ours-threading",
            "cpython-tuned",
            "waitress",
            "waitress-64",
            "gunicorn-64",
            "granian",
            "uvicorn",
            "aiohttp",
        ),
        measure=MIXED,
        application="slow",
        connections=HALF,
        without="With one thread for its handlers a server has no part in it.",
    ),
    "crowd": Scenario(
        "Idle connections",
        "The small GET, while other connections, each of which has had one answer, are open and "
        "say nothing more. The memory is that of the process, before and after they came.",
        ("ours-threading", "ours-single", "uvicorn", "granian", "aiohttp", "nginx"),
        measure=CROWD,
        without="waitress (100 connections), gunicorn (1,000) and cheroot limit them by default; "
        "`http.server` starts a thread for each.",
    ),
    "idle-memory": Scenario(
        "Memory of an idle connection",
        "Python's memory (tracemalloc) in the server's process: what 1,000 connections that have "
        "had one answer hold.",
        ("ours-threading", "ours-single", "cpython-tuned"),
        measure=MEMORY,
        without="It asks the process itself; others are compared by the process's memory, above.",
    ),
    "tls": Scenario(
        "TLS",
        "The small GET over HTTPS, with a certificate that trustme makes on the spot.",
        (
            "ours-threading",
            "ours-single",
            "cpython-tuned",
            "gunicorn",
            "uvicorn",
            "hypercorn",
            "granian",
            "aiohttp",
            "nginx",
        ),
        is_secure=True,
        without="waitress has no TLS.",
    ),
    "thread-lane": Scenario(
        "The thread lane",
        "The small GET, of a handler that overrides `setup`: in a threading server each of its "
        "connections keeps a thread.",
        ("ours-threading", "ours-single", "cpython-tuned"),
        application="setup",
        without="Only a handler class has that.",
    ),
    "start": Scenario(
        "Start",
        "From the start of the process to the first good answer; the median of three in each "
        "round.",
        all_but(*_VARIANTS, *_BARE, "cpython-tuned", "granian-1", "nginx"),
        measure=START,
        without="nginx is started by a program in Python here.",
    ),
    "system-calls": Scenario(
        "System calls",
        "The small GET, while strace counts: calls of the server for each request.",
        (
            "ours-threading",
            "ours-single",
            "cpython-tuned",
            "waitress",
            "uvicorn",
            "granian",
            "fastpysgi",
            "nginx",
        ),
        measure=CALLS,
    ),
}


def of_files(
    title: str,
    text: str,
    measure: str,
    path: str,
    *left_out: str,
    connections: int = CONNECTIONS,
    without: str = "",
) -> Scenario:
    return Scenario(
        title,
        text,
        tuple(name for name in FILE_SERVERS if name not in left_out),
        measure=measure,
        application="files",
        path=path,
        connections=connections,
        is_main=True,
        without=without,
        suite=FILES,
    )


_CPYTHON = ("files-cpython", "files-cpython-1.1")

FILE_SCENARIOS = {
    "file-1k": of_files(
        "A file of 1 KiB",
        "64 connections ask for it, again and again.",
        FILE,
        f"/{SMALL}",
    ),
    "file-100k": of_files(
        "A file of 100 KiB",
        "The same.",
        FILE,
        f"/{MEDIUM}",
    ),
    "file-100m": of_files(
        "A file of 100 MiB",
        "Four connections download it, again and again. The client is benchmarks/download.py, "
        "which has the kernel throw the bytes away: wrk, which copies them, is busier than nginx.",
        DOWNLOAD,
        f"/{LARGE}",
    ),
    "file-conditional": of_files(
        "Not modified",
        "64 connections ask for the file of 1 KiB with the validator that the server gave for it, "
        "the entity tag in `If-None-Match`, or else the date in `If-Modified-Since`, and are "
        "answered 304.",
        CONDITIONAL,
        f"/{SMALL}",
    ),
    "file-range": of_files(
        "A range of 1 KiB",
        "64 connections ask for the same KiB in the middle of the file of 100 MiB.",
        RANGE,
        f"/{LARGE}",
        *_CPYTHON,
        without="CPython's `http.server` knows no ranges.",
    ),
    "file-listing": of_files(
        "A listing of 1,000 entries",
        "Four connections ask for the page of a folder of a thousand files; each server has its "
        "own.",
        LISTING,
        f"/{LISTED}/",
        # With more, nobody is done with all of the first ones within the second to warm up.
        connections=4,
    ),
}

SCENARIOS = PROGRAM_SCENARIOS | FILE_SCENARIOS


def find_servers(name: str, *, is_quick: bool) -> tuple[str, ...]:
    """Return the servers that a scenario is measured on."""
    scenario = SCENARIOS[name]
    if scenario.is_main or not is_quick:
        return scenario.servers
    return tuple(server for server in scenario.servers if server in QUICK)
