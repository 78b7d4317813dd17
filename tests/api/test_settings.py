"""Settings: checked when they are made."""

import dataclasses

import pytest

from basehttpserver import Settings

NAMES = [field.name for field in dataclasses.fields(Settings)]


def test_settings_never_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().max_fields = 1


def test_every_rule_is_strict_by_default():
    settings = Settings()
    assert not any(getattr(settings, name) for name in NAMES if name.startswith("accept_"))


def test_like_http_server_relaxes_every_rule_and_no_limit():
    relaxed, strict = Settings.like_http_server(), Settings()
    for name in NAMES:
        if name.startswith("accept_"):
            assert getattr(relaxed, name) is True
        else:
            assert getattr(relaxed, name) == getattr(strict, name)


def test_like_http_server_takes_changes():
    settings = Settings.like_http_server(accept_bare_lf=False, max_fields=7)
    assert (settings.accept_bare_lf, settings.max_fields) == (False, 7)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("accept_bare_lf", 1),
        ("max_fields", -1),
        ("max_fields", "100"),
        ("max_fields", True),
        ("max_fields", 1.5),
        ("max_fields", None),
        ("max_head_bytes", float("nan")),
        ("idle_timeout_seconds", float("inf")),
        ("idle_timeout_seconds", -0.1),
        ("max_workers", 0),
        ("max_connections", 0),
    ],
)
def test_a_bad_value_is_named(name, value):
    with pytest.raises(ValueError, match=name):
        Settings(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_body_bytes", None),
        ("max_connections_per_address", None),
        ("max_body_bytes", 0),
        ("idle_timeout_seconds", 0),
        ("idle_timeout_seconds", 1.5),
        ("min_body_bytes_per_second", 0.5),
    ],
)
def test_a_good_value_is_kept(name, value):
    assert getattr(Settings(**{name: value}), name) == value


def test_positional_and_unknown_names_are_refused():
    with pytest.raises(TypeError):
        Settings(1)
    with pytest.raises(TypeError):
        Settings(no_such_setting=1)
