"""What is to be reached, beside what was: computed from the results of one run."""

from dataclasses import dataclass
from typing import Any

from benchmarks.ratio import divide
from benchmarks.scenario import FILES, PROGRAMS
from benchmarks.scenarios import SCENARIOS
from benchmarks.servers import SERVERS

#: Servers with threads for handlers, of which the best counts.
THREADED = (
    "cpython-tuned",
    "waitress",
    "waitress-64",
    "cheroot",
    "gunicorn",
    "gunicorn-64",
    "granian",
)

PROCESSOR = "processor_microseconds"

Summary = dict[str, dict[str, dict[str, Any]]]


@dataclass(frozen=True)
class Gate:
    """A bound for a figure of ours; for its ratio to that of peers, where there are some."""

    scenario: str
    text: str
    bound: float
    figure: str = "requests_per_second"
    peers: tuple[str, ...] = ()
    unit: str = ""
    ours: str = PROGRAMS.ours
    #: The figure must not be above the bound; otherwise, not below.
    is_most: bool = False

    def find_value(self, summary: Summary) -> tuple[float | None, str | None]:
        """Return what was reached and, of several peers, beside which."""
        servers = summary.get(self.scenario, {})
        ours = servers.get(self.ours, {}).get(self.figure)
        if not self.peers:
            return ours, None
        rates = {
            name: servers[name][self.figure]
            for name in self.peers
            if self.figure in servers.get(name, {})
        }
        best = max(rates, key=lambda name: rates[name], default=None)
        return (divide(ours, rates[best]), best) if best else (None, None)

    def find_value_by_processor(self, summary: Summary, peer: str | None) -> float | None:
        """Return the ratio that the processor time of a request makes of a ratio of rates.

        None beside who is not kept busy: http.server as it is waits for the client most of the
        time.
        """
        servers = summary.get(self.scenario, {})
        if self.figure == "kept":
            ours = servers.get(self.ours, {})
            return divide(ours.get(f"without_{PROCESSOR}"), ours.get(PROCESSOR))
        if peer is None or peer == PROGRAMS.reference:
            return None
        of_peer, ours = (servers.get(name, {}).get(PROCESSOR) for name in (peer, self.ours))
        return divide(of_peer, ours)


#: The servers beside which ours stands log no requests. So does ours in the gates against them; the
#: table of each scenario has it with its default log, too.
QUIET = "ours-threading-quiet"

GATES = (
    Gate("one-field", "rate", 1, peers=("granian",), ours=QUIET),
    Gate("one-field", "rate", 1.2, peers=("uvicorn",), ours=QUIET),
    Gate("one-field", "rate", 0.5, peers=("nginx",), ours=QUIET),
    Gate("one-field", "rate", 30, peers=("cpython",)),
    Gate("one-field", "rate", 8, peers=("cpython-tuned",)),
    Gate("browser", "rate", 0.9, peers=("granian",), ours=QUIET),
    Gate("browser", "rate", 1, peers=("uvicorn",), ours=QUIET),
    Gate("fields", "rate", 0.7, peers=("granian",), ours=QUIET),
    Gate("log", "share of the rate without a log", 0.7, "kept"),
    Gate("mixed", "share of the quick ones' rate alone", 0.75, "kept"),
    Gate("mixed", "99 % of the quick ones within", 8, "p99_milliseconds", unit="ms", is_most=True),
    Gate("computing", "rate, of threaded servers the best", 1, peers=THREADED),
    Gate("idle-memory", "Python's memory", 6 * 1024, "traced_bytes", unit="bytes", is_most=True),
    Gate("start", "first answer within", 200, "milliseconds", unit="ms", is_most=True),
    Gate("file-1k", "rate", 10, peers=("files-cpython",), ours=FILES.ours),
    Gate("file-1k", "rate", 10, peers=("files-cpython-1.1",), ours=FILES.ours),
    Gate("file-100m", "rate", 0.8, peers=("files-nginx",), ours=FILES.ours),
    Gate("file-1k", "rate, the next mark", 0.4, peers=("files-nginx",), ours=FILES.ours),
    Gate("file-100m", "rate, the next mark", 0.95, peers=("files-nginx",), ours=FILES.ours),
)


def judge_all(summary: Summary) -> list[dict[str, Any]]:
    """Return each gate of these suites with what was reached.

    `is_reached` is None where it was not measured.
    """
    suites = {SCENARIOS[scenario].suite for scenario in summary}
    return [judge(gate, summary) for gate in GATES if SCENARIOS[gate.scenario].suite in suites]


def judge(gate: Gate, summary: Summary) -> dict[str, Any]:
    value, peer = gate.find_value(summary)
    is_reached = None
    if value is not None:
        is_reached = value <= gate.bound if gate.is_most else value >= gate.bound
    compared = f", to that of {SERVERS[peer].title}" if peer else ""
    return {
        "scenario": gate.scenario,
        "ours": gate.ours,
        "text": gate.text + compared,
        "bound": gate.bound,
        "is_most": gate.is_most,
        "unit": gate.unit,
        "value": value,
        "by_processor": gate.find_value_by_processor(summary, peer),
        "is_reached": is_reached,
    }
