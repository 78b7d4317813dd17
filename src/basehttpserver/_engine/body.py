"""The body of a request, for as long as it is waited for.

    the poller      begin, comes_too_slowly    it is collected before its handler starts
    the handler     before_waiting             it is read as it comes
                    with_length                … or comes in chunks, and is shown with a length
    both            refuse                     it is malformed, too large or too late

What reads and keeps its bytes is `incoming`.
"""

from basehttpserver._engine.context import Context
from basehttpserver._engine.deadlines import too_slow
from basehttpserver._engine.incoming import Incoming
from basehttpserver._engine.outgoing import Outgoing
from basehttpserver._engine.peer import Peer
from basehttpserver._exchange import Protocol, RequestHead
from basehttpserver.exceptions import PeerError, PeerTimeoutError

__all__ = ["Body"]


class Body:
    """Waits for the body of one request after another."""

    def __init__(
        self,
        peer: Peer,
        protocol: Protocol,
        context: Context,
        incoming: Incoming,
        outgoing: Outgoing,
    ) -> None:
        """Let `incoming` read it; `outgoing` sends what the client may wait for."""
        self._peer = peer
        self._protocol = protocol
        self._context = context
        self._incoming = incoming
        self._outgoing = outgoing
        #: When the handler has waited long enough, if others wait for the thread.
        self.deadline: float | None = None
        #: While it is collected: the bytes that had come, and how long it took, when they were
        #: looked at last.
        self._bytes_seen = 0
        self._seconds = 0.0

    # For the poller, while it is collected.

    def begin(self, *, asks: bool) -> None:
        """Begin to collect it. `asks`: a client that waits for a word to send it gets one."""
        self._peer.progress_bytes = self._bytes_seen = 0
        self._seconds = 0.0
        if asks:
            self._ask()

    def _ask(self) -> None:
        self._outgoing.ask_for_body()
        self._outgoing.flush()

    @property
    def seconds_between_looks(self) -> float:
        """How long to wait until `comes_too_slowly` is to be asked."""
        most = self._context.settings.rate_grace_seconds
        own = self._peer.operation_timeout
        return min(most, own) if own else most

    def comes_too_slowly(self) -> bool:
        """Tell whether it comes too slowly to go on with it.

        That is: nothing of it within the handler's `timeout`, or less than the minimum rate.
        """
        settings = self._context.settings
        period, received = self.seconds_between_looks, self._peer.progress_bytes
        has_stalled = received == self._bytes_seen and period < settings.rate_grace_seconds
        self._bytes_seen = received
        self._seconds += period
        if has_stalled or self._seconds < settings.rate_grace_seconds:
            return has_stalled
        is_slow = received < settings.min_body_bytes_per_second * self._seconds
        self._peer.progress_bytes = self._bytes_seen = 0
        self._seconds = 0.0
        return is_slow

    # For the handler's thread.

    def before_waiting(self) -> None:
        """Get ready to wait for more of it, which the handler reads.

        Raises `PeerTimeoutError` when other clients wait for the thread, and have for long enough.
        """
        # The client may wait for what the handler wrote, 100 (Continue) above all.
        self._outgoing.flush()
        context = self._context
        now = context.clock()
        if self.deadline is None:
            self.deadline = now + context.settings.rate_grace_seconds
        elif now >= self.deadline and context.has_one_thread and context.others_wait():
            raise PeerTimeoutError("the body takes too long: other clients wait")

    def with_length(self, head: RequestHead) -> RequestHead:
        """Wait for the end of a body in chunks; return the head as if it had a length.

        Handlers know Content-Length: ``http.server`` has no chunks. Some take chunks apart by
        themselves where the field says so; so that goes, as RFC 9112 7.1.3 has it.
        """
        if head.expects_continue:
            self._ask()
        try:
            length = self._incoming.collect_rest(self._context.settings.max_spool_bytes)
        except PeerTimeoutError:
            return self.time_out(head)
        except PeerError as error:
            return self.refuse(head, error)
        if length is None:
            return head
        shown = self._protocol.show_length(length)
        self._incoming.show_head(shown)
        return shown

    # Both.

    def time_out(self, head: RequestHead) -> RequestHead:
        """Give up on a body that does not come; the handler's answer will be 408."""
        return self.refuse(head, too_slow("The body of the request took too long"))

    def refuse(self, head: RequestHead, error: PeerError) -> RequestHead:
        """Read no more of it; return the head that has the handler answer `error`."""
        self._protocol.refuse(error)
        self._incoming.refuse()
        return head._replace(keeps_alive=False, is_plain=False, refusal=error)
