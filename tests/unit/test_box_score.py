"""MOTA, IDF1 and HOTA of boxes, on cases that can be counted by hand."""

import pytest

from engine.bench.box_score import Box, box_score

Frame = dict[int, Box]


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
