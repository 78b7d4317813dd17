"""What a run ran on: machine, system, interpreter, versions."""

import importlib.metadata
import json
import os
import platform
import re
import shutil
import subprocess
import sysconfig
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks import load
from benchmarks.applications import compute
from benchmarks.servers import NPM_COMMANDS, ROOT, SERVERS

#: What the handler that computes is to take.
COMPUTE_SECONDS = 0.001


def describe_machine() -> dict[str, Any]:
    return {
        "processor": find_processor(),
        "cores": os.cpu_count(),
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        # Of an interpreter that Debian built this says nothing.
        "python_has_enable_optimizations": "--enable-optimizations"
        in (sysconfig.get_config_var("CONFIG_ARGS") or ""),
        "python_compiler": platform.python_compiler(),
    }


def find_processor() -> str:
    found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text("utf-8"), re.M)
    return found[1] if found else platform.processor() or "unknown"


def find_versions(names: Iterable[str]) -> dict[str, str]:
    """Return the versions of those of the servers that are here, and of the load."""
    servers = [SERVERS[name] for name in names]
    packages = sorted({package for server in servers for package in server.packages})
    stated = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text("utf-8"), re.M)
    versions = {"basehttpserver": stated[1] if stated else "unknown"}
    for package in packages:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    versions["wrk"] = load.find_version()
    if npm_packages := sorted({of.npm_package for of in servers if of.npm_package}):
        versions |= find_npm_versions(npm_packages)
    if shutil.which("nginx"):
        greeting = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=False)
        versions["nginx"] = greeting.stderr.strip().rpartition("/")[2]
    return versions


def find_npm_versions(packages: list[str]) -> dict[str, str]:
    """Return the versions of packages of npm that are installed, and of Node."""
    descriptions = {name: NPM_COMMANDS.parent / name / "package.json" for name in packages}
    versions = {
        name: str(json.loads(path.read_text("utf-8"))["version"])
        for name, path in descriptions.items()
        if path.exists()
    }
    if versions:
        told = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False)
        versions["node"] = told.stdout.strip().removeprefix("v")
    return versions


def read_load() -> float:
    """Return how many processes ran or wanted to, on average of the last minute."""
    return round(os.getloadavg()[0], 2)


def find_compute_turns() -> int:
    """Try out how often the loop of the handler that computes turns in `COMPUTE_SECONDS`."""
    turns = 10_000
    best = min(_time_loop(turns) for _ in range(50))
    return round(turns * COMPUTE_SECONDS / best)


def _time_loop(turns: int) -> float:
    began = time.perf_counter()
    compute(turns)
    return time.perf_counter() - began
