"""The stage in a camera's picture: with corners, people are drawn where `now.visitors` has them."""

import datetime

import numpy as np
import pytest

from engine.clock import NS, Tick
from engine.fake.camera import InlineCamera
from engine.fake.visitors import Visitors
from engine.inputs.camera_link import CameraLink, camera_block_size
from engine.render.canvas import Canvas
from engine.sense import Room, SenseState, sense
from engine.show.model import Camera, Show, Stage
from engine.stage_view import lay, lay_flow, picture_to_stage, share_at
from engine.supervise.memory import Block
from engine.world import Now, Sighting, Signals, StageSize

ASPECT = 16 / 9
CORNERS = ((0.12, 0.2), (0.8, 0.1), (0.95, 0.97), (0.04, 0.9))
WALL = datetime.datetime(2026, 11, 22, 18, 30)
SIZE = (640, 360)


def see_guest(tmp_path, at: tuple[float, float], **facts) -> Now:
    """Return the room once the only visitor is the guest at a place of the stage."""
    camera = Camera(name="room", key="blue", size=(320, 180), corners=CORNERS, **facts)
    eye = InlineCamera(camera, Visitors(1, ASPECT, 0))
    room = Room.of(Show(folder=tmp_path, stage=Stage(aspect=ASPECT), cameras={"room": camera}))
    eye.guest(*at, True)
    now, state = Now(), SenseState()
    for frame in range(10):
        tick = Tick(frame, frame / 30, 1 / 30, round(frame * NS / 30))
        sighting, matte = eye.poll(tick.due_ns)
        heard = Signals(sightings={"room": sighting}, mattes={"room": matte} if matte else {})
        now, state = sense(room, state, heard, tick, WALL)
    return now


def below(alpha: np.ndarray) -> tuple[float, float]:
    """Return where the lowest drawn pixels are, in stage units."""
    rows, columns = np.nonzero(alpha > 127)
    at_feet = rows > rows.max() - alpha.shape[0] // 40  # both feet, though the corners turn the floor
    return (columns[at_feet].mean() + 0.5) / alpha.shape[0], (rows.max() + 1) / alpha.shape[0]


@pytest.mark.parametrize("mirror", [True, False])
@pytest.mark.parametrize("at", [(0.5, 0.8), (1.3, 0.7)])
def test_with_corners_who_is_drawn_stands_where_the_visitor_is(tmp_path, mirror, at) -> None:
    now = see_guest(tmp_path, at, mirror=mirror)
    assert [(v.x, v.y) for v in now.visitors] == [pytest.approx(at, abs=0.03)]
    canvas = Canvas(StageSize(ASPECT, None, (960, 540)))
    canvas.begin(now)
    canvas.people(mirror=mirror)
    drawn = canvas.end()["stage"][0].pixels[..., 3]
    assert below(drawn) == pytest.approx((now.visitors[0].x, now.visitors[0].y), abs=0.03)
    assert below(now.mask()) == pytest.approx((now.visitors[0].x, now.visitors[0].y), abs=0.03)


def test_a_mask_laid_onto_the_stage_is_still_0_or_255_and_read_only(tmp_path) -> None:
    mask = see_guest(tmp_path, (0.9, 0.8)).mask()
    assert mask.shape == (180, 320) and set(np.unique(mask)) == {0, 255}
    assert not mask.flags.writeable


def test_a_picture_is_laid_so_that_the_stages_corners_are_its_own() -> None:
    picture = np.zeros((360, 640, 4), np.uint8)
    left, right = (round(640 * share) for share in (0.25, 0.75))
    picture[90:270, left:right] = 200
    lay(picture, ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)), out := np.full_like(picture, 9))
    assert (out[1:-1, 1:-1] == 200).all()


def test_what_no_camera_sees_of_the_stage_is_clear() -> None:
    picture = np.full((360, 640, 4), 255, np.uint8)
    lay(picture, ((-0.5, 0), (1, 0), (1, 1), (-0.5, 1)), out := np.full_like(picture, 9))
    assert not out[:, :200].any() and (out[:, 230:] == 255).all()


def test_flow_laid_onto_the_stage_is_as_fast_as_a_visitor_who_moves_so() -> None:
    flow = np.zeros((90, 160, 2), np.float32)
    flow[...] = 64.0, 36.0  # a tenth of the picture a second, both ways
    half = ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75))
    inner = lay_flow(flow, SIZE, half, ASPECT)[5:-5, 5:-5]
    np.testing.assert_allclose(inner, np.broadcast_to((0.2 * ASPECT, 0.2), inner.shape), atol=0.002)
    whole = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    np.testing.assert_allclose(lay_flow(flow, SIZE, whole, ASPECT), flow / 360, atol=0.001)


def test_the_mouse_is_found_in_the_picture_by_the_same_corners() -> None:
    camera = Camera(name="room", corners=CORNERS, size=(64, 36))
    link = CameraLink(camera, Block.private(camera_block_size(camera)), aspect=ASPECT)
    link.guest(0.0, 1.0, True)
    present, x, y = link._header["guest"].tolist()
    assert (present, x, y) == (1.0, pytest.approx(0.95), pytest.approx(0.97)), "mirrored: the stage's left is its right"
    matrix = picture_to_stage(CORNERS, False, ASPECT)
    assert share_at(matrix, 0.0, 0.0) == pytest.approx(CORNERS[0])


def test_r3_with_corners_a_lost_camera_shows_nobody_too(tmp_path) -> None:
    camera = Camera(name="room", corners=CORNERS)
    room = Room.of(Show(folder=tmp_path, cameras={"room": camera}))
    now, _ = sense(room, SenseState(), Signals(sightings={"room": Sighting("room", "lost")}), Tick(0, 0, 0.1, 0), WALL)
    assert (now.presence, now.mask(), now.flow()) == ("unknown", None, None)
