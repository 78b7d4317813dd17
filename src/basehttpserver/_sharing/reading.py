"""What a visitor of a shared folder gets to read, and in which ways it can be asked for."""

from __future__ import annotations

import functools
import mimetypes
import posixpath
from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar, Final

from basehttpserver._files.served_folder import ServedFolder
from basehttpserver._sharing.visibility import Visibility, VisibleFolder
from basehttpserver.files import SimpleHTTPRequestHandler

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SAFE_METHODS", "ReadingHandler"]

#: A page of this size is more than anybody writes for 404; the rest of a larger file is left out.
_MAX_PAGE_BYTES: Final = 1 << 20

#: What scripts of another site may read beside the fields that they may always (Fetch 3.2.1).
_EXPOSED: Final = ", ".join(
    (
        "Accept-Ranges",
        "Content-Disposition",
        "Content-Encoding",
        "Content-Length",
        "Content-Range",
        "Date",
        "ETag",
    )
)

#: Methods that change nothing (RFC 9110 9.2.1): what scripts of other sites may use.
SAFE_METHODS: Final = ("GET", "HEAD", "OPTIONS")

#: How long a browser may remember what a preflight has told, in seconds; more is cut by most.
_PREFLIGHT_SECONDS: Final = 7200


class ReadingHandler(SimpleHTTPRequestHandler):
    """Serves a folder in the ways that people ask for.

    Class attributes:

    * `hide`: globs for names that are not shown and not found, as ``"*.bak"``; with a slash, for
      paths from the folder on;
    * `dotfiles`: whether names that begin with a dot are shown. ``.well-known`` always is;
    * `pretty_urls`: whether ``/about`` is ``about.html``, where there is nothing else of that name;
    * `spa`: whether the folder's index page is the answer where there is nothing, for an
      application that makes its pages in the browser. Files are never in its shadow, and a name
      with the extension of a file of the web (``.js``, ``.png``) is not found as ever;
    * `not_found`: the local path of the page that is sent with 404;
    * `cors`: from where scripts of other sites may read: ``"*"``, or an origin
      (``"https://example.org"``); None: from nowhere.
    """

    symlinks = "inside"
    hide: Sequence[str] = ()
    dotfiles: bool = False
    pretty_urls: bool = False
    spa: bool = False
    not_found: str | None = None
    cors: str | None = None

    #: Methods that are not allowed by themselves.
    _methods_by_option: ClassVar[dict[str, str]] = {"OPTIONS": "_answers_options"}

    # Where it is.

    @property
    def _served_folder(self) -> ServedFolder:
        """The folder, but for what is hidden."""
        return _visible(
            super()._served_folder, self.directory, tuple(self.hide), bool(self.dotfiles)
        )

    def _locate(self) -> str:
        """Return the local path of what is asked for, perhaps by another name of it."""
        path = super()._locate()
        if not (self.pretty_urls or self.spa):
            return path
        folder = self._served_folder
        if folder.has(path):
            return path
        if self.pretty_urls and not path.endswith("/") and folder.is_file(path + ".html"):
            return path + ".html"
        if self.spa and not _is_of_the_web(path):
            return self._find_index_page(self.directory) or path
        return path

    # What is sent.

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Send an error page, for 404 the folder's own where it has one."""
        page = self._try_read_own_page() if code == HTTPStatus.NOT_FOUND else None
        if page is None:
            super().send_error(code, message, explain)
            return
        self.log_error("code %d, message %s", code, message or HTTPStatus.NOT_FOUND.phrase)
        self.send_response(code, message)
        content_type = self._content_type(self.not_found or "")
        self.send_header("Content-type", content_type)
        self.send_header("Content-Length", str(len(page)))
        # Those of a refusal are there already.
        fields = *self._fields_at_the_end, *self._fields_of_anybodys(content_type)
        self._end_headers_with(fields)
        if self.command != "HEAD":
            self.wfile.write(page)

    def _fields_of_anybodys(self, content_type: str) -> list[tuple[str, str]]:
        """Return the fields of what a visitor may have written, for a media type."""
        return []

    def _try_read_own_page(self) -> bytes | None:
        if self.not_found is None or self.command not in ("GET", "HEAD"):
            return None
        try:
            with open(self.not_found, "rb") as file:
                return file.read(_MAX_PAGE_BYTES)
        except OSError:  # It was there when the server began.
            return None

    # Scripts of other sites.

    @property
    def _fields_of_all(self) -> Sequence[tuple[str, str]]:  # type: ignore[override]
        """What tells scripts of which other sites may read an answer (Fetch 3.2)."""
        if self.cors is None:
            return ()
        fields = [
            ("Access-Control-Allow-Origin", self.cors),
            ("Access-Control-Expose-Headers", _EXPOSED),
        ]
        if self.cors != "*":
            fields.append(("Vary", "Origin"))
        return fields

    @property
    def _answers_options(self) -> bool:
        return self.cors is not None

    def is_preflight(self) -> bool:
        """Tell whether a browser asks what a script of another site may ask, and gets an answer."""
        return (
            self.command == "OPTIONS"
            and self.cors is not None
            and "Origin" in self.headers
            and "Access-Control-Request-Method" in self.headers
        )

    def do_OPTIONS(self) -> None:
        """Answer what a browser asks before a script of another site may ask (Fetch 4.8)."""
        if "OPTIONS" not in self._allowed_methods():
            self._send_unsupported_method()
            return
        methods = ", ".join(self._allowed_methods())
        self.send_response(HTTPStatus.NO_CONTENT)
        self.send_header("Allow", methods)
        if self.cors is not None:
            safe = [method for method in self._allowed_methods() if method in SAFE_METHODS]
            self.send_header("Access-Control-Allow-Methods", ", ".join(safe))
            self.send_header("Access-Control-Max-Age", str(_PREFLIGHT_SECONDS))
            asked_for = self.headers.get("Access-Control-Request-Headers")
            if asked_for and _is_list_of_names(asked_for):
                self.send_header("Access-Control-Allow-Headers", asked_for)
        self.end_headers()

    def _allowed_methods(self) -> list[str]:
        return [
            method
            for method in super()._allowed_methods()
            if getattr(self, self._methods_by_option.get(method, ""), True)
        ]


@functools.lru_cache(16)
def _visible(
    folder: ServedFolder, directory: str, globs: tuple[str, ...], shows_dotfiles: bool
) -> ServedFolder:
    return VisibleFolder(folder, directory, Visibility(globs, shows_dotfiles=shows_dotfiles))


def _is_of_the_web(path: str) -> bool:
    """Tell whether a name has the extension of a kind of file, and is no path of an application."""
    extension = posixpath.splitext(path)[1].lower()
    return extension != ".html" and extension in mimetypes.types_map


def _is_list_of_names(value: str) -> bool:
    return all(char.isalnum() or char in "-_, " for char in value) and value.isascii()
