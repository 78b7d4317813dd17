"""Running a server for a test, and waiting for what it does: always to the end, never for long."""

import contextlib
import threading
import time

#: How long anything may take that is bound to happen. Only a failing test waits for so long.
PATIENCE_SECONDS = 10


def eventually(condition, what="the condition", seconds=PATIENCE_SECONDS):
    """Return the first true value of `condition()`; fail if there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise AssertionError(f"not in {seconds} seconds: {what}")
        time.sleep(0.005)


class Running:
    """A server whose ``serve_forever`` runs in a thread of its own."""

    def __init__(self, server, poll_interval=0.05):
        self.server = server
        self._poll_interval = poll_interval
        self.address = server.server_address
        #: What left ``serve_forever``. A test that expects it takes it away.
        self.raised = None
        self.thread = threading.Thread(target=self._run, name="serve_forever", daemon=True)
        self.thread.start()

    def _run(self):
        try:
            self.server.serve_forever(self._poll_interval)
        except BaseException as error:
            self.raised = error

    def take_raised(self):
        """Wait for ``serve_forever`` to end with an exception; return that."""
        self.thread.join(PATIENCE_SECONDS)
        raised, self.raised = self.raised, None
        return raised

    def stop(self):
        if self.thread.is_alive():
            asking = threading.Thread(target=self.server.shutdown, daemon=True)
            asking.start()
            asking.join(PATIENCE_SECONDS)
        self.thread.join(PATIENCE_SECONDS)
        if self.thread.is_alive():
            raise AssertionError("serve_forever does not return")


@contextlib.contextmanager
def serving(server, poll_interval=0.05):
    """Run a server; at the end shut it down, close it, and raise what left ``serve_forever``."""
    running = Running(server, poll_interval)
    try:
        yield running
    finally:
        try:
            running.stop()
        finally:
            server.server_close()
    if running.raised is not None:
        raise running.raised
