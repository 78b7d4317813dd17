"""Runs one target under atheris, in this process, with options of libFuzzer's.

    python -m fuzz.run TARGET [OPTION …] [FOLDER …]
    python -m fuzz.run TARGET FILE                  one input that was found

`fuzz.campaign` calls this.
"""

import importlib
import sys

import atheris


def main() -> None:
    """Instrument the package, then give libFuzzer the target and what else was asked."""
    program, target, *options = sys.argv
    with atheris.instrument_imports(include=["basehttpserver"]):
        importlib.import_module("basehttpserver._http1")
        check = importlib.import_module(f"fuzz.{target}").check
    atheris.Setup([program, *options], check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
