"""Danse by its numbers (D1 ...)."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from engine.testing.solo import Solo
from engine.world import Visitor

HERE = Path(__file__).parent


def begin(seed: int = 1, **values: float) -> Solo:
    solo = Solo(HERE / "danse.py", seed=seed, height_px=36, **values)
    solo.step(30)
    return solo


def distance(solo: Solo, x: float, y: float, height: float = 0.5) -> float:
    return float(np.hypot(*(solo.scene.form - (x, y - height * 0.5))))


def played(seed: int) -> str:
    solo = begin(seed)
    for frame in range(60):
        x = 0.4 + frame * 0.01
        outline = np.array([(x - 0.1, 0.9), (x, 0.3), (x + 0.1, 0.9)], np.float32)
        flow = np.full((9, 16, 2), 0.2, np.float32)
        solo.step(visitors=(Visitor(1, x, 0.9, 0.6, 0.0, 0.6, outline=outline),), flows={"room": flow})
    return hashlib.sha256(solo.scene.at.tobytes()).hexdigest()


def test_d3_one_seed_and_one_input_are_one_dance_and_another_seed_is_another() -> None:
    assert played(1) == played(1)
    assert played(2) != played(1)


def test_d4_it_goes_away_from_who_comes_within_half_a_second() -> None:
    solo = begin()
    x, y = float(solo.scene.form[0]) - 0.45, 0.85
    before = distance(solo, x, y)
    for _ in range(30):
        solo.step(visitors=(Visitor(1, x, y, 0.5, 0.0, 0.5, 0.5),))
    assert distance(solo, x, y) > before


@pytest.mark.parametrize("nearest", [0.2, 0.35])
def test_d4_it_comes_to_who_waits_and_never_nearer_than_it_may(nearest: float) -> None:
    solo = begin(nearest=nearest)
    x, y = float(solo.scene.form[0]) - 0.8, 0.85
    before = distance(solo, x, y)
    least = before
    for frame in range(900):
        still = frame / 60
        solo.step(visitors=(Visitor(1, x, y, height=0.5, still=still),))
        least = min(least, distance(solo, x, y))
        if frame == 330:
            assert distance(solo, x, y) < before - 0.1, "it has begun to come"
    assert nearest * 0.95 <= least < nearest * 1.6


def test_d5_with_an_input_that_stands_still_it_dances_on_and_does_not_run_wild() -> None:
    rest, held = begin(), begin()
    flow = np.zeros((9, 16, 2), np.float32)
    flow[3:6, 5:9] = (0.3, 0.1)
    someone = Visitor(1, 0.7, 0.9, 0.3, 0.0, 0.3, 0.5)
    rest.step(600)
    held.step(600, visitors=(someone,), flows={"room": flow})
    energy = [float((solo.scene.speed[:3600] ** 2).sum()) for solo in (rest, held)]
    assert energy[0] > 1
    assert 0 < energy[1] < 3 * energy[0]


def test_d7_an_operator_turns_what_the_next_frame_shows() -> None:
    solo = begin()
    solo.step()
    calm = solo.scene.speed[:, 1].mean()
    solo.set(gravity=0.5)
    solo.step()
    solo.step(30)
    assert solo.scene.speed[:, 1].mean() > calm + 0.05


def test_d9_who_is_foreseen_by_the_measured_delay_is_a_third_less_misplaced() -> None:
    delay_s = 0.08
    time = np.arange(0, 6.3, 1 / 60)
    x, speed = np.sin(time), np.cos(time)
    later = np.sin(time + delay_s)
    foreseen = [Visitor(1, place, 0.9, vx).ahead(delay_s)[0] for place, vx in zip(x, speed, strict=True)]
    assert np.abs(later - foreseen).mean() < 0.7 * np.abs(later - x).mean()


def test_danse_looks_as_it_did(golden) -> None:
    solo = Solo(HERE / "danse.py", height_px=180)
    solo.step(90)
    golden("danse-rest", solo.picture(), tolerance=3)
