"""SimpleHTTPRequestHandler: which symbolic links are followed, by `symlinks`."""

import contextlib
import functools
import os
import threading

import pytest

from basehttpserver._files import served_folder
from tests.api.file_requests import Handler, ask

SECRET = b"not for the world"

#: By path in `tree`: where the link leads.
LINKS = {
    "served/to_file": "folder/file",
    "served/to_folder": "folder",
    "served/to_itself": "to_itself",
    "served/to_nothing": "nothing",
    "served/by_a_link": "to_folder/file",
    "served/out_and_in": "../served/folder/file",
    "served/folder/up": "../top",
    "served/out": "../secret",
    "served/out_folder": "../others",
    "served/out_by_a_link": "folder/out",
    "served/folder/out": "../../secret",
    "served/sibling": "../served_other",
    "served/above": "..",
    "served/out_to_nothing": "../nothing",
    "served/out_index/index.html": "../../secret",
    "served/in_index/index.html": "../top",
    "others/back": "../served/folder",
    "entrance": "served",
}

INSIDE = {
    "/to_file": b"file",
    "/by_a_link": b"file",
    "/out_and_in": b"file",
    "/folder/up": b"top",
    "/to_folder/up": b"top",
    "/to_folder/file": b"file",
    "/in_index/": b"top",
    # Where it ends counts, and not the way there.
    "/out_folder/back/file": b"file",
    "/above/served/top": b"top",
    "/absolute": b"top",
}

OUTSIDE = [
    "/out",
    "/out_folder",
    "/out_folder/",
    "/out_folder/secret",
    "/out_folder/absent",
    "/out_folder/child",
    "/out_folder/child/",
    "/out_by_a_link",
    "/folder/out",
    "/to_folder/out",
    "/sibling",
    "/sibling/secret",
    "/above",
    "/above/",
    "/above/secret",
    "/above/served_other/secret",
    "/absolute_out",
    "/root",
    "/root/",
]


@pytest.fixture
def tree(tmp_path):
    """What is served is ``served``, or ``entrance``, which leads there."""
    for folder in ("served/folder", "served/out_index", "served/in_index", "others/child"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "served_other").mkdir()
    (tmp_path / "served/top").write_bytes(b"top")
    (tmp_path / "served/folder/file").write_bytes(b"file")
    for secret in ("secret", "others/secret", "served_other/secret"):
        (tmp_path / secret).write_bytes(SECRET)
    for link, to in LINKS.items():
        (tmp_path / link).symlink_to(to)
    (tmp_path / "served/absolute").symlink_to(tmp_path / "served/top")
    (tmp_path / "served/absolute_out").symlink_to(tmp_path / "secret")
    (tmp_path / "served/root").symlink_to("/")
    return tmp_path


@pytest.fixture(params=["served", "entrance"])
def served(request, tree):
    return tree / request.param


@pytest.fixture(params=["walked", "looked_up"])
def platform(request, monkeypatch):
    """Both ways to find a path: that of POSIX, that of Windows."""
    if request.param == "looked_up":
        monkeypatch.setattr(served_folder, "_CAN_WALK", False)
    elif not served_folder._CAN_WALK:
        pytest.skip("folders cannot be walked here")


def listed(answer):
    """Return what a listing links to."""
    assert answer.status == 200
    return {line.split('"')[1] for line in answer.body.decode().splitlines() if "<li>" in line}


class TestAll:
    """The default, as in CPython."""

    def test_is_followed(self, tree):
        for target, content in INSIDE.items():
            assert ask(target, directory=tree / "served").body == content
        for target in ("/out", "/out_folder/secret", "/out_index/", "/above/secret"):
            assert ask(target, directory=tree / "served").body == SECRET

    def test_is_listed(self, tree):
        names = listed(ask("/", directory=tree / "served"))
        assert {"out", "out_folder/", "to_nothing", "to_itself", "to_folder/"} <= names

    @pytest.mark.parametrize("target", ["/to_nothing", "/to_itself", "/to_itself/"])
    def test_leads_nowhere(self, tree, target):
        assert ask(target, directory=tree / "served").status == 404

    def test_what_translate_path_finds_elsewhere(self, tree):
        assert ask("/secret", leading_to(tree), directory=tree / "served").body == SECRET


def leading_to(tree):
    class Elsewhere(Handler):
        def translate_path(self, path):
            return str(tree / path.lstrip("/"))

    return Elsewhere


@pytest.mark.usefixtures("platform")
class TestInside:
    ask = staticmethod(functools.partial(ask, symlinks="inside"))

    @pytest.mark.parametrize("target", INSIDE)
    def test_leads_inside(self, served, target):
        answer = self.ask(target, directory=served)
        assert (answer.status, answer.body) == (200, INSIDE[target])

    @pytest.mark.parametrize("target", OUTSIDE)
    def test_leads_outside(self, served, target):
        """Whatever is there, and also if nothing is, a client learns nothing of it."""
        answer = self.ask(target, directory=served)
        assert answer.head.startswith(b"HTTP/1.0 404 File not found\r\n")
        assert answer.body == self.ask("/absent", directory=served).body

    @pytest.mark.parametrize("target", ["/to_nothing", "/to_itself", "/to_itself/", "/to_file/"])
    def test_leads_nowhere(self, served, target):
        assert self.ask(target, directory=served).status == 404

    def test_plain_paths(self, served):
        assert self.ask("/folder/file", directory=served).body == b"file"
        assert self.ask("/folder/../top", directory=served).body == b"top"
        assert self.ask("/top/file", directory=served).status == 404
        for nowhere in ("/%00", "/folder/%00", "/%ed%a0%80", "/" + "x" * 300, "/" + "x/" * 3000):
            assert self.ask(nowhere, directory=served).status == 404

    def test_folder_redirects(self, served):
        answer = self.ask("/to_folder", directory=served)
        assert (answer.status, answer.fields["Location"]) == (301, "/to_folder/")

    def test_listing_offers_what_can_be_had(self, served):
        found = listed(self.ask("/", directory=served))
        assert found == {
            *("top", "folder/", "out_index/", "in_index/"),
            *("to_file", "to_folder/", "by_a_link", "out_and_in", "absolute"),
        }
        for name in found:
            assert self.ask("/" + name, directory=served).status == 200

    def test_listing_through_a_link(self, served):
        assert listed(self.ask("/to_folder/", directory=served)) == {"file", "up"}
        assert listed(self.ask("/out_folder/back/", directory=served)) == {"file", "up"}

    def test_index_page_that_leads_outside_is_none(self, served):
        """As if it were not there: the next one counts, or the listing."""
        assert listed(self.ask("/out_index/", directory=served)) == set()
        (served / "out_index/index.htm").write_bytes(b"the next one")
        assert self.ask("/out_index/", directory=served).body == b"the next one"

    def test_head(self, served):
        assert self.ask("/to_file", directory=served, method="HEAD").fields["Content-Length"] == "4"
        assert self.ask("/out", directory=served, method="HEAD").status == 404

    def test_type_is_that_of_the_name_that_was_asked(self, served):
        (served / "page.html").symlink_to("top")
        answer = self.ask("/page.html", directory=served)
        assert answer.fields["Content-type"].startswith("text/html;")

    def test_what_translate_path_finds_elsewhere(self, tree):
        handler = leading_to(tree)
        assert self.ask("/secret", handler, directory=tree / "served").status == 404
        assert self.ask("/served/top", handler, directory=tree / "served").body == b"top"

    def test_relative_directory(self, tree, monkeypatch):
        monkeypatch.chdir(tree)
        for directory in ("served", "./served/", "others/../served", "entrance"):
            assert self.ask("/to_file", directory=directory).body == b"file"
            assert self.ask("/out", directory=directory).status == 404
        monkeypatch.chdir("served")
        for directory in (".", "", None):
            assert self.ask("/to_file", directory=directory).body == b"file"
            assert self.ask("/out", directory=directory).status == 404

    def test_root_of_the_file_system(self, tree):
        """Nothing is outside of it."""
        assert self.ask(f"{tree}/served/out", directory="/").body == SECRET


@pytest.mark.usefixtures("platform")
class TestNone:
    ask = staticmethod(functools.partial(ask, symlinks="none"))

    @pytest.mark.parametrize("target", [*INSIDE, *OUTSIDE])
    def test_is_not_followed(self, served, target):
        if target == "/in_index/":
            assert listed(self.ask(target, directory=served)) == set()
        else:
            assert self.ask(target, directory=served).status == 404

    def test_folder_itself_may_be_a_link(self, served):
        assert self.ask("/folder/file", directory=served).body == b"file"
        assert self.ask("/folder", directory=served).status == 301

    def test_is_not_listed(self, served):
        assert listed(self.ask("/folder/", directory=served)) == {"file"}


class TestChoice:
    def test_class_attribute(self, tree):
        class Confined(Handler):
            symlinks = "inside"

        assert ask("/out", Confined, directory=tree / "served").status == 404
        assert ask("/to_file", Confined, directory=tree / "served").body == b"file"
        assert ask("/out", Confined, directory=tree / "served", symlinks="all").body == SECRET

    def test_misspelt(self, tree):
        with pytest.raises(ValueError, match="'all', 'inside' or 'none', and not 'insde'"):
            ask("/top", directory=tree / "served", symlinks="insde")


@pytest.mark.skipif(not served_folder._CAN_WALK, reason="nothing prevents that here")
@pytest.mark.parametrize("symlinks", ["inside", "none"])
class TestReplaced:
    """A link takes the place of what was found, before that is opened."""

    def test_file(self, tree, symlinks, monkeypatch):
        def replace_and_open(place, flags, open_place=served_folder.Place.open):
            replaced.append(place.name)
            (tree / "served/top").unlink()
            (tree / "served/top").symlink_to("../secret")
            return open_place(place, flags)

        replaced = []
        monkeypatch.setattr(served_folder.Place, "open", replace_and_open)
        assert ask("/top", directory=tree / "served", symlinks=symlinks).status == 404
        assert replaced == ["top"]

    def test_folder_that_is_listed(self, tree, symlinks, monkeypatch):
        def replace_and_open(place, flags, open_place=served_folder.Place.open):
            replaced.append(place.name)
            (tree / "served/folder").rename(tree / "served/was_folder")
            (tree / "served/folder").symlink_to("../others")
            return open_place(place, flags)

        replaced = []
        monkeypatch.setattr(served_folder.Place, "open", replace_and_open)
        assert ask("/folder/", directory=tree / "served", symlinks=symlinks).status == 404
        assert replaced == ["folder"]

    def test_folder_on_the_way(self, tree, symlinks, monkeypatch):
        """After the path was resolved, where it is."""

        def resolve_and_replace(path, realpath=os.path.realpath):
            resolved = realpath(path)
            if str(path).endswith("/by_a_link"):  # not the folder that is served
                replaced.append(resolved)
                (tree / "served/folder").rename(tree / "served/was_folder")
                (tree / "served/folder").symlink_to("../others")
            return resolved

        replaced = []
        (tree / "others/file").write_bytes(SECRET)
        found = served_folder.served_folder(str(tree / "served"), symlinks)
        monkeypatch.setattr(served_folder.os.path, "realpath", resolve_and_replace)
        with pytest.raises(OSError):  # noqa: PT011 (its number is the platform's)
            found.open_file(str(tree / "served/by_a_link"))
        assert replaced == [str(tree / "served/folder/file")] * (symlinks == "inside")

    def test_again_and_again(self, tree, symlinks):
        """A thread swaps a file and a folder for links that lead out, while they are asked for."""
        served = tree / "served"
        (tree / "others/file").write_bytes(SECRET)
        (served / "changing").mkdir()
        (served / "changing/file").write_bytes(b"file")
        is_over = threading.Event()

        def swap():
            while not is_over.is_set():
                (served / "changing").rename(served / "away")
                (served / "changing").symlink_to("../others")
                (served / "changing").unlink()
                (served / "away").rename(served / "changing")
                (served / "new").symlink_to("../secret")
                (served / "new").replace(served / "top")
                (served / "new").write_bytes(b"top")
                (served / "new").replace(served / "top")

        thread = threading.Thread(target=swap)
        thread.start()
        statuses = set()
        try:
            for _ in range(400):
                for target in ("/changing/file", "/top", "/changing/"):
                    answer = ask(target, directory=served, symlinks=symlinks)
                    statuses.add(answer.status)
                    assert SECRET not in answer.body
                    assert b"child" not in answer.body
        finally:
            is_over.set()
            thread.join()
        assert statuses <= {200, 404}


def test_no_descriptor_is_left(tree):
    before = open_descriptors()
    for symlinks in ("inside", "none"):
        for target in [*INSIDE, *OUTSIDE, "/", "/folder/", "/top", "/absent", "/top/x", "/%00"]:
            with contextlib.suppress(OSError):
                ask(target, directory=tree / "served", symlinks=symlinks)
    assert open_descriptors() == before


def open_descriptors():
    if not os.path.isdir("/dev/fd"):
        pytest.skip("open descriptors are not told here")
    return sorted(os.listdir("/dev/fd"))


def test_folder_that_may_not_be_read_can_be_gone_through(tree):
    """As by its path; needs O_PATH, which not every POSIX system has."""
    if not hasattr(os, "O_PATH") or os.geteuid() == 0:
        pytest.skip("needs O_PATH, and a user who is not root")
    (tree / "served/folder").chmod(0o111)
    assert ask("/folder/file", directory=tree / "served", symlinks="inside").body == b"file"
    assert ask("/folder/", directory=tree / "served", symlinks="inside").status == 404
