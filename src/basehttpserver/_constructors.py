"""Whether an ``__init__`` ends with its call of ``super().__init__``.

The constructor of a handler runs when its connection begins and returns when it is over, so what
stands behind that call runs at the end. A handler class whose constructors have nothing there, as
most have, may be made and kept; nobody could tell. In doubt there is something.
"""

import ast
import functools
import inspect
import textwrap
from collections.abc import Callable
from typing import Any, Final, TypeVar

__all__ = ["constructors_end_with_super", "ends_with_super"]

Constructor = TypeVar("Constructor", bound=Callable[..., None])

_DECLARED: Final[set[Any]] = set()


def ends_with_super(constructor: Constructor) -> Constructor:
    """Declare that a constructor does nothing after its call of ``super().__init__``."""
    _DECLARED.add(constructor)
    return constructor


def constructors_end_with_super(handler_class: type, base: type) -> bool:
    """Tell whether every ``__init__`` from `handler_class` up to `base` ends so."""
    for each in handler_class.__mro__:
        constructor = vars(each).get("__init__")
        if constructor is not None and not _is_known_to_end(constructor):
            return False
        if each is base:
            return True
    return False


@functools.lru_cache(maxsize=256)
def _is_known_to_end(constructor: Any) -> bool:
    return constructor in _DECLARED or _last_statement_calls_super(constructor)


def _last_statement_calls_super(constructor: Any) -> bool:
    """Read the source, where there is any: the last statement, and no other, makes the call."""
    if not inspect.isfunction(constructor) or hasattr(constructor, "__wrapped__"):
        return False
    try:
        (definition,) = ast.parse(textwrap.dedent(inspect.getsource(constructor))).body
    except (OSError, SyntaxError, ValueError, SystemError):
        # The last one is CPython 3.11's, where two threads parse at a time (cpython#106905).
        return False
    if not isinstance(definition, ast.FunctionDef) or definition.decorator_list:
        return False
    calls = [node for node in ast.walk(definition) if _is_init(node)]
    last = definition.body[-1]
    return (
        len(calls) == 1
        and isinstance(last, ast.Expr)
        and isinstance(last.value, ast.Call)
        and last.value.func is calls[0]
    )


def _is_init(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "__init__"
