"""Resumable uploads by the tus protocol, version 1.0.0 (https://tus.io/protocols/resumable-upload).

Its core and the extensions creation, creation-with-upload, expiration and termination:

    OPTIONS                 which version and extensions there are
    POST to a folder        begins an upload; Location is its URL, in that folder
    HEAD of an upload       how much of it is there
    PATCH of an upload      goes on at that offset; what has come stays, however it ends
    DELETE of an upload     ends it

tus, and not the resumable uploads that the IETF's HTTP working group designs from it
(draft-ietf-httpbis-resumable-upload): version 1.0.0 has been the same since 2016, with clients in
every language, while the draft still changes its fields from revision to revision (its clients
send an interop version that few servers share), and no browser or curl speaks it yet. Both need
the same of the disk, which `resumable` does without a word of either; so the RFC can be added
beside this.

No checksums: TCP and TLS have theirs (so there is no status 460, which belongs to that extension).
No deferred length: a page and a client that has a file know it.
"""

from __future__ import annotations

import base64
import contextlib
import shutil
import time
import urllib.parse
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, Final

from basehttpserver._files.paths import decode_path
from basehttpserver._sharing.body import RequestBody
from basehttpserver._sharing.names import PREFIX, try_token_of
from basehttpserver._sharing.refusal import RefusedError, refusing_failures_of_disk
from basehttpserver._sharing.resumable import Cleaning, Upload, create, find, remove_leftovers
from basehttpserver._sharing.writing import Target, WritingHandler

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["ResumableHandler"]

_VERSION: Final = "1.0.0"
_EXTENSIONS: Final = "creation,creation-with-upload,expiration,termination"
_CONTENT_TYPE: Final = "application/offset+octet-stream"
_RESUMABLE: Final = ("Tus-Resumable", _VERSION)

#: A file name and what else clients tell: type, time, path.
_MAX_METADATA_CHARACTERS: Final = 8192
#: More digits are no size of a file.
_MAX_DIGITS: Final = 18


class ResumableHandler(WritingHandler):
    """Takes files in parts.

    Attribute of the class: `upload_expiry_seconds`, after which an upload is removed to which
    nothing has come; a day, so that who lost the network in the evening goes on in the morning.

    In an `HTTPServer` a body is there as a whole before its request is answered, so that of one
    that breaks off nothing stays; clients there do well to send parts of some megabytes.
    """

    upload_expiry_seconds: float = 86400.0

    _methods_by_option: ClassVar[dict[str, str]] = {
        **WritingHandler._methods_by_option,
        "POST": "allows_upload",
        "PATCH": "allows_upload",
        "DELETE": "_answers_delete",
    }
    _cleaning: ClassVar[Cleaning] = Cleaning()

    def do_POST(self) -> None:
        """Begin an upload in a folder."""
        self._do()

    def do_PATCH(self) -> None:
        """Go on with an upload."""
        self._do()

    _preparations: ClassVar[dict[str, tuple[Callable[[Any], None], str]]] = {
        **WritingHandler._preparations,
        "POST": (do_POST, "prepare_post"),
        "PATCH": (do_PATCH, "prepare_patch"),
    }

    def do_HEAD(self) -> None:
        """Say how much of an upload is there; else as GET."""
        if self.allows_upload and self._has_upload_url():
            try:
                with refusing_failures_of_disk():
                    self._send_offset()
            except RefusedError as refusal:
                self.send_refusal(refusal)
        else:
            super().do_HEAD()

    def do_OPTIONS(self) -> None:
        """Say what can be done (RFC 9110 9.3.7), and of tus what there is."""
        fields: list[tuple[str, str]] = []
        if self.allows_upload:
            fields += [_RESUMABLE, ("Tus-Version", _VERSION), ("Tus-Extension", _EXTENSIONS)]
            if self.max_upload_bytes is not None:
                fields.append(("Tus-Max-Size", str(self.max_upload_bytes)))
        self._call_with(super().do_OPTIONS, fields)

    @property
    def _answers_options(self) -> bool:
        return self.allows_upload or super()._answers_options

    @property
    def _answers_delete(self) -> bool:
        return self.allows_upload or self.allows_delete

    def send_refusal(self, refusal: RefusedError) -> None:
        """Send a refusal; with the version, where the request is of tus."""
        if "Tus-Resumable" in self.headers:
            refusal = RefusedError(
                refusal.status, refusal.explanation, [*refusal.fields, _RESUMABLE]
            )
        super().send_refusal(refusal)

    # What the methods need first.

    def prepare_post(self) -> Callable[[], None]:
        """See what a POST asks for; return what does it."""
        if "Tus-Resumable" in self.headers:
            # For clients whose way lets no other methods pass.
            method = self.headers.get("X-HTTP-Method-Override", "POST").upper()
            if method == "PATCH":
                return self.prepare_patch()
            return self.prepare_delete() if method == "DELETE" else self._prepare_creation()
        self.require_permission(allowed=self.allows_upload)
        raise RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "This server takes no such content")

    def _prepare_creation(self) -> Callable[[], None]:
        self.require_permission(allowed=self.allows_upload)
        self._check_version()
        length = self._length_of_upload()
        target = self.target_in_folder(_name_of_file(self.headers.get("Upload-Metadata", "")))
        self.check_place(target)
        if shutil.disk_usage(target.folder).free < length:
            raise RefusedError(HTTPStatus.INSUFFICIENT_STORAGE, "There is no room for the file")
        has_content = self.headers.get_content_type() == _CONTENT_TYPE
        body = RequestBody(self, length if has_content else None)
        if not has_content and body.length != 0:
            raise RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"It must be {_CONTENT_TYPE}")

        def begin() -> None:
            with self.hold(target.folder) as folder:
                self._cleaning.clean(folder, self.upload_expiry_seconds)
                upload = create(folder, target.name, length)
                try:
                    upload = self._go_on(upload, body)
                except BaseException:
                    # The client will never know its URL.
                    upload.discard()
                    raise
            location = self._folder_url() + PREFIX + upload.token
            self._send_upload(HTTPStatus.CREATED, upload, [("Location", location)])

        return begin

    def prepare_patch(self) -> Callable[[], None]:
        """See whether an upload goes on here; return what takes its next part."""
        self.require_permission(allowed=self.allows_upload)
        if not self._has_upload_url():
            raise RefusedError(
                HTTPStatus.METHOD_NOT_ALLOWED, "Uploads alone have parts", self._allow_fields()
            )
        self._check_version()
        if self.headers.get_content_type() != _CONTENT_TYPE:
            raise RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"It must be {_CONTENT_TYPE}")
        offset = _parse_number(self.headers.get_all("Upload-Offset"), "Upload-Offset")
        target, token = self._upload_target()
        with self.hold(target.folder) as folder:
            upload = find(folder, token, self.upload_expiry_seconds)
        _check_offset(upload, offset)
        body = RequestBody(self, upload.length - offset)

        def append() -> None:
            with self.hold(target.folder) as folder:
                upload = find(folder, token, self.upload_expiry_seconds)
                _check_offset(upload, offset)
                upload = self._go_on(upload, body)
            self._send_upload(HTTPStatus.NO_CONTENT, upload)

        return append

    def prepare_delete(self) -> Callable[[], None]:
        """See whether an upload may be ended, or else what has the URL be removed."""
        if not self._has_upload_url():
            return super().prepare_delete()
        self.require_permission(allowed=self.allows_upload)
        self._check_version()
        target, token = self._upload_target()

        def end() -> None:
            with self.hold(target.folder) as folder:
                find(folder, token, self.upload_expiry_seconds).discard()
            self.send_nothing(HTTPStatus.NO_CONTENT, [_RESUMABLE])

        return end

    def clear_folder(self, path: str) -> None:
        """Remove what uploads that are over have left in a folder that is to be removed."""
        with contextlib.suppress(RefusedError, OSError), self.hold(path) as folder:
            remove_leftovers(folder, self.upload_expiry_seconds)

    def _go_on(self, upload: Upload, body: RequestBody) -> Upload:
        """Append what comes; place what is whole."""
        offset = upload.offset
        if offset < upload.length:
            offset = upload.append(body)
        if offset == upload.length and not upload.is_placed:
            upload.place(overwrites=self.may_overwrite())
        return upload._replace(offset=offset, modified=time.time())

    def _send_offset(self) -> None:
        self.require_writer()
        self._check_version()
        target, token = self._upload_target()
        with self.hold(target.folder) as folder:
            upload = find(folder, token, self.upload_expiry_seconds)
            if upload.offset == upload.length and not upload.is_placed:
                # Its name was taken when it was whole. That all is well may be said only once it
                # has it.
                upload.place(overwrites=self.allows_overwriting)
        fields = [("Upload-Length", str(upload.length)), ("Cache-Control", "no-store")]
        self._send_upload(HTTPStatus.OK, upload, fields)

    def _send_upload(
        self, status: HTTPStatus, upload: Upload, fields: Sequence[tuple[str, str]] = ()
    ) -> None:
        expires = self.date_time_string(upload.modified + self.upload_expiry_seconds)
        self.send_nothing(
            status,
            [
                _RESUMABLE,
                ("Upload-Offset", str(upload.offset)),
                ("Upload-Expires", expires),
                *fields,
            ],
        )

    def _check_version(self) -> None:
        if self.headers.get("Tus-Resumable") != _VERSION:
            raise RefusedError(
                HTTPStatus.PRECONDITION_FAILED,
                f"Uploads need Tus-Resumable: {_VERSION}",
                [("Tus-Version", _VERSION)],
            )

    def _length_of_upload(self) -> int:
        if "Upload-Concat" in self.headers or "Upload-Defer-Length" in self.headers:
            raise RefusedError(HTTPStatus.BAD_REQUEST, "This server has no such extension of tus")
        length = _parse_number(self.headers.get_all("Upload-Length"), "Upload-Length")
        if self.max_upload_bytes is not None and length > self.max_upload_bytes:
            raise RefusedError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"A file must not be larger than {self.max_upload_bytes} bytes",
            )
        return length

    # Folders and uploads by their URL.

    def target_in_folder(self, name: str) -> Target:
        """Return a new name in the folder that has the URL. Raises a `RefusedError`."""
        path, names = self.folder_of_url()
        return self.check_new(Target(path, name, [*names, name]))

    def folder_of_url(self) -> tuple[str, Sequence[str]]:
        """Return the folder that has the URL, and the names that lead to it.

        Raises a 404 `RefusedError`.
        """
        target = self.target()
        if target is None:
            path, names, is_hidden = self.directory, [], False
        else:
            path, names, is_hidden = target.path, list(target.names), self._is_hidden(target)
        if is_hidden or not self._served_folder.is_folder(path):
            raise RefusedError(HTTPStatus.NOT_FOUND, "There is no such folder")
        return path, names

    def _folder_url(self) -> str:
        """Return the URL of the folder that has the request's, a path that ends with a slash."""
        path = urllib.parse.quote(decode_path(self.path), errors="surrogatepass")
        return "/" + path.strip("/") + "/" if path.strip("/") else "/"

    def _has_upload_url(self) -> bool:
        return decode_path(self.path).rpartition("/")[2].startswith(PREFIX)

    def _upload_target(self) -> tuple[Target, str]:
        """Return the upload that has the URL, and its token. Raises a 404 `RefusedError`."""
        target = self.target()
        token = None if target is None else try_token_of(target.name)
        if target is None or token is None or self._is_hidden_folder(target):
            raise RefusedError(HTTPStatus.NOT_FOUND, "There is no such upload")
        return target, token

    def _is_hidden_folder(self, target: Target) -> bool:
        names = target.names[:-1]
        return bool(names) and self._is_hidden(Target("", names[-1], names))


def _check_offset(upload: Upload, offset: int) -> None:
    if upload.offset != offset:
        raise RefusedError(HTTPStatus.CONFLICT, "The upload is at another offset")


def _parse_number(values: list[str] | None, name: str) -> int:
    value = "" if values is None else values[0].strip()
    if values is None or len(values) != 1 or not _is_number(value):
        raise RefusedError(HTTPStatus.BAD_REQUEST, f"{name} must be one number of bytes")
    return int(value)


def _is_number(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS


def _name_of_file(metadata: str) -> str:
    """Return the name that Upload-Metadata gives. Raises a `RefusedError`.

    Clients call it ``filename``, some ``name``; the protocol leaves it to them.
    """
    found = {}
    if len(metadata) <= _MAX_METADATA_CHARACTERS:
        for pair in metadata.split(","):
            key, _, value = pair.strip().partition(" ")
            found[key] = value
    for key in ("filename", "name"):
        if key in found:
            try:
                return base64.b64decode(found[key], validate=True).decode()
            except ValueError:  # neither Base64 nor UTF-8, or not even ASCII
                break
    raise RefusedError(HTTPStatus.BAD_REQUEST, "Upload-Metadata must have a filename")
