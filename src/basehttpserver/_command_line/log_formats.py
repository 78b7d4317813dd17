"""How requests are logged: as ``http.server`` does, in Apache's formats, or as JSON.

A line of the others is written when the head of its response is whole, so that it has the size.
"""

import datetime as dt
import json
from http import HTTPStatus
from typing import Any, ClassVar, Final

from basehttpserver._request_log import write_line
from basehttpserver.handler import BaseHTTPRequestHandler

__all__ = ["LOG_FORMATS", "Quiet"]

_QUOTED: Final = {
    ord('"'): r"\"",
    ord("\\"): r"\\",
    **{code: rf"\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))},
}

_MAX_VALUE_CHARACTERS: Final = 2048


class Quiet(BaseHTTPRequestHandler):
    """Logs nothing."""

    def log_message(self, format: str, *args: Any) -> None:
        """Write no line."""


class _AtEndOfHead(BaseHTTPRequestHandler):
    """Logs a request once, when it is known how much is sent."""

    _status: int | str | None = None

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Keep the status until the head is whole."""
        self._status = code.value if isinstance(code, HTTPStatus) else code

    def log_error(self, format: str, *args: Any) -> None:
        """Leave out what the line of the request says, too; write the rest."""
        if format != "code %d, message %s":
            super().log_error(format, *args)

    def end_headers(self) -> None:
        """Log; a head of 1xx is followed by another."""
        status, self._status = self._status, None
        size = self._announced_size()
        super().end_headers()
        if status is not None and not str(status).startswith("1"):
            write_line(self.format_line(status, size) + "\n")

    def _announced_size(self) -> int | None:
        if self.command == "HEAD":
            return 0
        for line in getattr(self, "_headers_buffer", ()):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length" and value.strip().isdigit():
                return int(value)
        return None

    def format_line(self, status: int | str, size: int | None) -> str:
        """Return the line, without its end."""
        raise NotImplementedError

    def field(self, name: str) -> str | None:
        """Return a field of the request, where there is one, cut to a size that a log can have."""
        headers = getattr(self, "headers", None) if self.is_parsed else None
        value = None if headers is None else headers.get(name)
        return None if value is None else str(value)[:_MAX_VALUE_CHARACTERS]

    @property
    def user(self) -> str | None:
        """Whom the request has shown to come from."""
        found: str | None = getattr(self, "remote_user", None)
        return found if self.is_parsed else None

    @property
    def is_parsed(self) -> bool:
        """Whether the head was one; else the attributes may be those of the request before."""
        return bool(self.request_version)


class Common(_AtEndOfHead):
    """The Common Log Format of Apache and others: ``%h %l %u %t "%r" %>s %b``."""

    def format_line(self, status: int | str, size: int | None) -> str:
        """Return the line, without its end."""
        now = dt.datetime.now(dt.UTC).astimezone()
        month = self.monthname[now.month]
        return (
            f"{self.address_string()} - {_quote(self.user)} "
            f'[{now:%d}/{month}/{now:%Y:%H:%M:%S %z}] "{_quote(self.requestline)}" '
            f"{status} {size or '-'}"
        )


class Combined(Common):
    """The same, with ``"%{Referer}i" "%{User-Agent}i"`` behind it."""

    def format_line(self, status: int | str, size: int | None) -> str:
        """Return the line, without its end."""
        others = (_quote(self.field(name)) for name in ("Referer", "User-Agent"))
        return super().format_line(status, size) + "".join(f' "{value}"' for value in others)


class Json(_AtEndOfHead):
    """One JSON object for a request; times are UTC (RFC 3339), what is not known is left out.

    A request that was refused for its head has that line of it, as ``request``. What else is logged
    is an object, too, so that each line can be read as one.
    """

    _fields: ClassVar[dict[str, str]] = {
        "host": "Host",
        "referer": "Referer",
        "user_agent": "User-Agent",
    }

    def log_message(self, format: str, *args: Any) -> None:
        """Log what is about no answer."""
        message = (format % args)[:_MAX_VALUE_CHARACTERS]
        write_line(_object({**self._origin, "message": message}) + "\n")

    @property
    def _origin(self) -> dict[str, object]:
        now = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
        return {"time": now.replace("+00:00", "Z"), "client": self.address_string()}

    def format_line(self, status: int | str, size: int | None) -> str:
        """Return the line, without its end."""
        request: dict[str, object] = {"request": self.requestline[:_MAX_VALUE_CHARACTERS] or None}
        if self.is_parsed:
            request = {
                "user": self.user,
                "method": self.command,
                "target": self.path[:_MAX_VALUE_CHARACTERS],
                "version": self.request_version,
            }
        line = {
            **self._origin,
            **request,
            "status": status,
            "bytes": size,
            **{name: self.field(field) for name, field in self._fields.items()},
        }
        return _object(line)


def _object(values: dict[str, object]) -> str:
    return json.dumps({name: value for name, value in values.items() if value is not None})


def _quote(value: str | None) -> str:
    return (value or "-")[:_MAX_VALUE_CHARACTERS].translate(_QUOTED)


#: By the words of ``--log-format``.
LOG_FORMATS: Final = {"common": Common, "combined": Combined, "json": Json}
