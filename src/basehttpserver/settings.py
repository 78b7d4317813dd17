"""Settings: every limit and deadline of a server, each with its reason beside it.

One frozen object, given to a server as the class attribute ``settings`` or the keyword of the same
name. Values are checked when the object is made, so that a bad setting fails at the start and not
at the first hostile client. None of the defaults breaks an honest program that was written for
``http.server``: bodies may have any size, handlers may take any time.
"""

from dataclasses import dataclass, fields
from typing import Any, Self

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Limits and deadlines of a server; immutable. Raises ``ValueError`` for a value out of range.

    Names tell units: ``_seconds``, ``_bytes``, ``_bytes_per_second``. A limit that may be off is
    ``None`` when it is.
    """

    # Deadlines. Each is a total, not a time for one `recv`: a byte now and then does not extend it.

    #: From the first byte of a head to its end. Apache's mod_reqtimeout begins at 20 s, too.
    head_timeout_seconds: float = 20.0
    #: From accept, or from the end of an exchange, to the first byte of the next head. Longer than
    #: the 50 s in which browsers and proxies commonly reuse a connection, shorter than nginx's 75.
    idle_timeout_seconds: float = 60.0
    #: From accept to the end of the TLS handshake; five round trips of a bad mobile link.
    handshake_timeout_seconds: float = 10.0
    #: How long a body or a response may wait before the minimum rate counts. As Apache's 20 s. And
    #: how long a handler of an `HTTPServer` may wait for a body while other clients wait for it.
    rate_grace_seconds: float = 20.0
    #: Below this rate a client that sends a body is gone; 0: no minimum. As Apache's MinRate=500.
    min_body_bytes_per_second: float = 500.0
    #: Below this rate a client that reads a response is gone; 0: no minimum.
    min_response_bytes_per_second: float = 500.0
    #: How long `serve()` lets running exchanges finish. Docker kills after 10 s: stay below.
    graceful_stop_seconds: float = 8.0
    #: How long a closing connection is read on, so that the client can still read its answer
    #: before a reset takes it away. As nginx's lingering_timeout of 5 s, less for memory's sake.
    linger_seconds: float = 2.0

    # Limits of a head.

    #: The request line, its end included; http.server's 65536.
    max_request_line_bytes: int = 65536
    #: One field line, its end included; http.client's 65536.
    max_field_line_bytes: int = 65536
    #: How many field lines; http.client's 100.
    max_fields: int = 100
    #: The head as a whole. Twice the largest cookies seen (Kerberos tickets of 64 KiB); it bounds
    #: what a connection may hold before its request is known.
    max_head_bytes: int = 131072

    # Limits of a body.

    #: ``None``: any size, as in http.server; over it 413.
    max_body_bytes: int | None = None
    #: How much of a body that the handler left unread is read and thrown away to keep the
    #: connection; above it closing is cheaper. As Go's maxPostHandlerReadBytes.
    max_drain_bytes: int = 262144
    #: A body that is collected before its handler starts stays in memory up to here, and so does
    #: what a slow client has not taken of a response; an `HTTPServer` keeps more in a temporary
    #: file. As the 64 KiB buffer of a socket.
    spool_memory_bytes: int = 65536
    #: How much of one response an `HTTPServer` keeps for a client that reads slowly, in memory and
    #: then in a temporary file; above it the handler waits. A large download, not a disk.
    max_response_spool_bytes: int = 1 << 28
    #: How much all that a server keeps so, bodies and responses, may be together. Above it a
    #: handler starts before its body is whole, and waits for the rest; and it waits for clients
    #: that do not take their response.
    max_spool_bytes: int = 1 << 30

    #: Let a handler begin while its body still comes, where that comes in chunks, and leave its
    #: fields as they were sent. Otherwise such a body is collected first, and its request shown
    #: with a Content-Length. (An `HTTPServer` collects every body: its handlers block everybody.)
    stream_chunked_bodies: bool = False

    # Limits of a server.

    #: Connections at a time, over all; one more gets 503. Each holds a few KiB.
    max_connections: int = 20000
    #: Connections from one address at a time, of IPv6 from one /64, which one client has to itself;
    #: ``None``: any number (many share a proxy's address).
    max_connections_per_address: int | None = None
    #: Threads that run handlers; when all are busy a request gets 503. A thread costs about 50 KiB.
    max_workers: int = 1024

    # Rules of the grammar that may be relaxed, one by one, to what http.server accepts. Framing
    # (Content-Length, Transfer-Encoding, chunks) is never relaxed.

    #: Accept HTTP/1.1 with no Host, several, or an invalid one. RFC 9112 3.2 asks for 400.
    accept_missing_host: bool = False
    #: Accept ``GET /path`` without a version and answer with the bare body. Dead since 1996.
    accept_http_0_9: bool = False
    #: Accept LF alone as the end of a line. RFC 9112 2.2 allows it; some proxies disagree about
    #: where a head ends then, and that is how requests are smuggled.
    accept_bare_lf: bool = False
    #: Accept any run of white space in the request line and any target and version that
    #: http.server would: no slash in front, raw control or non-ASCII bytes.
    accept_loose_request_line: bool = False
    #: Accept whatever the email parser makes of the field lines: continuation lines, lines without
    #: a colon, control characters.
    accept_loose_fields: bool = False

    def __post_init__(self) -> None:
        """Check every value; a wrong one is named with what it may be."""
        for field in fields(self):
            _check(field.name, getattr(self, field.name))
        if self.max_workers < 1 or self.max_connections < 1:
            raise ValueError("max_workers and max_connections must be at least 1")

    @classmethod
    def like_http_server(cls, **changes: Any) -> Self:
        """Settings that accept every head that ``http.server`` accepts.

        ``changes`` are further settings, by name.
        """
        relaxed: dict[str, Any] = {
            field.name: True for field in fields(cls) if field.name.startswith("accept_")
        }
        return cls(**{**relaxed, **changes})


_BOOLEANS = frozenset({"stream_chunked_bodies"})
_MAY_BE_NONE = frozenset({"max_body_bytes", "max_connections_per_address"})


def _check(name: str, value: object) -> None:
    if name.startswith("accept_") or name in _BOOLEANS:
        if not isinstance(value, bool):
            raise ValueError(f"{name} must be True or False, not {value!r}")
    elif value is None and name in _MAY_BE_NONE:
        return
    elif isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} must be a number, not {value!r}")
    elif not 0 <= value < float("inf"):
        raise ValueError(f"{name} must be a finite number that is not negative, not {value!r}")
    elif not isinstance(value, int) and not name.endswith(("_seconds", "_per_second")):
        raise ValueError(f"{name} must be a whole number, not {value!r}")
