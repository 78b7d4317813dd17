"""`install` and `uninstall`, each test in a Python of its own: they change what it imports."""

import subprocess
import sys
import textwrap

import pytest


def run_code(code, *flags):
    """Run code in a fresh Python; return what it printed. What it writes to stderr fails."""
    done = subprocess.run(
        [sys.executable, "-W", "error", *flags, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == 0
    return done.stdout


def test_http_server_and_what_is_built_upon_it_are_ours():
    run_code(
        """
        from basehttpserver import dropin
        dropin.install()
        import basehttpserver, http.server, wsgiref.simple_server, xmlrpc.server
        from http import server
        assert server is http.server
        assert http.server.HTTPServer is basehttpserver.HTTPServer
        assert issubclass(wsgiref.simple_server.WSGIServer, basehttpserver.HTTPServer)
        assert issubclass(
            xmlrpc.server.SimpleXMLRPCRequestHandler, basehttpserver.BaseHTTPRequestHandler)
        """
    )


def test_uninstall_puts_back_what_was_there():
    run_code(
        """
        import sys
        from basehttpserver import HTTPServer, Settings, dropin
        def state():
            return list(sys.meta_path), dict(sys.modules), HTTPServer.settings
        import http.server, wsgiref.simple_server
        kept = [http.server]  # Not by a name of this module, which install() would warn about.
        before = state()
        dropin.install(Settings(max_fields=7))
        dropin.install()
        assert http.server is not kept[0]
        assert HTTPServer.settings.max_fields == 7
        import wsgiref.simple_server, xmlrpc.server, BaseHTTPServer, SimpleHTTPServer, SocketServer
        assert issubclass(wsgiref.simple_server.WSGIServer, HTTPServer)
        dropin.uninstall()
        dropin.uninstall()
        finders, modules, settings = state()
        assert (finders, settings) == (before[0], before[2])
        assert http.server is kept[0] and sys.modules["http.server"] is kept[0]
        changed = {name for name in before[1] if modules.get(name) is not before[1][name]}
        assert not changed, changed
        assert "xmlrpc.server" not in modules and "SocketServer" not in modules
        import xmlrpc.server
        assert issubclass(xmlrpc.server.SimpleXMLRPCRequestHandler, kept[0].BaseHTTPRequestHandler)
        try:
            import BaseHTTPServer
        except ImportError:
            pass
        else:
            raise AssertionError("still there")
        """
    )


def test_a_standard_module_that_was_imported_before_is_imported_afresh():
    run_code(
        """
        import sys
        import wsgiref.simple_server, http.server, pydoc
        early = [wsgiref.simple_server]
        from basehttpserver import HTTPServer, dropin
        dropin.install()
        import wsgiref.simple_server
        assert wsgiref.simple_server is not early[0]
        assert issubclass(wsgiref.simple_server.WSGIServer, HTTPServer)
        assert not issubclass(early[0].WSGIServer, HTTPServer)
        dropin.uninstall()
        assert wsgiref.simple_server is early[0] is sys.modules["wsgiref.simple_server"]
        """
    )


@pytest.mark.parametrize(
    "held",
    [
        "from http.server import HTTPServer as kept",
        "import http.server as kept",
        "import http.server\nclass Handler(http.server.BaseHTTPRequestHandler): pass",
        "from wsgiref.simple_server import WSGIServer",
        "from xmlrpc import server",
    ],
)
def test_other_modules_that_hold_the_standard_classes_are_named(tmp_path, held):
    (tmp_path / "early.py").write_text(held)
    run_code(
        f"""
        import sys, warnings
        sys.path.insert(0, {str(tmp_path)!r})
        import early
        from basehttpserver import dropin
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            dropin.install()
        assert [warning.category for warning in caught] == [RuntimeWarning]
        assert "early imported http.server before" in str(caught[0].message), caught[0].message
        assert caught[0].filename == "<string>"
        assert dropin.is_installed()
        """
    )


def test_where_warnings_are_errors_nothing_is_installed(tmp_path):
    (tmp_path / "early.py").write_text("from http.server import HTTPServer")
    run_code(
        f"""
        import http.server, sys
        sys.path.insert(0, {str(tmp_path)!r})
        import early
        from basehttpserver import Settings, dropin
        finders = list(sys.meta_path)
        try:
            dropin.install(Settings(max_fields=3))
        except RuntimeWarning:
            pass
        else:
            raise AssertionError
        assert not dropin.is_installed()
        assert sys.meta_path == finders
        assert http.server.HTTPServer is early.HTTPServer is sys.modules["http.server"].HTTPServer
        """
    )


def test_users_of_socketserver_are_left_alone():
    run_code(
        """
        import colorsys, socketserver, sys
        colorsys.kept = socketserver
        from basehttpserver import dropin
        with dropin.installed():
            import SocketServer
        assert sys.modules["colorsys"] is colorsys
        assert sys.modules["socketserver"] is socketserver
        """
    )


def test_modules_that_only_import_it_are_not_warned_about(tmp_path):
    (tmp_path / "early.py").write_text(
        "import http.server, http.client, socketserver\n"
        "class Proxy:\n"
        "    @property\n"
        "    def __class__(self): raise RuntimeError('no context')\n"
        "proxy = Proxy()\n"
        "from http import HTTPStatus\n"
    )
    run_code(
        f"""
        import sys
        sys.path.insert(0, {str(tmp_path)!r})
        import early
        from basehttpserver import HTTPServer, dropin
        dropin.install()
        assert early.http.server.HTTPServer is HTTPServer
        """
    )


def test_a_with_block_inside_of_another_changes_nothing():
    run_code(
        """
        from basehttpserver import HTTPServer, Settings, dropin
        with dropin.installed(Settings(max_fields=7)):
            with dropin.installed(Settings(max_fields=8)):
                import http.server
                assert http.server.HTTPServer.settings.max_fields == 7
            assert dropin.is_installed()
            import http.server
            assert http.server.HTTPServer is HTTPServer
        assert not dropin.is_installed()
        assert HTTPServer.settings == Settings()
        import http.server
        assert http.server.HTTPServer is not HTTPServer
        try:
            with dropin.installed():
                raise LookupError
        except LookupError:
            assert not dropin.is_installed()
        """
    )


def test_threads_may_install_and_import_at_once():
    run_code(
        """
        import importlib, sys, threading
        from basehttpserver import HTTPServer, dropin
        barrier = threading.Barrier(8)
        servers = []
        def work(number):
            barrier.wait()
            dropin.install()
            name = ("http.server", "BaseHTTPServer")[number % 2]
            servers.append(importlib.import_module(name).HTTPServer)
        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        before = len(sys.meta_path)
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        assert servers == [HTTPServer] * 8
        assert len(sys.meta_path) == before + 2
        """
    )


def test_every_name_of_the_standard_module_is_there():
    run_code(
        """
        import http.server
        standard = {name for name in vars(http.server) if not name.startswith("__")}
        public = set(http.server.__all__)
        # Of CPython 3.14, and what public programs import besides.
        standard |= {"HTTPSServer", "ThreadingHTTPSServer", "_get_best_family", "__version__"}
        from basehttpserver import dropin
        dropin.install()
        missing = {name for name in standard | public if not hasattr(http.server, name)}
        assert not missing, missing
        assert public <= set(http.server.__all__)
        from http.server import *
        assert http.server.socketserver.TCPServer and http.server.os.path
        assert http.server._get_best_family("127.0.0.1", 80)[1] == ("127.0.0.1", 80)
        try:
            from http.server import no_such_name
        except ImportError as error:
            assert "cannot import name 'no_such_name' from 'http.server'" in str(error)
        else:
            raise AssertionError
        """
    )


def test_the_module_can_be_inspected_and_reloaded():
    run_code(
        """
        from basehttpserver import dropin
        dropin.install()
        import http.server, importlib, inspect, pydoc
        assert "in place" in pydoc.render_doc(http.server) or inspect.getdoc(http.server)
        assert "stands in its place" in inspect.getsource(http.server)
        assert http.server.__name__ == "http.server"
        assert http.server.__spec__.name == "http.server"
        assert importlib.reload(http.server) is http.server
        """
    )


def test_a_package_of_the_program_with_the_name_http_keeps_its_server(tmp_path):
    package = tmp_path / "http"
    package.mkdir()
    (package / "__init__.py").write_text("from enum import IntEnum\n")
    (package / "server.py").write_text("own = True")
    run_code(
        f"""
        import sys
        from basehttpserver import dropin
        dropin.install()
        del sys.modules["http"]
        sys.path.insert(0, {str(tmp_path)!r})
        import http.server
        assert http.server.own
        """
    )
