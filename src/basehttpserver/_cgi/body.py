"""The body of a request as the standard input of a script: a temporary file."""

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from http import HTTPStatus
from typing import IO, Any, Final

from basehttpserver._engine import Connection
from basehttpserver._engine.spool import Spool
from basehttpserver.exceptions import PeerError
from basehttpserver.settings import Settings

__all__ = ["spooled_body"]

_BLOCK_BYTES: Final = 65536


@contextlib.contextmanager
def spooled_body(
    rfile: Any, peer: Connection | None, headers: Any
) -> Iterator[tuple[IO[bytes] | int, int | None]]:
    """Read the body to its end; give what ``subprocess`` takes for a standard input, and its size.

    The size is ``None`` where the request has no body. What is read counts in the bound of what the
    server keeps, ``Settings.max_spool_bytes``, unless it counts there already.

    Raises `PeerError` for a malformed body, for a short one, and for one that there is no room for;
    ``TimeoutError``, ``OSError``.
    """
    if peer is None:
        spool = Spool(Settings().max_spool_bytes)
    elif peer.incoming.is_collected:  # An HTTPServer has collected it, within that bound.
        spool = Spool(peer.context.settings.max_spool_bytes)
    else:
        spool = peer.context.spool
    expected = _content_length(headers)
    file: IO[bytes] | None = None
    held = 0
    try:
        while data := _read_some(rfile, peer, expected, held):
            held += len(data)
            spool.hold(len(data))
            if spool.room < 0:
                raise _no_room()
            with _disk_full_is_507():
                if file is None:
                    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed below
                file.write(data)
        if file is None:
            is_there = expected is not None or "Transfer-Encoding" in headers
            yield subprocess.DEVNULL, 0 if is_there else None
        else:
            with _disk_full_is_507():
                file.seek(0)  # This writes what is still in its buffer.
            yield file, held
    finally:
        spool.release(held)
        if file is not None:
            file.close()


def _content_length(headers: Any) -> int | None:
    value = str(headers.get("Content-Length", ""))
    # An engine has refused everything else.
    return int(value) if value.isascii() and value.isdigit() and len(value) < 20 else None


def _read_some(rfile: Any, peer: Connection | None, expected: int | None, held: int) -> bytes:
    """Return the next bytes of the body, a block at most."""
    # Never as much as the client says: only what has come is worth any memory.
    wanted = _BLOCK_BYTES if expected is None else min(_BLOCK_BYTES, expected - held)
    if expected is None and peer is None:
        return b""  # There, nothing else tells where the body ends.
    return rfile.read(wanted) or b"" if wanted else b""


@contextlib.contextmanager
def _disk_full_is_507() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _no_room() from error


def _no_room() -> PeerError:
    return PeerError(
        HTTPStatus.INSUFFICIENT_STORAGE,
        "Insufficient Storage",
        "The server has no room for the body of the request",
    )
