"""Every attack again, where every rule is relaxed that can be: framing is none of them."""

import contextlib

import pytest

from basehttpserver import HTTPServer, Settings, ThreadingHTTPServer
from tests.hostile.attacks import ATTACKS
from tests.hostile.victims import ANYWHERE, LOG_LINE, StayingVictim, Victim
from tests.running import eventually, serving
from tests.wire.conversation import conversation

pytestmark = pytest.mark.usefixtures("leaks_nothing")

#: What `accept_bare_lf` is there to accept: the line counts, for us as for everybody.
ACCEPTED = {"smuggle_coding_behind_bare_lf"}


@pytest.mark.parametrize("server_class", [HTTPServer, ThreadingHTTPServer])
@pytest.mark.parametrize("handler", [Victim, StayingVictim])
def test_every_attack(server_class, handler, capsys):
    """Each gets an answer and an end, never 500; those on framing get the same as ever."""
    server = server_class(ANYWHERE, handler, settings=Settings.like_http_server())
    complaints = {}
    with serving(server) as running, contextlib.ExitStack() as stack:
        clients = {name: stack.enter_context(conversation(running)) for name in ATTACKS}
        for name, client in clients.items():
            client.send(ATTACKS[name].data).finish_sending()
        for name, client in clients.items():
            answer = client.read_to_end()
            status = answer[9:12]
            is_smuggled = name.startswith("smuggle") and name not in ACCEPTED
            if status == b"500" or (is_smuggled and status != b"%d" % ATTACKS[name].status):
                complaints[name] = answer[:100]
        stack.close()
        eventually(lambda: not server._lanes.poller._roster)
    assert complaints == {}
    lines = capsys.readouterr().err.splitlines()
    assert [line for line in lines if not LOG_LINE.fullmatch(line)] == []
