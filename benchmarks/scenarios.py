"""What is measured: which application, under which load, on which servers, why not on others."""

from benchmarks.file_scenarios import FILE_SCENARIOS
from benchmarks.scenario import (
    CALLS,
    CROWD,
    HALF,
    LOG,
    MEMORY,
    MIXED,
    QUICK,
    START,
    Scenario,
)
from benchmarks.servers import PROGRAM_SERVERS


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
        "`Host`. A loop that is no server, since it parses nothing and checks nothing, shows what "
        "Python itself takes for an answer, without and with the calls of the handler's API.",
        all_but("waitress-64", "gunicorn-64"),
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

SCENARIOS = PROGRAM_SCENARIOS | FILE_SCENARIOS


def find_servers(name: str, *, is_quick: bool) -> tuple[str, ...]:
    """Return the servers that a scenario is measured on."""
    scenario = SCENARIOS[name]
    if scenario.is_main or not is_quick:
        return scenario.servers
    return tuple(server for server in scenario.servers if server in QUICK)
