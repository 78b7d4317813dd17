"""Installs the drop-in when a program first asks for one of its names.

``python -m basehttpserver run`` puts the directory of this file on PYTHONPATH, so that Python
imports it at its start. It takes its directory from ``sys.path`` and makes way for the
``sitecustomize`` that would have been imported without it. The package is not imported before it
is needed.

Any interpreter that the program starts may read this file, Python 2 too: it does nothing there.
"""

import os
import sys

_DIRECTORY = os.path.dirname(os.path.abspath(__file__))
#: Where the package is: the same one for a program and all its children.
_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(_DIRECTORY)))
_NAMES = ("http.server", "BaseHTTPServer", "SimpleHTTPServer", "CGIHTTPServer", "SocketServer")
_STANDARD_PATH = [os.path.join(os.path.dirname(os.__file__), "http")]


class _Trigger:
    """A finder that makes way for that of the drop-in."""

    #: By this `dropin.uninstall` knows it.
    installs_basehttpserver = True

    def __init__(self, options):
        self._options = options

    def find_spec(self, fullname, path=None, target=None):
        if fullname != "basehttpserver" and fullname not in _NAMES:
            return None
        if fullname == "http.server" and list(path or ()) != _STANDARD_PATH:
            return None  # The program has a package `http` of its own, and cannot have ours.
        import importlib.machinery
        import importlib.util

        if fullname == "basehttpserver":
            return importlib.machinery.PathFinder.find_spec(fullname, [_ROOT])
        from basehttpserver import dropin

        dropin.install_from(self._options)
        sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not self]
        return importlib.util.find_spec(fullname)


if sys.version_info >= (3, 11) and "BASEHTTPSERVER_RUN" in os.environ:
    sys.meta_path.insert(0, _Trigger(os.environ["BASEHTTPSERVER_RUN"]))

sys.path[:] = [entry for entry in sys.path if entry != _DIRECTORY]
sys.path_importer_cache.pop(_DIRECTORY, None)
sys.modules.pop(__name__, None)
import sitecustomize  # The next one; without one `site` expects this error
