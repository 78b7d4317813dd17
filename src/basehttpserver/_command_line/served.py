"""The handler that the options ask for."""

import argparse
import functools
from collections.abc import Callable
from typing import Any

from basehttpserver._command_line.checks import depends_on_privacy
from basehttpserver._command_line.log_formats import LOG_FORMATS, Quiet
from basehttpserver._command_line.secrets import globs_of_secrets
from basehttpserver._sharing.credentials import HtpasswdUsers, PlainUsers, Users
from basehttpserver.sharing import SharingHTTPRequestHandler

__all__ = ["find_users", "make_handler"]


def make_handler(options: argparse.Namespace) -> Callable[..., SharingHTTPRequestHandler]:
    """Return what makes a handler for each connection.

    Raises ``ValueError`` for users that are none, and for a file of them that cannot be used.
    """
    # A class of its own: a handler keeps what the options say without changing anybody else's.
    bases: list[type] = [SharingHTTPRequestHandler]
    if options.cgi:
        from basehttpserver.cgi import CGIHTTPRequestHandler

        bases.insert(0, CGIHTTPRequestHandler)
    log = Quiet if options.quiet else LOG_FORMATS.get(options.log_format)
    if log is not None:
        bases.insert(0, log)
    attributes: dict[str, Any] = {
        "protocol_version": options.protocol,
        "default_content_type": options.content_type,
        "charset": options.charset,
        "symlinks": options.symlinks,
        "compress": options.compress,
        "precompressed": options.precompressed,
        "cache_control": options.cache,
        "listing": options.listing,
        "allows_zip": options.zip,
        "hide": (*options.hide, *globs_of_secrets(options)),
        "dotfiles": options.dotfiles,
        "pretty_urls": options.pretty_urls,
        "spa": options.spa,
        "not_found": options.not_found,
        "cors": options.cors,
        "allows_upload": options.upload,
        "allows_overwriting": options.overwrite,
        "allows_mkdir": options.mkdir,
        "allows_delete": options.delete,
        "max_upload_bytes": options.max_upload,
        "requires_local_name": depends_on_privacy(options) and _can_be_rebound(options),
        "readers": find_users("--auth", options.auth, options.auth_file),
        "writers": find_users("--upload-auth", options.upload_auth, options.upload_auth_file),
    }
    if options.index:
        attributes["index_pages"] = tuple(options.index)
    return functools.partial(
        type("CommandLineHandler", tuple(bases), attributes),
        directory=options.directory,
        extra_response_headers=options.header,
    )


def _can_be_rebound(options: argparse.Namespace) -> bool:
    """Tell whether the page of a site whose name leads here reaches us (DNS rebinding).

    No name leads to a Unix socket, and over TLS a browser wants a certificate for that name.
    """
    return options.unix is None and options.tls_cert is None


def find_users(option: str, words: list[str], file: str | None) -> Users | None:
    """Return the users that ``USER:PASSWORD`` words or a file name; ``None`` for neither.

    Raises ``ValueError``.
    """
    if words and file is not None:
        raise ValueError(f"{option} and {option}-file cannot be together")
    if file is not None:
        try:
            return HtpasswdUsers(file)
        except OSError as error:
            raise ValueError(f"{option}-file: cannot read {file!r}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise ValueError(f"{option}-file: {file!r} is not a file of htpasswd") from None
        except ImportError:
            raise ValueError(
                f"{option}-file needs libraries: pip install 'basehttpserver[htpasswd]'"
            ) from None
    if not words:
        return None
    pairs = [word.partition(":") for word in words]
    if not all(user and colon and password for user, colon, password in pairs):
        # Not the word itself: it may be a password, and what is printed is kept.
        raise ValueError(f"{option} needs a name and a password with a colon between them")
    return PlainUsers({user: password for user, _, password in pairs})
