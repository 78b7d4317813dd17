"""Writes ``python2_headers.json``: what Python 2.7's ``self.headers`` answers.

    python -m tests.dropin.record_python2

Run it at the root of the repository, where a Python 2.7 is at hand.
"""

import json
import sys
from pathlib import Path

from tests.dropin.running_programs import tell_old_headers
from tests.python2 import find_python2

RECORD = Path(__file__).with_name("python2_headers.json")


def main() -> None:
    python2 = find_python2()
    if python2 is None:
        sys.exit("there is no Python 2.7 here: name one in BASEHTTPSERVER_TEST_PYTHON2")
    RECORD.write_text(json.dumps(tell_old_headers([python2]), indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
