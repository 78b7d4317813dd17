"""Follows a response that a handler writes byte by byte, without ``send_response``.

It passes untouched. But only where it is one whole response, with an end that a client can find,
may the next one stand behind it.
"""

from typing import Final

from basehttpserver._http1.response import ResponseEncoder

__all__ = ["RawResponse"]

#: Behind a longer head the connection closes. As `Settings.max_head_bytes`, the other way.
MAX_HEAD_BYTES: Final = 131072


class RawResponse:
    """What a handler wrote in answer to a request of `method`, as a client reads it."""

    def __init__(self, method: str, client_version: tuple[int, int]) -> None:
        """Begin with nothing written."""
        self._method = method
        self._head = bytearray()
        # What the bytes would be, had the handler given them as a head and a body.
        self._reading = ResponseEncoder(method, client_version)
        self._is_out_of_step = False

    def follow(self, piece: bytes) -> None:
        """Take what the handler wrote next."""
        if self._is_out_of_step:
            return
        if not self._reading.has_response:
            piece = self._follow_heads(piece)
        if piece and not self._is_out_of_step:
            self._is_out_of_step = self._method == "HEAD"
            self._reading.send_body(piece)
            self._reading.take()

    def lose_track(self) -> None:
        """Take note that the handler sent what nobody saw."""
        self._is_out_of_step = True

    def _follow_heads(self, piece: bytes) -> bytes:
        """Read interim heads and the final one; return what of `piece` is behind them."""
        searched = max(0, len(self._head) - 3)
        self._head += piece
        while (end := self._head.find(b"\r\n\r\n", searched) + 4) > 3:
            self._reading.send_head(bytes(self._head[:end]), keeps_alive=True, is_last=False)
            ends_by_itself = self._reading.ends_by_itself
            self._reading.take()
            del self._head[:end]
            searched = 0
            if self._reading.has_response:
                self._is_out_of_step = not ends_by_itself
                rest, self._head = bytes(self._head), bytearray()
                return rest
        self._is_out_of_step = len(self._head) > MAX_HEAD_BYTES
        return b""

    def is_whole(self) -> bool:
        """Tell, at the end, whether this was exactly one response."""
        self._reading.take(last=True)
        return (
            self._reading.has_response
            and not self._is_out_of_step
            and not self._reading.must_close
            and not self._reading.complaints
        )
