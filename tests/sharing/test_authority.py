"""Who is let in, over the wire."""

import base64

import pytest

from basehttpserver._sharing.authority import AuthorizedHandler
from basehttpserver._sharing.credentials import PlainUsers
from tests.sharing.running import SERVERS, sharing

METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "MKCOL", "OPTIONS", "INVENTED"]


class Handler(AuthorizedHandler):
    def _answer(self):
        self.send_response(204)
        self.end_headers()

    do_PUT = do_INVENTED = _answer


def basic(user, password):
    encoded = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {encoded}"}


READER = basic("ann", "secret")
WRITER = basic("Zoë", "Straße")
USERS = {"readers": PlainUsers({"ann": "secret"}), "writers": PlainUsers({"Zoë": "Straße"})}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "file").write_bytes(b"content")
    return tmp_path


@pytest.mark.parametrize("server", SERVERS)
def test_nothing_is_told_to_strangers(folder, server):
    with sharing(folder, Handler, server, **USERS) as shared:
        for method in METHODS:
            for path in ("/file", "/absent", "/", "/../x"):
                answer = shared.ask(method, path)
                assert answer.status == 401, (method, path)
                assert answer.fields["WWW-Authenticate"] == (
                    'Basic realm="shared files", charset="UTF-8"'
                )
                assert (answer.body == b"") == (method == "HEAD")
        assert {user for user, _ in shared.logged} == {None}


@pytest.mark.parametrize("headers", [READER, WRITER])
def test_readers_and_writers_read(folder, headers):
    with sharing(folder, Handler, **USERS) as shared:
        assert shared.ask("GET", "/file", headers=headers).body == b"content"


def test_writers_alone_write(folder):
    with sharing(folder, Handler, **USERS) as shared:
        for method in ("PUT", "INVENTED"):
            assert shared.ask(method, "/file", headers=READER).status == 401
            assert shared.ask(method, "/file", headers=WRITER).status == 204


def test_everybody_reads_where_only_writing_has_users(folder):
    with sharing(folder, Handler, writers=USERS["writers"]) as shared:
        assert shared.ask("GET", "/file").status == 200
        assert shared.ask("PUT", "/file").status == 401
        assert shared.ask("PUT", "/file", headers=WRITER).status == 204


def test_readers_write_where_only_reading_has_users(folder):
    with sharing(folder, Handler, readers=USERS["readers"]) as shared:
        assert shared.ask("PUT", "/file").status == 401
        assert shared.ask("PUT", "/file", headers=READER).status == 204


def test_the_user_is_that_of_the_request_and_not_of_the_connection(folder):
    with sharing(folder, Handler, **USERS) as shared:
        first = "GET /file HTTP/1.1\r\nHost: x\r\nAuthorization: {Authorization}\r\n\r\n"
        data = first.format(**READER) + "GET /file HTTP/1.1\r\nHost: x\r\n\r\n"
        received = shared.send(data.encode())
        assert received.count(b"HTTP/1.1 200 ") == received.count(b"HTTP/1.1 401 ") == 1
        assert shared.logged[0] == ("ann", '"GET /file HTTP/1.1" 200 -')
        assert {user for user, _ in shared.logged[1:]} == {None}


@pytest.mark.parametrize(
    "lines",
    [
        "Authorization: Basic AAAA",
        "Authorization: Basic " + "A" * 60_000,
        "Authorization: Basic \xff\xfe",
        "Authorization: {Authorization}\r\nAuthorization: {Authorization}",
        "Authorization: Negotiate x",
    ],
)
def test_a_field_that_is_wrong(folder, lines):
    lines = lines.replace("{Authorization}", READER["Authorization"])
    with sharing(folder, Handler, **USERS) as shared:
        request = f"GET /file HTTP/1.1\r\nHost: x\r\n{lines}\r\n\r\n"
        assert shared.send(request.encode("latin-1")).startswith(b"HTTP/1.1 401 ")
        assert "Basic" not in repr(shared.logged)


@pytest.mark.parametrize("server", SERVERS)
def test_a_client_that_waits_sends_no_body_to_those_who_refuse_it(folder, server, tmp_path):
    big = tmp_path.parent / "big"
    big.write_bytes(bytes(3_000_000))
    with sharing(folder, Handler, server, **USERS) as shared:
        status, sent, trace = shared.curl("-H", "Expect: 100-continue", "-T", str(big), "/new")
        assert (status, sent) == (401, 0), trace
        assert "HTTP/1.1 100" not in trace


def test_a_realm_with_quotes(folder):
    with sharing(folder, Handler, realm='a "b" \\ é', **USERS) as shared:
        field = shared.ask("GET", "/").fields["WWW-Authenticate"]
        assert field == r'Basic realm="a \"b\" \\ ?", charset="UTF-8"'


def test_a_program_that_parses_by_itself(folder):
    class Parsing(Handler):
        def parse_request(self):
            parsed = super().parse_request()
            self.path = "/file"
            return parsed

    with sharing(folder, Parsing, **USERS) as shared:
        assert shared.ask("GET", "/other").status == 401
        assert shared.ask("GET", "/other", headers=READER).body == b"content"


def test_users_of_an_instance(folder):
    class Given(Handler):
        def __init__(self, *arguments, **more):
            self.readers = USERS["readers"]
            super().__init__(*arguments, **more)

    with sharing(folder, Given) as shared:
        assert shared.ask("GET", "/file").status == 401
        assert shared.ask("GET", "/file", headers=READER).status == 200
