"""Forms, for people whose browser runs no script: multipart/form-data (RFC 7578), by a library.

    <form method="post" enctype="multipart/form-data">
      <input type="file" name="file" multiple>      every part that has a file name is a file
      <input name="mkdir">                          the name of a new folder

Files go to the disk while they come. Those that came before something is refused stay.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, Final

from basehttpserver._sharing.body import RequestBody, limited
from basehttpserver._sharing.incoming_file import IncomingFile
from basehttpserver._sharing.refusal import RefusedError
from basehttpserver._sharing.tus import ResumableHandler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["FormHandler", "has_form_parser"]

#: More files than anybody chooses by hand; a part of nothing costs a client 60 bytes.
_MAX_PARTS: Final = 1000
_MAX_FIELD_BYTES: Final = 1024

#: RFC 2046 5.1.1. Each block is searched for it together with what the last one left.
_BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")

#: `email` takes time that is quadratic in the semicolons between quotes: 30,000 characters of them
#: take 1.5 s. What browsers send has a boundary of 70 characters at most, and nothing else.
_MAX_CONTENT_TYPE_CHARACTERS: Final = 1024

#: In a form: the field for the name of a new folder.
_MKDIR: Final = "mkdir"


def has_form_parser() -> bool:
    """Tell whether forms can be taken: the extra ``forms`` is installed."""
    try:
        # python-multipart once had this name, too.
        from multipart import PushMultipartParser  # noqa: F401
    except ImportError:
        return False
    return True


class FormHandler(ResumableHandler):
    """Takes files, and the names of folders, from forms."""

    _methods_by_option: ClassVar[dict[str, str]] = {
        **ResumableHandler._methods_by_option,
        "POST": "_answers_post",
    }

    @property
    def _answers_post(self) -> bool:
        return self.allows_upload or self.allows_mkdir

    def prepare_post(self) -> Callable[[], None]:
        """See what a POST asks for; return what does it."""
        if self.headers.get_content_type() != "multipart/form-data":
            return super().prepare_post()
        self.require_permission(allowed=self.allows_upload or self.allows_mkdir)
        if len(self.headers["Content-Type"]) > _MAX_CONTENT_TYPE_CHARACTERS:
            raise RefusedError(HTTPStatus.BAD_REQUEST, "The form has no good boundary")
        parser = _make_parser(self.headers.get_boundary())
        self.folder_of_url()
        events = _events(parser, RequestBody(self))

        def take() -> None:
            for part in events:
                # Up to the end of the part, which is None.
                self._take_part(part, iter(events.__next__, None))
            # RFC 9110 15.4.4: a browser shows the folder, and reloading that sends no form again.
            self.send_nothing(HTTPStatus.SEE_OTHER, [("Location", self._folder_url())])

        return take

    def _take_part(self, part: Any, blocks: Iterator[bytes]) -> None:
        if part.filename:
            self.require_permission(allowed=self.allows_upload)
            target = self.target_in_folder(part.filename)
            self.check_place(target)
            with self.hold(target.folder) as folder, IncomingFile(folder) as file:
                file.write(limited(blocks, self.max_upload_bytes))
                file.place(target.name, overwrites=self.may_overwrite())
            return
        value = b"".join(limited(blocks, _MAX_FIELD_BYTES))
        if part.name == _MKDIR and value:
            self.require_permission(allowed=self.allows_mkdir)
            try:
                name = value.decode()
            except UnicodeDecodeError as error:
                raise RefusedError(HTTPStatus.BAD_REQUEST, "A name must be UTF-8") from error
            self.make_folder(self.target_in_folder(name))


def _make_parser(boundary: str | None) -> Any:
    if not has_form_parser():
        raise RefusedError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "This server takes no forms: it has no library"
        )
    from multipart import PushMultipartParser

    if boundary is None or _BOUNDARY.fullmatch(boundary) is None:
        raise RefusedError(HTTPStatus.BAD_REQUEST, "The form has no good boundary")
    return PushMultipartParser(boundary, max_segment_count=_MAX_PARTS)


def _events(parser: Any, body: RequestBody) -> Iterator[Any]:
    """Yield parts, the blocks of each, and None at its end. Raises a `RefusedError`."""
    from multipart import MultipartError, ParserLimitReached

    try:
        for block in body:
            yield from parser.parse(block)
        parser.close()
    except ParserLimitReached as error:
        status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        raise RefusedError(status, "The form has too many parts, or too large ones") from error
    except MultipartError as error:
        raise RefusedError(HTTPStatus.BAD_REQUEST, "The form is malformed") from error
