"""The seam between protocols, engine and handlers: what a request is, and what a protocol does.

An *exchange* is one request and its response. A protocol turns bytes into requests and responses
into bytes; it waits for nothing and knows no socket. The engine waits, and knows no protocol: it
gets a `Protocol` from a factory and moves bytes between it and the socket. A handler sees neither,
only ``rfile``, ``wfile`` and the attributes that it knows from ``http.server``.

    receive(data), receive_eof()    bytes from the peer go in
    next_head()                     a head comes out, whole or refused, or None: needs more
    receive_head(data)              both in one
    read_body(n)                    body bytes, b"" at the end, or None: needs more
    send_head(…), send_body(…)      what the handler wrote goes in
    take(last=…)                    bytes for the peer come out
    finish(keep=…)                  the exchange is over: what becomes of the connection
    begins_plainly, try_end_plainly   all four in one, where nothing is special
    note_sent(…)                    what the handler sent by itself, past us, is told
    take_over()                     no protocol from here on: bytes pass as they are
"""

import sys
from enum import Enum, auto
from typing import Final, NamedTuple
from typing import Protocol as Interface

from basehttpserver.exceptions import PeerError

__all__ = ["AT_ONCE", "Protocol", "RequestHead", "Verdict"]

#: In place of how many bytes wait to be sent: they must not wait for more, as in a tunnel.
AT_ONCE: Final = sys.maxsize


class RequestHead(NamedTuple):
    """The head of one request: whole and checked, or refused."""

    #: Every byte of it as received: request line, field lines, the empty line. Of a refused head
    #: the first line, or what is there of it.
    raw: bytes
    #: The method, case-sensitive (RFC 9110 9.1); empty where the request line itself is refused.
    method: str
    #: Major and minor version of the protocol; ``(0, 9)`` for a request line without one.
    version: tuple[int, int]
    #: The request target as it was sent; empty where it is not known.
    target: bytes = b""
    #: The client waits for 100 (Continue) before it sends the body (RFC 9110 10.1.1).
    expects_continue: bool = False
    #: The client allows another request on this connection (RFC 9112 9.3).
    keeps_alive: bool = True
    #: The length of the body, ``None`` where only its end will tell (chunked).
    body_length: int | None = 0
    #: It keeps to the grammar to the letter, so that everybody reads it alike; it is not refused,
    #: and its client waits for no word.
    is_plain: bool = False
    #: Why the request is refused: it must be answered so, and the connection ends.
    refusal: PeerError | None = None
    #: The first line of `raw`, with its end, where the head `is_plain`.
    request_line: bytes = b""


class Verdict(Enum):
    """What becomes of a connection when an exchange has ended."""

    #: Another request may come.
    KEEP = auto()
    #: Everything was read and sent: close.
    CLOSE = auto()
    #: The client may still be sending: stop writing and read on for a moment, so that it can read
    #: its answer before a reset takes it away (RFC 9112 9.6), then close.
    LINGER = auto()


class Protocol(Interface):
    """The server's side of one connection, without I/O. See the table above."""

    @property
    def has_partial_head(self) -> bool:
        """Bytes of the next head are here."""

    @property
    def is_idle(self) -> bool:
        """Between two requests: nothing of the next is here, nothing of the last is to be read."""

    @property
    def is_over(self) -> bool:
        """No further request will come: ask after ``next_head`` had none."""

    @property
    def has_response(self) -> bool:
        """Something of the final response was given: an error page would come too late."""

    @property
    def is_tunnel(self) -> bool:
        """The response switched protocols (101, or 2xx to CONNECT): bytes pass as they are."""

    def receive(self, data: bytes | memoryview) -> None:
        """Take bytes that the peer sent."""

    def receive_eof(self) -> None:
        """Take note that the peer will send no more."""

    def receive_head(self, data: bytes) -> RequestHead | None:
        """Take bytes that the peer sent, and do as `next_head`."""

    def next_head(self) -> RequestHead | None:
        """Begin the next exchange once its head is whole or refused; ``None`` until then."""

    def refuse(self, error: PeerError) -> RequestHead:
        """Begin an exchange that answers `error`, to a request that is not whole."""

    def read_body(self, size: int) -> bytes | None:
        """Return up to `size` body bytes, ``b""`` at the end, ``None`` when more is needed.

        Raises `PeerError` for a body that is malformed, cut off or too large.
        """

    def send_head(self, block: bytes, *, keeps_alive: bool, is_last: bool) -> int:
        """Take a whole head: a status line, field lines and the empty line.

        `keeps_alive`: the handler lets the connection go on; `is_last`: the server does not.
        Returns how many bytes wait to be taken, `AT_ONCE` where none may wait.
        """

    def show_length(self, length: int) -> RequestHead:
        """Return the head as it would be, had its body come by this length and not in chunks."""

    def begins_tunnel(self, block: bytes) -> bool:
        """Tell whether a head would switch protocols: 101, or 2xx to CONNECT."""

    def ask_for_body(self) -> None:
        """Let a client send its body that waits for a word to do so, in the handler's place."""

    def turn_away(self) -> bytes:
        """Return the answer to a client that no handler can be had for: the server is busy."""

    def refuse_plaintext(self) -> bytes:
        """Return the answer to a client that speaks without the TLS that it should speak."""

    def begins_plainly(self, block: bytes) -> bool:
        """Tell whether a head that the handler wrote has nothing special about it.

        Nor have its request and the connection, which may go on for all that both sides have said;
        and nothing of a response was given before. By that nothing has happened: where the response
        is not whole when it ends, the other calls are to be made.
        """

    def try_end_plainly(self, block: bytes, body: bytes) -> bytes | None:
        """Return a whole response to be sent, and expect the next request, as if all else had.

        `block` is what `begins_plainly` was asked about. ``None`` where the body is not as long as
        that says: then nothing has happened, and the other calls are to be made.
        """

    def send_body(self, data: bytes | bytearray | memoryview) -> int:
        """Take bytes behind the head; without a head, raw bytes that pass untouched.

        Returns how many bytes wait to be taken, `AT_ONCE` where none may wait.
        """

    def pass_body(self, count: int) -> int | None:
        """Count up to `count` body bytes that are sent as they are, behind what `take` returns.

        Returns how many may be, ``None`` where the body must come by `send_body`.
        """

    def stop_framing(self) -> None:
        """Let a body whose end is not decided end with the connection: bytes will go past us."""

    def note_sent(self, data: bytes | memoryview, count: int) -> None:
        """Take note of `count` bytes of the response that the handler sent by itself.

        They stand behind all that `take` has returned. `data` is them; empty for those of a file.
        """

    def take(self, *, last: bool = False) -> list[bytes]:
        """Return what is to be sent now; `last`: the response is complete."""

    def finish(self, *, keep: bool) -> Verdict:
        """End the exchange. `keep`: the handler lets the connection go on."""

    def begin_again(self) -> None:
        """Expect the head of a request inside of the tunnel that runs."""

    def peek(self, size: int) -> bytes:
        """Return up to `size` bytes that were received and not used, and keep them."""

    def take_over(self) -> None:
        """Stop being a protocol: what was received and not used is read by ``read_body``."""

    def complaints(self) -> list[str]:
        """Return, once, what the handler did wrong with its response, in words for the log."""
