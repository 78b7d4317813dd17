"""The examples of ``--help`` start a server; what cannot work is refused, in one sentence."""

import os
import re
import shlex

import pytest

from basehttpserver import __main__ as command_line
from basehttpserver._command_line.environment import variable_of
from basehttpserver._command_line.listening import listen
from basehttpserver._command_line.options import make_parser

# Stands where it must not be printed.
SECRET = "SECRET"


def examples():
    """What ``--help`` has behind "as in"."""
    found = [re.search(r"; as in: (.*) \[", action.help or "") for action in make_parser()._actions]
    return [each[1] for each in found if each]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, with all that examples name."""
    import trustme

    made = trustme.CA().issue_cert("localhost")
    made.private_key_pem.write_to_path(tmp_path / "key.pem")
    made.private_key_and_cert_chain_pem.write_to_path(tmp_path / "cert.pem")
    (tmp_path / "password.txt").write_text(f"{SECRET}\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "404.html").write_text("")
    for name in ("public", "dist"):
        (tmp_path / name).mkdir()
    for name in ("readers.htpasswd", "writers.htpasswd"):
        (tmp_path / name).write_text("eva:$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def start(monkeypatch, capsys):
    """Runs the command line up to where it would wait for requests."""
    monkeypatch.setattr(command_line, "run_until_signal", lambda server, announce, _: announce())
    monkeypatch.setattr(command_line, "open_browser", lambda url: None)
    # Wherever it is to listen, by the options: nobody else gets there.
    monkeypatch.setattr(
        command_line,
        "listen",
        lambda handler, bind, port, tls: listen(
            handler, "127.0.0.1" if bind in (None, "0.0.0.0") else bind, port, tls
        ),
    )
    for name in list(os.environ):
        if name.startswith("BASEHTTPSERVER_"):
            monkeypatch.delenv(name)

    def start(*words):
        """Return the status that it ends with, what it prints, and what it says of errors."""
        try:
            status = command_line.main(words)
        except SystemExit as ended:
            status = ended.code
        return status, *capsys.readouterr()

    return start


@pytest.mark.parametrize("example", examples())
def test_example(example, folder, start):
    words = shlex.split(example.replace("/run/", f"{folder}/"))
    if "--unix" not in words:
        words += [] if "--port" in words else ["0"]
        words += [] if "--bind" in words else ["--bind", "127.0.0.1"]
    status, printed, said = start(*words)
    assert (status, said) == (0, "")
    assert printed.startswith("Serving HTTP")


def test_a_page_is_named_from_where_the_server_starts(folder, start):
    (folder / "dist" / "own.html").write_text("")
    words = ["0", "--bind", "127.0.0.1", "--directory", "dist", "--not-found"]
    status, _, said = start(*words, "own.html")
    assert status == 2
    within = os.path.join("dist", "own.html")
    assert f"no file that can be read: from where the server starts it is {within!r}" in said
    assert start(*words, within)[0] == 0


@pytest.mark.parametrize("example", [each for each in examples() if "--up" in each])
def test_example_is_not_refused_where_others_come(example, folder, start):
    status, _, said = start("0", *shlex.split(example))
    assert status == 0, said


#: What is given, and what is said of it.
REFUSED = [
    ("--port 65536", "a port is a number from 0 to 65535, or 'auto'"),
    ("--port 0000065536", "a port is a number from 0 to 65535, or 'auto'"),
    ("--port -1", "a port is a number"),
    ("--port 8_0", "a port is a number"),
    ("--port \u0663", "a port is a number"),
    ("--port ''", "a port is a number"),
    ("eighty", "or 'auto' (--help"),
    (".", "or 'auto'; a directory is named by --directory"),
    ("--bind 192.0.2.1", "cannot listen on port 0 of 192.0.2.1"),
    ("--unix /absent/socket", "cannot listen on /absent/socket"),
    ("--unix ''", "--unix needs a path"),
    ("--directory absent", "'absent' is not a directory"),
    ("--directory ''", "'' is not a directory"),
    ("--directory 404.html", "'404.html' is not a directory"),
    ("--symlinks some", "invalid choice: 'some'"),
    ("--protocol HTTP/2", "invalid choice: 'HTTP/2'"),
    ("--header X-Alone", "expected 2 arguments"),
    ("--header 'X Y' 1", "'X Y' is not a header name"),
    ("--header X-A '1\n2'", "has a character that cannot be sent"),
    ("--header Transfer-Encoding chunked", "the server says that itself"),
    ("--header content-length 5", "the server says that itself"),
    ("--cors --header access-control-allow-origin x", "leave --header out"),
    ("--charset ''", "'' is no charset"),
    ("--charset 'a b'", "'a b' is no charset"),
    ("--content-type ''", "'' is no media type"),
    ("--content-type html", "'html' is no media type"),
    ("--listing pretty", "invalid choice: 'pretty'"),
    ("--zip --no-listing", "--zip shows what --no-listing keeps back"),
    ("--zip --cgi", "would send the scripts that --cgi runs"),
    ("--index ''", "'' is no name of a file"),
    ("--index ../up.html", "'../up.html' is no name of a file"),
    ("--hide ''", "'' matches nothing"),
    ("--hide /", "'/' matches nothing"),
    ("--hide ./private", "'./private' matches nothing"),
    ("--hide a/../b", "'a/../b' matches nothing"),
    ("--hide FOLDER/private", "paths are from the directory on, as in '/private'"),
    ("--not-found absent.html", "'absent.html' is no file that can be read"),
    ("--not-found public", "'public' is no file that can be read"),
    ("--not-found ''", "'' is no file that can be read"),
    ("--cache ''", "is neither seconds nor a Cache-Control value"),
    ("--cache -1", "is neither seconds nor a Cache-Control value"),
    ("--cache max-age=x", "is neither seconds nor a Cache-Control value"),
    ("--cors example.org", "'example.org' is no origin"),
    ("--cors https://example.org/", "is no origin"),
    ("--cors null", "'null' is no origin"),
    ("--max-upload 1G", "--max-upload means nothing without --upload"),
    ("--upload --max-upload 0", "'0' is no size"),
    ("--upload --max-upload 1.5G", "'1.5G' is no size"),
    ("--upload --max-upload -1", "'-1' is no size"),
    ("--mkdir --overwrite", "--overwrite means nothing without --upload"),
    ("--writable-by-anyone", "means nothing without --upload, --mkdir or --delete"),
    ("--upload-auth me:SECRET", "means nothing without --upload, --mkdir or --delete"),
    ("--upload-auth-file writers.htpasswd", "means nothing without --upload"),
    ("--upload --precompressed", "a new page.html.gz takes the place of page.html"),
    ("--upload --cgi", "cannot be together"),
    ("--delete --cgi", "cannot be together"),
    ("--auth me", "needs a name and a password with a colon"),
    ("--auth :SECRET", "needs a name and a password with a colon"),
    ("--auth ''", "needs a name and a password with a colon"),
    ("--auth me SECRET", "there is a word too much"),
    ("--auht me:SECRET", "--auht is no option"),
    ("--auht=me:SECRET", "--auht is no option"),
    ("--upload-a=me:SECRET", "ambiguous option: --upload-a could match"),
    ("--upload=me:SECRET", "argument --upload: it has no value"),
    ("--auth me:SECRET --auth-file readers.htpasswd", "cannot be together"),
    ("--auth-file ''", "--auth-file: cannot read ''"),
    ("--auth-file absent", "--auth-file: cannot read 'absent'"),
    ("--auth-file public", "--auth-file: cannot read 'public'"),
    ("--auth-file password.txt", "password.txt, line 1: not a user and a hash"),
    ("--auth-file binary", "--auth-file: 'binary' is not a file of htpasswd"),
    ("--log-format xml", "invalid choice: 'xml'"),
    ("--log-format json --quiet", "--quiet logs nothing"),
    ("--bind 127.0.0.1:8000", "'127.0.0.1:8000' is no address, and no name that leads to one"),
    ("--tls-key key.pem", "--tls-key requires --tls-cert"),
    ("--tls-cert absent.pem", "cannot read 'absent.pem'"),
    ("--tls-cert ''", "cannot read ''"),
    ("--tls-cert 404.html", "'404.html' with the key in the same file, without --tls-key:"),
    ("--tls-cert cert.pem --tls-key 404.html", "certificate 'cert.pem' with the key '404.html':"),
    ("--tls-cert cert.pem --tls-password-file absent", "Failed to read TLS password file"),
]


@pytest.mark.parametrize(("words", "said"), REFUSED)
def test_refused(words, said, folder, start):
    given = shlex.split(words.replace("FOLDER", os.path.realpath(folder)))
    if not words.startswith(("--port", "--unix", "eighty", ".")):
        given = ["0", "--bind", "127.0.0.1", *given]
    status, printed, error = start(*given)
    assert (status, printed) == (2, "")
    assert said in error
    assert error.count("\n") == 1
    assert SECRET not in error


@pytest.mark.parametrize("changes", ["--upload", "--mkdir", "--delete"])
def test_changes_by_anybody_are_refused(changes, folder, start):
    status, _, error = start("0", changes)
    assert status == 2
    for way in ("--upload-auth USER:PASSWORD", "--bind 127.0.0.1", "--writable-by-anyone"):
        assert way in error


@pytest.mark.parametrize("name", ["AUTH", "UPLOAD_AUTH", "AUTH_FILE", "UPLOAD_AUTH_FILE"])
def test_variable_without_a_password(name, folder, start, monkeypatch):
    """What was to fill it has failed: that must not let everybody in."""
    monkeypatch.setenv(f"BASEHTTPSERVER_{name}", "")
    status, _, error = start("0", "--upload", "--bind", "127.0.0.1")
    assert status == 2
    assert "it is empty" in error or "cannot read ''" in error


@pytest.mark.parametrize(
    ("name", "value"),
    [("MAX_UPLOAD", "much"), ("CORS", "x"), ("SYMLINKS", "x"), ("ZIP", "x"), ("AUTH", "a:SECRET'")],
)
def test_refused_variable(name, value, folder, start, monkeypatch):
    monkeypatch.setenv(f"BASEHTTPSERVER_{name}", value)
    status, _, error = start("0", "--bind", "127.0.0.1")
    assert status == 2
    assert "error: environment variable" in error
    assert SECRET not in error


@pytest.mark.parametrize(
    ("words", "is_said"),
    [
        ("--auth me:SECRET", True),
        ("--auth me:SECRET --quiet --bind 0.0.0.0", True),
        ("--auth-file readers.htpasswd", True),
        ("--upload --upload-auth me:SECRET", True),
        ("--auth me:SECRET --bind 127.0.0.1", False),
        ("--auth me:SECRET --bind localhost", False),
        ("--auth me:SECRET --tls-cert cert.pem", False),
        ("--upload --writable-by-anyone", False),
    ],
)
def test_passwords_that_others_can_read(words, is_said, folder, start):
    status, _, said = start("0", *shlex.split(words))
    assert status == 0
    assert said.count("\n") == is_said
    assert ("Passwords cross the network readable" in said) == is_said
    assert SECRET not in said


def test_help_has_all_variables_and_no_value_of_them(start, monkeypatch):
    monkeypatch.setenv("BASEHTTPSERVER_AUTH", f"me:{SECRET}")
    status, printed, _ = start("--help")
    assert status == 0
    assert SECRET not in printed
    for action in make_parser()._actions:
        assert (variable_of(action) or "") in printed
