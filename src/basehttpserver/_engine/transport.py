"""A socket that never blocks: plain or TLS, one set of verbs.

Plain sockets stay in blocking mode, so that a handler that uses its socket finds it as it knows
it; the flag MSG_DONTWAIT keeps us from waiting. Where the platform has no such flag, and for TLS,
the socket is in non-blocking mode while it is ours; of a TLS socket the handler does not see that.
"""

import contextlib
import errno
import os
import select
import selectors
import socket
import sys
import threading
from typing import Final

from basehttpserver._engine import sockets

try:
    import fcntl
    import termios
except ImportError:  # Windows.
    fcntl = termios = None  # type: ignore[assignment]
try:
    import ssl
except ImportError:  # A CPython built without OpenSSL.
    ssl = None  # type: ignore[assignment]

__all__ = [
    "HandshakeError",
    "PlainTransport",
    "PlaintextError",
    "TlsTransport",
    "Transport",
    "transport_for",
    "wait_until_ready",
]

#: Those of the class itself: a handler's socket has others, which tell us of its use.
_receive: Final = socket.socket.recv
_send: Final = socket.socket.send
_DONTWAIT: Final[int] = getattr(socket, "MSG_DONTWAIT", 0)
#: Linux's sends to sockets from any file; others' differ, and nobody has tried them.
_HAS_SENDFILE: Final = sys.platform == "linux"
#: What to ask for the bytes in the send queue of a socket: SIOCOUTQ, which has this number, too.
_OUTPUT_QUEUE: Final[int | None] = termios.TIOCOUTQ if sys.platform == "linux" else None
_HAS_POLL: Final = hasattr(select, "poll")

#: What poll() takes at most, in milliseconds; whoever waits for longer comes back and asks again.
_LONGEST_POLL: Final = 2**31 - 1

#: A file is read so much at a time where it cannot go from descriptor to descriptor.
_FILE_BYTES: Final = 65536

#: How much of a file the kernel keeps beyond what is on its way, which grows with the line.
_UNSENT_BYTES: Final = 65536

#: As much as the system says (``net.ipv4.tcp_notsent_lowat``), which is without a limit.
_NO_LOW_WATER: Final = 0

#: The most that a record of TLS holds (RFC 8446 5.1).
_RECORD_BYTES: Final = 16384

#: The type of its first record, one byte (RFC 8446 5.1).
_TLS_HANDSHAKE: Final = b"\x16"

#: What ``sendfile`` says of files that it cannot read, such as those of /proc.
_NO_SENDFILE: Final = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})

READ: Final = selectors.EVENT_READ
WRITE: Final = selectors.EVENT_WRITE


def wait_until_ready(descriptors: list[tuple[int, int]], seconds: float | None) -> list[int]:
    """Wait for some of `descriptors`, pairs with a selectors mask; return those that are ready."""
    if not _HAS_POLL:
        readers = [descriptor for descriptor, mask in descriptors if mask & READ]
        writers = [descriptor for descriptor, mask in descriptors if mask & WRITE]
        ready = select.select(readers, writers, [], seconds)
        return [*ready[0], *ready[1]]
    poll = select.poll()
    for descriptor, mask in descriptors:
        flags = (select.POLLIN if mask & READ else 0) | (select.POLLOUT if mask & WRITE else 0)
        poll.register(descriptor, flags)
    milliseconds = None if seconds is None else min(seconds * 1000, _LONGEST_POLL)
    events = poll.poll(milliseconds)
    if not events and seconds:
        # Its time may be over without a look: CPython tries again after a signal, but not then.
        events = poll.poll(0)
    return [descriptor for descriptor, _ in events]


class HandshakeError(ConnectionAbortedError):
    """The TLS handshake has failed; says why, in words that are never the peer's."""


class PlaintextError(HandshakeError):
    """The client speaks, without TLS, what looks like HTTP."""


class Transport:
    """What plain and TLS sockets have in common."""

    #: The socket is in blocking mode when a handler sends by itself, and may go on being ours.
    is_left_blocking = False

    def __init__(self, sock: socket.socket) -> None:
        """Move bytes over `sock`, which stays its owner's to close."""
        self._socket = sock
        #: What to wait for after a `try_` had nothing: READ, or WRITE while TLS asks for it.
        self.receive_mask = READ
        self.send_mask = WRITE

    def fileno(self) -> int:
        """Return the descriptor, -1 once it is closed."""
        return self._socket.fileno()

    def try_handshake(self) -> bool:
        """Go on with the handshake; tell whether it is done.

        Raises `HandshakeError` where it has failed, else ``OSError``: the client went away.
        """
        return True

    def say_goodbye(self) -> None:
        """Tell the client, where the transport can, that what it has is all, and no cut."""

    def try_receive(self, size: int) -> bytes | None:
        """Return what is here, ``b""`` at the end, ``None`` for nothing yet. Raises ``OSError``."""
        raise NotImplementedError

    def try_send(self, data: bytes | memoryview) -> int:
        """Send what the socket takes now; return how much that was. Raises ``OSError``."""
        raise NotImplementedError

    def try_send_file(self, descriptor: int, offset: int, count: int) -> int:
        """Send up to `count` bytes of a file from `offset`; return how many went.

        Raises ``EOFError`` where the file ends before `offset`, and ``OSError``.
        """
        data = _read_at(descriptor, min(count, _FILE_BYTES), offset)
        if not data:
            raise EOFError("the file became shorter while it was sent")
        return self.try_send(data)

    def keep_much(self, is_much: bool) -> None:
        """Have the kernel keep much of the files that are sent, or little as it does at first."""

    def begins_tls(self) -> bool | None:
        """Tell whether the first byte begins TLS; ``None`` before it is here. Raises ``OSError``.

        It is not received: whoever wraps the socket will.
        """
        return False

    def queued_bytes(self) -> int:
        """Return how much the kernel holds that the client has not acknowledged; 0: unknown."""
        if _OUTPUT_QUEUE is None:
            return 0
        try:
            answer = fcntl.ioctl(self._socket.fileno(), _OUTPUT_QUEUE, bytes(4))
        except (OSError, ValueError):
            return 0
        return int.from_bytes(answer, sys.byteorder)

    def release(self) -> None:
        """Give the socket back to its owner in blocking mode."""

    def remaining_for_linger(self) -> socket.socket | None:
        """Return a socket of our own over the same connection, to be read on after its close."""
        with contextlib.suppress(OSError):
            return socket.socket(
                self._socket.family,
                self._socket.type,
                self._socket.proto,
                fileno=socket.dup(self.fileno()),
            )
        return None


class PlainTransport(Transport):
    """A TCP or Unix stream socket."""

    is_left_blocking = bool(_DONTWAIT)
    _has_low_water = False

    def __init__(self, sock: socket.socket) -> None:
        """Leave the socket in blocking mode where the platform can."""
        super().__init__(sock)
        if not _DONTWAIT:
            sock.settimeout(0)

    def try_receive(self, size: int) -> bytes | None:
        """Return what is here, without waiting."""
        try:
            if self._socket.gettimeout():
                # The handler set a timeout: recv would wait that long, read does not.
                return os.read(self._socket.fileno(), size)
            return _receive(self._socket, size, _DONTWAIT)
        except (BlockingIOError, InterruptedError):
            return None

    def begins_tls(self) -> bool | None:
        """Look at the first byte, and leave it where it is."""
        # With a timeout of the program's recv would wait that long.
        if not wait_until_ready([(self._socket.fileno(), READ)], 0):
            return None
        return socket.socket.recv(self._socket, 1, socket.MSG_PEEK) == _TLS_HANDSHAKE

    def try_send(self, data: bytes | memoryview) -> int:
        """Send what the socket takes, without waiting."""
        try:
            if self._socket.gettimeout():
                return os.write(self._socket.fileno(), data)
            return _send(self._socket, data, _DONTWAIT)
        except (BlockingIOError, InterruptedError):
            return 0

    def try_send_file(self, descriptor: int, offset: int, count: int) -> int:
        """Send from descriptor to descriptor where the platform and the file allow it."""
        if not _HAS_SENDFILE:
            return super().try_send_file(descriptor, offset, count)
        own = self._socket.fileno()
        if not self._has_low_water:
            self._set_low_water(_UNSENT_BYTES)
        blocks = os.get_blocking(own)
        try:
            # There is no flag for one call as MSG_DONTWAIT is.
            os.set_blocking(own, False)
            sent = os.sendfile(own, descriptor, offset, count)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            if error.errno not in _NO_SENDFILE:
                raise
            return super().try_send_file(descriptor, offset, count)
        finally:
            os.set_blocking(own, blocks)
        if not sent:
            raise EOFError("the file became shorter while it was sent")
        return sent

    def keep_much(self, is_much: bool) -> None:
        """Have the kernel keep little of a file: it is there when its client takes more.

        Else each of a thousand slow clients would have up to ``tcp_wmem`` of kernel memory. For
        some the kernel may keep that: it takes half as long then.
        """
        if _HAS_SENDFILE:
            self._set_low_water(_NO_LOW_WATER if is_much else _UNSENT_BYTES)

    def _set_low_water(self, count: int) -> None:
        self._has_low_water = True
        with contextlib.suppress(OSError, AttributeError):  # No TCP; a platform without it.
            option = socket.TCP_NOTSENT_LOWAT  # type: ignore[attr-defined,unused-ignore]
            socket.socket.setsockopt(self._socket, socket.IPPROTO_TCP, option, count)

    def release(self) -> None:
        """Give the socket back in blocking mode."""
        if not _DONTWAIT:
            self._socket.settimeout(None)


class TlsTransport(Transport):
    """An ``ssl.SSLSocket`` whose handshake is still to be done."""

    _socket: "ssl.SSLSocket"

    def __init__(self, sock: "ssl.SSLSocket") -> None:
        """Take the socket out of blocking mode: TLS has no flag for one call."""
        super().__init__(sock)
        self._is_handled = isinstance(sock, sockets.HandledTlsSocket)
        # Such a one lets go of that mode by itself, until we use it again.
        self.is_left_blocking = self._is_handled
        self._has_begun = False
        self._has_ended = False
        # The flusher may send while the handler's thread receives; OpenSSL allows one at a time.
        self._lock = threading.Lock()
        self._keep_from_waiting()

    def _keep_from_waiting(self) -> None:
        if self._is_handled:
            self._socket.hold()  # type: ignore[attr-defined]
        else:
            self._socket.settimeout(0)  # A handler may have set another.

    def try_handshake(self) -> bool:
        """Go on with the handshake; tell whether it is done."""
        if not self._try_begin():
            return False
        try:
            self._socket.do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as error:
            self.receive_mask = _mask_wanted(error)
            return False
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError) as error:
            raise ConnectionAbortedError("the client left the TLS handshake") from error
        except ssl.SSLError as error:
            raise HandshakeError(_reason_of(error)) from error
        self.receive_mask = READ
        return True

    def _try_begin(self) -> bool:
        """Look at the first byte, which tells TLS from plain HTTP; ``False`` where none is here."""
        if self._has_begun:
            return True
        try:
            first = socket.socket.recv(self._socket, 1, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            return False
        if first.isalpha():
            # A record of TLS begins with its type, 20 to 24 (RFC 8446 5.1), a method with a letter.
            raise PlaintextError("the client speaks plain HTTP to a port of HTTPS")
        self._has_begun = True
        return True

    def send_plaintext(self, data: bytes) -> None:
        """Send what the socket takes of an answer to a client that speaks no TLS."""
        with contextlib.suppress(BlockingIOError):
            socket.socket.send(self._socket, data)

    def try_receive(self, size: int) -> bytes | None:
        """Return what is here; an end without close_notify is an end."""
        try:
            with self._lock:
                data = self._receive_locked(size)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as error:
            self.receive_mask = _mask_wanted(error)
            return None
        except ssl.SSLError as error:
            raise ConnectionAbortedError("the TLS connection broke") from error
        self.receive_mask = READ
        return data

    def _receive_locked(self, size: int) -> bytes:
        data = self._read_locked(size)
        # What OpenSSL holds decrypted never wakes a poller: take all of it.
        while data and len(data) < size and self._socket.pending():
            data += self._read_locked(size - len(data))
        return data

    def _read_locked(self, size: int) -> bytes:
        """Read past the methods of `HandledTlsSocket`, which would take the connection over."""
        self._keep_from_waiting()
        try:
            return ssl.SSLSocket.read(self._socket, size)
        except ssl.SSLError:
            raise
        except ValueError as error:
            raise _closed() from error

    def try_send(self, data: bytes | memoryview) -> int:
        """Send what the socket takes, record by record.

        OpenSSL says nothing of the records that went before one that did not, and then insists on
        the same bytes, and as many. So it gets one at a time, and what did not go comes again,
        because it stands in front of whatever is sent next.
        """
        if len(data) <= _RECORD_BYTES:
            return self._try_send_record(data)
        sent = 0
        with memoryview(data) as view:
            while sent < len(view):
                count = self._try_send_record(view[sent : sent + _RECORD_BYTES])
                if not count:
                    break
                sent += count
        return sent

    def _try_send_record(self, data: bytes | memoryview) -> int:
        try:
            with self._lock:
                self._keep_from_waiting()
                # Not `send`, which sends in the clear once the handler has ended TLS.
                sent = ssl.SSLSocket.write(self._socket, data)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as error:
            self.send_mask = _mask_wanted(error)
            return 0
        except ssl.SSLError as error:
            # The client went away, as ConnectionError has it for plain sockets.
            raise ConnectionAbortedError("the TLS connection broke") from error
        except ValueError as error:
            raise _closed() from error
        self.send_mask = WRITE
        return sent

    def say_goodbye(self) -> None:
        """Send close_notify (RFC 8446 6.1), where that goes at once; wait for no answer."""
        with self._lock:
            if self._has_ended:
                return
            self._has_ended = True
            # It complains that the client's is not here yet, or that the handler was quicker.
            with contextlib.suppress(OSError, ValueError):
                self._keep_from_waiting()
                ssl.SSLSocket.unwrap(self._socket)

    def release(self) -> None:
        """Give the socket back in the mode that the handler has set."""
        if self._is_handled:
            self._socket.let_go()  # type: ignore[attr-defined]
        else:
            self._socket.settimeout(None)


def _closed() -> OSError:
    return OSError(errno.EBADF, "the handler has closed the TLS connection")


def _reason_of(error: "ssl.SSLError") -> str:
    """Return OpenSSL's short reason as words; they are a fixed set."""
    reason = (error.reason or "unknown reason").replace("_", " ").lower()
    return f"the TLS handshake has failed: {reason}"


def _read_at(descriptor: int, size: int, offset: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(descriptor, size, offset)
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.read(descriptor, size)


def _mask_wanted(error: "ssl.SSLError") -> int:
    """Return what TLS waits for: either side may have to send or receive, whatever it was asked."""
    return READ if isinstance(error, ssl.SSLWantReadError) else WRITE


def transport_for(sock: socket.socket) -> Transport:
    """Return the transport that fits the socket."""
    if ssl is not None and isinstance(sock, ssl.SSLSocket):
        return TlsTransport(sock)
    return PlainTransport(sock)
