"""What the connections of one server share."""

from collections.abc import Callable
from typing import Any

from basehttpserver._engine.deadlines import Clock
from basehttpserver._engine.sentinel import Sentinel
from basehttpserver._engine.spool import Spool
from basehttpserver._engine.transport import READ, wait_until_ready
from basehttpserver._exchange import Protocol
from basehttpserver.settings import Settings

__all__ = ["Context"]


class Context:
    """What the connections of one server share."""

    def __init__(
        self,
        settings: Settings,
        make_protocol: Callable[[Settings], Protocol],
        sentinel: Sentinel,
        clock: Clock,
    ) -> None:
        """Hold it together."""
        self.settings = settings
        self.make_protocol = make_protocol
        self.sentinel = sentinel
        self.clock = clock
        self.spool = Spool(settings.max_spool_bytes)
        #: The server stops: no connection goes on after its exchange.
        self.is_stopping = False
        #: While a thread waits for the next head, readiness of this descriptor ends the
        #: connection: other clients wait for the thread, or the server stops.
        self.yield_to: Callable[[], int] | None = None
        #: One thread runs the handlers of all connections, and polls: it sees by `yield_to` who
        #: waits while one of them reads.
        self.has_one_thread = False
        #: Takes a connection out of the poller, wherever that is; for any thread.
        self.release: Callable[[Any], None] = lambda connection: None
        #: Takes it out there, too, and counts it as closed; for any thread.
        self.forget: Callable[[Any], None] = lambda connection: None

    def others_wait(self) -> bool:
        """Tell whether other clients wait for the thread that asks, or the server stops."""
        others = -1 if self.yield_to is None else self.yield_to()
        return others >= 0 and bool(wait_until_ready([(others, READ)], 0))
