"""SimpleHTTPRequestHandler: every step may be replaced by a subclass, or on the instance."""

import io
import shutil

import pytest

from tests.api.file_requests import Handler, ask


@pytest.fixture
def root(tmp_path):
    (tmp_path / "file.txt").write_bytes(b"content")
    (tmp_path / "other.txt").write_bytes(b"other")
    (tmp_path / "folder").mkdir()
    return tmp_path


def test_steps_and_their_order(root):
    class Recording(Handler):
        def __getattribute__(self, name):
            if name in steps:
                taken.append(name)
            return super().__getattribute__(name)

    steps = {
        "do_GET", "do_HEAD", "send_head", "translate_path", "guess_type", "list_directory",
        "copyfile", "send_response", "send_error", "send_header", "end_headers",
    }  # fmt: skip
    head = ["send_head", "translate_path"]
    taken = []
    ask("/file.txt", Recording, directory=root)
    fields = ["send_response"] + ["send_header"] * 7 + ["end_headers"]
    # Looked up twice: once to see that it is there.
    assert taken == ["do_GET"] * 2 + [*head, "guess_type", *fields, "copyfile"]

    taken = []
    ask("/", Recording, directory=root, method="HEAD")
    fields = ["send_response"] + ["send_header"] * 4 + ["end_headers"]
    assert taken == ["do_HEAD"] * 2 + [*head, "list_directory", *fields]

    taken = []
    ask("/absent", Recording, directory=root)
    assert taken[: taken.index("send_response")] == (
        ["do_GET"] * 2 + [*head, "guess_type", "send_error"]
    )


@pytest.mark.parametrize(
    ("target", "status"), [("/file.txt", 200), ("/", 200), ("/folder", 301), ("/absent", 404)]
)
def test_end_headers_adds_a_field_to_every_answer(root, target, status):
    class Shared(Handler):
        def end_headers(self):
            self.send_header("Access-Control-Allow-Origin", "*")
            super().end_headers()

    answer = ask(target, Shared, directory=root)
    assert (answer.status, answer.fields["Access-Control-Allow-Origin"]) == (status, "*")


def test_do_get_answers_and_hands_the_rest_on(root):
    class Pinging(Handler):
        def do_GET(self):
            if self.path == "/ping":
                self.send_response(204)
                self.end_headers()
            else:
                super().do_GET()

    assert ask("/ping", Pinging, directory=root).status == 204
    assert ask("/file.txt", Pinging, directory=root).body == b"content"


def test_do_get_rewrites_the_path(root):
    class Pretty(Handler):
        def do_GET(self):
            self.path += ".txt"
            super().do_GET()

    assert ask("/file", Pretty, directory=root).body == b"content"


def test_send_head_returns_a_file_of_its_own(root):
    class Fixed(Handler):
        def send_head(self):
            self.send_response(200)
            self.end_headers()
            return opened

    opened = io.BytesIO(b"of its own")
    assert ask("/file.txt", Fixed, directory=root).body == b"of its own"
    assert opened.closed
    opened = io.BytesIO(b"of its own")
    assert ask("/file.txt", Fixed, directory=root, method="HEAD").body == b""
    assert opened.closed


def test_send_head_seeks_in_the_file_that_it_gets(root):
    class Skipping(Handler):
        def send_head(self):
            file = super().send_head()
            assert file.name == str(root / "file.txt")
            assert file.fileno() >= 0
            assert file.read(1) == b"c"
            file.seek(3)
            return file

    assert ask("/file.txt", Skipping, directory=root).body == b"tent"


def test_translate_path_leads_elsewhere(root, tmp_path_factory):
    class Mounted(Handler):
        def translate_path(self, path):
            if path.startswith("/elsewhere/"):
                return str(elsewhere / path.removeprefix("/elsewhere/"))
            return super().translate_path(path)

    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "file.txt").write_bytes(b"mounted")
    assert ask("/elsewhere/file.txt", Mounted, directory=root).body == b"mounted"
    assert ask("/file.txt", Mounted, directory=root).body == b"content"


def test_guess_type_by_content(root):
    class Typed(Handler):
        def guess_type(self, path):
            assert path == str(root / "file.txt")
            return "image/x-guessed"

    answer = ask("/file.txt", Typed, directory=root)
    assert answer.fields["Content-type"] == "image/x-guessed"


def test_list_directory_forbids(root):
    class Closed(Handler):
        def list_directory(self, path):
            assert path == str(root) + "/"
            self.send_error(403)

    assert ask("/", Closed, directory=root).status == 403


def test_list_directory_makes_a_page(root):
    class Listed(Handler):
        def list_directory(self, path):
            self.send_response(200)
            self.end_headers()
            return io.BytesIO(b"listed")

    assert ask("/", Listed, directory=root).body == b"listed"


def test_list_directory_for_a_name_that_no_folder_can_have(root):
    class Listing(Handler):
        def send_head(self):
            return self.list_directory(self.translate_path(self.path))

    assert ask("/%00", Listing, directory=root).status == 404
    assert ask("/folder", Listing, directory=root).status == 200


def test_copyfile_changes_what_is_sent(root):
    class Shouting(Handler):
        def copyfile(self, source, outputfile):
            super().copyfile(io.BytesIO(source.read().upper()), outputfile)

    assert ask("/file.txt", Shouting, directory=root).body == b"CONTENT"


def test_copyfile_set_on_the_instance(root):
    class Measured(Handler):
        def __init__(self, *args, **kwargs):
            self.copyfile = lambda source, output: (
                blocks.append(source),
                shutil.copyfileobj(source, output, 2),
            )
            super().__init__(*args, **kwargs)

    blocks = []
    assert ask("/file.txt", Measured, directory=root).body == b"content"
    assert len(blocks) == 1


def test_copyfile_copies_in_blocks(root):
    class Source(io.BytesIO):
        def read(self, size=-1):
            sizes.append(size)
            return super().read(size)

    class Endless(Handler):
        def send_head(self):
            self.send_response(200)
            self.end_headers()
            return Source(bytes(3_000_000))

    sizes = []
    assert ask("/", Endless, directory=root).body == bytes(3_000_000)
    assert 0 < min(sizes) <= max(sizes) <= 1 << 20


@pytest.mark.parametrize("step", ["copyfile", "end_headers", "guess_type"])
def test_file_is_closed_when_a_step_fails(root, step):
    """Left open, it would warn, and a warning fails the test."""

    class Failing(Handler):
        pass

    def fail(self, *arguments):
        raise ZeroDivisionError

    setattr(Failing, step, fail)
    with pytest.raises(ZeroDivisionError):
        ask("/file.txt", Failing, directory=root)
