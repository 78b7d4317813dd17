"""Which lane a connection takes: what a server and a handler class override tells.

    the class or server …                                          the connection …
    overrides nothing that could tell the difference; also         takes the event lane: its handler
    __init__, where super().__init__ comes last, and in an         stays with it, and gets a thread
    HTTPServer, which has but one thread, setup and finish         for an exchange
    overrides __init__ otherwise, handle, or setup and finish;     takes the thread lane: it keeps
    or finish_request, process_request_thread, shutdown_request,   one thread from its first head to
    close_request; or the handler "class" is another callable      its end, as in ``http.server``
    has a handler class that is not for HTTP                       gets its thread at once
    overrides process_request, with ThreadingMixIn                 is given to that hook
    overrides process_request otherwise (ForkingMixIn)             socketserver's own loop runs

In doubt it is the thread lane.
"""

import functools
import operator
import socketserver
from collections.abc import Callable
from typing import Any, Final

from basehttpserver._constructors import constructors_end_with_super
from basehttpserver.handler import BaseHTTPRequestHandler

__all__ = [
    "can_poll",
    "class_of",
    "has_plain_accept",
    "has_plain_expect_100",
    "has_plain_process_request",
    "leaves_threads_to_us",
    "may_answer",
    "may_take_event_lane",
    "speaks_http",
]

#: Whoever overrides one of these would notice that its thread or its time has changed.
_SERVER_HOOKS: Final = (
    "finish_request",
    "process_request_thread",
    "shutdown_request",
    "close_request",
)
_hooks_of_one_thread: Final = operator.attrgetter("handle", "__new__")

#: `setup` and `finish` may come in another thread than the exchange; an `HTTPServer` has only one.
_hooks: Final = operator.attrgetter("handle", "__new__", "setup", "finish")

#: These run in the thread of ``serve_forever``.
_ACCEPT_HOOKS: Final = ("get_request", "verify_request")


def can_poll(server: socketserver.BaseServer) -> bool:
    """Tell whether the engine may poll for a server, or socketserver's own loop must run."""
    return has_plain_process_request(server) or isinstance(server, socketserver.ThreadingMixIn)


def has_plain_process_request(server: socketserver.BaseServer) -> bool:
    """Tell whether a server leaves to us what is done with a connection."""
    hook = type(server).process_request
    plain = (
        socketserver.BaseServer.process_request,
        socketserver.ThreadingMixIn.process_request,
    )
    return hook in plain and "process_request" not in vars(server)


def leaves_threads_to_us(server: Any, plain_classes: tuple[type, ...]) -> bool:
    """Tell whether no hook of a server would notice in which thread it runs.

    `plain_classes`: a hook that is one of theirs was not overridden.
    """
    return _are_inherited(server, _SERVER_HOOKS, plain_classes)


def has_plain_accept(server: Any, plain_classes: tuple[type, ...]) -> bool:
    """Tell whether no hook of a server sees how connections are accepted."""
    return _are_inherited(server, _ACCEPT_HOOKS, plain_classes)


def _are_inherited(server: Any, hooks: tuple[str, ...], plain_classes: tuple[type, ...]) -> bool:
    return all(
        name not in vars(server)
        and getattr(type(server), name, None)
        in [getattr(plain_class, name, None) for plain_class in plain_classes]
        for name in hooks
    )


def may_take_event_lane(make_handler: Callable[..., Any], *, in_one_thread: bool) -> bool:
    """Tell whether handlers made so can stay with a connection without keeping a thread."""
    handler_class = class_of(make_handler)
    hooks = _hooks_of_one_thread if in_one_thread else _hooks
    return (
        handler_class is not None
        and issubclass(handler_class, BaseHTTPRequestHandler)
        and type(handler_class).__call__ is type.__call__
        and constructors_end_with_super(handler_class, BaseHTTPRequestHandler)
        and hooks(handler_class) == hooks(BaseHTTPRequestHandler)
    )


def speaks_http(make_handler: Callable[..., Any]) -> bool:
    """Tell whether a handler wants a head of HTTP; a callable that is no class may."""
    handler_class = class_of(make_handler)
    return handler_class is None or any(
        base.__name__ == "BaseHTTPRequestHandler" for base in handler_class.__mro__
    )


def may_answer(handler_class: type, method: str) -> bool:
    """Tell whether a class answers a method, as far as the class can tell."""
    return hasattr(handler_class, f"do_{method}") or hasattr(handler_class, "__getattr__")


def has_plain_expect_100(handler_class: type) -> bool:
    """Tell whether a handler gives 100 (Continue) to whoever waits for it, and asks nobody."""
    return issubclass(handler_class, BaseHTTPRequestHandler) and all(
        getattr(handler_class, hook) is getattr(BaseHTTPRequestHandler, hook)
        for hook in ("handle_expect_100", "parse_request")
    )


def class_of(make_handler: Callable[..., Any]) -> type | None:
    """Return the class that makes the handlers, perhaps with arguments of its own."""
    while isinstance(make_handler, functools.partial):
        make_handler = make_handler.func
    return make_handler if isinstance(make_handler, type) else None
