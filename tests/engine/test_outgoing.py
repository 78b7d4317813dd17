"""What becomes of bytes that the client does not take at once, and of those that wait too long."""

import errno
import os
import socket
import tempfile
import threading

import pytest

from basehttpserver._engine import outgoing as module
from basehttpserver._engine.outgoing import Outgoing, Surplus
from basehttpserver._engine.peer import Peer
from basehttpserver._engine.sentinel import LOOK_SECONDS, Sentinel
from basehttpserver._engine.sockets import adopt
from basehttpserver._engine.spool import Spool
from basehttpserver.exceptions import PeerTimeoutError
from basehttpserver.settings import Settings
from tests.engine.fakes import Clock, LineProtocol

pytestmark = pytest.mark.usefixtures("leaks_nothing")

#: More than the sockets here take at once.
MUCH = bytes(range(256)) * 1000

#: Short, because real waiting is what ends with it.
SHORT = 0.03


class Rig:
    def __init__(self, **changes):
        ours, self.client = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        self.client.settimeout(5)
        self.clock = Clock()
        self.sentinel = Sentinel(self.clock)
        self.sentinel._start_locked = lambda: None
        self.settings = Settings(**{"rate_grace_seconds": SHORT, **changes})
        self.spool = Spool(self.settings.max_spool_bytes)
        self.request = adopt(ours)
        self.protocol = LineProtocol()
        self.waits = 0
        self.peer = Peer(self.request, self.protocol, self.clock, self.note_wait)
        self.outgoing = Outgoing(self.peer, self.protocol, self.settings, self.sentinel, self.spool)
        self.outgoing.begin()
        self.received = b""

    def note_wait(self):
        self.waits += 1

    def look(self):
        self.clock.now += LOOK_SECONDS
        self.sentinel.look()

    def receive(self):
        """What is here for the client, as long as something is."""
        self.client.setblocking(False)
        try:
            while data := self.client.recv(1 << 16):
                self.received += data
        except BlockingIOError:
            pass
        return self.received

    def read(self, count):
        """Let the client read so much, waiting for it."""
        while len(self.received) < count:
            self.received += self.client.recv(count)

    def receive_all(self):
        """Let the client read as the poller sends on."""
        while not self.outgoing.send_on():
            self.receive()
        return self.receive()

    def close(self):
        self.outgoing.close()
        assert self.spool.room == self.settings.max_spool_bytes, "nothing is held in the end"
        self.request.close()
        self.client.close()


@pytest.fixture
def rig_class():
    return Rig


class TestWait:
    def test_thread_waits(self, rig):
        with pytest.raises(PeerTimeoutError):
            rig.outgoing.write(MUCH)
        assert rig.waits

    def test_client_that_reads(self, rig):
        reading = threading.Thread(target=rig.read, args=[len(MUCH)])
        reading.start()
        rig.outgoing.write(MUCH)
        rig.outgoing.finish(last=True)
        assert not rig.outgoing.is_waiting
        reading.join()
        assert rig.received == MUCH


class TestBuffer:
    def test_stays_up_to_the_mark(self, rig):
        rig.outgoing.surplus = Surplus.BUFFER
        rig.outgoing.write(MUCH)
        rig.outgoing.finish(last=True)
        assert not rig.waits
        assert rig.outgoing.is_waiting
        assert rig.receive_all() == MUCH

    def test_waits_above_it(self, rig, monkeypatch):
        monkeypatch.setattr(module, "HIGH_WATER_BYTES", 1000)
        rig.outgoing.surplus = Surplus.BUFFER
        with pytest.raises(PeerTimeoutError):
            rig.outgoing.write(MUCH)
        assert rig.waits

    def test_flush_waits_for_the_client(self, rig):
        """``flush()`` promises more than a buffer of ours."""
        rig.outgoing.surplus = Surplus.BUFFER
        rig.outgoing.write(MUCH)
        with pytest.raises(PeerTimeoutError):
            rig.outgoing.flush()


class TestSpool:
    def test_memory_and_then_disk(self, make_rig):
        rig = make_rig(spool_memory_bytes=1000)
        rig.outgoing.surplus = Surplus.SPOOL
        for start in range(0, len(MUCH), 500):
            rig.outgoing.write(MUCH[start : start + 500])
        rig.outgoing.flush()
        rig.outgoing.finish(last=True)
        assert not rig.waits
        assert rig.spool.room < rig.settings.max_spool_bytes
        assert rig.receive_all() == MUCH

    def test_bound_of_the_response(self, make_rig):
        rig = make_rig(max_response_spool_bytes=1000)
        rig.outgoing.surplus = Surplus.SPOOL
        with pytest.raises(PeerTimeoutError):
            rig.outgoing.write(MUCH)

    def test_bound_of_the_server(self, make_rig):
        rig = make_rig(max_spool_bytes=1000)
        rig.outgoing.surplus = Surplus.SPOOL
        with pytest.raises(PeerTimeoutError):
            rig.outgoing.write(MUCH)

    def test_disk_is_full(self, make_rig, monkeypatch):
        """Then the client is waited for, and nothing is lost."""
        rig = make_rig(spool_memory_bytes=1000, rate_grace_seconds=5)
        rig.outgoing.surplus = Surplus.SPOOL

        def fail(backlog, data):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(module.Backlog, "append_on_disk", fail)
        reading = threading.Thread(target=rig.read, args=[len(MUCH)])
        reading.start()
        rig.outgoing.write(MUCH)
        rig.outgoing.finish(last=True)
        while not rig.outgoing.send_on():
            pass
        reading.join()
        assert rig.received == MUCH

    def test_end_for_who_takes_the_socket_over(self, rig):
        """Else what is sent beside ``wfile`` overtakes what is left of it."""
        rig.outgoing.surplus = Surplus.BUFFER
        rig.outgoing.write(MUCH)
        rig.outgoing.surplus = Surplus.WAIT
        with pytest.raises(PeerTimeoutError):
            rig.outgoing.finish(last=False)

    def test_everything_for_who_uses_the_socket(self, rig):
        rig.outgoing.surplus = Surplus.SPOOL
        rig.outgoing.write(MUCH)
        with pytest.raises(PeerTimeoutError):
            rig.outgoing.flush_all()


class TestFiles:
    @pytest.fixture
    def file(self):
        with tempfile.TemporaryFile() as file:
            file.write(MUCH)
            file.flush()
            yield file

    @pytest.mark.parametrize("surplus", [Surplus.BUFFER, Surplus.SPOOL])
    def test_between_bytes(self, rig, file, surplus):
        rig.outgoing.surplus = surplus
        rig.outgoing.write(b"before ")
        assert rig.outgoing.send_file(file.fileno(), 0, len(MUCH))
        rig.outgoing.write(b" behind")
        rig.outgoing.finish(last=True)
        assert rig.receive_all() == b"before " + MUCH + b" behind"

    def test_must_be_written(self, rig, file):
        rig.protocol.pass_body = lambda count: None
        assert not rig.outgoing.send_file(file.fileno(), 0, 10)

    def test_descriptor_may_be_closed_at_once(self, rig):
        with tempfile.TemporaryFile() as file:
            file.write(MUCH)
            file.flush()
            rig.outgoing.surplus = Surplus.SPOOL
            assert rig.outgoing.send_file(file.fileno(), 0, len(MUCH))
        assert rig.receive_all() == MUCH

    def test_no_descriptor_is_left(self, rig, file, monkeypatch):
        """Nothing was counted as sent yet, so that it can still be written."""

        def fail(descriptor):
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

        rig.protocol.pass_body = lambda count: pytest.fail("was counted")
        monkeypatch.setattr(os, "dup", fail)
        assert not rig.outgoing.send_file(file.fileno(), 0, 10)

    @pytest.mark.parametrize("passed", [None, 0, 10])
    def test_no_descriptor_is_left_open(self, rig, file, passed, monkeypatch):
        duplicates = []

        def note(descriptor):
            duplicates.append(original(descriptor))
            return duplicates[-1]

        original = os.dup
        monkeypatch.setattr(os, "dup", note)
        rig.protocol.pass_body = lambda count: passed
        rig.outgoing.send_file(file.fileno(), 0, 10)
        rig.receive_all()
        (own,) = duplicates
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(own)

    def test_no_more_than_the_body_may_have(self, rig, file):
        rig.protocol.pass_body = lambda count: 3
        assert rig.outgoing.send_file(file.fileno(), 0, 10)
        assert rig.receive_all() == MUCH[:3]

    def test_shrank(self, rig, file):
        rig.outgoing.surplus = Surplus.BUFFER
        rig.outgoing.send_file(file.fileno(), 0, len(MUCH))
        file.truncate(0)
        rig.receive_all()
        assert rig.outgoing.is_cut
        assert not rig.outgoing.is_waiting

    def test_nothing_follows_one_that_shrank(self, rig, file):
        """It would stand in the wrong place."""
        rig.outgoing.surplus = Surplus.BUFFER
        file.truncate(10)
        assert rig.outgoing.send_file(file.fileno(), 0, 20)
        rig.outgoing.write(b"between")
        assert rig.outgoing.send_file(file.fileno(), 0, 5)
        rig.outgoing.finish(last=False)
        assert rig.receive() == MUCH[:10]

    def test_nor_by_the_sentinel(self, rig, file):
        rig.outgoing.seen_in = "a stay"
        file.truncate(10)
        assert rig.outgoing.send_file(file.fileno(), 0, 20)
        rig.outgoing.write(b"behind")
        assert rig.outgoing.try_watch("a stay")
        assert rig.receive() == MUCH[:10]
        assert not rig.outgoing.is_waiting


class TestWatch:
    """The sentinel takes over who looks after the output of a handler that it saw."""

    def test_seen_elsewhere_is_not_watched_twice(self, rig):
        rig.outgoing.seen_in = "a stay"
        rig.outgoing.write(b"x")
        rig.look()
        assert rig.receive() == b""

    def test_sends_and_then_writes_through(self, rig):
        rig.outgoing.seen_in = "a stay"
        rig.outgoing.write(b"x")
        assert rig.outgoing.try_watch("a stay")
        assert rig.receive() == b"x"
        rig.outgoing.write(b"y")
        assert rig.receive() == b"xy"

    def test_nothing_written_yet(self, rig):
        rig.outgoing.seen_in = "a stay"
        assert rig.outgoing.try_watch("a stay")
        rig.outgoing.write(b"y")
        assert rig.receive() == b"y"

    def test_another_stay(self, rig):
        """The exchange that was seen is over; the next one is not hurried."""
        rig.outgoing.seen_in = "another stay"
        rig.outgoing.write(b"x")
        assert rig.outgoing.try_watch("a stay")
        assert rig.receive() == b""
        assert rig.outgoing.seen_in == "another stay"

    def test_exchange_that_ended(self, rig):
        rig.outgoing.seen_in = "a stay"
        rig.outgoing.write(b"x")
        rig.outgoing.finish(last=True)
        assert rig.outgoing.try_watch("a stay")
        assert not rig.sentinel._watched
        rig.outgoing.begin()
        rig.outgoing.write(b"y")
        assert rig.receive() == b"x"

    def test_somebody_writes_just_now(self, rig):
        rig.outgoing.seen_in = "a stay"
        with rig.outgoing._lock:
            assert not rig.outgoing.try_watch("a stay")
            assert not rig.outgoing.flush_late_output()
        assert rig.outgoing.seen_in == "a stay"
        assert rig.outgoing.try_watch("a stay")

    def test_client_that_does_not_read_is_come_back_to(self, rig):
        rig.outgoing.surplus = Surplus.BUFFER
        rig.outgoing.seen_in = "a stay"
        rig.outgoing.write(MUCH)
        assert rig.outgoing.try_watch("a stay")
        for _ in range(200):
            rig.receive()
            rig.look()
        assert rig.receive() == MUCH

    def test_client_that_stops_reading_later_is_come_back_to(self, rig):
        rig.outgoing.surplus = Surplus.BUFFER
        rig.outgoing.write(b"x")
        rig.look()
        assert rig.receive() == b"x"
        rig.outgoing.write(MUCH)
        for _ in range(200):
            rig.receive()
            rig.look()
        assert rig.receive() == b"x" + MUCH

    def test_sentinel_that_has_stopped(self, rig):
        rig.outgoing.seen_in = "a stay"
        rig.outgoing.write(b"x")
        rig.sentinel.stop()
        assert rig.outgoing.try_watch("a stay")
        assert rig.receive() == b"x"

    def test_client_that_left(self, rig):
        rig.outgoing.seen_in = "a stay"
        rig.outgoing.write(b"x")
        rig.client.close()
        assert rig.outgoing.try_watch("a stay")
        with pytest.raises(ConnectionError):
            rig.outgoing.write(b"y")

    def test_closed(self, rig):
        rig.outgoing.seen_in = "a stay"
        rig.outgoing.write(b"x")
        rig.outgoing.close()
        assert rig.outgoing.try_watch("a stay")
        assert not rig.sentinel._watched
        assert rig.receive() == b""
