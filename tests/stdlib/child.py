"""Runs one of CPython's test modules with this package in place of ``http.server``.

    python -I child.py MODULE MODE REPORT [--replace-stream-servers] [--exclude PREFIX]…
        [--class NAME]…

One process each. ``http.server`` is replaced before the suite is imported, so that ``wsgiref`` and
``xmlrpc.server`` build on it without knowing. MODE says by what: ``strict`` (this package's drop-in
as it comes), ``relaxed`` (with ``Settings.like_http_server()``) or ``copy`` (CPython's own source
under another name). REPORT is a JSON file: the outcome of each test.

With ``--replace-stream-servers`` the TCP and Unix stream servers of ``socketserver`` are rebuilt
upon our ``HTTPServer`` before the test module is imported. Their handlers are no HTTP handlers
(plain ``StreamRequestHandler``), which our server dispatches as soon as a connection is accepted.
Datagram servers stay CPython's. In the mode ``copy`` nothing more is replaced: CPython's own
``HTTPServer`` cannot listen on a Unix socket.

Only the standard library is used here: the interpreter may have nothing else.
"""

import argparse
import faulthandler
import importlib
import importlib.util
import json
import socket
import socketserver
import sys
import traceback
import types
import unittest
import warnings
from collections.abc import Callable, Container, Iterator
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().parents[2] / "src"


def replace_http_server(mode: str) -> types.ModuleType:
    """Answer every later ``import http.server`` as the mode says; return that module."""
    if mode == "copy":
        module = copy_of_standard_module()
        sys.modules["http.server"] = module
        importlib.import_module("http").server = module  # type: ignore[attr-defined]
        return module
    sys.path.insert(0, str(SOURCE))
    dropin = importlib.import_module("basehttpserver.dropin")
    if not Path(dropin.__file__ or "").is_relative_to(SOURCE):
        raise RuntimeError(f"imported {dropin.__file__}, which is not below {SOURCE}")
    dropin.install(dropin.Settings.like_http_server() if mode == "relaxed" else None)
    module = importlib.import_module("http.server")
    if sys.version_info >= (3, 13):
        deprecate_cgi(module)
    return module


def deprecate_cgi(module: types.ModuleType) -> None:
    """Let the handler of CGI scripts say that it is deprecated, as the suites want it from 3.13 on.

    Ours is not.
    """
    cgi = importlib.import_module("basehttpserver.cgi")

    class CGIHTTPRequestHandler(cgi.CGIHTTPRequestHandler):  # type: ignore[misc, name-defined]
        def __init__(self, *arguments: Any, **options: Any) -> None:
            warnings.warn("http.server.CGIHTTPRequestHandler", DeprecationWarning, stacklevel=2)
            super().__init__(*arguments, **options)

    module.__dict__["CGIHTTPRequestHandler"] = CGIHTTPRequestHandler


def copy_of_standard_module() -> types.ModuleType:
    """CPython's ``http.server``, executed again as a module of another name."""
    standard = importlib.util.find_spec("http.server")
    assert standard
    assert standard.origin
    spec = importlib.util.spec_from_file_location("copy_of_http_server", standard.origin)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def replace_stream_servers(http_server: type[socketserver.TCPServer]) -> None:
    """Answer every later ``import socketserver`` with one whose stream servers build on ours.

    It is another module object: whoever imported the standard one, our package above all, keeps it.
    """
    module = types.ModuleType("socketserver", "socketserver upon basehttpserver")
    module.__dict__.update(socketserver.__dict__)
    # TCPServer does not reuse addresses, and the tests do not ask for it.
    define_servers(module, "TCPServer", http_server, {"allow_reuse_address": False})
    if hasattr(socket, "AF_UNIX"):
        unix = {"allow_reuse_address": False, "address_family": socket.AF_UNIX}
        define_servers(module, "UnixStreamServer", http_server, unix)
    sys.modules["socketserver"] = module


def define_servers(
    module: types.ModuleType, name: str, base: type, attributes: dict[str, Any]
) -> None:
    """Define a stream server and its threading and forking kin, where ``socketserver`` has them.

    They say that they live in ``socketserver``, since a test compares its ``__all__`` with them.
    """
    origin = {"__module__": "socketserver"}
    plain = type(name, (base,), {**origin, **attributes})
    setattr(module, name, plain)
    for prefix in ("Threading", "Forking"):
        if hasattr(socketserver, prefix + name):
            mixin = getattr(socketserver, f"{prefix}MixIn")
            setattr(module, prefix + name, type(prefix + name, (mixin, plain), dict(origin)))


class RecordingResult(unittest.TestResult):
    """Keeps one outcome for each test id; a failed subtest fails its test."""

    def __init__(self) -> None:
        super().__init__()
        self.outcomes: dict[str, dict[str, str]] = {}

    def record(self, test: Any, outcome: str, detail: str = "") -> None:
        self.outcomes[test.id()] = {"outcome": outcome, "detail": detail}

    def addSuccess(self, test: Any) -> None:
        # unittest reports the success of a test whose subtests failed as nothing at all.
        self.record(test, "passed")

    def addError(self, test: Any, err: Any) -> None:
        self.record(test, "failed", "".join(traceback.format_exception(*err)))

    def addFailure(self, test: Any, err: Any) -> None:
        self.addError(test, err)

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        if err is not None:
            self.record(test, "failed", f"{subtest}\n" + "".join(traceback.format_exception(*err)))

    def addSkip(self, test: Any, reason: str) -> None:
        self.record(test, "skipped", reason)

    def addExpectedFailure(self, test: Any, err: Any) -> None:
        self.record(test, "passed", "an expected failure of CPython's own")

    def addUnexpectedSuccess(self, test: Any) -> None:
        self.record(test, "failed", "an unexpected success")


def each_test(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from each_test(item)
        else:
            yield item


def run_tests(
    module_name: str, excluded_prefixes: tuple[str, ...], classes: Container[str]
) -> dict[str, Any]:
    """Run a test module, or only some of its classes, and return the report about it."""
    loaded = unittest.defaultTestLoader.loadTestsFromName(f"test.{module_name}")
    excluded = [test.id() for test in each_test(loaded) if test.id().startswith(excluded_prefixes)]
    result = RecordingResult()

    def is_kept(test: unittest.TestCase) -> bool:
        is_meant = not classes or type(test).__name__ in classes
        return is_meant and not test.id().startswith(excluded_prefixes)

    # The structure of classes and modules stays, for their fixtures.
    only_those(is_kept, loaded).run(result)
    return {"outcomes": result.outcomes, "excluded": excluded}


def only_those(
    is_kept: Callable[[unittest.TestCase], bool], suite: unittest.TestSuite
) -> unittest.TestSuite:
    kept = unittest.TestSuite()
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            kept.addTest(only_those(is_kept, item))
        elif is_kept(item):
            kept.addTest(item)
    return kept


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("module")
    parser.add_argument("mode", choices=["copy", "relaxed", "strict"])
    parser.add_argument("report", type=Path)
    parser.add_argument("--replace-stream-servers", action="store_true")
    parser.add_argument("--exclude", action="append", default=[])
    parser.add_argument("--class", action="append", default=[], dest="classes")
    parser.add_argument("--hang-seconds", type=float, default=60.0)
    arguments = parser.parse_args()
    # A hang ends with the stack of every thread on stderr; so does a thread that a test left behind
    # and that holds up the exit.
    faulthandler.dump_traceback_later(arguments.hang_seconds, exit=True)
    module = replace_http_server(arguments.mode)
    if arguments.replace_stream_servers and arguments.mode != "copy":
        replace_stream_servers(module.HTTPServer)
    report = run_tests(arguments.module, tuple(arguments.exclude), arguments.classes)
    arguments.report.write_text(json.dumps(report), "utf-8")


if __name__ == "__main__":
    main()
