"""TLS in the engine: a transport that never waits, and handshakes by a clock that we turn."""

import socket
import ssl

import pytest

from basehttpserver._engine.sockets import accept_from, adopt
from basehttpserver._engine.state import State
from basehttpserver._engine.transport import (
    HandshakeError,
    PlaintextError,
    TlsTransport,
    transport_for,
)
from basehttpserver._exchange import Verdict
from tests.engine.poller_rig import SETTINGS, Host, Rig
from tests.tls import ByHand

pytestmark = pytest.mark.usefixtures("leaks_nothing")


class Pair:
    """Our side of a TLS connection, and a client that is moved by hand."""

    def __init__(self, authority, adopts=True):
        ours, theirs = socket.socketpair()
        theirs.settimeout(5)
        self.theirs = theirs
        wrapped = authority.server_context().wrap_socket(
            ours, server_side=True, do_handshake_on_connect=False
        )
        self.ours = adopt(wrapped) if adopts else wrapped
        self.transport = transport_for(self.ours)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = authority.client_context().wrap_bio(
            self.incoming, self.outgoing, server_hostname="localhost"
        )

    def shake(self):
        while True:
            try:
                self.client.do_handshake()
            except ssl.SSLWantReadError:
                self.theirs.sendall(self.outgoing.read())
                self.transport.try_handshake()
                self.incoming.write(self.theirs.recv(65536))
            else:
                self.theirs.sendall(self.outgoing.read())
                assert self.transport.try_handshake()
                return self

    def send(self, data):
        self.client.write(data)
        self.theirs.sendall(self.outgoing.read())

    def take(self):
        """Return what the server has sent so far."""
        self.theirs.setblocking(False)
        received = b""
        while True:
            try:
                received += self.client.read(65536)
            except ssl.SSLWantReadError:
                try:
                    self.incoming.write(self.theirs.recv(65536))
                except BlockingIOError:
                    return received

    def close(self):
        self.ours.close()
        self.theirs.close()


@pytest.fixture(params=[True, False], ids=["adopted", "a socket of the program's own"])
def pair(request, authority):
    pair = Pair(authority, request.param)
    yield pair
    pair.close()


class TestTransport:
    def test_kind(self, pair):
        assert type(pair.transport) is TlsTransport

    def test_handshake_step_by_step(self, pair):
        assert not pair.transport.try_handshake()
        pair.shake()
        assert pair.transport.try_handshake()  # Again, and no harm done.

    def test_what_is_here(self, pair):
        pair.shake()
        assert pair.transport.try_receive(10) is None
        pair.send(b"abcdef")
        assert pair.transport.try_receive(100) == b"abcdef"
        assert pair.transport.try_receive(10) is None

    def test_a_part_of_a_record_never_stays_behind(self, pair):
        pair.shake()
        pair.send(bytes(16384))
        received = pair.transport.try_receive(65536)
        assert len(received) == 16384
        assert pair.ours.pending() == 0

    def test_end(self, pair):
        pair.shake()
        pair.theirs.shutdown(socket.SHUT_WR)
        assert pair.transport.try_receive(10) == b""

    def test_garbage_is_the_end_of_the_connection(self, pair):
        pair.shake()
        pair.theirs.sendall(b"\x17\x03\x03\x00\x05hello")
        with pytest.raises(ConnectionAbortedError):
            pair.transport.try_receive(10)

    def test_what_did_not_go_may_come_again_in_other_pieces(self, pair):
        """OpenSSL insists on the same bytes; a backlog has them in pieces of its own."""
        pair.shake()
        data = bytes(range(256)) * 40_000
        sent = pair.transport.try_send(data)
        assert 0 < sent < len(data)
        received = b""
        while sent < len(data) or len(received) < len(data):
            received += pair.take()
            sent += pair.transport.try_send(data[sent : sent + 20_000])
        assert received == data

    def test_a_socket_that_the_handler_closed(self, pair):
        pair.shake()
        pair.ours.close()
        for move in (lambda: pair.transport.try_receive(1), lambda: pair.transport.try_send(b"x")):
            with pytest.raises(OSError, match=r"closed|Bad file"):
                move()

    def test_nothing_goes_in_the_clear(self, pair):
        """``SSLSocket.send`` would, once the handler has ended TLS."""
        pair.shake()
        pair.ours._sslobj = None
        with pytest.raises(OSError, match="closed"):
            pair.transport.try_send(b"secret")

    def test_goodbye_is_said_once_and_not_waited_for(self, pair):
        pair.shake()
        pair.transport.say_goodbye()
        pair.transport.say_goodbye()
        pair.incoming.write(pair.theirs.recv(65536))
        assert pair.client.read(10) == b""

    def test_plain_http(self, pair):
        pair.theirs.sendall(b"GET / HTTP/1.1\r\n")
        with pytest.raises(PlaintextError):
            pair.transport.try_handshake()
        pair.transport.send_plaintext(b"no")
        assert pair.theirs.recv(10) == b"no"

    def test_garbage_for_a_hello(self, pair):
        pair.theirs.sendall(b"\x16\x03\x01\x00\x05hello")
        with pytest.raises(HandshakeError, match="has failed") as raised:
            pair.transport.try_handshake()
        assert not isinstance(raised.value, PlaintextError)

    def test_client_that_leaves(self, pair):
        pair.theirs.close()
        with pytest.raises(ConnectionError) as raised:
            pair.transport.try_handshake()
        assert not isinstance(raised.value, HandshakeError)


class TestModeOfSocket:
    """The engine never waits, and the handler does not see how."""

    def test_while_it_is_ours_and_afterwards(self, authority):
        pair = Pair(authority).shake()
        assert (pair.ours.gettimeout(), pair.ours.getblocking()) == (None, True)
        pair.ours.settimeout(3)
        assert pair.transport.try_receive(1) is None
        pair.transport.release()
        assert pair.ours.gettimeout() == 3
        assert ssl.SSLSocket.gettimeout(pair.ours) == 3
        pair.close()

    def test_timeout_that_it_had_before(self, authority):
        sock = authority.server_context().wrap_socket(
            socket.socket(), server_side=True, do_handshake_on_connect=False
        )
        sock.settimeout(5)
        transport = transport_for(adopt(sock))
        assert sock.timeout == 5
        transport.release()
        assert ssl.SSLSocket.gettimeout(sock) == 5
        sock.close()


class TlsHost(Host):
    def __init__(self, context):
        super().__init__()
        self.listener = context.wrap_socket(self.listener, server_side=True)
        self.in_use = []

    def __enter__(self):
        self.in_use.append(True)

    def __exit__(self, *_):
        self.in_use.append(False)

    def accept(self):
        return accept_from(self.listener, self)


@pytest.fixture
def rig(authority):
    rig = Rig(make_host=lambda: TlsHost(authority.server_context()))
    yield rig
    rig.close()


class TestHandshakeDeadline:
    """It is a total, from accept to the end, and nobody else notices."""

    def want_closed_at_the_deadline(self, rig, seconds_gone=0.0):
        rig.turn(SETTINGS["handshake_timeout_seconds"] - seconds_gone - 0.1)
        assert rig.host.closed == []
        rig.turn(0.2)
        assert len(rig.host.closed) == 1
        assert rig.host.closed[0].state is State.CLOSED
        assert rig.host.refused == []

    def test_silence(self, rig):
        rig.connect()
        self.want_closed_at_the_deadline(rig)

    def test_bytes_now_and_then(self, rig, authority):
        client = rig.connect()
        with ByHand(rig.host.listener.getsockname(), authority.client_context()) as other:
            hello = other.hello()
        rig.turn()
        rig.host.closed.clear()
        for byte in hello[:9]:
            rig.turn(1)
            rig.send(client, bytes([byte]))
        self.want_closed_at_the_deadline(rig, 9)

    def test_stop_in_the_middle(self, rig, authority):
        with ByHand(rig.host.listener.getsockname(), authority.client_context()) as client:
            client.plain.send(client.hello())
            rig.turn()
            self.want_closed_at_the_deadline(rig)
            assert client.plain.socket.recv(1) == b"\x16"

    def test_idle_time_counts_when_it_is_over(self, rig, authority):
        with ByHand(rig.host.listener.getsockname(), authority.client_context()) as client:
            client.plain.send(client.hello())
            rig.turn()
            client._until_it_goes(client.tls.do_handshake)
            client.plain.send(client._outgoing.read())
            rig.turn()
            rig.turn(SETTINGS["idle_timeout_seconds"] - 1)
            assert rig.host.closed == []
            rig.turn(2)
            assert len(rig.host.closed) == 1
            assert client.receive() == b""  # With close_notify.

    def test_plain_http_is_refused(self, rig):
        client = rig.connect(b"GET / HTTP/1.1\r\n")
        assert client.recv(100) == b"no TLS\n"
        assert rig.host.refused == ["the client speaks plain HTTP to a port of HTTPS"]
        assert rig.host.answered == []
        assert rig.host.closed[0].verdict is Verdict.LINGER

    def test_context_is_guarded_while_it_is_used(self, rig):
        rig.connect()
        assert rig.host.in_use == [True, False]

    def test_client_that_was_reset_before_it_was_accepted(self, rig):
        client = socket.create_connection(rig.host.listener.getsockname(), 5)
        client.sendall(b"\x16\x03")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
        rig.turn()
        rig.connect(b"GET")
        assert len(rig.host.refused) == 1
