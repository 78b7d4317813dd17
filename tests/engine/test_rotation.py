"""Of many that are ready, all have their turn, whoever else comes or goes."""

import gc

import pytest

from basehttpserver._engine.rotation import Rotation


class Item:
    def __init__(self):
        self.turns = 0


def serve(rotation, ready, most=8):
    chosen = rotation.next_of(ready, most)
    assert len(chosen) == min(most, len(ready))
    for item in chosen:
        item.turns += 1


@pytest.mark.parametrize("count", [1, 7, 8, 9, 15, 16, 17, 32, 48, 64, 96, 128, 1000])
def test_all_have_as_many_turns(count):
    rotation, ready = Rotation(), [Item() for _ in range(count)]
    for _ in range(3 * count):
        serve(rotation, ready)
    turns = [item.turns for item in ready]
    assert max(turns) - min(turns) <= 1
    assert min(turns) > 0


def test_others_come_and_go():
    rotation, ready = Rotation(), [Item() for _ in range(20)]
    stays = ready[13]
    for _ in range(200):
        serve(rotation, ready)
        ready = [*(item for item in ready if item is stays or item.turns < 2), Item(), Item()]
    assert stays.turns > 10


def test_nobody_is_kept():
    rotation, ready = Rotation(), [Item() for _ in range(9)]
    serve(rotation, ready)
    del ready
    gc.collect()
    assert not [each for each in gc.get_objects() if isinstance(each, Item)]
    serve(rotation, [Item() for _ in range(9)])
