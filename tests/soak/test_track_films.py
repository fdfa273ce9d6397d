"""`mixeur track` on films of a street with known truth."""

import json
from pathlib import Path

import av
import pytest

from engine.bench.track_score import identity_f1
from engine.cli import main
from engine.fake.street import PLAZA, Street

pytestmark = pytest.mark.soak


def film(path: Path, street: Street, frames: int) -> list[dict[int, tuple[float, float]]]:
    """Write a film, and return where the feet are in each of its frames."""
    truth = []
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=round(street.fps))
        stream.width, stream.height = street.view.size
        stream.pix_fmt, stream.bit_rate = "yuv420p", 6_000_000
        for number in range(frames):
            picture, boxes = street.frame(number)
            truth.append({k: (x + w / 2, y + h) for k, (x, y, w, h) in boxes.items()})
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "bgr24")))
        container.mux(stream.encode())
    return truth


def test_people_on_a_street_are_followed_and_written_as_mot_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = film(tmp_path / "street.mp4", Street(PLAZA, 2, 9.0, count=3), 45)
    (tmp_path / "floor.json").write_text(json.dumps([[0.01, 0, 0], [0, 0.01, 0], [0, 0, 1]]))
    assert main(["track", str(tmp_path / "street.mp4"), "--mot", str(tmp_path / "out.txt"), "--json",
                 "--floor", str(tmp_path / "floor.json")]) == 0  # fmt: skip
    told = json.loads(capsys.readouterr().out)
    rows = [line.split(",") for line in (tmp_path / "out.txt").read_text().splitlines()]
    assert all(len(row) == 10 and row[7:] == ["-1", "-1", "-1"] for row in rows)
    found: list[dict[int, tuple[float, float]]] = [{} for _ in truth]
    for row in rows:
        left, top, width, height = map(float, row[2:6])
        found[int(row[0]) - 1][int(row[1])] = (left + width / 2, top + height)
    assert identity_f1(truth, found, 25.0) > 0.75
    assert told["frames"] == 45 and len(told["people"][0]["floor_m"]) == len(told["people"][0]["boxes_px"])


def test_a_film_that_was_cut_off_is_followed_as_far_as_it_goes(tmp_path: Path) -> None:
    film(tmp_path / "whole.avi", Street(PLAZA, 2, 3.0, count=2), 24)
    whole = (tmp_path / "whole.avi").read_bytes()
    (tmp_path / "cut.avi").write_bytes(whole[: len(whole) * 6 // 10])
    assert main(["track", str(tmp_path / "cut.avi"), "--mot", str(tmp_path / "out.txt")]) == 0
    assert (tmp_path / "out.txt").exists()
