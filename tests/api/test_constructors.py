"""Which constructors of handlers are known to end with ``super().__init__``."""

import contextlib
import functools
import types

import pytest

from basehttpserver import BaseHTTPRequestHandler, SimpleHTTPRequestHandler
from basehttpserver._constructors import constructors_end_with_super


class Plain(BaseHTTPRequestHandler):
    pass


class Files(SimpleHTTPRequestHandler):
    """What most programs that serve files write."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, directory="/srv", **kwargs)


class Earlier(BaseHTTPRequestHandler):
    def __init__(self, *args):
        """Set something first."""
        self.seen = []
        super().__init__(*args)


class ByName(Plain):
    def __init__(self, *args):
        Plain.__init__(self, *args)


class Mixin:
    def __init__(self, *args):
        super().__init__(*args)


class Mixed(Mixin, Plain):
    pass


class Afterwards(Plain):
    def __init__(self, *args):
        super().__init__(*args)
        self.closed = True


class BelowAfterwards(Afterwards):
    def __init__(self, *args):
        super().__init__(*args)


class MixinAfterwards:
    def __init__(self, *args):
        super().__init__(*args)
        self.closed = True


class MixedAfterwards(MixinAfterwards, Plain):
    pass


class Guarded(Plain):
    def __init__(self, *args):
        with contextlib.suppress(OSError):
            super().__init__(*args)


class Twice(Plain):
    def __init__(self, *args):
        if args:
            super().__init__(*args)
        super().__init__(*args)


class Inside(Plain):
    def __init__(self, *args):
        print(super().__init__(*args))


class Nowhere(Plain):
    def __init__(self, *args):
        pass


def traced(function):
    @functools.wraps(function)
    def trace(*args):
        function(*args)
        print("over")

    return trace


class Wrapped(Plain):
    __init__ = traced(BaseHTTPRequestHandler.__init__)


class WithoutSource(Plain):
    """As what is typed at a prompt, or comes without its source."""

    __init__ = types.FunctionType(
        ByName.__init__.__code__.replace(co_filename="nowhere.py"), globals()
    )


@pytest.mark.parametrize(
    "handler", [Plain, SimpleHTTPRequestHandler, Files, Earlier, ByName, Mixed]
)
def test_known_to_end(handler):
    assert constructors_end_with_super(handler, BaseHTTPRequestHandler)


@pytest.mark.parametrize(
    "handler",
    [
        *(Afterwards, BelowAfterwards, MixedAfterwards, Guarded, Twice, Inside, Nowhere),
        *(Wrapped, WithoutSource, type("C", (Plain,), {"__init__": print})),
    ],
)
def test_in_doubt(handler):
    assert not constructors_end_with_super(handler, BaseHTTPRequestHandler)


def test_a_class_of_another_family():
    assert not constructors_end_with_super(dict, BaseHTTPRequestHandler)
