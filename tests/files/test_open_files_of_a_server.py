"""A server keeps open what its handlers open, and sees to it that that ends."""

import functools
import itertools

import pytest

from basehttpserver import HTTPServer, SimpleHTTPRequestHandler, ThreadingHTTPServer
from basehttpserver._files import open_files
from tests.command_line.running import ask
from tests.running import eventually, serving

pytestmark = pytest.mark.skipif(
    not open_files.CAN_KEEP_OPEN, reason="files that are open cannot be renamed"
)


class Ticking:
    """Counts the ticks of a server."""

    def __init__(self, *args, **keywords):
        super().__init__(*args, **keywords)
        self.ticks = itertools.count()
        self.ticked = 0

    def service_actions(self):
        self.ticked = next(self.ticks)


@pytest.mark.parametrize("server_class", [HTTPServer, ThreadingHTTPServer])
def test_first_file_stays_open_over_the_next_ticks(server_class, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(open_files, "IDLE_SECONDS", 60.0)
    (tmp_path / "file").write_bytes(b"content")
    handler = functools.partial(SimpleHTTPRequestHandler, directory=tmp_path)
    server = type("Server", (Ticking, server_class), {})(("127.0.0.1", 0), handler)
    with serving(server, poll_interval=0.01) as running:
        ticked = eventually(lambda: server.ticked)
        assert ask(running.address, "/file").endswith(b"content")
        last = server.ticked
        eventually(lambda: server.ticked > max(ticked, last) + 2)
        assert len(server._open_files) == 1
    assert server._open_files is None
