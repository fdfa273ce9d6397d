"""MOTA, IDF1 and HOTA of boxes, on cases that can be counted by hand, and as a peer scores them."""

import csv
from pathlib import Path

import pytest

from engine.bench.box_score import Box, box_score

Frame = dict[int, Box]
REFERENCES = Path(__file__).parents[1] / "references"


def walk(id_: int, frames: int, x: float) -> list[Frame]:
    return [{id_: (x + 5.0 * n, 10.0, 20.0, 50.0)} for n in range(frames)]


def both(one: list[Frame], other: list[Frame]) -> list[Frame]:
    return [{**a, **b} for a, b in zip(one, other, strict=True)]


def test_the_truth_itself_scores_one() -> None:
    truth = both(walk(1, 10, 0.0), walk(2, 10, 200.0))
    score = box_score(truth, truth)
    assert (score.mota, score.idf1, score.hota) == pytest.approx((1, 1, 1))


def test_what_is_missed_false_and_swapped_is_counted() -> None:
    truth = both(walk(1, 10, 0.0), walk(2, 10, 200.0))
    found = both(walk(7, 5, 0.0) + walk(8, 10, 0.0)[5:], [{9: (500.0, 10.0, 20.0, 50.0)}] * 10)
    score = box_score(truth, found)
    assert (score.missed, score.false, score.swapped, score.boxes) == (10, 10, 1, 20)
    assert score.mota == pytest.approx(1 - 21 / 20)
    assert score.idf1 == pytest.approx(2 * 5 / 40)
    # 10 hits among 30 boxes; of the 10 + 5 boxes of each pair of ids 5 are the same.
    assert score.hota == pytest.approx((1 / 3 * 5 / 10) ** 0.5)


def test_boxes_that_hardly_overlap_are_no_hits() -> None:
    truth = walk(1, 10, 0.0)
    score = box_score(truth, [{1: (x + 10, y, w, h)} for f in truth for x, y, w, h in f.values()])
    assert score.missed == 10 and score.false == 10 and 0 < score.hota < 0.5


def rows(name: str) -> list[Frame]:
    """Read a film of boxes: frame from 1 on, id, left, top, width, height."""
    frames: list[Frame] = [{} for _ in range(120)]
    with (REFERENCES / name).open(newline="") as file:
        for frame, id_, left, top, width, height in csv.reader(file):
            frames[int(frame) - 1][int(id_)] = (float(left), float(top), float(width), float(height))
    return frames


def test_boxes_that_wobble_swap_vanish_and_haunt_score_as_trackeval_scores_them() -> None:
    score = box_score(rows("boxes-true.csv"), rows("boxes-told.csv"))
    assert (score.false, score.missed, score.swapped) == (33, 70, 10)
    # TrackEval 1.3.0, HOTA, CLEAR and Identity: `pip install trackeval`; not a dependency, it needs a plotter
    assert (score.mota, score.idf1, score.hota) == pytest.approx((0.6945945945946, 0.4665718349929, 0.3408731373208))
