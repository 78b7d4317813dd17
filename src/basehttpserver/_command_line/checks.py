"""Options that cannot work together, or at all: each ends with one sentence."""

import argparse
import importlib.util
import os
import re
import socket
from typing import Any

__all__ = ["check", "tls_keywords"]

_FIELD_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
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
    if options.quiet and options.log_format:
        raise ValueError("--quiet logs nothing that --log-format could say how to log")
    if options.unix is not None:
        _check_unix(options)
    if options.qr and importlib.util.find_spec("segno") is None:
        raise ValueError("--qr needs a library that draws: pip install 'basehttpserver[qr]'")


def _check_unix(options: argparse.Namespace) -> None:
    if not hasattr(socket, "AF_UNIX"):
        raise ValueError("--unix: this system has no Unix sockets for Python")
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
    if not options.tls_cert:
        for given, flag in (
            (options.tls_key, "--tls-key"),
            (options.tls_password_file, "--tls-password-file"),
        ):
            if given:
                raise ValueError(f"{flag} requires --tls-cert to be set")
        return {}
    for path in (options.tls_cert, options.tls_key):
        try:
            if path:
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
