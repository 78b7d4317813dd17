"""The poller with a host that only notes what it is asked, and a clock that we turn."""

import select
import selectors
import socket

import pytest

from basehttpserver._engine import lingering, poller
from basehttpserver._engine.poller import MOST_DUE, MOST_RECEIVING
from basehttpserver._engine.readiness import AnySelector
from basehttpserver._engine.state import State
from basehttpserver._exchange import Verdict
from tests.engine.poller_rig import HeldUp, Inline

pytestmark = pytest.mark.usefixtures("leaks_nothing")


class TestHeads:
    def test_whole_head_is_answered(self, rig):
        rig.connect(b"head\n")
        (connection,) = rig.host.answered
        assert connection.head.raw == b"head\n"
        assert connection.watched_mask == 0, "the poller has let it go"
        assert rig.poller.answered == 1

    def test_head_in_pieces(self, rig):
        client = rig.connect(b"he")
        assert not rig.host.answered
        rig.send(client, b"ad\n")
        assert len(rig.host.answered) == 1

    def test_next_request(self, rig):
        client = rig.connect(b"one\n")
        rig.finish(rig.host.answered[0])
        assert len(rig.host.answered) == 1
        rig.send(client, b"two\n")
        assert len(rig.host.answered) == 2
        assert client.recv(100) == b"answer"

    def test_pipelined_request(self, rig):
        rig.connect(b"one\ntwo\n")
        assert len(rig.host.answered) == 1
        rig.finish(rig.host.answered[0])
        assert len(rig.host.answered) == 2

    def test_client_that_leaves(self, rig):
        client = rig.connect()
        client.close()
        rig.turn()
        assert len(rig.host.closed) == 1

    def test_socket_that_the_handler_closed(self, rig):
        rig.connect(b"one\n")
        (connection,) = rig.host.answered
        assert connection.begin_exchange()
        connection.end_exchange(keep=True)
        connection.request.close()
        rig.poller.give_back(connection)
        rig.turn()
        assert rig.host.closed == [connection]

    def test_all_busy(self, rig):
        rig.host.is_busy = True
        assert rig.connect(b"head\n").recv(1000) == b"busy\n"
        assert len(rig.host.closed) == 1


def test_platform_without_epoll(make_rig, monkeypatch):
    monkeypatch.setattr(poller, "make_selector", AnySelector)
    rig = make_rig(make_host=Inline)
    client = rig.connect(b"one\n")
    rig.send(client, b"one more\n")
    assert client.recv(100) == b"answer" * 2
    client.close()
    rig.turn()
    assert len(rig.host.closed) == 1
    assert select.select([rig.poller.others_wait()], [], [], 0) == ([], [], [])


class TestDeadlines:
    def test_idle(self, rig):
        rig.connect()
        rig.turn(59)
        assert not rig.host.closed
        rig.turn(2)
        assert len(rig.host.closed) == 1

    def test_idle_between_requests(self, rig):
        rig.connect(b"one\n")
        rig.turn(1000)
        assert not rig.host.closed, "a handler may take any time"
        rig.finish(rig.host.answered[0])
        rig.turn(59)
        assert not rig.host.closed
        rig.turn(2)
        assert len(rig.host.closed) == 1

    def test_timeout_of_the_handler(self, rig):
        rig.connect(b"one\n")
        rig.host.answered[0].limit_operations(5)
        rig.finish(rig.host.answered[0])
        rig.turn(6)
        assert len(rig.host.closed) == 1

    @pytest.mark.parametrize("gaps", [[], [59], [1, 2, 3], [0.25] * 40, [30, 59.5, 0.001]])
    @pytest.mark.parametrize("step", [60.0, 7.0, 0.5])
    def test_idle_since_the_last_request(self, make_rig, gaps, step):
        """Looked at as often as the clock has it, and ended neither before nor after its time."""
        rig = make_rig(make_host=Inline)
        client = rig.connect(b"one\n")
        for gap in gaps:
            rig.clock.now += gap
            rig.send(client, b"one more\n")
        assert len(rig.host.answered) == 1 + len(gaps)
        began = rig.clock.now
        while rig.clock.now + step < began + 60:
            rig.turn(step)
            assert not rig.host.closed
            left = rig.poller._deadlines.seconds_left()
            assert left <= began + 60 - rig.clock.now, "whoever waits for it would be late"
            assert len(rig.poller._deadlines._queues) == 1
        rig.clock.now = began + 59.999
        rig.turn()
        assert not rig.host.closed
        rig.clock.now = began + 60
        rig.turn()
        assert len(rig.host.closed) == 1

    def test_idle_times_of_many_need_few_queues(self, make_rig):
        rig = make_rig(make_host=Inline)
        clients = [rig.connect(b"one\n") for _ in range(20)]
        for number, client in enumerate(clients):
            rig.clock.now += 0.1 * number
            rig.send(client, b"one more\n")
        for _ in range(90):
            rig.turn(0.7)
            assert len(rig.poller._deadlines._queues) <= 16
        assert len(rig.host.closed) > 5

    def test_shorter_timeout_that_a_later_request_sets(self, make_rig):
        rig = make_rig(make_host=Inline)
        client = rig.connect(b"one\n")
        rig.host.in_exchange = [lambda connection: connection.limit_operations(5)]
        rig.send(client, b"one more\n")
        rig.turn(4.9)
        assert not rig.host.closed
        rig.turn(0.1)
        assert len(rig.host.closed) == 1

    def test_head_is_a_total(self, rig):
        """A byte now and then does not put it off."""
        client = rig.connect(b"h")
        for _ in range(19):
            rig.turn(1)
            rig.send(client, b"h")
        assert not rig.host.answered
        rig.turn(2)
        (connection,) = rig.host.answered
        assert connection.head.refusal.status == 408

    def test_many_at_once_hold_up_no_request(self, rig):
        for _ in range(2 * MOST_DUE):
            rig.connect(b"half")
        rig.clock.now += 10
        client = rig.connect()
        rig.clock.now += 11
        rig.poller.run_once(0, rig.tenure)
        client.sendall(b"one\n")
        rig.poller.run_once(0, rig.tenure)
        refusals = [connection.head.refusal for connection in rig.host.answered]
        assert refusals.index(None) == MOST_DUE
        rig.turn()
        assert len(rig.host.answered) == 2 * MOST_DUE + 1

    def test_those_in_the_midst_of_a_head_have_their_turn_behind_the_others(self, rig):
        """So many of them in a turn, and the next ones in the next."""
        slow = [rig.connect(b"h") for _ in range(MOST_RECEIVING + 2)]
        quick = rig.connect(b"head\n")
        rig.finish(rig.host.answered.pop())
        for client in [*slow, quick]:
            client.sendall(b"end\n")
        rig.poller.run_once(0.005, rig.tenure)
        first, *others = rig.host.answered
        assert first.client_address == quick.getsockname()
        assert len(others) == MOST_RECEIVING
        rig.poller.run_once(0.005, rig.tenure)
        assert len(rig.host.answered) == MOST_RECEIVING + 3

    def test_slow_ones_are_seen_to_in_turn(self, rig):
        """Whoever is always ready keeps nobody from their turn."""
        slow = [rig.connect(b"h") for _ in range(2 * MOST_RECEIVING)]
        for _ in range(3):
            for client in slow:
                client.sendall(b"h")
            rig.poller.run_once(0.005, rig.tenure)
        held = rig.poller._roster.snapshot()
        assert min(len(connection.protocol.received) for connection in held) > 1

    def test_request_that_came_while_a_handler_held_up_everything(self, make_rig):
        """It came in time; that nobody looked is not its client's fault."""
        rig = make_rig(make_host=lambda: HeldUp(lambda: on_respond()))
        waiting, other = rig.connect(), rig.connect()

        def on_respond():
            waiting.sendall(b"in time\n")
            rig.clock.now += 100

        other.sendall(b"long\n")
        rig.turn()
        assert [each.head.raw for each in rig.host.answered] == [b"long\n", b"in time\n"]
        assert not rig.host.closed

    def test_half_a_head_behind_an_answer(self, rig):
        rig.connect(b"one\nhalf")
        rig.finish(rig.host.answered[0])
        rig.turn(21)
        assert rig.host.answered[1].head.refusal.status == 408


class TestFaults:
    def test_a_fault_of_ours_ends_one_connection_and_no_more(self, rig):
        rig.connect(b"head:no number\n")
        ((connection, error),) = rig.host.reported
        assert isinstance(error, ValueError)
        assert rig.host.closed == [connection]
        rig.connect(b"head\n")
        assert len(rig.host.answered) == 1

    def test_connection_is_closed_where_its_fault_cannot_be_reported(self, rig):
        """As by a ``handle_error`` that raises again; the same bytes would come for ever."""

        def report(connection):
            raise NotImplementedError

        rig.host.report = report
        with pytest.raises(NotImplementedError):
            rig.connect(b"head:no number\n")
        assert len(rig.host.closed) == 1

    def test_what_leaves_the_host_leaves_the_loop(self, rig):
        """A handler's SystemExit, say: it is not for the poller to keep."""

        def respond(connection):
            rig.host.close_connection(connection)
            raise SystemExit

        rig.host.respond = respond
        with pytest.raises(SystemExit):
            rig.connect(b"head\n")


class TestBodies:
    def test_is_collected_first(self, make_rig):
        rig = make_rig(collects_bodies=True)
        client = rig.connect(b"head:6\nabc")
        assert not rig.host.answered
        rig.send(client, b"def")
        (connection,) = rig.host.answered
        assert connection.begin_exchange()
        assert connection.open_reader(-1).read() == b"head:6\nabcdef"

    def test_a_client_that_waits_for_a_word_gets_it(self, make_rig):
        rig = make_rig(collects_bodies=True)
        client = rig.connect(b"head:3\n")
        assert client.recv(100) == b"go on\n"
        rig.send(client, b"abc")
        assert len(rig.host.answered) == 1

    def test_minimum_rate(self, make_rig):
        rig = make_rig(collects_bodies=True)
        client = rig.connect(b"head:600\n")
        rig.send(client, b"x" * 20)
        rig.turn(21)
        assert not rig.host.answered, "20 bytes in 20 seconds are enough"
        rig.send(client, b"x" * 10)
        rig.turn(21)
        (connection,) = rig.host.answered
        assert connection.head.refusal.status == 408

    def test_client_that_leaves(self, make_rig):
        rig = make_rig(collects_bodies=True)
        client = rig.connect(b"head:6\nabc")
        client.shutdown(socket.SHUT_WR)
        rig.turn()
        assert len(rig.host.answered) == 1


class TestLingering:
    def linger(self, rig):
        client = rig.connect(b"head\n")
        (connection,) = rig.host.answered
        connection.protocol.verdict = Verdict.LINGER
        assert connection.begin_exchange()
        connection.outgoing.open_writer().write(b"answer")
        connection.end_exchange(keep=True)
        rig.host.close_connection(connection)
        rig.turn()
        assert rig.poller._lingering._held
        return client

    def test_client_reads_its_answer(self, rig):
        client = self.linger(rig)
        rig.send(client, b"more and more")
        assert client.recv(100) == b"answer"
        assert client.recv(100) == b""
        client.close()
        rig.turn()
        assert not rig.poller._lingering._held

    def test_oldest_ends_where_there_are_too_many(self, make_rig, monkeypatch):
        """They are beside the limit of connections, and have one of their own."""
        monkeypatch.setattr(lingering, "MOST_LINGERING", 2)
        rig = make_rig(max_connections=1)
        rig.connect()
        clients = [rig.connect() for _ in range(3)]
        rig.turn()
        assert len(rig.poller._lingering._held) == 2
        for client in clients:
            assert client.recv(100) == b"busy\n"

    def test_deadline(self, rig):
        self.linger(rig)
        rig.turn(3)
        assert not rig.poller._lingering._held


class TestStop:
    def test_idle_connections(self, rig):
        rig.connect()
        begun = rig.connect(b"begun")
        rig.poller.close_idle(spares_new=False)
        assert len(rig.host.closed) == 1
        assert not rig.poller.is_quiet
        rig.send(begun, b"\n")
        assert len(rig.host.answered) == 1

    def test_connection_that_comes_back(self, rig):
        rig.connect(b"one\n")
        (connection,) = rig.host.answered
        assert connection.begin_exchange()
        connection.end_exchange(keep=True)
        rig.context.is_stopping = True
        rig.poller.give_back(connection)
        rig.turn()
        rig.poller.close_idle(spares_new=False)
        assert rig.host.closed == [connection]

    def test_connection_that_comes_back_with_its_next_request(self, rig):
        """It is in the kernel's buffer: nobody has looked since."""
        client = rig.connect(b"one\n")
        (connection,) = rig.host.answered
        assert connection.begin_exchange()
        connection.end_exchange(keep=True)
        client.sendall(b"two\n")
        rig.context.is_stopping = True
        rig.poller.give_back(connection)
        rig.turn()
        assert rig.host.answered == [connection, connection]

    def test_connection_without_a_request_is_spared(self, rig):
        rig.connect()
        assert rig.poller.close_idle(spares_new=True)
        assert not rig.host.closed
        (connection,) = rig.poller._roster.snapshot()
        connection.resident = object()  # Its handler has answered one, and left its thread.
        assert not rig.poller.close_idle(spares_new=True)
        assert rig.host.closed == [connection]

    def test_quiet(self, rig):
        assert rig.poller.is_quiet
        rig.connect(b"one\n")
        (connection,) = rig.host.answered
        assert not rig.poller.is_quiet
        rig.finish(connection)
        assert rig.poller.is_quiet

    def test_wake(self, rig):
        rig.poller.wake()
        rig.poller.run_once(60, rig.tenure)

    def test_wake_when_it_is_awake(self, rig):
        for _ in range(10_000):
            rig.poller.wake()
        rig.turn()

    def test_others(self, rig):
        with selectors.DefaultSelector() as selector:
            selector.register(rig.poller.others_wait(), selectors.EVENT_READ)
            assert not selector.select(0)
            rig.clients.append(socket.create_connection(rig.host.listener.getsockname(), 5))
            assert selector.select(1)

    def test_state_after_close(self, rig):
        rig.connect()
        rig.poller.close()
        assert [connection.state for connection in rig.host.closed] == [State.CLOSED]
