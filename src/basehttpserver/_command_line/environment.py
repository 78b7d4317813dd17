"""Options from environment variables.

``BASEHTTPSERVER_PORT=9000`` is ``--port 9000``: the name is that of the long option. A variable
holds what would stand behind the option.

    an option                         its variable
    without a value                   ``1``, ``yes``, ``true``, ``on``; ``0``, ``no``, ``false``,
                                      ``off`` or nothing where it is not given
    that may be given several times   words as a shell reads them: ``X-A 1 X-B 'two words'``

Options of the command line come behind, and win.
"""

import argparse
import shlex
from collections.abc import Iterator, Mapping
from typing import Final

__all__ = ["PREFIX", "variable_of", "words_from_environment"]

PREFIX: Final = "BASEHTTPSERVER_"

_YES: Final = frozenset({"1", "yes", "true", "on"})
#: Options that are there to keep somebody out.
_PASSWORDS: Final = ("auth", "upload_auth")

_NO: Final = frozenset({"0", "no", "false", "off", ""})


def variable_of(action: argparse.Action) -> str | None:
    """Return the name of an option's variable; ``None`` for what only makes sense when typed."""
    long = next((flag for flag in action.option_strings if flag.startswith("--")), None)
    if long is None or long == "--help":
        return None
    return PREFIX + long[2:].upper().replace("-", "_")


def words_from_environment(
    parser: argparse.ArgumentParser, environment: Mapping[str, str]
) -> list[str]:
    """Return the options that variables ask for, as words of a command line.

    Raises ``ValueError`` for a value that the option cannot have, naming the variable.
    """
    words: list[str] = []
    for action in parser._actions:  # The only way to learn them; so since Python 2.7.
        variable = variable_of(action)
        if variable is not None and variable in environment:
            try:
                words += _words_of(action, environment[variable])
            except ValueError as error:
                raise ValueError(f"environment variable {variable}: {error}") from None
    return words


def _words_of(action: argparse.Action, value: str) -> Iterator[str]:
    flag = next(flag for flag in action.option_strings if flag.startswith("--"))
    if action.nargs == 0:
        word = value.strip().lower()
        if word not in _YES | _NO:
            raise ValueError(f"{value!r} is neither 1 nor 0")
        no = f"--no-{flag[2:]}"
        return iter([flag] if word in _YES else [no] if no in action.option_strings else [])
    if action.nargs == "?" and value.strip().lower() in _NO | _YES:
        return iter([flag] if value.strip().lower() in _YES else [])
    if not isinstance(action, argparse._AppendAction):
        return iter([f"{flag}={value}"])
    values = shlex.split(value)
    if not values and action.dest in _PASSWORDS:
        # Else a variable that something else was to fill would let everybody in.
        raise ValueError("it is empty; unset it to ask nobody for a password")
    each = action.nargs if isinstance(action.nargs, int) else 1
    if len(values) % each:
        raise ValueError(f"{len(values)} words, and {flag} has {each} each time")
    if each == 1:
        return iter([f"{flag}={word}" for word in values])
    starts = range(0, len(values), each)
    return iter([word for start in starts for word in (flag, *values[start : start + each])])
