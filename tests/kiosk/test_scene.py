"""The scene the kiosk is measured on: seeded, and its people readable."""

from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np

from bench.people import make_bundle, texts
from bench.scene import SIZE, Scene
from kiosk.credentials.proofs import Proofs
from kiosk.credentials.registry import recognise
from kiosk.hardware.decoders import open_decoders


def _texts(folder: Path, count: int) -> list[str]:
    return texts(count, make_bundle(folder), Random(1))


def test_everybody_is_somebody_else(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path)
    proofs = Proofs(card_keys=bundle.keyset.card_keys())
    people = [recognise(text.encode(), proofs) for text in texts(60, bundle, Random(1))]
    assert all(each.keys and not each.problem for each in people)
    assert len({each.keys[0] for each in people}) == 60


def test_the_same_seed_is_the_same_film(tmp_path: Path) -> None:
    people = _texts(tmp_path, 2)
    one, other = (Scene(people, per_minute=30, fps=15, seed=3) for _ in range(2))
    for number in (0, 18, 30):
        assert np.array_equal(one.frame(number / 15, number), other.frame(number / 15, number))


def test_people_come_one_after_the_other_and_leave_the_view_empty_between(tmp_path: Path) -> None:
    scene = Scene(_texts(tmp_path, 3), per_minute=30, fps=15, seed=1)
    for first, second in pairwise(scene.people):
        assert second.arrives_s - first.arrives_s == 2.0
        assert first.leaves_s < second.arrives_s
        assert first.in_view(first.arrives_s + 0.8)
        assert not first.in_view(first.arrives_s)
    empty = scene.frame(scene.people[0].leaves_s + 0.2, 0)
    assert empty.shape == (SIZE[1], SIZE[0])
    assert open_decoders(["zxing-cpp", "pyzbar"]).decode(empty) == ()


def test_what_is_held_up_can_be_read(tmp_path: Path) -> None:
    people = _texts(tmp_path, 4)
    scene = Scene(people, per_minute=30, fps=15, seed=1)
    decoder = open_decoders(["zxing-cpp", "pyzbar"])
    for person in scene.people:
        middle_s = (person.arrives_s + person.leaves_s) / 2
        found = {
            code.data
            for number in range(4)
            for code in decoder.decode(scene.frame(middle_s + number / 15, number))
        }
        assert found == {person.text.encode()}
