"""A small file that the server has open costs no more instructions than it did: counted."""

import functools
import os

import pytest
from benchmarks import instruction_count

from basehttpserver.files import SimpleHTTPRequestHandler
from basehttpserver.sharing import SharingHTTPRequestHandler

#: As in `test_instruction_count`: the highest measured count of any CPython, and some 10 %.
MOST_INSTRUCTIONS = {"whole": 3210, "not modified": 2990, "part": 3680}

HANDLERS = {"simple": SimpleHTTPRequestHandler, "sharing": SharingHTTPRequestHandler}


CONTENT = bytes(range(256)) * 8

REQUESTS = {
    "whole": ("/small.bin", "", CONTENT[:1024]),
    "not modified": (
        "/small.bin",
        "If-Modified-Since: Sun, 09 Sep 2001 01:46:40 GMT\r\n",
        b"\r\n\r\n",
    ),
    "part": ("/larger.bin", "Range: bytes=256-1279\r\n", CONTENT[256:1280]),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("folder")
    for name, size in [("small.bin", 1024), ("larger.bin", 2048)]:
        (folder / name).write_bytes(CONTENT[:size])
        os.utime(folder / name, (1e9, 1e9))
    return folder


@pytest.mark.parametrize("handler", HANDLERS.values(), ids=HANDLERS)
@pytest.mark.parametrize("wanted", REQUESTS)
def test_a_file_costs_so_many_instructions(folder, handler, wanted):
    class Compressing(handler):
        protocol_version = "HTTP/1.1"
        symlinks = "inside"
        compress = True
        cache_control = "no-cache"

    target, field, ending = REQUESTS[wanted]
    request = f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n{field}\r\n".encode()
    serving = functools.partial(Compressing, directory=folder)
    counts = instruction_count.count_request(request, serving, ending)
    assert 0 < counts.instructions <= MOST_INSTRUCTIONS[wanted], (
        f"{counts.instructions} instructions for a request, by file: {counts.by_file}"
    )
