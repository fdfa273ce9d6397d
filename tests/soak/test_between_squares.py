"""What is shown of shipped scenes never flashes more than thrice, in squares between those the guard follows too."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.calm_scenes import SCENES, guarded
from tests.flash_analyser import Recording, light_of, most_in_a_second, swings

pytestmark = pytest.mark.soak
HEIGHT_PX, SQUARE_PX, STEP = 720, 13, (7, 5)  # as the show has it; of 96 x 54 squares one has 13.3 pixels
SECONDS = 20.0
MOST = 3  # flashes in a second


class Squares(Recording):
    """The light of squares whose corners lie 7 pixels from each other, and 5 down, in exact arithmetic."""

    def __init__(self) -> None:
        super().__init__(SQUARE_PX, order="rgba")

    def take(self, light: NDArray[np.float32], time_s: float) -> None:
        half = SQUARE_PX // 2
        means = cv2.blur(light, (SQUARE_PX, SQUARE_PX))
        self.keep(np.asarray(means[half : -half : STEP[1], half : -half : STEP[0]], np.float32), time_s)

    def flashes(self) -> list[int]:
        """Return how many flashes those squares show in a second that show more than is allowed; none is well."""
        found = []
        for values, counts, change in self.series():
            for i in np.flatnonzero(self._most_moved(values) >= 2 * (MOST + 1) * change * 0.999):
                most = most_in_a_second(swings(values[:, i], counts[:, i], change), self.times) // 2
                if most > MOST:
                    found.append(most)
        return found

    def _most_moved(self, values: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return how far the value of each square goes, up and down, in the second in which it goes farthest."""
        gone = np.zeros_like(values)
        np.cumsum(np.abs(np.diff(values, axis=0)), axis=0, out=gone[1:])
        second = sum(time < self.times[0] + 1 for time in self.times)
        return np.asarray((gone[second:] - gone[:-second]).max(axis=0))


@pytest.mark.parametrize("scene", SCENES)
def test_no_square_of_a_shipped_scene_flashes_more_than_thrice(scene: str) -> None:
    squares = Squares()
    for time_s, _, shown in guarded(scene, SECONDS, HEIGHT_PX):
        squares.take(light_of(shown), time_s)
    found = squares.flashes()
    print(f"{scene}: {len(found)} squares, {max(found, default=0)} flashes")
    assert not found


def test_a_square_that_flashes_four_times_is_found() -> None:
    squares = Squares()
    for frame in range(120):
        picture = np.zeros((64, 64, 4), np.uint8)
        picture[20:40, 20:40, :3] = 255 * (frame % 15 < 7)
        squares.take(light_of(picture), frame / 60)
    assert max(squares.flashes()) == 4
