"""Holds every conversation with http.server and with us, each under each of its servers."""

import contextlib
import http.server
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import basehttpserver
from tests.differential.conversation import Answer, converse, make_tree, masked, serving
from tests.differential.handlers import build_handlers
from tests.differential.requests import EVERY_CONVERSATION, Conversation

STANDARD = "http.server"

#: Who answers, by name: a module, the name of its server, and attributes of that server.
SERVERS: Mapping[str, tuple[ModuleType, str, Mapping[str, Any]]] = {
    STANDARD: (http.server, "ThreadingHTTPServer", {}),
    "strict": (basehttpserver, "ThreadingHTTPServer", {}),
    "strict, one at a time": (basehttpserver, "HTTPServer", {}),
    "relaxed": (
        basehttpserver,
        "ThreadingHTTPServer",
        {"settings": basehttpserver.Settings.like_http_server()},
    ),
    "relaxed, one at a time": (
        basehttpserver,
        "HTTPServer",
        {"settings": basehttpserver.Settings.like_http_server()},
    ),
}

Addresses = Mapping[tuple[str, str], tuple[str, int]]


@contextlib.contextmanager
def every_server(parent: Path) -> Iterator[Addresses]:
    """All servers with all handlers: their addresses by the names of both."""
    root = make_tree(parent)
    with contextlib.ExitStack() as stack:
        addresses = {}
        for name, (module, server_name, attributes) in SERVERS.items():
            for handler_name, handler in build_handlers(module, root).items():
                server = serving(getattr(module, server_name), handler, **attributes)
                addresses[name, handler_name] = stack.enter_context(server)
        yield addresses


def answers(addresses: Addresses, conversation: Conversation) -> dict[str, Answer]:
    """What each server answers to one conversation."""
    return {
        name: masked(converse(addresses[name, conversation.handler], conversation))
        for name in SERVERS
    }


def all_answers(parent: Path) -> dict[str, dict[str, Answer]]:
    """What each server answers to each conversation."""
    with every_server(parent) as addresses:
        return {each.name: answers(addresses, each) for each in EVERY_CONVERSATION}
