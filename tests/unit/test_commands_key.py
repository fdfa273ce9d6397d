"""`mixeur key`: one picture keyed from files."""

import cv2
import numpy as np
import pytest

from engine import cli

WALL = (200, 70, 25)


def save(path, picture):
    path.write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    return str(path)


@pytest.mark.parametrize("size", [(640, 360), (333, 517)])
def test_a_picture_is_keyed_against_its_plate_as_straight_rgba(tmp_path, size):
    plate = np.full((size[1], size[0], 3), WALL, np.uint8)
    image = (plate * 0.9).astype(np.uint8)
    image[size[1] // 4 : size[1] // 2, size[0] // 4 : size[0] // 2] = (90, 120, 180)
    out = tmp_path / "out.png"
    words = ["key", save(tmp_path / "a.png", image), "--plate", save(tmp_path / "p.png", plate), "--out", str(out)]
    assert cli.main(words) == 0
    keyed = cv2.imdecode(np.frombuffer(out.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    assert keyed.shape == (size[1], size[0], 4)
    inside = keyed[size[1] // 4 + 10 : size[1] // 2 - 10, size[0] // 4 + 10 : size[0] // 2 - 10]
    assert inside[..., 3].min() == 255 and np.abs(inside[..., :3].astype(int) - (90, 120, 180)).max() <= 2
    assert (keyed[: size[1] // 5, :, 3] > 0).mean() == 0


def test_what_cannot_be_keyed_is_said_in_one_line(tmp_path, capsys):
    image = save(tmp_path / "a.png", np.full((60, 80, 3), WALL, np.uint8))
    small = save(tmp_path / "s.png", np.full((40, 80, 3), WALL, np.uint8))
    (tmp_path / "t.png").write_text("no picture")
    out = str(tmp_path / "o.png")
    for words, said in (
        ([image, "--plate", small, "--out", out], "the plate is 80x40 and the image 80x60"),
        ([str(tmp_path / "t.png"), "--out", out], "is no picture"),
        ([str(tmp_path / "none.png"), "--out", out], "cannot be read"),
        ([image, "--out", str(tmp_path / "o.jpg")], "only PNG"),
        ([image, "--key", "#888888", "--out", out], "too grey"),
    ):
        assert cli.main(["key", *words]) == 1
        error = capsys.readouterr().err
        assert said in error and error.count("\n") == 1
