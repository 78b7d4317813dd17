"""What is sent with the page of a folder, by the handler of the command line."""

import pytest

from basehttpserver import SharingHTTPRequestHandler
from tests.sharing.running import sharing


@pytest.mark.parametrize("accept", ["text/html", "application/json", "text/plain"])
def test_no_cache_decides_how_long_it_is_right(tmp_path, accept):
    with sharing(tmp_path, SharingHTTPRequestHandler) as shared:
        answer = shared.ask("GET", "/", headers={"Accept": accept})
    assert answer.fields.get_all("Cache-Control") == ["no-cache"]


class Extra(SharingHTTPRequestHandler):
    def __init__(self, *args, **options):
        extra = [("cache-control", "max-age=9")]
        super().__init__(*args, extra_response_headers=extra, **options)


def test_cache_control_of_those_who_share(tmp_path):
    with sharing(tmp_path, Extra) as shared:
        answer = shared.ask("GET", "/")
    assert answer.fields.get_all("Cache-Control") == ["max-age=9"]
