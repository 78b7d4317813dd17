"""Clients that the tests of several programs use."""

import http.client
import socket
import ssl
import subprocess

__all__ = ["answer_to", "ask", "make_certificate", "trusting_nobody"]

PATIENCE_SECONDS = 20


def ask(program, method, path, *, tls=None, **arguments):
    """Send one request to a program; return the response and its body."""
    if tls is None:
        connection = http.client.HTTPConnection("127.0.0.1", program.port, timeout=PATIENCE_SECONDS)
    else:
        connection = http.client.HTTPSConnection(
            "127.0.0.1", program.port, timeout=PATIENCE_SECONDS, context=tls
        )
    try:
        connection.request(method, path, **arguments)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def answer_to(program, request):
    """Send bytes as they are; return all that comes until the program closes the connection."""
    with socket.create_connection(("127.0.0.1", program.port), PATIENCE_SECONDS) as client:
        client.sendall(request)
        return b"".join(iter(lambda: client.recv(65536), b""))


def trusting_nobody():
    """Return a TLS context that takes any certificate: the servers make up their own."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def make_certificate(folder):
    """Make a certificate for 127.0.0.1 by ``openssl``; return the paths of it and of its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [
            *["openssl", "req", "-x509", "-newkey", "ec"],
            *["-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
            *["-subj", "/CN=localhost"],
            *["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
            *["-keyout", str(key), "-out", str(certificate)],
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key
