"""prometheus_client: `start_http_server`, with TLS, and `MetricsHandler`."""

import gzip
import ssl

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.downstream.clients import ask, make_certificate
from tests.downstream.running import APPS
from tests.downstream.table import PROGRAMS

APP = APPS / "prometheus_app.py"


@pytest.fixture(
    scope="module", params=[(), ("--handler",)], ids=["start_http_server", "MetricsHandler"]
)
def exporter(request, launch):
    with launch(APP, *request.param) as program:
        yield program


def counted(text):
    """What the counter of the program says."""
    families = {family.name: family for family in text_string_to_metric_families(text)}
    return [sample.value for sample in families["app_requests"].samples if "total" in sample.name]


def test_metrics(exporter, side):
    for _ in range(3):
        response, body = ask(exporter, "GET", "/metrics")
        assert response.headers["Content-Type"].startswith("text/plain")
        assert counted(body.decode()) == [3.0]
    if side == "basehttpserver":
        (handler,) = exporter.lanes
        assert exporter.lanes[handler] == PROGRAMS["prometheus_client"].lanes[handler]


def test_chosen_metrics(exporter):
    _, body = ask(exporter, "GET", "/metrics?name[]=app_requests_total")
    assert counted(body.decode()) == [3.0]
    assert b"python_info" not in body


def test_compressed(exporter):
    response, body = ask(exporter, "GET", "/metrics", headers={"Accept-Encoding": "gzip"})
    assert response.headers["Content-Encoding"] == "gzip"
    assert counted(gzip.decompress(body).decode()) == [3.0]


def test_open_metrics(exporter):
    fields = {"Accept": "application/openmetrics-text; version=1.0.0"}
    response, body = ask(exporter, "GET", "/metrics", headers=fields)
    assert response.headers["Content-Type"].startswith("application/openmetrics-text")
    assert body.endswith(b"# EOF\n")


def test_tls(launch, tmp_path):
    certificate, key = make_certificate(tmp_path)
    context = ssl.create_default_context(cafile=str(certificate))
    with launch(APP, certificate, key) as program:
        assert counted(ask(program, "GET", "/metrics", tls=context)[1].decode()) == [3.0]


def test_tls_asks_for_a_certificate(launch, tmp_path):
    certificate, key = make_certificate(tmp_path)
    context = ssl.create_default_context(cafile=str(certificate))
    with launch(APP, certificate, key, certificate) as program:
        with pytest.raises(OSError, match=r"(?i)certificate|reset|EOF"):
            ask(program, "GET", "/metrics", tls=context)
        context.load_cert_chain(certificate, key)
        assert counted(ask(program, "GET", "/metrics", tls=context)[1].decode()) == [3.0]
