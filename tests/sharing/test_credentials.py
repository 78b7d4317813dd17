"""Credentials of the Basic scheme, and the users who have them."""

import base64
import os
import threading

import pytest

from basehttpserver._sharing import credentials as module
from basehttpserver._sharing.credentials import (
    Credentials,
    HtpasswdUsers,
    PlainUsers,
    try_parse_credentials,
)


def basic(data):
    return "Basic " + base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (basic(b"ann:secret"), ("ann", "secret")),
        (basic(b"ann:a:b"), ("ann", "a:b")),
        (basic(b"ann:"), ("ann", "")),
        (basic("Zoë:Straße €".encode()), ("Zoë", "Straße €")),
        ("bAsIc  " + base64.b64encode(b"a:b").decode() + " ", ("a", "b")),
    ],
)
def test_credentials_of_a_field(value, expected):
    assert try_parse_credentials(value) == expected


def test_a_letter_may_be_typed_in_either_way():
    assert try_parse_credentials(basic("Zoe\u0308:e\u0308".encode())) == ("Zo\u00eb", "\u00eb")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Basic",
        "Basic ",
        "Bearer " + base64.b64encode(b"a:b").decode(),
        "Basic !!!",
        "Basic YTpi=YTpi",
        "Basic YTp",
        basic(b"no colon"),
        basic(b"latin:\xe9"),
        basic(b"nul:\0"),
        basic(b"line\r\nend:x"),
        basic(b"a:" + b"x" * 100_000),
        "Basic " + "é",
        basic(b"a:b") + ", " + basic(b"a:b"),
    ],
)
def test_a_field_without_credentials(value):
    assert try_parse_credentials(value) is None


class TestPlainUsers:
    users = PlainUsers({"ann": "secret", "Zoë": "Straße"})

    @pytest.mark.parametrize("who", [("ann", "secret"), ("Zoë", "Straße"), ("Zoe\u0308", "Straße")])
    def test_right(self, who):
        assert self.users.has(Credentials.of(*who))

    @pytest.mark.parametrize("who", [("ann", "Straße"), ("ann", ""), ("bob", "secret"), ("", "")])
    def test_wrong(self, who):
        assert not self.users.has(Credentials.of(*who))

    @pytest.mark.parametrize("name", ["", "a:b"])
    def test_a_name_that_no_client_can_send(self, name):
        with pytest.raises(ValueError, match="colon"):
            PlainUsers({name: "x"})

    def test_an_unknown_user_is_compared_too(self, monkeypatch):
        compared = []
        compare = module.hmac.compare_digest

        def note(*digests):
            compared.append(digests)
            return compare(*digests)

        monkeypatch.setattr(module.hmac, "compare_digest", note)
        assert not self.users.has(Credentials("bob", "x"))
        assert not self.users.has(Credentials("ann", "x"))
        assert [list(map(len, digests)) for digests in compared] == [[32, 32], [32, 32]]


@pytest.fixture(scope="module")
def hashes():
    """The word "secret", by each of the ways of htpasswd: -B, -m, -s, -2, -5."""
    from passlib.apache import htpasswd_context

    handlers = {
        "bcrypt": {"rounds": 4},
        "apr_md5_crypt": {},
        "ldap_sha1": {},
        "sha256_crypt": {"rounds": 1000},
        "sha512_crypt": {"rounds": 1000},
    }
    return {
        name: htpasswd_context.handler(name).using(**options).hash("secret")
        for name, options in handlers.items()
    }


def settle(path):
    """Let the file be old enough to be trusted."""
    status = os.stat(path)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns - 10_000_000_000))


class TestHtpasswdUsers:
    def test_every_hash_that_htpasswd_writes(self, tmp_path, hashes):
        path = tmp_path / "users"
        lines = [f"{name}:{hashed}" for name, hashed in hashes.items()]
        path.write_text("\n".join(["# people", "", *lines, ""]))
        users = HtpasswdUsers(path)
        for name in hashes:
            assert users.has(Credentials(name, "secret")), name
            assert users.has(Credentials(name, "secret")), name
            assert not users.has(Credentials(name, "Secret")), name
        assert not users.has(Credentials("nobody", "secret"))

    def test_long_passwords(self, tmp_path, hashes):
        path = tmp_path / "users"
        path.write_text(f"ann:{hashes['bcrypt']}\n")
        assert not HtpasswdUsers(path).has(Credentials("ann", "x" * 1000))

    @pytest.mark.parametrize(
        "line", ["ann", "ann:", ":x", "ann:secret", "ann:$7$unknown", "\x00", "ann:$y$j9T$x"]
    )
    def test_a_line_that_is_wrong_is_named_without_what_it_says(self, tmp_path, line):
        path = tmp_path / "users"
        path.write_text(f"# first\n{line}\n")
        with pytest.raises(ValueError, match="line 2") as raised:
            HtpasswdUsers(path)
        assert "secret" not in str(raised.value).removeprefix(str(path))

    def test_a_hash_that_is_cut_lets_nobody_in(self, tmp_path, hashes):
        path = tmp_path / "users"
        path.write_text(f"ann:{hashes['bcrypt'][:-4]}\n")
        assert not HtpasswdUsers(path).has(Credentials("ann", "secret"))

    def test_without_a_file(self, tmp_path):
        with pytest.raises(FileNotFoundError):
            HtpasswdUsers(tmp_path / "users")

    def test_no_users(self, tmp_path):
        path = tmp_path / "users"
        path.write_text("")
        assert not HtpasswdUsers(path).has(Credentials("", ""))

    def test_a_changed_file_counts_at_once(self, tmp_path, hashes):
        path = tmp_path / "users"
        path.write_text(f"ann:{hashes['bcrypt']}\n")
        settle(path)
        users = HtpasswdUsers(path)
        assert users.has(Credentials("ann", "secret"))
        path.write_text(f"bob:{hashes['bcrypt']}\n")
        assert not users.has(Credentials("ann", "secret"))
        assert users.has(Credentials("bob", "secret"))

    def test_a_file_that_changed_within_one_tick_counts(self, tmp_path, hashes):
        path = tmp_path / "users"
        path.write_text(f"ann:{hashes['bcrypt']}\n")
        users = HtpasswdUsers(path)
        before = os.stat(path)
        assert users.has(Credentials("ann", "secret"))
        path.write_text(f"bob:{hashes['bcrypt']}\n")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert not users.has(Credentials("ann", "secret"))

    @pytest.mark.parametrize("text", [None, "half a li", b"\xff"])
    def test_while_it_cannot_be_read_nobody_is_let_in(self, tmp_path, hashes, text):
        path = tmp_path / "users"
        good = f"ann:{hashes['bcrypt']}\n"
        path.write_text(good)
        users = HtpasswdUsers(path)
        assert users.has(Credentials("ann", "secret"))
        path.unlink()
        if text is not None:
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        assert not users.has(Credentials("ann", "secret"))
        path.write_text(good)
        assert users.has(Credentials("ann", "secret"))

    def test_what_was_right_is_hashed_once(self, tmp_path, hashes, monkeypatch):
        path = tmp_path / "users"
        path.write_text(f"ann:{hashes['bcrypt']}\nbob:{hashes['bcrypt']}\n")
        users = HtpasswdUsers(path)
        hashed = []
        verify = users._verify
        monkeypatch.setattr(users, "_verify", lambda *each: hashed.append(each) or verify(*each))
        for _ in range(100):
            assert users.has(Credentials("ann", "secret"))
        assert len(hashed) == 1
        assert not users.has(Credentials("ann", "wrong"))
        assert not users.has(Credentials("nobody", "wrong"))  # as slow as if there was one
        assert len(hashed) == 3
        kept = users._contents.verified
        assert all(b"secret" not in digest for digest in kept)
        monkeypatch.setattr(module, "_MAX_VERIFIED", 1)
        assert users.has(Credentials("bob", "secret"))
        assert len(kept) == 1

    def test_who_is_not_there_costs_as_much_as_any(self, tmp_path, hashes, monkeypatch):
        """Hashes of one file may differ a thousandfold in what they cost."""
        path = tmp_path / "users"
        path.write_text("".join(f"{name}:{hashed}\n" for name, hashed in hashes.items()))
        users = HtpasswdUsers(path)
        compared = []
        monkeypatch.setattr(users, "_verify", lambda _, expected: compared.append(expected))
        strangers = [f"stranger{number}" for number in range(200)]
        for user in strangers * 2:
            assert not users.has(Credentials(user, "secret"))
        assert set(compared) == set(hashes.values())
        assert compared[:200] == compared[200:], "a name that is asked for again costs the same"

    def test_many_threads(self, tmp_path, hashes):
        path = tmp_path / "users"
        path.write_text(f"ann:{hashes['bcrypt']}\n")
        users = HtpasswdUsers(path)
        found = []

        def ask():
            passwords = ["secret", "wrong"] * 25
            found.extend(users.has(Credentials("ann", password)) for password in passwords)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found.count(True) == found.count(False) == 100
