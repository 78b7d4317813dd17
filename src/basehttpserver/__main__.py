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
from typing import NoReturn

from basehttpserver._run_command import run
from basehttpserver.files import SimpleHTTPRequestHandler
from basehttpserver.serving import DualStackServer, find_address, print_serving, run_until_signal

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
    # A class of its own: a handler keeps what the options say without changing anybody else's.
    handler_class = type(
        "CommandLineHandler",
        (SimpleHTTPRequestHandler,),
        {
            "protocol_version": options.protocol,
            "default_content_type": options.content_type,
        },
    )
    handler = functools.partial(
        handler_class, directory=options.directory, extra_response_headers=options.header
    )
    try:
        family, address = find_address(options.bind, options.port)
        served = type("CommandLineServer", (DualStackServer,), {"address_family": family})
        server = served(address, handler)
    except OSError as error:
        parser.error(_why_not(error, options))
    with server:
        stopped_by = run_until_signal(server, functools.partial(print_serving, server))
    if stopped_by is signal.SIGINT:
        _say("\nKeyboard interrupt received, exiting.")
    elif stopped_by is not None:
        _say(f"\n{stopped_by.name} received, exiting.")
    return 0


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


def _why_not(error: OSError, options: argparse.Namespace) -> str:
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
