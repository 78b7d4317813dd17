"""One connection over a socket pair, with a protocol of one line and a clock that stands still."""

import io
import socket
import threading
from http import HTTPStatus

import pytest

from basehttpserver._engine.connection import Connection, connection_of
from basehttpserver._engine.context import Context
from basehttpserver._engine.lingering import linger
from basehttpserver._engine.outgoing import COLLECT_BYTES, Surplus
from basehttpserver._engine.sockets import adopt
from basehttpserver._engine.state import State
from basehttpserver._engine.takeover import take_over
from basehttpserver._exchange import Verdict
from basehttpserver.exceptions import PeerError, PeerTimeoutError
from basehttpserver.settings import Settings
from tests.engine.fakes import Clock, LineProtocol, Watcher

pytestmark = pytest.mark.usefixtures("leaks_nothing")

#: Short, because real waiting is what ends with them; the clock itself stands still.
SHORT = 0.03

#: More than any body here: what is collected is bounded by the server's spool only.
WHOLE = 1 << 20


class Rig:
    """A connection, the client's end of it, and what both share with the test."""

    def __init__(self, **settings):
        ours, self.client = socket.socketpair()
        self.client.settimeout(5)
        self.sentinel = Watcher()
        self.clock = Clock()
        self.context = Context(Settings(**settings), LineProtocol, self.sentinel, self.clock)
        self.request = adopt(ours)
        self.connection = Connection(self.request, ("192.0.2.1", 1), self.context)
        self.protocol = self.connection.protocol

    def begin(self, head=b"head\n"):
        """Send a head, and begin its exchange."""
        self.client.sendall(head)
        assert self.connection.begin_exchange()
        rfile = self.connection.open_reader(0)
        assert rfile.readline() == head.partition(b"\n")[0] + b"\n"
        return rfile, self.connection.outgoing.open_writer()

    def received(self, count=100):
        """What has come to the client, without waiting."""
        self.client.setblocking(False)
        try:
            return self.client.recv(count)
        except BlockingIOError:
            return b""
        finally:
            self.client.settimeout(5)

    def close(self):
        self.connection.close()
        self.request.close()
        self.client.close()


@pytest.fixture
def rig_class():
    return Rig


@pytest.fixture
def rig(make_rig):
    return make_rig(rate_grace_seconds=SHORT)


class TestHead:
    def test_is_here(self, rig):
        rig.client.sendall(b"one\ntwo\n")
        assert rig.connection.begin_exchange()
        assert rig.connection.in_exchange
        assert rig.connection.head.raw == b"one\n"
        assert rig.connection.begin_exchange(), "it is the same one"
        assert rig.connection.head.raw == b"one\n"

    def test_is_waited_for(self, rig):
        timer = threading.Timer(0.02, rig.client.sendall, [b"late\n"])
        timer.start()
        assert rig.connection.begin_exchange()
        timer.join()

    def test_end_of_the_client(self, rig):
        rig.client.shutdown(socket.SHUT_WR)
        assert not rig.connection.begin_exchange()

    def test_reset_by_the_client(self, rig):
        rig.client.close()
        assert not rig.connection.begin_exchange()

    def test_idle_timeout(self, make_rig):
        rig = make_rig(idle_timeout_seconds=SHORT)
        assert not rig.connection.begin_exchange()

    def test_timeout_of_the_handler(self, make_rig):
        rig = make_rig(idle_timeout_seconds=1000)
        rig.connection.limit_operations(SHORT)
        assert not rig.connection.begin_exchange()

    def test_head_timeout(self, make_rig):
        """A head that has begun and does not end is refused with 408, at the deadline."""
        rig = make_rig(idle_timeout_seconds=1000, head_timeout_seconds=0)
        rig.client.sendall(b"half a he")
        assert rig.connection.begin_exchange()
        assert rig.connection.head.refusal.status == 408

    def test_thread_is_wanted_elsewhere(self, rig):
        others, other_end = socket.socketpair()
        with others, other_end:
            rig.context.yield_to = others.fileno
            other_end.sendall(b"x")
            assert not rig.connection.begin_exchange()
            rig.client.sendall(b"head\n")
            assert rig.connection.begin_exchange(), "what is here is served all the same"

    def test_thread_may_be_wanted_unseen(self, rig):
        """Where others cannot be seen, they are taken to wait."""
        rig.context.yield_to = lambda: -1
        assert not rig.connection.begin_exchange()

    def test_server_stops(self, rig):
        rig.context.is_stopping = True
        assert not rig.connection.begin_exchange()


class TestBody:
    def test_read(self, rig):
        rfile, _ = rig.begin(b"head:4\nbodynext\n")
        assert rfile.read() == b"body"
        assert rfile.read() == b""

    def test_head_first(self, rig):
        rig.client.sendall(b"head:4\nbody")
        rig.connection.begin_exchange()
        assert rig.connection.open_reader(-1).read() == b"head:4\nbody"

    def test_minimum_rate(self, rig):
        rfile, _ = rig.begin(b"head:4\nb")
        with pytest.raises(PeerTimeoutError):
            rfile.read()

    def test_own_timeout_is_no_fault_of_the_settings(self, make_rig):
        rig = make_rig(rate_grace_seconds=1000)
        rfile, _ = rig.begin(b"head:4\nb")
        rig.connection.limit_operations(SHORT)
        with pytest.raises(TimeoutError) as caught:
            rfile.read()
        assert not isinstance(caught.value, PeerTimeoutError)

    def test_timeout_that_the_handler_set_on_the_socket(self, make_rig):
        rig = make_rig(min_body_bytes_per_second=0)
        rfile, _ = rig.begin(b"head:4\nb")
        rig.request.settimeout(SHORT)
        with pytest.raises(TimeoutError):
            rfile.read()

    def test_output_is_sent_before_the_client_is_waited_for(self, rig):
        rfile, wfile = rig.begin(b"head:4\n")
        wfile.write(b"continue")
        with pytest.raises(TimeoutError):
            rfile.read()
        assert rig.received() == b"continue"

    def test_rest_does_not_come_with_the_next_request(self, rig):
        rig.client.sendall(b"one:4\nbodytwo\n")
        assert rig.connection.begin_exchange()
        rfile = rig.connection.open_reader(-1)
        assert rfile.readline() == b"one:4\n"
        assert rfile.peek(1)[:1] == b"b"
        rig.protocol.body_left = 0
        rig.connection.end_exchange(keep=True)
        assert rig.connection.begin_exchange()
        assert rfile.readline() == b"two\n"

    def test_error_of_the_protocol(self, rig):
        rfile, _ = rig.begin(b"head:4\n")
        rig.protocol.body_error = PeerError(HTTPStatus.BAD_REQUEST, "Bad chunk")
        with pytest.raises(PeerError, match="Bad chunk"):
            rfile.read()

    def test_collected(self, rig):
        rig.client.sendall(b"head:6\nabc")
        rig.connection.state = State.HEAD
        rig.connection.peer.receive()
        assert rig.connection.try_next_head()
        assert not rig.connection.collect_body(WHOLE)
        rig.client.sendall(b"def")
        rig.connection.peer.receive()
        assert rig.connection.collect_body(WHOLE)
        assert rig.connection.begin_exchange()
        assert rig.connection.open_reader(-1).read() == b"head:6\nabcdef"

    def test_collected_up_to_the_limit(self, make_rig):
        rig = make_rig(max_spool_bytes=2)
        rig.client.sendall(b"head:6\nabc")
        rig.connection.state = State.HEAD
        rig.connection.peer.receive()
        assert rig.connection.try_next_head()
        assert rig.connection.collect_body(WHOLE), "the handler reads the rest"
        rig.client.sendall(b"def")
        assert rig.connection.begin_exchange()
        assert rig.connection.open_reader(-1).read() == b"head:6\nabcdef"

    def test_the_limit_is_one_for_all_connections(self, make_rig):
        rig = make_rig(max_spool_bytes=2)
        rig.context.spool.hold(2)  # Another one's.
        rig.client.sendall(b"head:3\nabc")
        rig.connection.state = State.HEAD
        rig.connection.peer.receive()
        assert rig.connection.try_next_head()
        assert rig.connection.collect_body(WHOLE)
        assert rig.connection.begin_exchange()
        assert rig.connection.open_reader(-1).read() == b"head:3\nabc"

    @pytest.mark.parametrize("is_cut", [False, True])
    def test_what_is_held_is_given_back(self, rig, is_cut, monkeypatch):
        """Before the answer is out: who has it may want that room."""
        spool, take = rig.context.spool, rig.protocol.take
        rooms = []

        def take_noting(**named):
            rooms.append(spool.room)
            return take(**named)

        rig.client.sendall(b"head:3\nabc")
        rig.connection.state = State.HEAD
        rig.connection.peer.receive()
        assert rig.connection.try_next_head()
        assert rig.connection.collect_body(WHOLE)
        most = rig.context.settings.max_spool_bytes
        assert spool.room == most - 3
        assert rig.connection.begin_exchange()
        monkeypatch.setattr(rig.protocol, "take", take_noting)
        if is_cut:
            rig.connection.abort_exchange()
        else:
            rig.connection.end_exchange(keep=True)
        assert rooms
        assert set(rooms) == {most}

    @pytest.mark.parametrize(
        "error", [PeerError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Too large"), OSError("disk full")]
    )
    def test_collected_in_vain(self, rig, error):
        rig.client.sendall(b"head:6\nabc")
        rig.connection.state = State.HEAD
        rig.connection.peer.receive()
        assert rig.connection.try_next_head()
        rig.protocol.body_error = error
        assert rig.connection.collect_body(WHOLE)
        assert rig.connection.head.refusal.status in (413, 507)
        assert not rig.connection.head.keeps_alive

    def test_too_slow_to_be_collected(self, rig):
        rig.client.sendall(b"head:6\nabc")
        rig.connection.state = State.HEAD
        rig.connection.peer.receive()
        assert rig.connection.try_next_head()
        assert not rig.connection.collect_body(WHOLE)
        rig.connection.time_out_body()
        assert rig.connection.head.refusal.status == 408
        assert rig.connection.begin_exchange()
        assert rig.connection.open_reader(-1).read() == b"head:6\n"


class TestResponse:
    def test_is_collected(self, rig):
        _, wfile = rig.begin()
        rig.connection.write_head(b"HEAD ", keeps_alive=True)
        wfile.write(b"body")
        assert rig.received() == b""
        assert len(rig.sentinel.watched) == 1
        rig.connection.end_exchange(keep=True)
        assert rig.received() == b"HEAD body"
        assert rig.sentinel.watched == []
        assert rig.connection.goes_on

    def test_flush(self, rig):
        _, wfile = rig.begin()
        wfile.write(b"now")
        wfile.flush()
        assert rig.received() == b"now"

    def test_much_is_sent_at_once(self, rig):
        _, wfile = rig.begin()
        wfile.write(bytes(COLLECT_BYTES))
        assert rig.received(COLLECT_BYTES + 1) != b""

    def test_late_output_and_then_everything_at_once(self, rig):
        _, wfile = rig.begin()
        wfile.write(b"one")
        (output,) = rig.sentinel.watched
        assert output.flush_late_output()
        assert rig.received() == b"one"
        wfile.write(b"two")
        assert rig.received() == b"two"

    def test_late_output_of_an_exchange_does_not_hurry_the_next(self, rig):
        _, wfile = rig.begin()
        wfile.write(b"one")
        rig.sentinel.watched[0].flush_late_output()
        rig.connection.end_exchange(keep=True)
        rig.client.sendall(b"again\n")
        assert rig.connection.begin_exchange()
        wfile.write(b"two")
        assert rig.received() == b"one"
        assert rig.received() == b""

    def test_sentinel_never_waits_for_the_lock(self, rig):
        _, wfile = rig.begin()
        wfile.write(b"one")
        (output,) = rig.sentinel.watched
        with output._lock:
            assert not output.flush_late_output()

    def test_sentinel_keeps_order_where_the_client_does_not_read(self, rig):
        _, wfile = rig.begin()
        rig.request.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        rig.connection.peer.transport.try_send(bytes(1 << 20))
        while rig.connection.peer.transport.try_send(b"x"):
            pass
        wfile.write(b"first")
        (output,) = rig.sentinel.watched
        assert not output.flush_late_output()
        drained = threading.Thread(target=self.drain, args=(rig,))
        drained.start()
        wfile.write(b"second")
        rig.connection.end_exchange(keep=True)
        rig.request.shutdown(socket.SHUT_WR)
        drained.join()
        assert rig.drained.endswith(b"firstsecond")

    def drain(self, rig):
        rig.drained = b""
        while data := rig.client.recv(1 << 20):
            rig.drained += data

    def test_sentinel_meets_a_client_that_left(self, rig):
        _, wfile = rig.begin()
        wfile.write(b"one")
        rig.client.close()
        assert rig.sentinel.watched[0].flush_late_output()
        with pytest.raises(ConnectionError):
            wfile.write(b"two")

    def test_minimum_rate(self, rig):
        """A client that does not read keeps the handler no longer than the grace."""
        _, wfile = rig.begin()
        with pytest.raises(PeerTimeoutError):
            wfile.write(bytes(16 << 20))

    def test_client_that_left(self, rig):
        _, wfile = rig.begin()
        rig.client.close()
        wfile.write(b"lost")
        with pytest.raises(ConnectionError):
            rig.connection.end_exchange(keep=True)
        assert rig.connection.state is State.CLOSED
        assert rig.connection.verdict is Verdict.CLOSE
        assert rig.sentinel.watched == []


class TestEnd:
    def test_keep(self, rig):
        rig.begin()
        assert rig.connection.end_exchange(keep=True) == []
        assert rig.protocol.finished == [True]
        assert rig.connection.state is State.HEAD

    def test_close(self, rig):
        rig.begin()
        rig.connection.end_exchange(keep=False)
        assert rig.connection.state is State.CLOSED
        assert not rig.connection.begin_exchange()

    @pytest.mark.parametrize("is_stopping", [False, True])
    def test_head_says_that_the_server_stops(self, rig, is_stopping):
        """So it is told to the protocol at once; others are gathered."""
        rig.begin()
        rig.connection.may_park = True
        rig.connection.outgoing.seen_in = "a stay"
        rig.context.is_stopping = is_stopping
        rig.connection.write_head(b"HTTP/1.1 200 OK\r\n\r\n", keeps_alive=True)
        assert rig.protocol.has_response is is_stopping
        assert rig.connection.outgoing.has_response
        if is_stopping:
            assert rig.protocol.is_last

    def test_server_stops(self, rig):
        rig.begin()
        rig.context.is_stopping = True
        rig.connection.end_exchange(keep=True)
        assert rig.protocol.finished == [False]

    def test_twice(self, rig):
        rig.begin()
        rig.connection.end_exchange(keep=True)
        rig.connection.end_exchange(keep=True)
        rig.connection.abort_exchange()
        assert rig.protocol.finished == [True]

    def test_abort_sends_what_was_written(self, rig):
        _, wfile = rig.begin()
        wfile.write(b"half")
        rig.connection.abort_exchange()
        assert rig.received() == b"half"
        assert rig.connection.state is State.CLOSED
        assert rig.sentinel.watched == []

    def test_abort_with_a_client_that_left(self, rig):
        _, wfile = rig.begin()
        wfile.write(b"half")
        rig.client.close()
        rig.connection.abort_exchange()
        assert rig.connection.state is State.CLOSED

    def test_answer_is_possible_until_there_is_one(self, rig):
        assert not rig.connection.can_answer
        _, wfile = rig.begin()
        assert rig.connection.can_answer
        wfile.write(b"x")
        assert not rig.connection.can_answer

    def test_writer_that_outlives_the_socket(self, rig):
        """Nothing is sent when it is collected: there is nowhere to, and nobody to be told."""
        rfile, wfile = rig.begin()
        wfile.write(b"unsent")
        rig.connection.close()
        rfile.close()
        rig.request.close()
        del wfile
        assert not rig.connection.peer.is_lost


def with_duplicate(sock, use):
    with sock.dup() as duplicate:
        use(duplicate)


class TestTakeOver:
    def test_sends_first_and_gives_what_was_read_ahead(self, rig):
        _, wfile = rig.begin(b"head\nearly")
        wfile.write(b"before ")
        assert rig.request.recv(3) == b"ear"
        assert rig.request.recv(10) == b"ly"
        rig.request.sendall(b"after")
        assert rig.received() == b"before after"
        assert rig.connection.state is State.TAKEN
        assert not rig.connection.begin_exchange()

    def test_whole_head_where_nobody_read_it(self, rig):
        rig.client.sendall(b"head\nrest")
        rig.connection.begin_exchange()
        assert rig.request.recv(100) == b"head\n"
        buffer = bytearray(10)
        assert rig.request.recv_into(buffer) == 4
        assert buffer[:4] == b"rest"

    @pytest.mark.parametrize(
        "use",
        [
            lambda sock: sock.recv(1),
            lambda sock: sock.recvfrom(1),
            lambda sock: sock.recv_into(bytearray(1)),
            lambda sock: with_duplicate(sock, lambda duplicate: duplicate.recv(1)),
            lambda sock: sock.makefile("rb", 0).read(1),
            lambda sock: socket.socket(fileno=sock.detach()).close(),
        ],
        ids=["recv", "recvfrom", "recv_into", "dup", "makefile", "detach"],
    )
    def test_by_use(self, rig, use):
        rig.begin(b"head\nearly")
        use(rig.request)
        assert rig.connection.state is State.TAKEN

    @pytest.mark.parametrize(
        ("use", "noted"),
        [
            (lambda sock: sock.send(b"abc"), (b"abc", 3)),
            (lambda sock: sock.sendall(memoryview(b"abc")), (b"abc", 3)),
            (lambda sock: sock.sendmsg([b"a", b"bc"]), (b"abc", 3)),
            (
                lambda sock: with_duplicate(sock, lambda duplicate: duplicate.sendall(b"abc")),
                (b"abc", 3),
            ),
            (lambda sock: sock.makefile("wb", 0).write(b"abc"), (b"abc", 3)),
            (lambda sock: sock.sendfile(io.BytesIO(b"abc")), (b"", 3)),
        ],
        ids=["send", "sendall", "sendmsg", "dup", "makefile", "sendfile"],
    )
    def test_sending_is_a_part_of_the_response(self, rig, use, noted):
        _, wfile = rig.begin()
        wfile.write(b"before ")
        use(rig.request)
        assert rig.connection.in_exchange
        assert rig.received() == b"before abc"
        assert rig.connection.protocol.sent_aside == [noted]

    def test_where_the_socket_does_not_block_sending_takes_over(self, rig, monkeypatch):
        """As on Windows: what the socket does not take at once would fail."""
        monkeypatch.setattr(rig.connection.transport, "is_left_blocking", False)
        rig.begin()
        rig.request.sendall(b"x")
        assert rig.connection.state is State.TAKEN

    @pytest.mark.parametrize("size", [2, 10])
    def test_peeking_leaves_everything(self, rig, size):
        rig.begin(b"head\nearly")
        for _ in range(2):
            assert rig.request.recv(size, socket.MSG_PEEK) == b"early"[:size]
        assert rig.connection.in_exchange

    def test_peeking_at_a_body_that_was_collected(self, rig):
        rig.client.sendall(b"head:6\nabcdef")
        rig.connection.state = State.HEAD
        rig.connection.peer.receive()
        rig.connection.try_next_head()
        assert rig.connection.collect_body(WHOLE)
        rig.connection.begin_exchange()
        assert rig.request.recv(4, socket.MSG_PEEK) == b"head"
        reader = rig.connection.open_reader(0)
        assert reader.readline() == b"head:6\n"
        assert rig.request.recv(4, socket.MSG_PEEK) == b"abcd"
        assert reader.read(6) == b"abcdef"

    def test_asking_does_not(self, rig):
        rig.begin()
        rig.request.getpeername()
        rig.request.getsockname()
        rig.request.settimeout(1)
        rig.request.fileno()
        assert rig.connection.in_exchange

    def test_body_that_was_collected(self, rig):
        rig.client.sendall(b"head:6\nabcdef")
        rig.connection.state = State.HEAD
        rig.connection.peer.receive()
        rig.connection.try_next_head()
        assert rig.connection.collect_body(WHOLE)
        rig.connection.begin_exchange()
        assert rig.connection.open_reader(0).readline() == b"head:6\n"
        assert rig.request.recv(4) == b"abcd"
        assert rig.request.recv(4) == b"ef"
        rig.client.sendall(b"more")
        assert rig.request.recv(4) == b"more"

    def test_no_deadline_of_ours_afterwards(self, rig):
        rfile, _ = rig.begin(b"head:1\n")
        take_over(rig.connection)
        timer = threading.Timer(SHORT * 3, rig.client.sendall, [b"late"])
        timer.start()
        assert rfile.read(4) == b"late"
        timer.join()

    def test_sentinel_leaves_it_alone(self, rig):
        _, wfile = rig.begin()
        wfile.write(b"x")
        (output,) = rig.sentinel.watched
        take_over(rig.connection)
        assert rig.sentinel.watched == []
        assert output.flush_late_output()


class TestSocket:
    def test_connection_is_found(self, rig):
        assert connection_of(rig.request) is rig.connection
        assert connection_of(rig.client) is None
        assert connection_of(None) is None

    def test_close_waits_for_rfile(self, rig):
        rfile, wfile = rig.begin()
        rig.request.close()
        wfile.write(b"still")
        wfile.flush()
        assert rig.received() == b"still"
        rfile.close()
        assert rig.request.fileno() == -1

    def test_end_of_the_connection_closes_rfile(self, rig):
        rfile, _ = rig.begin()
        rig.connection.close()
        assert rfile.closed
        rig.request.close()
        assert rig.request.fileno() == -1

    def test_linger_without_a_poller(self, make_rig):
        rig = make_rig(linger_seconds=SHORT)
        rig.client.sendall(b"unread")
        linger(rig.connection)
        assert rig.client.recv(10) == b""


class TestGoodbye:
    """It tells the client that nothing is missing; said before the connection is shut down."""

    @pytest.fixture
    def said(self, rig, monkeypatch):
        """A list that grows whenever goodbye is said."""
        said = []
        monkeypatch.setattr(rig.connection.transport, "say_goodbye", lambda: said.append(True))
        return said

    def close(self, rig):
        """As a server does."""
        rig.connection.close()
        rig.request.shutdown(socket.SHUT_WR)
        rig.request.close()

    def test_before_the_first_request(self, rig, said):
        assert rig.connection.try_handshake()
        self.close(rig)
        assert said

    def test_behind_a_whole_response(self, rig, said):
        _, wfile = rig.begin()
        wfile.write(b"whole")
        rig.connection.end_exchange(keep=False)
        self.close(rig)
        assert said

    def test_when_the_handler_shuts_down(self, rig, said):
        _, wfile = rig.begin()
        wfile.write(b"whole")
        rig.request.shutdown(socket.SHUT_WR)
        assert said
        assert rig.received() == b"whole"

    def test_not_in_the_handshake(self, rig, said):
        self.close(rig)
        assert said == []

    def test_not_in_the_middle_of_an_exchange(self, rig, said):
        rig.begin()
        self.close(rig)
        assert said == []

    def test_not_behind_a_response_that_is_cut(self, rig, said):
        _, wfile = rig.begin()
        wfile.write(b"half")
        rig.connection.abort_exchange()
        self.close(rig)
        assert said == []

    def test_not_when_the_handler_of_a_taken_connection_fails(self, rig, said):
        rig.begin()
        rig.request.send(b"half")
        rig.connection.abort_exchange()
        self.close(rig)
        assert said == []

    def test_not_when_the_end_of_the_response_fails(self, rig, said, monkeypatch):
        rig.begin()

        def take(*, last=False):
            raise LookupError("a fault of ours")

        monkeypatch.setattr(rig.protocol, "take", take)
        with pytest.raises(LookupError):
            rig.connection.end_exchange(keep=False)
        self.close(rig)
        assert said == []

    def test_not_while_something_is_left_to_send(self, rig, said):
        _, wfile = rig.begin()
        rig.connection.outgoing.surplus = Surplus.BUFFER
        rig.request.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        wfile.write(bytes(200_000))
        rig.connection.end_exchange(keep=False)
        assert rig.connection.outgoing.is_waiting
        self.close(rig)
        assert said == []
