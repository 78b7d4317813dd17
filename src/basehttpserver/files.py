"""SimpleHTTPRequestHandler: serves the files below a directory."""

from __future__ import annotations

import errno
import io
import os
import shutil
from http import HTTPStatus
from types import EllipsisType
from typing import TYPE_CHECKING, Any, BinaryIO

from basehttpserver._engine.listener import OUT_OF_RESOURCES
from basehttpserver._engine.streams import ResponseWriter
from basehttpserver._files.compression import is_worth_compressing
from basehttpserver._files.content import FileContent
from basehttpserver._files.listing import Entry, encode_listing
from basehttpserver._files.media_types import guess_media_type, with_charset
from basehttpserver._files.methods import allowed_methods, is_standard_method
from basehttpserver._files.open_files import OpenFiles
from basehttpserver._files.paths import (
    add_slash,
    decode_path,
    extension_of,
    has_windows_meaning,
    local_path,
)
from basehttpserver._files.preconditions import conditional_fields
from basehttpserver._files.regular_file import RegularFile
from basehttpserver._files.representation import Codings, Representation
from basehttpserver._files.selection import select
from basehttpserver._files.served_folder import ServedFolder, Symlinks, served_folder
from basehttpserver.handler import BaseHTTPRequestHandler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from _typeshed import SupportsRead, SupportsWrite

__all__ = ["SimpleHTTPRequestHandler"]

_ON_WINDOWS = os.name == "nt"

_ACCEPT_RANGES = ("Accept-Ranges", "bytes")
_VARY = ("Vary", "Accept-Encoding")

#: Fields of ours that are sent beside those of a program: several of them count together.
_ADDING_UP = ("Content-Security-Policy", "Vary")

# By themselves: before Python 3.12 each look into an Enum costs 0.1 microseconds.
_BAD_REQUEST = HTTPStatus.BAD_REQUEST
_NOT_MODIFIED = HTTPStatus.NOT_MODIFIED

#: Of the extra fields of a file, those that its 304 has, too (RFC 9110 15.4.5).
_ALSO_IN_304 = ("cache-control", "content-location", "expires", "vary")


class SimpleHTTPRequestHandler(BaseHTTPRequestHandler):
    """Answers GET and HEAD with the files below `directory`, as CPython 3.15's class does.

    A folder is answered with its index page, or with a listing; a file by the request's conditions
    and ranges (RFC 9110 13, 14), with 200, 206, 304, 412 or 416. Every step is a method that a
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
    * `default_content_type`: the media type where neither knows one, sent as it is;
    * `compress`: whether text and the like is sent compressed to clients that accept that: by gzip,
      and by brotli and zstd with the extra ``compression``. Files from 1 KiB to 2 MiB;
    * `precompressed`: whether, of ``page.html``, a ``page.html.br``, ``.zst`` or ``.gz`` that
      is no older is sent to who accepts it;
    * `cache_control`: the Cache-Control of files (RFC 9111 5.2), as in ``"max-age=3600"``; None:
      none, and browsers then keep a file the longer the older it is;
    * `charset`: the charset of text files, where `guess_type` returns no parameter; None: nothing
      is said of it.
    """

    server_version = "SimpleHTTP"
    symlinks: Symlinks = "all"
    default_content_type: str = "application/octet-stream"
    charset: str | None = "utf-8"
    compress: bool = False
    precompressed: bool = False
    cache_control: str | None = None
    index_pages: Sequence[str] = ("index.html", "index.htm")
    # What a browser must not unpack by itself: these are media types, no content codings.
    extensions_map: dict[str, str] = {  # noqa: RUF012 (an instance may have its own)
        ".gz": "application/gzip",
        ".Z": "application/octet-stream",
        ".bz2": "application/x-bzip2",
        ".xz": "application/x-xz",
    }
    _encodings_map_default = extensions_map

    _fields_at_the_end: Sequence[tuple[str, str]] = ()
    #: What options of a subclass add to every answer: then `end_headers` need not be overridden.
    _fields_of_all: Sequence[tuple[str, str]] = ()

    def __init__(
        self,
        *args: Any,
        directory: str | os.PathLike[str] | None = None,
        extra_response_headers: Sequence[tuple[str, str] | list[str]] | None = None,
        symlinks: Symlinks | None = None,
        charset: str | EllipsisType | None = ...,
        compress: bool | None = None,
        precompressed: bool | None = None,
        cache_control: str | EllipsisType | None = ...,
        **kwargs: Any,
    ) -> None:
        """Take the positional arguments of every handler, and what to serve.

        `directory` is the current one if it is not given. `extra_response_headers` are (name,
        value) pairs to send with files and listings, where no field of that name is sent anyway.
        The others take the place of the class attributes.
        """
        self.directory = os.fspath(os.getcwd() if directory is None else directory)
        self.extra_response_headers = extra_response_headers
        if symlinks is not None:
            self.symlinks = symlinks
        if not isinstance(charset, EllipsisType):
            self.charset = charset
        if compress is not None:
            self.compress = compress
        if precompressed is not None:
            self.precompressed = precompressed
        if not isinstance(cache_control, EllipsisType):
            self.cache_control = cache_control
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

        That is a file object, which the caller closes; of a file that was asked for in part, it
        gives that part. None where the answer is complete: a redirect, a 304 or an error.
        """
        path = self._locate()
        if _ON_WINDOWS and has_windows_meaning(path):
            self.send_error(HTTPStatus.NOT_FOUND, "File not found")
            return None
        folder = self._served_folder
        file = self._find_open(folder, path)
        if file is None and folder.is_folder(path):
            if not decode_path(self.path).endswith("/"):
                self._send_redirect_to_folder()
                return None
            index_page = self._find_index_page(path)
            if index_page is None:
                return self.list_directory(path)
            path = index_page
        content_type = self._content_type(path)
        try:
            file = file or self._open(folder, path)
        except (OSError, ValueError) as error:  # ValueError: NUL or a lone surrogate in the name
            self._send_unreadable(error, "File not found")
            return None
        content = None
        try:
            content = self._send_file_head(file, path, content_type)
        finally:
            if content is None:
                file.leave()
        return content

    def end_headers(self) -> None:
        """End the head and send it, with those fields of ours that nobody has sent before."""
        for name, value in self._fields_of_all:
            self.send_header(name, value)
        if self._fields_at_the_end:
            self._send_unless_sent(self._fields_at_the_end, _ADDING_UP)
        super().end_headers()

    def list_directory(self, path: str) -> io.BytesIO | None:
        """Send status and fields for a listing of `path`, and return the page as a file object.

        None, and a 404 or 503, if it cannot be read.
        """
        entries = self._try_read_entries(path)
        if entries is None:
            return None
        page, charset = encode_listing(decode_path(self.path), entries)
        return self._send_page(page, [("Content-type", f"text/html; charset={charset}")])

    def translate_path(self, path: str) -> str:
        """Return the local path for a request target, always at or below `self.directory`.

        Query and fragment are dropped, the rest is decoded once and then normalised; ``..`` stops
        at the top. Names that would lead elsewhere by themselves, such as a drive, are skipped. A
        slash at the end stays, so that a file with one can be told from a folder.
        """
        return local_path(self.directory, path)

    def copyfile(self, source: SupportsRead[bytes], outputfile: SupportsWrite[bytes]) -> None:
        """Copy `source` to `outputfile` to its end, a block at a time.

        What is large in a file of ours goes to a ``wfile`` of ours by its descriptor: it is read
        when the client takes it, and no thread waits for that.
        """
        raw = getattr(source, "raw", None)
        if isinstance(raw, FileContent) and isinstance(outputfile, ResponseWriter):
            raw.send(source.tell(), outputfile)  # type: ignore[attr-defined]
        else:
            shutil.copyfileobj(source, outputfile)

    def guess_type(self, path: str) -> str:
        """Return the media type for a file of this name, a Content-Type value.

        From `extensions_map`, by the extension as it is and then in lower case; else from
        `mimetypes`, where that is not known to be wrong; else `default_content_type`.
        """
        extension = extension_of(path)
        own = self.extensions_map
        if extension in own:
            return own[extension]
        lower = extension.lower()
        if lower in own:
            return own[lower]
        return guess_media_type(path, extension) or self.default_content_type

    @property
    def _served_folder(self) -> ServedFolder:
        """What `directory` and `symlinks` say now."""
        return served_folder(self.directory, self.symlinks)

    def _try_read_entries(self, path: str, *, with_status: bool = False) -> list[Entry] | None:
        """Return what a folder holds; None where an error was sent, since it cannot be read."""
        try:
            return self._served_folder.read_entries(path, with_status=with_status)
        except (OSError, ValueError) as error:
            self._send_unreadable(error, "No permission to list directory")
            return None

    def _send_page(
        self,
        page: bytes,
        fields: Iterable[tuple[str, str]],
        unless_sent: Iterable[tuple[str, str]] = (),
    ) -> io.BytesIO:
        """Send 200 and the head of a page that was made, and return it as a file object."""
        self.send_response(HTTPStatus.OK)
        for name, value in fields:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(page)))
        self._send_unless_sent(self.extra_response_headers or ())
        self._send_unless_sent(unless_sent)
        self.end_headers()
        return io.BytesIO(page)

    def _send_not_modified(
        self, fields: Iterable[tuple[str, str]], at_the_end: Sequence[tuple[str, str]]
    ) -> None:
        """Send 304 for a page that has `fields` and those (RFC 9110 15.4.5)."""
        self.send_response(HTTPStatus.NOT_MODIFIED)
        self._send_unless_sent(_those_of_304([*fields, *(self.extra_response_headers or ())]))
        self._end_headers_with(at_the_end)

    def _locate(self) -> str:
        """Return the local path of what is asked for."""
        return self.translate_path(self.path)

    @property
    def _open_files(self) -> OpenFiles | None:
        """What the server keeps open; only servers of ours do, and only while they serve."""
        found = getattr(self.server, "_open_files", None)
        return found if isinstance(found, OpenFiles) else None  # A mock has every attribute.

    def _find_open(self, folder: ServedFolder, path: str) -> RegularFile | None:
        """Return the file that `path` leads to, if the server has it open; the caller leaves it."""
        open_files = self._open_files
        return None if open_files is None else open_files.find(folder, path)

    def _open(self, folder: ServedFolder, path: str) -> RegularFile:
        """Open a file, and let the server keep it; the caller leaves it.

        Raises OSError and ValueError.
        """
        if path.endswith("/"):
            # Some systems open "file/" as if it were "file" (bpo-17324).
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
        open_files = self._open_files
        if open_files is None:
            return folder.open_file(path).__enter__()
        return open_files.find(folder, path) or open_files.open(folder, path)

    def _send_unreadable(self, error: OSError | ValueError, explanation: str) -> None:
        """Send 404; or 503 where nobody can tell, since the process has no descriptor left.

        By a 404 others would believe that what is there is not.
        """
        if isinstance(error, OSError) and error.errno in OUT_OF_RESOURCES:
            self._send_error_with(HTTPStatus.SERVICE_UNAVAILABLE, ("Retry-After", "1"))
        else:
            self.send_error(HTTPStatus.NOT_FOUND, explanation)

    def _find_index_page(self, path: str) -> str | None:
        candidates = (os.path.join(path, name) for name in self.index_pages)
        return next(filter(self._served_folder.is_file, candidates), None)

    def _send_redirect_to_folder(self) -> None:
        """Send a redirect to the same target with a slash after its path."""
        try:
            location = add_slash(self.path)
        except ValueError:  # an authority that is none, as in "http://[/.."
            self.send_error(HTTPStatus.NOT_FOUND, "File not found")
            return
        self.send_response(HTTPStatus.MOVED_PERMANENTLY)
        self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        # Else a browser keeps it for ever (RFC 9110 15.4.2), and the folder may become a file.
        self._end_headers_with([("Cache-Control", "no-cache")])

    def _content_type(self, path: str) -> str:
        # Some programs give something that is no text.
        content_type = str(self.guess_type(path))
        if self.charset is None or content_type == self.default_content_type:
            return content_type
        return with_charset(content_type, self.charset)

    def _send_file_head(self, file: RegularFile, path: str, content_type: str) -> BinaryIO | None:
        """Answer with `file`, or as much of it as the request's conditions and ranges ask for.

        What is returned leaves the file when it is closed.
        """
        plain = Representation(file, content_type)
        codings = self._find_codings(content_type, file.status.st_size)
        if codings is None:
            return self._send_representation(plain)
        chosen = codings.choose(self._served_folder, path, plain, self.headers)
        if chosen.file is file:
            return self._send_representation(chosen, _VARY)
        other = chosen.file.__enter__()
        content = None
        try:
            content = self._send_representation(chosen, _VARY)
        finally:
            # The one that goes with no content; that which was asked for by who called us then.
            (other if content is None else file).leave()
        return content

    def _send_representation(
        self, representation: Representation, *varies: tuple[str, str]
    ) -> BinaryIO | None:
        current = representation.validators
        status, fields, pieces = select(
            conditional_fields(self.headers), self.command or "", representation, current
        )
        if status >= _BAD_REQUEST:
            self._send_error_with(status, *fields)
            return None
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        if current.modified is not None:
            self.send_header("Last-Modified", self.date_time_string(current.modified))
        is_modified = status != _NOT_MODIFIED
        extra = self.extra_response_headers
        if extra:
            self._send_unless_sent(extra if is_modified else _those_of_304(extra))
        at_the_end = [("ETag", current.tag), *varies, *self._fields_of(representation.content_type)]
        if not is_modified:
            self._end_headers_with(at_the_end)
            return None
        if not representation.is_made:
            at_the_end.insert(0, _ACCEPT_RANGES)
        self._end_headers_with(at_the_end)
        return io.BufferedReader(FileContent(representation.file, pieces))

    def _find_codings(self, content_type: str, size: int) -> Codings | None:
        """Return in which codings a file may be sent; None: in none, whoever the client is.

        So it is where the program has a say in the content. An override of `copyfile` may change
        text on its way, and fields of its own may name a coding.
        """
        are_found = self.precompressed
        are_made = self.compress and is_worth_compressing(content_type, size)
        if not (are_found or are_made):
            return None
        has_own = "copyfile" in self.__dict__ or (
            type(self).copyfile is not SimpleHTTPRequestHandler.copyfile
        )
        extra = self.extra_response_headers or ()
        if has_own or any(each[0].lower() == "content-encoding" for each in extra):
            return None
        return Codings(are_found, are_made)

    def _fields_of(self, content_type: str) -> list[tuple[str, str]]:
        """Return the fields that every file of a media type has, whatever is in it."""
        return [] if self.cache_control is None else [("Cache-Control", self.cache_control)]

    def _send_unsupported_method(self) -> None:
        """Send 405 for a method that every server knows (RFC 9110 15.5.6), else 501."""
        if is_standard_method(self.command):
            allow = "Allow", ", ".join(self._allowed_methods())
            self._send_error_with(HTTPStatus.METHOD_NOT_ALLOWED, allow)
        else:
            super()._send_unsupported_method()

    def _allowed_methods(self) -> list[str]:
        return allowed_methods(self)

    # Fields that a program may send itself, in an override of `end_headers`, too: they come last.

    def _end_headers_with(self, fields: Sequence[tuple[str, str]]) -> None:
        if (
            self.extra_response_headers
            or self._fields_of_all
            or "end_headers" in self.__dict__
            or (type(self).end_headers is not SimpleHTTPRequestHandler.end_headers)
        ):
            self._call_with(self.end_headers, fields)
            return
        for name, value in fields:  # Nobody else had a say.
            self.send_header(name, value)
        self.end_headers()

    def _send_error_with(self, status: HTTPStatus, *fields: tuple[str, str]) -> None:
        self._call_with(lambda: self.send_error(status), fields)

    def _call_with(self, end: Callable[[], None], fields: Sequence[tuple[str, str]]) -> None:
        self._fields_at_the_end = fields
        try:
            end()
        finally:
            self._fields_at_the_end = ()

    def _send_unless_sent(
        self, fields: Iterable[Sequence[str]], adding_up: Sequence[str] = ("Vary",)
    ) -> None:
        """Send the fields of whose names there was none before the first of them."""
        # They may repeat among themselves. HTTP/0.9 has no fields, and then no buffer either.
        sent = "\n" + b"".join(getattr(self, "_headers_buffer", ())).decode("latin-1").lower()
        for name, value in fields:
            if f"\n{name.lower()}:" not in sent or name in adding_up:
                self.send_header(name, value)


def _those_of_304(fields: Iterable[Sequence[str]]) -> list[Sequence[str]]:
    return [each for each in fields if each[0].lower() in _ALSO_IN_304]
