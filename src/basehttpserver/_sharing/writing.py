"""Requests that change what is in the folder, and what each of them needs first.

    PUT a file            its content is the body, as of ``curl -T``
    MKCOL a folder        makes it (RFC 4918 9.3)
    DELETE either         removes it
    POST to a folder      a form without a script (`forms`), or the begin of a resumable upload
    PATCH an upload       goes on with it; HEAD and DELETE belong to it, too (`tus`)

Every request is looked at twice where its client waits for 100 (Continue): before that is sent, so
that the body of what is refused never comes, and when it is done.

    handle_expect_100, do_*
      prepare_*           raises a RefusedError, or returns what does it
        the sender, whether that is allowed at all, another site's page, names, conditions, size
      the body is read, then the answer is sent
"""

from __future__ import annotations

import contextlib
import functools
import os
import stat
import time
import urllib.parse
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

from basehttpserver._files.paths import decode_path
from basehttpserver._files.preconditions import conditional_fields, evaluate
from basehttpserver._files.validators import validators_of
from basehttpserver._sharing.authority import AuthorizedHandler
from basehttpserver._sharing.body import RequestBody
from basehttpserver._sharing.incoming_file import IncomingFile
from basehttpserver._sharing.names import check_name
from basehttpserver._sharing.origin import has_local_name, is_of_another_site
from basehttpserver._sharing.refusal import RefusedError, refusing_failures_of_disk
from basehttpserver._sharing.removing import remove
from basehttpserver._sharing.visibility import Visibility

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from basehttpserver._files.served_folder import HeldFolder

__all__ = ["Target", "WritingHandler"]

_OTHER_NAME: Final = "Only who asks for localhost or an address may change something here"

#: Nothing is made below so many folders, one in the other. To come to each of them all above it are
#: opened, so that what goes through a chain of thousands (an archive, the removal of a tree) takes
#: time that is quadratic in them, or a descriptor and a call on the stack for each.
_MAX_FOLDERS_ABOVE: Final = 100


class Target(NamedTuple):
    """A name in a folder."""

    #: The local path of the folder.
    folder: str
    name: str
    #: The names that lead to it from the served folder, `name` the last.
    names: Sequence[str]

    @property
    def path(self) -> str:
        """Its own local path."""
        return os.path.join(self.folder, self.name)


class WritingHandler(AuthorizedHandler):
    """Answers PUT, MKCOL and DELETE.

    Attributes of the class; without a change nothing can be changed by any request:

    * `allows_upload`: take files, and never in the place of others;
    * `allows_overwriting`: … but in the place of others, too;
    * `allows_mkdir`: make folders;
    * `allows_delete`: remove files, links and empty folders;
    * `allows_delete_of_trees`: … and folders with all that is in them;
    * `max_upload_bytes`: how large one file may be; None: as large as there is room for;
    * `requires_local_name`: change something only where ``Host`` is ``localhost`` or an address:
      for a server that only this machine reaches, where a name may be that of a site of others.
    """

    allows_upload: bool = False
    allows_overwriting: bool = False
    allows_mkdir: bool = False
    allows_delete: bool = False
    allows_delete_of_trees: bool = False
    max_upload_bytes: int | None = None
    requires_local_name: bool = False

    _methods_by_option: ClassVar[dict[str, str]] = {
        **AuthorizedHandler._methods_by_option,
        "PUT": "allows_upload",
        "MKCOL": "allows_mkdir",
        "DELETE": "allows_delete",
    }

    # The methods.

    def do_PUT(self) -> None:
        """Take a file."""
        self._do()

    def do_MKCOL(self) -> None:
        """Make a folder (RFC 4918 9.3)."""
        self._do()

    def do_DELETE(self) -> None:
        """Remove what has the URL."""
        self._do()

    #: By method: what answers it here, and the name of the method that prepares that.
    _preparations: ClassVar[dict[str, tuple[Callable[[Any], None], str]]] = {
        "PUT": (do_PUT, "prepare_put"),
        "MKCOL": (do_MKCOL, "prepare_mkcol"),
        "DELETE": (do_DELETE, "prepare_delete"),
    }

    def handle_expect_100(self) -> bool:
        """Send 100 only where the request would be done; else the answer, and no body comes."""
        if not self._lets_in(self._user_groups()):
            return False
        if self._is_answered_here():
            try:
                with refusing_failures_of_disk():
                    self._prepare()
            except RefusedError as refusal:
                self.send_refusal(refusal)
                return False
        return super().handle_expect_100()

    def _is_answered_here(self) -> bool:
        """Tell whether the request's method is one of these, and no override of it."""
        method = self.command or ""
        own = self._preparations.get(method)
        return own is not None and own[0] is getattr(type(self), f"do_{method}")

    def _do(self) -> None:
        try:
            with refusing_failures_of_disk():
                answer = self._prepare()
                answer()
        except RefusedError as refusal:
            self.send_refusal(refusal)

    def _prepare(self) -> Callable[[], None]:
        prepare: Callable[[], Callable[[], None]] = getattr(
            self, self._preparations[self.command or ""][1]
        )
        return prepare()

    def prepare_put(self) -> Callable[[], None]:
        """See whether a file may be put there; return what puts it there."""
        self.require_permission(allowed=self.allows_upload)
        if "Content-Range" in self.headers:
            # RFC 9110 14.5: a part taken for the whole would destroy it.
            raise RefusedError(HTTPStatus.BAD_REQUEST, "A part of a file cannot be put")
        target = self.new_target()
        self.check_place(target)
        body = RequestBody(self, self.max_upload_bytes)

        def put() -> None:
            with self.hold(target.folder) as folder, IncomingFile(folder) as file:
                file.write(body)
                former = self._check_conditions(folder, target.name)
                file.place(target.name, overwrites=self.may_overwrite())
            self.send_nothing(HTTPStatus.CREATED if former is None else HTTPStatus.NO_CONTENT)

        return put

    def prepare_mkcol(self) -> Callable[[], None]:
        """See whether a folder may be made there; return what makes it."""
        self.require_permission(allowed=self.allows_mkdir)
        if RequestBody(self).length != 0:
            # RFC 4918 9.3: a body may ask for more than a plain folder.
            raise RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "There must be no body")
        target = self.new_target()
        with self.hold(target.folder) as folder:
            if _try_status(folder, target.name) is not None:
                # RFC 4918 9.3.1.
                raise RefusedError(
                    HTTPStatus.METHOD_NOT_ALLOWED, "The name is taken", self._allow_fields()
                )

        def make() -> None:
            self.make_folder(target)
            self.send_nothing(HTTPStatus.CREATED)

        return make

    def prepare_delete(self) -> Callable[[], None]:
        """See whether that may be removed; return what removes it."""
        self.require_permission(allowed=self.allows_delete)
        target = self.target()
        if target is None:
            raise RefusedError(HTTPStatus.FORBIDDEN, "The folder that is shared stays")
        if self._is_hidden(target) or not self._served_folder.has(target.path):
            raise RefusedError(HTTPStatus.NOT_FOUND, "There is nothing of this name")

        def delete() -> None:
            with self.hold(target.folder) as folder:
                status = self._check_conditions(folder, target.name)
                if status is not None and stat.S_ISDIR(status.st_mode):
                    self.clear_folder(target.path)
                remove(folder, target.name, with_content=self.allows_delete_of_trees)
            self.send_nothing(HTTPStatus.NO_CONTENT)

        return delete

    # What they have in common.

    def require_permission(self, *, allowed: bool) -> None:
        """Raise a `RefusedError` unless the sender may change something, and the server lets it.

        401 before 405 and 403: who is not let in is told nothing.
        """
        self.require_writer()
        if not allowed:
            raise RefusedError(
                HTTPStatus.METHOD_NOT_ALLOWED, "This server does not do that", self._allow_fields()
            )
        if is_of_another_site(self.headers):
            raise RefusedError(HTTPStatus.FORBIDDEN, "The page of another site has asked for this")
        if self.requires_local_name and not has_local_name(self.headers):
            # Whoever runs the server is on this machine, too: the page of a folder only says no.
            self.log_error("%s", _OTHER_NAME)
            raise RefusedError(HTTPStatus.FORBIDDEN, _OTHER_NAME)

    def _allow_fields(self) -> list[tuple[str, str]]:
        return [("Allow", ", ".join(self._allowed_methods()))]

    def target(self) -> Target | None:
        """Return what the request target names; None for the served folder itself."""
        path = self.translate_path(self.path)
        relative = os.path.relpath(path, self.directory or os.curdir)
        names = [] if relative == os.curdir else relative.split(os.sep)
        if not names:
            return None
        folder = os.path.join(self.directory or os.curdir, *names[:-1])
        return Target(folder, names[-1], names)

    def new_target(self) -> Target:
        """Return the same for something that is to be made. Raises a `RefusedError`."""
        path = urllib.parse.urlsplit(self.path).path
        try:
            urllib.parse.unquote_to_bytes(path).decode()
        except UnicodeDecodeError as error:
            raise RefusedError(HTTPStatus.BAD_REQUEST, "A name must be UTF-8") from error
        if decode_path(self.path).endswith("/") and self.command != "MKCOL":
            raise RefusedError(HTTPStatus.CONFLICT, "This is a folder's URL")
        target = self.target()
        if target is None:
            raise RefusedError(HTTPStatus.CONFLICT, "The name is taken")
        return self.check_new(target)

    def check_new(self, target: Target) -> Target:
        """Return `target` where it can be made. Raises a `RefusedError`."""
        check_name(target.name)
        if len(target.names) - 1 > _MAX_FOLDERS_ABOVE:
            raise RefusedError(HTTPStatus.FORBIDDEN, "There are too many folders above it")
        if self._is_hidden(target):
            raise RefusedError(HTTPStatus.FORBIDDEN, "Such names are hidden here")
        if not self.allows_overwriting and self._has_shadow(target):
            raise RefusedError(HTTPStatus.CONFLICT, "The name is taken")
        return target

    def _has_shadow(self, target: Target) -> bool:
        """Tell whether what has this name would be seen in the place of a file that has another.

        Those are what `pretty_urls` finds, and index pages that come behind it.
        """
        name = target.name.casefold()
        pages = [page.casefold() for page in self.index_pages]
        behind = self.index_pages[pages.index(name) + 1 :] if name in pages else ()
        names = [target.name + ".html", *behind] if self.pretty_urls else behind
        return any(self._served_folder.is_file(os.path.join(target.folder, each)) for each in names)

    def check_place(self, target: Target) -> None:
        """Raise a `RefusedError` where a file may not be put, as things are now."""
        with self.hold(target.folder) as folder:
            status = self._check_conditions(folder, target.name)
        if status is not None and not self.allows_overwriting:
            raise RefusedError(HTTPStatus.CONFLICT, "The name is taken")
        if status is not None and stat.S_ISDIR(status.st_mode):
            raise RefusedError(HTTPStatus.CONFLICT, "The name is a folder's")

    def make_folder(self, target: Target) -> None:
        """Make a folder; its mode is by the umask. Raises OSError and a `RefusedError`."""
        with self.hold(target.folder) as folder:
            os.mkdir(folder.at(target.name), dir_fd=folder.descriptor)

    def clear_folder(self, path: str) -> None:
        """Remove what we have left in a folder that is to be removed, and nobody sees there."""

    def may_overwrite(self) -> bool:
        """Tell whether a file may take the place of another, by our rule and by the request."""
        values = self.headers.get_all("If-None-Match", ())
        return self.allows_overwriting and "*" not in [value.strip() for value in values]

    @contextlib.contextmanager
    def hold(self, path: str) -> Iterator[HeldFolder]:
        """Hold a folder. Raises OSError, and a 409 `RefusedError` where no path can be that."""
        with contextlib.ExitStack() as stack:
            try:
                folder = stack.enter_context(self._served_folder.hold_folder(path))
            except ValueError as error:
                raise RefusedError(HTTPStatus.CONFLICT, "There is no such folder") from error
            yield folder

    def send_nothing(self, status: HTTPStatus, fields: Sequence[tuple[str, str]] = ()) -> None:
        """Send an answer without content."""
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        if status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", "0")
        self.end_headers()

    def _is_hidden(self, target: Target) -> bool:
        visibility = _visibility(tuple(self.hide), bool(self.dotfiles))
        return visibility.hides(target.names)

    def _check_conditions(self, folder: HeldFolder, name: str) -> os.stat_result | None:
        """Return the status of what has a name now.

        Raises a 412 `RefusedError` where a condition of the request is false (RFC 9110 13).
        """
        status = _try_status(folder, name)
        fields = conditional_fields(self.headers)
        if status is None:
            is_false = "if-match" in fields
        else:
            current = validators_of(status, time.time())
            is_false = evaluate(fields, self.command or "", current) is not None
        if is_false:
            raise RefusedError(HTTPStatus.PRECONDITION_FAILED, "It is not as the request expects")
        return status


@functools.lru_cache(16)
def _visibility(globs: tuple[str, ...], shows_dotfiles: bool) -> Visibility:
    return Visibility(globs, shows_dotfiles=shows_dotfiles)


def _try_status(folder: HeldFolder, name: str) -> os.stat_result | None:
    try:
        return os.stat(folder.at(name), dir_fd=folder.descriptor, follow_symlinks=False)
    except FileNotFoundError:
        return None
