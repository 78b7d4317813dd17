"""Libraries that serve in the process of their user, upon `basehttpserver.dropin.install`."""

import subprocess
import sys

import pytest

START = "from basehttpserver import dropin\ndropin.install()\nimport urllib.request\n"

LIBRARIES = {
    "prometheus_client": """
from prometheus_client import start_http_server
server, thread = start_http_server(0, "127.0.0.1")
port = server.server_port
""",
    "moto": """
from moto.server import ThreadedMotoServer
moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
moto.start()
_, port = moto.get_host_and_port()
server = moto._server
""",
    "pytest-httpserver": """
from pytest_httpserver import HTTPServer
httpserver = HTTPServer()
httpserver.start()
httpserver.expect_request("/").respond_with_data("hello")
server, port = httpserver.server, httpserver.port
""",
    "werkzeug": """
import threading
from werkzeug.serving import make_server
from werkzeug.testapp import test_app
server = make_server("127.0.0.1", 0, test_app, threaded=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
port = server.server_port
""",
}

END = """
with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20) as answer:
    assert answer.status == 200
import basehttpserver
assert isinstance(server, basehttpserver.HTTPServer), type(server).__mro__
assert issubclass(server.RequestHandlerClass, basehttpserver.BaseHTTPRequestHandler)
server.shutdown()
server.server_close()
print("served")
"""


@pytest.mark.parametrize("library", LIBRARIES)
def test_library_in_our_process(library):
    done = subprocess.run(
        [sys.executable, "-c", START + LIBRARIES[library] + END],
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("served\n")
    assert "RuntimeWarning" not in done.stderr
