"""What a scenario is, and how it is measured."""

from dataclasses import dataclass

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
