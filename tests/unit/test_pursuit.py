"""People placed and followed in evidence that is drawn by hand."""

import numpy as np
import pytest

from engine.vision.pursuit import Pursuit
from engine.vision.stature import Stature
from engine.vision.tracklets import Film, Way

STATURE = Stature(40.0, 0.0, 10.0)
SIZE = (160, 120)


def scene(people: list[tuple[float, tuple[int, int, int]]]) -> tuple[np.ndarray, np.ndarray]:
    """Draw people 40 pixels tall with their feet at row 90, the last nearest."""
    evidence = np.full((SIZE[1], SIZE[0]), -1.0, np.float32)
    picture = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
    for x, colour in people:
        for top, bottom, half in ((50, 56, 3), (56, 72, 5), (72, 90, 4)):
            area = slice(top, bottom), slice(max(0, round(x) - half), max(0, round(x) + half))
            evidence[area] = 1.0
            picture[area] = colour
    return evidence, picture


def ways(films: list[list[tuple[float, tuple[int, int, int]]]]) -> list[Way]:
    pursuit = Pursuit(STATURE, 10.0)
    for number, people in enumerate(films, 1):
        pursuit.follow(number, *scene(people))
    return Film(STATURE, 10.0, SIZE).ways(pursuit.tracklets(1.0), len(films))


def test_two_who_cross_keep_their_ids() -> None:
    red, blue = (30, 30, 220), (220, 60, 30)
    found = ways([[(30 + 2.0 * n, red), (120 - 2.0 * n, blue)] for n in range(45)])
    assert len(found) == 2
    for way, start in zip(sorted(found, key=lambda w: w.boxes[0][0]), (1, -1), strict=True):
        assert (way.boxes[-1][0] - way.boxes[0][0]) * start > 60
        assert way.frames[0] == 1 and way.frames[-1] == 45


def test_two_side_by_side_are_two() -> None:
    found = ways([[(40 + 1.5 * n, (30, 30, 220)), (53 + 1.5 * n, (40, 200, 40))] for n in range(30)])
    assert len(found) == 2


def test_a_way_goes_to_the_border_and_its_boxes_are_those_of_the_body() -> None:
    found = ways([[(40 + 3.0 * n, (30, 30, 220))] for n in range(50)])
    assert len(found) == 1 and found[0].frames[-1] >= 40
    left, top, width, height = found[0].boxes[10]
    assert (left + width / 2, top + height) == pytest.approx((70, 90), abs=1.5)
    assert height == pytest.approx(40, abs=1.5)


def test_a_thing_that_never_moves_is_nobody() -> None:
    assert not ways([[(60, (30, 30, 220))]] * 30)


def test_who_comes_in_where_another_left_is_somebody_else() -> None:
    red = (30, 30, 220)
    leaving, coming = [[(50 - 3.0 * n, red)] for n in range(22)], [[(3.0 * n - 16, red)] for n in range(28)]
    found = ways([*leaving, *[[] for _ in range(4)], *coming])
    assert len(found) == 2
    assert found[0].frames[-1] < 24 < found[1].frames[0]
