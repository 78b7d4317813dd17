"""Tests that use the fixture of pytest-httpserver, as its users write them."""

import json
import threading

import requests
from pytest_httpserver import BlockingHTTPServer, HTTPServer
from werkzeug import Response


def test_json(httpserver: HTTPServer):
    httpserver.expect_request("/json", query_string="a=b").respond_with_json({"c": "d"})
    assert requests.get(httpserver.url_for("/json?a=b"), timeout=10).json() == {"c": "d"}


def test_posted_data_and_headers(httpserver: HTTPServer):
    httpserver.expect_request("/", "POST", json={"e": 1}, headers={"X-F": "g"}).respond_with_data(
        "ok", status=201, headers={"X-H": "i"}
    )
    answer = requests.post(httpserver.url_for("/"), json={"e": 1}, headers={"X-F": "g"}, timeout=10)
    assert (answer.status_code, answer.text, answer.headers["X-H"]) == (201, "ok", "i")


def test_what_is_not_expected(httpserver: HTTPServer):
    assert requests.get(httpserver.url_for("/nowhere"), timeout=10).status_code == 500
    assert httpserver.log[-1][0].path == "/nowhere"


def test_chunked_upload(httpserver: HTTPServer):
    httpserver.expect_request("/", "POST").respond_with_handler(
        lambda request: Response(json.dumps(len(request.data)))
    )
    parts = iter([b"x" * 100_000] * 10)
    assert requests.post(httpserver.url_for("/"), data=parts, timeout=20).json() == 1_000_000


def test_in_order(httpserver: HTTPServer):
    httpserver.expect_ordered_request("/1").respond_with_data("1")
    httpserver.expect_ordered_request("/2").respond_with_data("2")
    with httpserver.wait(timeout=10) as waiting:
        answers = [requests.get(httpserver.url_for(path), timeout=10) for path in ("/1", "/2")]
    assert waiting.result
    assert [answer.text for answer in answers] == ["1", "2"]


def test_blocking():
    with BlockingHTTPServer(timeout=10) as server:
        got = []
        thread = threading.Thread(
            target=lambda: got.append(requests.get(server.url_for("/wait"), timeout=10).text)
        )
        thread.start()
        client = server.assert_request("/wait")
        client.respond_with_data("here")
        thread.join(10)
        assert got == ["here"]


def test_threaded():
    barrier = threading.Barrier(3, timeout=10)

    def meet(request):
        barrier.wait()
        return Response("met")

    with HTTPServer(threaded=True) as server:
        server.expect_request("/").respond_with_handler(meet)
        got = []
        threads = [
            threading.Thread(
                target=lambda: got.append(requests.get(server.url_for("/"), timeout=20).text)
            )
            for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert got == ["met"] * 3
