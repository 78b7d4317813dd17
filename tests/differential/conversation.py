"""Holds one conversation with a server, and makes the servers and files that it is held with."""

import contextlib
import os
import re
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.differential.handlers import HandlerFactory
from tests.differential.requests import Conversation

#: No server here needs a tenth of it; a conversation that is open afterwards is said to be so.
DEADLINE_SECONDS = 8.0

#: 2023-11-14 22:13:20 UTC, which `requests.LAST_MODIFIED` says, too.
MODIFICATION_TIME = 1_700_000_000

TREE = {
    ".hidden": b"hidden\n",
    "100%.txt": b"percent\n",
    "PAGE.HTML": b"<p>upper case\n",
    "archive.tar.gz": b"\x1f\x8b compressed",
    "data.unknown": b"unknown\n",
    "empty": b"",
    "folder/<b> & 'c'.txt": b"markup\n",
    "folder/page.html": b"<p>page\n",
    "folder/below/deep.txt": b"deep\n",
    "large.bin": bytes(range(256)) * 2000,
    "old-site/index.htm": b"<p>old\n",
    "plain.txt": b"plain text\n",
    "site/index.html": b"<p>index\n",
    "with space.txt": b"space\n",
    "\u00fcmlaut.txt": "\u00fcmlaut\n".encode(),
}

_VARIES = re.compile(rb"^(Server|Date|ETag): [^\r\n]*", re.MULTILINE)


class Answer(NamedTuple):
    """Everything that the server said, and whether it ended the connection."""

    data: bytes
    ended: bool = True


def make_tree(parent: Path) -> Path:
    """Make the folder that the file handlers serve; a file beside it must stay out of reach."""
    (parent / "outside.txt").write_bytes(b"out of reach\n")
    root = parent / "served"
    for name, content in TREE.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (MODIFICATION_TIME, MODIFICATION_TIME))
    (root / "void").mkdir()
    return root


@contextlib.contextmanager
def serving(
    server_class: type[socketserver.BaseServer], handler: HandlerFactory, **attributes: Any
) -> Iterator[tuple[str, int]]:
    """A server of a class with these attributes, on a port that the system chose."""
    configured: Any = type(server_class.__name__, (server_class,), attributes)
    with configured(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server.server_address
        finally:
            server.shutdown()
            thread.join(DEADLINE_SECONDS)
    assert not thread.is_alive()


def converse(address: tuple[str, int], conversation: Conversation) -> Answer:
    """Send what the client sends and read until the server ends the connection."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    with socket.create_connection(address, DEADLINE_SECONDS) as client:
        # A server may refuse, and close, while the client still sends.
        with contextlib.suppress(ConnectionError):
            client.sendall(conversation.data)
            if conversation.half_close:
                client.shutdown(socket.SHUT_WR)
        return read_answer(client, deadline)


def read_answer(client: socket.socket, deadline: float) -> Answer:
    """Read to the end. A reset ends a connection, too: what came before it counts."""
    received = bytearray()
    try:
        while True:
            client.settimeout(max(deadline - time.monotonic(), 0.001))
            data = client.recv(65536)
            if not data:
                break
            received += data
    except TimeoutError:
        return Answer(bytes(received), ended=False)
    except ConnectionResetError:
        pass
    return Answer(bytes(received))


def masked(answer: Answer) -> Answer:
    """The answer without what differs from server to server and from second to second."""
    return answer._replace(data=_VARIES.sub(rb"\1: *", answer.data))
