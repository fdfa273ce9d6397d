"""Small cameras of one room, seen as one; a dead one is a gap and slows no other."""

import datetime
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.clock import NS, Tick, monotonic_ns, sleep_s
from engine.fake.camera import SimulatedCamera
from engine.fake.visitors import Visitors
from engine.inputs.camera_group import CameraGroup, gathered, strongest, union
from engine.inputs.camera_link import CameraLink, camera_block_size
from engine.inputs.camera_process import STUCK, run_group
from engine.inputs.camera_source import SourceLost
from engine.problems import ShowError
from engine.sense import Room, SenseState, sense
from engine.show.files import read_show
from engine.show.model import Camera
from engine.show.views import members, views
from engine.supervise.memory import Block
from engine.world import Matte, Person, Sighting, Signals

ASPECT = 16 / 9
LEFT = ((0.0, 0.0), (2.0, 0.0), (2.0, 1.0), (0.0, 1.0))  # its picture is the left half of the stage
RIGHT = ((-1.0, 0.0), (1.0, 0.0), (1.0, 1.0), (-1.0, 1.0))


class Told:
    """A camera that sees what it is told."""

    def __init__(self, camera: Camera) -> None:
        self.camera, self.seen = camera, (Sighting(camera.name), None)
        self.guests: list[tuple[float, float, bool]] = []

    def poll(self, now_ns: int) -> tuple[Sighting, Matte | None]:
        return self.seen

    def guest(self, x: float, y: float, present: bool) -> None:
        self.guests.append((x, y, present))

    def see(self, frame: int, *feet: tuple[float, float], flow: float = 0.0) -> None:
        mask, pixels = np.zeros((180, 320), np.uint8), np.zeros((180, 320, 4), np.uint8)
        people = []
        for number, (x, y) in enumerate(feet, 1):
            left, top = round(x) - 10, round(y) - 40
            mask[top : round(y), left : left + 20] = 255
            outline = np.array([(left, top), (left + 20, top), (left + 20, y), (left, y)], np.float32)
            people.append(Person(number, (x, y), (left, top, 20.0, 40.0), (30.0, 0.0), outline))
        pixels[..., 3] = mask
        sighting = Sighting(self.camera.name, "live", frame, frame * NS // 15, (320, 180), tuple(people), mask,
                            np.full((90, 160, 2), (flow, 0), np.float32), 0.1 * len(feet))  # fmt: skip
        self.seen = sighting, Matte(pixels, frame * NS // 15, frame)


def camera(name: str, corners: tuple[tuple[float, float], ...] | None, **others: object) -> Camera:
    return Camera(name=name, size=(320, 180), fps=15, corners=corners, group="floor", mirror=False, **others)


@pytest.fixture
def pair() -> tuple[Told, Told, CameraGroup]:
    left, right = Told(camera("l", LEFT)), Told(camera("r", RIGHT))
    return left, right, CameraGroup("floor", (left, right))


def test_each_camera_of_a_group_shows_its_part_of_the_stage(pair: tuple[Told, Told, CameraGroup]) -> None:
    left, right, group = pair
    left.see(1, (80.0, 120.0))
    right.see(1, (240.0, 120.0), flow=30.0)
    sighting, matte = group.poll(0)
    assert (sighting.camera, sighting.state, sighting.size) == ("floor", "live", (320, 180))
    one, two = sorted(sighting.people, key=lambda each: each.foot_px)
    assert one.foot_px == pytest.approx((40, 120), abs=0.01) and two.foot_px == pytest.approx((280, 120), abs=0.01)
    assert one.velocity_px == pytest.approx((15, 0), abs=0.05), "the picture is twice as wide as its part"
    assert one.box_px == pytest.approx((35, 80, 10, 40), abs=0.01)
    assert sighting.mask is not None and sighting.flow_px is not None and matte is not None
    assert sighting.mask[100, 40] == 255 and sighting.mask[100, 280] == 255 and sighting.mask[100, 160] == 0
    assert sighting.flow_px[45, 120, 0] == pytest.approx(15, abs=0.1) and sighting.flow_px[45, 40, 0] == 0
    assert np.count_nonzero(matte.pixels[..., 3]) == 2 * 20 * 40, "mattes come laid from their processes"


def test_scenes_see_a_group_as_one_camera_with_each_person_once(pair: tuple[Told, Told, CameraGroup],
                                                                 tmp_path: Path) -> None:  # fmt: skip
    left, right, group = pair
    cameras = {each.camera.name: each.camera for each in (left, right)}
    assert views(cameras) == {"floor": replace(left.camera, name="floor", corners=None, group=None)}
    assert members(cameras | {"door": Camera(name="door")}) == {"floor": ("l", "r"), "door": ("door",)}
    (tmp_path / "show.toml").write_text('format = 1\n[scene.a]\nfile = "a.py"\n')
    (tmp_path / "a.py").write_text("from engine import Scene\nclass A(Scene):\n    pass\n")
    show = replace(read_show(tmp_path), cameras=cameras)
    room, state, ids = Room.of(show), SenseState(), set()
    for frame in range(40):
        x = 100 + 3.0 * frame  # stage: half of it a picture; the left camera sees on to 319, the right one from 0
        left.see(frame, *([(x, 120.0)] if x < 200 else []))
        right.see(frame, *([(x + 4, 120.0)] if x > 180 else []))
        # Both lie on the whole stage here, so that they overlap everywhere.
        left.camera = right.camera = replace(left.camera, corners=None)
        tick = Tick(frame=frame, time=frame / 15, dt=1 / 15, due_ns=frame * NS // 15)
        sighting, matte = group.poll(tick.due_ns)
        signals = Signals(sightings={"floor": sighting}, mattes={"floor": matte} if matte else {})
        now, state = sense(room, state, signals, tick, datetime.datetime(2026, 1, 1))
        assert now.count == 1 and now.mask("floor") is not None and now.mask() is now.mask("floor")
        ids.add(now.visitors[0].id)
    assert len(ids) == 1


def test_a_camera_that_is_lost_is_a_gap_and_the_group_is_lost_with_the_last(pair: tuple[Told, Told, CameraGroup],
                                                                            ) -> None:  # fmt: skip
    left, right, group = pair
    left.see(1, (80.0, 120.0))
    right.see(1, (240.0, 120.0))
    before = group.poll(0)[0]
    assert len(before.people) == 2 and group.poll(0)[0] is before, "nothing new is nothing to work out"
    left.seen = Sighting("l", "stale"), None
    sighting, matte = group.poll(NS)
    assert [round(each.foot_px[0]) for each in sighting.people] == [280] and sighting.frame > before.frame
    assert matte is not None and not matte.pixels[:, :160].any()
    right.seen = Sighting("r", "lost"), None
    sighting, matte = group.poll(2 * NS)
    assert (sighting.state, sighting.people, matte) == ("stale", (), None)
    group.guest(1.0, 0.5, True)
    assert left.guests == right.guests == [(1.0, 0.5, True)]


def test_contacts_are_told_once_and_in_the_ids_of_the_group(pair: tuple[Told, Told, CameraGroup]) -> None:
    left, right, group = pair
    left.camera = right.camera = replace(left.camera, corners=None)
    for each in (left, right):
        each.see(1, (100.0, 120.0), (118.0, 120.0))
        each.seen = replace(each.seen[0], contacts=((1, 2),)), None
    sighting, _ = group.poll(0)
    assert sighting.contacts == (tuple(sorted(person.id for person in sighting.people)),)


def test_pictures_of_several_sizes_are_joined_and_none_is_none() -> None:
    assert union([]) is None and strongest([]) is None
    both = union([np.full((90, 160), 7, np.uint8), np.zeros((180, 320), np.uint8)])
    assert both is not None and both.shape == (180, 320) and both.min() == 7 and not both.flags.writeable
    flow = strongest([np.full((2, 2, 2), -3, np.float32), np.full((2, 2, 2), 0, np.float32)])
    assert flow is not None and (flow == -3).all()


@pytest.mark.parametrize(
    ("room", "words"),
    [
        ('[camera.a]\ngroup = "b"\n[camera.b]\n', "there is a camera 'b' already"),
        ('[camera.a]\ngroup = "f"\n[camera.b]\ngroup = "f"\nmirror = false\n', "a has another mirror"),
        ("".join(f'[camera.c{n}]\ngroup = "f"\n' for n in range(13)), "at most 12 cameras"),
        ('[camera.a]\ngroup = "f"\n[room.f]\nhost = "10.0.0.2"\n', "there is a camera 'f' already"),
    ],
)
def test_a_group_that_cannot_be_is_refused_with_its_line(room: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "show.toml").write_text('format = 1\n[scene.a]\nfile = "a.py"\n')
    (tmp_path / "a.py").write_text("from engine import Scene\nclass A(Scene):\n    pass\n")
    (tmp_path / "room.toml").write_text("format = 1\n" + room)
    with pytest.raises(ShowError) as refused:
        read_show(tmp_path)
    assert words in str(refused.value) and "room.toml:" in str(refused.value)


class Living:
    """A camera that gives pictures, until its driver blocks."""

    truncated = skipped = 0
    may_repeat = True

    def __init__(self, blocks: threading.Event, freed: threading.Event) -> None:
        self._blocks, self._freed = blocks, freed
        self._fake = SimulatedCamera(Visitors(1, ASPECT), (160, 90), "blue")

    def read(self, timeout_s: float) -> tuple[np.ndarray, int]:
        sleep_s(0.02)
        if self._blocks.is_set():
            self._freed.wait()
            raise SourceLost("it was pulled out")
        return self._fake.picture(3 + monotonic_ns() % NS / NS), monotonic_ns()

    def close(self) -> None:
        pass


def test_a_driver_that_blocks_slows_no_other_and_ends_the_process_only_when_all_are_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    freed, blocks = threading.Event(), {name: threading.Event() for name in "ab"}
    monkeypatch.setattr("engine.inputs.camera_process.open_source",
                        lambda camera, *_: Living(blocks[camera.name], freed))  # fmt: skip
    cameras = [Camera(name=name, source="alive", size=(160, 90), key="blue", group="floor") for name in "ab"]
    room = [Block.private(camera_block_size(each)) for each in cameras]
    links = {each.name: CameraLink(each, block) for each, block in zip(cameras, room, strict=True)}
    codes: list[int] = []
    thread = threading.Thread(
        target=lambda: codes.append(run_group(list(zip(cameras, room, strict=True)), lambda: False, tmp_path)))
    thread.start()

    def until(said: object, patience_s: float = 20.0) -> None:
        end_ns = monotonic_ns() + round(patience_s * NS)
        while not said():  # type: ignore[operator]
            assert monotonic_ns() < end_ns, {name: link.status for name, link in links.items()}
            for link in links.values():
                link.poll(monotonic_ns())
            sleep_s(0.01)

    until(lambda: all(link.status.state == "live" for link in links.values()))
    assert list(gathered(links)) == ["floor"]
    monkeypatch.setattr("engine.inputs.camera_capture.LONGEST_READING_S", 0.5)
    blocks["a"].set()
    until(lambda: "does not answer" in links["a"].lost)
    frames = links["b"].status.frames
    until(lambda: links["b"].status.frames > frames + 20)
    assert links["b"].status.state == "live" and not codes
    blocks["b"].set()
    until(lambda: bool(codes), 30)
    freed.set()
    thread.join(5)
    assert codes == [STUCK]
