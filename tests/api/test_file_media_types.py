"""Media types by name, where `mimetypes` is wrong, knows none, or was told by the program."""

import mimetypes
import posixpath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from basehttpserver._files import media_types
from basehttpserver._files.media_types import guess_media_type, with_charset
from basehttpserver._files.paths import extension_of
from tests.http1 import profile


def guess(name):
    return guess_media_type(name, posixpath.splitext(name)[1])


@profile.slow
@given(st.text("ab./\\", max_size=12))
@example("/folder.d/file")
@example("/folder/..a")
@example("/folder/a..")
def test_extension_is_what_splitext_finds(path):
    assert extension_of(path) == posixpath.splitext(path)[1]


@pytest.mark.parametrize("case", [str.lower, str.upper])
def test_is_what_mimetypes_says_where_that_is_right(case):
    mimetypes.init()
    names = [
        case(f"a{first}{second}")
        for first in ("", ".tar", ".b")
        for second in (*mimetypes.types_map, *mimetypes.suffix_map, *mimetypes.encodings_map)
    ]
    for name in (*names, "", ".", "..", "a.", ".gz", "a/.js", "https:a.js"):
        said = mimetypes.guess_type(f"./{posixpath.basename(name)}")[0]
        known = media_types._BY_EXTENSION.get(posixpath.splitext(name)[1].lower())
        if known is None:
            assert guess(name) == said, name
        else:
            assert guess(name) in (said, known.right), name


@pytest.fixture
def registry(monkeypatch):
    """What the system says, as far as a test says so; the program may add to it."""
    mimetypes.init()
    known = mimetypes.MimeTypes()
    monkeypatch.setattr(mimetypes, "_db", known)
    # As `mimetypes.init` does.
    monkeypatch.setattr(mimetypes, "types_map", known.types_map[True])
    return mimetypes.add_type


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.js", "text/javascript"),
        ("a.mjs", "text/javascript"),
        ("A.JS", "text/javascript"),
        ("a.json", "application/json"),
        ("a.wasm", "application/wasm"),
        ("a.webp", "image/webp"),
        ("a.avif", "image/avif"),
        ("a.svg", "image/svg+xml"),
        ("a.woff", "font/woff"),
        ("a.woff2", "font/woff2"),
        ("a.webmanifest", "application/manifest+json"),
        ("a.md", "text/markdown"),
        ("a.mp4", "video/mp4"),
        ("a.webm", "video/webm"),
        ("a.m4a", "audio/mp4"),
        ("a.ogg", "audio/ogg"),
        ("a.ogv", "video/ogg"),
        ("a.flac", "audio/flac"),
        ("a.css", "text/css"),
        ("a.html", "text/html"),
        ("/folder.js/a.css", "text/css"),
        ("a", None),
        ("a.unheard-of", None),
        (".js", None),
    ],
)
def test_of_a_name(registry, name, media_type):
    assert guess(name) == media_type


@pytest.mark.parametrize(
    ("extension", "told", "media_type"),
    [
        (".js", "application/javascript", "text/javascript"),
        (".js", "application/x-javascript", "text/javascript"),
        (".csv", "application/vnd.ms-excel", "text/csv"),
        (".zip", "application/x-zip-compressed", "application/zip"),
        (".woff", "application/font-woff", "font/woff"),
    ],
)
def test_that_is_known_to_be_wrong(registry, extension, told, media_type):
    registry(told, extension)
    assert guess(f"file{extension}") == media_type


@pytest.mark.parametrize("extension", [".js", ".md", ".wasm", ".unheard-of", ".webp"])
def test_of_a_program_wins(registry, extension):
    registry("text/x-mine", extension)
    assert guess(f"file{extension}") == "text/x-mine"


def test_text_of_the_registry_of_windows():
    """Elsewhere only a program says so."""
    is_wrong = "text/plain" in media_types._BY_EXTENSION[".js"].wrong
    assert is_wrong == (media_types.os.name == "nt")


@pytest.mark.parametrize(
    ("media_type", "content_type"),
    [
        ("text/plain", "text/plain; charset=utf-8"),
        ("Text/HTML", "Text/HTML; charset=utf-8"),
        ("text/javascript", "text/javascript; charset=utf-8"),
        ("text/html; charset=latin-1", "text/html; charset=latin-1"),
        ("text/html;charset=latin-1", "text/html;charset=latin-1"),
        ("text/markdown; variant=GFM", "text/markdown; variant=GFM"),
        ("application/javascript", "application/javascript"),
        ("application/json", "application/json"),
        ("application/xml", "application/xml"),
        ("image/svg+xml", "image/svg+xml"),
        ("textual/thing", "textual/thing"),
        ("", ""),
    ],
)
def test_charset(media_type, content_type):
    assert with_charset(media_type, "utf-8") == content_type
