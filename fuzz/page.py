"""Writes ``docs/explanation/fuzzing.md`` from ``results.json``.

    python -m fuzz.page

Run it at the root of the repository.
"""

import importlib
import json
from typing import Any

from fuzz.campaign import RESULTS, ROOT, TARGETS
from tests.fuzz.h11_differences import DIFFERENCES

PAGE = ROOT / "docs" / "explanation" / "fuzzing.md"

#: What was broken, and how it was found. Each has a test of its own under tests/http1/ since then.
FOUND = (
    (
        "A handler that writes its own chunks could write a second response behind the last one "
        "and the connection went on: to a client that had sent its next request ahead, that was "
        "the answer to it. It went on behind malformed chunks, too, if they ended like right ones.",
        "h11 as a client",
    ),
    (
        "Whatever a handler wrote without `send_response`, the connection went on, although the "
        "client could not know where that ended.",
        "h11 as a client",
    ),
    (
        "`Expect: 100-continue` twice was refused with 417. RFC 9110 10.1.1 has 417 for "
        "expectations that cannot be met, and allows a list.",
        "requests drawn from the grammar",
    ),
)

FORMAT = """\
# Fuzzing

<!-- Written by fuzz/page.py from fuzz/results.json: edit that program. -->

Every byte from a client is hostile. Tests by hand know the attacks that somebody has thought of;
what nobody has thought of is looked for in four ways. The first three are part of `make test`,
the same examples each time.

**Another reader.** What we serve, [h11](https://pypi.org/project/h11/) must serve as well, with
the same method, target, version, fields and body, and with the next request at the same place.
The input is all attack data of the tests, and requests that Hypothesis draws from the grammar and
then spoils: line ends, words, bits, pieces left out or sent twice. What we accept and h11 does
not is a list, and nothing else may be:

{differences}

**Streams.** Requests behind each other, cut anywhere, with handlers that read all of a body,
some, or nothing, and with deadlines that pass anywhere. The same bytes give the same requests;
bytes of a body begin none; nothing follows a refusal. Everything that can be reached from a
connection is measured: it stays within the limits of `Settings`, whatever comes without end. The
calls made and the bytes looked at grow no faster than the input.

**Another client.** Handlers write heads, pieces of bodies and flushes in any order, with a
Content-Length that is wrong, chunks that are none, a second response. h11 reads what comes of it
as a client. It gets one whole response to each request for as long as we keep the connection, and
nothing behind the last one. What a handler writes without `send_response` is not cut, so that it
may be followed by more of its own making; but the connection ends there then.

**Coverage.** [fuzz/](../../fuzz/README.md) has three targets for atheris, which looks for inputs
that reach new branches. The tests run them over their seeds and over random changes of these.

## The last runs

| target | invariant | time | executions | branches | seeds | faults |
| --- | --- | --- | --- | --- | --- | --- |
{runs}

CPython {python}, atheris {atheris}, one core shared with other work, at low priority. "Branches"
are those of the package that libFuzzer saw taken.

## What was found

| what | by |
| --- | --- |
{found}
"""


def render(results: dict[str, Any]) -> str:
    """Return the page."""
    last = results[TARGETS[-1]]
    return FORMAT.format(
        differences="\n".join(
            f"* {name}: {difference.reason}" for name, difference in DIFFERENCES.items()
        ),
        runs="\n".join(_run(name, results[name]) for name in TARGETS),
        found="\n".join(f"| {what} | {how} |" for what, how in FOUND),
        python=last["python"],
        atheris=last["atheris"],
    )


def _run(name: str, result: dict[str, Any]) -> str:
    caption = (importlib.import_module(f"fuzz.{name}").__doc__ or "").partition("\n")[0]
    invariant = caption.removeprefix("Invariant: ")
    return (
        f"| `{name}` | {invariant} | {result['seconds'] / 60:g} min | {result['executions']:,} "
        f"| {result['branches']} | {result['seeds']} | {result['faults']} |"
    )


if __name__ == "__main__":
    PAGE.write_text(render(json.loads(RESULTS.read_text("utf-8"))), "utf-8")
