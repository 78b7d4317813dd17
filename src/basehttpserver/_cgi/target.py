"""Which script a request asks for: paths of URLs and of files, and how they lead to each other."""

import contextlib
import os
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import NamedTuple

__all__ = ["Target", "collapse_path", "has_control_character", "paths_through"]


class Target(NamedTuple):
    """A script that is asked for."""

    #: Its path in the URL, decoded: SCRIPT_NAME.
    name: str
    #: Its local path.
    file: str
    #: What is behind it in the URL, decoded: PATH_INFO.
    path_info: str
    query: str


def collapse_path(path: str) -> str:
    """Return the path of a target, decoded once and without ``.``, ``..`` and empty segments.

    It begins with a slash, with two where there is but one segment. The query stays behind it.
    Raises ``IndexError`` for more ``..`` than there are segments.
    """
    path, _, query = path.partition("?")
    *folders, last = urllib.parse.unquote(path).split("/")
    if last in (os.curdir, os.pardir):
        folders, last = [*folders, last], ""
    collapsed: list[str] = []
    for segment in folders:
        if segment == os.pardir:
            collapsed.pop()
        elif segment and segment != os.curdir:
            collapsed.append(segment)
    if query:
        last += "?" + query
    return "/" + "/".join(collapsed) + "/" + last


def has_control_character(path: str) -> bool:
    """Tell whether a decoded path has a C0 control character or DEL in it.

    They help nobody but who is after a script that writes its PATH_INFO into a field or a log.
    """
    return any(character < " " or character == "\x7f" for character in path)


def paths_through(path: str, folders: Mapping[str, str]) -> Iterator[str]:
    """Yield the URL paths by which the local `path` is reached through one of `folders`.

    `folders` are local paths by their URL paths. Files are compared and not names: a symbolic link,
    letters of the other case where the system does not care, short names of Windows lead there,
    too.
    """
    names = [""] if path.endswith("/") else []
    identities = {}
    for url, folder in folders.items():
        with contextlib.suppress(OSError, ValueError):
            identities[url] = os.stat(folder)
    path = os.path.realpath(path)
    while True:
        if names:
            with contextlib.suppress(OSError):
                here = os.stat(path)
                for url, identity in identities.items():
                    if os.path.samestat(here, identity):
                        yield "/".join([url.rstrip("/"), *names])
        path, name = os.path.split(path)
        if not name:
            return
        names.insert(0, name)
