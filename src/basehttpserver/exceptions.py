"""What can go wrong, by whose fault.

The peer's fault is a `PeerError`: it has an HTTP status and a fixed reason that never repeats the
peer's bytes, and it ends the connection. The handler's fault is an ordinary exception (`ValueError`
for a header that cannot be sent, whatever the handler raised by itself). Nobody's fault is a client
that went away: `ConnectionError`, as the socket module raises it.
"""

from http import HTTPStatus

__all__ = ["PeerError", "PeerTimeoutError"]


class PeerError(Exception):
    """The client sent something that is malformed, ambiguous or over a limit.

    It leaves ``rfile.read()`` when a request body turns out to be malformed. A handler need not
    catch it: the server answers with `status` if nothing was sent yet, and closes the connection.
    """

    def __init__(self, status: HTTPStatus, reason: str, explanation: str | None = None) -> None:
        """Keep the status, a short reason for the status line and a sentence for the error page."""
        super().__init__(f"{status.value} {reason}")
        self.status = status
        self.reason = reason
        self.explanation = explanation


class PeerTimeoutError(TimeoutError):
    """The client kept a handler waiting past a deadline of `Settings`.

    A ``TimeoutError``, so that ``handle_one_request`` ends the connection as in ``http.server``.
    """
