"""Every attack by bytes, sent to every kind of server over a real socket.

Each gets the right status and the right close: its answer can be read although it was sending
still, nothing behind it is read, the end is clean. The log has lines for it, escaped and bounded,
and no traceback. Nothing of it is left, and the next client is served.
"""

import contextlib

import pytest

from tests.hostile.catalogue import ROWS
from tests.hostile.victims import KINDS, LOG_LINE, Victims, complaint_about, launch
from tests.running import eventually


@pytest.fixture(scope="module")
def victims(authority):
    with Victims(authority) as started:
        yield started


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize(
    "row", [pytest.param(row, id=row.test_id) for row in ROWS if row.attack_names]
)
def test_attack(victims, row, kind, capsys):
    attacks = row.attacks
    with contextlib.ExitStack() as stack:
        clients = {name: stack.enter_context(victims.connect(kind)) for name in attacks}
        for name, client in clients.items():
            launch(client, attacks[name])
        complaints = {
            name: complaint
            for name, client in clients.items()
            if (complaint := complaint_about(client, attacks[name]))
        }
        assert complaints == {}
        with victims.connect(kind) as next_client:
            next_client.get("/", "Connection: close").expect(200, b"read 0")
    eventually(lambda: victims.has_forgotten(kind), "no connection is left")
    lines = capsys.readouterr().err.splitlines()
    assert [line for line in lines if not LOG_LINE.fullmatch(line)] == []
    # As http.server logs a refusal: that it was one, and its request line. And the next client's.
    assert len(lines) == 2 * len(attacks) + 1, lines
