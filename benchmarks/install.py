"""Install the peers of the benchmark, each in its one version, into the environment that runs this.

    .venv-bench/bin/python -m benchmarks.install

A package that cannot be installed here, on a new Python for instance, is named; the benchmark
leaves out what needs it.
"""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
EXTRA = "benchmark"


def main() -> None:
    install("--editable", str(ROOT), check=True)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    requirements: list[str] = project["optional-dependencies"][EXTRA]
    if install(*requirements):
        return
    failed = [requirement for requirement in requirements if not install(requirement)]
    for requirement in failed:
        print(f"{requirement} cannot be installed here: what needs it is left out", flush=True)


def install(*arguments: str, check: bool = False) -> bool:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    return subprocess.run([*command, *arguments], check=check).returncode == 0


if __name__ == "__main__":
    main()
