"""Who is ready, of all that is waited for: by epoll itself where there is one, else by `selectors`.

What is found is what was registered, and nothing else: whoever is ready looks by itself for what it
may do. (`selectors` makes a key and a pair for each event and finds its key by a method: a
fiftieth of what a small exchange costs.)
"""

import contextlib
import select
import selectors
from typing import Any, Final, Protocol

__all__ = ["AnySelector", "EpollSelector", "Selector", "make_selector"]


class Selector(Protocol):
    """Tells levels, not edges; `source` is a descriptor or has one, as `selectors` has it."""

    def register(self, source: Any, mask: int, found: object) -> None:
        """Find `found` when `source` is ready. Raises ``KeyError`` where its descriptor is here."""

    def modify(self, source: Any, mask: int, found: object) -> None:
        """Wait for something else of `source`."""

    def unregister(self, source: Any) -> None:
        """Let go of `source`, which may be closed. Raises ``KeyError`` where it is not here."""

    def select(self, seconds: float | None) -> list[Any]:
        """Return what is found within `seconds`; ``None``: wait without an end.

        ``None`` is found of who was let go of meanwhile, by another thread.
        """

    def fileno(self) -> int:
        """Return a descriptor that is readable while anything is ready, -1 where there is none."""

    def close(self) -> None:
        """Wait for nothing any more."""


class AnySelector:
    """The best that `selectors` has."""

    def __init__(self) -> None:
        """Wait for nothing yet."""
        self._selector = selectors.DefaultSelector()
        self.close = self._selector.close

    def register(self, source: Any, mask: int, found: object) -> None:
        """Find `found` when `source` is ready."""
        self._selector.register(source, mask, found)

    def modify(self, source: Any, mask: int, found: object) -> None:
        """Wait for something else of `source`."""
        self._selector.modify(source, mask, found)

    def unregister(self, source: Any) -> None:
        """Let go of `source`."""
        self._selector.unregister(source)

    def select(self, seconds: float | None) -> list[Any]:
        """Return what is found within `seconds`."""
        return [key.data for key, _ in self._selector.select(seconds)]

    def fileno(self) -> int:
        """Return a descriptor that is readable while anything is ready, where there is one."""
        fileno = getattr(self._selector, "fileno", None)
        return -1 if fileno is None else fileno()


if hasattr(select, "epoll"):
    #: The events of epoll for each mask of `selectors`.
    _EVENTS: Final = {
        selectors.EVENT_READ: select.EPOLLIN,
        selectors.EVENT_WRITE: select.EPOLLOUT,
        selectors.EVENT_READ | selectors.EVENT_WRITE: select.EPOLLIN | select.EPOLLOUT,
    }

    class EpollSelector:
        """Linux's epoll."""

        def __init__(self) -> None:
            """Wait for nothing yet."""
            self._epoll = select.epoll()
            self._found: dict[int, object] = {}
            #: Once a source is closed it tells its descriptor no more.
            self._descriptors: dict[Any, int] = {}
            self.fileno = self._epoll.fileno

        def register(self, source: Any, mask: int, found: object) -> None:
            """Find `found` when `source` is ready."""
            descriptor = source if isinstance(source, int) else source.fileno()
            if descriptor in self._found:
                raise KeyError(f"descriptor {descriptor} is registered already")
            self._epoll.register(descriptor, _EVENTS[mask])
            self._found[descriptor] = found
            self._descriptors[source] = descriptor

        def modify(self, source: Any, mask: int, found: object) -> None:
            """Wait for something else of `source`."""
            descriptor = self._descriptors[source]
            self._epoll.modify(descriptor, _EVENTS[mask])
            self._found[descriptor] = found

        def unregister(self, source: Any) -> None:
            """Let go of `source`."""
            descriptor = self._descriptors.pop(source)
            del self._found[descriptor]
            with contextlib.suppress(OSError):  # It was closed, and with that forgotten.
                self._epoll.unregister(descriptor)

        def select(self, seconds: float | None) -> list[Any]:
            """Return what is found within `seconds`."""
            found = self._found
            # To epoll less than nothing is without an end.
            timeout = None if seconds is None else max(0.0, seconds)
            events = self._epoll.poll(timeout, len(found) or 1)
            return [found.get(descriptor) for descriptor, _ in events]

        def close(self) -> None:
            """Wait for nothing any more."""
            self._epoll.close()
            self._found.clear()
            self._descriptors.clear()


def make_selector() -> Selector:
    """Make the best that the platform has."""
    return EpollSelector() if hasattr(select, "epoll") else AnySelector()
