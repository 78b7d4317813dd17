"""What is measured of servers of files."""

from benchmarks.scenario import (
    CONDITIONAL,
    CONNECTIONS,
    DOWNLOAD,
    FILE,
    FILES,
    LISTING,
    RANGE,
    Scenario,
)
from benchmarks.served_files import LARGE, LISTED, MEDIUM, SMALL
from benchmarks.servers import FILE_SERVERS


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
