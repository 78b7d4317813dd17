"""`HTTPSServer` and `ThreadingHTTPSServer`: how they are made, and how they change certificates."""

import inspect
import pathlib
import shutil
import ssl
import subprocess
import sys
import threading

import pytest

from basehttpserver import HTTPServer, HTTPSServer, Settings, ThreadingHTTPSServer, https
from tests.api.test_server import Quiet
from tests.running import serving
from tests.tls import ByHand, secure
from tests.wire.conversation import conversation

pytestmark = pytest.mark.usefixtures("leaks_nothing")

ANYWHERE = ("127.0.0.1", 0)
CLASSES = [HTTPSServer, ThreadingHTTPSServer]
PASSWORD = "opens it"

each_class = pytest.mark.parametrize("server_class", CLASSES)


@pytest.fixture(scope="module")
def files(authority, tmp_path_factory):
    """Certificates and keys, right and wrong, by name."""
    folder = tmp_path_factory.mktemp("files")
    both = folder / "both.pem"
    both.write_bytes(authority.certfile.read_bytes() + authority.keyfile.read_bytes())
    locked = folder / "locked.key"
    shutil.copy(authority.keyfile, locked)
    authority.lock(locked, PASSWORD)
    both_locked = folder / "both-locked.pem"
    both_locked.write_bytes(authority.certfile.read_bytes() + locked.read_bytes())
    empty = folder / "empty.pem"
    empty.write_bytes(b"")
    broken = folder / "broken.pem"
    broken.write_bytes(both.read_bytes()[:200])
    _, other_key = authority.issue("other", "other.test")
    return {
        "certificate": authority.certfile,
        "key": authority.keyfile,
        "both": both,
        "locked": locked,
        "both locked": both_locked,
        "empty": empty,
        "broken": broken,
        "other key": other_key,
        "missing": folder / "missing.pem",
        None: None,
    }


def want_served(server, authority):
    with serving(server) as running, secure(running, authority.client_context()) as client:
        client.get("/").expect(200)


class TestConstructor:
    @each_class
    def test_signature_is_that_of_cpython_3_14(self, server_class):
        parameters = [*inspect.signature(server_class).parameters.values()]
        names = [parameter.name for parameter in parameters]
        assert names == [
            *["server_address", "RequestHandlerClass", "bind_and_activate"],
            *["certfile", "keyfile", "password", "alpn_protocols", "settings"],
        ]
        keyword_only = [each.name for each in parameters if each.kind is each.KEYWORD_ONLY]
        assert keyword_only == names[3:]
        with pytest.raises(TypeError, match="certfile"):
            server_class(ANYWHERE, Quiet)

    @each_class
    def test_attributes_are_those_of_cpython_3_14(self, server_class, files):
        settings = Settings(max_workers=3)
        with server_class(
            ANYWHERE, Quiet, certfile=files["certificate"], keyfile=files["key"], settings=settings
        ) as server:
            assert isinstance(server, HTTPServer)
            assert server.ssl is ssl
            assert (server.certfile, server.keyfile) == (files["certificate"], files["key"])
            assert server.password is None
            assert server.alpn_protocols == ["http/1.1"]
            assert server.settings is settings
            assert isinstance(server.socket, ssl.SSLSocket)
            assert server.socket.context.options & ssl.OP_NO_RENEGOTIATION
            assert server.socket.context.verify_mode is ssl.CERT_NONE

    def test_socket_is_wrapped_when_it_is_activated(self, files, authority):
        server = HTTPSServer(ANYWHERE, Quiet, False, certfile=files["both"])
        assert not isinstance(server.socket, ssl.SSLSocket)
        server.server_bind()
        server.server_activate()
        want_served(server, authority)

    @each_class
    @pytest.mark.parametrize(
        ("certfile", "keyfile", "password"),
        [
            ("both", None, None),
            ("both", "both", None),
            ("certificate", "key", None),
            ("both locked", None, PASSWORD),
            ("certificate", "locked", PASSWORD),
            ("certificate", "locked", PASSWORD.encode()),
            ("certificate", "locked", bytearray(PASSWORD.encode())),
            ("certificate", "locked", lambda: PASSWORD),
        ],
    )
    def test_good_files(self, server_class, files, authority, certfile, keyfile, password):
        server = server_class(
            ANYWHERE, Quiet, certfile=files[certfile], keyfile=files[keyfile], password=password
        )
        want_served(server, authority)

    @each_class
    @pytest.mark.parametrize(
        ("certfile", "keyfile", "password"),
        [
            ("broken", None, None),
            ("empty", None, None),
            ("certificate", None, None),
            ("key", None, None),
            ("key", "certificate", None),
            ("certificate", "other key", None),
            ("both locked", None, "wrong"),
            ("missing", None, None),
            ("certificate", "missing", None),
        ],
    )
    def test_bad_files(self, server_class, files, certfile, keyfile, password):
        expected = FileNotFoundError if "missing" in (certfile, keyfile) else ssl.SSLError
        with pytest.raises(expected) as raised:
            server_class(
                ANYWHERE, Quiet, certfile=files[certfile], keyfile=files[keyfile], password=password
            )
        assert repr(files[certfile]) in raised.value.__notes__[0]

    def test_python_without_ssl(self, files, monkeypatch):
        monkeypatch.setattr(https, "ssl", None)
        with pytest.raises(RuntimeError, match="SSL module is missing"):
            HTTPSServer(ANYWHERE, Quiet, certfile=files["both"])

    def test_alpn(self, files, authority):
        server = HTTPSServer(ANYWHERE, Quiet, certfile=files["both"], alpn_protocols=["a", "b"])
        context = authority.client_context()
        context.set_alpn_protocols(["x", "b"])
        with serving(server) as running, secure(running, context) as client:
            assert client.socket.selected_alpn_protocol() == "b"


@pytest.fixture
def renewed(authority, tmp_path):
    """Paths of a certificate and key of their own, and a call that changes what is in them."""
    certfile, keyfile = tmp_path / "live.pem", tmp_path / "live.key"

    def renew(certificate, key):
        shutil.copy(certificate, certfile)
        shutil.copy(key, keyfile)

    renew(authority.certfile, authority.keyfile)
    return certfile, keyfile, renew


def serial_of(running, authority):
    with secure(running, authority.client_context()) as client:
        return client.socket.getpeercert()["serialNumber"]


@each_class
class TestReload:
    def test_next_connection_has_the_new_certificate(self, server_class, authority, renewed):
        certfile, keyfile, renew = renewed
        server = server_class(ANYWHERE, Quiet, certfile=certfile, keyfile=keyfile)
        with (
            serving(server) as running,
            secure(running, authority.client_context()) as standing,
        ):
            before = standing.socket.getpeercert()["serialNumber"]
            renew(*authority.issue("renewed", "localhost"))
            assert serial_of(running, authority) == before
            server.reload_certificate()
            assert serial_of(running, authority) != before
            standing.get("/").expect(200)

    @pytest.mark.parametrize("bad", ["mismatch", "broken", "missing", "locked"])
    def test_bad_files_leave_the_old_certificate(
        self, server_class, authority, renewed, files, bad
    ):
        certfile, keyfile, renew = renewed
        server = server_class(ANYWHERE, Quiet, certfile=certfile, keyfile=keyfile)
        with serving(server) as running:
            before = serial_of(running, authority)
            if bad == "mismatch":
                renew(authority.issue("half", "localhost")[0], authority.keyfile)
            elif bad == "broken":
                certfile.write_bytes(b"nothing")
            elif bad == "missing":
                keyfile.unlink()
            else:
                keyfile.write_bytes(files["locked"].read_bytes())
            with pytest.raises(OSError, match=r".") as raised:
                server.reload_certificate()
            assert repr(certfile) in raised.value.__notes__[0]
            assert serial_of(running, authority) == before

    def test_what_was_set_in_the_context_stays(self, server_class, authority, renewed):
        """Above all that clients must have a certificate."""
        certfile, keyfile, _ = renewed
        server = server_class(ANYWHERE, Quiet, certfile=certfile, keyfile=keyfile)
        server.socket.context.verify_mode = ssl.CERT_REQUIRED
        server.reload_certificate()
        with (
            serving(server) as running,
            ByHand(running, authority.client_context()) as client,
            pytest.raises(ssl.SSLError),
        ):
            client.shake().receive()

    def test_while_connections_are_made(self, server_class, authority, renewed):
        certfile, keyfile, _ = renewed
        server = server_class(ANYWHERE, Quiet, certfile=certfile, keyfile=keyfile)
        has_ended = threading.Event()

        def reload():
            while not has_ended.is_set():
                server.reload_certificate()

        with serving(server) as running:
            thread = threading.Thread(target=reload)
            thread.start()
            try:
                for _ in range(20):
                    with secure(running, authority.client_context()) as client:
                        client.get("/").expect(200)
            finally:
                has_ended.set()
                thread.join()

    def test_nobody_is_asked_for_a_password(self, server_class, renewed):
        """OpenSSL would ask at the terminal, where nobody sits any more."""
        certfile, keyfile, _ = renewed
        passwords = []

        class Noting(server_class):
            def _load_certificate(self, context, password):
                passwords.append(password)
                super()._load_certificate(context, password)

        with Noting(ANYWHERE, Quiet, certfile=certfile, keyfile=keyfile) as server:
            assert passwords == [None]
            server.reload_certificate()
        assert [password() for password in passwords[1:]] == [b"", b""]

    def test_context_is_used_by_one_at_a_time(self, server_class, authority, renewed):
        """By who accepts, or who loads the certificate: OpenSSL does not look after that."""
        certfile, keyfile, _ = renewed
        held = []

        class Noting(server_class):
            def _load_certificate(self, context, password):
                held.append(self._context_in_use.locked())
                super()._load_certificate(context, password)

        server = Noting(ANYWHERE, Quiet, certfile=certfile, keyfile=keyfile)
        server.reload_certificate()
        assert held == [False, False, True]
        with serving(server) as running:
            with server._context_in_use, conversation(running) as client:
                client.send(b"GET")
                client.want_idle()
            with conversation(running) as client:
                client.send(b"GET").expect(400)

    def test_before_it_listens(self, server_class, renewed):
        certfile, keyfile, _ = renewed
        server = server_class(ANYWHERE, Quiet, False, certfile=certfile, keyfile=keyfile)
        server.reload_certificate()
        certfile.unlink()
        with pytest.raises(FileNotFoundError):
            server.reload_certificate()
        server.server_close()


def test_modules_of_this_package_import_without_ssl():
    """A CPython built without OpenSSL has everything but TLS."""
    code = (
        "import sys; sys.modules['ssl'] = None\n"
        "import basehttpserver, basehttpserver.__main__\n"
        "from basehttpserver import *\n"
        "server = HTTPServer(('127.0.0.1', 0), BaseHTTPRequestHandler)\n"
        "server.timeout = 0; server.handle_request(); server.server_close()\n"
    )
    root = pathlib.Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root, timeout=20)
