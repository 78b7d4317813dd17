"""SharingHTTPRequestHandler: shares a folder with people, who may also put something into it."""

from __future__ import annotations

import hashlib
import io
import os
import posixpath
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Literal, TypedDict

from basehttpserver._files.accept_encoding import rank_codings
from basehttpserver._files.compression import choose_coding, compress
from basehttpserver._files.paths import decode_path
from basehttpserver._files.preconditions import conditional_fields, evaluate
from basehttpserver._files.validators import Validators
from basehttpserver._sharing.archive import ArchivingHandler
from basehttpserver._sharing.forms import FormHandler
from basehttpserver._sharing.page.answer import answer_with_listing
from basehttpserver._sharing.page.html_page import Allowed
from basehttpserver._sharing.page.readme import MAX_README_BYTES, Readme, find_readme

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from basehttpserver._files.listing import Entry
    from basehttpserver._files.representation import Codings
    from basehttpserver._files.served_folder import Symlinks
    from basehttpserver._sharing.credentials import Users
    from basehttpserver._sharing.page.answer import Answer

__all__ = ["Listing", "SharingHTTPRequestHandler", "SharingOptions"]

Listing = Literal["page", "plain", "none"]

#: In the media types of what a browser shows with scripts in it, if it is opened by itself: HTML,
#: and all of XML, in which elements of XHTML may be.
_ACTIVE: Final = re.compile("html|xml|xsl", re.IGNORECASE)

#: RFC 9111 5.2.2.5: nobody keeps what has it, and so not the names of such files either.
_NO_STORE: Final = re.compile(r"(?:^|[\s,])no-store(?:$|[\s,])", re.IGNORECASE)


class SharingOptions(TypedDict, total=False):
    """What the constructor takes beside the arguments of every handler; see the classes."""

    directory: str | os.PathLike[str] | None
    extra_response_headers: Sequence[tuple[str, str] | list[str]] | None
    symlinks: Symlinks | None
    charset: str | None
    compress: bool | None
    precompressed: bool | None
    cache_control: str | None
    index_pages: Sequence[str]
    hide: Sequence[str]
    dotfiles: bool
    pretty_urls: bool
    spa: bool
    not_found: str | None
    cors: str | None
    listing: Listing
    allows_zip: bool
    readers: Users | None
    writers: Users | None
    realm: str
    allows_upload: bool
    allows_overwriting: bool
    allows_mkdir: bool
    allows_delete: bool
    allows_delete_of_trees: bool
    max_upload_bytes: int | None
    requires_local_name: bool
    upload_expiry_seconds: float


#: What `SimpleHTTPRequestHandler` takes by itself.
_OF_BASE: Final = frozenset(
    {
        "directory",
        "extra_response_headers",
        "symlinks",
        "charset",
        "compress",
        "precompressed",
        "cache_control",
    }
)
_OWN: Final = frozenset(SharingOptions.__annotations__) - _OF_BASE


class SharingHTTPRequestHandler(FormHandler, ArchivingHandler):
    """Shares a folder with people: what ``python -m basehttpserver`` serves with.

    It is a `SimpleHTTPRequestHandler`, whose methods may be overridden here, too. Beyond that it
    takes the methods of those who change something: PUT, POST, PATCH, DELETE and MKCOL, each of
    them refused unless an option allows it. (So they are in a class of their own: one that has
    ``do_POST`` of a mixin behind `SimpleHTTPRequestHandler` goes on having it.)

    Each option is a class attribute and a keyword of the constructor, by the same name:

        functools.partial(SharingHTTPRequestHandler, directory="public", spa=True)

    What is served: `hide`, `dotfiles`, `pretty_urls`, `spa`, `not_found`, `cors`, see
    `ReadingHandler`, and what `SimpleHTTPRequestHandler` has; symbolic links that lead out of the
    folder are not followed here by default.

    * `listing`: what is sent for a folder without an index page: ``"page"``, one that people like
      to look at (to scripts that ask for it, JSON or plain text); ``"plain"``, that of
      ``http.server``; ``"none"``: it is not found;
    * `allows_zip`: send a folder as an archive, for its URL with ``?zip``. (Not together with
      `CGIHTTPRequestHandler`: the archive has the scripts as they are.)

    Who may read, and who may change something: `readers`, `writers`, `realm`, see
    `AuthorizedHandler`. What may be changed: `allows_upload` and its like, see `WritingHandler`.
    Where files may be put, those that could run a script in a browser are sent with a policy that
    keeps it from doing so: else who may upload could act for who looks at it. For the same reason
    `precompressed` counts only where they may replace others, too.
    """

    listing: Listing = "page"
    allows_zip: bool = False

    def __init__(self, *args: Any, **options: Unpack[SharingOptions]) -> None:
        """Take the positional arguments of every handler, and options."""
        given: dict[str, Any] = dict(options)
        for name in _OWN.intersection(given):
            setattr(self, name, given.pop(name))
        super().__init__(*args, **given)

    def send_head(self) -> io.BytesIO | BinaryIO | None:
        """As `SimpleHTTPRequestHandler.send_head`; send the archive of a folder by itself."""
        if self.allows_zip and _query_of(self.path) == "zip":
            self.send_archive(self.translate_path(self.path))
            return None
        return super().send_head()

    def list_directory(self, path: str) -> io.BytesIO | None:
        """Send status and fields for a listing of `path`, and return the page as a file object."""
        if self.listing == "plain":
            return super().list_directory(path)
        if self.listing == "none":
            self.send_error(HTTPStatus.NOT_FOUND, "File not found")
            return None
        entries = self._try_read_entries(path, with_status=True)
        if entries is None:
            return None
        answer = answer_with_listing(
            _plain_path(self.path),
            entries,
            accept=", ".join(self.headers.get_all("Accept", ())),
            query=_query_of(self.path),
            allowed=self._allowed,
            read_readme=lambda: self._try_read_readme(path, entries),
        )
        return self._send_listing(answer)

    def _send_listing(self, answer: Answer) -> io.BytesIO | None:
        """Send a listing: 304 to who has it, and compressed to who would rather have that."""
        body, fields = answer
        codings = self._find_codings(dict(fields)["Content-Type"], len(body))
        is_compressible = codings is not None and codings.are_made
        # Weak: one for all codings (RFC 9110 8.8.3.3).
        digest = hashlib.blake2b(body, digest_size=16, usedforsecurity=False).hexdigest()
        current = Validators(f'W/"{digest}"', None, is_strong=False)
        # RFC 9111 4.2.2: without the first a cache may decide by itself for how long it is right.
        kept = "no-store" if _NO_STORE.search(self.cache_control or "") else "no-cache"
        at_the_end = [("Cache-Control", kept), ("ETag", current.tag)]
        if is_compressible:
            at_the_end.append(("Vary", "Accept-Encoding"))
        status = evaluate(conditional_fields(self.headers), self.command or "", current)
        if status == HTTPStatus.NOT_MODIFIED:
            self._send_not_modified(fields, at_the_end)
            return None
        if status is not None:
            self._send_error_with(status)
            return None
        accepted = rank_codings(self.headers.get_all("Accept-Encoding", ()))
        coding = choose_coding(accepted) if is_compressible else None
        if coding is not None:
            body = compress(body, coding)
            fields += (("Content-Encoding", coding),)
        return self._send_page(body, fields, at_the_end)

    def _find_codings(self, content_type: str, size: int) -> Codings | None:
        codings = super()._find_codings(content_type, size)
        if codings is None or not self.allows_upload or self.allows_overwriting:
            return codings
        # A new file page.html.gz would take the place of page.html.
        return codings._replace(are_found=False) if codings.are_made else None

    @property
    def _allowed(self) -> Allowed:
        """What the page offers."""
        return Allowed(
            upload=self.allows_upload,
            overwrite=self.allows_overwriting,
            mkdir=self.allows_mkdir,
            delete=self.allows_delete,
            zip=self.allows_zip,
            max_upload_bytes=self.max_upload_bytes,
        )

    def _try_read_readme(self, path: str, entries: Sequence[Entry]) -> Readme | None:
        name = find_readme(entries)
        if name is None:
            return None
        try:
            with self._served_folder.open_file(os.path.join(path, name)) as file:
                text = file.read_at(0, MAX_README_BYTES)
        except (OSError, ValueError):
            return None
        return Readme(name, text.decode("utf-8", "replace"))

    def _fields_of(self, content_type: str) -> list[tuple[str, str]]:
        return [*super()._fields_of(content_type), *self._fields_of_anybodys(content_type)]

    def _fields_of_anybodys(self, content_type: str) -> list[tuple[str, str]]:
        if not self.allows_upload:
            return super()._fields_of_anybodys(content_type)
        fields = [("X-Content-Type-Options", "nosniff")]
        if _ACTIVE.search(content_type):
            fields.append(("Content-Security-Policy", "sandbox"))
        return fields


def _plain_path(target: str) -> str:
    """Return the path of a folder without what leads nowhere, ``..`` and more slashes than one.

    A browser has left that out before; others may send it by the thousand.
    """
    names = posixpath.normpath(decode_path(target)).strip("/")
    return f"/{names}/" if names else "/"


def _query_of(target: str) -> str:
    return target.partition("#")[0].partition("?")[2]
