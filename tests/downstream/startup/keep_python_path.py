"""A plugin of pytest: what tests start keeps the entries of ``PYTHONPATH`` that their run has.

Some give the servers that they start a ``PYTHONPATH`` of their own, and by ours a Python process
finds the package in place of ``http.server``.
"""

import os
import subprocess

_start = subprocess.Popen.__init__


def _start_with_our_path(self, *arguments, env=None, **keywords):
    if env is not None and "PYTHONPATH" in env:
        env = {**env, "PYTHONPATH": os.pathsep.join([os.environ["PYTHONPATH"], env["PYTHONPATH"]])}
    _start(self, *arguments, env=env, **keywords)


subprocess.Popen.__init__ = _start_with_our_path
