"""Resumable uploads: by their own rules, by a client of others, and by clients that break off."""

import base64
import contextlib
import io
import os
import resource
import socket
import threading
import time

import pytest
from tusclient.client import TusClient

from basehttpserver import HTTPServer, Settings, ThreadingHTTPServer
from basehttpserver._sharing.claims import claim
from basehttpserver._sharing.credentials import PlainUsers
from basehttpserver._sharing.names import make_token
from basehttpserver._sharing.resumable import Cleaning
from basehttpserver._sharing.tus import ResumableHandler
from basehttpserver._sharing.writing import WritingHandler
from tests.running import PATIENCE_SECONDS, eventually
from tests.sharing.running import SERVERS, read_all, sharing

ALL = {"allows_upload": True}
BOTH = {"allows_upload": True, "allows_delete": True}
TUS = {"Tus-Resumable": "1.0.0"}
PART = {**TUS, "Content-Type": "application/offset+octet-stream"}


def metadata(name, key="filename"):
    return (
        f"type {base64.b64encode(b'text/plain').decode()},{key} "
        + base64.b64encode(name.encode()).decode()
    )


def begin(shared, name="new", length=10, folder="/", **more):
    fields = {**TUS, "Upload-Length": str(length), "Upload-Metadata": metadata(name), **more}
    return shared.ask("POST", folder, b"", fields)


def patch(shared, url, offset, data, **more):
    return shared.ask("PATCH", url, data, {**PART, "Upload-Offset": str(offset), **more})


def offset(shared, url):
    answer = shared.ask("HEAD", url, headers=TUS)
    assert answer.status == 200
    return int(answer.fields["Upload-Offset"])


@pytest.mark.parametrize("server", SERVERS)
class TestProtocol:
    def test_in_two_parts(self, tmp_path, server):
        with sharing(tmp_path, ResumableHandler, server, **ALL) as shared:
            begun = begin(shared)
            assert begun.status == 201
            assert begun.fields["Tus-Resumable"] == "1.0.0"
            url = begun.fields["Location"]
            assert "Upload-Expires" in begun.fields
            assert offset(shared, url) == 0
            first = patch(shared, url, 0, b"0123")
            assert (first.status, first.fields["Upload-Offset"]) == (204, "4")
            assert first.fields["Tus-Resumable"] == "1.0.0"
            assert "Upload-Expires" in first.fields
            answer = shared.ask("HEAD", url, headers=TUS)
            assert answer.fields["Upload-Offset"] == "4"
            assert answer.fields["Upload-Length"] == "10"
            assert answer.fields["Cache-Control"] == "no-store"
            assert patch(shared, url, 4, b"456789").fields["Upload-Offset"] == "10"
            assert shared.read("new") == b"0123456789"
            # So that a client whose last answer was lost is told that all is there.
            assert offset(shared, url) == 10
            assert patch(shared, url, 10, b"").status == 204
            assert shared.ask("DELETE", url, headers=TUS).status == 204
            assert shared.names() == ["new"]
            assert shared.ask("HEAD", url, headers=TUS).status == 404

    def test_options(self, tmp_path, server):
        with sharing(tmp_path, ResumableHandler, server, max_upload_bytes=99, **ALL) as shared:
            answer = shared.ask("OPTIONS", "/")
            assert answer.status == 204
            assert answer.fields["Tus-Version"] == "1.0.0"
            assert answer.fields["Tus-Max-Size"] == "99"
            assert set(answer.fields["Tus-Extension"].split(",")) == {
                "creation",
                "creation-with-upload",
                "expiration",
                "termination",
            }
            assert "PATCH" in answer.fields["Allow"]
        with sharing(tmp_path, ResumableHandler, server) as shared:
            answer = shared.ask("OPTIONS", "/")
            assert (answer.status, answer.fields["Allow"]) == (405, "GET, HEAD")
            assert "Tus-Version" not in answer.fields
        with sharing(tmp_path, ResumableHandler, server, cors="*", **ALL) as shared:
            answer = shared.ask("OPTIONS", "/")
            assert answer.fields["Access-Control-Allow-Origin"] == "*"
            assert answer.fields["Tus-Version"] == "1.0.0"

    def test_what_is_not_whole_is_not_shown(self, tmp_path, server):
        with sharing(tmp_path, ResumableHandler, server, dotfiles=True, **ALL) as shared:
            url = begin(shared).fields["Location"]
            patch(shared, url, 0, b"x")
            for path in (url, url + ".part", url + ".json"):
                assert shared.ask("GET", path).status == 404
            assert b".upload" not in shared.ask("GET", "/").body

    def test_another_version(self, tmp_path, server):
        with sharing(tmp_path, ResumableHandler, server, **ALL) as shared:
            url = begin(shared).fields["Location"]
            for version in ("0.2.2", "2.0.0", ""):
                other = {"Tus-Resumable": version}
                answer = begin(shared, **other)
                assert (answer.status, answer.fields["Tus-Version"]) == (412, "1.0.0")
                assert answer.fields["Tus-Resumable"] == "1.0.0"
                assert shared.ask("HEAD", url, headers=other).status == 412
                assert patch(shared, url, 0, b"x", **other).status == 412
                assert shared.ask("DELETE", url, headers=other).status == 412
            assert shared.ask("HEAD", url).status == 412
            assert offset(shared, url) == 0

    def test_wrong_offsets_and_lengths(self, tmp_path, server):
        with sharing(tmp_path, ResumableHandler, server, **ALL) as shared:
            url = begin(shared).fields["Location"]
            assert patch(shared, url, 1, b"x").status == 409
            assert patch(shared, url, 0, b"x").status == 204
            assert patch(shared, url, 0, b"x").status == 409
            assert patch(shared, url, 1, bytes(10)).status == 413
            for value in ("-1", "+1", "1.0", "x", "", "1" * 30, "\xb2"):
                assert patch(shared, url, value, b"x").status == 400, value
            answer = shared.ask("PATCH", url, b"x", {**TUS, "Upload-Offset": "1"})
            assert answer.status == 415
            assert shared.ask("PATCH", url, b"x", PART).status == 400
            assert offset(shared, url) == 1

    def test_creations_that_are_wrong(self, tmp_path, server):
        (tmp_path / "taken").write_bytes(b"")
        (tmp_path / "folder").mkdir()
        with sharing(tmp_path, ResumableHandler, server, max_upload_bytes=99, **ALL) as shared:
            for value in ("-1", "", "x", "1" * 30):
                assert begin(shared, length=value).status == 400
            assert begin(shared, length=100).status == 413
            assert begin(shared, "taken").status == 409
            assert begin(shared, "folder").status == 409
            for name in ("../up", "a/b", "", "\0", "x" * 300, ".upload-x"):
                assert begin(shared, name).status in (400, 403), name
            for value in (
                "",
                "filename",
                "filename !!!",
                "filename /w==",
                "filename \xe9",
                "x" * 9000,
            ):
                assert begin(shared, **{"Upload-Metadata": value}).status == 400, value
            assert begin(shared, **{"Upload-Defer-Length": "1"}).status == 400
            assert begin(shared, **{"Upload-Concat": "partial"}).status == 400
            assert begin(shared, folder="/absent/").status == 404
            assert begin(shared, folder="/taken").status == 404
            assert shared.names() == ["folder", "taken"]

    def test_more_than_the_disk_has(self, tmp_path, server):
        with sharing(tmp_path, ResumableHandler, server, **ALL) as shared:
            assert begin(shared, length=10**17).status == 507

    def test_an_empty_file(self, tmp_path, server):
        with sharing(tmp_path, ResumableHandler, server, **ALL) as shared:
            answer = begin(shared, length=0)
            assert (answer.status, answer.fields["Upload-Offset"]) == (201, "0")
            assert shared.read("new") == b""
            assert offset(shared, answer.fields["Location"]) == 0

    def test_creation_with_upload(self, tmp_path, server):
        with sharing(tmp_path, ResumableHandler, server, **ALL) as shared:
            fields = {**PART, "Upload-Length": "4", "Upload-Metadata": metadata("one", "name")}
            answer = shared.ask("POST", "/", b"abcd", fields)
            assert (answer.status, answer.fields["Upload-Offset"]) == (201, "4")
            assert shared.read("one") == b"abcd"
            fields["Upload-Metadata"] = metadata("two")
            answer = shared.ask("POST", "/", b"ab", fields)
            assert answer.fields["Upload-Offset"] == "2"
            assert patch(shared, answer.fields["Location"], 2, b"cd").status == 204
            assert shared.read("two") == b"abcd"
            fields["Upload-Metadata"] = metadata("three")
            assert shared.ask("POST", "/", b"abcde", fields).status == 413
            plain = {**fields, "Content-Type": "text/plain"}
            assert shared.ask("POST", "/", b"abcd", plain).status == 415

    def test_termination(self, tmp_path, server):
        with sharing(tmp_path, ResumableHandler, server, **ALL) as shared:
            url = begin(shared).fields["Location"]
            patch(shared, url, 0, b"x")
            assert shared.ask("DELETE", url, headers=TUS).status == 204
            for method in ("HEAD", "PATCH", "DELETE"):
                fields = {**PART, "Upload-Offset": "1"}
                assert shared.ask(method, url, headers=fields).status == 404
            assert shared.names() == []

    def test_another_method_in_a_field(self, tmp_path, server):
        with sharing(tmp_path, ResumableHandler, server, **ALL) as shared:
            url = begin(shared).fields["Location"]
            fields = {**PART, "Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
            assert shared.ask("POST", url, b"x", fields).status == 204
            assert offset(shared, url) == 1
            fields = {**TUS, "X-HTTP-Method-Override": "DELETE"}
            assert shared.ask("POST", url, b"", fields).status == 204
            assert shared.names() == []

    def test_in_a_folder_with_any_name(self, tmp_path, server):
        (tmp_path / "a #?é%").mkdir()
        with sharing(tmp_path, ResumableHandler, server, **ALL) as shared:
            for folder in ("/a%20%23%3F%C3%A9%25/", "/a%20%23%3F%C3%A9%25"):
                url = begin(shared, folder[-2:].strip("/"), 1, folder).fields["Location"]
                assert patch(shared, url, 0, b"x").status == 204
            assert len([name for name in shared.names("a #?é%") if name[0] != "."]) == 2

    def test_nobody_reads_what_is_not_whole(self, tmp_path, server):
        with sharing(tmp_path, ResumableHandler, server, **ALL) as shared:
            url = begin(shared).fields["Location"]
            for path in ("/.upload-", "/.upload-x", url + "x", "/.upload-" + "A" * 22):
                assert shared.ask("HEAD", path, headers=TUS).status == 404
            assert shared.ask("PATCH", "/new", b"x", PART).status == 405

    def test_it_survives_the_server(self, tmp_path, server):
        with sharing(tmp_path, ResumableHandler, server, **ALL) as shared:
            url = begin(shared).fields["Location"]
            patch(shared, url, 0, b"01234")
        with sharing(tmp_path, ResumableHandler, server, **ALL) as shared:
            assert offset(shared, url) == 5
            assert patch(shared, url, 5, b"56789").status == 204
            assert shared.read("new") == b"0123456789"

    def test_a_name_that_was_taken_meanwhile(self, tmp_path, server):
        with sharing(tmp_path, ResumableHandler, server, **ALL) as shared:
            url = begin(shared, length=1).fields["Location"]
            (tmp_path / "new").write_bytes(b"quicker")
            assert patch(shared, url, 0, b"x").status == 409
            answer = shared.ask("HEAD", url, headers=TUS)
            assert answer.status == 409
            assert "Upload-Offset" not in answer.fields
            assert shared.read("new") == b"quicker"
            (tmp_path / "new").unlink()
            assert offset(shared, url) == 1
            assert shared.read("new") == b"x"

    def test_overwriting(self, tmp_path, server):
        (tmp_path / "new").write_bytes(b"old")
        attributes = {**ALL, "allows_overwriting": True}
        with sharing(tmp_path, ResumableHandler, server, **attributes) as shared:
            assert begin(shared, **{"If-None-Match": "*"}).status == 412
            url = begin(shared, length=1).fields["Location"]
            assert patch(shared, url, 0, b"x").status == 204
            assert shared.read("new") == b"x"

    def test_who_may(self, tmp_path, server):
        writers = PlainUsers({"ann": "secret"})
        with sharing(tmp_path, ResumableHandler, server, **ALL) as shared:
            url = begin(shared).fields["Location"]
            for fields in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
                assert begin(shared, **fields).status == 403
                assert patch(shared, url, 0, b"x", **fields).status == 403
                assert shared.ask("DELETE", url, headers={**TUS, **fields}).status == 403
        with sharing(tmp_path, ResumableHandler, server) as shared:
            for method in ("POST", "PATCH", "DELETE"):
                assert shared.ask(method, url, b"", PART).status == 405
        with sharing(tmp_path, ResumableHandler, server, writers=writers, **ALL) as shared:
            for method in ("POST", "PATCH", "DELETE", "HEAD"):
                assert shared.ask(method, url, b"", PART).status == 401
            word = {"Authorization": "Basic " + base64.b64encode(b"ann:secret").decode()}
            assert shared.ask("HEAD", url, headers={**TUS, **word}).status == 200

    def test_a_client_that_waits_sends_nothing_that_is_refused(self, tmp_path, server):
        big = tmp_path / "big"
        big.write_bytes(bytes(2_000_000))
        with sharing(tmp_path, ResumableHandler, server, **ALL) as shared:
            url = begin(shared, length=2_000_000).fields["Location"]
            fields = [f"{name}: {value}" for name, value in PART.items()]
            fields += ["Upload-Offset: 1", "Expect: 100-continue"]
            options = [word for field in fields for word in ("-H", field)]
            put = ["-X", "PATCH", "-T", str(big)]
            status, sent, trace = shared.curl(*options, *put, url)
            assert (status, sent) == (409, 0), trace
            options[options.index("Upload-Offset: 1")] = "Upload-Offset: 0"
            assert shared.curl(*options, *put, url)[:2] == (204, 2_000_000)
            assert shared.read("new") == big.read_bytes()


def head(url, start, length):
    lines = [f"PATCH {url} HTTP/1.1", "Host: x", f"Content-Length: {length}"]
    lines += [f"{name}: {value}" for name, value in PART.items()]
    return "\r\n".join([*lines, f"Upload-Offset: {start}", "", ""]).encode()


@pytest.mark.parametrize("ending", ["half-closed", "reset"])
def test_what_came_before_the_connection_broke_stays(tmp_path, ending):
    content = os.urandom(1_000_000)
    with sharing(tmp_path, ResumableHandler, **ALL) as shared:
        url = begin(shared, length=len(content)).fields["Location"]
        with shared.connect() as client:
            client.sendall(head(url, 0, len(content)) + content[:400_000])
            eventually(lambda: offset(shared, url) == 400_000, "it is there")
            if ending == "half-closed":
                client.shutdown(socket.SHUT_WR)
                read_all(client)
        assert offset(shared, url) == 400_000
        assert patch(shared, url, 400_000, content[400_000:]).status == 204
        assert shared.read("new") == content


def test_of_a_client_that_stalls_all_stays(tmp_path):
    content = os.urandom(200_000)
    settings = Settings(rate_grace_seconds=0.3)
    with sharing(tmp_path, ResumableHandler, settings=settings, **ALL) as shared:
        url = begin(shared, length=len(content)).fields["Location"]
        with shared.connect() as client:
            client.sendall(head(url, 0, len(content)) + content[:100_000])
            assert read_all(client).startswith(b"HTTP/1.1 408 ")
        assert offset(shared, url) == 100_000
        assert patch(shared, url, 100_000, content[100_000:]).status == 204
        assert shared.read("new") == content


def test_a_full_disk_keeps_what_it_took(tmp_path):
    content = os.urandom(200_000)
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    with sharing(tmp_path, ResumableHandler, **ALL) as shared:
        url = begin(shared, length=len(content)).fields["Location"]
        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, former[1]))
        try:
            assert patch(shared, url, 0, content).status == 507
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, former)
        reached = offset(shared, url)
        assert 0 < reached <= 150_000
        assert patch(shared, url, reached, content[reached:]).status == 204
        assert shared.read("new") == content


def test_in_a_server_for_one_at_a_time_whole_parts_stay(tmp_path):
    content = os.urandom(300_000)
    with sharing(tmp_path, ResumableHandler, HTTPServer, **ALL) as shared:
        url = begin(shared, length=len(content)).fields["Location"]
        assert patch(shared, url, 0, content[:100_000]).status == 204
        shared.send(head(url, 100_000, 200_000) + content[100_000:200_000])
        assert offset(shared, url) == 100_000
        assert patch(shared, url, 100_000, content[100_000:]).status == 204
        assert shared.read("new") == content


def test_who_comes_back_need_not_wait_for_the_broken_connection(tmp_path):
    content = os.urandom(1_000_000)
    with sharing(tmp_path, ResumableHandler, **ALL) as shared:
        url = begin(shared, length=len(content)).fields["Location"]
        with shared.connect() as stale:
            stale.sendall(head(url, 0, len(content)) + content[:300_000])
            eventually(lambda: offset(shared, url) == 300_000, "it is there")
            assert patch(shared, url, 300_000, content[300_000:600_000]).status == 204
            # What the network had kept back comes late.
            stale.sendall(content[300_000:500_000])
            assert stale.recv(100).startswith(b"HTTP/1.1 409 ")
        assert offset(shared, url) == 600_000
        assert patch(shared, url, 600_000, content[600_000:]).status == 204
        assert shared.read("new") == content


def test_a_crowd_at_one_upload_makes_one_file(tmp_path):
    content = os.urandom(500_000)
    with sharing(tmp_path, ResumableHandler, **ALL) as shared:
        url = begin(shared, length=len(content)).fields["Location"]

        def upload():
            deadline = time.monotonic() + PATIENCE_SECONDS
            while time.monotonic() < deadline:
                with contextlib.suppress(ConnectionError):
                    start = offset(shared, url)
                    if start == len(content):
                        return
                    patch(shared, url, start, content[start : start + 100_000])

        threads = [threading.Thread(target=upload) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert shared.read("new") == content


@pytest.mark.parametrize("server", SERVERS)
class TestByAnotherClient:
    def test_whole_and_in_parts(self, tmp_path, server):
        content = os.urandom(700_000)
        with sharing(tmp_path, ResumableHandler, server, **ALL) as shared:
            client = TusClient(shared.url + "/")
            for name, size in (("whole", len(content)), ("parts", 100_000)):
                uploader = client.uploader(
                    file_stream=io.BytesIO(content), chunk_size=size, metadata={"filename": name}
                )
                uploader.upload()
                assert uploader.offset == len(content)
                assert shared.read(name) == content

    def test_resumed_by_its_url_after_the_server_was_started_again(self, tmp_path, server):
        content = os.urandom(700_000)
        with sharing(tmp_path, ResumableHandler, server, **ALL) as shared:
            uploader = TusClient(shared.url + "/").uploader(
                file_stream=io.BytesIO(content), chunk_size=300_000, metadata={"filename": "n"}
            )
            uploader.upload_chunk()
            path = uploader.url.removeprefix(shared.url)
        with sharing(tmp_path, ResumableHandler, server, **ALL) as shared:
            uploader = TusClient(shared.url + "/").uploader(
                file_stream=io.BytesIO(content), chunk_size=300_000, url=shared.url + path
            )
            assert uploader.offset == 300_000
            uploader.upload()
            assert shared.read("n") == content


class TestRemovedFolder:
    """What nobody sees does not make a folder full, unless somebody waits for it."""

    def upload(self, shared):
        url = begin(shared, folder="/folder/").fields["Location"]
        assert patch(shared, url, 0, b"0123456789").status == 204
        return url

    def test_records_of_what_was_whole(self, tmp_path):
        (tmp_path / "folder").mkdir()
        with sharing(tmp_path, ResumableHandler, **BOTH) as shared:
            url = self.upload(shared)
            assert shared.ask("DELETE", "/folder").status == 409
            # Who lost the answer is still told that all is there.
            assert offset(shared, url) == 10
            assert shared.ask("DELETE", "/folder/new").status == 204
            assert shared.ask("DELETE", "/folder").status == 204
            assert os.listdir(tmp_path) == []

    def test_not_while_one_is_under_way(self, tmp_path):
        (tmp_path / "folder").mkdir()
        with sharing(tmp_path, ResumableHandler, **BOTH) as shared:
            url = begin(shared, folder="/folder/").fields["Location"]
            assert shared.ask("DELETE", "/folder").status == 409
            assert patch(shared, url, 0, b"0123456789").status == 204
            assert os.path.exists(tmp_path / "folder" / "new")

    def test_one_that_has_expired(self, tmp_path):
        (tmp_path / "folder").mkdir()
        with sharing(tmp_path, ResumableHandler, **BOTH) as shared:
            begin(shared, folder="/folder/")
            for path in (tmp_path / "folder").iterdir():
                os.utime(path, (0, 0))
            assert shared.ask("DELETE", "/folder").status == 204

    @pytest.mark.parametrize("name", [".upload-x.json", ".upload-notes", ".hidden"])
    def test_not_what_is_none_of_ours(self, tmp_path, name):
        (tmp_path / "folder").mkdir()
        (tmp_path / "folder" / name).write_bytes(b"precious")
        with sharing(tmp_path, ResumableHandler, **BOTH) as shared:
            self.upload(shared)
            assert shared.ask("DELETE", "/folder/new").status == 204
            before = sorted(os.listdir(tmp_path / "folder"))
            assert shared.ask("DELETE", "/folder").status == 409
            assert sorted(os.listdir(tmp_path / "folder")) == before

    def test_a_link_is_removed_alone(self, tmp_path):
        (tmp_path / "folder").mkdir()
        (tmp_path / "link").symlink_to("folder")
        with sharing(tmp_path, ResumableHandler, symlinks="all", **BOTH) as shared:
            url = self.upload(shared)
            assert shared.ask("DELETE", "/folder/new").status == 204
            assert shared.ask("DELETE", "/link").status == 204
            assert offset(shared, url) == 10


class TestExpiry:
    def age(self, folder, seconds):
        for entry in os.scandir(folder):
            status = entry.stat()
            os.utime(entry, (status.st_atime, status.st_mtime - seconds))

    def test_an_upload_to_which_nothing_comes(self, tmp_path):
        with sharing(tmp_path, ResumableHandler, upload_expiry_seconds=1000, **ALL) as shared:
            url = begin(shared).fields["Location"]
            self.age(tmp_path, 900)
            assert offset(shared, url) == 0
            assert patch(shared, url, 0, b"x").status == 204
            self.age(tmp_path, 900)  # The record is old now, the content is not.
            assert offset(shared, url) == 1
            self.age(tmp_path, 200)
            assert shared.ask("HEAD", url, headers=TUS).status == 404
            assert shared.names() == []

    def test_who_begins_another_cleans_up(self, tmp_path):
        keeps = {"upload_expiry_seconds": 1000, "_cleaning": Cleaning(0.0)}
        with sharing(tmp_path, ResumableHandler, **keeps, **ALL) as shared:
            begin(shared)
            (tmp_path / f".upload-{make_token()}.part").write_bytes(b"")  # by a crash
            (tmp_path / ".upload-other").write_bytes(b"")
            (tmp_path / ".upload-folder.part").mkdir()
            (tmp_path / ".upload-link.part").symlink_to("file")
            (tmp_path / "file").write_bytes(b"")
            self.age(tmp_path, 2000)
            url = begin(shared, "next").fields["Location"]
            kept = [url[1:] + ".json", url[1:] + ".part"]
            others = [".upload-folder.part", ".upload-link.part", ".upload-other", "file"]
            assert shared.names() == sorted(kept + others)

    def test_not_each_time(self, tmp_path):
        keeps = {"upload_expiry_seconds": 1000, "_cleaning": Cleaning(10_000.0)}
        with sharing(tmp_path, ResumableHandler, **keeps, **ALL) as shared:
            begin(shared)
            self.age(tmp_path, 2000)
            begin(shared, "next")
            assert len(shared.names()) == 4


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"{",
        b"[]",
        b"[" * 8000,
        b'{"name": "x"}',
        b'{"name": 1, "length": 1}',
        b'{"name": "x", "length": -1}',
        b'{"name": "../up", "length": 1}',
        b"\xff",
    ],
)
def test_a_record_that_is_none_of_ours(tmp_path, record):
    token = "A" * 22
    (tmp_path / f".upload-{token}.json").write_bytes(record)
    (tmp_path / f".upload-{token}.part").write_bytes(b"")
    with sharing(tmp_path, ResumableHandler, **ALL) as shared:
        assert shared.ask("HEAD", f"/.upload-{token}", headers=TUS).status in (400, 404)
        assert patch(shared, f"/.upload-{token}", 0, b"x").status in (400, 404)


@pytest.mark.parametrize("kind", ["fifo", "link", "folder"])
def test_files_of_an_upload_that_are_no_files(tmp_path, kind):
    served, secret = tmp_path / "served", tmp_path / "secret"
    served.mkdir()
    secret.write_bytes(b"secret")
    with sharing(served, ResumableHandler, **ALL) as shared:
        url = begin(shared).fields["Location"]
        for ending in (".part", ".json"):
            path = served / (url[1:] + ending)
            former = path.read_bytes()
            path.unlink()
            if kind == "fifo":
                os.mkfifo(path)
            elif kind == "link":
                path.symlink_to(secret)
            else:
                path.mkdir()
            assert shared.ask("HEAD", url, headers=TUS).status in (403, 404, 409)
            assert patch(shared, url, 0, b"x").status in (403, 404, 409)
            (path.rmdir if kind == "folder" else path.unlink)()
            path.write_bytes(former)
        assert secret.read_bytes() == b"secret"


def test_a_crash_between_two_names(tmp_path):
    with sharing(tmp_path, ResumableHandler, **ALL) as shared:
        url = begin(shared, length=1).fields["Location"]
        content = tmp_path / (url[1:] + ".part")
        content.write_bytes(b"x")
        os.link(content, tmp_path / "new")
        assert offset(shared, url) == 1
        assert shared.read("new") == b"x"
        assert os.stat(tmp_path / "new").st_nlink == 1


def test_a_head_of_anything_else_is_as_ever(tmp_path):
    (tmp_path / "file").write_bytes(b"abc")
    with sharing(tmp_path, ResumableHandler, ThreadingHTTPServer, **ALL) as shared:
        assert shared.ask("HEAD", "/file").fields["Content-Length"] == "3"


def test_claims():
    with claim("x") as first:
        with first.held() as is_ours:
            assert is_ours
        with claim("x") as second:
            for each, expected in ((first, False), (second, True)):
                with each.held() as is_ours:
                    assert is_ours is expected
        with claim("y"), first.held() as is_ours:
            assert not is_ours
    with claim("x") as third, third.held() as is_ours:
        assert is_ours


def test_names_of_preparations():
    for handler in (WritingHandler, ResumableHandler):
        for method, (answer, name) in handler._preparations.items():
            assert hasattr(handler, name)
            assert getattr(handler, f"do_{method}") is answer
