"""The parts of a request that do no I/O, one by one, in microseconds: the best of many repetitions.

    python -m benchmarks.in_process             prints
    python -m benchmarks.in_process measure     writes benchmarks/results/in_process.json, too

Two go into the protocol's inside, for the head of a request and that of a response alone; the
others go through the seam that the engine uses, `Protocol`; the last ones are whole handlers
without a server.
"""

import http.client
import io
import json
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks import machine
from benchmarks.handlers import QUIET, make_fields, make_hello
from benchmarks.servers import ROOT

from basehttpserver import BaseHTTPRequestHandler, Settings
from basehttpserver._http1 import Http1Connection
from basehttpserver._http1.head import HeadReader
from basehttpserver._http1.response import ResponseEncoder

PATH = ROOT / "benchmarks" / "results" / "in_process.json"

#: Each is repeated for so long, in so many parts, of which the quickest counts.
SECONDS, PARTS = 0.5, 25

ONE_FIELD = b"GET / HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n"
TWELVE_FIELDS = (
    b"GET / HTTP/1.1\r\n"
    b"Host: 127.0.0.1:8000\r\n"
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
    b"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    b"Accept-Language: en-GB,en;q=0.5\r\n"
    b"Accept-Encoding: gzip, deflate, br\r\n"
    b"Referer: http://127.0.0.1:8000/pages/1\r\n"
    b"Cookie: session=0123456789; theme=dark\r\n"
    b"Origin: http://127.0.0.1:8000\r\n"
    b"Cache-Control: max-age=0\r\n"
    b'If-None-Match: "0123456789"\r\n'
    b'Sec-CH-UA: "Chromium";v="128"\r\n'
    b"X-Request-ID: 0123456789abcdef\r\n\r\n"
)
CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNKS = b"1000\r\n%b\r\n" % bytes(4096) * 16 + b"0\r\n\r\n"
RESPONSE_HEAD = (
    b"HTTP/1.1 200 OK\r\nServer: BaseHTTP/0.6\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
    b"Content-Type: text/plain\r\nContent-Length: 13\r\n\r\n"
)
BODY = b"Hello, world\n"


class SocketLike:
    """What a handler without a server needs."""

    def __init__(self, request: bytes) -> None:
        self._request = request

    def makefile(self, mode: str, buffering: int = -1) -> io.BytesIO:
        return io.BytesIO(self._request)

    def sendall(self, data: bytes) -> None:
        """Send it nowhere."""


def make_exchange(request: bytes) -> Callable[[], object]:
    protocol = Http1Connection(Settings())

    def run_exchange() -> object:
        protocol.receive(request)
        head = protocol.next_head()
        protocol.send_head(RESPONSE_HEAD, keeps_alive=True, is_last=False)
        protocol.send_body(BODY)
        taken = protocol.take(last=True)
        protocol.finish(keep=True)
        protocol.begin_again()
        return head, taken

    return run_exchange


def parse_fields_of_http_client() -> object:
    return http.client.parse_headers(io.BytesIO(TWELVE_FIELDS.partition(b"\r\n")[2]))


def decode_chunks() -> object:
    protocol = Http1Connection(Settings())
    protocol.receive(CHUNKED)
    protocol.next_head()
    protocol.receive(CHUNKS)
    while protocol.read_body(65536):
        pass
    return protocol


def run_handler(make: Callable[[type], type], request: bytes) -> Callable[[], object]:
    handler = type("Quiet", (make(BaseHTTPRequestHandler),), {**QUIET})
    closing = request.replace(b"\r\nHost", b"\r\nConnection: close\r\nHost", 1)
    return lambda: handler(SocketLike(closing), ("127.0.0.1", 1), None)


def make_parts() -> dict[str, Callable[[], object]]:
    """Return what is measured, by what it is called on the page."""

    def parse_head(request: bytes) -> Callable[[], object]:
        reader = HeadReader(Settings())
        return lambda: reader.try_read(bytearray(request))

    def encode_head() -> object:
        encoder = ResponseEncoder("GET", (1, 1))
        encoder.send_head(RESPONSE_HEAD, keeps_alive=True, is_last=False)
        encoder.send_body(BODY)
        return encoder.take(last=True)

    return {
        "the head of a request with one field": parse_head(ONE_FIELD),
        "the head of a request with twelve fields": parse_head(TWELVE_FIELDS),
        "the same fields, by `http.client.parse_headers`": parse_fields_of_http_client,
        "64 KiB in sixteen chunks, with the head before them": decode_chunks,
        "the framing of a response, head and body given": encode_head,
        "a whole exchange of the protocol, one field": make_exchange(ONE_FIELD),
        "a whole exchange of the protocol, twelve fields": make_exchange(TWELVE_FIELDS),
        "a handler's life without a server, one field": run_handler(make_hello, ONE_FIELD),
        "the same, which reads three of twelve fields": run_handler(make_fields, TWELVE_FIELDS),
    }


def time_part(part: Callable[[], object]) -> float:
    """Return microseconds."""
    began = time.perf_counter()
    part()
    once = max(time.perf_counter() - began, 1e-7)
    turns = max(1, round(SECONDS / PARTS / once))
    return round(min(time_turns(part, turns) for _ in range(PARTS)) / turns * 1e6, 3)


def time_turns(part: Callable[[], object], turns: int) -> float:
    began = time.perf_counter()
    for _ in range(turns):
        part()
    return time.perf_counter() - began


def measure() -> dict[str, Any]:
    return {
        "machine": machine.describe_machine(),
        "microseconds": {title: time_part(part) for title, part in make_parts().items()},
    }


def main() -> None:
    results = measure()
    for title, microseconds in results["microseconds"].items():
        print(f"{microseconds:10.2f} us  {title}")
    if sys.argv[1:] == ["measure"]:
        PATH.write_text(json.dumps(results, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
