"""What a handler may do to its own server, and in whose threads a server runs what is given to it.

A handler may call its server, stop it, hang, exit; the server goes on, or stops, all the same.
"""

import contextlib
import http.client
import itertools
import signal
import subprocess
import threading
import time

import pytest

from basehttpserver import HTTPServer, ThreadingHTTPServer
from tests.running import PATIENCE_SECONDS, Running, eventually, serving
from tests.wire.clients import looping
from tests.wire.conversation import conversation
from tests.wire.servers import Answering
from tests.wire.test_graceful_stop import Program, arguments, started

pytestmark = pytest.mark.usefixtures("leaks_nothing")

ANYWHERE = ("127.0.0.1", 0)

#: Longer than any look that the engine takes at what its threads do.
SLOW_SECONDS = 0.03

GRACE_SECONDS = 0.5

each_class = pytest.mark.parametrize("server_class", [HTTPServer, ThreadingHTTPServer])


class Handler(Answering):
    """Each path is a method: ``/slow`` calls ``slow``; others say hello."""

    def do_GET(self):
        act = getattr(self, self.path.strip("/").partition("/")[0], None)
        self.answer(b"hello" if act is None else act())


class Keeping(Handler):
    """Overrides ``handle``, and keeps one thread for a connection."""

    def handle(self):
        super().handle()


def with_actions(base=Handler, **actions):
    return type("Made", (base,), actions)


each_handler = pytest.mark.parametrize("base", [Handler, Keeping])


class TestCallingItsOwnServer:
    """The answer can only come from another thread than the one that asks."""

    @each_handler
    @pytest.mark.parametrize("at_once", [1, 8])
    def test_over_loopback(self, base, at_once):
        def call(handler):
            """``/call/3`` asks for ``/call/2``, and so on."""
            depth = int(handler.path.rpartition("/")[2])
            if not depth:
                return b"ground"
            connection = http.client.HTTPConnection(
                *handler.server.server_address, timeout=PATIENCE_SECONDS
            )
            with contextlib.closing(connection):
                connection.request("GET", f"/call/{depth - 1}")
                return b"above " + connection.getresponse().read()

        server = ThreadingHTTPServer(ANYWHERE, with_actions(base, call=call))
        with serving(server) as running, contextlib.ExitStack() as stack:
            clients = [stack.enter_context(conversation(running)) for _ in range(at_once)]
            for _ in range(3):
                for client in clients:
                    client.get("/call/3")
                for client in clients:
                    client.expect(200, b"above above above ground")


class TestShutdown:
    @each_class
    @each_handler
    def test_from_a_handler(self, server_class, base):
        """It returns, its handler answers, and ``serve_forever`` ends."""

        def stop(handler):
            handler.server.shutdown()
            return b"stopped"

        server = server_class(ANYWHERE, with_actions(base, stop=stop))
        with serving(server) as running, conversation(running) as client:
            client.get("/stop").expect(200, b"stopped")
            running.thread.join(PATIENCE_SECONDS)
            assert not running.thread.is_alive()

    def test_serve_forever_of_an_http_server_waits_for_the_handler(self):
        asked, may_end = threading.Event(), threading.Event()

        def stop(handler):
            handler.server.shutdown()
            asked.set()
            assert may_end.wait(PATIENCE_SECONDS)
            return b"stopped"

        server = HTTPServer(ANYWHERE, with_actions(stop=stop))
        with serving(server) as running, conversation(running) as client:
            client.get("/stop")
            assert asked.wait(PATIENCE_SECONDS)
            assert running.thread.is_alive()
            may_end.set()
            client.expect(200, b"stopped")
            running.thread.join(PATIENCE_SECONDS)
            assert not running.thread.is_alive()

    def test_does_not_wait_for_handlers_of_a_threading_server(self):
        began, may_end = threading.Event(), threading.Event()

        def wait(handler):
            began.set()
            assert may_end.wait(PATIENCE_SECONDS)
            return b"done"

        server = ThreadingHTTPServer(ANYWHERE, with_actions(wait=wait))
        with serving(server) as running, conversation(running) as client:
            client.get("/wait")
            assert began.wait(PATIENCE_SECONDS)
            running.stop()
            may_end.set()
            client.expect(200, b"done")

    @each_class
    def test_serves_again(self, server_class):
        """Connections that were kept alive are there, and new ones are accepted."""

        def stop(handler):
            handler.server.shutdown()
            return b"stopped"

        server = server_class(ANYWHERE, with_actions(stop=stop))
        with server:
            running = Running(server)
            with conversation(running) as kept, conversation(running) as silent:
                for _ in range(3):
                    kept.get().expect(200, b"hello")
                    kept.get("/stop").expect(200, b"stopped")
                    running.thread.join(PATIENCE_SECONDS)
                    assert not running.thread.is_alive()
                    running = Running(server)
                    with conversation(running) as newcomer:
                        newcomer.get().expect(200, b"hello")
                running.stop()
                with serving(server):
                    kept.get().expect(200, b"hello")
                    silent.get().expect(200, b"hello")


SERVICE = """
import time
from basehttpserver import BaseHTTPRequestHandler, HTTPServer, Settings, ThreadingHTTPServer, serve

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        print("begun", flush=True)
        time.sleep(1000)

    def log_message(self, format, *args):
        pass

class Keeping(Handler):
    def handle(self):
        super().handle()

serve(HANDLER, port=0, settings=Settings(graceful_stop_seconds=GRACE), OPTIONS)
"""


class TestHandlerThatNeverReturns:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_serve_stops_within_its_grace(self, number):
        """Three services at the same time, since each waits for its grace."""
        services = [
            ("Handler", ""),
            ("Handler", "server_class=HTTPServer"),
            ("Keeping", "server_class=HTTPServer"),
        ]
        programs = {}
        with contextlib.ExitStack() as stack:
            for service in services:
                handler, option = service
                code = SERVICE.replace("HANDLER", handler).replace("OPTIONS", option)
                code = code.replace("GRACE", str(GRACE_SECONDS))
                program = Program(stack.enter_context(started(arguments("-c", code))))
                programs[service] = program
                stack.enter_context(conversation(program)).get("/")
                assert program.process.stdout.readline() == "begun\n"
            for program in programs.values():
                program.tell(number)
            with contextlib.suppress(AssertionError):
                eventually(lambda: not self.running(programs), seconds=GRACE_SECONDS + 2)
            assert self.running(programs) == []

    def running(self, programs):
        return [name for name, program in programs.items() if program.process.poll() is None]


LEFT_RUNNING = """
import os, threading, time, urllib.request
from LIBRARY import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204)
        self.end_headers()
        self.wfile.flush()
        time.sleep(0.3)
        os.write(1, b"handler has ended\\n")

    def log_message(self, format, *args):
        pass

class Server(ThreadingHTTPServer):
    daemon_threads = False

def ask():
    urllib.request.urlopen("http://127.0.0.1:%d/" % server.server_port, timeout=10).close()

server = Server(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=IS_DAEMON).start()
ask()
"""

CLIENT_THAT_OUTLIVES_MAIN = """
def ask_later():
    threading.main_thread().join()
    ask()
    ask()
    server.shutdown()
    os.write(1, b"shut down\\n")

threading.Thread(target=ask_later).start()
"""


class TestEndOfTheProgram:
    """Threads that are no daemons hold up the exit for as long as a handler runs, no longer."""

    def run(self, code, library, *, is_daemon):
        code = code.replace("LIBRARY", library).replace("IS_DAEMON", str(is_daemon))
        finished = subprocess.run(
            arguments("-c", code), capture_output=True, text=True, timeout=PATIENCE_SECONDS
        )
        assert (finished.returncode, finished.stderr) == (0, "")
        return finished.stdout

    @pytest.mark.parametrize("library", ["basehttpserver", "http.server"])
    def test_waits_for_handlers_and_for_nothing_else(self, library):
        assert self.run(LEFT_RUNNING, library, is_daemon=True) == "handler has ended\n"

    def test_goes_on_while_serve_forever_does(self):
        """As http.server does, but that CPython 3.12 starts no more thread for it then."""
        code = LEFT_RUNNING + CLIENT_THAT_OUTLIVES_MAIN
        said = self.run(code, "basehttpserver", is_daemon=False).splitlines()
        assert sorted(said) == [*["handler has ended"] * 3, "shut down"]


class TestExitInAHandler:
    @each_handler
    def test_a_threading_server_goes_on(self, base, monkeypatch):
        """As in a thread of its own: nobody is told of ``SystemExit``."""
        told = []
        monkeypatch.setattr(threading, "excepthook", told.append)

        def leave(handler):
            raise SystemExit

        with (
            serving(ThreadingHTTPServer(ANYWHERE, with_actions(base, leave=leave))) as running,
            conversation(running) as kept,
        ):
            kept.get().expect(200, b"hello")
            for _ in range(20):
                with conversation(running) as client:
                    client.get("/leave").want_gone()
            kept.get().expect(200, b"hello")
            eventually(lambda: len(told) == 20)
            assert {given.exc_type for given in told} == {SystemExit}
            told.clear()


class Noting(Handler):
    """Notes in which threads its actions run, and how many run at a time."""

    def do_GET(self):
        notes = self.server.notes
        notes.enter()
        try:
            if self.path != "/":
                time.sleep(SLOW_SECONDS)
            super().do_GET()
        finally:
            notes.leave()


class NotingAndKeeping(Noting):
    def handle(self):
        super().handle()


class Notes:
    """Threads that came in, and the most that were in at a time."""

    def __init__(self):
        self._lock = threading.Lock()
        self._inside = 0
        self.threads = set()
        self.most_inside = 0

    def enter(self):
        with self._lock:
            self.threads.add(threading.current_thread())
            self._inside += 1
            self.most_inside = max(self.most_inside, self._inside)

    def leave(self):
        with self._lock:
            self._inside -= 1


class TestThreads:
    """Of handlers that are quick, slow, or both in turn, from several clients at a time."""

    @pytest.fixture
    def noted(self):
        def run(server_class, handler):
            server = server_class(ANYWHERE, handler)
            server.notes = Notes()
            with serving(server) as running, contextlib.ExitStack() as stack:
                for _ in range(3):
                    clients = [stack.enter_context(conversation(running)) for _ in range(4)]
                    for number, client in enumerate(clients):
                        client.get("/slow" if number % 2 else "/", "Connection: close")
                    for client in clients:
                        client.expect(200, b"hello")
                return running.thread, server.notes

        return run

    @pytest.mark.parametrize("handler", [Noting, NotingAndKeeping])
    def test_one_for_all_handlers_of_an_http_server(self, noted, handler):
        serving_thread, notes = noted(HTTPServer, handler)
        assert notes.threads == {serving_thread}
        assert notes.most_inside == 1

    @pytest.mark.parametrize("handler", [Noting, NotingAndKeeping])
    def test_others_for_those_of_a_threading_server(self, noted, handler):
        serving_thread, notes = noted(ThreadingHTTPServer, handler)
        assert serving_thread not in notes.threads
        assert notes.most_inside > 1

    @each_class
    def test_accepting_is_left_to_serve_forever(self, server_class):
        """Also while handlers are slow, and whoever runs them."""
        threads = set()

        class Watching(server_class):
            def get_request(self):
                threads.add(threading.current_thread())
                return super().get_request()

            def verify_request(self, request, client_address):
                threads.add(threading.current_thread())
                return super().verify_request(request, client_address)

        server = Watching(ANYWHERE, Noting)
        server.notes = Notes()
        with serving(server) as running, contextlib.ExitStack() as stack:
            clients = []
            for number in range(20):
                client = stack.enter_context(conversation(running))
                clients.append(client.get("/slow" if number % 5 == 0 else "/"))
            for client in clients:
                client.expect(200, b"hello")
            assert threads == {running.thread}

    @pytest.mark.alone
    @each_class
    def test_service_actions_under_load(self, server_class):
        """About each `poll_interval`, which is 0.05 s here."""
        times = []
        enough = threading.Event()

        class Acting(server_class):
            def service_actions(self):
                times.append((time.monotonic(), threading.current_thread()))
                if times[-1][0] >= times[0][0] + 0.4:
                    enough.set()

        with serving(Acting(ANYWHERE, Handler)) as running, looping(running, 3):
            eventually(lambda: times)
            times.clear()
            eventually(lambda: times)
            assert enough.wait(PATIENCE_SECONDS)
            noted = list(times)
        assert {thread for _, thread in noted} == {running.thread}
        longest = max(later - earlier for (earlier, _), (later, _) in itertools.pairwise(noted))
        assert longest < 0.25
