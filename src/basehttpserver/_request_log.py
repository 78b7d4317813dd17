"""The log of a handler: the ``log_`` methods."""

import contextlib
import functools
import sys
import time
from http import HTTPStatus
from typing import Any, ClassVar, Final

__all__ = ["RequestLog", "write_line"]

#: An address of IP: host, port, and more. (A union of types would be made anew for each line.)
_OF_PARTS: Final = (tuple, list)

#: What a log line of ours may have at most; a request line of 64 KiB is no use in a log.
_MAX_LOG_CHARACTERS: Final = 8192


class RequestLog:
    """What `BaseHTTPRequestHandler` does to log: one line for a request, one for an error."""

    weekdayname: ClassVar[list[str]] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    monthname: ClassVar[list[str | None]] = [
        None, "Jan", "Feb", "Mar", "Apr", "May", "Jun",
        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]  # fmt: skip

    client_address: Any
    requestline: str = ""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log a request that is answered with `code`. `send_response` calls it."""
        if isinstance(code, HTTPStatus):
            code = int(code)  # Its `value` takes ten times as long before Python 3.12.
        self.log_message('"%s" %s %s', self.requestline, str(code), str(size))

    def log_error(self, format: str, *args: Any) -> None:
        """Log what went wrong; by default as `log_message` does."""
        self.log_message(format, *args)

    def log_message(self, format: str, *args: Any) -> None:
        """Write one line to ``sys.stderr``: the address, the time, and ``format % args``.

        Control characters are escaped, and a backslash with them, so that a request cannot forge
        a line or drive a terminal. Where ``sys.stderr`` is missing, closed or broken, the line is
        lost, and nothing else: http.server answers 500 there, to everybody.
        """
        message = format % args
        if len(message) > _MAX_LOG_CHARACTERS:
            message = message[:_MAX_LOG_CHARACTERS] + "…"
        if "\\" in message or not message.isprintable():
            message = message.translate(self._control_char_table)
        write_line(f"{self.address_string()} - - [{self.log_date_time_string()}] {message}\n")

    _control_char_table: ClassVar[dict[int, str]] = {
        **{code: rf"\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))},
        ord("\\"): r"\\",
    }

    def log_date_time_string(self) -> str:
        """Return the local time as the log has it."""
        day, month, rest = _local_time(int(time.time()))
        return f"{day}/{self.monthname[month]:>3}/{rest}"

    def address_string(self) -> str:
        """Return the client's address for the log; a client on a Unix socket has none."""
        address = self.client_address
        if isinstance(address, _OF_PARTS) and address:
            return str(address[0])
        return str(address) if address else "-"


def write_line(line: str) -> None:
    """Write to ``sys.stderr`` as it is now; lose the line where that cannot be."""
    try:
        sys.stderr.write(line)
    except UnicodeEncodeError:
        with contextlib.suppress(Exception):
            sys.stderr.write(line.encode("ascii", "backslashreplace").decode("ascii"))
    except Exception:
        return


@functools.lru_cache(maxsize=8)
def _local_time(second: int) -> tuple[str, int, str]:
    """Return day, number of the month, and year and time, as the log has them."""
    # Each line of the log has them: 2 microseconds for the first of a second, none for the others.
    now = time.localtime(second)
    clock = f"{now.tm_hour:02d}:{now.tm_min:02d}:{now.tm_sec:02d}"
    return f"{now.tm_mday:02d}", now.tm_mon, f"{now.tm_year:04d} {clock}"
