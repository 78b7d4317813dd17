"""A request that is not done, and why: what is sent in its place."""

from __future__ import annotations

import contextlib
import errno
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from basehttpserver._engine.listener import OUT_OF_RESOURCES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["RefusedError", "refusing_failures_of_disk"]


class RefusedError(Exception):
    """Leaves an operation; the handler sends it as an error page."""

    def __init__(
        self, status: HTTPStatus, explanation: str, fields: Sequence[tuple[str, str]] = ()
    ) -> None:
        """Keep a status, a sentence for people, and fields that the answer has besides."""
        super().__init__(f"{status.value} {explanation}")
        self.status = status
        self.explanation = explanation
        self.fields = fields


_NO_ROOM: Final = RefusedError(HTTPStatus.INSUFFICIENT_STORAGE, "The disk of the server is full")
_NO_PERMISSION: Final = RefusedError(HTTPStatus.FORBIDDEN, "The server may not change that")
_TAKEN: Final = RefusedError(HTTPStatus.CONFLICT, "The name is taken")
_ABSENT: Final = RefusedError(HTTPStatus.CONFLICT, "There is no such folder")

_BUSY: Final = RefusedError(
    HTTPStatus.SERVICE_UNAVAILABLE, "The server has too much to do", [("Retry-After", "1")]
)

#: Failures that the client can do something about, or whoever runs the server. Others are a 500.
_BY_ERRNO: Final = {
    errno.ENOSPC: _NO_ROOM,
    errno.EFBIG: _NO_ROOM,  # also what RLIMIT_FSIZE says
    getattr(errno, "EDQUOT", errno.ENOSPC): _NO_ROOM,
    errno.EACCES: _NO_PERMISSION,
    errno.EPERM: _NO_PERMISSION,
    errno.EROFS: _NO_PERMISSION,
    errno.EEXIST: _TAKEN,
    errno.EISDIR: _TAKEN,
    errno.ENOENT: _ABSENT,
    errno.ENOTDIR: _ABSENT,
    errno.ELOOP: _ABSENT,
    errno.ENOTEMPTY: RefusedError(HTTPStatus.CONFLICT, "The folder is not empty"),
    **dict.fromkeys(OUT_OF_RESOURCES, _BUSY),
    errno.ENAMETOOLONG: RefusedError(HTTPStatus.BAD_REQUEST, "The name is too long"),
}


@contextlib.contextmanager
def refusing_failures_of_disk() -> Iterator[None]:
    """Turn what the file system says into a `RefusedError`, where that can help the client."""
    try:
        yield
    except OSError as error:
        known = _BY_ERRNO.get(error.errno or 0)
        if known is None:
            raise
        raise RefusedError(known.status, known.explanation, known.fields) from error
