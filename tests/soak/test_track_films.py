"""`mixeur track` on films of a street with known truth."""

import json
from pathlib import Path

import av
import pytest

from engine.bench.box_score import Box, box_score
from engine.cli import main
from engine.fake.street import PLAZA, Street

pytestmark = pytest.mark.soak


def film(path: Path, street: Street, frames: int) -> list[dict[int, Box]]:
    """Write a film, and return the boxes in each of its frames."""
    truth = []
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=round(street.fps))
        stream.width, stream.height = street.view.size
        stream.pix_fmt, stream.bit_rate = "yuv420p", 2_000_000
        for number in range(frames):
            picture, boxes = street.frame(number)
            truth.append(boxes)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "bgr24")))
        container.mux(stream.encode())
    return truth


def test_people_on_a_street_are_followed_and_written_as_mot_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = film(tmp_path / "street.mp4", Street(PLAZA, 101, 30.0, 6, 7.0), 210)
    (tmp_path / "floor.json").write_text(json.dumps([[0.01, 0, 0], [0, 0.01, 0], [0, 0, 1]]))
    assert main(["track", str(tmp_path / "street.mp4"), "--mot", str(tmp_path / "out.txt"), "--json",
                 "--floor", str(tmp_path / "floor.json")]) == 0  # fmt: skip
    told = json.loads(capsys.readouterr().out)
    rows = [line.split(",") for line in (tmp_path / "out.txt").read_text().splitlines()]
    assert all(len(row) == 10 and row[7:] == ["-1", "-1", "-1"] for row in rows)
    found: list[dict[int, Box]] = [{} for _ in truth]
    for row in rows:
        left, top, width, height = map(float, row[2:6])
        found[int(row[0]) - 1][int(row[1])] = (left, top, width, height)
    score = box_score(truth, found)
    assert score.mota >= 0.70 and score.idf1 >= 0.70 and score.hota >= 0.52, score
    assert told["frames"] == 210 and len(told["people"][0]["floor_m"]) == len(told["people"][0]["boxes_px"])


def test_a_film_that_was_cut_off_is_followed_as_far_as_it_goes(tmp_path: Path) -> None:
    film(tmp_path / "whole.avi", Street(PLAZA, 2, 3.0, count=2), 24)
    whole = (tmp_path / "whole.avi").read_bytes()
    (tmp_path / "cut.avi").write_bytes(whole[: len(whole) * 6 // 10])
    assert main(["track", str(tmp_path / "cut.avi"), "--mot", str(tmp_path / "out.txt")]) == 0
    assert (tmp_path / "out.txt").exists()
