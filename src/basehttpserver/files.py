"""SimpleHTTPRequestHandler: serves the files below a directory."""

from __future__ import annotations

import datetime as dt
import email.utils
import io
import mimetypes
import os
import posixpath
import shutil
import sys
import urllib.parse
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from basehttpserver._engine.streams import ResponseWriter
from basehttpserver._files.listing import encode_listing
from basehttpserver._files.paths import decode_path, has_windows_meaning
from basehttpserver._files.regular_file import RegularFile
from basehttpserver._files.served_folder import ServedFolder, Symlinks, served_folder
from basehttpserver.handler import BaseHTTPRequestHandler

if TYPE_CHECKING:
    from collections.abc import Sequence

    from _typeshed import SupportsRead, SupportsWrite

__all__ = ["SimpleHTTPRequestHandler"]

_ON_WINDOWS = os.name == "nt"

#: A smaller file is copied: head and body then go out with one `send`.
_BY_DESCRIPTOR_BYTES = 65536


class SimpleHTTPRequestHandler(BaseHTTPRequestHandler):
    """Answers GET and HEAD with the files below `directory`, as CPython 3.15's class does.

    A folder is answered with its index page, or with a listing. Every step is a method that a
    subclass may replace; `do_GET` and `do_HEAD` call `send_head`, which calls `translate_path`,
    then `list_directory` or `guess_type`; `do_GET` alone calls `copyfile`. To add a field to every
    answer, override `end_headers`; to add some to files and listings only, give
    `extra_response_headers`.

    Nothing outside `directory` is reachable, but through a symbolic link within it, and only where
    `symlinks` is ``"all"``. What is neither a regular file nor a folder is not found.

    Class attributes:

    * `symlinks`: which symbolic links are followed: ``"all"`` as in CPython, ``"inside"`` for those
      that lead to something inside `directory`, ``"none"``. Others are as if they were not there.
      But for ``"all"``, a path outside `directory` is not found, whatever `translate_path` says;
    * `index_pages`: names that stand for their folder, the first that exists wins;
    * `extensions_map`: from an extension (``".gz"``) to a media type, asked before `mimetypes`;
    * `default_content_type`: the media type where neither knows one.
    """

    server_version = "SimpleHTTP"
    symlinks: Symlinks = "all"
    default_content_type: str = "application/octet-stream"
    index_pages: Sequence[str] = ("index.html", "index.htm")
    # What a browser must not unpack by itself: these are media types, no content codings.
    extensions_map: dict[str, str] = {  # noqa: RUF012 (an instance may have its own)
        ".gz": "application/gzip",
        ".Z": "application/octet-stream",
        ".bz2": "application/x-bzip2",
        ".xz": "application/x-xz",
    }
    _encodings_map_default = extensions_map

    def __init__(
        self,
        *args: Any,
        directory: str | os.PathLike[str] | None = None,
        extra_response_headers: Sequence[tuple[str, str] | list[str]] | None = None,
        symlinks: Symlinks | None = None,
        **kwargs: Any,
    ) -> None:
        """Take the positional arguments of every handler, and what to serve.

        `directory` is the current one if it is not given. `extra_response_headers` are (name,
        value) pairs to send with files and listings, where no field of that name is sent anyway.
        `symlinks` takes the place of the class attribute.
        """
        self.directory = os.fspath(os.getcwd() if directory is None else directory)
        self.extra_response_headers = extra_response_headers
        if symlinks is not None:
            self.symlinks = symlinks
        # Last: whatever followed would run when the connection is over, and tell the engine to
        # give this handler a thread of its own.
        super().__init__(*args, **kwargs)

    def do_GET(self) -> None:
        """Answer with the file or listing that the target names."""
        file = self.send_head()
        if file:
            try:
                self.copyfile(file, self.wfile)
            finally:
                file.close()

    def do_HEAD(self) -> None:
        """Answer with the head alone that GET would get (RFC 9110 9.3.2)."""
        file = self.send_head()
        if file:
            file.close()

    def send_head(self) -> io.BytesIO | BinaryIO | None:
        """Send status and fields for the target, and return what is to follow them.

        That is a file object, which the caller closes, or None where the answer is complete: a
        redirect, a 304 or an error.
        """
        path = self.translate_path(self.path)
        if _ON_WINDOWS and has_windows_meaning(path):
            self.send_error(HTTPStatus.NOT_FOUND, "File not found")
            return None
        folder = self._served_folder
        if folder.is_folder(path):
            if not decode_path(self.path).endswith("/"):
                self._send_redirect_to_folder()
                return None
            index_page = self._find_index_page(path)
            if index_page is None:
                return self.list_directory(path)
            path = index_page
        content_type = self.guess_type(path)
        file = _try_open(folder, path)
        if file is None:
            self.send_error(HTTPStatus.NOT_FOUND, "File not found")
            return None
        try:
            return self._send_file_head(file, content_type)
        except BaseException:
            file.close()
            raise

    def list_directory(self, path: str) -> io.BytesIO | None:
        """Send status and fields for a listing of `path`, and return the page as a file object.

        None, and a 404, if it cannot be read.
        """
        try:
            entries = self._served_folder.read_entries(path)
        except (OSError, ValueError):
            self.send_error(HTTPStatus.NOT_FOUND, "No permission to list directory")
            return None
        page, charset = encode_listing(decode_path(self.path), entries)
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-type", f"text/html; charset={charset}")
        self.send_header("Content-Length", str(len(page)))
        self._send_extra_response_headers()
        self.end_headers()
        return io.BytesIO(page)

    def translate_path(self, path: str) -> str:
        """Return the local path for a request target, always at or below `self.directory`.

        Query and fragment are dropped, the rest is decoded once and then normalised; ``..`` stops
        at the top. Names that would lead elsewhere by themselves, such as a drive, are skipped. A
        slash at the end stays, so that a file with one can be told from a folder.
        """
        decoded = decode_path(path)
        names = [
            name
            for name in posixpath.normpath(decoded).split("/")
            # `dirname` finds what the local system would not take for one plain name.
            if name and name not in (os.curdir, os.pardir) and not os.path.dirname(name)
        ]
        translated = os.path.join(self.directory, *names)
        return translated + "/" if decoded.endswith("/") else translated

    def copyfile(self, source: SupportsRead[bytes], outputfile: SupportsWrite[bytes]) -> None:
        """Copy `source` to `outputfile` to its end, a block at a time.

        A file of ours to a ``wfile`` of ours goes by its descriptor: it is read when the client
        takes it, and no thread waits for that.
        """
        raw = getattr(source, "raw", None)
        if isinstance(raw, RegularFile) and isinstance(outputfile, ResponseWriter):
            begin = cast("BinaryIO", source).tell()
            count = raw.status.st_size - begin
            if count >= _BY_DESCRIPTOR_BYTES and outputfile.send_file(raw.fileno(), begin, count):
                return
        shutil.copyfileobj(source, outputfile)

    def guess_type(self, path: str) -> str:
        """Return the media type for a file of this name, a Content-Type value.

        From `extensions_map`, by the extension as it is and then in lower case; else from
        `mimetypes`; else `default_content_type`.
        """
        extension = posixpath.splitext(path)[1]
        for key in (extension, extension.lower()):
            if key in self.extensions_map:
                return self.extensions_map[key]
        return _guess_file_type(path) or self.default_content_type

    @property
    def _served_folder(self) -> ServedFolder:
        """What `directory` and `symlinks` say now."""
        return served_folder(self.directory, self.symlinks)

    def _find_index_page(self, path: str) -> str | None:
        candidates = (os.path.join(path, name) for name in self.index_pages)
        return next(filter(self._served_folder.is_file, candidates), None)

    def _send_redirect_to_folder(self) -> None:
        """Send a redirect to the same target with a slash after its path."""
        try:
            location = _add_slash(self.path)
        except ValueError:  # an authority that is none, as in "http://[/.."
            self.send_error(HTTPStatus.NOT_FOUND, "File not found")
            return
        self.send_response(HTTPStatus.MOVED_PERMANENTLY)
        self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send_file_head(self, file: RegularFile, content_type: str) -> BinaryIO | None:
        if self._is_not_modified(file.status.st_mtime):
            self.send_response(HTTPStatus.NOT_MODIFIED)
            self.end_headers()
            file.close()
            return None
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-type", content_type)
        self.send_header("Content-Length", str(file.status.st_size))
        try:
            modified = self.date_time_string(file.status.st_mtime)
        except (ValueError, OverflowError, OSError):
            pass  # no date of our calendar, as careless archivers leave behind
        else:
            self.send_header("Last-Modified", modified)
        self._send_extra_response_headers()
        self.end_headers()
        return io.BufferedReader(file)

    def _is_not_modified(self, modified: float) -> bool:
        """Whether the client's copy, by its If-Modified-Since, is as new (RFC 9110 13.1.3)."""
        # RFC 9110 13.1.3: If-None-Match takes precedence, even where we have no entity tags.
        if "If-Modified-Since" not in self.headers or "If-None-Match" in self.headers:
            return False
        try:
            since = email.utils.parsedate_to_datetime(self.headers["If-Modified-Since"])
            # HTTP dates have whole seconds.
            date = dt.datetime.fromtimestamp(modified, dt.UTC).replace(microsecond=0)
        except (TypeError, IndexError, OverflowError, ValueError, OSError):
            return False
        if since.tzinfo is None:  # "-0000", or none at all as in the obsolete formats
            since = since.replace(tzinfo=dt.UTC)
        # RFC 9110 5.6.7: a date of HTTP is in UTC.
        return since.tzinfo == dt.UTC and date <= since

    def _send_extra_response_headers(self) -> None:
        if self.extra_response_headers is None:
            return
        # Only what is there before the first: extra fields may repeat among themselves. HTTP/0.9
        # has no fields, and then no buffer either.
        sent = {
            line.partition(b":")[0].decode("latin-1").lower()
            for line in getattr(self, "_headers_buffer", ())
        }
        for name, value in self.extra_response_headers:
            if name.lower() not in sent:
                self.send_header(name, value)


def _try_open(folder: ServedFolder, path: str) -> RegularFile | None:
    if path.endswith("/"):
        # Some systems open "file/" as if it were "file" (bpo-17324).
        return None
    try:
        return folder.open_file(path)
    except (OSError, ValueError):  # ValueError: NUL or a lone surrogate in the name
        return None


def _add_slash(target: str) -> str:
    """Return the Location for a folder whose request target has no slash at the end.

    It never leads to another host than the one that was asked, which a browser would read out of
    a path that begins with two slashes, or with a slash and a backslash.

    Raises ValueError for an absolute-form target whose authority is malformed.
    """
    scheme, authority, path, query, fragment = urllib.parse.urlsplit(target)
    path = path.replace("\\", "%5C") + "/"
    if scheme not in ("http", "https") or not authority:
        # Not the absolute form (RFC 9112 3.2.2), in which the client itself names the host.
        scheme = authority = ""
        if path.startswith("//"):
            path = "/" + path.lstrip("/")
    return urllib.parse.urlunsplit((scheme, authority, path, query, fragment))


if sys.version_info >= (3, 13):

    def _guess_file_type(path: str) -> str | None:
        return mimetypes.guess_file_type(path)[0]

else:

    def _guess_file_type(path: str) -> str | None:
        # Before 3.13 there was a function for URLs only: nothing here may look like a scheme.
        return mimetypes.guess_type("./" + os.path.basename(path))[0]
