"""Which files are compressed, by what, and that it is the same file behind."""

import subprocess
import sys
import zlib

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basehttpserver._files import compression
from basehttpserver._files.accept_encoding import CODINGS
from basehttpserver._files.compression import choose_coding, compress, is_worth_compressing
from tests.http1 import profile

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

DECOMPRESS = {
    "br": brotli.decompress,
    "zstd": zstd.decompress,
    "gzip": lambda data: zlib.decompress(data, 31),
}

MIB = 1024 * 1024


@pytest.fixture
def forget_libraries():
    compression._compressor.cache_clear()
    yield
    compression._compressor.cache_clear()


@pytest.mark.parametrize(
    ("content_type", "worth_it"),
    [
        ("text/html", True),
        ("text/html; charset=utf-8", True),
        ("TEXT/Plain ;charset=x", True),
        ("text/x-python", True),
        ("text/javascript", True),
        ("application/javascript", True),
        ("application/json", True),
        ("application/manifest+json", True),
        ("application/geo+json; x=y", True),
        ("application/xml", True),
        ("application/xhtml+xml", True),
        ("image/svg+xml", True),
        ("application/wasm", True),
        ("font/ttf", True),
        ("font/otf", True),
        ("image/bmp", True),
        ("font/woff", False),
        ("font/woff2", False),
        ("image/png", False),
        ("image/jpeg", False),
        ("video/mp4", False),
        ("application/gzip", False),
        ("application/zip", False),
        ("application/pdf", False),
        ("application/octet-stream", False),
        ("application/octet-stream; name=text/html", False),
        ("text", False),
        ("textual/html", False),
        ("json", False),
        ("", False),
    ],
)
def test_media_types(content_type, worth_it):
    assert is_worth_compressing(content_type, 10_000) is worth_it


@pytest.mark.parametrize(
    ("size", "worth_it"),
    [(0, False), (1023, False), (1024, True), (2 * MIB, True), (2 * MIB + 1, False)],
)
def test_sizes(size, worth_it):
    assert is_worth_compressing("text/plain", size) is worth_it


@pytest.mark.parametrize("coding", CODINGS)
@profile.slow
@given(data=st.binary(max_size=200) | st.text().map(lambda text: (text * 99).encode()))
def test_comes_back(coding, data):
    assert DECOMPRESS[coding](compress(data, coding)) == data
    assert DECOMPRESS[coding](compress(bytearray(data), coding)) == data


@pytest.mark.parametrize("coding", CODINGS)
def test_largest_comes_back(coding):
    data = b"".join(b"%d, " % number for number in range(400_000))[: 2 * MIB]
    assert len(data) == 2 * MIB
    compressed = compress(data, coding)
    assert len(compressed) < MIB
    assert DECOMPRESS[coding](compressed) == data


@pytest.mark.parametrize("coding", CODINGS)
def test_same_bytes_give_the_same_bytes(coding):
    assert compress(b"page" * 1000, coding) == compress(b"page" * 1000, coding)


def test_gzip_has_no_name_and_no_date():
    # RFC 1952 2.3: magic, deflate, no flags; MTIME zero.
    assert compress(b"page" * 1000, "gzip")[:8] == b"\x1f\x8b\x08\0" + bytes(4)


def test_window_of_zstd_is_within_bounds():
    # RFC 9659: at most 8 MiB. RFC 8878 3.1.1.1: a single segment's window is its content's size.
    for size in (1024, 2 * MIB):
        info = zstd.get_frame_info(compress(bytes(size), "zstd"))
        assert info.decompressed_size == size


@pytest.mark.parametrize(
    ("codings", "coding"),
    [
        (["br", "gzip"], "br"),
        (["zstd", "br"], "zstd"),
        (["gzip", "br"], "gzip"),
        ([], None),
    ],
)
def test_first_of_codings(codings, coding):
    assert choose_coding(codings) == coding


@pytest.mark.usefixtures("forget_libraries")
def test_gzip_alone_without_the_libraries(monkeypatch):
    for name in ("brotli", "compression.zstd", "backports.zstd"):
        monkeypatch.setitem(sys.modules, name, None)
    assert choose_coding(CODINGS) == "gzip"
    assert choose_coding(["br", "zstd"]) is None
    assert DECOMPRESS["gzip"](compress(b"page", "gzip")) == b"page"
    with pytest.raises(ValueError, match="br"):
        compress(b"page", "br")


@pytest.mark.usefixtures("forget_libraries")
@pytest.mark.parametrize(
    ("lock", "imported", "coding"),
    [(True, False, "br"), (True, True, "br"), (False, True, "br"), (False, False, None)],
)
def test_no_client_turns_the_interpreter_lock_on(lock, imported, coding, monkeypatch):
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: lock, raising=False)
    if not imported:
        monkeypatch.delitem(sys.modules, "brotli")
    assert choose_coding(["br"]) == coding
    assert ("brotli" in sys.modules) is bool(coding)


def test_libraries_are_imported_when_they_are_asked_for():
    program = """
import sys
import basehttpserver, basehttpserver._files.compressed_files
from basehttpserver._files.compression import choose_coding
libraries = {"brotli", "backports.zstd", "compression.zstd"}
assert not libraries & set(sys.modules)
choose_coding(["gzip", "br"])
assert not libraries & set(sys.modules)
choose_coding(["br", "zstd"])
assert libraries & set(sys.modules) == {"brotli"}
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)
