"""Runs an unchanged program on this package, or on plain ``http.server``, and says how it went.

    python launch.py SIDE REPORT [-m MODULE | SCRIPT] [ARGUMENT…]

SIDE is ``basehttpserver`` or ``http.server``. REPORT is a file of JSON lines, written as things
happen; whoever started this reads there

    {"listening": [host, port]}             each address that a server of the program listens on
    {"lane": lane, "handler": name}         each lane that a connection took (see `_lane_choice`):
                                            "event", "thread", "raw" (no HTTP), "hook" (the
                                            program's own process_request), "socketserver"

The program sees nothing of it: `sys.argv`, `sys.path` and `__main__` are as if it ran by itself.
"""

import importlib
import json
import os
import runpy
import socketserver
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SIDES = ("basehttpserver", "http.server")


class Report:
    """JSON lines, each once."""

    def __init__(self, path):
        self._path = path
        self._process = os.getpid()
        self._written = set()

    def write(self, **fact):
        """Append a line; in a forked child, too, since it is opened for each line."""
        line = json.dumps(fact, sort_keys=True)
        if line not in self._written:
            self._written.add(line)
            with open(self._path, "a", encoding="utf-8") as file:
                file.write(line + "\n")


def watch_listeners(report):
    """Report where any server of socketserver listens."""
    activate = socketserver.TCPServer.server_activate

    def server_activate(self):
        activate(self)
        address = self.socket.getsockname()
        report.write(listening=list(address[:2]) if isinstance(address, tuple) else str(address))

    socketserver.TCPServer.server_activate = server_activate


def watch_lanes(report):
    """Report which lane a connection takes, where the engine decides it."""
    from basehttpserver import HTTPServer, _lane_choice
    from basehttpserver._lanes import Lanes

    takes_event_lane, run_unpolled = Lanes._takes_event_lane, Lanes._run_unpolled
    serve_forever = HTTPServer.serve_forever

    def note(server, lane):
        handler_class = _lane_choice.class_of(server.RequestHandlerClass)
        name = "a callable" if handler_class is None else handler_class.__name__
        report.write(lane=lane, handler=name)

    def watched_takes_event_lane(self, connection):
        is_event_lane = takes_event_lane(self, connection)
        otherwise = "hook" if self._gives_to_hook else "thread"
        note(self._server, "event" if is_event_lane else otherwise)
        return is_event_lane

    def watched_run_unpolled(self, accepted):
        note(self._server, "raw")
        run_unpolled(self, accepted)

    def watched_serve_forever(self, *arguments, **keywords):
        if not _lane_choice.can_poll(self):
            note(self, "socketserver")
        serve_forever(self, *arguments, **keywords)

    Lanes._takes_event_lane = watched_takes_event_lane
    Lanes._run_unpolled = watched_run_unpolled
    HTTPServer.serve_forever = watched_serve_forever


def run(arguments):
    """Run a program on plain ``http.server``."""
    sys.path.pop(0)  # The folder of this file.
    if arguments[0] == "-m":
        sys.path.insert(0, os.getcwd())
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.path.insert(0, str(Path(arguments[0]).resolve().parent))
        sys.argv = arguments
        runpy.run_path(arguments[0], run_name="__main__")


def install_in_place():
    """Put this package in the place of ``http.server``."""
    sys.path.insert(0, str(ROOT))
    child = importlib.import_module("tests.stdlib.child")
    child.install_http_server(child.build_http_server("strict"))
    sys.path.remove(str(ROOT))


def main():
    side, report_path, *arguments = sys.argv[1:]
    if side not in SIDES:
        sys.exit(f"{side!r} is none of {SIDES}")
    report = Report(Path(report_path).resolve())
    watch_listeners(report)
    if side == "basehttpserver":
        watch_lanes(report)
        install_in_place()
    run(arguments)


if __name__ == "__main__":
    main()
