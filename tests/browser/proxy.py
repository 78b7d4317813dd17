"""A network between a browser and a server that stops, and that breaks.

with proxy_for(port) as proxy:
    proxy.hold_after(5_000_000)      of each connection's request bytes
    ...
    assert proxy.is_holding.wait(10)
    proxy.release()                  or proxy.cut()
"""

import contextlib
import socket
import threading

_BLOCK_BYTES = 65536


class Proxy:
    """Passes on what comes, connection by connection, each direction in a thread of its own."""

    def __init__(self, server_port):
        self._server = ("127.0.0.1", server_port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._hold_after_bytes = None
        #: Set when a connection has sent all that it may for now.
        self.is_holding = threading.Event()
        self._may_pass = threading.Event()
        self._may_pass.set()
        #: The browser's end and the server's, of each connection that there was.
        self._pairs = []
        #: The servers' ends that are left as they are although the browser's is gone.
        self._untold = set()
        self._threads = []
        self._start(self._accept)

    def hold_after(self, count):
        """Pass on so many bytes of what the browser sends on each connection, and hold the rest."""
        self._hold_after_bytes = count
        self.is_holding.clear()
        self._may_pass.clear()

    def release(self):
        """Pass on everything again."""
        self._hold_after_bytes = None
        self._may_pass.set()

    def cut(self, *, tells_server=True):
        """Break all connections, and pass on what comes on later ones.

        The server is not told where a telephone has left its network: for it all goes on.
        """
        for browser, server in self._pairs:
            if not tells_server:
                self._untold.add(server)
            _break(browser)
            if tells_server:
                _break(server)
        self.release()

    def close(self):
        """Break all connections, and take no more."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        # The last connection is in the list when this has ended.
        self._threads[0].join()
        self.cut()
        for thread in self._threads[1:]:
            thread.join()
        self._listener.close()
        for pair in self._pairs:
            for end in pair:
                end.close()

    def _start(self, target, *arguments):
        thread = threading.Thread(target=target, args=arguments, name="proxy", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                browser, _ = self._listener.accept()
                try:
                    server = socket.create_connection(self._server)
                except OSError:
                    browser.close()
                    continue
                self._pairs.append((browser, server))
                self._start(self._pass_on, browser, server, self._wait_for_leave)
                self._start(self._pass_on, server, browser)

    def _pass_on(self, source, target, before=lambda count: None):
        count = 0
        try:
            while data := source.recv(_BLOCK_BYTES):
                count += len(data)
                before(count)
                target.sendall(data)
            if target not in self._untold:
                target.shutdown(socket.SHUT_WR)
        except OSError:
            for end in (source, target):
                if end not in self._untold:
                    _break(end)
        with contextlib.suppress(OSError):
            # Who still sends is reset once there is room for it, and not left to wait for that.
            while source.recv(_BLOCK_BYTES):
                pass

    def _wait_for_leave(self, count):
        limit = self._hold_after_bytes
        if limit is not None and count > limit:
            self.is_holding.set()
            self._may_pass.wait()


def _break(end):
    """Break a connection (who goes on sending is reset), and wake the threads that wait for it."""
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def proxy_for(server_port):
    """Stand before a server until the end of the block."""
    with contextlib.closing(Proxy(server_port)) as proxy:
        yield proxy
