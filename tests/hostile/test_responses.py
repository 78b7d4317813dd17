"""What is repeated of a request in an answer."""

import pytest

from basehttpserver import HTTPServer, Settings, ThreadingHTTPServer
from tests.hostile.victims import ANYWHERE, StayingVictim, Victim
from tests.running import serving
from tests.wire.conversation import conversation

pytestmark = pytest.mark.usefixtures("leaks_nothing")


@pytest.mark.parametrize("server_class", [HTTPServer, ThreadingHTTPServer])
@pytest.mark.parametrize("handler", [Victim, StayingVictim])
def test_echo_in_an_error_page(server_class, handler, capsys):
    """Relaxed, http.server's own words repeat the request line; a handler may repeat anything."""

    class Echoing(handler):
        def do_GET(self):
            self.send_error(404, explain=self.path)

    settings = Settings.like_http_server()
    with serving(server_class(ANYWHERE, Echoing, settings=settings)) as running:
        for line, status in (
            ("GET /<script>&'\" HTTP/1.1", 404),
            ("<script> / HTTP/1.1", 501),
            ("GET /<script> more HTTP/1.1", 400),
            ("GET / HTTP/<script>", 400),
            ("GET /<script>\x1b\x7f\x9b HTTP/1.1", 404),
        ):
            with conversation(running) as client:
                client.send(f"{line}\r\nHost: x\r\n\r\n")
                response = client.expect(status)
                assert b"<script" not in response.body
                assert response["Content-Type"] == "text/html;charset=utf-8"
    assert all(line.isprintable() for line in capsys.readouterr().err.splitlines())
