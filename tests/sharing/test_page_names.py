"""Hostile names: in HTML, attributes, links, JSON and text."""

import json
import os
import urllib.parse

import pytest

from basehttpserver._files.listing import Entry, encode_listing, read_entries
from basehttpserver._files.paths import decode_path
from basehttpserver._sharing.page.answer import answer_with_listing
from basehttpserver._sharing.page.names import kind_of, link_to, show_name
from tests.sharing.page_parts import Elements, file, folder, links_of, page_of

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "&lt;b&gt;",
    "</style><b>",
    "{{rows}}",
    "javascript:alert(1)",
    "data:text/html,x",
    "a:b",
    "//evil.example",
    "\\evil",
    "#fragment",
    "?query",
    "%2e%2e",
    "line\nbreak\r\n",
    "tab\tbell\x07\x1b[31m\x7f\x9b",
    "photo\u202egpj.exe",
    "\u2066hidden\u2069\ufeff\u200b",
    "\u2028\u2029",
    " leading and trailing ",
    "-rf",
    "x" * 255,
    "é" * 127,
    "\N{FAMILY}",
    "\udcff\udc80 no text",
]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("make", [file, folder])
def test_name(name, make):
    entry = make(name)
    page = page_of([entry], path=f"/{name}/", delete=True, upload=True, mkdir=True)
    elements = Elements(page)
    # Nothing but what the page itself is made of.
    assert len(elements.all("script")) == len(elements.all("style")) == 1
    assert not elements.all("img")
    assert not any(key.startswith("on") for _, found in elements.found for key in found)
    assert not set(page) & set("\r\x07\x1b\x7f\x9b\u202e\u2066\u2028\ufeff\x00")
    # The link leads to the name, and nowhere else.
    (href,) = links_of(page)
    absolute = urllib.parse.urlsplit(urllib.parse.urljoin("http://host/top/", href))
    assert (absolute.scheme, absolute.netloc) == ("http", "host")
    assert not absolute.query
    assert not absolute.fragment
    assert decode_path(absolute.path) == f"/top/{name}" + "/" * entry.is_directory
    # JSON: any parser takes it, and href leads there.
    listing = json.loads(answer_with_listing("/", [entry], accept="application/json").body)
    assert listing["entries"][0]["href"] == href
    assert listing["entries"][0]["name"] == name.replace("\udcff", "�").replace("\udc80", "�")
    # Text: one line.
    text = answer_with_listing("/", [entry], accept="text/plain").body
    assert text.count(b"\n") == 1
    assert len(text.decode().splitlines()) == 1


def test_what_is_seen_of_a_name():
    assert show_name("plain.txt") == "plain.txt"
    assert show_name("a\nb\x7f") == "a␊b␡"
    assert show_name("photo\u202egpj.exe") == "photo�gpj.exe"
    assert show_name("\udcff") == "�"
    assert show_name("日本 é \N{FAMILY}") == "日本 é \N{FAMILY}"
    # Written with joiners: they stay.
    assert show_name("\U0001f469\u200d\U0001f4bb") == "\U0001f469\u200d\U0001f4bb"


@pytest.mark.parametrize("name", [*HOSTILE, "plain.txt", "\ud800", "".join(map(chr, range(0x100)))])
def test_a_link_is_quoted_as_the_standard_library_does(name):
    quoted = urllib.parse.quote(name, safe="", errors="surrogatepass")
    assert link_to(file(name)) == f"./{quoted}"
    assert link_to(folder(name)) == f"./{quoted}/"


@pytest.mark.skipif(os.name == "nt", reason="names of bytes")
def test_name_that_is_no_text_is_linked_as_in_the_plain_listing(tmp_path):
    (tmp_path / os.fsdecode(b"\xff.txt")).write_text("")
    (entry,) = read_entries(str(tmp_path), with_status=True)
    assert link_to(entry).removeprefix("./").encode() in encode_listing("/", [entry])[0]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.JPG", "image"),
        ("a.webm", "video"),
        ("a.flac", "audio"),
        ("a.tar.gz", "archive"),
        ("README.md", "text"),
        ("a", "other"),
        ("jpg", "image"),
        ("a.unknown", "other"),
    ],
)
def test_kind(name, kind):
    assert kind_of(file(name)) == kind


def test_kind_of_what_is_no_file():
    assert kind_of(folder("a.jpg")) == "folder"
    assert kind_of(Entry("a.jpg", False, True)) == "other"
