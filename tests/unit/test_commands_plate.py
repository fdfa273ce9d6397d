"""`mixeur plate`: the guided set-up of a keyed camera, from a real picture source to the camera's process (B8)."""

import json
import threading

import cv2
import numpy as np
import pytest

from engine import cli
from engine.clock import NS, monotonic_ns, sleep_s
from engine.commands import plate as command
from engine.inputs.camera_link import CameraLink, camera_block_size
from engine.inputs.camera_process import run_camera
from engine.inputs.clean_plate import PlateWatch, read_plate, write_plate
from engine.show.model import Camera
from engine.supervise.memory import Block

WALL, SHAPE = (200, 70, 25), (180, 320)
SHOW = 'format = 1\n[scene.still]\nfile = "still.py"\n'
ROOM = """format = 1
[camera.room]
source = "wall/%03d.png"
size = [320, 180]
key = "blue"
"""


def wall(light, rng):
    lit = np.array(WALL, np.float32) * light[..., None] ** (1 / 2.2)
    return np.clip(lit + rng.normal(0, 2, lit.shape), 0, 255).astype(np.uint8)


def show(folder, light, standing=None):
    """Make a show whose camera sees a wall, with something standing before it at the places it goes to."""
    rng = np.random.default_rng(1)
    (folder / "wall").mkdir()
    for n in range(12):
        picture = wall(light, rng)
        if standing is not None:
            left = standing[n % len(standing)]
            picture[60:, left : left + 50] = (60, 90, 150)
        (folder / "wall" / f"{n:03}.png").write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    (folder / "still.py").write_text("from engine import Scene\n\n\nclass Still(Scene):\n    pass\n")
    (folder / "show.toml").write_text(SHOW)
    (folder / "room.toml").write_text(ROOM)
    return str(folder / "show.toml")


def light_of(darkest):
    y, x = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]]
    return 1 - (1 - darkest) * np.exp(-(((x - 290) / 60) ** 2 + ((y - 150) / 50) ** 2))


@pytest.fixture(autouse=True)
def warm(monkeypatch):
    monkeypatch.setattr(command, "WARM_UP_S", 0.05)


def plate(*words):
    return cli.main(["plate", *words, "--seconds", "0.4"])


def test_an_even_wall_passes_and_its_plate_stands_beside_the_show_b8(tmp_path, capsys):
    assert plate(show(tmp_path, light_of(0.7)), "--empty", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["verdict"] == "pass" and found["ratio"] == pytest.approx(1 / 0.7, rel=0.2)
    kept = read_plate(tmp_path / "plates" / "room.png")
    assert kept.shape == (*SHAPE, 3)
    assert np.abs(kept.astype(float) - wall(light_of(0.7), np.random.default_rng(9))).mean() < 2.5


def test_a_dark_wall_is_refused_with_its_worst_area_and_nothing_is_kept_b8(tmp_path, capsys):
    assert plate(show(tmp_path, light_of(0.15)), "--empty", "--marked", str(tmp_path / "marked.png")) == 1
    said = capsys.readouterr().out
    assert "refused" in said and "darkest below, on the right" in said and "[" in said and "nothing is saved" in said
    assert not (tmp_path / "plates").exists()
    marked = read_plate(tmp_path / "marked.png")
    assert (marked == (0, 0, 255)).all(axis=2).any()


def test_who_stands_still_is_not_kept_and_who_moves_is_sent_away_b8(tmp_path, capsys):
    still, moving = tmp_path / "still", tmp_path / "moving"
    still.mkdir()
    moving.mkdir()
    assert plate(show(still, light_of(0.8), standing=[100]), "--empty") == 0
    kept = read_plate(still / "plates" / "room.png")
    empty = wall(light_of(0.8), np.random.default_rng(9)).astype(float)
    assert np.abs(kept - empty)[70:, 90:160].max() < 25
    assert plate(show(moving, light_of(0.8), standing=range(60, 180, 10)), "--empty") == 1
    assert "something moves" in capsys.readouterr().err
    assert not (moving / "plates").exists()


def test_nothing_is_taken_before_somebody_says_that_the_wall_is_empty(tmp_path, capsys, monkeypatch):
    path = show(tmp_path, light_of(0.8))
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    for words, said in (([path], "--empty"), ([path, "--camera", "rom", "--empty"], "did you mean 'room'?"),
                        ([path, "--empty", "--marked", "a.jpg"], "written as PNG")):  # fmt: skip
        assert plate(*words) == 1
        error = capsys.readouterr().err
        assert said in error and error.count("\n") == 1
    (tmp_path / "room.toml").unlink()
    (tmp_path / "show.toml").write_text(SHOW + '[camera.room]\nkey = "blue"\n')
    assert plate(path, "--empty") == 1
    assert "simulated" in capsys.readouterr().err


def test_a_plate_is_taken_up_when_it_is_new_and_a_broken_one_is_told_of(tmp_path):
    path = tmp_path / "plates" / "room.png"
    watch = PlateWatch(path)
    assert watch.taken(0) is None and watch.fault == ""
    write_plate(path, wall(light_of(0.8), np.random.default_rng(1)))
    assert watch.taken(NS // 2) is None  # it looks once a second
    assert watch.taken(2 * NS) is not None
    assert watch.taken(4 * NS) is None
    path.write_bytes(b"no picture")
    assert watch.taken(6 * NS) is None and "is no picture" in watch.fault


def test_a_running_camera_keys_by_a_plate_as_soon_as_it_is_taken(tmp_path):
    """A joint in the paint of the wall is a person's edge until the clean plate knows it."""
    paint = light_of(0.9)
    paint[:, 150:153] *= 0.45
    path = show(tmp_path, paint)
    camera = Camera(name="room", source="wall/%03d.png", size=SHAPE[::-1], key="blue")
    block, ending = Block.private(camera_block_size(camera)), threading.Event()
    thread = threading.Thread(target=run_camera, args=(camera, block, ending.is_set, tmp_path))
    thread.start()
    link = CameraLink(camera, block)

    def joint():
        matte = link.poll(monotonic_ns())[1]
        return -1.0 if matte is None else float((matte.pixels[:, 150:153, 3] > 12).mean())

    def wait(wanted):
        end_ns = monotonic_ns() + 60 * NS
        while not wanted(joint()):
            assert monotonic_ns() < end_ns, joint()
            sleep_s(0.05)

    try:
        wait(lambda share: share > 0.5)
        assert plate(path, "--empty") == 0
        wait(lambda share: 0 <= share < 0.02)
    finally:
        ending.set()
        thread.join(5)
