"""SimpleHTTPRequestHandler: nothing outside the folder is reachable, whatever the target says."""

import ntpath
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from basehttpserver import files
from basehttpserver._files.paths import has_windows_meaning, is_short_name
from tests.api.file_requests import Handler, ask, ask_past_parser

SECRET = b"not for the world"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A folder to serve, between others that are none of the client's business."""
    above = tmp_path_factory.mktemp("above")
    folder = above / "root"
    (folder / "folder").mkdir(parents=True)
    (folder / "file").write_bytes(b"file")
    (above / "root_other").mkdir()
    for secret in (above / "secret", above / "root_other" / "secret", above / "rootsecret"):
        secret.write_bytes(SECRET)
    return folder


@pytest.mark.parametrize(
    "target",
    [
        pytest.param("/../secret", id="dot_dot"),
        pytest.param("/folder/../../secret", id="dot_dot_after_a_folder"),
        pytest.param("/file/../../secret", id="dot_dot_after_a_file"),
        pytest.param("/absent/../../secret", id="dot_dot_after_nothing"),
        pytest.param("/%2e%2e/secret", id="encoded_dots"),
        pytest.param("/.%2E/secret", id="one_encoded_dot"),
        pytest.param("/..%2fsecret", id="encoded_slash"),
        pytest.param("/folder%2f..%2f..%2fsecret", id="encoded_slashes_after_a_folder"),
        pytest.param("%2f..%2fsecret", id="encoded_slash_first"),
        pytest.param("/%252e%252e/secret", id="encoded_twice"),
        pytest.param("/..%252fsecret", id="slash_encoded_twice"),
        pytest.param("/..%5csecret", id="encoded_backslash"),
        pytest.param("/..\\secret", id="backslash"),
        pytest.param("/folder\\..\\..\\secret", id="backslashes_after_a_folder"),
        pytest.param("/../root_other/secret", id="sibling_with_the_same_prefix"),
        pytest.param("/../rootsecret", id="file_with_the_same_prefix"),
        pytest.param("../secret", id="without_a_slash"),
        pytest.param("..", id="dot_dot_alone_is_the_folder_itself"),
        pytest.param("/%c0%ae%c0%ae/secret", id="over_long_dots"),
        pytest.param("/..%c0%afsecret", id="over_long_slash"),
        pytest.param("/..%e0%80%afsecret", id="over_long_slash_in_three_bytes"),
        pytest.param("/%uff0e%uff0e/secret", id="percent_u"),
        pytest.param("/\xef\xbc\x8e\xef\xbc\x8e/secret", id="full_width_dots"),
        pytest.param("/..;/secret", id="parameter"),
        pytest.param("/.../secret", id="three_dots"),
        pytest.param("/../secret%00", id="nul_at_the_end"),
        pytest.param("/../secret%00.html", id="nul_before_an_extension"),
        pytest.param("/file%00", id="nul_after_a_file"),
        pytest.param("/folder%00/", id="nul_after_a_folder"),
        pytest.param("/%00", id="nul"),
        pytest.param("/%ed%a0%80", id="lone_surrogate"),
        pytest.param("/folder/%ed%b0%af..%ed%b0%af..%ed%b0%afsecret", id="surrogate_of_a_slash"),
        pytest.param("/etc/passwd", id="absolute_path"),
        pytest.param("//etc/passwd", id="absolute_path_after_a_slash"),
        pytest.param("/%2fetc%2fpasswd", id="encoded_absolute_path"),
        pytest.param("file:///etc/passwd", id="file_url"),
        pytest.param("/c:/secret", id="drive"),
        pytest.param("/c:..%5csecret", id="drive_and_relative_path"),
        pytest.param("/~root/secret", id="home"),
        pytest.param("/" + "x" * 300, id="name_too_long"),
        pytest.param("/" + "x/" * 3000, id="path_too_long"),
        pytest.param("/folder/" * 1500, id="many_folders"),
    ],
)
def test_not_found(root, target):
    answer = ask_past_parser(target, directory=root)
    assert SECRET not in answer.body
    if target == "..":
        assert (answer.status, answer.fields["Location"]) == (301, "../")
    else:
        assert answer.head.startswith(b"HTTP/1.0 404 File not found\r\n")


def test_absolute_path_to_the_secret(root):
    for slashes in ("", "/", "//", "/folder/../..//"):
        answer = ask_past_parser(f"{slashes}{root.parent}/secret", directory=root)
        assert answer.status == 404


def test_dot_dot_stops_at_the_top(root):
    assert ask("/../../../file", directory=root).body == b"file"
    assert ask("/folder/../file", directory=root).body == b"file"


PIECES = ["/", "\\", "..", ".", "%2e", "%2f", "%5c", "%00", "%", "?", "#", ":", ";", "c:", "//"]
PIECES += ["secret", "root", "root_other", "folder", "file", "%ff", "%c0%ae", "%ed%a0%80", "~"]
PIECES += ["http:", "[", "]", "@", "\xe9", "%E2%80%8B", "+", " ", "_other", "x" * 300]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
@settings(
    derandomize=True,
    max_examples=500,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_target_is_answered_from_within(root, target):
    """Always an answer, never an exception, nothing from outside, no other host in a Location."""
    answer = ask_past_parser(target, directory=root)
    assert answer.status in (200, 301, 404)
    assert SECRET not in answer.body
    assert b"root_other" not in answer.body.partition(b"<ul>")[2]
    location = answer.fields.get("Location", "")
    assert not location.startswith(("//", "/\\", "\\"))
    if not target.startswith("http:"):
        assert "://" not in location.partition("?")[0].partition("#")[0]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
@settings(derandomize=True, max_examples=500, deadline=None)
def test_translated_paths_are_within(target):
    handler = Handler.__new__(Handler)
    handler.directory = os.path.join(os.sep, "served")
    translated = handler.translate_path(target)
    assert os.path.commonpath([os.path.normpath(translated), handler.directory]) == (
        handler.directory
    )


class TestOnWindows:
    @pytest.fixture
    def windows(self, monkeypatch):
        monkeypatch.setattr(os, "path", ntpath)
        monkeypatch.setattr(files, "_ON_WINDOWS", True)

    @pytest.mark.parametrize(
        ("target", "translated"),
        [
            pytest.param("/folder/file", "C:\\served\\folder\\file", id="plain"),
            pytest.param("/folder/", "C:\\served\\folder/", id="folder"),
            pytest.param("/../file", "C:\\served\\file", id="dot_dot"),
            pytest.param("/D:/file", "C:\\served\\file", id="drive"),
            pytest.param("/D:file", "C:\\served", id="drive_and_relative_path"),
            pytest.param("/..%5c..%5cfile", "C:\\served", id="backslashes"),
            pytest.param("/%5c%5chost%5cshare%5cfile", "C:\\served", id="unc"),
            pytest.param("//host/share/file", "C:\\served\\host\\share\\file", id="two_slashes"),
            pytest.param("/%5c%5c.%5cC:/file", "C:\\served\\file", id="device_path"),
            pytest.param("/%5cfile", "C:\\served", id="absolute"),
        ],
    )
    def test_translate_path(self, monkeypatch, target, translated):
        monkeypatch.setattr(os, "path", ntpath)
        handler = Handler.__new__(Handler)
        handler.directory = "C:\\served"
        assert handler.translate_path(target) == translated

    @pytest.mark.parametrize(
        "name",
        [
            pytest.param("CON", id="device"),
            pytest.param("nul.txt", id="extension"),
            pytest.param("aux.tar.gz", id="extensions"),
            pytest.param("COM1 ", id="space"),
            pytest.param("prn .txt", id="space_before_an_extension"),
            pytest.param("AUX::$DATA", id="stream"),
            pytest.param("page.py::$DATA", id="stream_of_a_file"),
            pytest.param("page.py:", id="colon"),
            pytest.param("LPT\N{SUPERSCRIPT TWO}", id="superscript_digit"),
            pytest.param("CONIN$", id="console"),
            pytest.param("page.py.", id="dot_at_the_end"),
            pytest.param("page.py ", id="space_at_the_end"),
            pytest.param("page.py. .", id="dots_and_spaces_at_the_end"),
            pytest.param("...", id="three_dots"),
        ],
    )
    def test_names_that_mean_something_else(self, tmp_path, monkeypatch, name):
        assert has_windows_meaning(f"C:\\served\\{name}")
        assert has_windows_meaning(f"C:\\served\\{name}\\file")
        assert has_windows_meaning(f"C:\\served/{name}/")
        monkeypatch.setattr(files, "_ON_WINDOWS", True)
        (tmp_path / name).write_bytes(b"here, it is a name like any other")
        target = "/" + name.replace(" ", "%20").replace("\N{SUPERSCRIPT TWO}", "%C2%B2")
        assert ask(target, directory=tmp_path).status == 404

    @pytest.mark.parametrize(
        "path",
        [
            "C:\\served\\file",
            "C:\\served\\..\\.\\file",
            "C:\\served\\console.txt",
            "C:\\served\\com10",
            "C:\\served\\null",
            "C:\\served\\.nul",
            "C:\\served\\file.nul",
            "C:\\served\\ con",
            "\\\\host\\share\\file",
            "\\\\?\\C:\\served\\file",
            ".",
            "./file",
        ],
    )
    def test_names_that_mean_themselves(self, path):
        assert not has_windows_meaning(path)


@pytest.mark.parametrize(
    ("name", "is_short"),
    [
        ("GIT~1", True),
        ("gitign~1", True),
        ("HT1A2B~1", True),
        ("SECRET~1.HTM", True),
        ("LONGF~12.TX", True),
        ("a~b~3.", True),
        ("~1", False),
        ("page.html~", False),
        ("a.b~1", False),
        ("LONGNAME~1", False),
        ("file~1.html", False),
        ("file~1.tar.gz", False),
        ("file~x", False),
    ],
)
def test_short_names_of_windows(name, is_short):
    assert is_short_name(name) is is_short
