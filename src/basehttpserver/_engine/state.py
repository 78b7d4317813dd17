"""The states of a connection, and what its deadline is for.

    state        who owns it                                 what it waits for
    HANDSHAKE    the poller                                  the TLS handshake, where there is one
    HEAD         the poller, or a thread between exchanges   the head of a request
    BODY         the poller                                  a body, before its handler starts
    EXCHANGE     the thread that runs the handler            nothing, or what the handler asks for
    SENDING      the poller                                  the client, to take its response
    TAKEN        the handler                                 nothing of ours: it uses the socket
    CLOSED       nobody

Only the owner reads, writes and closes. The one exception is the sentinel, which sends what a
handler left unsent; see `outgoing`. A connection may stay registered with the poller while the
leader itself runs its handler; whoever takes the lead takes it out first, see `leadership`.
"""

from enum import Enum, auto

__all__ = [
    "BODY",
    "CLOSED",
    "EXCHANGE",
    "HANDSHAKE",
    "HEAD",
    "HEAD_END",
    "REQUEST",
    "SENDING",
    "TAKEN",
    "Awaited",
    "State",
]


class State(Enum):
    """See the module's table."""

    HANDSHAKE = auto()
    HEAD = auto()
    BODY = auto()
    EXCHANGE = auto()
    SENDING = auto()
    TAKEN = auto()
    CLOSED = auto()


#: The states by themselves. A request asks for its state some twenty times, and before Python 3.12
#: each look into an ``Enum`` costs 0.1 microseconds.
HANDSHAKE, HEAD, BODY, EXCHANGE, SENDING, TAKEN, CLOSED = State


class Awaited(Enum):
    """What a deadline is for. It is a total: it begins once, when something else is awaited."""

    NOTHING = auto()
    #: The first byte of a head; or the end of a body that is thrown away, before that.
    REQUEST = auto()
    #: The end of a head that has begun.
    HEAD_END = auto()
    #: A body, or what is to be seen of it at the next look.
    BODY = auto()
    #: That the client takes what is left of a response.
    RESPONSE_TAKEN = auto()


#: By themselves, as the states are.
REQUEST, HEAD_END = Awaited.REQUEST, Awaited.HEAD_END
