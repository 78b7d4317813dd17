"""The parts of CGI that need no server: paths, heads of answers, what is logged of errors."""

import os
import subprocess
import sys

import pytest

from basehttpserver import cgi
from basehttpserver._cgi import script as script_module
from basehttpserver._cgi.answer import MAX_HEAD_BYTES, AnswerHead, HeadReader, MalformedAnswerError
from basehttpserver._cgi.script import MAX_LOGGED_BYTES, Script


@pytest.mark.parametrize(
    ("path", "collapsed"),
    [
        ("", "//"),
        ("/", "//"),
        ("a", "//a"),
        ("//a", "//a"),
        ("/a/b", "/a/b"),
        ("/a//b/", "/a/b/"),
        ("/a/./b/.", "/a/b/"),
        ("/a/b/..", "/a/"),
        ("/a/../b/c", "/b/c"),
        ("/a%2fb%2F..%2fc", "/a/c"),
        ("/%2e%2e%2fa", None),
        ("/..", None),
        ("/a/../..", None),
        ("/%252e%252e/a", "/%2e%2e/a"),
        ("/a/b?c/../%2f?d", "/a/b?c/../%2f?d"),
        ("/a/?", "/a/"),
        ("/a/b%3fc", "/a/b?c"),
        ("/a\\..\\b/c", "/a\\..\\b/c"),
    ],
)
def test_collapsed_path(path, collapsed):
    if collapsed is None:
        with pytest.raises(IndexError):
            cgi._url_collapse_path(path)
    else:
        assert cgi._url_collapse_path(path) == collapsed


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
def test_head_comes_in_any_pieces(end, size):
    output = end.join([b"Status: 201 Made", b"X-Name:  a value", b"", b"\n\nthe body\n\n"])
    reader, found, body = HeadReader(), None, b""
    for start in range(0, len(output), size):
        data = output[start : start + size]
        if found is not None:
            body += data
            continue
        answer = reader.feed(data)
        if answer is not None:
            found, body = answer
    assert found == AnswerHead(201, "Made", [("X-Name", "a value")])
    assert body == b"\n\nthe body\n\n"


@pytest.mark.parametrize("output", [b"\nbody", b"\r\nbody"])
def test_head_may_be_empty(output):
    answer = HeadReader().feed(output)
    assert answer == (AnswerHead(200, "Script output follows", []), b"body")


def test_head_is_bounded():
    reader = HeadReader()
    assert reader.feed(b"X-Name: " + b"x" * (MAX_HEAD_BYTES - 8)) is None
    with pytest.raises(MalformedAnswerError, match="65536"):
        reader.feed(b"x\n\n")


def start(program, lines):
    """Start a program in Python whose errors go to `lines`."""
    return Script(
        [sys.executable, "-IS", "-c", program],
        executable=None,
        environment={},
        body=subprocess.DEVNULL,
        credentials={},
        log=lines.append,
    )


@pytest.mark.parametrize(
    ("program", "logged"),
    [
        ("'one\\ntwo'", ["one", "two"]),
        ("'one\\n\\n  \\ntwo\\n'", ["one", "two"]),
        (r"'\x1b[2J\xff'", ["\x1b[2Jÿ"]),
        (
            f"'x' * {MAX_LOGGED_BYTES} + 'y'",
            ["x" * MAX_LOGGED_BYTES, "CGI script wrote more to its standard error: not logged"],
        ),
        (f"'x' * {MAX_LOGGED_BYTES}", ["x" * MAX_LOGGED_BYTES]),
    ],
)
def test_errors_are_logged_by_lines(program, logged):
    lines = []
    write = f"import sys; sys.stderr.buffer.write(({program}).encode())"
    script = start(write, lines)
    with script:
        assert list(script.output(None, lambda: False)) == []
    assert script.exit_code == 0
    assert lines == logged


def test_it_is_imported_when_it_is_asked_for():
    program = (
        "import sys, basehttpserver, basehttpserver.__main__\n"
        "light = 'basehttpserver.cgi' not in sys.modules\n"
        "print(light, basehttpserver.CGIHTTPRequestHandler.__module__)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert told.stdout == "True basehttpserver.cgi\n"


def test_unknown_names_are_none_of_the_package():
    import basehttpserver

    with pytest.raises(AttributeError, match="no attribute 'CGIServer'"):
        basehttpserver.CGIServer  # noqa: B018 - it must raise


def test_nobody_is_a_user_of_no_one(monkeypatch):
    pwd = pytest.importorskip("pwd")
    monkeypatch.setattr(cgi, "nobody", None)
    assert cgi.nobody_uid() == pwd.getpwnam("nobody").pw_uid

    def fail(name):
        raise KeyError(name)

    monkeypatch.setattr(cgi, "nobody", None)
    monkeypatch.setattr(pwd, "getpwnam", fail)
    assert cgi.nobody_uid() == 1 + max(user.pw_uid for user in pwd.getpwall())
    monkeypatch.setattr(cgi, "nobody", 1234)
    assert cgi.nobody_uid() == 1234


@pytest.mark.timeout(5)
def test_line_of_spaces_is_read_in_linear_time():
    with pytest.raises(MalformedAnswerError):
        HeadReader().feed(b"X-Name:" + b" " * 60_000 + b"\x01\n\n")


@pytest.mark.skipif(os.name == "nt", reason="process groups as POSIX has them")
@pytest.mark.timeout(10)
def test_script_that_may_not_be_killed_holds_up_nobody(monkeypatch):
    def may_not(*_):
        raise PermissionError

    monkeypatch.setattr(script_module, "_GRACE_SECONDS", 0.05)
    monkeypatch.setattr(script_module, "_LAST_WAIT_SECONDS", 0.05)
    script = start("import time; time.sleep(1000)", [])
    with monkeypatch.context() as patched:
        patched.setattr(os, "killpg", may_not)
        with script:
            pass
    process = script._process
    assert process.poll() is None
    process.kill()
    process.wait()


def test_root_gives_away_its_groups_too(monkeypatch):
    pwd = pytest.importorskip("pwd")
    nobody = pwd.getpwnam("nobody")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    expected = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    assert cgi._credentials() == expected
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert cgi._credentials() == {}
