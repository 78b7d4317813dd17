"""A folder with CGI scripts, and a server of theirs."""

import contextlib
import functools
import os
import sys

from basehttpserver import CGIHTTPRequestHandler, ThreadingHTTPServer
from tests.running import serving

#: Stands in the source of each script, and in no answer.
SECRET = "the source"

ANYWHERE = ("127.0.0.1", 0)


class Scripts(CGIHTTPRequestHandler):
    """The handler under test, which keeps the connection and logs to its server."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format, *args):
        self.server.logged.append(format % args)


class Site:
    """A folder to be served; scripts are in ``cgi-bin``."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "cgi-bin").mkdir()

    def add(self, name, text, mode=0o755):
        """Write a file, by default an executable one; return its path."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        path.chmod(mode)
        return path

    def sh(self, name, *lines, mode=0o755):
        """Write a script for the shell."""
        return self.add(
            f"cgi-bin/{name}", "\n".join(["#!/bin/sh", f"# {SECRET}", *lines, ""]), mode
        )

    def hello(self, name="hello.sh", **options):
        return self.sh(name, "echo Content-Type: text/plain", "echo", "echo hello", **options)

    def python(self, name, *lines, mode=0o755):
        """Write a script in Python."""
        text = "\n".join([f"#!{sys.executable} -IS", f"# {SECRET}", *lines, ""])
        return self.add(f"cgi-bin/{name}", text, mode)

    @contextlib.contextmanager
    def serving(self, server_class=ThreadingHTTPServer, handler=Scripts, settings=None, **named):
        """Run a server; `named` are attributes of the handler class."""
        made = type("Scripts", (handler,), named)
        make = functools.partial(made, directory=self.folder)
        server = server_class(ANYWHERE, make, settings=settings)
        server.logged = []
        with serving(server) as running:
            running.logged = server.logged
            yield running


def is_running(process_id):
    """Tell whether a process is there and has not ended."""
    try:
        with open(f"/proc/{process_id}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        pass
    if os.path.isdir("/proc/self"):
        return False
    try:
        os.kill(process_id, 0)
    except OSError:
        return False
    return True
