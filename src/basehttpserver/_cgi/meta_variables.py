"""What a script is told of its request: its environment and its arguments (RFC 3875 4).

Whatever a client sends can end in a variable of its own, and in no other one:

* A field becomes ``HTTP_`` and its name, so none can replace a variable such as ``PATH``.
* Only ``-`` becomes ``_``. A name with ``_`` in it is left out: ``X_User`` would be taken for the
  ``X-User`` that a proxy in front sets or removes (as nginx and Apache do).
* ``Proxy`` is left out: programs take ``HTTP_PROXY`` for their way out (CVE-2016-5385, "httpoxy").
* Credentials are left out, as RFC 3875 9.2 asks and CPython does, and so is what concerns the
  connection only (4.1.18).
"""

import base64
import binascii
import os
import re
import sys
import urllib.parse
from collections.abc import Iterable
from typing import Final

__all__ = ["authorization_variables", "field_variables", "inherited_variables", "search_words"]

_PLAIN_NAME: Final = re.compile(r"[0-9A-Za-z-]+")

_LEFT_OUT: Final = frozenset(
    [
        "authorization", "proxy-authorization", "proxy",
        "content-length", "content-type",  # They have variables of their own.
        "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding",
        "upgrade",
    ]
)  # fmt: skip

#: Fields that can mean one thing only: as CPython does, the first one counts.
_SINGLE: Final = frozenset(["host", "origin", "referer", "user-agent"])

#: What CPython sets to nothing where the request says nothing of it; scripts index it.
_ALWAYS_THERE: Final = ("HTTP_ACCEPT", "HTTP_COOKIE", "HTTP_REFERER", "HTTP_USER_AGENT")

_META_VARIABLE: Final = re.compile(
    r"HTTP_\w+|AUTH_TYPE|CONTENT_(?:LENGTH|TYPE)|GATEWAY_INTERFACE|PATH_(?:INFO|TRANSLATED)"
    r"|QUERY_STRING|REMOTE_(?:ADDR|HOST|IDENT|USER)|REQUEST_METHOD|SCRIPT_NAME"
    r"|SERVER_(?:NAME|PORT|PROTOCOL|SOFTWARE)"
)

#: Of the command line's options, ``--auth`` and ``--upload-auth``.
_SECRETS: Final = ("BASEHTTPSERVER_AUTH", "BASEHTTPSERVER_UPLOAD_AUTH")


def inherited_variables() -> dict[str, str]:
    """Return the environment of this process, as CPython passes it on, without meta-variables.

    Such a one is about another request: that of a script which has started this server. The
    exception is HTTP_PROXY, which then is what an administrator says. Left out, too, are the
    passwords of visitors, where the command line has them from variables.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if name == "HTTP_PROXY" or not (_META_VARIABLE.fullmatch(name) or name in _SECRETS)
    }


def field_variables(fields: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the ``HTTP_`` variables for the fields of a request.

    Fields of one name are joined by commas (RFC 9110 5.3), cookies by semicolons (RFC 6265 5.4).
    """
    variables: dict[str, str] = dict.fromkeys(_ALWAYS_THERE, "")
    for name, value in fields:
        key = name.lower()
        if key in _LEFT_OUT or not _PLAIN_NAME.fullmatch(key) or "\0" in value:
            continue
        variable = "HTTP_" + key.replace("-", "_").upper()
        before = variables.get(variable)
        if not before:
            variables[variable] = as_received(value)
        elif key not in _SINGLE:
            variables[variable] = before + ("; " if key == "cookie" else ",") + as_received(value)
    return variables


def as_received(value: str) -> str:
    """Return what the environment needs to pass the very bytes of a field's value on."""
    try:
        received = value.encode("latin-1")
    except UnicodeEncodeError:  # It did not come from the wire.
        return value
    return received.decode(sys.getfilesystemencoding(), "surrogateescape")


def authorization_variables(value: str) -> dict[str, str]:
    """Return AUTH_TYPE, and for Basic the REMOTE_USER that the client claims to be.

    As in CPython nobody has checked the password; a script that needs to know has to be behind
    somebody who does. A password may have colons in it, a user may not (RFC 7617 2).
    """
    words = value.split()
    if len(words) != 2 or not words[0].isprintable():
        return {}
    variables = {"AUTH_TYPE": words[0]}
    if words[0].lower() == "basic":
        try:
            decoded = base64.b64decode(words[1].encode("ascii"), validate=True).decode()
        except (binascii.Error, UnicodeError):
            return variables
        user, colon, _password = decoded.partition(":")
        if colon and user.isprintable():
            variables["REMOTE_USER"] = user
    return variables


def search_words(method: str, query: str) -> list[str]:
    """Return the arguments for a query that is a search (RFC 3875 4.4): words between plus signs.

    None, unless it is one and each word can be passed on safely. Stricter: a word that begins with
    a hyphen could be taken for an option (CVE-2012-1823).
    """
    if method not in ("GET", "HEAD") or not query or "=" in query:
        return []
    words = [urllib.parse.unquote(word) for word in query.split("+")]
    if any(not word or word.startswith("-") or "\0" in word for word in words):
        return []
    return words
