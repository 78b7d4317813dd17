"""Charts of rates, in SVG: a few kilobytes each, and readable on dark pages as on light ones.

Written by hand, so that a test can compare them with the results, to the last byte, and needs
nothing to be installed.
"""

import re
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from benchmarks.scenario import Suite
from benchmarks.scenarios import SCENARIOS
from benchmarks.served_files import LARGE_MEGABYTES
from benchmarks.servers import SERVERS, is_ours

FOLDER = Path("docs/explanation/images")

#: A chart for each of these, where they were measured.
CHARTED = (
    "one-field",
    "browser",
    "fields",
    "computing",
    "mixed",
    "log",
    "crowd",
    "tls",
    "file-1k",
    "file-100m",
)

#: Where a chart shows MB/s: those of a response.
MEGABYTES = {"file-100m": LARGE_MEGABYTES}

WIDTH, LABEL_WIDTH, RATE_WIDTH = 760, 330, 70
ROW_HEIGHT, BAR_HEIGHT, TOP = 24, 14, 34

HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" \
height="{height}" role="img" aria-label="{title}">
<style>
text {{ font: 12px system-ui, sans-serif; fill: #1f2328; }}
.title {{ font-weight: 600; font-size: 13px; }}
rect {{ fill: #8c959f; }}
.ours {{ fill: #0969da; }}
.range {{ stroke: #1f2328; stroke-width: 1; }}
@media (prefers-color-scheme: dark) {{
text {{ fill: #e6edf3; }}
rect {{ fill: #6e7681; }}
.ours {{ fill: #4493f8; }}
.range {{ stroke: #e6edf3; }}
}}
</style>
<text class="title" x="0" y="16">{title}</text>
"""


def render(title: str, summary: dict[str, dict[str, Any]], scale: float = 1) -> str:
    """Return a chart: a bar for each server's median rate, a line from lowest to highest.

    They are multiplied by `scale`.
    """
    most = max(of["highest"] for of in summary.values()) or 1
    per_request = (WIDTH - LABEL_WIDTH - RATE_WIDTH) / most
    parts = [HEAD.format(width=WIDTH, height=TOP + ROW_HEIGHT * len(summary), title=escape(title))]
    for number, (name, of) in enumerate(summary.items()):
        top = TOP + number * ROW_HEIGHT
        middle = top + BAR_HEIGHT / 2
        width = of["requests_per_second"] * per_request
        lowest, highest = (LABEL_WIDTH + of[end] * per_request for end in ("lowest", "highest"))
        ours = ' class="ours"' if is_ours(name) else ""
        parts.append(
            f'<text x="{LABEL_WIDTH - 8}" y="{top + 11}" text-anchor="end">{label(name)}</text>\n'
            f'<rect{ours} x="{LABEL_WIDTH}" y="{top}" width="{width:.1f}" height="{BAR_HEIGHT}"/>\n'
            f'<path class="range" d="M{lowest:.1f} {middle:g}H{highest:.1f}"/>\n'
            f'<text x="{max(LABEL_WIDTH + width, highest) + 6:.1f}" y="{top + 11}">'
            f"{of['requests_per_second'] * scale:,.0f}</text>\n"
        )
    return "".join(parts) + "</svg>\n"


def label(name: str) -> str:
    """Return a server's title, short enough, without the marks of code."""
    title = re.sub("`", "", SERVERS[name].title)
    title = title.replace("writes buffered, no Nagle's algorithm", "tuned")
    return escape(
        title.replace("http.server.", "http.server ").replace("basehttpserver.", "ours: ")
    )


def write(root: Path, suite: Suite, results: dict[str, Any]) -> None:
    """Write the charts of a suite below `root`, and remove those of its earlier results."""
    (root / FOLDER).mkdir(exist_ok=True)
    rendered = render_all(results)
    for scenario in CHARTED:
        path = FOLDER / f"{scenario}.svg"
        if path in rendered:
            (root / path).write_text(rendered[path], "utf-8")
        elif SCENARIOS[scenario].suite is suite:
            (root / path).unlink(missing_ok=True)


def title_of(scenario: str) -> str:
    return f"{SCENARIOS[scenario].title}: {'MB' if scenario in MEGABYTES else 'requests'}/s"


def render_all(results: dict[str, Any]) -> dict[Path, str]:
    """Return the charts by their paths."""
    return {
        FOLDER / f"{scenario}.svg": render(title_of(scenario), summary, MEGABYTES.get(scenario, 1))
        for scenario in CHARTED
        if (summary := results["summary"].get(scenario))
    }
