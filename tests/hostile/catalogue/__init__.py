"""The catalogue of hostile and broken clients: what comes, and what we do.

docs/reference/http-behaviour.md is rendered from it by tests/docs/render_http_behaviour.py.
"""

from tests.hostile.catalogue.clients import CLIENTS
from tests.hostile.catalogue.faults import FAULTS
from tests.hostile.catalogue.files import FILES
from tests.hostile.catalogue.framing import FRAMING
from tests.hostile.catalogue.heads import HEADS
from tests.hostile.catalogue.responses import RESPONSES

__all__ = ["ROWS", "SECTIONS"]

#: The rows, by the headings that the page has.
SECTIONS = {
    "Where a request ends": FRAMING,
    "Request line, target, Host": HEADS,
    "What we send": RESPONSES,
    "Files": FILES,
    "Slow, many, gone": CLIENTS,
    "Faults of the machine and of handlers": FAULTS,
}

ROWS = [row for rows in SECTIONS.values() for row in rows]
