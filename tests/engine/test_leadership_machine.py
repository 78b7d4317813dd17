"""Who polls, and whose a connection is: leader, sentinel, workers and clients in any order.

The engine as it is (`Lead`, `Tenure`, `Poller`, `Sentinel`, `RouteMemory`, `Connection`, the lanes,
real handlers and HTTP/1 over socket pairs), but for threads, which move step by step: see `stage`.
Whatever the order of the steps:

    a connection has one owner                      there is one leader, or none after the end
    no request is answered twice, or dropped        the bytes of responses come in order
    a connection is closed once                     what a handler wrote is sent while it runs on
"""

import contextlib
import http.client
import io
import os
import socket
import threading
from collections import Counter
from typing import NamedTuple

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from basehttpserver import BaseHTTPRequestHandler, Settings, ThreadingHTTPServer, _lanes
from basehttpserver._engine import Context, Poller, Sentinel, leadership, outgoing, peer
from basehttpserver._engine import connection as connection_module
from basehttpserver._engine import sentinel as sentinel_module
from basehttpserver._engine.connection import Connection, connection_of
from basehttpserver._engine.sentinel import LOOK_SECONDS
from basehttpserver._engine.state import State
from basehttpserver._http1 import Http1Connection
from tests.engine.fakes import Clock
from tests.engine.stage import Flag, Stage, StageSelector, replaced

#: More than a socket takes at once, and than may wait for a slow client.
BIG = bytes(range(256)) * 160
HIGH_WATER_BYTES = 8192

#: More than a socket takes at once, and less than may wait.
LAST = bytes(12_000)

SEND_BUFFER_BYTES = 4096

#: So little comes at once that pipelined requests stay in the socket, and a head may be cut.
RECEIVE_BYTES = 250

#: Bodies up to here are whole before their handler starts.
SMALL_BYTES = 50

#: What a client may ask for; behind those that end the connection no answer is due.
KINDS = ["quick", "steps", "quick", "steps", "quick", "post", "big", "last", "take", "raise", "cut"]
KINDS += ["close", "end", "send"]
ENDS_CONNECTION = {"take", "raise", "cut", "close", "last"}

#: So many workers may run; one more request gets 503, which ends its connection.
WORKERS = 4


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format, *args):
        pass

    def do_GET(self):
        self.server.machine.run_handler(self)

    do_POST = do_GET


class StageTenure(leadership.Tenure):
    """A tenure that knows when it is lost, and whose token stays in a hand for a moment."""

    __slots__ = ("is_lost",)
    stage = None

    def __init__(self):
        super().__init__()
        self.is_lost = False

    def leave(self):
        leads = super().leave()
        if leads:
            self.stage.point("a token in the hand")
        return leads

    def take(self):
        entry = super().take()
        if entry is not None:
            self.is_lost = True
            self.stage.point("a token in the hand")
        return entry


class StagePool:
    """A pool whose threads are actors."""

    def __init__(self, machine, most):
        self._machine = machine
        self._most = most
        self.running = 0
        self.has_threads = True
        self.to_lead = 0

    @property
    def is_full(self):
        return self.running >= self._most

    def try_submit(self, call):
        if self.is_full or not self.has_threads:
            return False
        self.running += 1
        self._machine.stage.spawn("worker", lambda: self._work(call))
        return True

    def _work(self, call):
        try:
            call()
        except Exception as error:  # As the real one's; a handler's own SystemExit, say.
            self._machine.reported.append(error)
        finally:
            self.end_work()

    def try_lead(self, call):
        self._machine.stage.point("about to appoint")
        if not self.has_threads:
            return False
        self.to_lead += 1
        self._machine.stage.spawn("leader", lambda: self._lead(call))
        self._machine.stage.point("has appointed")
        return True

    def _lead(self, call):
        self.to_lead -= 1
        call()

    def serve(self, thread):
        """As the real one's; the interpreter's exit is none of the stage's."""

    look_seconds = None
    must_exit = False

    def has_thread_ready(self):
        return self.has_threads

    def begin_work(self):
        self.running += 1
        self._machine.stage.point("counted")

    def end_work(self):
        self.running -= 1
        assert self.running >= 0, "more handlers have ended than were begun"

    def close(self, *, wait):
        assert not wait


class StagePoller(Poller):
    """A poller that can be interrupted before each of what other threads may do with it."""

    def __init__(self, machine, host, context):
        self.machine = machine
        self.leaders = {}
        super().__init__(host, context, StageSelector(machine.stage))

    def run_once(self, seconds, tenure):
        if self.machine.stage.is_abandoned:
            tenure.is_over = True
            return
        self.leaders[threading.current_thread()] = tenure
        try:
            super().run_once(seconds, tenure)
        finally:
            del self.leaders[threading.current_thread()]

    def release(self, connection):
        self.machine.stage.point("about to release")
        super().release(connection)

    def give_back(self, connection):
        self.machine.stage.point("about to give back")
        super().give_back(connection)


class StageConnection(Connection):
    """A connection that knows who uses it."""

    def __init__(self, request, client_address, context):
        super().__init__(request, client_address, context)
        context.machine.connections.append(self)

    def begin_stay(self, stay):
        self.context.machine.stage.point("has entered")
        super().begin_stay(stay)

    def try_receive_head(self):
        self.context.machine.check_owner(self)
        return super().try_receive_head()

    def try_next_head(self):
        self.context.machine.check_owner(self)
        return super().try_next_head()


class Request(NamedTuple):
    """What a client asked for, and where in its bytes that ends."""

    kind: str
    number: str
    end: int

    @property
    def body(self):
        return self.number.encode() + {"steps": b" one two", "big": BIG, "last": LAST}.get(
            self.kind, b""
        )


class Client:
    """One client: what it has sent, and what it has got."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(address)
        self.socket.setblocking(False)
        self.held_back = b""
        self.made_bytes = self.sent_bytes = 0
        self.requests = []
        self.received = b""
        self.reads = True
        self.has_end = False
        self.has_left = False
        self.has_shut_down = False
        #: The server may drop it: a deadline was past, or all workers were busy.
        self.may_be_dropped = False

    def send(self, data):
        """Send it, all of it: sockets here take more than a test sends."""
        try:
            self.sent_bytes += self.socket.send(data)
        except OSError:
            self.has_end = True

    def read(self):
        while self.reads and not self.has_left:
            try:
                data = self.socket.recv(1 << 20)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            self.has_end = self.has_end or not data
            if not data:
                return
            self.received += data

    def leave(self):
        self.has_left = True
        self.socket.close()


class Machine(RuleBasedStateMachine):
    @initialize()
    def begin_serving(self):
        self.clock = Clock()
        self.stage = Stage(self.clock)
        self.reported = []
        self.clients = []
        self.number = 0
        self.ran = Counter()
        self.inside = {}
        self.closed = Counter()
        self.connections = []
        self.is_serving = False
        self.is_changing = False
        StageTenure.stage = self.stage
        self.replacing = replaced(
            (leadership, "Tenure", StageTenure),
            (outgoing, "HIGH_WATER_BYTES", HIGH_WATER_BYTES),
            (outgoing, "COLLECT_BYTES", SEND_BUFFER_BYTES),
            (peer, "RECEIVE_BYTES", RECEIVE_BYTES),
            (connection_module, "RECEIVE_BYTES", RECEIVE_BYTES),
            (peer, "wait_until_ready", self.stage.wait_until_ready),
            (sentinel_module, "IDLE_LOOKS", 1),
            (leadership, "report_exception", self.note_report),
            (_lanes, "Poller", lambda host, context: StagePoller(self, host, context)),
            (_lanes, "WorkerPool", lambda most, daemon: StagePool(self, most)),
            (_lanes, "Connection", StageConnection),
        )
        self.replacing.__enter__()
        self.make_server()
        self.begin()

    def note_report(self):
        self.reported.append("reported")

    def make_server(self):
        self.server = ThreadingHTTPServer(("", 0), Handler, False)
        self.server.socket.close()
        self.server.socket = socket.socket(socket.AF_UNIX)
        self.server.socket.bind("")  # Linux finds a name.
        self.server.socket.listen()
        self.server.machine = self
        self.server.handle_error = lambda request, address: None
        end_connection = self.server._end_connection

        def count_end(request):
            self.closed[request] += 1
            end_connection(request)

        self.server._end_connection = count_end
        self.sentinel_actor = None
        self.sentinel = Sentinel(self.clock)
        self.sentinel._stopped = Flag(self.stage, "between looks", times_out=True)
        self.sentinel._called = Flag(self.stage, "asleep", times_out=False)
        self.sentinel._start_locked = self.start_sentinel
        # A wait on the stage goes on only when the test lets it time out: never, for the sentinel.
        self.sentinel._stopped.is_set = lambda: self.stage.is_abandoned
        context = Context(
            Settings(max_workers=WORKERS, spool_memory_bytes=SMALL_BYTES),
            Http1Connection,
            self.sentinel,
            self.clock,
        )
        context.machine = self
        self.lanes = self.server._lanes = _lanes.Lanes(self.server, context, (ThreadingHTTPServer,))
        self.server._context = context
        self.lead = self.lanes._lead
        self.lead._is_vacant = Flag(self.stage, "until nobody leads", times_out=True)
        self.pool = self.lanes._pool
        self.poller = self.lanes.poller

    def start_sentinel(self):
        self.sentinel._thread = self.sentinel_actor = self.stage.spawn(
            "sentinel", self.sentinel._run
        )

    # Handlers.

    def run_handler(self, handler):
        kind, number = handler.path[1:].split("?")
        connection = connection_of(handler.request)
        assert connection not in self.inside, "two handlers of one connection"
        self.ran[number] += 1
        assert self.ran[number] == 1, f"{kind} {number} was run twice"
        self.inside[connection] = self.stage.current()
        try:
            getattr(self, f"do_{kind}")(handler, number)
        finally:
            del self.inside[connection]

    def answer(self, handler, *pieces, length=None):
        handler.send_response(200)
        if length is not None:
            handler.send_header("Content-Length", str(length))
        handler.end_headers()
        for piece in pieces:
            self.stage.point("in a handler")
            handler.wfile.write(piece)
        self.stage.point("in a handler")

    def do_quick(self, handler, number):
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(number.encode())

    def do_steps(self, handler, number):
        self.answer(handler, number.encode(), b" one", b" two")

    def do_post(self, handler, number):
        length = int(handler.headers["Content-Length"])
        body = handler.rfile.read(length)
        assert body == b"b" * length, "bytes that are not of the body"
        self.answer(handler, number.encode())

    def do_big(self, handler, number):
        handler.request.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        half = len(BIG) // 2
        self.answer(handler, number.encode(), BIG[:half], BIG[half:])

    def do_last(self, handler, number):
        """Say much, and that it is the last: what is left is sent on when the handler is gone."""
        handler.request.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(number.encode() + LAST)

    def do_take(self, handler, number):
        """Receive by the socket; from there on the connection is the handler's."""
        with contextlib.suppress(BlockingIOError):
            handler.request.recv(1, socket.MSG_DONTWAIT)
        self.do_send(handler, number)

    def do_send(self, handler, number):
        """Answer past ``wfile``."""
        self.stage.point("in a handler")
        body = number.encode()
        handler.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
        self.stage.point("in a handler")
        handler.request.sendall(body)

    def do_raise(self, handler, number):
        self.stage.point("in a handler")
        raise LookupError

    def do_cut(self, handler, number):
        self.answer(handler, number.encode())
        raise LookupError

    def do_close(self, handler, number):
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(number.encode())
        self.stage.point("in a handler")

    def do_end(self, handler, number):
        """Stop serving, in a handler."""
        if self.is_serving and not self.is_changing:
            self.end_here()
        self.answer(handler, number.encode())

    # Clients.

    @precondition(lambda self: len(self.clients) < 4)
    @rule()
    def connect(self):
        self.clients.append(Client(self.server.socket.getsockname()))

    @precondition(lambda self: self.clients)
    @rule(
        which=st.integers(0, 3),
        kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=12),
        held_back=st.sampled_from([0, 0, 0, 1, 30]),
    )
    def ask(self, which, kinds, held_back):
        client = self.clients[which % len(self.clients)]
        if client.has_left or client.has_shut_down or client.held_back:
            return
        data = b"".join(self.make_request(client, kind) for kind in kinds)
        cut = len(data) - held_back
        data, client.held_back = data[:cut], data[cut:]
        client.send(data)

    def make_request(self, client, kind):
        self.number += 1
        number = str(self.number)
        head = f"GET /{kind}?{number} HTTP/1.1\r\nHost: test\r\n"
        if kind == "post":
            # Some are small enough to be whole before their handler starts, some are not.
            length = 20 if self.number % 2 else SMALL_BYTES + 20
            data = f"POST{head[3:]}Content-Length: {length}\r\n\r\n".encode() + b"b" * length
        else:
            data = head.encode() + b"\r\n"
        client.made_bytes += len(data)
        client.requests.append(Request(kind, number, client.made_bytes))
        return data

    @precondition(lambda self: any(client.held_back for client in self.clients))
    @rule(which=st.integers(0, 3))
    def send_the_rest(self, which):
        waiting = [client for client in self.clients if client.held_back and not client.has_left]
        for client in waiting[which : which + 1]:
            client.send(client.held_back)
            client.held_back = b""

    @precondition(lambda self: self.clients)
    @rule(which=st.integers(0, 3), what=st.sampled_from(["read", "read", "stop", "end", "leave"]))
    def move_client(self, which, what):
        client = self.clients[which % len(self.clients)]
        if client.has_left:
            return
        if what == "leave":
            client.leave()
        elif what == "end":
            client.has_shut_down = True
            client.socket.shutdown(socket.SHUT_WR)
        else:
            client.reads = what == "read"
            client.read()

    # Threads.

    @precondition(lambda self: self.stage.movable())
    @rule(which=st.integers(0, 7), times=st.integers(1, 6))
    def step(self, which, times):
        movable = self.stage.movable()
        actor = movable[which % len(movable)]
        for _ in range(times):
            if actor.is_over or not actor.may_go_on():
                break
            self.stage.step(actor)
            self.check_now()

    @precondition(lambda self: self.stage.movable())
    @rule(order=st.lists(st.integers(0, 7), min_size=5, max_size=40))
    def step_about(self, order):
        for which in order:
            movable = self.stage.movable()
            if movable:
                self.stage.step(movable[which % len(movable)])
                self.check_now()

    @rule(looks=st.integers(1, 4))
    def look(self, looks):
        """Let the sentinel look, with time going by."""
        for _ in range(looks):
            self.clock.now += LOOK_SECONDS
            self.step_sentinel()
            self.check_now()

    def step_sentinel(self):
        """Let it look once, whatever it stands at."""
        actor = self.sentinel_actor
        for _ in range(20):
            if actor is None or actor.is_over or not actor.may_go_on():
                break
            self.stage.step(actor)
            if actor.at == "between looks":
                break

    @rule(seconds=st.sampled_from([0.01, 1.0, 25.0, 61.0]))
    def wait(self, seconds):
        self.clock.now += seconds
        if seconds > 10:
            for client in self.clients:
                client.may_be_dropped = True

    @rule()
    def turn_order(self):
        selector = self.poller._selector
        selector.is_reversed = not selector.is_reversed

    @rule()
    def turn_threads(self):
        """Let the system have no threads for a while."""
        self.pool.has_threads = not self.pool.has_threads
        self.note_refusals()

    def note_refusals(self):
        if not self.pool.has_threads or self.pool.running >= WORKERS - 1:
            for client in self.clients:
                client.may_be_dropped = True

    # Begin and end.

    @precondition(lambda self: not self.is_serving and not self.is_changing)
    @rule()
    def begin_again(self):
        self.begin()

    def begin(self):
        self.is_changing = True
        self.stage.spawn("who begins", self.begin_here)

    def begin_here(self):
        self.lanes.begin()
        self.is_serving, self.is_changing = True, False

    @precondition(lambda self: self.is_serving and not self.is_changing)
    @rule()
    def end(self):
        self.is_changing = True
        self.stage.spawn("who ends", self.end_here)

    def end_here(self):
        self.is_changing = True
        self.lanes.end()
        if not self.stage.is_abandoned:
            assert self.lead.tenure is None, "somebody leads after the end"
            assert not self.pool.to_lead
        self.is_serving, self.is_changing = False, False

    # What holds at every moment.

    def check_owner(self, connection):
        """Only its owner looks for the next request of a connection."""
        user = self.inside.get(connection)
        assert user in (None, self.stage.current()), "a connection is used by two"

    def check_now(self):
        self.note_refusals()
        for client in self.clients:
            client.read()
        self.check_leaders()
        returned = Counter(each for each in self.poller._returned if isinstance(each, Connection))
        for connection, times in returned.items():
            assert times == 1, "a connection waits twice to be taken back"
            assert connection not in self.inside, "taken back while its handler runs"
        assert max(self.closed.values(), default=0) <= 1, "closed twice"
        self.check_foreign_handlers()

    def check_leaders(self):
        in_select = [actor for actor in self.stage.actors if actor.at == "select"]
        assert len(in_select) <= 1, "two leaders wait"
        lasting = [each for each in self.poller.leaders.values() if not each.is_lost]
        assert len(lasting) + self.pool.to_lead <= 1, "two leaders"

    def check_foreign_handlers(self):
        """What a handler uses that leads no more, the poller holds no more."""
        if any(
            actor.at in ("a token in the hand", "about to release") for actor in self.stage.actors
        ):
            return  # Just being taken.
        for connection, actor in self.inside.items():
            tenure = self.poller.leaders.get(actor.thread)
            if tenure is None or tenure.is_lost:
                assert not connection.watched_mask, "the poller holds what a handler uses"

    @invariant()
    def holds(self):
        if hasattr(self, "stage"):
            self.check_now()

    # What a handler wrote is sent while it runs on, and others go on.

    @precondition(lambda self: self.late_handlers())
    @rule(which=st.integers(0, 3))
    def handler_takes_long(self, which):
        late = self.late_handlers()
        connection, actor = late[which % len(late)]
        for _ in range(6):
            self.clock.now += LOOK_SECONDS
            self.step_sentinel()
            for client in self.clients:
                client.read()
        backlog = connection.outgoing._backlog
        if not connection.peer.is_lost:  # Else there is nobody left to send it to.
            assert not connection.protocol.take(), "output stays with a handler that runs on"
            assert not backlog, "output stays where the client would take it"
        tenure = self.poller.leaders.get(actor.thread)
        if self.pool.has_threads:
            assert tenure is None or tenure.is_lost, "a slow handler keeps the lead"

    def late_handlers(self):
        """Handlers that stand still, and whose clients read."""
        if any(actor.at not in self.RESTING for actor in self.stage.actors):
            return []
        if not all(client.reads or client.has_left for client in self.clients):
            return []
        return [
            (connection, actor)
            for connection, actor in self.inside.items()
            if actor.at == "in a handler" and connection.state is State.EXCHANGE
        ]

    RESTING = frozenset(
        {"in a handler", "select", "asleep", "between looks", "waiting for a peer", "its beginning"}
    )

    # The end.

    def teardown(self):
        if not hasattr(self, "stage"):
            return
        try:
            if not self.stage.errors:
                self.let_all_end()
        finally:
            self.stage.abandon()
            for client in self.clients:
                client.leave()
            self.server.server_close()
            self.replacing.__exit__(None, None, None)
            for connection in self.connections:
                connection.close()
                connection.request._real_close()

    def let_all_end(self):
        self.pool.has_threads = True
        for client in self.clients:
            if not client.has_left:
                client.reads = True
                if not client.has_shut_down:
                    client.send(client.held_back)
                    client.held_back = b""
        self.let_run()
        while not self.is_serving:  # Until no handler is left that ends it.
            self.begin()
            self.let_run()
        assert not self.inside, "a handler does not end"
        for client in self.clients:
            self.check_answers(client)
        self.check_at_rest()
        if self.is_serving:
            self.end()
            self.let_run()
        assert not self.is_serving
        assert not self.poller.leaders
        assert self.pool.running == 0

    def let_run(self):
        for _ in range(2000):
            self.check_now()
            movable = self.stage.movable()
            if not movable:
                return
            for actor in movable:
                if actor.may_go_on():
                    self.stage.step(actor)
                    self.check_now()
            self.clock.now += 0.001
        raise AssertionError(f"it does not come to rest: {self.stage.actors}")

    def check_at_rest(self):
        """Each connection waits with the poller, or was closed."""
        if self.is_serving:
            (tenure,) = self.poller.leaders.values()
            assert tenure is self.lead.tenure
        assert self.sentinel_actor is None or self.sentinel_actor.at == "asleep"
        for connection in self.connections:
            if self.closed[connection.request]:
                assert connection.request.fileno() == -1
                assert connection not in self.poller._roster
            else:
                assert connection.watched_mask, "a connection that nobody holds"
                assert connection.state in (State.HEAD, State.SENDING), connection.state

    def check_answers(self, client):
        """As many responses as requests, in their order, up to one that ends the connection."""
        if client.has_left:
            return
        received = io.BytesIO(client.received)
        whole = [each for each in client.requests if each.end <= client.sent_bytes]
        for request in whole:
            if received.tell() == len(client.received):
                assert client.may_be_dropped, f"no answer to {request}"
                return
            if self.check_answer(client, received, request):
                break
        else:
            if len(whole) < len(client.requests):
                return  # There may be a refusal of what is not whole.
        assert received.read() == b"", "bytes behind the last response"

    def check_answer(self, client, received, request):
        """Check one response; tell whether the connection ends with it."""
        response = http.client.HTTPResponse(_Made(received))
        response.begin()
        status = 500 if request.kind == "raise" else 200
        try:
            body = response.read()
        except http.client.IncompleteRead as error:
            assert request.kind == "cut" or client.may_be_dropped, f"{request} was cut"
            body = error.partial
            assert request.body.startswith(body), f"not the answer to {request}"
            return True
        if response.status != status:
            assert response.status in (408, 503), f"{response.status} to {request}"
            assert client.may_be_dropped, f"{response.status} to {request}"
            return True
        assert status == 500 or body == request.body, f"not the answer to {request}"
        return request.kind in ENDS_CONNECTION


class _Made:
    """What ``HTTPResponse`` reads from: bytes that stay open behind one response."""

    def __init__(self, received):
        self._received = received

    def makefile(self, mode):
        file = self._received
        file.close = lambda: None
        return file


#: A nightly run may have more of both.
Machine.TestCase.settings = settings(
    max_examples=int(os.environ.get("LEADERSHIP_EXAMPLES", "60")),
    stateful_step_count=int(os.environ.get("LEADERSHIP_STEPS", "40")),
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
TestMachine = Machine.TestCase
