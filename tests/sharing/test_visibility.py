"""What is hidden in a shared folder."""

import pytest

from basehttpserver._files.served_folder import served_folder
from basehttpserver._sharing.visibility import Visibility, VisibleFolder

NFD = "re\N{COMBINING ACUTE ACCENT}sume\N{COMBINING ACUTE ACCENT}.txt"


@pytest.mark.parametrize(
    ("globs", "path", "is_hidden"),
    [
        ([], "file", False),
        ([], ".git", True),
        ([], ".git/config", True),
        ([], "sub/.env", True),
        ([], ".well-known/acme-challenge/x", False),
        ([], ".well-known/.secret", True),
        ([], "..file", True),
        (["*.tmp"], "a.tmp", True),
        (["*.tmp"], "a.tmp.txt", False),
        (["*.tmp"], "sub/a.tmp", True),
        (["*.TMP"], "a.tmp", True),
        (["*.tmp"], "A.TMP", True),
        (["*.tmp"], "a.tmp/inside", True),
        (["a", "b"], "b", True),
        (["a", "b"], "ab", False),
        (["private/*.txt"], "private/a.txt", True),
        (["private/*.txt"], "a.txt", False),
        (["private/*.txt"], "private/a.pdf", False),
        (["/private"], "private/x", True),
        (["private/"], "private", True),
        (["[ab]?"], "a1", True),
        (["r\xe9sum\xe9.*"], NFD, True),
        (["stra\xdfe"], "STRASSE", True),
        (["*"], "two\nlines", True),
    ],
)
def test_hides(globs, path, is_hidden):
    assert Visibility(globs, shows_dotfiles=False).hides(path.split("/")) is is_hidden


def test_dotfiles_that_are_shown():
    visibility = Visibility([".env"], shows_dotfiles=True)
    assert not visibility.hides([".git", "config"])
    assert visibility.hides([".env"])


def test_globs_for_paths_are_for_all_that_leads_there():
    visibility = Visibility(["a/stra\xdfe", "/top"], shows_dotfiles=False)
    assert visibility.hides(["A", "STRASSE", "b", "c"])
    assert visibility.hides(["TOP", "b"])
    assert not visibility.hides(["b", "a", "strasse"])
    assert not visibility.hides(["a", "strasse2"])
    assert not visibility.hides(["topmost"])


def test_long_paths_are_folded_once(monkeypatch):
    """Composing letters takes time that is quadratic in the accents of a name (UAX 15)."""
    folded = []

    def fold(name):
        folded.append(name)
        return name

    monkeypatch.setattr("basehttpserver._sharing.visibility._fold", fold)
    visibility = Visibility(["private/*"], shows_dotfiles=False)
    folded.clear()
    names = ["a" + "\N{COMBINING ACUTE ACCENT}" * 2000, *"b" * 1000]
    assert not visibility.hides(names)
    assert sum(map(len, folded)) == sum(map(len, names))


def test_the_folder_itself_is_never_hidden():
    assert not Visibility(["*"], shows_dotfiles=False).hides([])


@pytest.fixture(params=["all", "inside"])
def folder(request, tmp_path):
    served = tmp_path / ".served"
    (served / ".hidden").mkdir(parents=True)
    (served / "sub").mkdir()
    for name in ("shown", "a.tmp", ".hidden/file", "sub/a.tmp", "sub/shown"):
        (served / name).write_bytes(b"content")
    inner = served_folder(str(served), request.param)
    visibility = Visibility(["*.tmp"], shows_dotfiles=False)
    return served, VisibleFolder(inner, str(served), visibility)


@pytest.mark.parametrize("name", ["a.tmp", ".hidden", ".hidden/file", "sub/a.tmp", "../x", "none"])
def test_is_as_if_it_were_not_there(folder, name):
    served, visible = folder
    path = f"{served}/{name}"
    assert not visible.is_file(path)
    assert not visible.is_folder(path)
    assert not visible.has(path)
    with pytest.raises(FileNotFoundError):
        visible.open_file(path)
    with pytest.raises(FileNotFoundError):
        visible.read_entries(path)


def test_the_rest_is_there(folder):
    served, visible = folder
    assert visible.is_file(f"{served}/shown")
    assert visible.has(f"{served}/shown")
    assert visible.is_folder(f"{served}/sub/")
    with visible.open_file(f"{served}/sub/shown"):
        pass
    assert [entry.name for entry in visible.read_entries(f"{served}/")] == ["shown", "sub"]
    assert [entry.name for entry in visible.read_entries(f"{served}/sub/")] == ["shown"]


def test_path_on_another_drive(folder, monkeypatch):
    def refuse(path, start):
        raise ValueError("path is on another drive")

    _, visible = folder
    monkeypatch.setattr("os.path.relpath", refuse)
    assert not visible.has("D:\\file")


@pytest.mark.parametrize("name", [".upload-x.part", ".UPLOAD-x.json", ".upload-/x"])
def test_uploads_that_are_not_whole_always_are(name):
    visibility = Visibility([], shows_dotfiles=True)
    assert visibility.hides(name.split("/"))
    assert not visibility.hides([".uploads"])


def test_a_hidden_folder_is_not_held(tmp_path):
    (tmp_path / ".git").mkdir()
    visibility = Visibility([], shows_dotfiles=False)
    folder = VisibleFolder(served_folder(str(tmp_path), "none"), str(tmp_path), visibility)
    with folder.hold_folder(str(tmp_path)) as held:
        assert held.path == str(tmp_path)
    with pytest.raises(FileNotFoundError), folder.hold_folder(str(tmp_path / ".git")):
        pass
