"""Refusals, sent as the error pages of the handler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from basehttpserver.files import SimpleHTTPRequestHandler

if TYPE_CHECKING:
    from collections.abc import Sequence

    from basehttpserver._sharing.refusal import RefusedError

__all__ = ["RefusingHandler"]


class RefusingHandler(SimpleHTTPRequestHandler):
    """Sends a `RefusedError` by ``send_error``, which programs override, with fields of its own."""

    #: What the next head has besides.
    _fields_to_add: Sequence[tuple[str, str]] = ()

    def send_refusal(self, refusal: RefusedError) -> None:
        """Send what a `RefusedError` says, and close the connection."""
        self._fields_to_add = refusal.fields
        self.send_error(refusal.status, explain=refusal.explanation)

    def end_headers(self) -> None:
        """End the head, with the fields of a refusal."""
        fields, self._fields_to_add = self._fields_to_add, ()
        for name, value in fields:
            self.send_header(name, value)
        super().end_headers()
