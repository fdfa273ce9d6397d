"""A painted wall: its colours are told from a projector's, made good as far as light can; what cannot be is told."""

import numpy as np
import pytest

from calibration.blend import target_of
from calibration.colour import difference, lab_of, luminance_of, misses
from calibration.forecast import predicted, unreached
from calibration.grid import grid_of
from calibration.light_scan import BLACK, LightScan, shots_of
from calibration.paint import ONE, TOLD, lifted, made_good, missed, needed, paint_of
from calibration.photometric import Tone
from calibration.response import Answer
from calibration.rooms import WARM
from calibration.simulator.mural import mural
from calibration.stage import FlatStage

SIZE = (96, 48)
STAGE = FlatStage(np.array([(4, 4), (92, 4), (92, 44), (4, 44)], float))
GRID = grid_of(STAGE, 2.0, 49)
RESPONSE = np.tile(np.linspace(0, 1, 17) ** 2.2, (3, 1))
PRIMARIES = luminance_of(np.array(WARM))
OWN_DN = 120.0


def wall() -> np.ndarray:
    x, y = np.meshgrid(np.linspace(0, 3, SIZE[0]), np.linspace(0, 1.5, SIZE[1]))
    return mural(4)(np.stack([x.ravel(), y.ravel(), 0 * x.ravel()], axis=1)).reshape(*SIZE[::-1], 3)


def scanned(paint: np.ndarray) -> tuple[LightScan, Answer]:
    """A projector's pictures, evenly bright, and what is known of it."""
    shots = shots_of((1.0, 5.0))
    lights = [(np.array(shot.signal) / 255) ** 2.2 for shot in shots]
    pictures = [np.minimum(shot.share * (0.4 + OWN_DN * paint * (PRIMARIES @ light)), 255).astype(np.float32)
                for shot, light in zip(shots, lights, strict=True)]
    white = np.zeros((*GRID.u.shape, 3), np.float32)
    return LightScan(shots, pictures), Answer(RESPONSE, PRIMARIES, white, white, np.ones(3), {1.0: 1.0, 5.0: 5.0})


def test_what_light_can_make_good_looks_like_an_even_wall_and_the_rest_is_told():
    scan, answer = scanned(wall())
    own, inside = np.full(GRID.u.shape, OWN_DN), np.ones(GRID.u.shape, bool)
    made = made_good(paint_of([scan], [answer], STAGE), [own], [inside], GRID, own, [PRIMARIES], [np.eye(3)])
    target = target_of(lifted(made.reach, inside), inside, GRID, "strict")
    tint, common = made.tint([own], [inside], GRID.seen), made.cast[:, None] * PRIMARIES
    reached = made.reach >= target * (1 - TOLD)
    assert 0.9 < reached.mean() < 1
    gain = (target / own)[..., None]
    for light in (np.ones(3), np.array((0.6, 0.2, 0.1)), np.array((0.05, 0.3, 0.3))):
        before = misses(predicted([scan], [gain * np.ones(3) * light], GRID), target, common, light)
        asked = needed(gain * tint, PRIMARIES, np.eye(3), light)
        after = misses(predicted([scan], [asked], GRID), target, common, light)
        can = missed(gain * tint, PRIMARIES, np.eye(3), light) == 0
        assert can.mean() > 0.8
        assert np.percentile(after[can], 95) < 0.5 < 3 < np.median(before)
    lacks = missed(gain * tint, PRIMARIES, np.eye(3), np.ones(3)) > 0
    assert np.mean(lacks == ~reached) > 0.99
    marks = unreached(np.rint(gain * tint * ONE).astype(np.uint16), Tone(RESPONSE, None, PRIMARIES, np.ones(3)), 2.2)
    assert marks[lacks].min() > 0


def test_places_that_nobody_lights_take_the_colour_beside_them():
    paint = np.broadcast_to((0.9, 0.6, 0.3), (*SIZE[::-1], 3))
    scan, answer = scanned(paint)
    made = paint_of([scan], [answer], STAGE)
    own, there = np.full(GRID.u.shape, OWN_DN), GRID.u > 0.5
    np.testing.assert_allclose(made.colours([own], [there], GRID.seen), np.broadcast_to(paint[0, 0], (*own.shape, 3)),
                               rtol=0.02)


def test_a_wall_of_one_colour_is_left_as_it_is():
    scan, answer = scanned(np.broadcast_to((0.9, 0.6, 0.3), (*SIZE[::-1], 3)))
    own, inside = np.full(GRID.u.shape, OWN_DN), np.ones(GRID.u.shape, bool)
    made = made_good(paint_of([scan], [answer], STAGE), [own], [inside], GRID, own, [PRIMARIES], [np.eye(3)])
    tint = made.tint([own], [inside], GRID.seen)
    assert np.ptp(tint) < 0.01 * tint.mean()


def test_clipped_pictures_tell_nothing_of_the_wall():
    scan, answer = scanned(np.full((*SIZE[::-1], 3), 0.9))
    spoilt = [picture if shot.signal == BLACK or shot.share == 1 else np.full_like(picture, 255.0)
              for shot, picture in zip(scan.shots, scan.pictures, strict=True)]
    own, there = np.full(GRID.u.shape, OWN_DN), np.ones(GRID.u.shape, bool)
    found = paint_of([LightScan(scan.shots, spoilt)], [answer], STAGE).colours([own], [there], GRID.seen)
    np.testing.assert_allclose(found, 0.9, rtol=0.01)


def test_differences_are_taken_of_whole_pictures_as_of_single_colours():
    rng = np.random.default_rng(1)
    first, second = rng.uniform(0, 1, (2, 4, 5, 3))
    whole = difference(lab_of(first, np.ones(3)), lab_of(second, np.ones(3)))
    single = difference(lab_of(first[2, 3], np.ones(3)), lab_of(second[2, 3], np.ones(3)))
    assert whole.shape == (4, 5) and whole[2, 3] == pytest.approx(float(single))
