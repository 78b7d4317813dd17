"""Refusals, sent as the error pages of the handler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from basehttpserver._sharing.reading import ReadingHandler

if TYPE_CHECKING:
    from basehttpserver._sharing.refusal import RefusedError

__all__ = ["RefusingHandler"]


class RefusingHandler(ReadingHandler):
    """Sends a `RefusedError` by ``send_error``, which programs override, with its own fields."""

    def send_refusal(self, refusal: RefusedError) -> None:
        """Send what a `RefusedError` says, and close the connection."""

        def send() -> None:
            self.send_error(refusal.status, explain=refusal.explanation)

        self._call_with(send, refusal.fields)
