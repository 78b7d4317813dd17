"""Accepting, by a poller whose host only notes what it is asked, and a clock that we turn."""

import errno
import socket

import pytest

from basehttpserver._engine.accepting import MOST_ACCEPTED
from basehttpserver._engine.listener import ACCEPT_PAUSE_SECONDS
from tests.engine.poller_rig import HeldUp

pytestmark = pytest.mark.usefixtures("leaks_nothing")


class TestLimits:
    def test_connections(self, make_rig):
        rig = make_rig(max_connections=1)
        rig.connect()
        client = rig.connect()
        assert client.recv(1000).startswith(b"busy")
        assert len(rig.host.closed) == 1

    def test_connections_of_one_address(self, make_rig):
        rig = make_rig(max_connections_per_address=1)
        first = rig.connect()
        assert rig.connect().recv(1000).startswith(b"busy")
        first.close()
        rig.turn()
        rig.connect(b"head\n")
        assert len(rig.host.answered) == 1

    def test_client_that_came_while_a_handler_held_up_everything(self, make_rig):
        """Those before it are over their time, but have not left yet."""
        rig = make_rig(make_host=lambda: HeldUp(lambda: on_respond()), max_connections=2)
        rig.connect()
        other = rig.connect()

        def on_respond():
            address = rig.host.listener.getsockname()
            rig.clients.append(socket.create_connection(address, 5))
            rig.clock.now += 100

        other.sendall(b"long\n")
        rig.turn()
        assert rig.clients[-1].recv(100) == b"busy\n"


class TestRest:
    @pytest.mark.parametrize(
        "error",
        [OSError(errno.EMFILE, "no more"), OSError(errno.ENOMEM, "no more"), MemoryError()],
        ids=repr,
    )
    def test_accepting_rests(self, rig, error):
        rig.host.error = error
        rig.connect(b"head\n")
        rig.host.error = None
        rig.turn()
        assert not rig.host.answered
        rig.turn(ACCEPT_PAUSE_SECONDS)
        assert len(rig.host.answered) == 1

    def test_client_that_left_the_queue_is_nobodys_fault(self, rig):
        rig.host.error = OSError(errno.ECONNABORTED, "gone")
        rig.connect(b"head\n")
        rig.host.error = None
        rig.turn()
        assert len(rig.host.answered) == 1


class TestListening:
    def queue(self, rig, count):
        """Clients that wait to be accepted."""
        rig.poller.acceptor.stop_listening()
        for _ in range(count):
            rig.connect(b"head\n")

    def test_not_listening(self, rig):
        rig.poller.acceptor.stop_listening()
        rig.poller.acceptor.stop_listening()
        rig.connect(b"head\n")
        assert not rig.host.answered
        rig.poller.acceptor.listen()
        rig.turn()
        assert len(rig.host.answered) == 1

    def test_some_are_accepted_in_a_turn_and_then_the_others_have_theirs(self, rig):
        kept = rig.connect(b"head\n")
        rig.finish(rig.host.answered.pop())
        self.queue(rig, MOST_ACCEPTED + 3)
        kept.sendall(b"head\n")
        rig.poller.acceptor.listen()
        rig.poller.run_once(0.005, rig.tenure)
        assert len(rig.host.answered) == MOST_ACCEPTED + 1
        rig.poller.run_once(0.005, rig.tenure)
        assert len(rig.host.answered) == MOST_ACCEPTED + 4

    def test_one_is_accepted_in_a_turn(self, rig):
        self.queue(rig, 2)
        rig.poller.acceptor.listen(most_at_once=1)
        for count in (1, 2):
            rig.poller.run_once(0.005, rig.tenure)
            assert len(rig.host.answered) == count

    def test_no_more_are_accepted_when_the_lead_was_taken(self, make_rig):
        rig = make_rig(make_host=lambda: HeldUp(lambda: setattr(rig.tenure, "is_over", True)))
        self.queue(rig, 2)
        rig.poller.acceptor.listen()
        rig.poller.run_once(0.005, rig.tenure)
        assert len(rig.host.answered) == 1

    def test_last_ones(self, rig):
        rig.poller.acceptor.stop_listening()
        rig.connect(b"head\n")
        rig.connect(b"head\n")
        rig.poller.acceptor.accept_last(100)
        assert len(rig.host.answered) == 2
        rig.connect(b"head\n")
        assert len(rig.host.answered) == 2

    def test_no_more_last_ones_than_said(self, rig):
        rig.poller.acceptor.stop_listening()
        rig.connect(b"head\n")
        rig.connect(b"head\n")
        rig.poller.acceptor.accept_last(1)
        assert len(rig.host.answered) == 1

    def test_connection_that_was_accepted_elsewhere(self, rig):
        """By a server whose `get_request` is its own, right before the stop."""
        rig.poller.acceptor.stop_listening()
        rig.connect(b"one\n")
        connection = rig.host.admit(*rig.host.accept())
        rig.context.is_stopping = True
        rig.poller.give_back(connection)
        rig.turn()
        assert rig.host.answered == [connection]

    def test_client_that_is_served_where_it_is_accepted(self, rig):
        """By a handler that is not for HTTP, say: it counts, and the poller has nothing to hold."""

        def admit(request, client_address):
            request.close()

        rig.host.admit = admit
        rig.connect()
        assert rig.poller.answered == 1
        assert not rig.poller._roster
