"""What has broken CGI servers, over real sockets: disclosure, traversal, injection.

CVE-2011-1015 and bpo-2254   a target without its slash, ``cgi-bin/..``: the source of a script
bpo-19435                    ``//x/../cgi-bin``: the check saw another path than what ran
cpython#65523, bpo-21323     folders below that of the scripts
CVE-2012-1823                a query that an interpreter takes for its options
CVE-2016-5385                "httpoxy": a field Proxy becomes HTTP_PROXY
"""

import base64
import os
import tempfile
from pathlib import Path

import pytest

from basehttpserver import Settings, cgi
from tests.wire.conversation import conversation
from tests.wire.scripts import SECRET, Scripts, Site

pytestmark = [
    pytest.mark.usefixtures("leaks_nothing"),
    pytest.mark.skipif(os.name == "nt", reason="the scripts are for a shell"),
]

STRICT = Settings()
RELAXED = Settings.like_http_server()


@pytest.fixture
def site(tmp_path, monkeypatch):
    # For root it would be nobody, who may not even read this folder.
    monkeypatch.setattr(cgi, "nobody_uid", os.geteuid)
    return Site(tmp_path)


def ask(running, target, *fields, method="GET", body=b"", status=None):
    """Return all that comes for one request of HTTP/1.0."""
    with conversation(running) as client:
        client.get(target, *fields, method=method, version="HTTP/1.0", body=body)
        answer = client.read_to_end()
    if status is not None:
        assert int(answer.split()[1]) == status, answer
    return answer


# The source of a script.


@pytest.mark.parametrize("settings", [STRICT, RELAXED], ids=["strict", "relaxed"])
@pytest.mark.parametrize(
    "target",
    [
        "/cgi-bin/hello.sh",
        "/cgi-bin%2fhello.sh",
        "/cgi-bin%2Fhello.sh?x",
        "/%63gi-bin/hello.sh",
        "/%2563gi-bin/hello.sh",
        "/cgi-bin%252fhello.sh",
        "cgi-bin/hello.sh",
        "//cgi-bin/hello.sh",
        "///cgi-bin///hello.sh",
        "/./cgi-bin/./hello.sh",
        "/x/../cgi-bin/hello.sh",
        "/%2e%2e/cgi-bin/hello.sh",
        "/../cgi-bin/hello.sh",
        "/x/..//cgi-bin/hello.sh",
        "///////////nocgi.sh/../cgi-bin/hello.sh",
        "/cgi-bin/hello.sh/",
        "/cgi-bin/hello.sh/.",
        "/cgi-bin/hello.sh/..",
        "/cgi-bin/hello.sh/../..",
        "/cgi-bin/hello.sh/../../cgi-bin/hello.sh",
        "/cgi-bin/hello.sh.",
        "/cgi-bin/hello.sh%20",
        "/cgi-bin/hello.sh%00",
        "/cgi-bin/hello.sh%00.txt",
        "/cgi-bin%00/hello.sh",
        "/cgi-bin/hello.sh::$DATA",
        "/cgi-bin/HELLO.SH",
        "/CGI-BIN/hello.sh",
        "/cgi-bin./hello.sh",
        "/cgi-bin%20/hello.sh",
        "/cgi-bin\\hello.sh",
        "/cgi-bin%5chello.sh",
        "/C:/cgi-bin/hello.sh",
        "/C:\\cgi-bin\\hello.sh",
        "/cgi-bin/C:/hello.sh",
        "/cgi-bin/C:hello.sh",
        # The fragment ends a path for one and not for the other; http.server sends the source.
        "/cgi-bin/hello.sh#/../..",
        "/cgi-bin/hello.sh%23/../..",
        "/cgi-bin/hello.sh?/../..",
        "/cgi-bin/hello.sh%3f/../..",
        "/alias/hello.sh",
        "/alias/child/below.sh",
        "/alias.sh",
        "/cgi-bin/child/../hello.sh",
        "/cgi-bin/not-executable.sh",
        "/cgi-bin/notes.txt",
    ],
)
def test_source_is_never_sent(site, target, settings):
    site.hello()
    site.hello("child/below.sh")
    site.hello("not-executable.sh", mode=0o644)
    site.add("cgi-bin/notes.txt", SECRET, 0o644)
    (site.folder / "alias").symlink_to("cgi-bin")
    (site.folder / "alias.sh").symlink_to("cgi-bin/hello.sh")
    with site.serving(settings=settings) as running:
        for method in ("GET", "HEAD", "POST"):
            answer = ask(running, target, method=method)
            assert SECRET.encode() not in answer
            status = int(answer.split()[1])
            assert status in (200, 301, 400, 403, 404, 501), answer
            if status == 200 and method != "HEAD":
                # It ran; or that is a listing of the root, where all dots lead.
                assert answer.endswith(b"\r\n\r\nhello\n") or b"Directory listing" in answer


def test_length_of_source_is_not_sent(site):
    site.hello()
    (site.folder / "alias").symlink_to("cgi-bin")
    with site.serving() as running:
        assert b"Last-Modified" not in ask(running, "/alias/hello.sh", method="HEAD", status=404)
        ask(running, "/alias/", status=404)  # Nor the names of scripts.


def test_script_as_index_page_is_not_sent(site):
    site.hello()
    (site.folder / "folder").mkdir()
    (site.folder / "folder/index.html").symlink_to("../cgi-bin/hello.sh")
    with site.serving() as running:
        assert SECRET.encode() not in ask(running, "/folder/", status=404)


def test_source_on_a_system_that_ignores_case(site, monkeypatch):
    """Such as Windows and macOS; here a second name of the folder does as if."""
    site.hello()
    (site.folder / "CGI-BIN").symlink_to("cgi-bin")
    with site.serving() as running:
        assert SECRET.encode() not in ask(running, "/CGI-BIN/hello.sh", status=404)


def test_files_elsewhere_are_served(site):
    site.add("file.txt", "content")
    with site.serving(cgi_directories=["/cgi-bin", "/.."]) as running:
        assert ask(running, "/file.txt", status=200).endswith(b"content")
        assert b"cgi-bin/" in ask(running, "/", status=200)
        ask(running, "/cgi-bin", status=301)
        ask(running, "/no%00file", status=404)
        ask(running, "/file.txt", method="POST", status=501)


# What runs.


@pytest.mark.parametrize(
    "target",
    [
        "/outside.sh",
        "/cgi-bin/../outside.sh",
        "/cgi-bin/%2e%2e/outside.sh",
        "/cgi-bin/%2e%2e%2foutside.sh",
        # http.server decodes twice, and runs it.
        "/cgi-bin/%252e%252e/outside.sh",
        "/cgi-bin/%252e%252e%252foutside.sh",
        "/cgi-bin/x%2f..%2f..%2foutside.sh",
        "/cgi-bin/..%5coutside.sh",
        "/cgi-bin/child/../../outside.sh",
        "/cgi-bin/outside.sh",
    ],
)
def test_nothing_outside_runs(site, target):
    site.add("outside.sh", "#!/bin/sh\necho\necho it r''an\n")
    site.hello("child/below.sh")
    with site.serving() as running:
        assert b"it ran" not in ask(running, target)


def test_link_to_a_script_elsewhere_runs(site, tmp_path_factory):
    """As in CPython: who may make links in that folder may as well copy."""
    script = tmp_path_factory.mktemp("elsewhere") / "script.sh"
    script.write_text("#!/bin/sh\necho\necho it ran\n")
    script.chmod(0o755)
    (site.folder / "cgi-bin/link.sh").symlink_to(script)
    with site.serving() as running:
        assert b"it ran" in ask(running, "/cgi-bin/link.sh", status=200)


@pytest.mark.parametrize("symlinks", ["inside", "none"])
def test_link_to_a_script_elsewhere_is_not_followed(site, tmp_path_factory, symlinks):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    script = elsewhere / "script.sh"
    script.write_text("#!/bin/sh\necho\necho it ran\n")
    script.chmod(0o755)
    (site.folder / "cgi-bin/link.sh").symlink_to(script)
    (site.folder / "cgi-bin/folder").symlink_to(elsewhere)
    site.hello()
    (site.folder / "cgi-bin/inside.sh").symlink_to("hello.sh")
    with site.serving(symlinks=symlinks) as running:
        for name in ("link.sh", "folder/script.sh", "folder/absent", "folder"):
            answer = ask(running, f"/cgi-bin/{name}", status=404)
            assert b"it ran" not in answer
        # Not even where the folder ends and PATH_INFO begins.
        assert b"('/cgi-bin/folder')" in ask(running, "/cgi-bin/folder/script.sh", status=404)
        assert b"hello" in ask(running, "/cgi-bin/hello.sh", status=200)
        status = 200 if symlinks == "inside" else 404
        ask(running, "/cgi-bin/inside.sh", status=status)


def test_folder_of_scripts_that_is_a_link(site, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    site.hello()
    (site.folder / "cgi-bin").rename(elsewhere / "cgi-bin")
    (site.folder / "cgi-bin").symlink_to(elsewhere / "cgi-bin")
    with site.serving() as running:
        ask(running, "/cgi-bin/hello.sh", status=200)
    with site.serving(symlinks="inside") as running:
        ask(running, "/cgi-bin/hello.sh", status=404)


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/cgi-bin/", 403),
        ("/cgi-bin/child", 403),
        ("/cgi-bin/child/", 403),
        ("/cgi-bin/not-executable.sh", 403),
        ("/cgi-bin/fifo", 403),
        ("/cgi-bin/nothing", 404),
        ("/cgi-bin/nothing/hello.sh", 404),
        ("/cgi-bin/%C3%A9%E2%82%AC", 404),
        ("/..", 404),
        ("/cgi-bin/../..", 404),
        ("/cgi-bin/hello.sh/%0d%0aSet-Cookie:%20a=b", 404),
        ("/cgi-bin/hello.sh%0d%0a", 404),
        ("/cgi-bin/hello.sh/%00", 404),
        ("/cgi-bin/no-interpreter.sh", 500),
        ("/cgi-bin/no-program", 500),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_refused(site, target, status, method):
    site.hello()
    site.hello("child/below.sh")
    site.hello("not-executable.sh", mode=0o644)
    site.add("cgi-bin/no-interpreter.sh", "#!/no/such/interpreter\n")
    site.add("cgi-bin/no-program", "\x01\x02")
    os.mkfifo(site.folder / "cgi-bin/fifo", 0o755)
    with site.serving() as running:
        answer = ask(running, target, method=method)
        assert int(answer.split()[1]) == status, answer
        assert b"Set-Cookie" not in answer.partition(b"\r\n\r\n")[0]
        ask(running, "/cgi-bin/hello.sh", status=200)


def test_python_script_without_fork_needs_no_permission(site):
    site.python("script.py", "print()", "print('it ran')", mode=0o644)
    site.hello("script.sh", mode=0o644)
    with site.serving(have_fork=False) as running:
        assert ask(running, "/cgi-bin/script.py", status=200).endswith(b"it ran\n")
        ask(running, "/cgi-bin/script.sh", status=403)


def test_windows_has_other_names_and_other_programs(site, monkeypatch):
    monkeypatch.setattr(cgi, "_ON_WINDOWS", True)
    monkeypatch.setattr("basehttpserver.files._ON_WINDOWS", True)
    site.sh("program", "echo", "echo $#")
    site.python("script.py", "import sys", "print()", "print(sys.argv[1:])", mode=0o644)
    for name in ("script.py.", "script.py ", "script.py::$DATA", "nul.py"):
        site.hello(name)
    with site.serving(have_fork=False) as running:
        # A batch file would give its arguments to the command processor.
        assert ask(running, "/cgi-bin/program?a&calc", status=200).endswith(b"\n0\n")
        assert ask(running, "/cgi-bin/script.py?a+b", status=200).endswith(b"['a', 'b']\n")
        for target in ("script.py.", "script.py%20", "script.py::$DATA", "nul.py"):
            ask(running, f"/cgi-bin/{target}", status=404)


def test_query_of_a_relaxed_server_is_passed_as_it_came(environment):
    with environment.serving(settings=RELAXED) as running:
        assert variables(running, "/cgi-bin/env.py?\xff=\xe9")[b"QUERY_STRING"] == b"\xff=\xe9"
        ask(running, "/cgi-bin/env.py?a\0b", status=500)


def test_root_as_folder_of_scripts(site):
    site.add("hello.sh", "#!/bin/sh\necho\necho $SCRIPT_NAME\n")
    site.add("static/style.css", "style")
    with site.serving(cgi_directories=["/"]) as running:
        assert ask(running, "/hello.sh", status=200).endswith(b"\n/hello.sh\n")
        assert ask(running, "/static/style.css", status=200).endswith(b"style")


def test_program_of_the_system_does_not_run_in_place_of_a_script(site, monkeypatch):
    site.add("true", "#!/bin/sh\necho\necho it ran\n")
    monkeypatch.chdir(site.folder)
    site.folder = ""
    with site.serving(cgi_directories=["/"]) as running:
        assert ask(running, "/true", status=200).endswith(b"it ran\n")


def test_question_mark_in_the_name_of_a_script(site):
    site.sh("what?.sh", "echo", 'echo "$SCRIPT_NAME<$QUERY_STRING>"')
    with site.serving() as running:
        answer = ask(running, "/cgi-bin/what%3f.sh", status=200)
        assert answer.endswith(b"\n/cgi-bin/what?.sh<>\n")
        answer = ask(running, "/cgi-bin/what%3F.sh?a=b?c", status=200)
        assert answer.endswith(b"\n/cgi-bin/what?.sh<a=b?c>\n")


def test_override_of_is_cgi_decides(site):
    class Mixed(Scripts):
        def is_cgi(self):
            return not self.path.endswith(".css") and super().is_cgi()

    site.hello()
    site.add("cgi-bin/style.css", "style")
    (site.folder / "alias").symlink_to("cgi-bin")
    with site.serving(handler=Mixed) as running:
        assert ask(running, "/cgi-bin/hello.sh", status=200).endswith(b"hello\n")
        assert ask(running, "/cgi-bin/style.css", status=200).endswith(b"style")
        assert ask(running, "/alias/style.css", status=200).endswith(b"style")
        ask(running, "/alias/hello.sh", status=404)


def test_override_of_is_cgi_rewrites(site):
    class Rewriting(Scripts):
        def is_cgi(self):
            self.cgi_info = "/cgi-bin", "page.sh/more?number=" + self.path[1:]
            return True

    site.sh("page.sh", "echo", 'echo "$SCRIPT_NAME $PATH_INFO $QUERY_STRING"')
    with site.serving(handler=Rewriting) as running:
        answer = ask(running, "/5", status=200)
    assert answer.endswith(b"\n/cgi-bin/page.sh /more number=5\n")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="needs root, to be no longer root")
def test_scripts_of_root_run_as_nobody():
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        site = Site(Path(folder))
        site.sh("script.sh", "echo", "id -u; id -G")
        site.sh("forbidden.sh", mode=0o700)
        for have_fork in (True, False):
            with site.serving(have_fork=have_fork) as running:
                answer = ask(running, "/cgi-bin/script.sh", status=200)
                user, groups = answer.splitlines()[-2:]
                assert int(user) == cgi.nobody_uid() != 0
                assert b"0" not in groups.split()
                ask(running, "/cgi-bin/forbidden.sh", status=403)


# What a script is told.


def variables(running, target="/cgi-bin/env.py", *fields, **options):
    """Return the environment of a script."""
    answer = ask(running, target, *fields, status=200, **options)
    body = answer.partition(b"\r\n\r\n")[2]
    return dict(entry.split(b"=", 1) for entry in body.split(b"\0") if entry)


@pytest.fixture
def environment(site):
    """A script that prints its environment."""
    site.sh("env.py", "echo", "exec env -0")
    return site


def test_meta_variables(environment):
    folder = str(environment.folder).encode()
    with environment.serving(protocol_version="HTTP/1.0", server_version="S") as running:
        found = variables(
            running,
            "/cgi-bin/env.py/a%20b%252fc/%C3%A9/?q=%20%2F+x?y",
            method="POST",
            body=b"12345",
        )
        port = running.address[1]
    expected = {
        b"GATEWAY_INTERFACE": b"CGI/1.1",
        b"SERVER_PROTOCOL": b"HTTP/1.0",
        b"SERVER_NAME": b"localhost",
        b"SERVER_PORT": str(port).encode(),
        b"REQUEST_METHOD": b"POST",
        b"SCRIPT_NAME": b"/cgi-bin/env.py",
        b"PATH_INFO": "/a b%2fc/é/".encode(),
        b"PATH_TRANSLATED": folder + "/a b%2fc/é/".encode(),
        b"QUERY_STRING": b"q=%20%2F+x?y",
        b"REMOTE_ADDR": b"127.0.0.1",
        b"REMOTE_HOST": b"",
        b"CONTENT_TYPE": b"text/plain",
        b"CONTENT_LENGTH": b"5",
        b"HTTP_HOST": b"test",
        b"HTTP_ACCEPT": b"",
        b"HTTP_COOKIE": b"",
        b"HTTP_REFERER": b"",
        b"HTTP_USER_AGENT": b"",
    }
    assert {name: found.get(name) for name in expected} == expected
    assert found[b"SERVER_SOFTWARE"].startswith(b"S Python/")
    assert not {b"AUTH_TYPE", b"REMOTE_USER"} & found.keys()


def test_fields_become_variables_of_their_own(environment, monkeypatch):
    for name in ("HTTP_COOKIE", "HTTP_X_OLD", "REMOTE_USER", "AUTH_TYPE", "CONTENT_LENGTH"):
        monkeypatch.setenv(name, "of another request")
    monkeypatch.setenv("OWN_SETTING", "kept")
    with environment.serving() as running:
        found = variables(
            running,
            "/cgi-bin/env.py",
            "Proxy: http://evil",
            "X_User: root",
            "X-User: me",
            "Path: /evil",
            "LD-Preload: evil.so",
            "Accept: text/html",
            "ACCEPT: text/plain",
            "Cookie: a=1",
            "Cookie: b=2",
            "User-Agent: first",
            "User-Agent: second",
            "Content-Type: text/x",
            "Connection: close",
            "Proxy-Authorization: Basic eDp5",
            "X-Bytes: \xc3\xa9\xff",
            "X-Equals: a=b",
            "X.Dot: x",
        )
    assert found[b"OWN_SETTING"] == b"kept"
    assert found[b"PATH"] == os.environb[b"PATH"]
    own = {name: value for name, value in found.items() if name.startswith(b"HTTP_")}
    assert own == {
        b"HTTP_HOST": b"test",
        b"HTTP_X_USER": b"me",
        b"HTTP_PATH": b"/evil",
        b"HTTP_LD_PRELOAD": b"evil.so",
        b"HTTP_ACCEPT": b"text/html,text/plain",
        b"HTTP_COOKIE": b"a=1; b=2",
        b"HTTP_USER_AGENT": b"first",
        b"HTTP_REFERER": b"",
        b"HTTP_X_BYTES": b"\xc3\xa9\xff",
        b"HTTP_X_EQUALS": b"a=b",
    }
    assert found[b"CONTENT_TYPE"] == b"text/x"
    assert found[b"CONTENT_LENGTH"] == b""
    assert not {b"AUTH_TYPE", b"REMOTE_USER", b"LD_PRELOAD"} & found.keys()


def test_proxy_of_the_administrator_stays(environment, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://proxy")
    with environment.serving() as running:
        found = variables(running, "/cgi-bin/env.py", "Proxy: http://evil")
    assert found[b"HTTP_PROXY"] == b"http://proxy"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"Basic " + base64.b64encode(b"user:pass"), (b"Basic", b"user")),
        (b"basic " + base64.b64encode(b"user:pass:word"), (b"basic", b"user")),
        (b"Basic " + base64.b64encode(b"user"), (b"Basic", None)),
        (b"Basic " + base64.b64encode(b"us\ner:pass"), (b"Basic", None)),
        (b"Basic " + base64.b64encode(b"us\0er:pass"), (b"Basic", None)),
        (b"Basic " + base64.b64encode(b"\xff:pass"), (b"Basic", None)),
        (b"Basic !!!!", (b"Basic", None)),
        (b"Bearer token", (b"Bearer", None)),
        (b"Basic", (None, None)),
        (b"Digest username=x, realm=y", (None, None)),
    ],
)
def test_authorization(environment, value, expected):
    with environment.serving() as running:
        found = variables(running, "/cgi-bin/env.py", f"Authorization: {value.decode('latin-1')}")
    assert (found.get(b"AUTH_TYPE"), found.get(b"REMOTE_USER")) == expected
    assert b"HTTP_AUTHORIZATION" not in found


@pytest.mark.parametrize(
    ("query", "arguments"),
    [
        ("", []),
        ("?", []),
        ("?a=b", []),
        ("?hello", ["hello"]),
        ("?hello+wor%20ld", ["hello", "wor ld"]),
        ("?a%3db", ["a=b"]),
        ("?-s", []),
        ("?%2ds", []),
        ("?hello+-dallow_url_include", []),
        ("?a++b", []),
        ("?a%00b", []),
        ("?$(touch$IFS'ran');`touch%20ran`|touch%20ran&touch%20ran", None),
        ("?*", ["*"]),
        ("?%22%27%0a", ["\"'\n"]),
    ],
)
def test_arguments(site, query, arguments):
    site.sh("script.sh", "echo", 'printf "%s\\0" "$@" | od -An -vtx1 | tr -d " \\n"; echo " $#"')
    with site.serving() as running:
        told, count = ask(running, f"/cgi-bin/script.sh{query}", status=200).split()[-2:]
        answer = ask(running, f"/cgi-bin/script.sh{query}", method="POST", status=200)
    if arguments is None:
        arguments = ["$(touch$IFS'ran');`touch ran`|touch ran&touch ran"]
    if arguments:
        found = bytes.fromhex(told.decode()).decode().split("\0")[:-1]
        assert (found, int(count)) == (arguments, len(arguments))
    else:
        assert count == b"0"
    assert not (site.folder / "ran").exists()
    assert not Path("ran").exists()
    assert answer.split()[-1] == b"0"  # RFC 3875 4.4: GET and HEAD only.


def test_passwords_of_the_command_line_are_not_the_scripts(environment, monkeypatch):
    monkeypatch.setenv("BASEHTTPSERVER_AUTH", "me:SECRET")
    monkeypatch.setenv("BASEHTTPSERVER_UPLOAD_AUTH", "me:SECRET")
    with environment.serving() as running:
        assert b"SECRET" not in b"".join(variables(running).values())
