"""A script that runs: its output while it comes, and a certain end.

It leads a session of its own, so that its end can be that of all its children too, and Ctrl-C in
the server's terminal is not its affair; a server that ends takes its scripts with it.
"""

import atexit
import contextlib
import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any, Final

from basehttpserver._cgi.pipes import Pipes, open_pipes

__all__ = ["ClientGoneError", "Script", "ScriptSilentError"]

#: How often a script that is silent is looked after: has it ended, is its client still there?
_LOOK_SECONDS: Final = 0.1

#: How long a script may take to end when it is asked to, before it is made to.
_GRACE_SECONDS: Final = 1.0

#: How long the end of a script is waited for that cannot be made to.
_LAST_WAIT_SECONDS: Final = 5.0

#: How much of a script's standard error is logged.
MAX_LOGGED_BYTES: Final = 65536

# Adding to a set, discarding, and copying it into a list are one step each, also on free-threaded
# builds, which lock the set.
_running: Final[set["subprocess.Popen[bytes]"]] = set()
#: Something for each that is just being started.
_starting: Final[set[object]] = set()
_is_ending: Final = threading.Event()


class ScriptSilentError(Exception):
    """A script has written nothing for too long."""


class ClientGoneError(Exception):
    """There is nobody to read what a script would write."""


class Script:
    """A running script; used in ``with``, which leaves nothing of it behind."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        executable: str | None,
        environment: dict[str, str],
        body: IO[bytes] | int,
        credentials: dict[str, Any],
        log: Callable[[str], None],
    ) -> None:
        """Start `command`, or `executable` under that name, never by a shell.

        `body` is its standard input. `credentials` are arguments of ``subprocess.Popen``: as whom
        it runs. `log` takes the lines of its standard error. Raises ``OSError`` and ``ValueError``.
        """
        self._process = _start(
            command, executable=executable, env=environment, stdin=body, **credentials
        )
        self._errors = _ErrorLines(log)
        try:
            self._pipes = _pipes_of(self._process)
        except BaseException:
            _end(self._process, 0)
            _forget(self._process)
            raise

    def output(
        self, silence_seconds: float | None, is_client_gone: Callable[[], bool]
    ) -> Iterator[bytes]:
        """Yield standard output as it comes, until the script has ended.

        What its children write later is lost, as in CPython. Raises `ScriptSilentError` when it has
        neither written nor ended for so long, and `ClientGoneError` when nobody waits for it.
        """
        silent_since = time.monotonic()
        has_ended = False
        while not has_ended or self._pipes.is_open:
            # First: what it wrote before it ended is in the pipes when we look there.
            has_ended = self._process.poll() is not None
            found = self._read_or_wait(has_ended=has_ended)
            yield from (data for is_error, data in found if data and not is_error)
            if found:
                silent_since = time.monotonic()
            elif has_ended:
                return
            elif is_client_gone():
                raise ClientGoneError
            elif silence_seconds is not None and time.monotonic() - silent_since > silence_seconds:
                raise ScriptSilentError

    def _read_or_wait(self, *, has_ended: bool) -> list[tuple[bool, bytes]]:
        if not self._pipes.is_open:
            if not has_ended:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(_LOOK_SECONDS)
            return []
        found = self._pipes.read(_LOOK_SECONDS)
        self._errors.take(b"".join(data for is_error, data in found if is_error))
        return found

    @property
    def exit_code(self) -> int:
        """How it ended: 0 well, below 0 by a signal. It must have ended."""
        return self._process.returncode

    def __enter__(self) -> "Script":
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if self._process.poll() is None:
                _end(self._process, _GRACE_SECONDS)
            self._errors.finish()
        finally:
            self._pipes.close()
            _forget(self._process)


def _start(command: Sequence[str], **options: Any) -> "subprocess.Popen[bytes]":
    """Start a script that ends with the interpreter. Raises ``OSError`` and ``ValueError``."""
    starting = object()
    _starting.add(starting)
    try:
        # Looked at behind that, as `_end_all` looks in the other order: one of us sees the other.
        if _is_ending.is_set():
            raise OSError(errno.ESHUTDOWN, "The program ends")
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
            **options,
        )
        _running.add(process)
    finally:
        _starting.discard(starting)
    return process


def _pipes_of(process: "subprocess.Popen[bytes]") -> Pipes:
    assert process.stdout is not None
    assert process.stderr is not None
    return open_pipes(process.stdout, process.stderr)


def _forget(process: "subprocess.Popen[bytes]") -> None:
    """Close the pipes of a process that has ended."""
    _running.discard(process)
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


class _ErrorLines:
    """Logs standard error by lines, up to a bound."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log = log
        self._pending = b""
        self._room = MAX_LOGGED_BYTES
        self._is_full = False

    def take(self, data: bytes) -> None:
        kept = data[: self._room]
        *lines, self._pending = (self._pending + kept).split(b"\n")
        for line in lines:
            self._say(line)
        if len(kept) < len(data) and not self._is_full:
            self._is_full = True
            self.finish()
            self._log("CGI script wrote more to its standard error: not logged")
        self._room -= len(kept)

    def finish(self) -> None:
        pending, self._pending = self._pending, b""
        self._say(pending)

    def _say(self, line: bytes) -> None:
        if line.strip():
            self._log(line.decode("utf-8", "backslashreplace").rstrip())


if sys.platform == "win32":

    def _end(process: "subprocess.Popen[bytes]", seconds: float) -> None:
        process.kill()
        process.wait()

else:

    def _end(process: "subprocess.Popen[bytes]", seconds: float) -> None:
        """Ask a script and its children to end, then make them.

        Until its leader is waited for, at the very end, nobody else can have the number of the
        group.
        """
        _signal_group(process, signal.SIGTERM)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not _is_zombie(process):
            time.sleep(0.01)
        _signal_group(process, signal.SIGKILL)
        # A program that is another user's by its mode may not be ours to kill; it must not hold
        # up the server.
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_LAST_WAIT_SECONDS)

    def _signal_group(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # All are zombies.
            os.killpg(process.pid, number)

    def _is_zombie(process: "subprocess.Popen[bytes]") -> bool:
        """Whether it has ended and nobody has waited for it yet; in doubt it has."""
        if not hasattr(os, "waitid"):  # macOS before CPython 3.13
            return True
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        try:
            return os.waitid(os.P_PID, process.pid, options) is not None
        except ChildProcessError:
            return True


@atexit.register
def _end_all() -> None:
    """Leave no script behind whose thread the end of the interpreter has stopped."""
    _is_ending.set()
    deadline = time.monotonic() + _LAST_WAIT_SECONDS
    while _starting and time.monotonic() < deadline:
        time.sleep(0.01)
    for process in list(_running):
        if process.poll() is None:
            _end(process, 0)


def _after_fork_in_child() -> None:
    """Leave the parent's scripts to it."""
    _running.clear()
    _starting.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
