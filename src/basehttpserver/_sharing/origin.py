"""Whether the page of another site may have sent a request that changes something.

    is_of_another_site   its fields say so
    has_local_name       it asks for a name that no other site can have

A browser sends such requests for any page: by a form, or by a script that cannot read the answer.
It adds the name and password that it has stored, and it reaches servers that only this machine or
this network reaches. So where a browser says for whom it asks, that must be a page of ours:

* ``Sec-Fetch-Site`` (Fetch Metadata; all browsers since 2023, on HTTPS and on this machine) must be
  ``same-origin``, or ``none``: the user has typed it. ``same-site`` is another host's page, or
  another port's;
* else ``Origin`` (RFC 6454; sent with every POST, PUT, PATCH and DELETE of a page) must name the
  authority that ``Host`` names. The scheme is left out: behind a proxy that ends TLS it is another.

A page with the referrer policy ``no-referrer`` sends ``Origin: null`` with its forms, also to its
own server: ours must not have that policy, or forms fail where the first field is missing.

Neither is there where no browser asks (curl), and nobody can make a browser leave both out.
What this cannot tell: a name of the other site that leads to this server (DNS rebinding), since
then both name the same. Users and passwords help against that; a browser has none for that name.
So does taking requests for addresses and ``localhost`` alone, where nobody asks by another name.
"""

from __future__ import annotations

import ipaddress
import re
import urllib.parse
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from email.message import Message

__all__ = ["has_local_name", "is_of_another_site"]

_OURS: Final = ("same-origin", "none")
_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}
#: RFC 9110 4.2.1, in brackets an IPv6 address.
_HOST_AND_PORT: Final = re.compile(r"(?:\[([^\[\]]*)\]|([^\[\]:]*))(?::[0-9]*)?")


def is_of_another_site(headers: Message) -> bool:
    """Tell whether the fields of a request say that another site's page has sent it."""
    sites = headers.get_all("Sec-Fetch-Site")
    if sites:
        return any(site.strip().lower() not in _OURS for site in sites)
    origins = headers.get_all("Origin")
    if not origins:
        return False
    hosts = headers.get_all("Host", ())
    return len(origins) != 1 or len(hosts) != 1 or not _is_same(origins[0].strip(), hosts[0])


def has_local_name(headers: Message) -> bool:
    """Tell whether ``Host`` is an address, ``localhost`` or a name below it (RFC 6761 6.3).

    So it is without any: a browser always sends one.
    """
    return all(_is_local(host.strip()) for host in headers.get_all("Host", ()))


def _is_local(host: str) -> bool:
    found = _HOST_AND_PORT.fullmatch(host)
    if found is None:
        return False
    name = found[1] or found[2]
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return re.fullmatch(r"(?:.*\.)?localhost\.?", name, re.IGNORECASE) is not None
    return True


def _is_same(origin: str, host: str) -> bool:
    """Compare a serialised origin (RFC 6454 6.2) with a host and port (RFC 9110 7.2)."""
    try:
        scheme, authority, path, query, fragment = urllib.parse.urlsplit(origin)
    except ValueError:
        return False
    if not authority or path or query or fragment:
        return False  # "null", and what is no origin
    port = _DEFAULT_PORTS.get(scheme, "")
    wanted = authority.lower().removesuffix(port)
    return wanted == host.strip().lower().removesuffix(port)
