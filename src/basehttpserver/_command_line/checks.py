"""Options that cannot work together, or at all: each ends with one sentence."""

import argparse
import importlib.util
import ipaddress
import os
import re
import socket
from typing import Any

from basehttpserver.serving import find_address

__all__ = ["asks_for_passwords", "check", "depends_on_privacy", "is_private", "tls_keywords"]

_FIELD_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
#: What tells where a message ends, and what of it is content: RFC 9110 6.4, RFC 9112 6.
_OF_MESSAGES = frozenset({"content-length", "content-range", "transfer-encoding"})

_FIELD_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")


def check(options: argparse.Namespace) -> None:
    """Raise ``ValueError`` for options that cannot work."""
    if not os.path.isdir(options.directory):
        raise ValueError(f"{options.directory!r} is not a directory")
    for name, value in [*(options.header or ()), ("Content-Type", options.content_type)]:
        if not _FIELD_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not a header name")
        if not _FIELD_VALUE.fullmatch(value):
            raise ValueError(f"the value of header {name} has a character that cannot be sent")
        if name.lower() in _OF_MESSAGES:
            raise ValueError(f"--header {name}: the server says that itself, by what it sends")
    _check_paths(options)
    if options.quiet and options.log_format:
        raise ValueError("--quiet logs nothing that --log-format could say how to log")
    if options.unix is not None:
        _check_unix(options)
    _check_changes(options)
    if options.qr and importlib.util.find_spec("segno") is None:
        raise ValueError("--qr needs a library that draws: pip install 'basehttpserver[qr]'")


def _check_paths(options: argparse.Namespace) -> None:
    """Refuse what shows nothing, or what another option was to keep back."""
    top = os.path.join(os.path.realpath(options.directory), "")
    for glob in options.hide:
        if glob.startswith(top):
            raise ValueError(
                f"--hide {glob!r} matches nothing: paths are from the directory on, as in"
                f" {glob[len(top) - 1 :]!r}"
            )
    if options.listing == "none" and options.zip:
        raise ValueError("--zip shows what --no-listing keeps back: leave one of them out")
    if options.cgi and options.zip:
        raise ValueError(
            "--zip would send the scripts that --cgi runs as they are: leave one of them out"
        )
    if options.cors is not None and any(
        name.lower() == "access-control-allow-origin" for name, _ in options.header or ()
    ):
        raise ValueError("--cors sends Access-Control-Allow-Origin itself: leave --header out")
    page = options.not_found
    if page is not None and not (os.path.isfile(page) and os.access(page, os.R_OK)):
        inside = os.path.join(options.directory, page)
        hint = f": from where the server starts it is {inside!r}" if os.path.isfile(inside) else ""
        raise ValueError(f"--not-found: {page!r} is no file that can be read{hint}")


def _check_changes(options: argparse.Namespace) -> None:
    """Refuse what would let anybody change something who reaches this machine."""
    for given, flag in (
        (options.overwrite, "--overwrite"),
        (options.max_upload is not None, "--max-upload"),
    ):
        if given and not options.upload:
            raise ValueError(f"{flag} means nothing without --upload")
    may_change = options.upload or options.mkdir or options.delete
    if not may_change:
        asks = options.upload_auth or options.upload_auth_file is not None
        if asks or options.writable_by_anyone:
            flag = "--writable-by-anyone" if options.writable_by_anyone else "--upload-auth"
            raise ValueError(f"{flag} means nothing without --upload, --mkdir or --delete")
        return
    if options.cgi:
        raise ValueError("--cgi and --upload, --mkdir or --delete cannot be together")
    if options.precompressed and options.upload and not options.overwrite:
        raise ValueError(
            "with --precompressed a new page.html.gz takes the place of page.html: allow that by"
            " --overwrite, or leave one of --upload and --precompressed out"
        )
    if depends_on_privacy(options) and not is_private(options):
        raise ValueError(
            "everybody who reaches this machine could change files: ask for a password by"
            " --upload-auth USER:PASSWORD, listen on this machine alone by --bind 127.0.0.1, or"
            " allow that by --writable-by-anyone"
        )


def depends_on_privacy(options: argparse.Namespace) -> bool:
    """Tell whether only who does not reach the server is kept from changing something."""
    return not (asks_for_passwords(options) or options.writable_by_anyone)


def asks_for_passwords(options: argparse.Namespace) -> bool:
    """Tell whether a name and a password are needed, to read or to change something."""
    files = options.auth_file, options.upload_auth_file
    return bool(options.auth or options.upload_auth) or files != (None, None)


def is_private(options: argparse.Namespace) -> bool:
    """Tell whether only this machine reaches the server."""
    if options.unix is not None:
        return True
    try:
        _, address = find_address(options.bind, 0)
        return ipaddress.ip_address(address[0]).is_loopback
    except (OSError, ValueError):
        return False


def _check_unix(options: argparse.Namespace) -> None:
    if not hasattr(socket, "AF_UNIX"):
        raise ValueError("--unix: this system has no Unix sockets for Python")
    if not options.unix:
        raise ValueError("--unix needs a path, as /run/files.sock")
    for given, flag in (
        (options.port is not None, "a port"),
        (options.bind, "--bind"),
        (options.open, "--open"),
        (options.qr, "--qr"),
    ):
        if given:
            raise ValueError(f"--unix listens on no address, so {flag} means nothing with it")


def tls_keywords(options: argparse.Namespace) -> dict[str, Any]:
    """Return the keywords of an `HTTPSServer`, none without a certificate.

    Raises ``ValueError`` for files that cannot be had.
    """
    if options.tls_cert is None:
        for given, flag in (
            (options.tls_key, "--tls-key"),
            (options.tls_password_file, "--tls-password-file"),
        ):
            if given:
                raise ValueError(f"{flag} requires --tls-cert to be set")
        return {}
    for path in (options.tls_cert, options.tls_key):
        try:
            if path is not None:
                open(path, "rb").close()
        except OSError as error:
            raise ValueError(f"cannot read {path!r}: {error.strerror}") from None
    password = None
    if options.tls_password_file:
        try:
            with open(options.tls_password_file, encoding="utf-8") as file:
                password = file.read().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"Failed to read TLS password file: {error}") from None
    return {"certfile": options.tls_cert, "keyfile": options.tls_key, "password": password}
