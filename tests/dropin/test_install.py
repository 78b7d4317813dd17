"""`install` and `uninstall`, each test in a Python of its own: they change what it imports."""

import subprocess
import sys
import textwrap


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
