"""An outside load generator against the command line: no error, no wrong answer."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.running import PATIENCE_SECONDS

pytestmark = [pytest.mark.alone, pytest.mark.load]

CONNECTIONS = 64
SECONDS = 2


@pytest.fixture
def wrk():
    path = shutil.which("wrk")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("wrk is not installed, and CI must run this test")
        pytest.skip("wrk, the load generator, is not installed")
    return path


@pytest.mark.parametrize("size", [1 << 10, 1 << 20], ids=["1 KiB", "1 MiB"])
@pytest.mark.usefixtures("leaks_nothing")
def test_files(wrk, tmp_path, size):
    (tmp_path / "file").write_bytes(os.urandom(size))
    command = [sys.executable, "-m", "basehttpserver", "0", "--bind", "127.0.0.1"]
    server = subprocess.Popen(
        [*command, "--directory", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with server:
        try:
            url = re.search(r"http://[^)]+", server.stdout.readline())[0] + "file"
            report = subprocess.run(
                [wrk, "-t2", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--timeout", "5s", url],
                capture_output=True,
                text=True,
                check=True,
                timeout=SECONDS + PATIENCE_SECONDS,
            ).stdout
            assert "Socket errors" not in report, report
            assert "Non-2xx" not in report, report
            requests = int(re.search(r"(\d+) requests in", report)[1])
            assert requests > CONNECTIONS, report
            server.terminate()
            assert server.wait(PATIENCE_SECONDS) == 0
        finally:
            server.kill()
