"""The log of a server that runs as a program: what is written in a moment is written at once.

A line costs a system call. So where nobody watches, since ``sys.stderr`` is a file or a pipe and no
terminal, lines are kept for a tenth of a second at most. None is lost when the server stops; one
that is killed loses so much.
"""

import contextlib
import io
import os
import sys
import threading
import weakref
from collections.abc import Iterator
from typing import Any, Final

__all__ = ["BatchedStream", "batched_log"]

#: How long a line waits for others.
WAIT_SECONDS: Final = 0.1

#: So much is written at once, without waiting for more.
_MOST_CHARACTERS: Final = 65536


class BatchedStream(io.TextIOBase):
    """Stands in place of a text stream, and writes to it now and then; for any thread.

    All else is the stream's own. After a fork the child writes at once: it may end at any moment.
    """

    def __init__(self, stream: Any) -> None:
        """Write to `stream`, until `close`."""
        super().__init__()
        self._stream = stream
        self._lock = threading.Lock()
        self._pieces: list[str] = []
        self._characters = 0
        self._has_pieces = threading.Event()
        self._is_over = threading.Event()
        self._waits = True
        self._thread = threading.Thread(target=self._write_now_and_then, name="log", daemon=True)
        self._thread.start()
        _STREAMS.add(self)

    def __getattr__(self, name: str) -> Any:
        """Return what the stream has; what was written through us stays before what goes past."""
        self.flush()
        return getattr(self._stream, name)

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The stream's encoding."""
        found: str = self._stream.encoding
        return found

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        """What the stream does with what it cannot encode."""
        found: str | None = self._stream.errors
        return found

    def writable(self) -> bool:
        """Return ``True``."""
        return True

    def fileno(self) -> int:
        """Return the stream's descriptor."""
        self.flush()
        descriptor: int = self._stream.fileno()
        return descriptor

    def isatty(self) -> bool:
        """Tell whether somebody watches."""
        return bool(self._stream.isatty())

    def write(self, text: str, /) -> int:
        """Keep `text` for a moment."""
        with self._lock:
            self._pieces.append(text)
            self._characters += len(text)
            if self._characters >= _MOST_CHARACTERS or not self._waits:
                self._write_locked()
        if not self._has_pieces.is_set():
            self._has_pieces.set()
        return len(text)

    def flush(self) -> None:
        """Write what is kept. What cannot be written is lost, as all of a log would be."""
        with self._lock:
            self._write_locked()

    def close(self) -> None:
        """Write what is kept, and wait no more; the stream stays open."""
        with self._lock:
            self._waits = False
        self._is_over.set()
        self._has_pieces.set()
        if self._thread is not threading.current_thread():
            self._thread.join()
        self.flush()

    def _write_locked(self) -> None:
        if not self._pieces:
            return
        text = "".join(self._pieces)
        self._pieces.clear()
        self._characters = 0
        with contextlib.suppress(Exception):
            try:
                self._stream.write(text)
            except UnicodeEncodeError:
                self._stream.write(text.encode("ascii", "backslashreplace").decode("ascii"))
            self._stream.flush()

    def _write_now_and_then(self) -> None:
        while not self._is_over.is_set():
            self._has_pieces.wait()
            self._has_pieces.clear()
            self._is_over.wait(WAIT_SECONDS)
            self.flush()

    def after_fork_in_child(self) -> None:
        """Leave the parent's lines to the parent, and write at once."""
        self._lock = threading.Lock()
        self._pieces = []
        self._characters = 0
        self._waits = False


_STREAMS: Final["weakref.WeakSet[BatchedStream]"] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for stream in list(_STREAMS):
        stream.after_fork_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


@contextlib.contextmanager
def batched_log() -> Iterator[None]:
    """Write what goes to ``sys.stderr`` now and then, until the end of the block.

    Where that is a terminal, or there is none, nothing changes; nor where Python was started with
    ``-u`` or ``PYTHONUNBUFFERED``, by which its user asks for every line at once.
    """
    before = sys.stderr
    try:
        is_watched = before is None or before.isatty() or getattr(before, "write_through", False)
    except ValueError:  # It is closed.
        is_watched = True
    if is_watched:
        yield
        return
    stream = BatchedStream(before)
    sys.stderr = stream
    try:
        yield
    finally:
        if sys.stderr is stream:
            sys.stderr = before
        stream.close()
