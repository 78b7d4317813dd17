"""The clients of the soak: good ones, broken ones, hostile ones. Each is a function of a `Client`.

A fault is an exception: `AssertionError` with what was wrong, or ``OSError`` where a good client
lost its connection.
"""

import contextlib
import random
import socket
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.soak_server import EVENTS, SETTINGS, make_bytes

from tests.hostile.attacks import ATTACKS
from tests.hostile.victims import complaint_about, launch
from tests.tls import secure
from tests.wire.conversation import Conversation, conversation

#: How long after its deadline a hostile client may still be there: the machine has other work.
LATE_SECONDS = 8

FILE_NAME, FILE_BYTES = "file.bin", make_bytes(300_000, 7)

#: How long a slow client waits between two bytes.
DRIP_SECONDS = 0.3

#: The state of a connection in /proc/net/tcp: neither side has ended it.
ESTABLISHED = "01"

#: Over a limit of connections, which is that of `SETTINGS`.
OVER_THE_LIMIT = 6


class Client:
    """One client after another, from one address; where it goes and what it sends, by its seed."""

    def __init__(self, number: int, seed: int, ports: dict[str, int], context: ssl.SSLContext):
        self.random = random.Random(f"{seed} {number}")
        self._number = number
        self._ports = ports
        self._context = context
        self.server = ""

    def choose_server_for(self, scenario: "Scenario") -> None:
        self.server = self.random.choice(
            [
                name
                for name in self._ports
                if scenario not in (PLAIN_ONLY if name.endswith("-tls") else TLS_ONLY)
            ]
        )

    @property
    def is_secure(self) -> bool:
        return self.server.endswith("-tls")

    def connect_plainly(self, network: int = 1, **options: Any) -> Conversation:
        """Connect without a handshake."""
        return conversation(self._address, source=self._source(network), **options)

    def connect(self, **options: Any) -> Conversation:
        if not self.is_secure:
            return self.connect_plainly(**options)
        return secure(self._address, self._context, source=self._source(1), **options)

    @property
    def _address(self) -> tuple[str, int]:
        return "127.0.0.1", self._ports[self.server]

    def _source(self, network: int) -> str:
        return f"127.{network}.0.{self._number + 1}"

    def make_request(self) -> tuple[bytes, bytes]:
        """Return a request and the body of its answer."""
        seed = self.random.randrange(10)
        size = self.random.choice([0, 1, 100, 5000, 70_000])
        data = make_bytes(size, seed)
        kind = self.random.randrange(3)
        if kind == 0:
            return b"GET /bytes?size=%d&seed=%d HTTP/1.1\r\nHost: a\r\n\r\n" % (size, seed), data
        if kind == 1:
            head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size
            return head + data, data
        head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        return head + self.make_chunks(data), data

    def make_chunks(self, data: bytes) -> bytes:
        """Return `data` in chunks of any size, some with an extension, perhaps with a trailer."""
        encoded, start = b"", 0
        while start < len(data):
            end = start + self.random.randrange(1, len(data) + 1)
            extension = self.random.choice([b"", b";name=value"])
            piece = data[start:end]
            encoded += b"%x%b\r\n%b\r\n" % (len(piece), extension, piece)
            start = end
        return encoded + b"0\r\n" + self.random.choice([b"", b"X-Sum: 1\r\n"]) + b"\r\n"


# Good clients. What they get is right, byte by byte.


def keep_alive(client: Client) -> None:
    with client.connect() as talk:
        for _ in range(5):
            request, body = client.make_request()
            talk.send(request).expect(200, body)


def pipeline(client: Client) -> None:
    requests = [client.make_request() for _ in range(4)]
    with client.connect() as talk:
        talk.send(b"".join(request for request, _ in requests))
        for _, body in requests:
            talk.expect(200, body)


def post_in_pieces(client: Client) -> None:
    request, body = client.make_request()
    with client.connect() as talk:
        start = 0
        while start < len(request):
            size = client.random.choice([1, 10, 1000, 30_000])
            talk.send(request[start : start + size])
            start += size
        talk.expect(200, body)


def expect_continue(client: Client) -> None:
    with client.connect() as talk:
        talk.get("/", "Content-Length: 5", "Expect: 100-continue", method="POST")
        talk.expect(100)
        talk.send(b"hello").expect(200, b"hello")


def file(client: Client) -> None:
    with client.connect() as talk:
        response = talk.get(f"/{FILE_NAME}").expect(200, FILE_BYTES)
        talk.get(f"/{FILE_NAME}", f"If-Modified-Since: {response['Last-Modified']}").expect(304)
        talk.get("/missing").expect(404)


def slow_handler(client: Client) -> None:
    with client.connect() as talk:
        talk.get("/slow").expect(200, b"slow")
        talk.get("/bytes?size=9&seed=1").expect(200, make_bytes(9, 1))


def events(client: Client) -> None:
    with client.connect() as talk:
        body = b"".join(b"data: %d\n\n" % number for number in range(EVENTS))
        assert talk.get("/events").expect(200, body).framing == "chunked"


def tunnel(client: Client) -> None:
    with client.connect() as talk:
        talk.send(b"CONNECT there:1 HTTP/1.1\r\nHost: there:1\r\n\r\n")
        assert talk._read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 200 ")
        for number in range(3):
            talk.send(b"line %d\n" % number).expect_bytes(b"LINE %d\n" % number)
        talk.send(b"\n")
        wait_for_end(talk)


def raising_handler(client: Client) -> None:
    with client.connect() as talk:
        talk.get("/raise").expect(500)


def half_close(client: Client) -> None:
    """Ask as a whole, and say that no more comes: the answer comes all the same."""
    request, body = client.make_request()
    with client.connect() as talk:
        talk.send(request)
        talk.finish_sending()
        talk.expect(200, body)


# Broken ones. They get a right answer to what they sent, or an end.


def reset_anywhere(client: Client) -> None:
    request, _ = client.make_request()
    talk = client.connect()
    talk.send(request[: client.random.randrange(len(request) + 1)])
    talk.reset()


def reset_while_reading(client: Client) -> None:
    talk = client.connect(receive_buffer=4096)
    talk.get("/bytes?size=2000000&seed=1")
    for _ in range(client.random.randrange(20)):
        talk.socket.recv(1000)
    talk.reset()


def reset_in_tunnel(client: Client) -> None:
    talk = client.connect()
    talk.send(b"CONNECT there:1 HTTP/1.1\r\nHost: there:1\r\n\r\nx\ny")
    if client.random.randrange(2):
        talk._read_until(b"\r\n\r\n")
    talk.reset()


def half_close_anywhere(client: Client) -> None:
    request, body = client.make_request()
    length = client.random.randrange(len(request) + 1)
    with client.connect() as talk:
        talk.send(request[:length])
        talk.finish_sending()
        if length == len(request):
            talk.expect(200, body)
        elif length:
            talk.expect(400)
        wait_for_end(talk)


def malformed(client: Client) -> None:
    # OpenSSL cannot say goodbye and still be sure of the answer: it may have come before that.
    names = [name for name, attack in ATTACKS.items() if not (client.is_secure and attack.is_cut)]
    name = client.random.choice(names)
    attack = ATTACKS[name]
    with client.connect() as talk:
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            # The answer may come, and its linger end, before an attack of a megabyte is sent.
            launch(talk, attack)
        complaint = complaint_about(talk, attack)
        assert not complaint, f"{name}: {complaint}"


def wrong_protocol(client: Client) -> None:
    """TLS where it is not spoken, or none where it is."""
    hello = b"\x16\x03\x01\x00\xf4\x01\x00\x00\xf0\x03\x03" + bytes(240)
    with client.connect_plainly() as talk:
        talk.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" if client.is_secure else hello)
        wait_for_end(talk)


# Hostile ones. They are met in time.


@contextlib.contextmanager
def ending_within(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    took = time.monotonic() - began
    assert took < seconds + LATE_SECONDS, f"held for {took:.1f} s, {seconds} were due"


def drip(talk: Conversation, byte: bytes) -> None:
    """Send a byte now and then until the server has enough of it; what it says is not read."""
    talk.socket.settimeout(DRIP_SECONDS)
    deadline = time.monotonic() + 4 * LATE_SECONDS
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while time.monotonic() < deadline:
            with contextlib.suppress(TimeoutError):
                if not talk.socket.recv(1000):
                    return
            talk.send(byte)


def slow_head(client: Client) -> None:
    with ending_within(SETTINGS.head_timeout_seconds), client.connect() as talk:
        talk.send(b"GET / HTTP/1.1\r\nX: ")
        drip(talk, b"x")


def slow_body(client: Client) -> None:
    with ending_within(SETTINGS.rate_grace_seconds), client.connect() as talk:
        talk.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
        drip(talk, b"x")


def slow_reader(client: Client) -> None:
    """Read next to nothing of more than the kernels take, for as long as the server bears that."""
    with client.connect(receive_buffer=4096) as talk:
        talk.get("/bytes?size=8000000&seed=1")
        deadline = time.monotonic() + 4 * LATE_SECONDS
        # Over TLS the one record that is read whole earns the grace again.
        with ending_within(2 * SETTINGS.rate_grace_seconds):
            # The end that the client sees is behind all that is on its way.
            while is_held(talk) and time.monotonic() < deadline:
                time.sleep(DRIP_SECONDS)
                with contextlib.suppress(ConnectionError, ssl.SSLError):
                    talk.socket.recv(10)


def is_held(talk: Conversation) -> bool:
    """Tell whether the server has its end open, by the kernel's table of connections."""
    ends = [encode_address(talk.socket.getpeername()), encode_address(talk.socket.getsockname())]
    lines = Path("/proc/net/tcp").read_text().splitlines()
    return any(line.split()[1:4] == [*ends, ESTABLISHED] for line in lines)


def encode_address(address: tuple[str, int]) -> str:
    host, port = address
    return f"{int.from_bytes(socket.inet_aton(host), sys.byteorder):08X}:{port:04X}"


def silent(client: Client) -> None:
    with ending_within(SETTINGS.idle_timeout_seconds), client.connect() as talk:
        talk.socket.settimeout(4 * LATE_SECONDS)
        wait_for_end(talk)


def silent_handshake(client: Client) -> None:
    with ending_within(SETTINGS.handshake_timeout_seconds), client.connect_plainly() as talk:
        talk.send(b"\x16\x03\x01")
        talk.socket.settimeout(4 * LATE_SECONDS)
        wait_for_end(talk)


def flood(client: Client) -> None:
    """More connections than one address may have: each above the limit is told so at once.

    Where the machine stalls for so long that those below the limit have ended, one above it is
    below it, and ends when it has been idle as they were: after twice their time, and not before.
    """
    most = SETTINGS.max_connections_per_address
    assert most is not None
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        for _ in range(most):
            stack.enter_context(client.connect_plainly(network=2))
        for _ in range(OVER_THE_LIMIT):
            talk = stack.enter_context(client.connect_plainly(network=2))
            if client.is_secure:
                wait_for_end(talk)  # There is nothing to be said before the handshake.
            elif talk.socket.recv(1, socket.MSG_PEEK):
                assert talk.expect(503)["Retry-After"] is not None
            else:
                took = time.monotonic() - began
                assert took >= 2 * SETTINGS.idle_timeout_seconds, f"let in after {took:.1f} s"
                return


def wait_for_end(talk: Conversation) -> None:
    """Read up to the end, clean or not; fail where there is none."""
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while talk.socket.recv(65536):
            pass


Scenario = Callable[[Client], None]

GOOD: tuple[Scenario, ...] = (
    *(keep_alive, keep_alive, keep_alive, pipeline, post_in_pieces, expect_continue, file),
    *(slow_handler, events, tunnel, raising_handler, half_close),
)
BROKEN: tuple[Scenario, ...] = (
    *(reset_anywhere, reset_while_reading, reset_in_tunnel, half_close_anywhere),
    *(malformed, malformed, malformed, wrong_protocol),
)
HOSTILE: tuple[Scenario, ...] = (
    *(slow_head, slow_body, slow_reader, silent, silent_handshake, flood),
)

#: What has a meaning on some servers only; the others go anywhere.
TLS_ONLY = frozenset({silent_handshake})
PLAIN_ONLY = frozenset({half_close, half_close_anywhere})


def write_files(folder: Path) -> None:
    """Write what `file` asks for."""
    (folder / FILE_NAME).write_bytes(FILE_BYTES)
