"""``self.headers`` of a program that was written for Python 2: ``mimetools.Message`` in part.

It is today's ``http.client.HTTPMessage`` with Python 2's methods and attributes added. What both
have answers as today: ``headers["X"]`` is ``None`` where there is no X (Python 2: ``KeyError``),
``get`` finds the first of several (Python 2: the last), and ``keys`` keeps the case of names
(Python 2: lower). Programs that try ``import BaseHTTPServer`` before ``http.server`` are as many as
those that know Python 2 only, and rely on that.
"""

import email.utils
import http.client
import re
from typing import Final, cast

__all__ = ["Message"]

_LINE_END: Final = re.compile(r"\r?\n")

#: What Python 2's strip() took away: of bytes, so that no byte of ISO-8859-1 is white space.
_SPACE: Final = " \t\n\r\x0b\x0c"


class Message(http.client.HTTPMessage):
    """The fields of a request, for programs that know them as Python 2's."""

    #: Why the fields ended early: a request whose fields do is refused.
    status = ""
    unixfrom = ""

    # As a dictionary: of several fields of one name, the last counts.

    @property
    def dict(self) -> dict[str, str]:
        """The fields by their names in lower case; a new dictionary each time."""
        return {name.lower(): _unfold(value) for name, value in self.items()}

    def has_key(self, name: str) -> bool:
        """Tell whether there is such a field."""
        return name in self

    def getheader(self, name: str, default: str | None = None) -> str | None:
        """Return the value of the last field of this name."""
        values = self.getheaders(name)
        return values[-1] if values else default

    def getheaders(self, name: str) -> list[str]:
        """Return the values of all fields of this name."""
        return [_unfold(value) for value in self.get_all(name, [])]

    # As lines.

    @property
    def headers(self) -> list[str]:
        """All lines, each with its end; a new list each time."""
        return [line for name, value in self.items() for line in _lines_of(name, value)]

    def getallmatchingheaders(self, name: str) -> list[str]:
        """Return the lines of all fields of this name."""
        return [
            line
            for own_name, value in self.items()
            if own_name.lower() == name.lower()
            for line in _lines_of(own_name, value)
        ]

    def getfirstmatchingheader(self, name: str) -> list[str]:
        """Return the lines of the first field of this name."""
        lines = self.getallmatchingheaders(name)
        ends = (at for at, line in enumerate(lines) if at and line[:1] not in " \t")
        return lines[: next(ends, None)]

    def getrawheader(self, name: str) -> str | None:
        """Return what stands behind the colon of the first field of this name, to its end."""
        lines = self.getfirstmatchingheader(name)
        return "".join(lines)[len(name) + 1 :] if lines else None

    # The media type.

    @property
    def typeheader(self) -> str | None:
        """The Content-Type field, or ``None``."""
        return self.getheader("content-type")

    @property
    def plisttext(self) -> str:
        """The parameters of the media type, from the first semicolon on."""
        _, semicolon, parameters = (self.typeheader or "").partition(";")
        return semicolon + parameters

    @property
    def type(self) -> str:
        """The media type without parameters, ``text/plain`` where there is none."""
        media_type = "text/plain" if self.typeheader is None else self.typeheader.partition(";")[0]
        return "/".join(part.strip().lower() for part in media_type.split("/"))

    @property
    def maintype(self) -> str:
        """The media type up to its slash."""
        return self.type.partition("/")[0]

    @property
    def subtype(self) -> str:
        """The media type behind its slash."""
        return self.type.partition("/")[2]

    @property
    def plist(self) -> list[str]:
        """The parameters of the media type, as ``name=value``."""
        return [_parameter(text) for text in self.plisttext.split(";")[1:]]

    @property
    def encodingheader(self) -> str | None:
        """The Content-Transfer-Encoding field, or ``None``."""
        return self.getheader("content-transfer-encoding")

    def gettype(self) -> str:
        """Return `type`."""
        return self.type

    def getmaintype(self) -> str:
        """Return `maintype`."""
        return self.maintype

    def getsubtype(self) -> str:
        """Return `subtype`."""
        return self.subtype

    def getplist(self) -> list[str]:
        """Return `plist`."""
        return self.plist

    def getparam(self, name: str) -> str | None:
        """Return a parameter of the media type, without quotes, or ``None``."""
        for parameter in self.plist:
            own_name, equals, value = parameter.partition("=")
            if equals and own_name == name.lower():
                return email.utils.unquote(value)
        return None

    def getparamnames(self) -> list[str]:
        """Return the names of the parameters of the media type."""
        return [text.partition("=")[0].lower() for text in self.plist if "=" in text]

    def getencoding(self) -> str:
        """Return the Content-Transfer-Encoding, ``7bit`` where there is none."""
        return "7bit" if self.encodingheader is None else self.encodingheader.lower()

    # Dates and addresses.

    def getdate(self, name: str) -> tuple[int, ...] | None:
        """Return a date field as a tuple for ``time.mktime``, or ``None``."""
        date = self.getdate_tz(name)
        return None if date is None else cast("tuple[int, ...]", date[:9])

    def getdate_tz(self, name: str) -> tuple[int | None, ...] | None:
        """Return a date field as a tuple with its offset from UTC, or ``None``."""
        date = email.utils.parsedate_tz(self.getheader(name) or "")
        # Python 2 says that there is no daylight saving time, not that it does not know.
        return None if date is None else (*date[:8], 0, date[9])

    def getaddrlist(self, name: str) -> list[tuple[str, str]]:
        """Return the addresses in all fields of this name."""
        return email.utils.getaddresses(self.getheaders(name))

    def getaddr(self, name: str) -> tuple[str | None, str | None]:
        """Return the first address in the fields of this name, or a pair of ``None``."""
        addresses = self.getaddrlist(name)
        return addresses[0] if addresses else (None, None)


def _unfold(value: str) -> str:
    """Return a value, perhaps of several lines, as Python 2 joined them."""
    return "\n ".join(line.strip(_SPACE) for line in _LINE_END.split(value)).strip(_SPACE)


def _lines_of(name: str, value: str) -> list[str]:
    first, *continued = _LINE_END.split(value)
    return [
        f"{name}: {first}\r\n" if first else f"{name}:\r\n",
        *(f"{line}\r\n" for line in continued),
    ]


def _parameter(text: str) -> str:
    name, equals, value = text.partition("=")
    return f"{name.strip().lower()}={value.strip()}" if equals else text.strip()
