"""A plain transport over a socket pair: it never waits, whatever the handler set."""

import signal
import socket
import time

import pytest

from basehttpserver._engine.transport import (
    READ,
    WRITE,
    PlainTransport,
    transport_for,
    wait_until_ready,
)

pytestmark = pytest.mark.usefixtures("leaks_nothing")


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.settimeout(5)
        yield ours, theirs


@pytest.fixture(params=[None, 5.0, 0.0], ids=["blocking", "timeout", "non-blocking"])
def transport(request, pair):
    transport = transport_for(pair[0])
    pair[0].settimeout(request.param)
    return transport


class TestReceive:
    def test_nothing_yet(self, transport):
        assert transport.try_receive(10) is None

    def test_what_is_here(self, transport, pair):
        pair[1].sendall(b"abcdef")
        assert transport.try_receive(4) == b"abcd"
        assert transport.try_receive(4) == b"ef"
        assert transport.try_receive(4) is None

    def test_end(self, transport, pair):
        pair[1].shutdown(socket.SHUT_WR)
        assert transport.try_receive(4) == b""

    def test_closed(self, transport, pair):
        pair[0].close()
        with pytest.raises(OSError, match="Bad file descriptor"):
            transport.try_receive(4)


class TestSend:
    def test_what_fits(self, transport, pair):
        assert transport.try_send(b"abc") == 3
        assert pair[1].recv(10) == b"abc"

    def test_until_it_is_full(self, transport, pair):
        total = 0
        while sent := transport.try_send(bytes(65536)):
            total += sent
        assert transport.try_send(b"x") == 0
        while total > 0:
            total -= len(pair[1].recv(65536))
        assert transport.try_send(b"x") == 1

    def test_to_a_peer_that_left(self, transport, pair):
        pair[1].close()
        with pytest.raises(ConnectionError):
            transport.try_send(b"x")


class TestPlain:
    def test_kind(self, pair):
        transport = transport_for(pair[0])
        assert type(transport) is PlainTransport
        assert transport.try_handshake()
        assert (transport.receive_mask, transport.send_mask) == (READ, WRITE)
        assert transport.fileno() == pair[0].fileno()

    def test_socket_stays_in_blocking_mode(self, pair):
        transport = transport_for(pair[0])
        assert transport.try_receive(1) is None
        assert pair[0].gettimeout() is None
        transport.release()
        assert pair[0].gettimeout() is None

    def test_rest_for_linger_outlives_the_socket(self, pair):
        rest = transport_for(pair[0]).remaining_for_linger()
        pair[0].close()
        with rest:
            pair[1].sendall(b"late")
            assert rest.recv(10) == b"late"

    def test_rest_of_a_closed_socket(self, pair):
        transport = transport_for(pair[0])
        pair[0].close()
        assert transport.remaining_for_linger() is None


class TestFirstByte:
    def test_before_it_is_here(self, transport):
        assert transport.begins_tls() is None

    @pytest.mark.parametrize(("data", "expected"), [(b"GET", False), (b"\x16\x03", True)])
    def test_is_looked_at_and_left(self, transport, pair, data, expected):
        pair[1].sendall(data)
        assert transport.begins_tls() is expected
        assert transport.try_receive(10) == data

    def test_end(self, transport, pair):
        pair[1].shutdown(socket.SHUT_WR)
        assert transport.begins_tls() is False


class TestWait:
    def test_ready(self, pair):
        ours, theirs = (sock.fileno() for sock in pair)
        pair[1].sendall(b"x")
        assert wait_until_ready([(ours, READ)], None) == [ours]
        assert sorted(wait_until_ready([(ours, READ), (theirs, WRITE)], 5)) == sorted(
            [ours, theirs]
        )

    def test_not_ready(self, pair):
        began = time.monotonic()
        assert wait_until_ready([(pair[0].fileno(), READ)], 0.02) == []
        assert time.monotonic() - began >= 0.015
        assert wait_until_ready([(pair[0].fileno(), READ)], 0) == []

    @pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no timers here")
    def test_what_came_while_a_signal_was_handled(self, pair):
        """A process that is stopped and goes on is met so, too: with its time over, unseen."""

        def handle(number, frame):
            pair[1].sendall(b"x")
            time.sleep(0.2)

        before = signal.signal(signal.SIGALRM, handle)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.02)
            assert wait_until_ready([(pair[0].fileno(), READ)], 0.1) == [pair[0].fileno()]
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def test_longest(self, pair):
        """More than poll() takes: it must not overflow."""
        pair[1].sendall(b"x")
        assert wait_until_ready([(pair[0].fileno(), READ)], 1e12) == [pair[0].fileno()]


@pytest.mark.skipif(not hasattr(socket, "TCP_NOTSENT_LOWAT"), reason="the platform has no such")
def test_the_kernel_keeps_little_of_a_file_for_a_slow_client(tmp_path):
    path = tmp_path / "large"
    path.write_bytes(bytes(20_000_000))
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as client,
        path.open("rb") as file,
    ):
        client.settimeout(5)
        ours, _ = listener.accept()
        with ours:
            transport = transport_for(ours)
            sent = 0
            while count := transport.try_send_file(file.fileno(), sent, 20_000_000 - sent):
                sent += count
            option = socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT
            low_waters = [ours.getsockopt(*option)]
            for is_much in (True, False):
                transport.keep_much(is_much)
                low_waters.append(ours.getsockopt(*option))
    assert sent < 20_000_000
    assert low_waters == [65536, 0, 65536]
