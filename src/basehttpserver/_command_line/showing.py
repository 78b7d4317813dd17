"""How people get to the server: a browser that opens, a code for a telephone's camera."""

import contextlib
import socket
import sys
import threading
import webbrowser
from typing import Final, TextIO

__all__ = ["ALL_INTERFACES", "draw_qr_code", "open_browser", "reachable_host"]

#: Addresses that a server listens on, and nobody can go to.
ALL_INTERFACES: Final = frozenset({"0.0.0.0", "::", ""})


def open_browser(url: str) -> None:
    """Have the user's browser open `url`, without waiting for it."""
    threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()


def draw_qr_code(url: str, file: TextIO | None = None) -> None:
    """Draw `url` for a camera, by a terminal's characters. Needs the extra ``qr``."""
    import segno

    segno.make(url, micro=False).terminal(out=file or sys.stdout, compact=True)


def reachable_host(host: str) -> str:
    """Return under what name others reach an address that a server listens on.

    For all interfaces that is the address that this machine has towards the others.
    """
    if host not in ALL_INTERFACES:
        return host
    for family, elsewhere in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((elsewhere, 9))  # Sends nothing: it only asks which way it would go.
            name: str = probe.getsockname()[0]
            return name
    return "localhost"
