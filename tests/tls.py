"""Certificates for tests, and clients that speak TLS, one of them by hand.

authority          a fixture: who signs, with a certificate for localhost
secure(…)          a `Conversation` over TLS
ByHand(…)          a client that holds its own records: to cut them, delay them, leave them out
"""

import contextlib
import functools
import socket
import ssl

import trustme
from cryptography.hazmat.primitives import serialization  # On which trustme stands.

from tests.running import PATIENCE_SECONDS
from tests.wire.conversation import conversation


class Authority:
    """Signs certificates, and knows who trusts them."""

    def __init__(self, folder):
        self.folder = folder
        self._ca = trustme.CA()
        self.certfile, self.keyfile = self.issue("server", "localhost", "127.0.0.1")

    def issue(self, name, *identities, **options):
        """Write a certificate and its key; return their paths."""
        issued = self._ca.issue_cert(*identities, **options)
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        certificate.write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
        key.write_bytes(issued.private_key_pem.bytes())
        return certificate, key

    def lock(self, path, password):
        """Let a password be needed for the key in a file."""
        with open(path, "rb") as file:
            key = serialization.load_pem_private_key(file.read(), None)
        with open(path, "wb") as file:
            file.write(
                key.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.BestAvailableEncryption(password.encode()),
                )
            )

    def trust(self, context):
        self._ca.configure_trust(context)
        return context

    def server_context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certfile, self.keyfile)
        return context

    def client_context(self):
        return self.trust(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


#: What `secure` leaves to `conversation`.
PLAIN_OPTIONS = {"receive_buffer", "source"}


def secure(where, context, server_hostname="localhost", **options):
    """A conversation over TLS; `options` as of it and of ``SSLContext.wrap_socket``.

    An end without close_notify raises, unless they say otherwise.
    """
    plainly = {name: options.pop(name) for name in PLAIN_OPTIONS & options.keys()}
    options.setdefault("suppress_ragged_eofs", False)
    # Before it connects: `wrap_socket` leaks one whose server has reset it again (CPython 3.12).
    wrap = functools.partial(context.wrap_socket, server_hostname=server_hostname, **options)
    return conversation(where, wrap=wrap, **plainly)


class ByHand:
    """A client that speaks TLS over a conversation of its own, one step at a time."""

    def __init__(self, where, context):
        self.plain = conversation(where)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname="localhost")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.plain.socket.close()

    def hello(self):
        """Begin the handshake; return what is to be sent for it."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.do_handshake()
        return self._outgoing.read()

    def shake(self):
        """Go through the whole handshake."""
        self.plain.send(self.hello())
        self._until_it_goes(self.tls.do_handshake)
        self.plain.send(self._outgoing.read())
        return self

    def _until_it_goes(self, step, *arguments):
        while True:
            try:
                return step(*arguments)
            except ssl.SSLWantReadError:
                data = self.plain.socket.recv(65536)
                if data:
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()

    def records(self, data):
        """Return `data` as TLS records; up to 16 KiB are one."""
        self.tls.write(data)
        return self._outgoing.read()

    def send(self, data):
        self.plain.send(self.records(data))
        return self

    def receive(self):
        """Return what comes next, ``b""`` behind close_notify; a cut raises ``ssl.SSLEOFError``."""
        return self._until_it_goes(self.tls.read, 65536)

    def receive_until(self, end):
        received = b""
        while not received.endswith(end):
            data = self.receive()
            assert data, received
            received += data
        return received

    def say_goodbye(self):
        """Send close_notify, and go on reading."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.unwrap()
        self.plain.send(self._outgoing.read())
        return self


def wait_for_end(sock):
    """Wait until the other side closes, clean or not."""
    sock.settimeout(PATIENCE_SECONDS)
    with contextlib.suppress(OSError):
        while sock.recv(65536):
            pass


def shut_down_writing(sock):
    """Send FIN below TLS: an end without close_notify."""
    socket.socket.shutdown(sock, socket.SHUT_WR)
