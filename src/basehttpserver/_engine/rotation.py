"""Whose turn it is, of many that are ready at once."""

import weakref
from typing import Generic, TypeVar

__all__ = ["Rotation"]

Item = TypeVar("Item")


class Rotation(Generic[Item]):
    """Gives each of many its turn, some at a time, however others come and go meanwhile."""

    def __init__(self) -> None:
        """Begin with whoever is first."""
        self._last: weakref.ref[Item] | None = None

    def next_of(self, ready: list[Item], most: int) -> list[Item]:
        """Return those of `ready` who come next: `most` at most, and all where that is enough."""
        if len(ready) <= most:
            return ready
        last = None if self._last is None else self._last()
        begin = ready.index(last) + 1 if last is not None and last in ready else 0
        chosen = (ready[begin:] + ready[:begin])[:most]
        self._last = weakref.ref(chosen[-1])
        return chosen
