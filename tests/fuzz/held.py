"""What a connection holds: the length of every string of bytes and every list within its reach."""

from collections import deque
from enum import Enum
from typing import Any

from basehttpserver._http1 import Http1Connection
from basehttpserver.settings import Settings

#: One entry of a list, about: so that a list of nothing, but long, is seen.
ENTRY_BYTES = 8

#: A chunk header, and the few words that say what a connection is about.
OVERHEAD_BYTES = 4096 + 1024


def held_bytes(root: object) -> int:
    """Sum the lengths of what can be reached from `root`, each object once; no settings."""
    seen: set[int] = set()
    total = 0
    waiting: list[Any] = [root]
    while waiting:
        found = waiting.pop()
        if id(found) in seen or isinstance(found, Settings | Enum | type):
            continue
        seen.add(id(found))
        if isinstance(found, bytes | bytearray | str):
            total += len(found)
        elif isinstance(found, list | tuple | set | frozenset | deque):
            total += ENTRY_BYTES * len(found)
            waiting += found
        elif isinstance(found, dict):
            total += ENTRY_BYTES * len(found)
            waiting += [*found, *found.values()]
        else:
            waiting += [
                getattr(found, name)
                for kind in type(found).__mro__
                for name in getattr(kind, "__slots__", ())
                if hasattr(found, name)
            ]
            waiting += getattr(found, "__dict__", {}).values()
    return total


def most_held_bytes(settings: Settings) -> int:
    """How much a connection may hold between two pieces: a head in use, one that comes, few words.

    What came and cannot be used yet is not in it: the caller decides how much it lets come.
    """
    return 3 * settings.max_head_bytes + settings.max_field_line_bytes + OVERHEAD_BYTES


def check_held(connection: Http1Connection, settings: Settings) -> None:
    """Assert that `connection`, with nothing more to do, holds no more than it may."""
    held = held_bytes(connection)
    assert held <= most_held_bytes(settings), f"{held} bytes are held"


def check_head_is_within(raw: bytes, settings: Settings) -> None:
    """Assert that the head of a request that was served is within each limit of `settings`."""
    lines = raw.removesuffix(b"\n").split(b"\n")
    fields = lines[1:-1]
    assert len(raw) <= settings.max_head_bytes
    assert len(lines[0]) + 1 <= settings.max_request_line_bytes
    assert len(fields) <= settings.max_fields
    assert all(len(field) + 1 <= settings.max_field_line_bytes for field in fields)
