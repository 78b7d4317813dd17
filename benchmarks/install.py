"""Install the peers of the benchmark, each in its one version, into the environment that runs this.

    .venv-bench/bin/python -m benchmarks.install

The file servers of npm, in the versions of peers/package.json, are put beside them.

A package that cannot be installed here, on a new Python for instance, is named; the benchmark
leaves out what needs it.
"""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
EXTRA = "benchmark"
NPM_FOLDER = Path(sys.prefix) / "npm"


def main() -> None:
    install("--editable", str(ROOT), check=True)
    install_of_npm()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    requirements: list[str] = project["optional-dependencies"][EXTRA]
    if install(*requirements):
        return
    failed = [requirement for requirement in requirements if not install(requirement)]
    for requirement in failed:
        print(f"{requirement} cannot be installed here: what needs it is left out", flush=True)


def install_of_npm() -> None:
    npm = shutil.which("npm")
    if npm is None:
        print(
            "npm is not installed (apt-get install npm): its file servers are left out", flush=True
        )
        return
    NPM_FOLDER.mkdir(exist_ok=True)
    shutil.copy(Path(__file__).with_name("peers") / "package.json", NPM_FOLDER)
    command = [npm, "install", "--prefix", str(NPM_FOLDER), "--no-audit", "--no-fund", "--silent"]
    if subprocess.run(command, check=False).returncode != 0:
        print("npm fails: its file servers are left out", flush=True)


def install(*arguments: str, check: bool = False) -> bool:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    return subprocess.run([*command, *arguments], check=check).returncode == 0


if __name__ == "__main__":
    main()
