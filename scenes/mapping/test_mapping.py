"""Mapping: surfaces stand where the wall has them, and a hand on one is answered."""

from pathlib import Path

import numpy as np
import pytest

from engine.testing.solo import Solo

HERE = Path(__file__).parent
WIDE, HIGH = 320, 180


@pytest.fixture
def solo() -> Solo:
    return Solo(HERE / "mapping.py", height_px=360)


def hand(scene, number: int) -> np.ndarray:
    """Return the mask of a hand in the middle of a surface."""
    x, y = scene.surfaces[number].middle
    mask = np.zeros((HIGH, WIDE), np.uint8)
    row, column = round(y * HIGH), round(x / scene.aspect * WIDE)
    mask[row - 9 : row + 9, column - 8 : column + 8] = 255
    return mask


def test_a_hand_in_a_hit_area_is_answered_within_100_ms_in_light_and_sound(solo) -> None:
    nobody = np.zeros((HIGH, WIDE), np.uint8)
    solo.step(30, masks={"room": nobody})
    for number, surface in enumerate(solo.scene.surfaces):
        solo.step(20, masks={"room": nobody})
        awake = float(solo.scene.awake[number])
        made = solo.step(masks={"room": hand(solo.scene, number)})
        assert any(note.at is not None and np.allclose(note.at, surface.middle) for note in made.sounds.notes), (
            surface.name
        )
        solo.step(4, masks={"room": hand(solo.scene, number)})
        assert solo.scene.awake[number] > awake + 0.15 * (1 - awake), surface.name


def test_a_hand_between_the_surfaces_wakes_nothing(solo) -> None:
    mask = np.zeros((HIGH, WIDE), np.uint8)
    mask[:, round(0.345 / 1.778 * WIDE) - 3 : round(0.345 / 1.778 * WIDE) + 3] = 255
    solo.step(60, masks={"room": mask})
    assert solo.scene.awake.max() < 0.01


def test_a_hand_that_rests_is_one_event_and_not_many(solo) -> None:
    solo.step(5, masks={"room": np.zeros((HIGH, WIDE), np.uint8)})
    began = 0
    for _ in range(60):
        solo.step(masks={"room": hand(solo.scene, 0)})
        began += len(solo.scene.began)
    assert began == 1


def test_no_bead_leaves_its_surface_by_a_pixel(solo) -> None:
    for surface in solo.scene.surfaces:
        edge = np.roll(surface.corners, -1, 0) - surface.corners
        for bead in surface.beads:
            gap = bead - surface.corners
            assert ((edge[:, 0] * gap[:, 1] - edge[:, 1] * gap[:, 0]) / np.hypot(*edge.T)).min() >= 0.005


def test_the_others_are_called_one_after_another(solo) -> None:
    solo.step(5, masks={"room": np.zeros((HIGH, WIDE), np.uint8)})
    called = []
    for frame in range(180):
        solo.step(masks={"room": hand(solo.scene, 0)})
        called += [(frame, number) for number in solo.scene.calls]
    near, far = (next(frame for frame, number in called if number == wanted) for wanted in (1, 4))
    assert near < far
    assert {number for _, number in called} == set(range(1, 10))


def test_mapping_looks_as_it_did(golden, solo) -> None:
    solo.step(40, masks={"room": hand(solo.scene, 1)})
    golden("mapping-garden", solo.picture(), tolerance=3)
