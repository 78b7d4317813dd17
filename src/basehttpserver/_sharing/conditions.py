"""Conditions of a request that changes a file: If-Match and If-None-Match (RFC 9110 13.1)."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from basehttpserver._sharing.refusal import RefusedError

if TYPE_CHECKING:
    from email.message import Message

__all__ = ["check_conditions"]

#: RFC 9110 8.8.3.
_TAG: Final = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')


def check_conditions(headers: Message, tag: str | None, *, exists: bool) -> None:
    """Raise a 412 `RefusedError` where a condition is false.

    `tag` is the entity tag of what is there now; None where it has none, or nothing is there.
    """
    wanted = headers.get_all("If-Match")
    if wanted is not None and not _matches(wanted, tag, exists=exists, is_strong=True):
        raise RefusedError(HTTPStatus.PRECONDITION_FAILED, "The file is not as it was")
    unwanted = headers.get_all("If-None-Match")
    if unwanted is not None and _matches(unwanted, tag, exists=exists, is_strong=False):
        raise RefusedError(HTTPStatus.PRECONDITION_FAILED, "The file is there already")


def _matches(values: list[str], tag: str | None, *, exists: bool, is_strong: bool) -> bool:
    """Compare as RFC 9110 8.8.3.2 has it."""
    value = ", ".join(values).strip()
    if value == "*":
        return exists
    if tag is None:
        return False
    tags = _TAG.findall(value)
    if is_strong:
        return tag in tags and not tag.startswith("W/")
    return tag.removeprefix("W/") in [each.removeprefix("W/") for each in tags]
