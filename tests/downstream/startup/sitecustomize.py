"""What each Python process of a program does first; it is found by ``PYTHONPATH``.

``DOWNSTREAM_REPORT`` is a file of JSON lines, written as things happen; the tests read there

    {"listening": [host, port]}             each address that a server of the program listens on
    {"lane": lane, "handler": name}         each lane that a connection took (see `_lane_choice`):
                                            "event", "thread", "raw" (no HTTP), "hook" (the
                                            program's own process_request), "socketserver"

Who takes the place of ``http.server`` is decided elsewhere: ``python -m basehttpserver run``.
"""

import json
import os
import socketserver


class Report:
    """JSON lines, each once for a process."""

    def __init__(self, path):
        self._path = path
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


if "DOWNSTREAM_REPORT" in os.environ:
    _report = Report(os.environ["DOWNSTREAM_REPORT"])
    watch_listeners(_report)
    if os.environ["DOWNSTREAM_SIDE"] == "basehttpserver":
        watch_lanes(_report)
