"""The drift watch in a show: it asks, compares, tells, logs, and mends only when the house is closed."""

import datetime
from concurrent.futures import Executor, Future
from dataclasses import replace

import cv2
import numpy as np
import pytest

from calibration import watch
from calibration.cases import CAMERA
from calibration.drift import Drift
from calibration.pfm import pfm_bytes
from calibration.rooms import LEFT, RIGHT, rooms
from calibration.simulator.light import View
from engine.clock import NS
from engine.inputs.camera_glimpse import GLIMPSE, GLIMPSE_BYTES, Glimpse, answer, ask, take
from engine.problems import MixeurError
from engine.services import Services
from engine.show.model import Projector, Show
from engine.show.profile import Profile, Watch, read_profile, write_profile

SIZE = (320, 180)
MESH = (((0.0, 0.0), (320.0, 0.0)), ((0.0, 180.0), (320.0, 180.0)))


class AtOnce(Executor):
    """Runs what it is given before it returns."""

    def submit(self, job, *args):
        done = Future()
        try:
            done.set_result(job(*args))
        except Exception as error:
            done.set_exception(error)
        return done


class Room:
    """A camera that sees two projectors, of which the left one has moved; what they show changes with each glimpse."""

    def __init__(self, folder, moved):
        self.room, self.rng, self.folder = rooms()["small_cylinder"](1), np.random.default_rng(1), folder
        before = View(self.room, CAMERA, fine=1)
        for name in (LEFT, RIGHT):
            truth = before.truth(name)
            px = np.where(truth.is_lit[..., None], truth.projector_px, np.nan).astype(np.float32)
            white = before.radiance({name: np.full(SIZE[::-1], 255, np.uint8)})
            (folder / f"{name}.pfm").write_bytes(pfm_bytes(np.dstack([px, white / 255])))
            write_profile(folder / f"{name}.toml", Profile(size=SIZE, mesh=MESH, watch=Watch(
                camera="room", map=folder / f"{name}.pfm")))
        left = self.room.projectors[LEFT]
        centre = (left.lens.centre_px[0] - moved[0], left.lens.centre_px[1] - moved[1])
        knocked = replace(left, lens=replace(left.lens, centre_px=centre))
        self.view = View(replace(self.room, projectors={**self.room.projectors, LEFT: knocked}), CAMERA, fine=1)
        self.change()
        self.is_asked = False

    def change(self):
        noise = self.rng.random((2, 45, 80)).astype(np.float32)
        grey = [cv2.resize((255 * cv2.GaussianBlur(each, (0, 0), 1.5)).astype(np.uint8), SIZE) for each in noise]
        stretched = [cv2.normalize(each, None, 0, 255, cv2.NORM_MINMAX) for each in grey]
        self.frames = {name: np.ascontiguousarray(np.repeat(each[..., None], 4, 2))
                       for name, each in zip((LEFT, RIGHT), stretched, strict=True)}

    def ask(self):
        self.is_asked = True

    def glimpse(self):
        if not self.is_asked:
            return None
        self.is_asked = False
        light = self.view.radiance({name: frame[..., 0].copy() for name, frame in self.frames.items()})
        return Glimpse(np.rint(light.clip(0, 255)).astype(np.uint8), self.now_ns - NS // 20)

    def run(self, looks, glimpses, is_open=True):
        """Show frames until there were so many glimpses."""
        for _ in range(glimpses):
            for _ in range(6):
                looks.step(self.frames, is_open, self.now_ns)
                self.now_ns += NS // 10
            self.change()
            self.now_ns += 20 * NS

    now_ns = 0


def looking(room, said):
    profiles = {name: room.folder / f"{name}.toml" for name in (LEFT, RIGHT)}
    return watch.DriftWatch({"room": room}, profiles, room.folder / "drift.csv", said.append,
                            lambda: datetime.datetime(2026, 1, 1, 12), AtOnce())


def test_a_projector_that_moved_is_told_once_logged_and_mended_when_the_house_closes(tmp_path):
    room, said = Room(tmp_path, (1.4, -0.6)), []
    looks = looking(room, said)
    room.run(looks, 4)
    assert looks.words == () and said == []
    room.run(looks, 1)
    assert [word.split()[:2] for word in looks.words] == [["DRIFT", "left"]]
    assert len(said) == 1 and said[0].startswith("projector.left: its picture has moved by 1.5 px")
    rows = (tmp_path / "drift.csv").read_text().splitlines()
    assert rows[0] == watch.HEAD and len(rows) == 1 + 2 * 5
    assert read_profile(tmp_path / "left.toml").mesh == MESH  # visitors are there
    room.run(looks, 1, is_open=False)
    assert read_profile(tmp_path / "left.toml").mesh[0][0] == pytest.approx((-1.4, 0.6), abs=0.1)
    assert read_profile(tmp_path / "right.toml").mesh == MESH
    assert (tmp_path / "history").exists() and "made good" in said[-1]
    room.run(looks, 1)
    right, down = (float(text) for text in (tmp_path / "drift.csv").read_text().splitlines()[-2].split(",")[2:4])
    assert looks.words == () and max(abs(right), abs(down)) < 0.15


def test_pictures_that_never_stand_still_are_logged_as_unknown(tmp_path):
    room, said = Room(tmp_path, (0.0, 0.0)), []
    looks = looking(room, said)
    for _ in range(12):
        looks.step(room.frames, True, room.now_ns)
        room.change()
        room.now_ns += NS // 20
    row = (tmp_path / "drift.csv").read_text().splitlines()[1]
    assert row.endswith("its picture never stands still") and ",,," in row
    assert looks.estimates() == {}


def test_a_camera_that_gives_nothing_costs_nothing_and_profiles_without_an_outlook_are_not_watched(tmp_path):
    room = Room(tmp_path, (0.0, 0.0))
    room.ask = lambda: None
    looks = looking(room, [])
    room.run(looks, 3)
    assert not (tmp_path / "drift.csv").exists()
    show = Show(folder=tmp_path, projectors={name: Projector(name=name, profile=tmp_path / f"{name}.toml")
                                             for name in (LEFT, RIGHT)})
    assert watch.begin(show, {"other": room}, print, datetime.datetime.now) is None
    assert watch.begin(replace(show, simulated=True), {"room": room}, print, datetime.datetime.now) is None
    begun = watch.begin(show, {"other": room, "room": room}, print, datetime.datetime.now)
    assert begun is not None and list(begun._cameras) == ["room"]
    begun.close()


def test_a_glimpse_is_given_once_when_asked_and_wiped():
    header, pixels = np.zeros(1, [("glimpse", GLIMPSE)]), np.zeros(GLIMPSE_BYTES, np.uint8)
    slot, picture = header[0]["glimpse"], np.full((720, 1280, 3), 77, np.uint8)
    answer(slot, pixels, picture, 5)
    assert take(slot, pixels) is None and not pixels.any()
    ask(slot)
    assert take(slot, pixels) is None
    answer(slot, pixels, picture, 5)
    answer(slot, pixels, 2 * picture, 6)
    glimpse = take(slot, pixels)
    assert (glimpse.picture.shape, glimpse.captured_ns, int(glimpse.picture.max())) == ((360, 640), 5, 77)
    assert take(slot, pixels) is None and not pixels.any()


def test_a_service_that_fails_ends_with_a_line_and_the_show_goes_on(tmp_path):
    class Broken:
        words = ("x",)

        def step(self, *_):
            raise MixeurError("no")

    said = []
    begins = [lambda *_: Broken(), lambda *_: None]
    services = Services(Show(folder=tmp_path), {}, said.append, datetime.datetime.now, lambda: begins)
    services._thread.join()
    assert services.words == ("x",)
    services.step({}, True, 0)
    services.step({}, True, 1)
    assert services.words == () and len(said) == 1 and "it has ended, the show goes on" in said[0]
    services.close()
    failed = Services(Show(folder=tmp_path), {}, said.append, datetime.datetime.now, lambda: [lambda *_: 1 / 0])
    failed._thread.join()
    assert "without" in said[-1]


def test_unknown_drifts_alone_make_no_estimate():
    assert watch.estimate_of([Drift(why="dark")] * 9) is None
