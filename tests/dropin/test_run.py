"""``python -m basehttpserver run`` against plain ``python``: the same to the last byte."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import pytest

from basehttpserver import Settings
from basehttpserver import __main__ as command_line
from basehttpserver._run_command import (
    BOOTSTRAP,
    ENVIRONMENT_VARIABLE,
    _run_child,
    interpreter_flags,
)
from tests.python2 import find_python2

PLAIN = [sys.executable]
RUN = [sys.executable, "-m", "basehttpserver", "run"]

CONSOLE_SCRIPT = Path(sys.executable).with_name("basehttpserver")

SHOW_MAIN = """
import __main__, os, sys
for name in ("__name__", "__file__", "__package__", "__doc__", "__cached__"):
    print(name, getattr(__main__, name, "missing"))
spec = __main__.__spec__
print(spec and (spec.name, spec.origin, spec.parent), type(__main__.__loader__))
print(sys.argv, sys.orig_argv, sys.flags, sys.warnoptions)
print([entry for entry in sys.path], "sitecustomize" in sys.modules)
environment = dict(os.environ)
for name in ("PYTHONPATH", "BASEHTTPSERVER_RUN", "SHLVL", "_"):
    environment.pop(name, None)
print(sorted(environment.items()))
if __name__ == "__main__":
    import traceback
    traceback.print_stack(file=sys.stdout)
"""

RAISE = """
def broken():
    try:
        1 / 0
    except ZeroDivisionError as error:
        raise ValueError("a value") from error
import http.server
broken()
"""


def outcome(command, folder, input_bytes=b"", **environment):
    """Run a command in a folder; return its status and what it wrote."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    done = subprocess.run(
        command,
        cwd=folder,
        env=kept | environment,
        input=input_bytes,
        capture_output=True,
        timeout=50,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def assert_same(folder, *arguments, flags=(), options=(), **more):
    """Run a program in both ways; return the one outcome that both have."""
    plain = outcome([*PLAIN, *flags, *arguments], folder, **more)
    run = [*PLAIN, *flags, *RUN[1:], *options, *arguments]
    assert outcome(run, folder, **more) == plain
    return plain


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    "arguments",
    [
        ["script.py", "a", "--set", "-m", "run"],
        ["./folder/script.py"],
        ["-m", "module", "a", "-h"],
        ["-mpackage", "--like-http-server"],
        ["-m", "package.module"],
        ["folder"],
        ["archive.zip", "a"],
        ["-c", SHOW_MAIN, "a", "-c"],
        ["-", "a"],
    ],
    ids=" ".join,
)
def test_a_program_sees_what_it_would_see_without_us(tmp_path, arguments):
    places = ["script.py", "folder/script.py", "module.py", "package/__main__.py"]
    places += ["package/module.py", "folder/__main__.py"]
    write(tmp_path, dict.fromkeys(places, SHOW_MAIN) | {"package/__init__.py": ""})
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.writestr("__main__.py", SHOW_MAIN)
    status, stdout, _ = assert_same(tmp_path, *arguments, input_bytes=SHOW_MAIN.encode())
    assert status == 0
    assert b"__name__ __main__" in stdout


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (RAISE, 1),
        ("raise SystemExit('a sentence')", 1),
        ("raise SystemExit(7)", 7),
        ("import sys; sys.exit()", 0),
        ("raise KeyboardInterrupt", -signal.SIGINT),
        ("import os, signal; os.kill(os.getpid(), signal.SIGINT)", -signal.SIGINT),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
        ("import os; os._exit(3)", 3),
        ("a syntax error", 1),
        ("import atexit; atexit.register(print, 'at exit'); 1 / 0", 1),
        ("import threading; threading.Thread(target=lambda: 1 / 0).start()", 0),
        ("import warnings; warnings.warn('beware', stacklevel=2)", 0),
        ("import no_such_module", 1),
    ],
)
def test_a_program_ends_as_it_would_without_us(tmp_path, code, status):
    write(tmp_path, {"script.py": code})
    told = assert_same(tmp_path, "script.py")
    assert told[0] == status
    assert b"basehttpserver" not in told[2]


@pytest.mark.parametrize(
    "arguments",
    [["missing.py"], ["-m", "missing"], ["-m", "folder"], ["folder"], ["-m", "raising"]],
    ids=" ".join,
)
def test_what_python_says_of_a_program_that_it_cannot_run(tmp_path, arguments):
    write(tmp_path, {"folder/data.txt": "", "raising.py": RAISE})
    assert assert_same(tmp_path, *arguments)[0] != 0


def test_options_of_python_are_kept(tmp_path):
    write(tmp_path, {"script.py": SHOW_MAIN})
    assert_same(tmp_path, "script.py", flags=["-OBu", "-Werror", "-X", "dev"])


@pytest.mark.parametrize(
    ("command", "flags"),
    [
        (["python", "-m", "basehttpserver"], []),
        (["python", "-mbasehttpserver"], []),
        (["python", "-Bum", "basehttpserver"], ["-Bu"]),
        (["python", "-Bm", "basehttpserver", "-B"], ["-B"]),
        (["python", "-X", "dev", "-m", "x"], ["-X", "dev"]),
        (["python", "-BX", "dev", "-Wm", "-m", "x"], ["-BX", "dev", "-Wm"]),
        (
            ["python", "--check-hash-based-pycs", "always", "-mx"],
            ["--check-hash-based-pycs", "always"],
        ),
        (["python", "-B", "/bin/basehttpserver", "-O"], ["-B"]),
        (["python"], []),
    ],
)
def test_options_of_python_are_recognised(command, flags):
    assert interpreter_flags(command) == flags


def test_a_sitecustomize_of_the_machine_is_imported_too(tmp_path):
    write(
        tmp_path,
        {
            "site/sitecustomize.py": "import sys; sys.marked = __file__, __name__",
            "script.py": "import sys, sitecustomize; print(sys.marked, sitecustomize)",
        },
    )
    status, stdout, _ = assert_same(tmp_path, "script.py", PYTHONPATH=str(tmp_path / "site"))
    assert status == 0
    assert stdout.count(b"sitecustomize.py") == 2


def test_a_sitecustomize_that_fails_fails_as_without_us(tmp_path):
    write(tmp_path, {"site/sitecustomize.py": "import no_such_module", "script.py": ""})
    _, _, plain = outcome([*PLAIN, "script.py"], tmp_path, PYTHONPATH=str(tmp_path / "site"))
    _, _, ours = outcome([*RUN, "script.py"], tmp_path, PYTHONPATH=str(tmp_path / "site"))
    # Twice: in the Python that starts the program, too.
    assert b"no_such_module" in plain
    assert ours.count(b"no_such_module") == 2 * plain.count(b"no_such_module")


WHICH = "import http.server; print(http.server.HTTPServer.__module__)"
OURS = b"basehttpserver.server"


def test_the_program_gets_this_package(tmp_path):
    assert outcome([*RUN, "-c", WHICH], tmp_path)[1].split() == [OURS]
    assert outcome([CONSOLE_SCRIPT, "run", "-c", WHICH], tmp_path)[1].split() == [OURS]


def test_so_it_does_where_the_package_is_not_on_the_path_of_the_program(tmp_path):
    # As in another environment that the program starts, or after `cd src`.
    code = "import sys; sys.path = [p for p in sys.path if 'site-packages' not in p and "
    code += f"p != {str(BOOTSTRAP.parents[2])!r}]\n{WHICH}"
    assert outcome([*RUN, "-c", code], tmp_path)[1].split() == [OURS]


def test_nothing_of_ours_is_imported_before_it_is_needed(tmp_path):
    code = "import sys; print(sorted(name for name in sys.modules))"
    assert_same(tmp_path, "-c", code)


CHILDREN = """
import multiprocessing, pickle, subprocess, sys
import http.server

class Picklable:
    pass

def tell(queue):
    queue.put((http.server.HTTPServer.__module__, Picklable()))

if __name__ == "__main__":
    for method in multiprocessing.get_all_start_methods():
        context = multiprocessing.get_context(method)
        queue = context.Queue()
        child = context.Process(target=tell, args=(queue,))
        child.start()
        name, picklable = queue.get(timeout=40)
        child.join()
        assert type(picklable) is Picklable is type(pickle.loads(pickle.dumps(picklable)))
        print(name, flush=True)
    subprocess.run([sys.executable, "-c", sys.argv[1]])
"""


def test_children_get_it_too(tmp_path):
    write(tmp_path, {"script.py": CHILDREN})
    status, stdout, stderr = outcome([*RUN, "script.py", WHICH], tmp_path)
    assert (status, stderr) == (0, b"")
    assert set(stdout.split()) == {OURS}
    assert len(stdout.split()) >= 2


def test_a_program_can_run_a_program(tmp_path):
    nested = [*RUN, "--no-python2-names", "-c", "import subprocess, sys; sys.exit("]
    nested[-1] += f"subprocess.call({[*RUN, '-c', WHICH]!r}))"
    assert outcome(nested, tmp_path) == (0, OURS + b"\n", b"")


def test_settings_can_be_relaxed_and_set(tmp_path):
    code = "import http.server; s = http.server.HTTPServer.settings;"
    code += "print(s.accept_bare_lf, s.accept_http_0_9, s.max_fields, s.max_body_bytes)"
    options = ["--like-http-server", "--set", "accept_http_0_9=False", "--set", "max_fields=9"]
    options += ["--set=max_body_bytes=None"]
    assert outcome([*RUN, *options, "-c", code], tmp_path)[1] == b"True False 9 None\n"


@pytest.fixture
def executed(monkeypatch):
    """What `run` has executed, in place of this process: (command, environment)."""
    calls = []

    class ReplacedError(Exception):
        pass

    def execute(_path, command, environment):
        calls.append((command, environment))
        raise ReplacedError

    monkeypatch.setattr(os, "execve", execute)

    def run(*arguments):
        with pytest.raises(ReplacedError):
            command_line.main(["run", *arguments])
        return calls[-1]

    return run


def options_in(environment):
    return json.loads(environment[ENVIRONMENT_VARIABLE])


@pytest.mark.parametrize(
    ("arguments", "program"),
    [
        (["a.py", "--set", "x"], ["a.py", "--set", "x"]),
        (["--set", "max_fields=1", "a.py"], ["a.py"]),
        (["--set=max_fields=1", "-ma", "-h"], ["-ma", "-h"]),
        (["--like-http-server", "-", "-h"], ["-", "-h"]),
        (["--no-python2-names", "--", "a.py", "-b"], ["a.py", "-b"]),
    ],
    ids=str,
)
def test_the_program_begins_where_our_options_end(executed, arguments, program):
    command, _ = executed(*arguments)
    assert command[0] == sys.executable
    assert command[-len(program) :] == program


def test_options_are_told_in_the_environment(executed):
    plain = options_in(executed("a.py")[1])
    assert plain == {"settings": {}, "python2_names": True}
    changed = options_in(executed("--set", "max_fields=1_0", "--no-python2-names", "a.py")[1])
    assert changed == {"settings": {"max_fields": 10}, "python2_names": False}
    relaxed = options_in(executed("--like-http-server", "--set", "max_fields=9", "a.py")[1])
    accepted = {name for name in Settings.__slots__ if name.startswith("accept_")}
    assert relaxed["settings"] == dict.fromkeys(accepted, True) | {"max_fields": 9}


@pytest.mark.parametrize("before", [None, "", "/one", "/one::/two"])
def test_the_path_of_the_environment_goes_on(executed, monkeypatch, before):
    if before is None:
        monkeypatch.delenv("PYTHONPATH", raising=False)
    else:
        monkeypatch.setenv("PYTHONPATH", before)
    _, environment = executed("a.py")
    path = environment["PYTHONPATH"]
    assert path == os.pathsep.join(filter(None, [str(BOOTSTRAP), before]))
    monkeypatch.setenv("PYTHONPATH", path)
    assert executed("a.py")[1]["PYTHONPATH"] == path


def test_python2_names_can_be_left_out(tmp_path):
    code = "import http.server, importlib.util; print(importlib.util.find_spec('BaseHTTPServer'))"
    assert outcome([*RUN, "--no-python2-names", "-c", code], tmp_path)[1] == b"None\n"
    assert b"BaseHTTPServer.py" in outcome([*RUN, "-c", code], tmp_path)[1]


def test_modules_of_the_program_win_over_python2_names(tmp_path):
    write(tmp_path, {"SocketServer.py": "own = 1", "script.py": "import SocketServer as s; s.own"})
    assert outcome([*RUN, "script.py"], tmp_path) == (0, b"", b"")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ([], "no program"),
        (["--like-http-server"], "no program"),
        (["--no-such-option", "script.py"], "--no-such-option"),
        (["--set", "max_fields", "script.py"], "NAME=VALUE"),
        (["--set", "max_feilds=1", "script.py"], "'max_feilds'"),
        (["--set", "max_fields=-1", "script.py"], "max_fields must be"),
        (["--set", "max_fields=a b", "script.py"], "max_fields must be"),
        (["--set"], "expected one argument"),
    ],
    ids=str,
)
def test_bad_options_get_one_sentence(capsys, options, complaint):
    with pytest.raises(SystemExit) as ended:
        command_line.main(["run", *options])
    assert ended.value.code == 2
    stdout, stderr = capsys.readouterr()
    assert stdout == ""
    assert complaint in stderr
    assert stderr.count("\n") == 1


@pytest.mark.parametrize("flag", ["-I", "-E"])
def test_a_python_that_keeps_the_drop_in_out_is_refused(tmp_path, flag):
    status, _, stderr = outcome([*PLAIN, flag, *RUN[1:], "-c", WHICH], tmp_path)
    assert status == 2
    assert b"-I, -E and -S" in stderr


def test_the_old_command_line_of_http_server_runs_ours(tmp_path):
    status, stdout, _ = outcome([*RUN, "-m", "http.server", "--help"], tmp_path)
    assert status == 0
    assert b"Serve a directory over HTTP" in stdout


def test_a_package_of_the_program_with_the_name_http_is_left_alone(tmp_path):
    files = {"http/__init__.py": "", "http/server.py": "own = 1"}
    write(tmp_path, files | {"script.py": "import http.server; print(http.server.own)"})
    # With `python -m` the package would be on our own path, too: the current folder is.
    assert outcome([CONSOLE_SCRIPT, "run", "script.py"], tmp_path) == (0, b"1\n", b"")


def test_where_there_is_no_exec_the_program_is_a_child():
    code = "import os, sys; sys.exit(int(os.environ['STATUS']))"
    assert _run_child([sys.executable, "-c", code], os.environ | {"STATUS": "7"}) == 7


def test_a_program_can_uninstall_it(tmp_path):
    code = f"""
        from basehttpserver import dropin
        assert dropin.is_installed()
        dropin.uninstall()
        assert not dropin.is_installed()
        {WHICH}
        try:
            import BaseHTTPServer
        except ImportError:
            print("unknown")
    """
    assert outcome([*RUN, "-c", textwrap.dedent(code)], tmp_path)[1].split() == [
        b"http.server",
        b"unknown",
    ]


def test_an_older_python_that_the_program_starts_is_left_alone(tmp_path):
    python2 = find_python2()
    if python2 is None:
        pytest.skip("no Python 2.7 here")
    child = [python2, "-B", "-c", "import BaseHTTPServer, sys; sys.stdout.write(repr(sys.path))"]
    code = f"import subprocess; subprocess.run({child!r}, check=True)"
    assert_same(tmp_path, "-c", code)
