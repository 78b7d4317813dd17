"""The log of clients that come to no request, by a clock that we turn."""

import io
import sys

import pytest

from basehttpserver import BaseHTTPRequestHandler
from basehttpserver._refusal_log import PAUSE_SECONDS, RefusalLog
from tests.engine.fakes import Clock

SERVER = object()
ADDRESS = ("192.0.2.7", 1234)


@pytest.fixture
def clock():
    return Clock()


def noting():
    """A handler class that notes what it logs, and the list of that."""
    lines = []

    class Handler(BaseHTTPRequestHandler):
        def __init__(self, *args):
            raise AssertionError("there is no request")

        def log_error(self, format, *args):
            assert self.server is SERVER
            lines.append(f"{self.address_string()} {format % args}")

    return Handler, lines


def test_line_goes_where_the_handler_s_lines_go(clock):
    handler, lines = noting()
    RefusalLog(clock).note(handler, SERVER, ADDRESS, "no TLS")
    assert lines == ["192.0.2.7 no TLS"]


def test_one_line_in_a_while(clock):
    handler, lines = noting()
    log = RefusalLog(clock)
    for _ in range(5):
        log.note(handler, SERVER, ADDRESS, "no TLS")
    clock.now += PAUSE_SECONDS
    for _ in range(2):
        log.note(handler, SERVER, ADDRESS, "too old")
    assert lines == [
        "192.0.2.7 no TLS",
        "192.0.2.7 too old (4 more clients were refused before)",
    ]


def test_handler_that_cannot_log_without_a_request(clock, capsys):
    class Needing(BaseHTTPRequestHandler):
        def log_message(self, format, *args):
            raise AttributeError(self.path)

    RefusalLog(clock).note(Needing, SERVER, ADDRESS, "no TLS")
    assert capsys.readouterr().err.endswith("] no TLS\n")


@pytest.mark.parametrize("handler", [None, object])
def test_handler_that_logs_nothing(handler, clock, capsys):
    """It may be a callable, or not for HTTP."""
    RefusalLog(clock).note(handler, SERVER, ADDRESS, "no TLS")
    line = capsys.readouterr().err
    assert line.startswith("192.0.2.7 - - [")
    assert line.endswith("] no TLS\n")


def test_log_that_cannot_be_written(clock, monkeypatch):
    """A client can bring a refusal about at will: what it may cost is a line."""

    class Broken(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Broken())
    log = RefusalLog(clock)
    for handler in (BaseHTTPRequestHandler, None):
        clock.now += PAUSE_SECONDS
        log.note(handler, SERVER, ADDRESS, "no TLS")
