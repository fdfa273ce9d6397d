"""`mixeur track` on files that are no films, and how it learns how tall people look."""

from pathlib import Path

import numpy as np
import pytest

from engine.cli import main
from engine.problems import MixeurError
from engine.vision.stature import learn_stature


def test_a_broken_film_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "no.avi").write_bytes(b"RIFF1234AVI not a film")
    (tmp_path / "text.txt").write_text("hello")
    for name in ("no.avi", "text.txt", "absent.mp4", "."):
        assert main(["track", str(tmp_path / name)]) == 1
        told = capsys.readouterr().err
        assert told.count("\n") == 1 and "Traceback" not in told and str(tmp_path) in told


def test_a_floor_that_is_no_homography_is_refused(tmp_path: Path) -> None:
    from engine.commands.track import read_floor

    for text in ("[[1, 2], [3, 4]]", "nonsense", "[[0,0,0],[0,0,0],[0,0,0]]", '{"other": 1}'):
        (tmp_path / "h.json").write_text(text)
        with pytest.raises(MixeurError, match=r"h\.json: .*3 rows of 3 numbers"):
            read_floor(tmp_path / "h.json")


def test_stature_is_learnt_among_pieces_and_crowds() -> None:
    rng = np.random.default_rng(1)
    boxes = []
    for _ in range(200):
        foot = float(rng.uniform(150, 560))
        tall = (50 + 0.15 * foot) * rng.normal(1, 0.04)
        tall *= rng.choice([1.0, 0.55, 0.75, 1.4], p=[0.55, 0.2, 0.15, 0.1])
        boxes.append((100.0, foot - tall, 0.4 * tall, tall))
    stature = learn_stature(boxes, 576)
    for foot in (200.0, 350.0, 500.0):
        assert abs(stature.at(foot) / (50 + 0.15 * foot) - 1) < 0.05
