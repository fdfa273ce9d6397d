"""B10: two rooms share one world; what goes between them are silhouettes, and where they overlap is known at once."""

import datetime
import socket
import time
from pathlib import Path

import numpy as np
import pytest

from engine.clock import NS, Tick, monotonic_ns
from engine.inputs.far_room import FarRoom, Gate
from engine.inputs.silhouettes import LONGEST, NoSilhouettes, decode, encode
from engine.problems import ShowError
from engine.sense import Room, SenseState, here, sense
from engine.show import model
from engine.show.files import read_show
from engine.world import Sighting, Signals, Visitor

ASPECT = 16 / 9
SHOW = model.Show(folder=Path(), cameras={"room": model.Camera(name="room")},
                  rooms={"lyon": model.FarRoom(name="lyon", host="127.0.0.1")})


def body(left: float, right: float) -> np.ndarray:
    """Return the mask of somebody on the stage, from left to right in shares of its width."""
    mask = np.zeros((360, 640), np.uint8)
    mask[120:330, round(640 * left) : round(640 * right)] = 255
    return mask


def seen(mask: np.ndarray, frame: int) -> Sighting:
    """Return a camera's sighting of who stands so on the stage: it sees them the other way round."""
    return Sighting("room", "live", frame, frame, (640, 360), mask=np.ascontiguousarray(mask[:, ::-1]))


def test_a_person_arrives_in_the_other_room_where_they_stand_in_ours() -> None:
    outline = np.array([(0.5, 0.3), (0.7, 0.3), (0.7, 0.9), (0.5, 0.9)], np.float32)
    someone = Visitor(7, 0.6, 0.9, 0.2, -0.1, 0.22, 0.6, outline=outline)
    packet = encode(5, body(0.3, 0.4), (someone,), ASPECT)
    now, _ = sense(Room.of(SHOW), SenseState(), Signals(sightings={"lyon": decode(packet, "lyon", 5)}),
                   Tick(0, 0.0, 1 / 60, 0), datetime.datetime(2026, 1, 1))
    (there,) = now.visitors
    assert (there.x, there.y) == pytest.approx((0.6, 0.9), abs=0.004)
    assert (there.vx, there.vy) == pytest.approx((0.2, -0.1), abs=0.004)
    assert there.height == pytest.approx(0.6, abs=0.02)
    assert np.abs(there.outline - outline).max() < 0.01
    columns = np.flatnonzero(now.masks["lyon"].any(0)) / 160
    assert columns[0] == pytest.approx(0.3, abs=0.01) and columns[-1] == pytest.approx(0.4, abs=0.01)
    assert now.rooms == ("lyon",) and now.presence == "somebody"
    assert here(now, SHOW.cameras) == (None, ()), "who is there is not sent back as one of ours"


def test_what_is_sent_holds_no_picture() -> None:
    dice = np.random.default_rng(1)
    crowd = dice.integers(0, 2, (360, 640), dtype=np.uint8) * np.uint8(255)
    outline = dice.random((64, 2)).astype(np.float32)
    packet = encode(1, crowd, [Visitor(k, 0.5, 0.9, outline=outline) for k in range(20)], ASPECT)
    assert len(packet) <= 160 * 90 / 8 + 16 * (15 + 64) + 40, "a bit a cell and sixteen outlines, whatever is seen"
    assert decode(packet, "lyon", 0).mask.shape == (90, 160)


def test_b10_an_overlap_is_told_in_the_frame_of_the_first_shared_pixel() -> None:
    room, state = Room.of(SHOW), SenseState()
    met = []
    for frame in range(40):
        left = 0.10 + 0.005 * frame
        sightings = {"room": seen(body(left, left + 0.1), frame),
                     "lyon": decode(encode(frame + 1, body(0.30, 0.40), (), ASPECT), "lyon", frame)}
        tick = Tick(frame, frame / 60, 1 / 60, round(frame * NS / 60))
        now, state = sense(room, state, Signals(sightings=sightings), tick, datetime.datetime(2026, 1, 1))
        shares = bool((now.masks["room"][::4, ::4] & now.masks["lyon"]).any())
        met.append((shares, now.meetings))
    assert [bool(places) for _, places in met] == [shares for shares, _ in met]
    first = next(places for shares, places in met if shares)
    assert first[0][0] == pytest.approx(0.30 * ASPECT, abs=0.02)


@pytest.fixture
def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def rooms(port: int) -> tuple[FarRoom, FarRoom]:
    here_, there = (model.FarRoom(name="lyon", host=f"127.0.0.{other}", port=port, bind=f"127.0.0.{own}")
                    for own, other in ((2, 3), (3, 2)))
    return FarRoom(here_, ASPECT), FarRoom(there, ASPECT)


def until(true, seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while not (found := true()) and time.monotonic() < end:
        time.sleep(0.01)
    return found


def test_two_rooms_hear_each_other_close_and_open_again(free_udp_port: int) -> None:
    one, other = rooms(free_udp_port)
    state = lambda: other.poll(monotonic_ns())[0].state  # noqa: E731
    try:
        def told() -> bool:
            one.tell(body(0.2, 0.4), ())
            return state() == "live"
        assert until(told)
        sighting, matte = other.poll(monotonic_ns())
        assert sighting.mask.any() and not other.lost
        assert matte.pixels.shape == (360, 640, 4)
        assert 0.15 < (matte.pixels[..., 3] > 127).mean() * 360 / 210 < 0.25
        Gate(one, "waves").shut(True)
        Gate(one, "others").shut(True)
        one.tell(body(0.2, 0.4), ())
        assert until(lambda: state() == "lost"), "a second later nobody is there"
        Gate(one, "others").shut(False)
        assert one.closed_by == {"waves"}
        Gate(one, "waves").shut(False)
        assert until(told)
    finally:
        one.close()
        other.close()


def test_a_stranger_is_not_heard_and_a_room_that_is_silent_is_told_as_lost(free_udp_port: int) -> None:
    one, other = rooms(free_udp_port)
    other.close()
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            assert until(lambda: stranger.sendto(encode(1, body(0, 1), (), ASPECT), ("127.0.0.2", free_udp_port))
                         and "nothing heard" in one.lost)
        assert one.poll(monotonic_ns())[0].state == "lost" and one.refused == 0
    finally:
        one.close()


@pytest.mark.parametrize("cut", range(0, 90, 7))
def test_whatever_is_no_silhouettes_is_refused(cut: int) -> None:
    packet = encode(1, body(0.2, 0.4), (Visitor(1, 0.5, 0.9, outline=np.ones((9, 2), np.float32)),), ASPECT)
    dice = np.random.default_rng(cut)
    bent = bytearray(packet)
    bent[int(dice.integers(len(bent)))] ^= 1 + int(dice.integers(255))
    for wrong in (packet[: min(cut, len(packet) - 1)], packet[:20] + bytes(cut), bytes(bent), bytes(LONGEST + cut)):
        try:
            sighting = decode(wrong, "lyon", 0)
        except NoSilhouettes:
            continue
        assert sighting.mask.shape == (90, 160) and len(sighting.people) <= 16


def test_a_room_of_the_name_of_a_camera_or_on_the_port_of_another_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("from engine import Scene\nclass A(Scene):\n    pass\n")
    (tmp_path / "show.toml").write_text("""format = 1
[scene.a]
file = "a.py"
[camera.lyon]
[room.lyon]
host = "192.168.1.20"
[room.nantes]
host = "192.168.1.21"
""")
    with pytest.raises(ShowError) as wrong:
        read_show(tmp_path / "show.toml")
    lines = [str(problem) for problem in wrong.value.problems]
    assert len(lines) == 2
    assert "there is a camera 'lyon' already" in lines[0] and "port 9010 is taken by room.lyon" in lines[1]

