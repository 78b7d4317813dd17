"""The body of a request as it comes: block by block, bounded, and never whole in memory."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from basehttpserver._sharing.refusal import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from basehttpserver.handler import BaseHTTPRequestHandler

__all__ = ["RequestBody", "limited"]

#: Large enough that the calls around it do not count, small enough for a thousand at a time.
_BLOCK_BYTES: Final = 65536


class RequestBody:
    """Iterates over the blocks of a body."""

    def __init__(self, handler: BaseHTTPRequestHandler, most: int | None = None) -> None:
        """Look at how long it is said to be; `most` is how long it may be, None: any length.

        Raises a `RefusedError`: 413 for a longer one, 400 and 411 for one whose end nobody knows.
        """
        self._most = most
        # Unbuffered, `rfile` has only `read`, which returns what is there.
        self._read = getattr(handler.rfile, "read1", handler.rfile.read)
        #: None: its end will tell.
        self.length = _length_of(handler)
        if most is not None and self.length is not None and self.length > most:
            raise _too_large(most)

    def __iter__(self) -> Iterator[bytes]:
        """Return an iterator over blocks as they come.

        Raises a 413 `RefusedError` as soon as it is longer than it may be, and what ``rfile``
        raises: for a body that breaks off, too.
        """
        return limited(self._blocks(), self._most)

    def _blocks(self) -> Iterator[bytes]:
        received = 0
        while self.length is None or received < self.length:
            left = _BLOCK_BYTES if self.length is None else self.length - received
            block = self._read(min(_BLOCK_BYTES, left))
            if not block:
                break
            received += len(block)
            yield block
        if self.length is not None and received < self.length:
            raise RefusedError(HTTPStatus.BAD_REQUEST, "The body broke off")


def limited(blocks: Iterable[bytes], most: int | None) -> Iterator[bytes]:
    """Yield blocks; raise a 413 `RefusedError` once they are more than `most` bytes."""
    received = 0
    for block in blocks:
        received += len(block)
        if most is not None and received > most:
            raise _too_large(most)
        yield block


def _length_of(handler: BaseHTTPRequestHandler) -> int | None:
    """Return the length of the body by its head; None where it comes in chunks.

    The engine has checked the head (RFC 9112 6) and decodes chunks. Without it nobody has.
    """
    if "Transfer-Encoding" in handler.headers:
        if handler._peer is not None:
            return None
        raise RefusedError(HTTPStatus.LENGTH_REQUIRED, "A Content-Length is needed")
    value = handler.headers.get("Content-Length", "0").strip()
    if not (value.isascii() and value.isdigit() and len(value) < 20):
        raise RefusedError(HTTPStatus.BAD_REQUEST, "Content-Length is no number")
    return int(value)


def _too_large(most: int) -> RefusedError:
    return RefusedError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A file must not be larger than {most} bytes"
    )
