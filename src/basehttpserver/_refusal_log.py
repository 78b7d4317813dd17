"""Lines of the log that no handler is there to write.

`log_error_for` has them go where the handler's lines go. A `RefusalLog` is for clients that come to
no request, because their TLS handshake has failed: that costs a client nothing to bring about, so
that there is one line a second at most.
"""

import contextlib
from collections.abc import Callable
from typing import Any, Final

from basehttpserver._request_log import RequestLog

__all__ = ["RefusalLog", "log_error_for"]

#: Between two lines. A flood must not fill the disk, and one line tells what is the matter.
PAUSE_SECONDS: Final = 1.0


class RefusalLog:
    """One for a server."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Measure time by `clock`."""
        self._clock = clock
        self._next_line = 0.0
        self._left_out = 0

    def note(
        self, handler_class: type | None, server: Any, client_address: Any, reason: str
    ) -> None:
        """Log a refusal as `log_error_for` does, or count it for the next. Raises nothing."""
        now = self._clock()
        if now < self._next_line:
            self._left_out += 1
            return
        self._next_line = now + PAUSE_SECONDS
        left_out, self._left_out = self._left_out, 0
        more = f" ({left_out} more clients were refused before)" if left_out else ""
        log_error_for(handler_class, server, client_address, reason + more)


def log_error_for(
    handler_class: type | None, server: Any, client_address: Any, message: str
) -> None:
    """Log a message by the ``log_error`` of `handler_class`, without a handler of that class.

    Raises nothing: a log that cannot be written must not be a way to end the server.
    """
    for each_class in (handler_class, None):  # An override may need a request.
        with contextlib.suppress(Exception):
            _log_for(each_class, server, client_address).log_error("%s", message)
            return


def _log_for(handler_class: type | None, server: Any, client_address: Any) -> Any:
    """Make what logs as a handler does; its constructor would ask for a request."""
    is_handler = handler_class is not None and hasattr(handler_class, "log_error")
    log: Any = object.__new__(handler_class if handler_class and is_handler else RequestLog)
    log.server = server
    log.client_address = client_address
    return log
