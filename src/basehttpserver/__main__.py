"""The command line: ``python -m basehttpserver``, with the options of ``python -m http.server``."""

import argparse
import contextlib
import errno
import functools
import os
import re
import signal
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from basehttpserver._run_command import run
from basehttpserver.files import SimpleHTTPRequestHandler
from basehttpserver.serving import (
    DualStackHTTPSServer,
    DualStackServer,
    find_address,
    print_serving,
    run_until_signal,
)

try:
    from ssl import SSLError
except ImportError:  # A CPython built without OpenSSL.
    SSLError = None  # type: ignore[assignment,misc]

__all__ = ["main"]

_FIELD_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_FIELD_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line, and where to read more."""
        self.exit(2, f"{self.prog}: error: {message} (--help shows the options)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve a directory until Ctrl-C or SIGTERM, or `run` a program; return the exit status."""
    parser = _make_parser()
    words = sys.argv[1:] if arguments is None else list(arguments)
    if words[:1] == ["run"]:
        return run(words[1:], f"{parser.prog} run")
    options = parser.parse_args(words)
    _check(parser, options)
    tls = _tls_keywords(parser, options)
    # A class of its own: a handler keeps what the options say without changing anybody else's.
    handler_class = type(
        "CommandLineHandler",
        (_base_of_handler(options),),
        {
            "protocol_version": options.protocol,
            "default_content_type": options.content_type,
            "symlinks": options.symlinks,
        },
    )
    handler = functools.partial(
        handler_class, directory=options.directory, extra_response_headers=options.header
    )
    try:
        family, address = find_address(options.bind, options.port)
        server_class = DualStackHTTPSServer if tls else DualStackServer
        served = type("CommandLineServer", (server_class,), {"address_family": family})
        server = served(address, handler, **tls)
    except RuntimeError as error:  # Python has no ssl.
        parser.error(str(error))
    except OSError as error:
        parser.error(_why_not(error, options))
    with server:
        stopped_by = run_until_signal(server, functools.partial(print_serving, server))
    if stopped_by is signal.SIGINT:
        _say("\nKeyboard interrupt received, exiting.")
    elif stopped_by is not None:
        _say(f"\n{stopped_by.name} received, exiting.")
    return 0


def _base_of_handler(options: argparse.Namespace) -> type[SimpleHTTPRequestHandler]:
    if options.cgi:
        from basehttpserver.cgi import CGIHTTPRequestHandler

        return CGIHTTPRequestHandler
    return SimpleHTTPRequestHandler


def _say(text: str) -> None:
    """Print; whoever read our output may have left by now."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # Else the interpreter complains when it flushes standard output at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _make_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="basehttpserver" if "__main__" not in sys.argv[0] else "python -m basehttpserver",
        description="Serve a directory over HTTP.",
        epilog="%(prog)s run SCRIPT runs a program with this package in place of http.server:"
        " see %(prog)s run --help.",
    )
    parser.add_argument(
        "port",
        nargs="?",
        type=int,
        default=8000,
        help="bind to this port, 0 for any that is free (default: %(default)s)",
    )
    parser.add_argument(
        "-b", "--bind", metavar="ADDRESS", help="bind to this address (default: all interfaces)"
    )
    parser.add_argument(
        "--cgi",
        action="store_true",
        help="run the programs in cgi-bin and htbin as CGI scripts (as nobody, if we are root)",
    )
    parser.add_argument(
        "-d",
        "--directory",
        default=os.getcwd(),
        help="serve this directory (default: current directory)",
    )
    parser.add_argument(
        "-p",
        "--protocol",
        metavar="VERSION",
        default="HTTP/1.1",
        choices=("HTTP/1.0", "HTTP/1.1"),
        help="conform to this HTTP version (default: %(default)s)",
    )
    parser.add_argument(
        "-H",
        "--header",
        nargs=2,
        action="append",
        metavar=("HEADER", "VALUE"),
        help="add a response header; may be given several times",
    )
    parser.add_argument(
        "--content-type",
        metavar="TYPE",
        default=SimpleHTTPRequestHandler.default_content_type,
        help="content type of files with an unknown extension (default: %(default)s)",
    )
    parser.add_argument(
        "--symlinks",
        default="inside",
        choices=("inside", "all", "none"),
        help="follow symbolic links: those that lead inside the directory, all, or none"
        " (default: %(default)s)",
    )
    parser.add_argument("--tls-cert", metavar="PATH", help="path to the TLS certificate chain file")
    parser.add_argument("--tls-key", metavar="PATH", help="path to the TLS key file")
    parser.add_argument(
        "--tls-password-file",
        metavar="PATH",
        help="path to the password file for the TLS key",
    )
    return parser


def _check(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """End with one sentence for an option that cannot work."""
    if not 0 <= options.port <= 65535:
        parser.error(f"port {options.port} is not between 0 and 65535")
    if not os.path.isdir(options.directory):
        parser.error(f"{options.directory!r} is not a directory")
    for name, value in [*(options.header or ()), ("Content-Type", options.content_type)]:
        if not _FIELD_NAME.fullmatch(name):
            parser.error(f"{name!r} is not a header name")
        if not _FIELD_VALUE.fullmatch(value):
            parser.error(f"the value of header {name} has a character that cannot be sent")


def _tls_keywords(parser: argparse.ArgumentParser, options: argparse.Namespace) -> dict[str, Any]:
    """Return the keywords of an `HTTPSServer`, none without a certificate."""
    if not options.tls_cert:
        if options.tls_key:
            parser.error("--tls-key requires --tls-cert to be set")
        if options.tls_password_file:
            parser.error("--tls-password-file requires --tls-cert to be set")
        return {}
    for path in (options.tls_cert, options.tls_key):
        try:
            if path:
                open(path, "rb").close()
        except OSError as error:
            parser.error(f"cannot read {path!r}: {error.strerror}")
    password = None
    if options.tls_password_file:
        try:
            with open(options.tls_password_file, encoding="utf-8") as file:
                password = file.read().strip()
        except (OSError, UnicodeDecodeError) as error:
            parser.error(f"Failed to read TLS password file: {error}")
    return {"certfile": options.tls_cert, "keyfile": options.tls_key, "password": password}


def _why_not(error: OSError, options: argparse.Namespace) -> str:
    if SSLError is not None and isinstance(error, SSLError):
        key = options.tls_key or options.tls_cert
        return f"cannot use the certificate {options.tls_cert!r} with the key {key!r}: {error}"
    where = f"port {options.port}" + (f" of {options.bind}" if options.bind else "")
    if error.errno == errno.EADDRINUSE:
        return f"{where} is in use by another program; choose another port"
    if error.errno == errno.EACCES:
        return f"no permission to listen on {where}; ports below 1024 need a privilege"
    return f"cannot listen on {where}: {error.strerror or error}"


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
    sys.exit(130)  # A second Ctrl-C, while running exchanges were waited for.
