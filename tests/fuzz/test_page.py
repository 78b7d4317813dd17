"""The page about fuzzing says what results.json says, and the campaign reads libFuzzer rightly."""

import json

from fuzz import campaign
from fuzz.campaign import RESULTS, TARGETS
from fuzz.page import PAGE, render


def test_page_is_rendered():
    assert PAGE.read_text("utf-8") == render(json.loads(RESULTS.read_text("utf-8")))


def test_results_are_of_these_targets():
    results = json.loads(RESULTS.read_text("utf-8"))
    assert list(results) == list(TARGETS)
    assert all(result["faults"] == 0 for result in results.values())


def test_results_of_one_target_take_the_place_of_the_last(tmp_path, monkeypatch):
    monkeypatch.setattr(campaign, "RESULTS", tmp_path / "results.json")
    for target, result in (("stream", {"faults": 1}), ("head", {}), ("stream", {"faults": 0})):
        campaign.keep(target, result)
    written = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert list(written.items()) == [("head", {}), ("stream", {"faults": 0})]


def test_last_number():
    assert campaign.last_number(r"n=(\d+)", "n=1 n=23") == 23
    assert campaign.last_number(r"n=(\d+)", "") == 0
