"""What comes before the first head: the handshake of TLS, and who is to do it."""

from basehttpserver._engine.peer import Peer
from basehttpserver._engine.transport import PlaintextError, TlsTransport
from basehttpserver._exchange import Protocol

__all__ = ["Handshake"]


class Handshake:
    """The beginning of one connection."""

    __slots__ = ("_peer", "_protocol", "is_to_be_wrapped", "may_be_wrapped")

    def __init__(self, peer: Peer, protocol: Protocol) -> None:
        """Begin with nothing received."""
        self._peer = peer
        self._protocol = protocol
        #: Hooks or the handler of the program may wrap the socket in TLS by themselves.
        self.may_be_wrapped = False
        #: They do: the client begins TLS, and nothing of it was received.
        self.is_to_be_wrapped = False

    def try_look_for_tls(self) -> bool:
        """Find out who is to read what the client sends; ``False`` before it sends anything.

        Raises ``OSError``.
        """
        begins_tls = self._peer.transport.begins_tls()
        if begins_tls is None:
            return False
        self.may_be_wrapped = False
        self.is_to_be_wrapped = begins_tls
        return True

    def try_finish(self) -> bool:
        """Go on with the handshake; tell whether it is done.

        Raises `HandshakeError` when it has failed, and ``OSError`` when the client is gone.
        """
        try:
            return self._peer.transport.try_handshake()
        except OSError:
            self._peer.is_lost = True
            raise

    def answer_failure(self, error: OSError) -> None:
        """Answer a client that speaks plain HTTP. Raises ``OSError``."""
        transport = self._peer.transport
        if isinstance(error, PlaintextError) and isinstance(transport, TlsTransport):
            transport.send_plaintext(self._protocol.refuse_plaintext())
