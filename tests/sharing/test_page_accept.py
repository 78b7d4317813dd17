"""Which form a client gets, by its Accept."""

import pytest

from basehttpserver._sharing.page.accept import choose_form

CHROMIUM = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, "html"),
        ("", "html"),
        ("*/*", "html"),  # curl
        (CHROMIUM, "html"),
        ("text/*", "html"),
        ("application/json", "json"),
        ("APPLICATION/JSON", "json"),
        ("application/*", "json"),
        ("text/plain", "text"),
        ("application/json, text/plain, */*", "json"),  # axios
        ("application/json, */*", "json"),
        ("text/plain, */*;q=0.9", "text"),
        ("text/html;q=0.5, application/json", "json"),
        ("text/html;q=0.5, application/json;q=0.4", "html"),
        ("application/json;q=0, */*", "html"),
        ("text/html;q=0, */*;q=0.1", "json"),
        ("text/html;q=0.000, application/json;q=0.001", "json"),
        ("text/*;q=0.9, text/html;q=0.1, application/json;q=0.5", "text"),
        ("application/json ; charset=utf-8 ; q=0.3 , text/plain ;q=0.4", "text"),
        ('application/json;profile="a,b;q=0", text/html;q=0.1', "json"),
        ("image/png", "html"),
    ],
)
def test_form(accept, form):
    assert choose_form(accept) == form


@pytest.mark.parametrize(
    "malformed",
    ["application", "application/", "/json", ",,,", "application/json/x", "a b/c", "\x00", '";'],
)
def test_malformed_ranges_are_left_out(malformed):
    assert choose_form(malformed) == "html"
    assert choose_form(f"{malformed}, text/plain") in ("text", "html")
    assert choose_form(f"text/plain, {malformed}") == "text"


def test_weight_that_is_none_is_one():
    assert choose_form("application/json;q=7, text/html;q=0.9") == "json"


def test_long_field_takes_no_time():
    assert choose_form("application/json;" * 20_000) == "html"
    assert choose_form("a/b;q=0," * 50 + "application/json") == "json"
    assert choose_form(" " * 60_000 + "x") == "html"


def test_spaces_between_empty_parameters_take_no_time():
    """They belong to one parameter, and not to one of two, whichever fits: 2 to the power of n."""
    assert choose_form("a/b" + "; " * 20_000 + "@") == "html"
    assert choose_form("application/json" + " ;\t" * 20_000) == "json"
