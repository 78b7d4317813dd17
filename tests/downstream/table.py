"""What is known of each program: the tests assert it, and ``docs/reference/programs.md`` shows it.

python -m tests.downstream.render_programs_page      writes that page; run it at the root
"""

from typing import NamedTuple


class Program(NamedTuple):
    """A program that builds on ``http.server``, and what it meets on this package."""

    #: The distribution whose version the extra ``downstream`` pins; "" for the standard library's.
    distribution: str
    #: How the tests start it.
    started_as: str
    #: What the tests do with it, in a few words.
    driven: str
    #: The lanes that its connections take, by the name of the handler class (see `startup`).
    lanes: dict[str, set[str]]
    #: Why that lane, and what differs from ``http.server``; nothing differs unless it stands here.
    differences: str


#: In the order of the alphabet.
PROGRAMS = {
    "werkzeug": Program(
        distribution="werkzeug",
        started_as="`run_simple`, with `threaded`, `ssl_context`, `use_reloader`",
        driven="requests",
        lanes={"WSGIRequestHandler": {"thread"}},
        differences="",
    ),
}
