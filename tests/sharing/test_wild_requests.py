"""Random requests, right and wrong, whole and cut, from several clients at once.

Whatever they are: no answer is a 500, nothing outside of the folder changes or is told, hidden
files stay, and what is left of uploads that are not whole can be gone on with.
"""

import base64
import contextlib
import os
import random
import threading

import pytest

from basehttpserver import Settings
from basehttpserver._sharing.archive import ArchivingHandler
from basehttpserver._sharing.forms import FormHandler
from tests.running import eventually
from tests.sharing.running import SERVERS, read_all, sharing

METHODS = ["PUT", "PUT", "POST", "POST", "POST", "PATCH", "DELETE", "MKCOL", "HEAD", "GET"]
PATHS = ["/", "/", "/", "/a", "/b", "/d/", "/d/a", "/d/d2", "/a/b", "/?zip", "/d/?zip"]
PATHS += ["/../x", "/%00", "/%ff", "/d%2fa", "//evil", "/.h", "/a.key", "/out", "/out/"]
PATHS += ["/out/secret", "/.upload-AAAAAAAAAAAAAAAAAAAAAA"]
NAMES = [b"../x", b"c\\d", b"", b".h", b"n" * 300, b"a\0", b"\xff", b"x.key"]
NOW_AND_THEN = [
    "Expect: 100-continue",
    "If-None-Match: *",
    "If-Match: *",
    "Content-Range: bytes 0-1/2",
    "Sec-Fetch-Site: cross-site",
    "Origin: null",
    "X-HTTP-Method-Override: PATCH",
]
FORM = b'--B\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\n\r\n%s\r\n--B%s\r\n'


class Handler(FormHandler, ArchivingHandler):
    hide = ("*.key",)

    def do_GET(self):
        if self.path.endswith("?zip"):
            self.send_archive(self.translate_path(self.path))
        else:
            super().do_GET()


def wild_request(choices, uploads):
    """The bytes of a request."""
    method = choices.choice(METHODS)
    paths = uploads[-5:] if uploads and method in ("PATCH", "HEAD") else PATHS
    size = choices.choice([0, 1, 10, 1000, 70_000, 200_000, 400_000])
    body = bytes(size)
    name = choices.choice([b"a", b"%d" % choices.randrange(1000), choices.choice(NAMES)])
    fields = []
    if method == "POST" and choices.random() < 0.5:
        fields.append("Content-Type: multipart/form-data; boundary=B")
        end = choices.choice([b"--", b"--", b""])
        kind = choices.choice([b"file", b"mkdir"])
        body = FORM % (kind, name, body, end)
    elif method not in ("PUT", "MKCOL"):
        encoded = base64.b64encode(name).decode()
        length = choices.choice([10, 1000, size, size * 2])
        fields += ["Tus-Resumable: 1.0.0", "Content-Type: application/offset+octet-stream"]
        fields += [f"Upload-Offset: {choices.choice([0, 0, 1, size])}"]
        fields += [f"Upload-Length: {length}", f"Upload-Metadata: filename {encoded}"]
    fields += [field for field in NOW_AND_THEN if choices.random() < 0.06]
    if choices.random() < 0.2:
        fields.append("Transfer-Encoding: chunked")
        body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
    else:
        fields.append(f"Content-Length: {len(body)}")
    head = "\r\n".join([f"{method} {choices.choice(paths)} HTTP/1.1", "Host: x", *fields, "", ""])
    data = head.encode() + body
    if choices.random() < 0.25:
        return data[: choices.randrange(len(data))]
    return data + (b"GET /.h HTTP/1.1\r\nHost: x\r\n\r\n" if choices.random() < 0.3 else b"")


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("seed", [1, 2])
def test_wild_requests(tmp_path, server, seed, monkeypatch):
    served = tmp_path / "served"
    served.mkdir()
    (tmp_path / "secret").write_bytes(b"CLASSIFIED")
    (served / ".h").write_bytes(b"CLASSIFIED")
    (served / "out").symlink_to(tmp_path)
    wrong, uploads = [], []

    def ask_for_long(choices):
        for _ in range(250):
            data = wild_request(choices, uploads)
            with shared.connect() as client, contextlib.suppress(BrokenPipeError):
                client.sendall(data)
                if choices.random() < 0.1:
                    continue  # It leaves.
                client.shutdown(1)
                received = read_all(client)
                if b"CLASSIFIED" in received or received[9:12] == b"500":
                    wrong.append((data[:500], received[:500]))
                _, is_there, rest = received.partition(b"\r\nLocation: /.upload-")
                if is_there:
                    uploads.append("/.upload-" + rest[:22].decode())

    attributes = {"allows_upload": True, "allows_mkdir": True, "allows_delete": True}
    settings = Settings(rate_grace_seconds=1.0, stream_chunked_bodies=seed == 1)
    monkeypatch.setattr(server, "handle_error", lambda *each: None)
    with sharing(
        served, Handler, server, settings, "inside", max_upload_bytes=300_000, **attributes
    ) as shared:
        threads = [
            threading.Thread(target=ask_for_long, args=(random.Random(seed * 10 + number),))
            for number in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
        assert sorted(os.listdir(tmp_path)) == ["secret", "served"]
        assert shared.read(".h") == (tmp_path / "secret").read_bytes() == b"CLASSIFIED"
        eventually(lambda: abandoned(shared.names()) == set(), "only resumable uploads are left")
        # The names that a client could give are all that there are, and some were given.
        assert uploads


def abandoned(names):
    """Tokens of contents that nobody can go on with."""
    contents, records = (
        {name.removesuffix(ending) for name in names if name.endswith(ending)}
        for ending in (".part", ".json")
    )
    return contents - records
