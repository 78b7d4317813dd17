"""Content-Disposition: under which name a browser stores what it gets (RFC 6266)."""

from __future__ import annotations

import re
import urllib.parse
from typing import Final

__all__ = ["attachment"]

#: What no browser and no file system takes for anything else.
_NOT_PLAIN: Final = re.compile(r"[^A-Za-z0-9 ._()+-]")

#: RFC 8187 3.2.1, but for letters and digits, which `quote` always leaves.
_ATTRIBUTE_CHARACTERS: Final = "!#$&+-.^_`|~"

_MAX_CHARACTERS: Final = 200


def attachment(name: str) -> str:
    """Return the value that lets a browser store the content as `name`, whatever that is.

    All that is not plain becomes an underscore in ``filename``, for clients that know only that;
    ``filename*`` has the name in UTF-8. Neither can have a quote, a line end or a path in it.
    """
    name = name.replace("/", "_").replace("\\", "_")[-_MAX_CHARACTERS:]
    plain = _NOT_PLAIN.sub("_", name)
    encoded = urllib.parse.quote(name, safe=_ATTRIBUTE_CHARACTERS, errors="replace")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"
