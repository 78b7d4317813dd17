"""A row of the catalogue: one class of attack that has broken a real server."""

import re
from dataclasses import dataclass

from tests.hostile.attacks import ATTACKS

__all__ = ["Row"]


@dataclass(frozen=True)
class Row:
    """What comes and what we do, in plain sentences; and the tests that show it."""

    #: What its tests are called, so that ``pytest -k`` finds them.
    name: str
    what_comes: str
    what_we_do: str
    #: The sections that say so, such as ``9112 6.1``, with a comma between them.
    rfc: str = ""
    #: The setting that relaxes it, or says how much is too much.
    setting: str = ""
    #: A pattern for the names of its attacks, which test_over_the_wire.py sends to every kind of
    #: server.
    attack_names: str = ""
    #: What shows it, or the rest of it: ``folder/file.py::test``, or ``…::Class::test``.
    tests: tuple[str, ...] = ()

    @property
    def attacks(self):
        """Its attacks by name."""
        pattern = re.compile(self.attack_names)
        return {name: attack for name, attack in ATTACKS.items() if pattern.fullmatch(name)}

    @property
    def test_id(self):
        """Its name and its sections, as the name of a test can have them."""
        return f"{self.name}-rfc{re.sub('[ ,]+', '_', self.rfc)}" if self.rfc else self.name
