"""The command line: ``python -m basehttpserver``, with the options of ``python -m http.server``."""

import argparse
import contextlib
import errno
import functools
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Any

from basehttpserver._command_line.checks import (
    asks_for_passwords,
    check,
    is_private,
    tls_keywords,
)
from basehttpserver._command_line.environment import words_from_environment
from basehttpserver._command_line.listening import (
    FIRST_PORT,
    LAST_PORT,
    Server,
    listen,
    listen_on_free_port,
    listen_on_path,
)
from basehttpserver._command_line.options import make_parser
from basehttpserver._command_line.parser import Parser
from basehttpserver._command_line.served import make_handler
from basehttpserver._command_line.showing import (
    ALL_INTERFACES,
    draw_qr_code,
    open_browser,
    reachable_host,
)
from basehttpserver._command_line.values import AUTO
from basehttpserver._run_command import run
from basehttpserver.serving import print_serving, run_until_signal, scheme_of, url_of

try:
    from ssl import SSLError
except ImportError:  # A CPython built without OpenSSL.
    SSLError = None  # type: ignore[assignment,misc]

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve a directory until Ctrl-C or SIGTERM, or `run` a program; return the exit status."""
    parser = make_parser()
    words = sys.argv[1:] if arguments is None else list(arguments)
    if words[:1] == ["run"]:
        return run(words[1:], f"{parser.prog} run")
    try:
        options = _parse(parser, words)
        check(options)
        tls = tls_keywords(options)
        handler = make_handler(options)
    except ValueError as error:
        parser.error(str(error))
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(_listening(options, handler, tls))
        except RuntimeError as error:  # Python has no ssl.
            parser.error(str(error))
        except OSError as error:
            parser.error(_why_not(error, options))
        run_until_signal(server, functools.partial(_announce, server, options), _say_stopping)
    return 0


def _parse(parser: Parser, words: Sequence[str]) -> argparse.Namespace:
    """Read the options, first those of the environment, each of which must be right by itself.

    Raises ``ValueError`` for one that is not.
    """
    of_environment = words_from_environment(parser, os.environ)
    parser.origin = "environment variable: "
    parser.parse_args(of_environment)
    parser.origin = ""
    options: argparse.Namespace = parser.parse_args([*of_environment, *words])
    if options.port_word is not None:
        options.port = options.port_word
    return options


def _listening(
    options: argparse.Namespace, handler: Callable[..., Any], tls: dict[str, Any]
) -> contextlib.AbstractContextManager[Server]:
    if options.unix is not None:
        return listen_on_path(handler, options.unix, tls)
    if options.port == AUTO:
        return listen_on_free_port(handler, options.bind, tls)
    port = FIRST_PORT if options.port is None else options.port
    return listen(handler, options.bind, port, tls)


def _announce(server: Server, options: argparse.Namespace) -> None:
    """Say where the server is, in all the ways that were asked for."""
    if asks_for_passwords(options) and options.tls_cert is None and not is_private(options):
        print(
            "Passwords cross the network readable: serve HTTPS by --tls-cert, or listen on this"
            " machine alone, behind a proxy that serves HTTPS.",
            file=sys.stderr,
            flush=True,
        )
    if options.unix is not None:
        print(f"Serving {scheme_of(server).upper()} on {options.unix} ...", flush=True)
        return
    print_serving(server)
    if options.qr:
        url = url_of(server, reachable_host(server.socket.getsockname()[0]))
        print(url)
        draw_qr_code(url)
    if options.open:
        host = server.socket.getsockname()[0]
        open_browser(url_of(server, "localhost" if host in ALL_INTERFACES else host))


def _say_stopping(received: signal.Signals) -> None:
    """Say what stops the server; whoever read our output may have left by now."""
    name = "Keyboard interrupt" if received is signal.SIGINT else received.name
    try:
        print(f"\n{name} received, exiting.", flush=True)
    except BrokenPipeError:
        # Else the interpreter complains when it flushes standard output at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _why_not(error: OSError, options: argparse.Namespace) -> str:
    if SSLError is not None and isinstance(error, SSLError):
        said = f"cannot use the certificate {options.tls_cert!r} with the key"
        if options.tls_key is None:
            return f"{said} in the same file, without --tls-key: {error}"
        return f"{said} {options.tls_key!r}: {error}"
    if isinstance(error, socket.gaierror):
        return (
            f"--bind {options.bind!r} is no address, and no name that leads to one; the port is an"
            " option of its own"
        )
    is_any = options.port == AUTO
    where = f"port {FIRST_PORT if options.port is None else options.port}"
    if is_any:
        where = f"every port from {FIRST_PORT} to {LAST_PORT}"
    if options.bind:
        where += f" of {options.bind}"
    if options.unix is not None:
        where = options.unix
    if error.errno == errno.EADDRINUSE:
        said = f"{where} is in use by another program; choose another"
        return said if is_any or options.unix is not None else f"{said}, or let --port auto choose"
    if error.errno == errno.EACCES:
        return f"no permission to listen on {where}; ports below 1024 need a privilege"
    return f"cannot listen on {where}: {error.strerror or error}"


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
    sys.exit(130)  # A second Ctrl-C, while running exchanges were waited for.
