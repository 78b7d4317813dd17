"""How many descriptors a process may have, and how many connections that makes."""

import resource

#: What a process has open besides its connections, and some more.
SPARE = 500


def raise_descriptor_limit() -> int:
    """Let this process, and its children, open as many as the system allows; return that."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def scale_crowd(wanted: int, kinds: int) -> int:
    """Return how many connections of each kind one server can have, `wanted` at most."""
    return min(wanted, (raise_descriptor_limit() - SPARE) // kinds)
