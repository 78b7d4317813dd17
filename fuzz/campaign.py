"""Runs the targets under atheris for a time, and keeps what the runs were like in results.json.

    python -m fuzz.campaign [--seconds 600] [--into FOLDER] [TARGET …]

Each target runs by itself, after the other, from the seeds in ``corpus/TARGET``, at low priority.
What libFuzzer adds to the corpus, and a file for each fault that it finds, goes into a folder
outside of the repository, which is named at the end.
"""

import argparse
import json
import platform
import re
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fuzz.mutation import WORDS

HERE = Path(__file__).parent
ROOT = HERE.parent
RESULTS = HERE / "results.json"
TARGETS = ("head", "chunked", "stream")

#: Longer ones are slower and not more interesting: the small limits are far below.
MOST_BYTES = 768


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=int, default=600, help="for each target")
    parser.add_argument("--into", type=Path, help="folder for new inputs; default: a new one")
    options = parser.parse_args()
    unknown = set(options.targets) - set(TARGETS)
    if unknown:
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    folder = options.into or Path(tempfile.mkdtemp(prefix="fuzz-"))
    faults = 0
    for target in options.targets or TARGETS:
        result = run(target, options.seconds, folder)
        keep(target, result)
        faults += result["faults"]
        print(f"{target}: {json.dumps(result)}")
    print(f"New inputs are in {folder}")
    sys.exit(1 if faults else 0)


def run(target: str, seconds: int, folder: Path) -> dict[str, Any]:
    """Run one target; return what libFuzzer says of the run."""
    grown, found = folder / target / "corpus", folder / target / "faults"
    for path in (grown, found):
        path.mkdir(parents=True, exist_ok=True)
    dictionary = folder / "http.dict"
    dictionary.write_text(dictionary_of(WORDS), "ascii")
    seeds = HERE / "corpus" / target
    log = folder / f"{target}.log"
    command = [
        *(sys.executable, "-m", "fuzz.run", target, grown, seeds),
        f"-max_total_time={seconds}",
        f"-max_len={MOST_BYTES}",
        f"-dict={dictionary}",
        f"-artifact_prefix={found}/",
        *("-timeout=20", "-print_final_stats=1"),
    ]
    with log.open("wb") as output:
        subprocess.run(
            ["nice", "-n", "15", *map(str, command)], cwd=ROOT, stderr=output, check=False
        )
    said = log.read_text("utf-8", "replace")
    covered = re.findall(r"cov: (\d+) ft: (\d+)", said) or [("0", "0")]
    return {
        "seconds": seconds,
        "executions": last_number(r"stat::number_of_executed_units: +(\d+)", said),
        "branches": int(covered[-1][0]),
        "features": int(covered[-1][1]),
        "seeds": len(list(seeds.iterdir())),
        "inputs_added": len(list(grown.iterdir())),
        "faults": len(list(found.iterdir())),
        "python": platform.python_version(),
        "atheris": version("atheris"),
    }


def dictionary_of(words: tuple[bytes, ...]) -> str:
    """Return `words` as libFuzzer reads them."""
    return "".join('"' + "".join(f"\\x{octet:02x}" for octet in word) + '"\n' for word in words)


def last_number(pattern: str, text: str) -> int:
    """Return the last number that `pattern` finds, 0 where there is none."""
    return int(([0, *re.findall(pattern, text)])[-1])


def keep(target: str, result: dict[str, Any]) -> None:
    """Put `result` in the place of the last one of its target."""
    results = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    results[target] = result
    ordered = {name: results[name] for name in TARGETS if name in results}
    RESULTS.write_text(json.dumps(ordered, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
