"""The test suites of the programs themselves: where they are, how they run, what may fail.

They come with the source distributions, whose hashes stand here; the versions are those of the
extra ``downstream``. Each runs on plain ``http.server``, and on this package with the settings that
servers have by default (strict); where that makes a difference, also with ``--like-http-server``
(relaxed). What passes there has to pass here, but for decisions: a test that fails and does not
stand here fails the run, and so does one that stands here and passes.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

__all__ = ["SUITES", "Suite"]


_NOTHING: Mapping[str, str] = MappingProxyType({})


class Suite(NamedTuple):
    """Those tests of a program that reach its server."""

    #: Of the source distribution.
    sha256: str
    #: What ``python`` is told, in the folder of the distribution below `folder`.
    command: tuple[str, ...]
    #: How many tests must run, on either side. It guards against comparing nothing with nothing.
    fewest_tests: int
    folder: str = "."
    #: What ``python`` is told to start a server that the tests ask, if they do not start it.
    server: tuple[str, ...] = ()
    #: Variables of the environment; ``{url}`` is that of the server.
    environment: Mapping[str, str] = _NOTHING
    #: Tests that fail only on this package, with the reason, if it is strict…
    strict: Mapping[str, str] = _NOTHING
    #: …and if it is relaxed.
    relaxed: Mapping[str, str] = _NOTHING


_PYTEST = ("-m", "pytest", "-p", "no:cacheprovider", "--timeout=20")

_CHUNKED = {
    f"tests.test_serving.test_chunked_request[{length}]": reason
    for length, reason in {
        "False": "a body in chunks is shown with its length, not with Transfer-Encoding",
        "True": "Content-Length beside Transfer-Encoding is refused (RFC 9112, section 6.1)",
    }.items()
}

SUITES = {
    "django": Suite(
        "ad03d8abc51dbff95ebf34b27123cf0c26a3b62db7ba0cd520783686362533d1",
        (
            *("runtests.py", "--parallel=1", "--verbosity=1"),
            *("servers", "builtin_server", "wsgi", "staticfiles_tests.test_liveserver"),
        ),
        40,
        "tests",
    ),
    "moto": Suite(
        "391857257d5dac144334013c2c10e599def5f0562f553e979160140bd7bd9cf6",
        (
            *_PYTEST,
            *(
                f"tests/test_s3/test_s3_{part}.py"
                for part in ("multipart", "presigned_url", "content_encoding", "list_objects")
            ),
        ),
        40,
        server=("-m", "moto.server", "-p", "0"),
        environment={
            "TEST_SERVER_MODE": "true",
            "TEST_SERVER_MODE_ENDPOINT": "{url}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        },
    ),
    "prometheus-client": Suite(
        "04a91bcf94e2cf74a44a1a874d651a2e853ed354b6e822f3b7487751465d5c2b",
        (
            *(*_PYTEST, "tests/test_exposition.py", "tests/test_wsgi.py"),
            # With TLS 1.3 a client learns that it is refused by one error or by another: on every
            # server, this test passes or not by chance.
            *("-k", "not test_mtls_untrusted_client_cert_raises"),
        ),
        100,
    ),
    "pytest-httpserver": Suite(
        "d07744ce2efaafa0575ed3081d416b999c773b09e84aa95065138bedc3e12352",
        (*_PYTEST, "tests"),
        140,
    ),
    "werkzeug": Suite(
        "55ca7c70a75689be937aa27f8ff4b018f06ff4838fc73045560bf0f5a1291060",
        (
            *(*_PYTEST, "-p", "keep_python_path"),
            *("tests/test_serving.py", "tests/middleware/test_http_proxy.py"),
            # It waits for word of the file system, which not every one gives; nothing of a server.
            *("-k", "not test_reloader_sys_path or not watchdog"),
        ),
        24,
        strict={
            **_CHUNKED,
            "tests.test_serving.test_server[unix socket]": (
                "its client puts the path of a socket into Host (RFC 9110, section 7.2)"
            ),
            "tests.test_serving.test_untrusted_host": (
                "its client sends a target with a fragment (RFC 9112, section 3.2)"
            ),
            "tests.test_serving.test_multiline_header_folding": (
                "folded fields are refused (RFC 9112, section 5.2)"
            ),
        },
        relaxed=_CHUNKED,
    ),
}
