"""Python 2's names: what they answer is what Python 2.7 answers, or a decision."""

import json

import pytest

from tests.dropin.record_python2 import RECORD
from tests.dropin.running_programs import PROGRAMS, RUN, running, tell_old_headers
from tests.dropin.test_install import run_code
from tests.python2 import find_python2


def test_headers_answer_as_those_of_python_2():
    assert tell_old_headers(RUN) == json.loads(RECORD.read_text())


def test_what_is_on_record_is_what_python_2_answers():
    python2 = find_python2()
    if python2 is None:
        pytest.skip("no Python 2.7 to compare the record with; our own answers were compared")
    assert tell_old_headers([python2]) == json.loads(RECORD.read_text())


def test_headers_answer_today_s_questions_as_today():
    """A program that tries Python 2's names first must not notice that they are there."""
    run_code(
        r"""
        import http.client
        from basehttpserver._dropin.old_message import Message
        from basehttpserver._fields import parse_fields
        block = b"X-Twice: 1\r\nx-tWICE:  2 \r\nContent-Type: text/HTML; a=b\r\n\r\n"
        old, today = parse_fields(block, Message), parse_fields(block, http.client.HTTPMessage)
        assert old["X-Missing"] is None
        for name in ("get", "get_all", "__getitem__", "__contains__"):
            for field in ("x-twice", "X-Missing", "content-type"):
                assert getattr(old, name)(field) == getattr(today, name)(field), (name, field)
        for name in ("keys", "values", "items", "__len__", "as_string", "get_content_type"):
            assert getattr(old, name)() == getattr(today, name)(), name
        assert list(old) == list(today) and str(old) == str(today)
        """
    )


def test_fields_of_several_lines_and_odd_characters():
    run_code(
        r"""
        from basehttpserver._dropin.old_message import Message
        from basehttpserver._fields import parse_fields
        block = b"X-Folded: one\r\n  two\r\n\tthree\r\nX-Latin: \x85a\x1cb\r\n\r\n"
        old = parse_fields(block, Message)
        assert old.getheader("x-folded") == "one\n two\n three"
        assert old.headers == ["X-Folded: one\r\n", "  two\r\n", "\tthree\r\n",
                               "X-Latin: \x85a\x1cb\r\n"]
        assert old.getfirstmatchingheader("X-FOLDED") == old.headers[:3]
        assert old.getrawheader("X-FOLDED") == " one\r\n  two\r\n\tthree\r\n"
        assert old.dict["x-latin"] == "\x85a\x1cb"
        """
    )


def test_modules_have_the_names_of_python_2():
    run_code(
        """
        import socketserver
        from basehttpserver import dropin
        dropin.install()
        import BaseHTTPServer, SimpleHTTPServer, SocketServer
        import basehttpserver, http.server
        assert SocketServer is socketserver is BaseHTTPServer.SocketServer
        assert BaseHTTPServer.HTTPServer is http.server.HTTPServer is basehttpserver.HTTPServer
        assert SimpleHTTPServer.BaseHTTPServer is BaseHTTPServer
        base = BaseHTTPServer.BaseHTTPRequestHandler
        files = SimpleHTTPServer.SimpleHTTPRequestHandler
        assert issubclass(base, http.server.BaseHTTPRequestHandler)
        assert issubclass(files, base)
        assert issubclass(files, http.server.SimpleHTTPRequestHandler)
        assert base.responses[404][0] == "Not Found"
        assert files.MessageClass is base.MessageClass
        assert BaseHTTPServer._quote_html('<a href="&">') == '&lt;a href="&amp;"&gt;'
        for module in (BaseHTTPServer, SimpleHTTPServer):
            for name in [*module.__all__, "test", "__version__"]:
                assert hasattr(module, name), name
        """
    )


def test_text_for_wfile_is_refused_with_advice(tmp_path):
    program = tmp_path / "text.py"
    tutorial = (PROGRAMS / "tutorial.py").read_text()
    program.write_text(tutorial.replace('"</body></html>".encode()', '"</body></html>"'))
    with running([*RUN, program]) as started:
        answer = started.talk(b"GET / HTTP/1.0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.0 ")
    assert "TypeError: a bytes-like object is required, not 'str': encode it" in started.outcome[2]
