"""Where the command line listens, and how it says so."""

import contextlib
import io
import os
import socket
import stat
import threading

import pytest

from basehttpserver.__main__ import main
from basehttpserver._command_line import listening, showing
from basehttpserver._command_line.options import make_parser
from basehttpserver.serving import url_of
from tests.command_line.running import ask, fail, run
from tests.running import PATIENCE_SECONDS, eventually


@pytest.fixture
def taken():
    """A port that somebody listens on, with a free one behind it."""
    with contextlib.ExitStack() as stack:
        for _ in range(100):
            first = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            port = first.getsockname()[1]
            with contextlib.suppress(OSError, OverflowError):
                socket.create_server(("127.0.0.1", port + 1)).close()
                break
        yield port


def test_next_free_port(taken, monkeypatch):
    monkeypatch.setattr(listening, "FIRST_PORT", taken)
    monkeypatch.setattr(listening, "LAST_PORT", taken + 1)
    with listening.listen_on_free_port(None, "127.0.0.1", {}) as server:
        assert server.server_port == taken + 1


def test_no_free_port(taken, monkeypatch):
    monkeypatch.setattr(listening, "FIRST_PORT", taken)
    monkeypatch.setattr(listening, "LAST_PORT", taken)
    with pytest.raises(OSError, match="in use"):
        listening.listen_on_free_port(None, "127.0.0.1", {})


def test_a_port_in_use(taken):
    said = fail("--bind", "127.0.0.1", str(taken))
    assert f"port {taken} of 127.0.0.1 is in use by another program" in said
    assert "choose another, or let --port auto choose" in said


def test_all_ports_in_use(taken, monkeypatch, capsys):
    monkeypatch.setattr(listening, "FIRST_PORT", taken)
    monkeypatch.setattr(listening, "LAST_PORT", taken)
    with pytest.raises(SystemExit) as ended:
        main(["--bind", "127.0.0.1", "--port", "auto"])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "every port from 8000 to 8099 of 127.0.0.1 is in use by another program" in said
    assert "auto" not in said


def test_other_failure_is_not_tried_again():
    with pytest.raises(OSError, match=r"assign|known|resol"):
        listening.listen_on_free_port(None, "192.0.2.1", {})


@pytest.mark.parametrize("words", [["0"], ["--port", "0"]])
def test_port_is_positional_or_an_option(words):
    options = make_parser().parse_args(words)
    assert {options.port, options.port_word} == {0, None}


@pytest.mark.parametrize("words", [["auto"], ["--port", "auto"]])
def test_port_auto(words, tmp_path):
    with run(*words, "--bind", "127.0.0.1", "--directory", str(tmp_path)) as running:
        assert listening.FIRST_PORT <= running.port < listening.FIRST_PORT + 100
        assert ask(("127.0.0.1", running.port)).startswith(b"HTTP/1.1 200 ")


class TestUnixSocket:
    def test_is_served_and_gone_afterwards(self, tmp_path):
        (tmp_path / "file").write_bytes(b"content")
        path = str(tmp_path / "socket")
        with run("--unix", path, "--directory", str(tmp_path)) as running:
            assert running.said == f"Serving HTTP on {path} ...\n"
            answer = ask(path, "/file", family=socket.AF_UNIX)
            assert answer.startswith(b"HTTP/1.1 200 ")
            assert answer.endswith(b"content")
            _, log = running.end()
        assert log.startswith("- - - [")
        assert not os.path.exists(path)

    def test_left_behind(self, tmp_path):
        path = str(tmp_path / "socket")
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(path)
        with listening.listen_on_path(None, path, {}):
            assert stat.S_ISSOCK(os.stat(path).st_mode)
        assert not os.path.exists(path)

    def test_of_another_server(self, tmp_path):
        path = str(tmp_path / "socket")
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(path)
            other.listen()
            assert f"{path} is in use by another program" in fail("--unix", path)
        assert os.path.exists(path)

    def test_file_stays(self, tmp_path):
        path = tmp_path / "file"
        path.write_bytes(b"precious")
        assert "is in use" in fail("--unix", str(path))
        assert path.read_bytes() == b"precious"

    def test_successor_s_stays(self, tmp_path):
        path = str(tmp_path / "socket")
        with socket.socket(socket.AF_UNIX) as successor:
            with listening.listen_on_path(None, path, {}):
                os.unlink(path)
                successor.bind(path)
            assert os.path.exists(path)

    @pytest.mark.parametrize(
        ("more", "what"),
        [
            (["80"], "a port"),
            (["--port", "0"], "a port"),
            (["--bind", "::"], "--bind"),
            (["--open"], "--open"),
            (["--qr"], "--qr"),
        ],
    )
    def test_and_an_address(self, more, what, tmp_path):
        said = fail("--unix", str(tmp_path / "socket"), *more)
        assert f"--unix listens on no address, so {what} means nothing with it" in said


@pytest.mark.parametrize("host", ["127.0.0.1", "192.0.2.7", "::1"])
def test_host_of_one_address(host):
    assert showing.reachable_host(host) == host


def test_host_of_all_interfaces():
    found = showing.reachable_host("0.0.0.0")
    assert found == "localhost" or socket.getaddrinfo(found, 80)


def test_host_without_a_network(monkeypatch):
    class NoSocket:
        def __init__(self, *_):
            raise OSError("no network")

    monkeypatch.setattr(showing.socket, "socket", NoSocket)
    assert showing.reachable_host("::") == "localhost"


def test_code_for_a_camera():
    drawn = io.StringIO()
    showing.draw_qr_code("http://192.0.2.7:8000/", drawn)
    assert len(drawn.getvalue().splitlines()) >= 13
    assert set(drawn.getvalue()) <= set(" █▀▄\n")


def test_address_and_its_code_are_printed(tmp_path):
    with run("0", "--qr", "--bind", "127.0.0.1", "--directory", str(tmp_path)) as running:
        printed, _ = running.end()
    assert printed.startswith(f"http://127.0.0.1:{running.port}/\n█")


def test_code_without_its_library(monkeypatch, capsys):
    from basehttpserver import __main__ as command_line
    from basehttpserver._command_line import checks

    monkeypatch.setattr(checks.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit):
        command_line.main(["--qr"])
    assert "pip install 'basehttpserver[qr]'" in capsys.readouterr().err


def test_browser_is_opened(monkeypatch):
    opened = []
    has_opened = threading.Event()

    def open_url(url):
        opened.append(url)
        has_opened.set()

    monkeypatch.setattr(showing.webbrowser, "open", open_url)
    showing.open_browser("http://localhost:8000/")
    assert has_opened.wait(PATIENCE_SECONDS)
    assert opened == ["http://localhost:8000/"]


def test_browser_of_the_environment_is_opened(tmp_path):
    """As `webbrowser` finds it; for all interfaces by a name that leads there."""
    script = tmp_path / "browser"
    script.write_text(
        f'#!/bin/sh\necho "$1" > {tmp_path}/part && mv {tmp_path}/part {tmp_path}/url\n'
    )
    script.chmod(0o700)
    variables = {"BROWSER": str(script)}
    options = ("0", "--open", "--bind", "127.0.0.1", "--directory", str(tmp_path))
    with run(*options, variables=variables) as running:
        eventually((tmp_path / "url").exists)
        assert (tmp_path / "url").read_text() == f"http://127.0.0.1:{running.port}/\n"


def test_url_under_another_name():
    with listening.listen(None, "127.0.0.1", 0, {}) as server:
        assert url_of(server, "::1") == f"http://[::1]:{server.server_port}/"
