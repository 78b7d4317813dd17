"""The options of the command line: those of ``python -m http.server``, and ours beyond them."""

import argparse
import os
import sys
from typing import Any

from basehttpserver._command_line import values
from basehttpserver._command_line.environment import variable_of
from basehttpserver._command_line.listening import FIRST_PORT
from basehttpserver._command_line.log_formats import LOG_FORMATS
from basehttpserver._command_line.parser import Parser
from basehttpserver.files import SimpleHTTPRequestHandler

__all__ = ["make_parser"]


class _Group:
    """Adds options, each with an example and its environment variable in the help."""

    def __init__(self, parser: Parser, title: str) -> None:
        self._group = parser.add_argument_group(title)

    def add(self, *flags: str, help: str, example: str, **keywords: Any) -> None:
        action = self._group.add_argument(*flags, **keywords)
        action.help = f"{help}; as in: {example} [{variable_of(action)}]"


def make_parser() -> Parser:
    """Return what reads the options."""
    parser = Parser(
        prog="basehttpserver" if "__main__" not in sys.argv[0] else "python -m basehttpserver",
        description="Serve a directory over HTTP.",
        epilog="Each option can be given by the environment variable in brackets, too: its value is"
        " what stands behind the option, 1 for one without a value."
        " %(prog)s run SCRIPT runs a program with this package in place of http.server:"
        " see %(prog)s run --help.",
    )
    parser.add_argument(
        "port_word",  # A name of its own: where it is missing, that of --port would be lost.
        metavar="port",
        nargs="?",
        type=values.port,
        help=f"bind to this port, 0 for any that is free (default: {FIRST_PORT})",
    )
    _add_address(parser)
    _add_served(parser)
    _add_paths(parser)
    _add_changes(parser)
    _add_users(parser)
    _add_log(parser)
    _add_tls(parser)
    return parser


def _add_address(parser: Parser) -> None:
    group = _Group(parser, "where to listen")
    group.add(
        "--port",
        type=values.port,
        help=f"as the positional; {values.AUTO!r} takes {FIRST_PORT}, or the next one that is free",
        example="--port auto",
    )
    group.add(
        "-b",
        "--bind",
        metavar="ADDRESS",
        help="bind to this address (default: all interfaces)",
        example="--bind 127.0.0.1",
    )
    group.add(
        "--unix",
        metavar="SOCKET",
        help="listen on a Unix socket at this path, and on no port",
        example="--unix /run/files.sock",
    )
    group.add(
        "--open",
        action="store_true",
        help="open the address in the browser",
        example="--open --bind 127.0.0.1",
    )
    group.add(
        "--qr",
        action="store_true",
        help="draw the address as a code for a telephone's camera",
        example="--qr",
    )


def _add_served(parser: Parser) -> None:
    group = _Group(parser, "what to serve")
    group.add(
        "-d",
        "--directory",
        default=os.getcwd(),
        help="serve this directory (default: current directory)",
        example="--directory public",
    )
    group.add(
        "--cgi",
        action="store_true",
        help="run the programs in cgi-bin and htbin as CGI scripts (as nobody, if we are root)",
        example="--cgi",
    )
    group.add(
        "--symlinks",
        default="inside",
        choices=("inside", "all", "none"),
        help="follow symbolic links: those that lead inside the directory, all, or none"
        " (default: %(default)s)",
        example="--symlinks all",
    )
    group.add(
        "--compress",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="compress text for clients that accept it (default: yes)",
        example="--no-compress",
    )
    group.add(
        "--precompressed",
        action="store_true",
        help="send page.html.br, .zst or .gz for page.html to clients that accept it",
        example="--precompressed",
    )
    group.add(
        "-p",
        "--protocol",
        metavar="VERSION",
        default="HTTP/1.1",
        choices=("HTTP/1.0", "HTTP/1.1"),
        help="conform to this HTTP version (default: %(default)s)",
        example="--protocol HTTP/1.0",
    )
    group.add(
        "-H",
        "--header",
        nargs=2,
        action="append",
        metavar=("HEADER", "VALUE"),
        help="add a response header; may be given several times",
        example="--header X-Robots-Tag noindex",
    )
    group.add(
        "--charset",
        type=values.charset,
        default=SimpleHTTPRequestHandler.charset,
        help="charset of text files, or 'off' to say nothing of it (default: %(default)s)",
        example="--charset iso-8859-1",
    )
    group.add(
        "--content-type",
        metavar="TYPE",
        type=values.media_type,
        default=SimpleHTTPRequestHandler.default_content_type,
        help="content type of files with an unknown extension (default: %(default)s)",
        example="--content-type text/plain",
    )


def _add_paths(parser: Parser) -> None:
    group = _Group(parser, "what is found, and how it looks")
    group.add(
        "--listing",
        choices=("page", "plain", "none"),
        default="page",
        help="how a folder looks: a page for people, that of http.server, or not found"
        " (default: %(default)s)",
        example="--listing plain",
    )
    group.add(
        "--no-listing",
        dest="listing",
        action="store_const",
        const="none",
        help="as --listing none",
        example="--no-listing",
    )
    group.add(
        "--zip",
        action="store_true",
        help="send a folder as an archive, for its address with ?zip",
        example="--zip",
    )
    group.add(
        "--index",
        action="append",
        metavar="NAME",
        type=values.name,
        help="name of the page that stands for its folder, in place of index.html and index.htm;"
        " may be given several times",
        example="--index home.html",
    )
    group.add(
        "--hide",
        action="append",
        metavar="GLOB",
        type=values.glob,
        default=[],
        help="do not show, and do not find, names that match; with a slash, paths from the"
        " directory on; may be given several times",
        example="--hide '*.bak' --hide 'private/*'",
    )
    group.add(
        "--dotfiles",
        action="store_true",
        help="serve files whose names begin with a dot (.well-known always is)",
        example="--dotfiles",
    )
    group.add(
        "--pretty-urls",
        action="store_true",
        help="serve about.html for /about",
        example="--pretty-urls",
    )
    group.add(
        "--spa",
        action="store_true",
        help="serve index.html where there is no file, for an application that runs in the browser",
        example="--spa --directory dist",
    )
    group.add(
        "--not-found",
        metavar="FILE",
        help="the page that is sent where there is nothing",
        example="--not-found 404.html",
    )
    group.add(
        "--cache",
        metavar="VALUE",
        default="no-cache",
        type=values.cache_control,
        help="how long browsers may keep files without asking again: seconds, a Cache-Control"
        " value, or 'off' to leave it to them (default: %(default)s)",
        example="--cache 3600",
    )
    group.add(
        "--cors",
        nargs="?",
        const="*",
        metavar="ORIGIN",
        type=values.origin,
        help="let scripts of other sites read, of all of them or of one",
        example="--cors https://example.org",
    )


def _add_changes(parser: Parser) -> None:
    group = _Group(parser, "what visitors may change")
    group.add(
        "--upload",
        action="store_true",
        help="take files, never in the place of others",
        example="--upload --upload-auth me:secret",
    )
    group.add(
        "--max-upload",
        metavar="SIZE",
        type=values.size,
        help="how large one file may be, in bytes, or with K, M, G or T behind it",
        example="--upload --max-upload 2G --bind 127.0.0.1",
    )
    group.add(
        "--overwrite",
        action="store_true",
        help="take files in the place of others, too",
        example="--upload --overwrite --bind 127.0.0.1",
    )
    group.add(
        "--mkdir",
        action="store_true",
        help="let them make folders",
        example="--upload --mkdir --upload-auth me:secret",
    )
    group.add(
        "--delete",
        action="store_true",
        help="let them remove files and empty folders",
        example="--delete --upload-auth me:secret",
    )
    group.add(
        "--upload-auth",
        metavar="USER:PASSWORD",
        action="append",
        default=[],
        help="who may change something; may be given several times",
        example="--upload --upload-auth me:secret",
    )
    group.add(
        "--upload-auth-file",
        metavar="FILE",
        help="the same, by an htpasswd file",
        example="--upload --upload-auth-file writers.htpasswd",
    )
    group.add(
        "--writable-by-anyone",
        action="store_true",
        help="let everybody who reaches this machine change something",
        example="--upload --writable-by-anyone",
    )


def _add_users(parser: Parser) -> None:
    group = _Group(parser, "who may read")
    group.add(
        "--auth",
        metavar="USER:PASSWORD",
        action="append",
        default=[],
        help="ask for this name and password; may be given several times",
        example="--auth guest:welcome",
    )
    group.add(
        "--auth-file",
        metavar="FILE",
        help="ask for a name and password of an htpasswd file",
        example="--auth-file readers.htpasswd",
    )


def _add_log(parser: Parser) -> None:
    group = _Group(parser, "what to log")
    group.add(
        "--log-format",
        choices=tuple(LOG_FORMATS),
        help="log requests in Apache's formats or as JSON (default: as python -m http.server)",
        example="--log-format json",
    )
    group.add("--quiet", action="store_true", help="log no requests", example="--quiet")


def _add_tls(parser: Parser) -> None:
    group = _Group(parser, "HTTPS")
    group.add(
        "--tls-cert",
        metavar="PATH",
        help="path to the TLS certificate chain file",
        example="--tls-cert cert.pem",
    )
    group.add(
        "--tls-key",
        metavar="PATH",
        help="path to the TLS key file",
        example="--tls-cert cert.pem --tls-key key.pem",
    )
    group.add(
        "--tls-password-file",
        metavar="PATH",
        help="path to the password file for the TLS key",
        example="--tls-cert cert.pem --tls-key key.pem --tls-password-file password.txt",
    )
