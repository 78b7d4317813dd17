"""PUT, MKCOL and DELETE, over the wire, by curl, and by clients that mean no good."""

import contextlib
import errno
import os
import resource
import socket
import threading

import pytest

from basehttpserver import Settings
from basehttpserver._sharing.writing import WritingHandler
from tests.running import eventually
from tests.sharing.running import SERVERS, read_all, sharing

ALL = {"allows_upload": True, "allows_mkdir": True, "allows_delete": True}
OVER = {**ALL, "allows_overwriting": True}
CHANGES = ["PUT", "MKCOL", "DELETE"]


@pytest.fixture
def big(tmp_path_factory):
    path = tmp_path_factory.mktemp("big") / "big"
    path.write_bytes(os.urandom(1 << 20) * 3)
    return path


@pytest.mark.parametrize("server", SERVERS)
class TestPut:
    def test_a_new_file_by_curl(self, tmp_path, server, big):
        with sharing(tmp_path, WritingHandler, server, **ALL) as shared:
            status, sent, _ = shared.curl("-T", str(big), "/new")
            assert (status, sent) == (201, len(big.read_bytes()))
            assert shared.read("new") == big.read_bytes()
            assert shared.names() == ["new"]

    def test_in_chunks(self, tmp_path, server, big):
        with sharing(tmp_path, WritingHandler, server, **ALL) as shared:
            chunks = ["-H", "Transfer-Encoding: chunked", "-T", str(big)]
            assert shared.curl(*chunks, "/waited")[0] == 201
            assert shared.curl("-H", "Expect:", *chunks, "/sent")[0] == 201
            assert shared.read("waited") == shared.read("sent") == big.read_bytes()

    def test_an_empty_file(self, tmp_path, server):
        with sharing(tmp_path, WritingHandler, server, **ALL) as shared:
            assert shared.ask("PUT", "/empty", b"").status == 201
            assert shared.read("empty") == b""

    def test_never_in_the_place_of_another(self, tmp_path, server, big):
        (tmp_path / "old").write_bytes(b"old")
        (tmp_path / "folder").mkdir()
        with sharing(tmp_path, WritingHandler, server, **ALL) as shared:
            for name in ("/old", "/folder", "/folder/", "/"):
                assert shared.ask("PUT", name, b"new").status == 409
            status, sent, _ = shared.curl("-H", "Expect: 100-continue", "-T", str(big), "/old")
            assert (status, sent) == (409, 0)
            assert shared.read("old") == b"old"
            assert shared.names() == ["folder", "old"]

    def test_in_the_place_of_another_where_that_is_allowed(self, tmp_path, server):
        (tmp_path / "old").write_bytes(b"old")
        (tmp_path / "folder").mkdir()
        with sharing(tmp_path, WritingHandler, server, **OVER) as shared:
            answer = shared.ask("PUT", "/old", b"new")
            assert (answer.status, answer.body) == (204, b"")
            assert shared.read("old") == b"new"
            assert shared.ask("PUT", "/folder", b"new").status == 409
            unless_there = {"If-None-Match": "*"}
            assert shared.ask("PUT", "/old", b"x", unless_there).status == 412
            assert shared.ask("PUT", "/next", b"x", unless_there).status == 201
            assert shared.read("old") == b"new"

    def test_if_match(self, tmp_path, server):
        def write_old(content):
            (tmp_path / "old").write_bytes(content)
            os.utime(tmp_path / "old", (1_000_000_000, 1_000_000_000))

        write_old(b"old")
        with sharing(tmp_path, WritingHandler, server, **OVER) as shared:
            tag = shared.ask("GET", "/old").fields["ETag"]
            for value in ('"other"', f"W/{tag}", "old"):
                assert shared.ask("PUT", "/old", b"new", {"If-Match": value}).status == 412
                assert shared.ask("DELETE", "/old", None, {"If-Match": value}).status == 412
            assert shared.ask("PUT", "/old", b"x", {"If-None-Match": tag}).status == 412
            assert shared.read("old") == b"old"
            assert shared.ask("PUT", "/old", b"new", {"If-Match": f'"other", {tag}'}).status == 204
            assert shared.ask("PUT", "/old", b"newer", {"If-Match": tag}).status == 412
            assert shared.ask("PUT", "/old", b"newest", {"If-Match": "*"}).status == 204
            assert shared.ask("PUT", "/absent", b"", {"If-Match": "*"}).status == 412
            assert shared.read("old") == b"newest"
            assert shared.names() == ["old"]

    def test_a_part_is_refused(self, tmp_path, server):
        with sharing(tmp_path, WritingHandler, server, **ALL) as shared:
            part = {"Content-Range": "bytes 0-3/10"}
            assert shared.ask("PUT", "/new", b"part", part).status == 400
            assert shared.names() == []

    def test_a_folder_that_is_not_there(self, tmp_path, server):
        (tmp_path / "file").write_bytes(b"")
        with sharing(tmp_path, WritingHandler, server, **ALL) as shared:
            for path in ("/absent/new", "/file/new", "/%00/new"):
                assert shared.ask("PUT", path, b"x").status == 409, path

    @pytest.mark.parametrize(
        "path", ["/%00", "/a%0D%0Ab", "/a%5Cb", "/%ff", "/%ed%a0%80", "/" + "x" * 300, "/%7f"]
    )
    def test_names_that_are_none(self, tmp_path, server, path):
        with sharing(tmp_path, WritingHandler, server, **ALL) as shared:
            assert shared.ask("PUT", path, b"x").status == 400
            assert shared.names() == []

    @pytest.mark.parametrize("path", ["/../up", "/%2e%2e/up", "/a/..%2f../up", "//up", "/./up"])
    def test_no_path_leads_out(self, tmp_path, server, path):
        served = tmp_path / "served"
        served.mkdir()
        with sharing(served, WritingHandler, server, **ALL) as shared:
            assert shared.ask("PUT", path, b"x").status == 201
            assert shared.names() == ["up"]
            assert os.listdir(tmp_path) == ["served"]

    def test_names_of_people(self, tmp_path, server):
        with sharing(tmp_path, WritingHandler, server, **ALL) as shared:
            assert shared.ask("PUT", "/%C3%A9%20%23%3F.txt", b"x").status == 201
            assert shared.names() == ["é #?.txt"]

    def test_too_large(self, tmp_path, server, big):
        with sharing(tmp_path, WritingHandler, server, max_upload_bytes=1000, **ALL) as shared:
            assert shared.ask("PUT", "/most", bytes(1000)).status == 201
            assert shared.ask("PUT", "/more", bytes(1001)).status == 413
            expects = ["-H", "Expect: 100-continue", "-T", str(big)]
            assert shared.curl(*expects, "/more")[:2] == (413, 0)
            chunks = ["-H", "Transfer-Encoding: chunked"]
            assert shared.curl(*chunks, *expects, "/more")[0] == 413
            assert shared.names() == ["most"]

    def test_a_body_that_breaks_off(self, tmp_path, server):
        with sharing(tmp_path, WritingHandler, server, **ALL) as shared:
            for length in (10, 1 << 20, 1 << 60):
                head = f"PUT /new HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"
                assert b" 400 " in shared.send(head.encode() + b"some").partition(b"\r\n")[0]
                with shared.connect() as client:
                    client.sendall(head.encode() + bytes(min(200_000, length // 2)))
            eventually(lambda: shared.names() == [], "nothing is left")

    def test_a_full_disk(self, tmp_path, server, big):
        former = resource.getrlimit(resource.RLIMIT_FSIZE)
        # In memory: a server for one at a time collects a body before its handler starts.
        settings = Settings(spool_memory_bytes=1 << 24)
        with sharing(tmp_path, WritingHandler, server, settings, **ALL) as shared:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, former[1]))
            try:
                assert shared.ask("PUT", "/new", big.read_bytes()).status == 507
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, former)
            assert shared.names() == []
            assert shared.ask("PUT", "/new", b"x").status == 201

    def test_what_follows_a_refused_body_is_no_request(self, tmp_path, server):
        (tmp_path / "old").write_bytes(b"old")
        smuggled = b"DELETE /old HTTP/1.1\r\nHost: x\r\n\r\n"
        with sharing(tmp_path, WritingHandler, server, **ALL) as shared:
            head = b"PUT /old HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n" % len(smuggled)
            for more in (b"", b"Expect: 100-continue\r\n", b"Sec-Fetch-Site: cross-site\r\n"):
                received = shared.send(head + more + b"\r\n" + smuggled)
                assert received.count(b"HTTP/1.1") == 1
            assert shared.names() == ["old"]


def test_two_at_once_of_one_name(tmp_path):
    with sharing(tmp_path, WritingHandler, **ALL) as shared, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(shared.connect()) for _ in range(2)]
        for client in clients:
            client.sendall(b"PUT /new HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
            client.sendall(bytes(70_000))
        eventually(lambda: len(shared.names()) == 2, "both are under way")
        for number, client in enumerate(clients):
            client.sendall(b"%d" % number * 30_000)
            client.shutdown(socket.SHUT_WR)
        statuses = [read_all(client).split(b" ")[1] for client in clients]
        assert sorted(statuses) == [b"201", b"409"]
        winner = statuses.index(b"201")
        assert shared.read("new").endswith(b"%d" % winner)
        assert shared.names() == ["new"]


def test_one_replaces_what_came_meanwhile_only_where_it_may(tmp_path):
    with sharing(tmp_path, WritingHandler, **ALL) as shared, shared.connect() as client:
        client.sendall(b"PUT /new HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
        client.sendall(bytes(70_000))
        eventually(shared.names, "it is under way")
        (tmp_path / "new").write_bytes(b"quicker")
        client.sendall(bytes(30_000))
        client.shutdown(socket.SHUT_WR)
        assert read_all(client).startswith(b"HTTP/1.1 409 ")
        assert shared.read("new") == b"quicker"
        assert shared.names() == ["new"]


@pytest.mark.parametrize("symlinks", ["inside", "none"])
def test_a_folder_that_becomes_a_link_meanwhile(tmp_path, symlinks):
    served, outside = tmp_path / "served", tmp_path / "outside"
    (served / "in").mkdir(parents=True)
    outside.mkdir()
    (served / "out").symlink_to(outside)
    sharing_it = sharing(served, WritingHandler, symlinks=symlinks, **OVER)
    with sharing_it as shared, shared.connect() as client:
        assert shared.ask("PUT", "/out/new", b"x").status == 409
        assert shared.ask("MKCOL", "/out/new").status == 409
        assert shared.ask("DELETE", "/out").status == 404
        client.sendall(b"PUT /in/new HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
        client.sendall(bytes(70_000))
        eventually(lambda: shared.names("in"), "it is under way")
        (served / "in").rename(served / "moved")
        (served / "in").symlink_to(outside)
        client.sendall(bytes(30_000))
        client.shutdown(socket.SHUT_WR)
        assert read_all(client).startswith(b"HTTP/1.1 201 ")
        assert shared.names("moved") == ["new"]
        assert os.listdir(outside) == []


def test_a_body_without_end_meets_the_limit(tmp_path):
    settings = Settings(stream_chunked_bodies=True)
    with sharing(
        tmp_path, WritingHandler, settings=settings, max_upload_bytes=500_000, **ALL
    ) as shared:
        stop = threading.Event()
        with shared.connect() as client:
            client.sendall(b"PUT /new HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")

            def send():
                with contextlib.suppress(OSError):
                    for _ in range(1000):
                        if stop.is_set():
                            return
                        client.sendall(b"4000\r\n" + bytes(0x4000) + b"\r\n")

            thread = threading.Thread(target=send)
            thread.start()
            try:
                assert client.recv(100).startswith(b"HTTP/1.1 413 ")
            finally:
                stop.set()
                client.close()
                thread.join()
        assert shared.names() == []


def test_a_client_that_stalls(tmp_path):
    settings = Settings(rate_grace_seconds=0.3)
    with sharing(tmp_path, WritingHandler, settings=settings, **ALL) as shared:
        with shared.connect() as client:
            client.sendall(b"PUT /new HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n")
            client.sendall(bytes(100_000))
            assert read_all(client).startswith(b"HTTP/1.1 408 ")
        eventually(lambda: shared.names() == [], "nothing is left")


class TestMkcol:
    def test_a_folder(self, tmp_path):
        with sharing(tmp_path, WritingHandler, **ALL) as shared:
            assert shared.ask("MKCOL", "/one").status == 201
            assert shared.ask("MKCOL", "/one/two/").status == 201
            assert shared.curl("-X", "MKCOL", "/one/three")[0] == 201
            assert shared.names("one") == ["three", "two"]

    def test_where_it_cannot_be(self, tmp_path):
        (tmp_path / "file").write_bytes(b"")
        with sharing(tmp_path, WritingHandler, **ALL) as shared:
            for path in ("/", "/file", "/file/"):
                assert shared.ask("MKCOL", path).status in (405, 409), path
            assert shared.ask("MKCOL", "/absent/new").status == 409
            assert shared.ask("MKCOL", "/file/new").status == 409
            assert shared.ask("MKCOL", "/new", b"<xml/>").status == 415
            assert shared.ask("MKCOL", "/%00").status == 400
            assert shared.names() == ["file"]


class TestDelete:
    def test_a_file_and_an_empty_folder(self, tmp_path):
        (tmp_path / "file").write_bytes(b"")
        (tmp_path / "empty").mkdir()
        with sharing(tmp_path, WritingHandler, **ALL) as shared:
            assert shared.ask("DELETE", "/file").status == 204
            assert shared.ask("DELETE", "/empty/").status == 204
            assert shared.ask("DELETE", "/empty/").status == 404
            assert shared.ask("DELETE", "/").status == 403
            assert shared.ask("DELETE", "/..").status == 403
            assert shared.names() == []

    def test_a_folder_with_content(self, tmp_path):
        (tmp_path / "full" / "deep").mkdir(parents=True)
        with sharing(tmp_path, WritingHandler, **ALL) as shared:
            assert shared.ask("DELETE", "/full/").status == 409
        with sharing(tmp_path, WritingHandler, allows_delete_of_trees=True, **ALL) as shared:
            assert shared.ask("DELETE", "/full/").status == 204
            assert shared.names() == []

    def test_a_name_that_is_no_text(self, tmp_path):
        (tmp_path / os.fsdecode(b"\xff")).write_bytes(b"")
        with sharing(tmp_path, WritingHandler, **ALL) as shared:
            assert shared.ask("DELETE", "/%ed%b3%bf").status == 204


@pytest.mark.parametrize("method", CHANGES)
class TestAll:
    def test_only_what_is_allowed(self, tmp_path, method):
        (tmp_path / "file").write_bytes(b"x")
        with sharing(tmp_path, WritingHandler) as shared:
            answer = shared.ask(method, "/file")
            assert (answer.status, answer.fields["Allow"]) == (405, "GET, HEAD")
            assert shared.names() == ["file"]

    @pytest.mark.parametrize(
        "fields",
        [
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "http://evil.example"},
            {"Origin": "null"},
        ],
    )
    def test_no_page_of_another_site(self, tmp_path, method, fields):
        (tmp_path / "file").write_bytes(b"x")
        with sharing(tmp_path, WritingHandler, **OVER) as shared:
            assert shared.ask(method, "/file", headers=fields).status == 403
            assert shared.ask(method, "/new", headers=fields).status == 403
            assert shared.read("file") == b"x"
            assert shared.names() == ["file"]

    def test_no_name_of_another_site(self, tmp_path, method):
        """One that leads here, as in DNS rebinding, where this machine alone should reach us."""
        (tmp_path / "file").write_bytes(b"x")
        rebound = {"Host": "evil.example", "Origin": "http://evil.example"}
        with sharing(tmp_path, WritingHandler, requires_local_name=True, **OVER) as shared:
            assert shared.ask(method, "/file", headers=rebound).status == 403
            assert shared.ask(method, "/new", headers=rebound).status == 403
            assert shared.read("file") == b"x"
            assert shared.names() == ["file"]
            assert shared.ask(method, "/file", headers={"Host": "localhost"}).status != 403

    def test_it_is_said_why_a_name_is_refused(self, tmp_path, method):
        """In the log, too: a browser shows a number, and who runs the server is right here."""
        with sharing(tmp_path, WritingHandler, requires_local_name=True, **OVER) as shared:
            answer = shared.ask(method, "/new", headers={"Host": "my-machine:8000"})
            assert b"Only who asks for localhost or an address may" in answer.body
            logged = "\n".join(line for _, line in shared.logged)
            assert logged.count("Only who asks for localhost or an address may") == 1
            assert "my-machine" not in answer.body.decode() + logged

    @pytest.mark.parametrize("symlinks", ["all", "inside", "none"])
    def test_nothing_hidden(self, tmp_path, method, symlinks):
        (tmp_path / ".secret").mkdir()
        (tmp_path / ".secret" / "file").write_bytes(b"x")
        attributes = {"hide": ["*.key"], "symlinks": symlinks, **OVER}
        with sharing(tmp_path, WritingHandler, **attributes) as shared:
            for path in ("/.secret/file", "/.new", "/.secret/new", "/a.KEY", "/.secret"):
                assert shared.ask(method, path).status in (403, 404), path
            assert shared.names(".secret") == ["file"]
            assert shared.ask("MKCOL", "/new").status == 201

    def test_dotfiles_where_they_are_shown(self, tmp_path, method):
        (tmp_path / ".file").write_bytes(b"")
        with sharing(tmp_path, WritingHandler, dotfiles=True, **OVER) as shared:
            path = "/.new" if method == "MKCOL" else "/.file"
            assert shared.ask(method, path).status in (201, 204)

    def test_no_name_of_an_upload(self, tmp_path, method):
        (tmp_path / ".upload-x").write_bytes(b"")
        with sharing(tmp_path, WritingHandler, **OVER) as shared:
            for path in ("/.upload-x", "/.UPLOAD-x", "/.upload-new"):
                assert shared.ask(method, path).status in (403, 404), path
            assert shared.names() == [".upload-x"]

    def test_no_permission(self, tmp_path, method, monkeypatch):
        (tmp_path / "file").write_bytes(b"")
        with sharing(tmp_path, WritingHandler, **ALL) as shared:

            def refuse(*arguments, **more):
                raise PermissionError(13, "Permission denied")

            monkeypatch.setattr("basehttpserver._sharing.writing.IncomingFile", refuse)
            monkeypatch.setattr("basehttpserver._sharing.writing.remove", refuse)
            monkeypatch.setattr(os, "mkdir", refuse)
            path = "/file" if method == "DELETE" else "/new"
            assert shared.ask(method, path).status == 403

    def test_no_descriptor_is_left(self, tmp_path, method, monkeypatch):
        (tmp_path / "file").write_bytes(b"")
        with sharing(tmp_path, WritingHandler, **ALL) as shared:

            def refuse(*arguments, **more):
                raise OSError(errno.EMFILE, "Too many open files")

            monkeypatch.setattr("basehttpserver._files.served_folder.os.open", refuse)
            path = "/file" if method == "DELETE" else "/new"
            answer = shared.ask(method, path)
        assert (answer.status, answer.fields["Retry-After"]) == (503, "1")


def test_without_an_engine(tmp_path):
    from tests.api.file_requests import exchange

    handler = type("Put", (WritingHandler,), ALL)
    head = b"PUT /new HTTP/1.1\r\nHost: x\r\n"
    for fields, status in [
        (b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", b"411"),
        (b"Content-Length: -1\r\n\r\nx", b"400"),
        (b"Content-Length: 10\r\n\r\nx", b"400"),
        (b"Content-Length: 2\r\n\r\nxyz", b"201"),
    ]:
        received = exchange(head + fields, handler, directory=str(tmp_path))
        assert received.split(b" ")[1] == status
    assert (tmp_path / "new").read_bytes() == b"xy"
    assert os.listdir(tmp_path) == ["new"]
