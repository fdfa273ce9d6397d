"""What the guided set-up says of an empty wall (B8)."""

import numpy as np
import pytest

from engine.problems import MixeurError
from engine.vision.evenness import judge

WALL = np.array((200, 70, 25), np.float32)
SHAPE = (180, 320)


def wall(darkest: float, seed: int = 1) -> list[np.ndarray]:
    """Return two seconds of a wall whose lower right corner has this share of the light."""
    y, x = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]]
    near = np.exp(-(((x - 290) / 60) ** 2 + ((y - 150) / 50) ** 2))
    light = (1 - (1 - darkest) * near) ** (1 / 2.2)
    rng = np.random.default_rng(seed)
    lit = WALL * light[..., None]
    return [np.clip(lit + rng.normal(0, 3, lit.shape), 0, 255).astype(np.uint8) for _ in range(20)]


@pytest.mark.parametrize(("darkest", "verdict"), [(0.65, "pass"), (0.38, "uneven"), (0.2, "refuse")])
def test_a_wall_passes_or_is_refused_by_how_evenly_it_is_lit_b8(darkest, verdict):
    found = judge(wall(darkest))
    assert found.verdict == verdict
    assert found.ratio == pytest.approx(1 / darkest, rel=0.2)


def test_the_worst_area_is_marked_and_the_keys_colour_found_b8():
    found = judge(wall(0.3))
    left, top, wide, high = found.worst
    assert left < 290 / 320 < left + wide and top < 150 / 180 < top + high
    assert wide < 0.4 and high < 0.5
    assert (found.marked() != found.plate).any(axis=2).mean() > 0.005
    red, green, blue = bytes.fromhex(found.key[1:])
    assert np.abs(np.array((blue, green, red)) - WALL).max() < 25
    assert found.light.max() == 1 and found.light.min() == pytest.approx(0.3, abs=0.08)


def test_a_grey_wall_is_no_wall_to_key_b8():
    with pytest.raises(MixeurError, match="too grey"):
        judge([np.full((90, 160, 3), 120, np.uint8)])
