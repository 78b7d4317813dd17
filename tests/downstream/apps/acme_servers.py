"""acme's servers for challenges, as certbot starts them.

    python acme_servers.py http|dual|alpn [CERTIFICATE]

They stop by their own ways at Ctrl-C.
"""

import sys
import threading
import warnings

from acme import challenges, standalone
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

TOKEN = b"0123456789abcdef"
VALIDATION = "the-token.the-thumbprint"


def resources():
    resource = standalone.HTTP01RequestHandler.HTTP01Resource
    return {resource(chall=challenges.HTTP01(token=TOKEN), response=None, validation=VALIDATION)}


def make_alpn_server(path):
    with open(path, "rb") as file:
        pem = file.read()
    pair = (load_pem_private_key(pem, None), x509.load_pem_x509_certificate(pem))
    warnings.simplefilter("ignore", DeprecationWarning)
    return standalone.TLSALPN01Server(("127.0.0.1", 0), {b"localhost": pair}, {b"localhost": pair})


def serve_dual():
    """Two servers, in threads of their own."""
    servers = standalone.HTTP01DualNetworkedServers(("", 0), resources())
    servers.serve_forever()
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        servers.shutdown_and_server_close()
        print("stopped", flush=True)


def main():
    kind = sys.argv[1]
    if kind == "dual":
        serve_dual()
        return
    if kind == "alpn":
        server = make_alpn_server(sys.argv[2])
    else:
        server = standalone.HTTP01Server(("127.0.0.1", 0), resources(), timeout=1)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main()
