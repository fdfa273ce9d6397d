"""Quiet pictures: in a desk's view at most a tenth of the light changes in a second (works.md, table 6a)."""

import numpy as np
import pytest

from engine.render.slow import EDGE, TURN_S, Slow
from engine.world import Calm

SIZE = (160, 18)
DESK = Calm(0.1, 0.0, 0.3)


def light(picture: np.ndarray) -> np.ndarray:
    return (picture[..., :3] / 255.0) ** 2.2


def changes(slow: Slow, calm: tuple[Calm, ...], fps: float, seconds: float, seed: int = 1) -> np.ndarray:
    """Return by how much light each column changes in a second at most, while every point flickers at random."""
    dice, seen = np.random.default_rng(seed), []
    for _ in range(round(seconds * fps)):
        picture = dice.integers(0, 256, (SIZE[1], SIZE[0], 4), np.uint8)
        picture[..., 3] = 255
        slow.apply(picture, calm, 1 / fps)
        seen.append(light(picture))
    shown, span = np.stack(seen), round(fps)
    return np.abs(shown[span:] - shown[:-span]).max(axis=(0, 1, 3))


@pytest.mark.parametrize("fps", [60.0, 25.0])
def test_beside_a_desk_the_picture_changes_by_a_tenth_of_its_light_a_second_and_elsewhere_as_it_likes(fps) -> None:
    slow = Slow(SIZE[0])
    changes(slow, (DESK,), fps, TURN_S + 1.1)
    change = changes(slow, (DESK,), fps, 2.0)
    desk, free = round(0.3 * SIZE[0]), round((0.3 + EDGE) * SIZE[0]) + 1
    assert change[:desk].max() <= 0.105
    assert change[:desk].max() > 0.02, "it is slow, not dead"
    assert change[free:].min() > 0.5


def test_what_is_slow_still_arrives_and_is_free_again_when_nobody_asks() -> None:
    slow, white = Slow(SIZE[0]), np.full((SIZE[1], SIZE[0], 4), 255, np.uint8)
    black = white * np.array((0, 0, 0, 1), np.uint8)
    for _ in range(240):
        slow.apply(black.copy(), (Calm(0.5),), 1 / 60)
    means = []
    for _ in range(330):
        picture = white.copy()
        slow.apply(picture, (Calm(0.5),), 1 / 60)
        means.append(float(picture[..., :3].mean()))
    assert (np.diff(means) >= 0).all()
    assert means[60] < 70 and means[-1] == 255
    for _ in range(200):
        slow.apply(white.copy(), (), 1 / 60)
    picture = black.copy()
    slow.apply(picture, (), 1 / 60)
    assert (picture == black).all()


def test_a_picture_that_nobody_slows_is_left_as_it_is() -> None:
    slow, picture = Slow(SIZE[0]), np.random.default_rng(1).integers(0, 256, (SIZE[1], SIZE[0], 4), np.uint8)
    before = picture.copy()
    slow.apply(picture, (), 1 / 60)
    assert (picture == before).all()
