"""Renders the tables of docs/reference/http-behaviour.md from the catalogue in tests/hostile.

python -m tests.docs.render_http_behaviour    writes them between their marks; the rest is by hand
"""

from itertools import groupby
from pathlib import Path

from tests.hostile.catalogue import SECTIONS

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "http-behaviour.md"

BEGIN = "<!-- Written by tests/docs/render_http_behaviour.py: edit tests/hostile/catalogue. -->\n"
END = "<!-- End of what is written by it. -->\n"


def render(page):
    """Return the page with its tables as the catalogue has them."""
    before, _, rest = page.partition(BEGIN)
    _, mark, behind = rest.partition(END)
    if not mark:
        raise ValueError(f"{PAGE} has no marks to write between")
    return f"{before}{BEGIN}{render_tables()}\n{END}{behind}"


def render_tables():
    parts = []
    for title, rows in SECTIONS.items():
        parts.append(
            f"\n### {title}\n\n"
            "| what comes | what we do | RFC | setting | test |\n| --- | --- | --- | --- | --- |\n"
        )
        parts += [render_row(row) for row in rows]
    return "".join(parts)


def render_row(row):
    setting = f"`{row.setting}`" if row.setting else ""
    tests = [f"attack[{row.name}]"] if row.attack_names else []
    tests += [name.rpartition("::")[2].removeprefix("test_") for name in row.tests]
    named = ", ".join(f"`{name}`" for name in dict.fromkeys(tests))
    cells = [row.what_comes, row.what_we_do, render_sections(row.rfc), setting, named]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


def render_sections(rfc):
    """Name an RFC once: ``9112 6.1, 9112 6.3`` is 9112 6.1, 6.3."""
    pairs = [each.split() for each in rfc.split(", ") if each]
    return ", ".join(
        f"{number} {', '.join(section for _, section in same)}"
        for number, same in groupby(pairs, key=lambda pair: pair[0])
    )


if __name__ == "__main__":
    PAGE.write_text(render(PAGE.read_text("utf-8")), "utf-8")
