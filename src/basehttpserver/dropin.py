"""This package in place of ``http.server``, for programs that do not know about it.

    install()                     import http.server, and what is built upon it, is ours from here
    uninstall()                   … and no more
    with installed(): …           for a while

`install` puts a finder in front of ``sys.meta_path``. It answers ``http.server``, and behind all
other finders Python 2's ``BaseHTTPServer``, ``SimpleHTTPServer``, ``CGIHTTPServer`` and
``SocketServer``, with the files in ``_dropin``. So ``wsgiref.simple_server``, ``xmlrpc.server`` and
whatever else derives from ``http.server``'s classes derives from ours.

What was imported before has CPython's classes and keeps them. Modules of the standard library are
set aside, so that they are imported afresh upon ours; for other modules there is a warning.
"""

import contextlib
import http
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import sys
import threading
import types
import warnings
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import Any, TypeGuard

from basehttpserver.server import HTTPServer
from basehttpserver.settings import Settings

__all__ = ["install", "installed", "is_installed", "uninstall"]

_STANDARD = "http.server"
_STANDARD_PATH = list(http.__path__)
_PYTHON2_NAMES = ("BaseHTTPServer", "SimpleHTTPServer", "CGIHTTPServer", "SocketServer")

_FILES = {_STANDARD: "basehttpserver._dropin.http_server"} | {
    name: f"basehttpserver._dropin.{name}" for name in _PYTHON2_NAMES
}


class _Loader(importlib.abc.InspectLoader):
    """Executes one of our files under the name of the module whose place it takes."""

    def __init__(self, file: importlib.machinery.ModuleSpec) -> None:
        self._file = file

    def get_code(self, fullname: str) -> types.CodeType | None:
        loader: Any = self._file.loader
        code: types.CodeType | None = loader.get_code(self._file.name)
        return code

    def get_source(self, fullname: str) -> str | None:
        loader: Any = self._file.loader
        source: str | None = loader.get_source(self._file.name)
        return source

    def is_package(self, fullname: str) -> bool:
        return False


class _Finder(importlib.abc.MetaPathFinder):
    """Answers the names that it was made for."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: types.ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in self._names:
            return None
        if fullname == _STANDARD and list(path or ()) != _STANDARD_PATH:
            return None  # The program has a package `http` of its own.
        file = importlib.util.find_spec(_FILES[fullname])
        if file is None:
            raise ImportError(f"basehttpserver is not whole: {_FILES[fullname]} is missing")
        spec = importlib.util.spec_from_loader(fullname, _Loader(file), origin=file.origin)
        if spec is not None:
            spec.has_location = file.has_location
        return spec


class _Installation:
    """What `install` changes, and what was there before."""

    def __init__(self, settings: Settings | None, *, has_python2_names: bool) -> None:
        self._settings_before = HTTPServer.settings
        self._modules_before = {name: sys.modules[name] for name in _FILES if name in sys.modules}
        self._finder = _Finder([_STANDARD])
        self._finder_of_python2_names = _Finder(_PYTHON2_NAMES if has_python2_names else ())
        self._settings = self._settings_before if settings is None else settings

    def begin(self) -> None:
        """Make the changes; when this raises, some of them are made."""
        sys.meta_path.insert(0, self._finder)
        sys.meta_path.append(self._finder_of_python2_names)
        HTTPServer.settings = self._settings
        standard = self._modules_before.get(_STANDARD)
        if standard is not None:
            self._replace(standard)

    def _replace(self, standard: types.ModuleType) -> None:
        """Put ours in the place of a module that was imported already."""
        users = _users_of(standard)
        self._modules_before |= _forget([_STANDARD, *filter(_is_standard_library, users)])
        # Whoever has imported only `http` reaches it as an attribute.
        importlib.import_module(_STANDARD)
        _warn_of([name for name in users if not _is_standard_library(name)])

    def undo(self) -> None:
        """Put everything back."""
        finders = (self._finder, self._finder_of_python2_names)
        sys.meta_path[:] = [finder for finder in sys.meta_path if finder not in finders]
        HTTPServer.settings = self._settings_before
        ours = [
            name
            for name in _FILES
            if name in sys.modules and sys.modules[name] is not self._modules_before.get(name)
        ]
        # Not those of SocketServer, which is the standard library's own.
        made = [sys.modules[name] for name in ours if sys.modules[name].__name__ == name]
        users = [user for module in made for user in _users_of(module)]
        _forget([*ours, *filter(_is_standard_library, users)])
        for name, module in self._modules_before.items():
            sys.modules[name] = module
            _set_in_package(name, module)


_lock = threading.RLock()
_current: _Installation | None = None


def install(settings: Settings | None = None, *, python2_names: bool = True) -> None:
    """Answer every later ``import http.server`` with this package.

    ``settings`` become those of every server that brings none of its own, as long as this lasts
    (``Settings.like_http_server()`` accepts every head that ``http.server`` accepts). With
    ``python2_names``, Python 2's names are answered, too, where no other module has them.

    Where it is installed already, it does nothing. Modules outside the standard library that have
    imported ``http.server``'s classes before keep them: a ``RuntimeWarning`` names them.
    """
    global _current
    with _lock:
        if _current is not None:
            return
        _current = _Installation(settings, has_python2_names=python2_names)
        try:
            _current.begin()
        except BaseException:
            # The warning, say, where warnings are errors.
            uninstall()
            raise


def install_from(options: str) -> None:
    """`install` with the options of ``python -m basehttpserver run``, which come as JSON."""
    told = json.loads(options)
    install(Settings(**told["settings"]), python2_names=told["python2_names"])


def uninstall() -> None:
    """Put back what was there before `install`; where it is not installed, do nothing.

    Modules that have imported our classes in between keep them, but for those of the standard
    library, which are imported afresh when somebody asks for them.
    """
    global _current
    with _lock:
        sys.meta_path[:] = [finder for finder in sys.meta_path if not _is_trigger(finder)]
        if _current is not None:
            _current.undo()
            _current = None


def is_installed() -> bool:
    """Tell whether ``http.server`` is this package, or will be when it is imported."""
    return _current is not None or any(map(_is_trigger, sys.meta_path))


def _is_trigger(finder: object) -> bool:
    """Tell whether a finder is that of ``python -m basehttpserver run``, which will call us."""
    return getattr(finder, "installs_basehttpserver", False) is True


@contextlib.contextmanager
def installed(settings: Settings | None = None, *, python2_names: bool = True) -> Iterator[None]:
    """`install` for a ``with`` block. Inside of another installation it changes nothing."""
    with _lock:
        is_outermost = not is_installed()
        install(settings, python2_names=python2_names)
    try:
        yield
    finally:
        if is_outermost:
            uninstall()


def _users_of(provider: types.ModuleType) -> list[str]:
    """Return the names of modules that hold a module, its classes, or classes made of those.

    Who holds a module of the standard library that does is one of them.
    """
    classes = {value for value in vars(provider).values() if _is_server_class(value)}
    users = _holders_of({provider}, classes)
    standard = {sys.modules[name] for name in users if _is_standard_library(name)}
    return list(dict.fromkeys([*users, *_holders_of(standard, set())]))


def _holders_of(modules: Set[types.ModuleType], classes: Set[type]) -> list[str]:
    """Return the names of modules that hold one of these; packages hold their modules anyway."""
    own_names = {module.__name__ for module in modules}
    own_names |= {name.rpartition(".")[0] for name in own_names}
    identities = {id(module) for module in modules}
    return [
        name
        for name, module in list(sys.modules.items())
        if name not in own_names and not name.startswith("basehttpserver")
        if any(
            id(value) in identities or (_is_class(value) and not classes.isdisjoint(value.__mro__))
            for value in list(getattr(module, "__dict__", {}).values())
        )
    ]


def _is_server_class(value: object) -> bool:
    """Tell whether something is a server or handler of HTTP (and no enumeration, say)."""
    return _is_class(value) and value.__module__.startswith(("http.server", "basehttpserver"))


def _is_class(value: object) -> TypeGuard[type]:
    # Not isinstance(): proxies that some modules hold answer it by raising.
    return issubclass(type(value), type)


def _is_standard_library(name: str) -> bool:
    return name.partition(".")[0] in sys.stdlib_module_names


def _forget(names: Iterable[str]) -> dict[str, types.ModuleType]:
    """Take modules out of ``sys.modules`` and their packages; return them by name."""
    forgotten = {name: sys.modules.pop(name) for name in dict.fromkeys(names)}
    for name in forgotten:
        _set_in_package(name, None)
    return forgotten


def _set_in_package(name: str, module: types.ModuleType | None) -> None:
    package_name, _, own_name = name.rpartition(".")
    package = sys.modules.get(package_name)
    if package is None:
        return
    if module is not None:
        setattr(package, own_name, module)
    elif hasattr(package, own_name):
        delattr(package, own_name)


def _warn_of(names: Sequence[str]) -> None:
    if names:
        warnings.warn(
            f"{', '.join(sorted(names))} imported http.server before basehttpserver.dropin"
            " was installed, and goes on using it: install it earlier, or run the program with"
            " python -m basehttpserver run",
            RuntimeWarning,
            stacklevel=5,
        )
