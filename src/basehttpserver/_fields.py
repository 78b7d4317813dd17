"""The field lines of a request, as the ``headers`` of a handler.

fields_of_head    of a strict head: fields are looked up in its text
parse_fields      of any lines: taken apart at their colons, or by the parser of ``email``
has_none_of       whether it is worth looking for some
find_names        which of some there are

That parser must be ready for anything; for plain lines the others give the same. Three of twelve
fields of a browser, asked for once: 4 microseconds in the text, 14 taken apart, 34 by the parser
(CPython 3.11).
"""

import email.message
import email.parser
import email.policy
import http.client
import re
from collections.abc import Iterable
from typing import Any, Final

__all__ = ["fields_of_head", "find_names", "has_none_of", "parse_fields"]

#: Lines that the email parser reads as one field each: no continuation, no line without a name.
_PLAIN_LINES: Final = re.compile(r"(?:[!-9;-~]++:[^\r\n]*+\r\n)*+\r\n")

#: Content types by which the email parser looks for more than fields.
_WITH_PARTS: Final = re.compile(r"(?im)^content-type:[^\S\r\n]*(?:message|multipart)/")


#: By any other, what is found is more than the text.
_POLICY: Final = email.policy.compat32


class _HeadersOfText:
    """What `Message` keeps its fields in, made when something of `Message` asks for it."""

    def __get__(self, fields: Any, owner: type | None = None) -> Any:
        if fields is None:
            raise AttributeError("_headers")
        fields.__class__ = http.client.HTTPMessage
        fields._headers = _taken_apart(fields.__dict__.pop("_text")[1:])
        del fields._lowered
        return fields._headers


class RequestFields(http.client.HTTPMessage):
    """Fields that are looked up in the text of their head, for as long as nobody changes them.

    Once that is done, or anything else is asked, it is an `HTTPMessage` and nothing more.
    """

    _headers: Any = _HeadersOfText()

    def __init__(self, text: str, lowered: str) -> None:
        """Look into `text`: a line end, plain field lines, and the empty line behind them."""
        super().__init__()
        del self._headers
        self._text = text
        self._lowered = lowered
        self._payload = ""

    def get(self, name: str, failobj: Any = None) -> Any:
        """Return the value of the first field of this name, else `failobj`."""
        if not isinstance(name, str) or ":" in name or self.policy is not _POLICY:
            return super().get(name, failobj)
        line_start = f"\n{name.lower()}:"
        found = self._lowered.find(line_start)
        if found < 0:
            return failobj
        start = found + len(line_start)
        return self._text[start : self._text.index("\r", start)].lstrip(" \t")

    def get_all(self, name: str, failobj: Any = None) -> Any:
        """Return the values of all fields of this name, else `failobj`."""
        if not isinstance(name, str) or ":" in name or self.policy is not _POLICY:
            return super().get_all(name, failobj)
        line_start = f"\n{name.lower()}:"
        values = []
        found = self._lowered.find(line_start)
        while found >= 0:
            start = found + len(line_start)
            end = self._text.index("\r", start)
            values.append(self._text[start:end].lstrip(" \t"))
            found = self._lowered.find(line_start, end)
        return values or failobj

    def __contains__(self, name: object) -> bool:
        """Tell whether there is a field of this name."""
        if isinstance(name, str) and ":" not in name and self.policy is _POLICY:
            return f"\n{name.lower()}:" in self._lowered
        return bool(super().__contains__(name))  # type: ignore[operator,unused-ignore]


def fields_of_head(head: bytes) -> Any:
    """Make the ``headers`` of a head that keeps to the grammar to the letter."""
    text = head[head.index(b"\n") :].decode("iso-8859-1")
    lowered = text.lower()
    if "\ncontent-type:" in lowered and _WITH_PARTS.search(text):
        return email.parser.Parser(_class=http.client.HTTPMessage).parsestr(text[1:])
    return RequestFields(text, lowered)


def has_none_of(headers: Any, line_starts: Iterable[str]) -> bool:
    """Tell that no field's line begins so, where that can be told from the text.

    Each is a line feed, and then in lower case.
    """
    if type(headers) is not RequestFields:
        return False
    lowered = headers.__dict__.get("_lowered")
    return lowered is not None and not any(map(lowered.__contains__, line_starts))


def find_names(headers: Any, line_start: re.Pattern[str]) -> list[str]:
    """Return the names of the fields whose lines begin so, in lower case, perhaps repeatedly.

    The pattern is for a line feed, the name as its only group, and the colon.
    """
    lowered = headers.__dict__.get("_lowered") if type(headers) is RequestFields else None
    if lowered is None:
        lowered = "".join(f"\n{name}:" for name in map(str.lower, headers.keys()))
    return line_start.findall(lowered)


def _taken_apart(text: str) -> list[tuple[str, str]]:
    """Return names and values of plain lines, the last one empty."""
    fields = [line.partition(":") for line in text.split("\r\n")[:-2]]
    return [(name, value.lstrip(" \t")) for name, _, value in fields]


def parse_fields(block: bytes, message_class: Any) -> Any:
    """Make a message of `message_class` from field lines and the empty line behind them."""
    text = block.decode("iso-8859-1")
    if (
        not isinstance(message_class, type)
        or not issubclass(message_class, email.message.Message)
        or message_class.__init__ is not email.message.Message.__init__  # It has another policy.
        or not _PLAIN_LINES.fullmatch(text)
        or _WITH_PARTS.search(text)
    ):
        return email.parser.Parser(_class=message_class).parsestr(text)
    message = message_class()
    for name, value in _taken_apart(text):
        message.set_raw(name, value)
    message.set_payload("")
    return message
