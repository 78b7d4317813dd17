"""Who may read, and who may write: the Basic scheme of authentication (RFC 7617)."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from basehttpserver._sharing.answers import RefusingHandler
from basehttpserver._sharing.credentials import try_parse_credentials
from basehttpserver._sharing.reading import SAFE_METHODS
from basehttpserver._sharing.refusal import RefusedError

if TYPE_CHECKING:
    from basehttpserver._sharing.credentials import Users

__all__ = ["AuthorizedHandler"]


class AuthorizedHandler(RefusingHandler):
    """Lets users in, and nobody else, before anything is told about a path.

    But for what a browser asks without a password, whether a script of another site may send one
    (Fetch 4.8), where such scripts may read: that is the same for all paths.

    It asks behind `parse_request`, for every method: a subclass that adds one need not think of it.
    401 is also the answer to a user who may read and wants to write: a browser then asks
    for another name, which it would not after 403.

    Attributes of the class:

    * `readers`: who may read; None: everybody;
    * `writers`: who may change something, and read; None: whoever may read;
    * `realm`: what a browser shows when it asks for name and password.
    """

    readers: Users | None = None
    writers: Users | None = None
    realm: str = "shared files"

    #: By whom the request is, for logs; None where nobody was asked, or was wrong.
    remote_user: str | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take the arguments of `SimpleHTTPRequestHandler`; see whether anybody is to be asked for.

        Attributes that an instance has of its own must be there before.
        """
        if self.readers is not None or self.writers is not None:
            # Here, and not by an override: where there is none, a request costs a sixth less.
            self.parse_request = self._parse_and_let_in  # type: ignore[method-assign]
        super().__init__(*args, **kwargs)

    def _parse_and_let_in(self) -> bool:
        self.remote_user = None
        return type(self).parse_request(self) and self._lets_in(self._user_groups())

    def handle_expect_100(self) -> bool:
        """Send 100 to those who are let in; others get their answer and send no body."""
        return self._lets_in(self._user_groups()) and super().handle_expect_100()

    def require_writer(self) -> None:
        """Raise a 401 `RefusedError` unless the request's sender may change something.

        For methods that are safe by their name, but belong to writing.
        """
        if self.writers is not None:
            self._require((self.writers,))

    def _user_groups(self) -> tuple[Users, ...]:
        """Return those of whom one must know the sender; none: everybody is let in."""
        if self.is_preflight():
            return ()
        if self.command not in SAFE_METHODS and self.writers is not None:
            return (self.writers,)
        if self.readers is None:
            return ()
        return (self.readers,) if self.writers is None else (self.readers, self.writers)

    def _lets_in(self, groups: tuple[Users, ...]) -> bool:
        try:
            if groups:
                self._require(groups)
        except RefusedError as refusal:
            self.send_refusal(refusal)
            return False
        return True

    def _require(self, groups: tuple[Users, ...]) -> None:
        values = self.headers.get_all("Authorization", ())
        credentials = try_parse_credentials(values[0]) if len(values) == 1 else None
        if credentials is None or not any(users.has(credentials) for users in groups):
            raise RefusedError(
                HTTPStatus.UNAUTHORIZED,
                "Name and password are needed",
                [("WWW-Authenticate", f'Basic realm={_quote(self.realm)}, charset="UTF-8"')],
            )
        self.remote_user = credentials.user


def _quote(text: str) -> str:
    """Return a quoted-string (RFC 9110 5.6.4); the field has no charset for what is not ASCII."""
    ascii_text = text.encode("ascii", "replace").decode()
    return '"' + ascii_text.replace("\\", "\\\\").replace('"', '\\"') + '"'
