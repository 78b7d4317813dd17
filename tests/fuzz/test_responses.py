"""Whatever handlers write, a client that is h11 stays in step with the connection.

A handler here is a list of steps: heads, pieces of bodies, flushes; right or wrong, in any order.
The client sends one request after another, and must read one whole response to each, for as long as
we say that the connection goes on. Where we say that it ends, nothing may stand behind what the
client takes for the response: to the request that it sent ahead it would be the answer.
"""

from typing import NamedTuple

import h11
from hypothesis import event, example, given
from hypothesis import strategies as st

from basehttpserver._exchange import Verdict
from basehttpserver._http1 import Http1Connection
from tests.http1 import profile
from tests.http1.delivery import STRICT

METHODS = st.sampled_from(["GET", "HEAD", "POST", "OPTIONS"])
FINAL = st.sampled_from([200, 204, 205, 304, 404, 500])
INTERIM = st.sampled_from([100, 102, 103, 199])
LENGTHS = [b"Content-Length: %d" % length for length in (0, 3, 5, 12)]
CODING = b"Transfer-Encoding: chunked"
PLAIN = [b"X: y", b"Connection: close", b"Connection: keep-alive", b"Connection: x"]

#: How a handler says how its body ends, rightly or not.
FRAMINGS = st.sampled_from(
    [[], [], *([length] for length in LENGTHS), [CODING], [CODING], [LENGTHS[2], LENGTHS[2]]]
)
PIECES = st.sampled_from(
    [
        b"",
        b"abc",
        b"hello",
        b"x" * 30,
        b"3\r\nabc\r\n",
        b"5;a=b\r\nhello\r\n",
        b"0\r\n\r\n",
        b"0\r\nX: y\r\n\r\n",
        b"0\r\n",
        b"\r\n",
        b"zz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    ]
)


class Head(NamedTuple):
    """Status line and fields."""

    block: bytes


class Flush(NamedTuple):
    """What was written goes out."""


def _block(version: bytes, status: int, lines: list[bytes]) -> Head:
    return Head(b"\r\n".join([b"HTTP/%s %d X" % (version, status), *lines, b"", b""]))


FINAL_HEADS = st.builds(
    _block,
    st.sampled_from([b"1.1", b"1.1", b"1.1", b"1.0"]),
    FINAL,
    st.builds(list.__add__, st.lists(st.sampled_from(PLAIN), max_size=1), FRAMINGS),
)
INTERIM_HEADS = st.builds(_block, st.just(b"1.1"), INTERIM, st.just([]))
STEPS = st.lists(PIECES | st.just(Flush()) | INTERIM_HEADS | FINAL_HEADS, max_size=5)


@st.composite
def handlers(draw: st.DrawFn) -> list[bytes | Head | Flush]:
    """A handler that begins with a head, perhaps written by itself, and does what it likes then."""
    steps = [*draw(st.lists(INTERIM_HEADS, max_size=1)), draw(FINAL_HEADS), *draw(STEPS)]
    if draw(st.integers(0, 3)) == 0:
        return [step.block if isinstance(step, Head) else step for step in steps]
    return steps


def write(connection: Http1Connection, steps: list[bytes | Head | Flush]) -> bytes:
    """Do what a handler does; return what goes out."""
    wire = []
    for step in steps:
        if isinstance(step, Head):
            connection.send_head(step.block, keeps_alive=True, is_last=False)
        elif isinstance(step, Flush):
            wire += connection.take()
        else:
            connection.send_body(step)
    return b"".join([*wire, *connection.take(last=True)])


class Client:
    """h11 as a client, one request after another."""

    def __init__(self) -> None:
        self.h11 = h11.Connection(h11.CLIENT)

    def ask(self, method: str) -> bytes:
        head = h11.Request(method=method, target="/", headers=[("Host", "h")])
        return self.h11.send(head) + self.h11.send(h11.EndOfMessage())

    def read(self, wire: bytes, *, is_closed: bool) -> tuple[int, bytes] | None:
        """Return status and body of the response; ``None`` where it is seen to be broken."""
        if wire:
            self.h11.receive_data(wire)
        if is_closed:
            self.h11.receive_data(b"")
        status, body = 0, b""
        try:
            while not isinstance(found := self.h11.next_event(), h11.EndOfMessage):
                assert found not in (h11.NEED_DATA, h11.PAUSED), "it waits for more"
                assert not isinstance(found, h11.ConnectionClosed), "nothing was answered"
                if isinstance(found, h11.Response):
                    status = found.status_code
                elif isinstance(found, h11.Data):
                    body += bytes(found.data)
        except h11.RemoteProtocolError:
            assert is_closed, "it is broken, and the connection goes on"
            return None
        return status, body

    @property
    def left(self) -> bytes:
        return self.h11.trailing_data[0]


def converse(exchanges: list[tuple[str, list[bytes | Head | Flush]]]) -> list[tuple[int, bytes]]:
    """Run handlers behind each other on one connection; return what the client reads."""
    connection = Http1Connection(STRICT)
    client = Client()
    answers = []
    for method, steps in exchanges:
        connection.receive(client.ask(method))
        assert connection.next_head() is not None
        wire = write(connection, steps)
        is_closed = connection.finish(keep=True) is not Verdict.KEEP
        answer = client.read(wire, is_closed=is_closed)
        if answer is not None:
            # What is written without a head is not cut.
            is_raw = is_closed and connection._raw is not None
            assert is_raw or client.left == b"", "something stands behind the response"
            answers.append(answer)
        if is_closed:
            event("closed")
            return answers
        event("goes on")
        if client.h11.our_state is h11.MUST_CLOSE:
            # RFC 9112 9.3: a client may close behind a response of HTTP/1.0, and h11 does.
            assert b"HTTP/1.0 " in wire
            return answers
        client.h11.start_next_cycle()
    return answers


OK = _block(b"1.1", 200, [])
CODED = _block(b"1.1", 200, [CODING])
FORGED = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@profile.quick
@given(exchanges=st.lists(st.tuples(METHODS, handlers()), min_size=1, max_size=4))
@example([("GET", [CODED, b"0\r\n\r\n", FORGED, b"0\r\n\r\n"])])
@example([("GET", [CODED, b"zz\r\n", b"0\r\n\r\n"]), ("GET", [OK])])
@example([("GET", [CODED, b"0\r\nX: y\r\n\r\n"]), ("GET", [OK])])
@example([("HEAD", [OK, FORGED]), ("GET", [OK])])
@example([("GET", [b"hello"]), ("GET", [OK])])
@example([("GET", [FORGED, FORGED]), ("GET", [OK])])
@example([("GET", [FORGED]), ("GET", [OK])])
def test_client_stays_in_step(exchanges):
    converse(exchanges)


@profile.slow
@given(
    bodies=st.lists(st.lists(st.binary(max_size=20) | st.just(Flush()), max_size=5), min_size=1),
    length=st.sampled_from(["said", "left to us"]),
)
def test_client_reads_every_body_as_it_was_written(bodies, length):
    sent = [b"".join(step for step in steps if isinstance(step, bytes)) for steps in bodies]
    exchanges = []
    for steps, body in zip(bodies, sent, strict=True):
        lines = [b"Content-Length: %d" % len(body)] if length == "said" else []
        exchanges.append(("GET", [_block(b"1.1", 200, lines), *steps]))
    assert converse(exchanges) == [(200, body) for body in sent]
