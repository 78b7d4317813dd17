"""The methods of HTTP, and which of them a handler answers."""

from __future__ import annotations

from typing import Final

__all__ = ["allowed_methods", "is_standard_method"]

#: RFC 9110 9.3, and PATCH, RFC 5789.
_STANDARD: Final = (
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "CONNECT",
)


def is_standard_method(method: str | None) -> bool:
    """Tell whether every server knows the method, if only to refuse it (RFC 9110 9.1)."""
    return method in _STANDARD


def allowed_methods(handler: object) -> list[str]:
    """Return the methods for Allow (RFC 9110 10.2.1): those that the handler has a ``do_`` for."""
    found = {name[3:] for name in dir(handler) if name.startswith("do_") and name.isascii()}
    others = sorted(found.difference(_STANDARD))
    return [*(method for method in _STANDARD if method in found), *others]
