"""A server with the page of a folder, and the least of what the page asks for when it uploads.

with serving_folder(folder, upload=True) as shared:
    browser_page.goto(shared.url())

Uploads are written to a folder beside the shared one, so that they outlive the server.
"""

import base64
import contextlib
import functools
import io
import json
import os
import shutil
import threading
import urllib.parse

from basehttpserver import SimpleHTTPRequestHandler, ThreadingHTTPServer
from basehttpserver._files.paths import decode_path
from basehttpserver._sharing.page.answer import answer_with_listing
from basehttpserver._sharing.page.html_page import Allowed
from basehttpserver._sharing.page.readme import Readme, find_readme
from tests.running import PATIENCE_SECONDS, serving

BLOCK_BYTES = 65536


class Shared:
    """A running server, what it was asked, and a valve in its uploads."""

    def __init__(self, allowed):
        self.allowed = allowed
        self.port = None
        #: (method, target, status)
        self.seen = []
        #: After so many bytes of an upload the server reads on only when `valve` is set.
        self.pause_after_bytes = None
        self.valve = threading.Event()
        #: Set when an upload waits at the valve.
        self.is_waiting = threading.Event()
        self.is_stopping = False

    def url(self, target="/"):
        return f"http://127.0.0.1:{self.port}{target}"

    def count(self, method, status=None):
        return sum(one[0] == method and status in (None, one[2]) for one in self.seen)

    def wait_at_valve(self, offset):
        """Wait where the test says so; raise where the server stops meanwhile."""
        if self.pause_after_bytes is not None and offset >= self.pause_after_bytes:
            self.is_waiting.set()
            assert self.valve.wait(PATIENCE_SECONDS)
        if self.is_stopping:
            raise ConnectionAbortedError


class Handler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, *arguments, shared, **keywords):
        self.shared = shared
        super().__init__(*arguments, **keywords)

    def log_request(self, code="-", size="-"):
        self.shared.seen.append((self.command, self.path, int(code)))

    def log_message(self, format, *arguments):
        pass

    def list_directory(self, path):
        entries = self._served_folder.read_entries(path, with_status=True)

        def read_readme():
            name = find_readme(entries)
            if name is None:
                return None
            with open(os.path.join(path, name), encoding="utf-8") as file:
                return Readme(name, file.read())

        answer = answer_with_listing(
            decode_path(self.path),
            entries,
            accept=self.headers["Accept"],
            query=urllib.parse.urlsplit(self.path).query,
            allowed=self.shared.allowed,
            read_readme=read_readme,
        )
        self.send_response(200)
        for name, value in answer.fields:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        return io.BytesIO(answer.body)

    # Uploads: /.uploads/<name>, kept as two files.

    @property
    def uploads(self):
        folder = self.directory + ".uploads"
        os.makedirs(folder, exist_ok=True)
        return folder

    def answer(self, status, **fields):
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def upload(self):
        """Return what is known of the upload that the target names, and where its bytes are."""
        name = os.path.basename(self.path)
        try:
            with open(os.path.join(self.uploads, name + ".json"), encoding="utf-8") as file:
                return json.load(file), os.path.join(self.uploads, name)
        except OSError:
            return None, None

    def do_HEAD(self):
        if not self.path.startswith("/.uploads/"):
            super().do_HEAD()
            return
        upload, path = self.upload()
        if upload is None:
            self.answer(404)
        else:
            length = upload["length"]
            self.answer(200, Upload_Offset=os.path.getsize(path), Upload_Length=length)

    def do_POST(self):
        if "Tus-Resumable" not in self.headers:
            self.take_form()
            return
        fields = dict(pair.split(" ") for pair in self.headers["Upload-Metadata"].split(","))
        target = os.path.join(
            self.translate_path(self.path), base64.b64decode(fields["filename"]).decode()
        )
        if os.path.exists(target):
            self.answer(409)
            return
        name = f"{len(os.listdir(self.uploads))}"
        length = int(self.headers["Upload-Length"])
        with open(os.path.join(self.uploads, name), "wb"):
            pass
        with open(os.path.join(self.uploads, name + ".json"), "w", encoding="utf-8") as file:
            json.dump({"length": length, "target": target}, file)
        if not length:
            shutil.move(os.path.join(self.uploads, name), target)
        self.answer(201, Location=f"/.uploads/{name}")

    def do_PATCH(self):
        upload, path = self.upload()
        if upload is None:
            self.answer(404)
            return
        offset = os.path.getsize(path)
        if offset != int(self.headers["Upload-Offset"]):
            self.answer(409)
            return
        with open(path, "ab", buffering=0) as file:
            while offset < upload["length"]:
                block = self.rfile.read(BLOCK_BYTES)
                if not block:
                    return
                offset += file.write(block)
                self.shared.wait_at_valve(offset)
        shutil.move(path, upload["target"])
        self.answer(204, Upload_Offset=offset)

    def do_DELETE(self):
        if self.path.startswith("/.uploads/"):
            upload, path = self.upload()
            if upload:
                os.unlink(path + ".json")
            self.answer(204 if upload else 404)
            return
        path = self.translate_path(self.path)
        try:
            (os.rmdir if os.path.isdir(path) else os.unlink)(path)
        except FileNotFoundError:
            self.answer(404)
        except OSError:
            self.answer(409)
        else:
            self.answer(204)

    def do_MKCOL(self):
        try:
            os.mkdir(self.translate_path(self.path))
        except FileExistsError:
            self.answer(405)
        else:
            self.answer(201)

    def take_form(self):
        """Take the form of a browser that runs no script."""
        content = self.rfile.read()
        folder = self.translate_path(self.path)
        if self.headers.get_content_type() == "application/x-www-form-urlencoded":
            os.mkdir(os.path.join(folder, dict(urllib.parse.parse_qsl(content.decode()))["mkdir"]))
        else:
            boundary = self.headers.get_boundary().encode()
            for part in content.split(b"--" + boundary)[1:-1]:
                head, _, data = part.partition(b"\r\n\r\n")
                name = head.partition(b'filename="')[2].partition(b'"')[0].decode()
                with open(os.path.join(folder, name), "wb") as file:
                    file.write(data[:-2])
        self.answer(303, Location="./")


@contextlib.contextmanager
def serving_folder(folder, port=0, **allowed):
    """Serve a folder; `allowed` is what visitors may do besides reading."""
    shared = Shared(Allowed(**allowed))
    handler = functools.partial(Handler, shared=shared, directory=os.fspath(folder))
    with serving(ThreadingHTTPServer(("127.0.0.1", port), handler)) as running:
        shared.port = running.address[1]
        try:
            yield shared
        finally:
            shared.is_stopping = True
            shared.valve.set()
