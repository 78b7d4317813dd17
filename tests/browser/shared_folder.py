"""A folder that ``python -m basehttpserver`` shares, as users run it, and what its log says.

with share(folder, "--upload", "--zip") as shared:
    browser_page.goto(shared.url())
    assert shared.count("GET", 200) == 1
"""

import contextlib
import functools
import json
import os
from typing import NamedTuple

from tests.running import eventually
from tests.wire.command_line import NotServingError, serve

#: How the names of files begin that uploads have until they are whole; nobody is shown them.
UPLOADS = ".upload-"


class Seen(NamedTuple):
    """One request, by the log."""

    method: str
    target: str
    status: int
    #: By whom, where somebody was asked.
    user: str | None = None


class Shared:
    """A running server."""

    def __init__(self, served, folder):
        self.served = served
        self.folder = folder
        self.port = served.address[1]

    def url(self, target="/", port=None):
        """Return a URL; `port` is that of a proxy before it."""
        return f"http://127.0.0.1:{port or self.port}{target}"

    @property
    def seen(self):
        """What was asked and answered so far."""
        lines = [json.loads(line) for line in self.served.log.read_text().splitlines()]
        return [
            Seen(line["method"], line["target"], line["status"], line.get("user")) for line in lines
        ]

    def count(self, method, status=None):
        return sum(one.method == method and status in (None, one.status) for one in self.seen)

    def targets(self):
        return [one.target for one in self.seen]

    @property
    def names(self):
        """All names in the folder, but for those of uploads."""
        return sorted(name for name in os.listdir(self.folder) if not name.startswith(UPLOADS))

    @property
    def bytes_of_uploads(self):
        """How much has come of uploads that are not whole."""
        return sum(path.stat().st_size for path in self.folder.glob(f"{UPLOADS}*.part"))


@contextlib.contextmanager
def share(folder, *options, port=0):
    """Share a folder; a `port` that it had before may be somebody else's for a while."""
    serving = functools.partial(
        serve,
        folder,
        folder.with_name(f"{folder.name}.log"),
        "--log-format",
        "json",
        *options,
        port=port,
    )
    with contextlib.ExitStack() as stack:

        def try_serve():
            with contextlib.suppress(*([NotServingError] if port else [])):
                return stack.enter_context(serving())

        yield Shared(eventually(try_serve, f"port {port} is free"), folder)
