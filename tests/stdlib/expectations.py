"""What CPython's own suites say about this package: every exception, with its reason.

A test that fails and does not stand here fails the run; so does one that stands here and passes,
one that CPython's own module runs and we skip, and a suite that runs fewer tests than it should.
"""

from typing import NamedTuple


class Suite(NamedTuple):
    """One run of one of CPython's test modules."""

    #: The module inside CPython's package ``test``.
    module: str
    #: Whether ``socketserver``'s stream servers are replaced by ours, too.
    replaces_stream_servers: bool
    #: How many tests must run (skipped ones do not count), whatever the release. It guards against
    #: a comparison of nothing with nothing.
    fewest_tests: int
    #: Seconds after which the run is a hang. CPython's own time is at most a quarter of it.
    timeout_seconds: float = 60.0
    #: The test classes that meet ``http.server``, where most of the module does not; empty: all.
    classes: tuple[str, ...] = ()
    #: Whether some tests skip where root runs them. Root runs the suite as somebody else, then.
    is_for_users: bool = False


SUITES = {
    # CGI is for users: as root, scripts would run as nobody.
    "httpservers": Suite("test_httpservers", False, 60, is_for_users=True),
    "wsgiref": Suite("test_wsgiref", False, 35),
    "docxmlrpc": Suite("test_docxmlrpc", False, 9),
    "docxmlrpc on our servers": Suite("test_docxmlrpc", True, 9),
    "urllib2_localnet": Suite("test_urllib2_localnet", False, 20),
    "socketserver on our servers": Suite("test_socketserver", True, 25),
    "robotparser": Suite("test_robotparser", False, 1, classes=("PasswordProtectedSiteTestCase",)),
    "logging": Suite("test_logging", False, 1, classes=("HTTPHandlerTest",)),
    "pydoc": Suite("test_pydoc", False, 1, classes=("PydocServerTest",)),
    # A third of its tests wait three seconds each for a request that never comes.
    "xmlrpc": Suite("test_xmlrpc", False, 70, 150.0),
    "xmlrpc on our servers": Suite("test_xmlrpc", True, 70, 150.0),
}

#: Beginnings of test ids that are left out, in every mode, with the reason.
EXCLUDED: dict[str, str] = {}


class Expected(NamedTuple):
    """A test that fails, and why; perhaps in one suite only, or only up to a release of CPython."""

    reason: str
    suite: str = ""
    until: tuple[int, ...] = ()

    def applies(self, suite: str, version: tuple[int, ...]) -> bool:
        """Whether the test is expected to fail in this suite of this release."""
        return self.suite in ("", suite) and (not self.until or version <= self.until)


_EVERY_MODE = {
    "test.test_httpservers.MiscTestCase.test_all": Expected(
        "compares http.server.__all__ with the classes whose __module__ is 'http.server'; ours say"
        " where they live, and so does an exact copy of the standard module"
    ),
}

_FILES = "test.test_httpservers.SimpleHTTPServerTestCase"

_OURS = _EVERY_MODE | {
    "test.test_httpservers.SimpleHTTPServerTestCase.test_undecodable_parameter": Expected(
        "the title of a listing shows the path without its query, as http.server does since"
        " 3.13.4 (cpython#133889); the tests of older releases look for the query",
        until=(3, 13, 3),
    ),
    f"{_FILES}.test_browser_cache_with_If_None_Match_header": Expected(
        "If-None-Match: * is false for a file that is there, and answered with 304 (RFC 9110"
        " 13.1.2); http.server knows no entity tags and sends the file"
    ),
    "test.test_xmlrpc.FailingServerTestCase.test_fail_with_info": Expected(
        "xmlrpc.server puts a traceback, line ends and all, into a field of the response; a line"
        " end there raises ValueError (cpython#142533), so the client gets a 500 without it",
        suite="xmlrpc on our servers",
    ),
    "test.test_socketserver.MiscTestCase.test_threads_reaped": Expected(
        "looks into socketserver's private list of threads, a thread for each request; ours come"
        " from a bounded pool, and idle ones end by themselves",
        suite="socketserver on our servers",
    ),
}

_NO_TARGET = (
    "the client sends a target that RFC 9112 3.2 does not know: with a fragment, or without its"
    " slash; it is refused with 400"
)

_STRICT = (
    _OURS
    | {
        "test.test_httpservers.BaseHTTPServerTestCase.test_request_line_trimming": Expected(
            "the request line ends with a lone LF, which is refused with 400 (RFC 9112 2.2) before"
            " anybody asks for a do_ method; http.server trims it and answers 501"
        ),
        "test.test_httpservers.BaseHTTPServerTestCase.test_version_none_get": Expected(
            "a request line without a version (HTTP/0.9) is refused with 400 (RFC 9112 3);"
            " http.server reads it and complains that there is no do_GET"
        ),
        "test.test_httpservers.SimpleHTTPServerTestCase.test_path_without_leading_slash": Expected(
            _NO_TARGET
        ),
        "test.test_httpservers.CGIHTTPServerTestCase.test_no_leading_slash": Expected(_NO_TARGET),
    }
    | {
        f"test.test_xmlrpc.MultiPathServerTestCase.{name}": Expected(
            _NO_TARGET, suite="xmlrpc on our servers"
        )
        for name in (
            "test_empty_path_fragment",
            "test_empty_path_query",
            "test_path_fragment",
            "test_path_query_fragment",
        )
    }
)

#: For each mode, the tests that fail, with the reason. "copy" is an exact copy of CPython's module:
#: the oracle for what runs at all, and the self-test of this machinery.
EXPECTED_DIFFERENCES: dict[str, dict[str, Expected]] = {
    "copy": _EVERY_MODE,
    "relaxed": _OURS,
    "strict": _STRICT,
}
