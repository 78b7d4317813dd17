"""Requests that the pages of other sites send, or could."""

from email.message import Message

import pytest

from basehttpserver._sharing.origin import has_local_name, is_of_another_site


def fields(**values):
    message = Message()
    for name, value in values.items():
        for each in value if isinstance(value, list) else [value]:
            message[name.replace("_", "-")] = each
    return message


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"Host": "example.org"},
        {"Sec_Fetch_Site": "same-origin"},
        {"Sec_Fetch_Site": "none"},
        # Behind a proxy that changes Host, but not this.
        {"Sec_Fetch_Site": "same-origin", "Origin": "https://example.org", "Host": "inner:8000"},
        {"Origin": "http://example.org", "Host": "example.org"},
        {"Origin": "http://EXAMPLE.org:8000", "Host": "example.ORG:8000"},
        {"Origin": "https://example.org", "Host": "example.org"},
        {"Origin": "https://example.org", "Host": "example.org:443"},
        {"Origin": "http://[::1]:8000", "Host": "[::1]:8000"},
    ],
)
def test_ours(values):
    assert not is_of_another_site(fields(**values))


@pytest.mark.parametrize(
    "values",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "something-new"},
        {"Sec_Fetch_Site": ["same-origin", "cross-site"]},
        {"Sec_Fetch_Site": "cross-site", "Origin": "http://example.org", "Host": "example.org"},
        {"Origin": "http://evil.example", "Host": "example.org"},
        {"Origin": "http://example.org:8001", "Host": "example.org:8000"},
        {"Origin": "http://example.org:443", "Host": "example.org"},
        {"Origin": "http://example.org.evil.example", "Host": "example.org"},
        {"Origin": "http://example.org@evil.example", "Host": "example.org"},
        {"Origin": "null", "Host": "example.org"},
        {"Origin": "null", "Host": "null"},
        {"Origin": "", "Host": ""},
        {"Origin": "http://[", "Host": "["},
        {"Origin": "http://example.org/path", "Host": "example.org"},
        {"Origin": "http://example.org"},
        {"Origin": "http://example.org", "Host": ["example.org", "example.org"]},
        {"Origin": ["http://example.org", "http://evil.example"], "Host": "example.org"},
    ],
)
def test_anothers(values):
    assert is_of_another_site(fields(**values))


@pytest.mark.parametrize(
    "hosts",
    [
        [],  # HTTP/1.0, and no browser.
        ["localhost"],
        ["LocalHost:8000"],
        ["localhost.:8000"],
        ["page.localhost"],
        ["127.0.0.1:8000"],
        ["127.0.0.1:"],
        ["[::1]:8000"],
        ["192.0.2.1"],  # No name of a site becomes that.
    ],
)
def test_local_names(hosts):
    assert has_local_name(fields(Host=hosts))


@pytest.mark.parametrize(
    "hosts",
    [
        ["evil.example"],
        ["evil.example:8000"],
        ["127.0.0.1.evil.example"],
        ["localhost.evil.example"],
        ["evillocalhost"],
        ["localhost@evil.example"],
        ["evil.example#localhost"],
        ["localhost:8000", "evil.example"],
        ["localhost\nevil.example"],
        ["localhost:port"],
        ["[127.0.0.1"],
        ["[evil.example]"],
        ["2130706433"],
        ["0x7f.1"],
        [""],
    ],
)
def test_names_of_others(hosts):
    assert not has_local_name(fields(Host=hosts))
