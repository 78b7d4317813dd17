"""Each option, tried over the wire as its help says; several by one process, where they agree."""

import base64
import contextlib
import http.client
import io
import os
import re
import socket
import ssl
import zipfile
from typing import NamedTuple

import pytest

from tests.command_line.running import ask, run
from tests.running import PATIENCE_SECONDS

ACCEPTS_GZIP = "Accept-Encoding: gzip"
OF_BROWSER = "Origin: https://example.org"
OF_ANOTHER = "Origin: https://evil.example"


def of(user, password):
    """The field of a request by a user."""
    return "Authorization: Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


ANN, ZOE = of("ann", "of:ann"), of("zoë", "of zoë")


class Row(NamedTuple):
    """One request, and what its answer is to have."""

    target: str
    status: int = 200
    #: What is in the answer, head and body, and what is not.
    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    method: str = "GET"
    body: bytes = b""
    host: str = "localhost"


def put(target, status=201, *fields, body=b"new", **more):
    return Row(target, status, method="PUT", body=body, fields=fields, **more)


def begin_upload(target, status, *fields, name="tus"):
    encoded = base64.b64encode(name.encode()).decode()
    metadata = f"Upload-Metadata: filename {encoded}"
    fields = ("Tus-Resumable: 1.0.0", "Upload-Length: 9", metadata, *fields)
    return Row(target, status, method="POST", fields=fields)


#: Options, their environment variables, and what the server answers then, request by request.
TABLE = {
    "nothing": (
        [],
        {},
        [
            Row("/", has=('id="drop"', "text.txt"), lacks=(".dot", "Allow-Origin")),
            Row("/text.txt", has=("text/plain; charset=utf-8", "Cache-Control: no-cache")),
            Row("/text.txt", has=("Content-Encoding: gzip",), fields=(ACCEPTS_GZIP,)),
            Row("/unknown.odd-one", has=("application/octet-stream",)),
            Row("/inner-link", has=("x" * 2000,)),
            *(Row(target, 404) for target in ("/.dot", "/outer-link", "/about", "/app/route")),
            Row("/?zip", has=('id="drop"',)),
            Row("/", 405, method="OPTIONS", has=("Allow: GET, HEAD\r\n",)),
            *(Row("/new", 405, method=each) for each in ("PUT", "DELETE", "MKCOL", "POST")),
        ],
    ),
    "cors": (
        ["--cors", "--header", "X-Own", "1"],
        {},
        [
            Row("/text.txt", has=("Access-Control-Allow-Origin: *", "X-Own: 1")),
            Row("/text.txt", has=("Access-Control-Allow-Origin: *",), fields=(OF_BROWSER,)),
            Row("/absent", 404, has=("Access-Control-Allow-Origin: *",)),
            Row(
                "/text.txt",
                204,
                method="OPTIONS",
                has=(
                    "Access-Control-Allow-Methods: GET, HEAD, OPTIONS\r\n",
                    "Access-Control-Allow-Headers: range\r\n",
                    "Access-Control-Max-Age: 7200",
                ),
                fields=(
                    OF_BROWSER,
                    "Access-Control-Request-Method: GET",
                    "Access-Control-Request-Headers: range",
                ),
            ),
        ],
    ),
    "cors of one, with users": (
        ["--cors", "https://example.org", "--auth", "ann:of:ann"],
        {},
        [
            Row("/text.txt", 401, has=("Access-Control-Allow-Origin: https://example.org",)),
            Row(
                "/text.txt",
                has=("Access-Control-Allow-Origin: https://example.org", "Vary: Origin"),
                lacks=("evil",),
                fields=(OF_ANOTHER, ANN),
            ),
            # A browser asks without a password whether it may send one (Fetch 4.8).
            Row(
                "/text.txt",
                204,
                method="OPTIONS",
                has=("Access-Control-Allow-Headers: authorization\r\n",),
                fields=(
                    OF_BROWSER,
                    "Access-Control-Request-Method: GET",
                    "Access-Control-Request-Headers: authorization",
                ),
            ),
            Row("/text.txt", 401, method="OPTIONS"),
            Row("/text.txt", 401, method="OPTIONS", fields=(OF_BROWSER,)),
        ],
    ),
    "an application": (
        ["--spa", "--pretty-urls", "--index", "app.html", "--cache", "60"],
        {"NOT_FOUND": "404.html"},
        [
            Row("/", has=("THE APP", "Cache-Control: max-age=60")),
            Row("/app/route", has=("THE APP",)),
            Row("/about", has=("ABOUT",), lacks=("THE APP",)),
            Row("/text.txt", has=("xxx",), lacks=("THE APP",)),
            Row("/.dot", has=("THE APP",), lacks=("SECRET",)),
            Row("/absent.js", 404, has=("OWN PAGE", "text/html")),
        ],
    ),
    "plain": (
        ["--listing", "plain", "--cache", "off", "--no-compress", "--charset", "off", "--dotfiles"],
        {"PROTOCOL": "HTTP/1.0", "CONTENT_TYPE": "text/x-own"},
        [
            Row("/", has=("Directory listing for /", ".dot", "HTTP/1.0 200")),
            Row("/.dot", has=("SECRET",)),
            Row(
                "/text.txt",
                has=("text/plain\r\n",),
                lacks=("Cache-Control", "charset", "Content-Encoding"),
                fields=(ACCEPTS_GZIP,),
            ),
            Row("/unknown.odd-one", has=("text/x-own",)),
        ],
    ),
    "hidden": (
        ["--no-listing", "--hide", "*.TXT", "--hide", "sub/pri*", "--symlinks", "all"],
        {"CACHE": "public, max-age=5", "CHARSET": "iso-8859-1"},
        [
            Row("/", 404),
            Row("/text.txt", 404),
            Row("/sub/private/file", 404),
            Row("/private", has=("SEEN",)),
            Row("/outer-link", has=("OUTSIDE",)),
            Row("/about.html", has=("charset=iso-8859-1", "Cache-Control: public, max-age=5")),
        ],
    ),
    "no links": (["--symlinks", "none"], {}, [Row("/inner-link", 404), Row("/outer-link", 404)]),
    "compressed before": (
        ["--precompressed"],
        {"ZIP": "yes", "INDEX": "none.html other.html", "HIDE": "*.md '.x y'"},
        [
            Row("/page.html", has=("Content-Encoding: gzip", "FORM"), fields=(ACCEPTS_GZIP,)),
            Row("/page.html", has=("<p>as it is",), lacks=("Content-Encoding",)),
            Row("/sub/?zip", has=("application/zip", 'filename="sub.zip"')),
            Row("/absent?zip", 404),
        ],
    ),
    "who may read": (
        ["--auth", "ann:of:ann", "--auth", "zoë:of zoë", "--zip"],
        {},
        [
            Row("/text.txt", fields=(ANN,)),
            Row("/text.txt", fields=(ZOE,)),
            *(
                Row("/?zip", 401, has=('WWW-Authenticate: Basic realm="',), fields=fields)
                for fields in ((), (of("ann", "of"),), (of("bob", "of:ann"),), (ANN, ANN))
            ),
            Row("/text.txt", 405, method="PUT", fields=(ANN,)),
            Row("/text.txt", 401, method="PUT"),
        ],
    ),
    "uploads": (
        ["--upload", "--max-upload", "1K", "--mkdir"],
        {},
        [
            put("/new"),
            put("/new", 409),
            put("/text.txt", 409),
            put("/exact", body=bytes(1024)),
            put("/large", 413, body=bytes(1025)),
            put("/.hidden", 403),
            put("/../up"),
            Row("/up", has=("new",)),
            put("/absent/new", 409),
            put("/outer/new", 409),
            Row("/folder", 201, method="MKCOL"),
            put("/folder/new"),
            Row("/folder", 405, method="MKCOL"),
            Row("/new", 405, method="DELETE", has=("Allow: ",)),
            put("/rebound", 403, OF_ANOTHER, host="evil.example"),
            Row("/text.txt", host="shared.example"),
            put("/cross", 403, OF_ANOTHER),
            put("/cross", 403, "Sec-Fetch-Site: cross-site"),
            put("/own", 201, "Origin: http://localhost"),
            begin_upload("/", 201),
            begin_upload("/", 409, name="text.txt"),
            begin_upload("/", 400, name="../up"),
            begin_upload("/", 403, name=".hidden"),
        ],
    ),
    "uploads by anyone": (
        ["--upload", "--writable-by-anyone"],
        {},
        [put("/new", host="shared.example"), put("/own", 201, "Origin: http://x", host="x")],
    ),
    "everything": (
        ["--upload", "--overwrite", "--mkdir", "--delete", "--auth", "ann:of:ann"],
        {"UPLOAD_AUTH": "'zoë:of zoë'"},
        [
            Row("/text.txt", 401),
            Row("/text.txt", fields=(ANN,)),
            Row("/text.txt", fields=(ZOE,)),
            put("/text.txt", 401),
            put("/text.txt", 401, ANN),
            put("/text.txt", 204, ZOE, host="shared.example"),
            Row("/text.txt", has=("new",), fields=(ANN,)),
            Row("/sub", 409, method="DELETE", fields=(ZOE,)),
            Row("/text.txt", 401, method="DELETE", fields=(ANN,)),
            Row("/text.txt", 204, method="DELETE", fields=(ZOE,)),
            Row("/text.txt", 404, method="DELETE", fields=(ZOE,)),
            Row("/outer-link", 404, method="DELETE", fields=(ZOE,)),
            Row("/", 403, method="DELETE", fields=(ZOE,)),
        ],
    ),
    "scripts": (
        ["--cgi", "--auth", "ann:of:ann", "--no-listing", "--spa", "--pretty-urls", "--cors"],
        {"LOG_FORMAT": "json"},
        [
            Row("/cgi-bin/script", 401),
            Row("/cgi-bin/script", 401, method="POST"),
            Row("/cgi-bin/absent", 404, fields=(ANN,)),
            # Not by its own name, and no other: as it is, nobody gets it.
            Row("/script-link", 404, lacks=("SOURCE",), fields=(ANN,)),
            Row("/as-page", 404, lacks=("SOURCE",), fields=(ANN,)),
            Row("/cgi-bin?zip", 301, lacks=("SOURCE",), fields=(ANN,)),
            Row("/text.txt", fields=(ANN,)),
        ],
    ),
}


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "served"
    (made / "sub" / "private").mkdir(parents=True)
    (made / "cgi-bin").mkdir()
    files = {
        "text.txt": "x" * 2000,
        "app.html": "THE APP",
        "about.html": "ABOUT",
        "404.html": "OWN PAGE",
        ".dot": "SECRET",
        "unknown.odd-one": "?",
        "page.html": "<p>as it is",
        "page.html.gz": "FORM",
        "private": "SEEN",
        "sub/private/file": "SECRET",
        "cgi-bin/script": "#!/bin/sh\n# SOURCE\necho\n",
        "../outside": "OUTSIDE",
    }
    for name, content in files.items():
        (made / name).write_text(content)
    (made / "inner-link").symlink_to("text.txt")
    (made / "outer-link").symlink_to("../outside")
    (made / "outer").symlink_to("..")
    (made / "script-link").symlink_to("cgi-bin/script")
    (made / "as-page.html").symlink_to("cgi-bin/script")
    return made


@contextlib.contextmanager
def serve(folder, *options, variables=()):
    """Serve a folder, which is the current one; the options are by themselves, or of variables."""
    named = {f"BASEHTTPSERVER_{name}": value for name, value in dict(variables).items()}
    with run("0", "--bind", "127.0.0.1", *options, variables=named, cwd=folder) as running:
        yield running


def answer_to(running, row):
    return ask(
        ("127.0.0.1", running.port),
        row.target,
        method=row.method,
        host=row.host,
        fields=[*row.fields, *([f"Content-Length: {len(row.body)}"] if row.body else [])],
        body=row.body,
    ).decode("utf-8", "replace")


@pytest.mark.parametrize("name", TABLE)
def test_table(folder, name):
    options, variables, rows = TABLE[name]
    with serve(folder, *options, variables=variables) as running:
        for row in rows:
            answer = answer_to(running, row)
            assert int(answer.split(" ", 2)[1]) == row.status, (row, answer)
            for text in row.has:
                assert text in answer, (row, answer)
            for text in row.lacks:
                assert text not in answer, (row, answer)
        _, logged = running.end()
    for secret in ("of:ann", "of zoë", "Traceback", "Basic "):
        assert secret not in logged


def variables_of(options):
    """The same options as variables of the environment."""
    variables, words = {}, list(options)
    while words:
        option = words.pop(0)
        values = []
        while words and not words[0].startswith("--"):
            values.append(words.pop(0))
        name, value = option[2:].upper().replace("-", "_"), " ".join(map(repr, values))
        if name.startswith("NO_") and name not in ("NO_LISTING", "NOT_FOUND"):
            name, value = name[3:], "0"
        single = name not in ("HIDE", "INDEX", "AUTH", "HEADER")
        value = values[0] if single and values else value or "1"
        variables[name] = f"{variables[name]} {value}" if name in variables else value
    return variables


@pytest.mark.parametrize("name", ["an application", "plain", "hidden", "uploads", "who may read"])
def test_table_by_variables(folder, name, monkeypatch):
    """What an option does, its variable does."""
    options, variables, rows = TABLE[name]
    monkeypatch.setitem(TABLE, name, ([], variables | variables_of(options), rows))
    test_table(folder, name)


def test_archive_is_whole(folder):
    with serve(folder, "--zip", "--hide", "*.gz") as running:
        answer = ask(("127.0.0.1", running.port), "/?zip", fields=["Connection: close"])
    head, _, body = answer.partition(b"\r\n\r\n")
    if b"chunked" in head.lower():
        body = b"".join(re.split(rb"(?:\r\n)?[0-9a-f]+\r\n", body))
    names = zipfile.ZipFile(io.BytesIO(body)).namelist()
    assert {"text.txt", "sub/private/file", "inner-link"} <= set(names)
    assert not {".dot", "page.html.gz", "outer-link", "outside"} & set(names)


class TestFilesOfUsers:
    @pytest.fixture
    def users(self, folder):
        """A file of users in the very folder, as the help has it; made by the library."""
        from passlib.apache import HtpasswdFile

        def write(**passwords):
            file = HtpasswdFile(default_scheme="apr_md5_crypt")
            for user, password in passwords.items():
                file.set_password(user, password)
            (folder / "users.part").write_bytes(file.to_string())
            os.replace(folder / "users.part", folder / "users.htpasswd")

        write(ann="of:ann")
        return write

    def test_reading_changed_while_it_runs(self, folder, users):
        bob = of("bob", "secret")
        with serve(folder, "--auth-file", "users.htpasswd") as running:

            def status(*fields):
                return int(answer_to(running, Row("/text.txt", fields=fields)).split(" ")[1])

            assert (status(), status(ANN), status(bob)) == (401, 200, 401)
            users(bob="secret")
            assert (status(), status(ANN), status(bob)) == (401, 401, 200)
            (folder / "users.htpasswd").write_text("bob:secret\n")
            assert status(bob) == 401, "nobody is let in by what is no hash"
            (folder / "users.htpasswd").unlink()
            assert status(bob) == 401
            users(ann="of:ann")
            assert (status(ANN), status(bob)) == (200, 401)

    def test_file_by_hand(self, folder):
        # As `openssl passwd -apr1 -salt abcdefgh secret` makes it.
        line = "# who may come\n\neva:$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/:a comment\n"
        (folder / "users.htpasswd").write_text(line)
        with serve(folder, "--auth-file", "users.htpasswd") as running:
            answer = answer_to(running, Row("/text.txt", fields=(of("eva", "secret"),)))
        assert answer.startswith("HTTP/1.1 200 ")

    def test_nobody_reads_or_replaces_it(self, folder, users):
        """It is in the folder that is served, and so are its writers."""
        options = ("--upload", "--overwrite", "--delete", "--zip", "--dotfiles")
        with serve(folder, *options, "--upload-auth-file", "users.htpasswd") as running:
            for row in (
                Row("/users.htpasswd", 404),
                Row("/USERS.htpasswd", 404),
                Row("/", lacks=("users.htpasswd",)),
                Row("/?zip", lacks=("users.htpasswd",)),
                put("/text.txt", 401),
                put("/text.txt", 204, ANN),
                put("/users.htpasswd", 403, ANN),
                Row("/users.htpasswd", 404, method="DELETE", fields=(ANN,)),
            ):
                answer = answer_to(running, row)
                assert int(answer.split(" ", 2)[1]) == row.status, row
                assert not [text for text in row.lacks if text in answer]


@pytest.fixture
def tls(folder):
    """The options for TLS, with a certificate in the folder."""
    import trustme

    made = trustme.CA().issue_cert("localhost")
    made.private_key_pem.write_to_path(folder / "key[1].pem")
    made.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    return "--tls-cert", "cert.pem", "--tls-key", "./key[1].pem"


def secure_status(running, method, target, **more):
    connection = http.client.HTTPSConnection(
        "127.0.0.1",
        running.port,
        timeout=PATIENCE_SECONDS,
        context=ssl._create_unverified_context(),
    )
    with contextlib.closing(connection):
        connection.request(method, target, **more)
        return connection.getresponse().status


def test_a_key_is_not_served(folder, tls):
    with serve(folder, *tls, "--auth", "ann:of:ann") as running:
        for target, status in (("/key%5B1%5D.pem", 404), ("/cert.pem", 200)):
            assert secure_status(running, "GET", target, headers=dict([ANN.split(": ")])) == status


class TestAnyName:
    """May be asked for where no site's name leads."""

    def test_over_tls(self, folder, tls):
        with serve(folder, *tls, "--upload") as running:
            named = {"Host": "my-machine.example"}
            assert secure_status(running, "PUT", "/new", body=b"new", headers=named) == 201

    @pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="the system has no Unix sockets")
    def test_by_a_unix_socket(self, folder, tmp_path):
        path = str(tmp_path / "socket")
        with run("--unix", path, "--upload", cwd=folder):
            answer = ask(
                path,
                "/new",
                family=socket.AF_UNIX,
                method="PUT",
                host="my-machine.example",
                fields=["Content-Length: 0"],
            )
        assert answer.startswith(b"HTTP/1.1 201 ")
