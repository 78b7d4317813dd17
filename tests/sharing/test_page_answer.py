"""The three forms of a listing, and the fields that belong to them."""

import base64
import gzip
import hashlib
import json
import os
import re
import stat

import pytest

from basehttpserver._files.listing import Entry, read_entries
from basehttpserver._sharing.page.answer import answer_with_listing
from basehttpserver._sharing.page.html_page import Allowed, format_size
from basehttpserver._sharing.page.readme import Readme
from tests.sharing.page_parts import LEAP_DAY, Elements, file, folder, links_of, page_of

ENTRIES = [
    file("a:b.mp3", 5120),
    folder("live"),
    Entry("pipe", False, False, None, LEAP_DAY),
    Entry("link", False, True),
]


def test_json():
    answer = answer_with_listing("/music/", ENTRIES, accept="application/json")
    assert dict(answer.fields) == {
        "Content-Type": "application/json",
        "Vary": "Accept",
        "X-Content-Type-Options": "nosniff",
    }
    date = "2024-02-29T12:00:00Z"
    keys = ("name", "type", "size", "modified", "href")
    rows = [
        ("live", "directory", None, date, "./live/"),
        ("a:b.mp3", "file", 5120, date, "./a%3Ab.mp3"),
        ("link", "other", None, None, "./link"),
        ("pipe", "other", None, date, "./pipe"),
    ]
    assert json.loads(answer.body) == {
        "path": "/music/",
        "entries": [dict(zip(keys, row, strict=True)) for row in rows],
    }


def test_text():
    answer = answer_with_listing("/music/", ENTRIES, accept="text/plain")
    assert answer.body == b"live/\na:b.mp3\nlink\npipe\n"
    assert ("Content-Type", "text/plain; charset=utf-8") in answer.fields
    assert ("Vary", "Accept") in answer.fields


def test_order_holds_for_all_forms():
    entries = [file("a", 1), file("b", 3), file("c", 2)]
    query = "sort=size&order=desc"
    text = answer_with_listing("/", entries, accept="text/plain", query=query).body
    assert text == b"b\nc\na\n"
    assert links_of(page_of(entries, query=query)) == ["./b", "./c", "./a"]


@pytest.mark.parametrize("allowed", [Allowed(), Allowed(upload=True), Allowed(delete=True)])
def test_policy_allows_the_page_s_own_style_and_script_alone(allowed):
    answer = answer_with_listing("/", ENTRIES, allowed=allowed)
    fields = dict(answer.fields)
    page = answer.body.decode()
    policy = fields["Content-Security-Policy"]
    for tag in ("style", "script"):
        (text,) = re.findall(rf"<{tag}[^>]*>(.*?)</{tag}>", page, re.S)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for part in ("base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"):
        assert part in policy
    assert fields["Vary"] == "Accept"
    assert fields["X-Content-Type-Options"] == "nosniff"


def test_page_loads_nothing_and_has_no_style_or_script_in_its_elements():
    page = page_of(ENTRIES, upload=True, mkdir=True, delete=True, zip=True)
    for _, attributes in Elements(page).found:
        assert not {"src", "style", "srcset", "background"} & set(attributes)
        assert not any(name.startswith("on") for name in attributes)
    assert "url(" not in page
    assert "@import" not in page


def test_page_is_small():
    assert len(page_of([])) < 25 * 1024
    page = page_of([], upload=True, mkdir=True, delete=True, zip=True)
    assert len(page) < 33 * 1024
    assert len(gzip.compress(page.encode())) < 11 * 1024


def test_only_what_is_allowed_is_offered():
    plain = Elements(page_of(ENTRIES))
    assert not plain.all("form")
    full = Elements(page_of(ENTRIES, upload=True, mkdir=True, delete=True, zip=True))
    assert [form["action"] for form in full.all("form")] == ["./", "./"]
    assert {form["method"] for form in full.all("form")} == {"post"}
    names = {field.get("name") for field in full.all("input")}
    assert {"file", "mkdir"} <= names
    assert "?zip" in [link["href"] for link in full.all("a")]
    deletes = [one for one in full.all("button") if one.get("aria-label") == "Delete"]
    assert len(deletes) == len(ENTRIES)


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_becomes_of_taken_names_is_said(overwrite):
    page = page_of([], upload=True, overwrite=overwrite)
    assert ("Nothing is overwritten." in page) is not overwrite
    assert ("takes the place of one" in page) is overwrite


def test_limit_of_uploads_is_said():
    page = page_of([], upload=True, max_upload_bytes=2_500_000)
    assert "Up to 2.5 MB each." in page
    assert 'data-max-bytes="2500000"' in page


def test_breadcrumbs_are_relative():
    page = page_of([], path="/a/b c/<d>/")
    nav = page.partition("<nav")[2].partition("</nav>")[0]
    links = Elements(nav).all("a")
    assert [one["href"] for one in links] == ["../../../", "../../", "../", "./"]
    assert links[-1]["aria-current"] == "page"
    assert "&lt;d&gt;" in nav


@pytest.mark.parametrize("path", ["/", "//", "", "no/slash"])
def test_any_path_has_a_page(path):
    assert "<title>" in page_of([], path=path)


def test_heads_of_columns_sort_and_say_how():
    heads = Elements(page_of(ENTRIES, query="sort=size&order=asc").partition("<thead")[2])
    sorts = [one.get("aria-sort") for one in heads.all("th")[:3]]
    assert sorts == [None, "ascending", None]
    hrefs = [one["href"] for one in heads.all("a")[:3]]
    assert hrefs == [
        "?sort=name&order=asc",
        "?sort=size&order=desc",
        "?sort=modified&order=asc",
    ]


def test_empty_folder():
    assert "This folder is empty." in page_of([])
    assert "This folder is empty." not in page_of([file("a")])


def test_pictures_are_offered_where_there_are_some():
    assert 'id="pictures"' in page_of([file("a.png")])
    assert 'id="pictures"' not in page_of([file("a.txt"), folder("b.png")])


@pytest.mark.parametrize("modified", [None, 1e18, -1e18, float("inf"), float("nan"), 253402300800])
def test_date_that_is_none(modified):
    entry = file("a", 1, modified)
    assert "<time" not in page_of([entry]).partition("<tbody")[2].partition("</table>")[0]
    listing = json.loads(answer_with_listing("/", [entry], accept="application/json").body)
    assert listing["entries"][0]["modified"] is None


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (9949, "9.9 kB"),
        (9960, "10 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (52_300_000, "52 MB"),
        (2**63, "9.2 EB"),
        (10**21, "1000 EB"),
    ],
)
def test_size(size, shown):
    assert format_size(size) == shown


def test_readme_is_read_for_the_page_alone():
    def fail():
        raise AssertionError

    for accept in ("application/json", "text/plain"):
        answer_with_listing("/", [], accept=accept, read_readme=fail)
    answer = answer_with_listing("/", [], read_readme=lambda: Readme("README", "<hello>"))
    assert b"<pre>&lt;hello&gt;</pre>" in answer.body


def test_nothing_is_allowed_by_default():
    assert not any(Allowed())


def test_rows_are_in_blocks():
    page = page_of([file(f"{number}") for number in range(500)])
    assert page.count("<tbody") == 3
    assert len(links_of(page)) == 500


def test_status_of_entries(tmp_path):
    (tmp_path / "file").write_bytes(b"abc")
    os.utime(tmp_path / "file", (LEAP_DAY, LEAP_DAY))
    (tmp_path / "folder").mkdir()
    (plain_file, plain_folder) = read_entries(str(tmp_path))
    assert plain_file == Entry("file", False, False)
    assert plain_folder == Entry("folder", True, False)
    (with_size, with_date) = read_entries(str(tmp_path), with_status=True)
    assert with_size == Entry("file", False, False, 3, LEAP_DAY)
    assert with_date.size is None
    assert with_date.modified is not None


@pytest.mark.skipif(os.name == "nt", reason="links and pipes of Unix")
def test_status_of_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "nowhere").symlink_to("missing")
    (tmp_path / "target").write_bytes(b"1234")
    (tmp_path / "to-file").symlink_to("target")
    found = {entry.name: entry for entry in read_entries(str(tmp_path), with_status=True)}
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert found["pipe"].size is None
    assert found["loop"] == Entry("loop", False, True)
    assert found["nowhere"] == Entry("nowhere", False, True)
    assert found["to-file"].size == 4
    assert found["to-file"].is_link
