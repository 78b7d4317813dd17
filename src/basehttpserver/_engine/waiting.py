"""A connection that waits in the thread of its handler, where nothing polls for it.

handshake    a handler is called with a socket that no poller has seen
head         a handler keeps its thread between requests, to the end of the connection
"""

from typing import Protocol as Interface

from basehttpserver._engine.context import Context
from basehttpserver._engine.peer import Peer
from basehttpserver._engine.transport import READ, wait_until_ready
from basehttpserver._exchange import Protocol

__all__ = ["wait_for_handshake", "wait_for_head"]


class _Connection(Interface):
    context: Context
    peer: Peer
    protocol: Protocol

    @property
    def idle_seconds(self) -> float: ...
    def try_handshake(self) -> bool: ...
    def try_next_head(self) -> bool: ...
    def time_out_head(self) -> None: ...


def wait_for_handshake(connection: _Connection) -> bool:
    """Finish the TLS handshake; tell whether it is."""
    context, transport = connection.context, connection.peer.transport
    deadline = context.clock() + context.settings.handshake_timeout_seconds
    try:
        while not connection.try_handshake():
            left = deadline - context.clock()
            mask = transport.receive_mask
            if left <= 0 or not wait_until_ready([(transport.fileno(), mask)], left):
                return False
    except OSError:
        return False
    return True


def wait_for_head(connection: _Connection) -> bool:
    """Wait until a head is here, whole or refused; ``False`` where none comes."""
    context, protocol = connection.context, connection.protocol
    has_begun = False
    deadline = context.clock() + connection.idle_seconds
    while not connection.try_next_head():
        if protocol.is_over:
            return False
        if protocol.has_partial_head and not has_begun:
            has_begun = True
            deadline = context.clock() + context.settings.head_timeout_seconds
        if _receive_before(deadline, connection.peer, context):
            continue
        if not has_begun or context.clock() < deadline:
            return False
        connection.time_out_head()
    return True


def _receive_before(deadline: float, peer: Peer, context: Context) -> bool:
    """Receive something; ``False`` at the deadline, or when the thread is wanted elsewhere."""
    if peer.receive():
        return True
    if context.is_stopping:
        return False
    own = peer.transport.fileno()
    waited_for = [(own, peer.transport.receive_mask)]
    seconds = max(0.0, deadline - context.clock())
    if context.yield_to is not None:
        others = context.yield_to()
        if others < 0:
            seconds = 0.0  # There is no way to see them: take it that they wait.
        else:
            waited_for.append((others, READ))
    return own in wait_until_ready(waited_for, seconds) and peer.receive()
