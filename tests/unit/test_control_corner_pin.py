"""The corner pin: what hand and keys do to the corners, and that nothing they do can break a picture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.control.corner_pin import CornerPin, draw_corners, pinned
from engine.render.lettering import Lettering
from engine.render.mesh import stage_under
from engine.render.window_input import PointerEvent, WindowInput
from engine.show import forms
from engine.show.profile import Profile

LEFT, RIGHT = Profile.identity((640, 360)), Profile.identity((800, 600))
WHOLE = ((0.0, 0.0), (640.0, 0.0), (640.0, 360.0), (0.0, 360.0))
INNER = ((100.0, 80.0), (540.0, 80.0), (540.0, 280.0), (100.0, 280.0))


def pin_of(corners: tuple[tuple[float, float], ...] = WHOLE) -> CornerPin:
    return CornerPin.begin({"left": Profile(size=(640, 360), corners=corners), "right": RIGHT})


def act(kind: str, x_px: float, y_px: float, window: str = "left") -> PointerEvent:
    return PointerEvent(window, kind, x_px, y_px)  # type: ignore[arg-type]


def hand(*events: PointerEvent) -> WindowInput:
    return WindowInput(pointer=events)


def keys(*pressed: str, held: tuple[str, ...] = ()) -> WindowInput:
    return WindowInput(pressed=pressed, keys=frozenset({*pressed, *held}))


def test_a_dragged_corner_follows_the_hand_and_is_saved_once_it_is_let_go() -> None:
    moved = pin_of().step(hand(act("press", 3, 5), act("move", 43, 35)))
    assert moved.corners("left") == ((40, 30), *WHOLE[1:])
    assert moved.saved == frozenset()
    done = moved.step(hand(act("release", 43, 35)))
    assert done.corners("left") == moved.corners("left")
    assert done.saved == {"left"}


def test_the_nearest_corner_within_reach_is_taken_without_a_jump() -> None:
    pin = pin_of(INNER).step(hand(act("press", 530, 270)))
    assert (pin.projector, pin.corner) == ("left", 2)
    assert pin.corners("left") == INNER
    assert pin.step(hand(act("move", 531, 270))).corners("left")[2] == (541, 280)


def test_a_press_far_from_every_corner_holds_nothing() -> None:
    pin = pin_of().step(hand(act("press", 320, 180), act("move", 10, 10), act("release", 10, 10)))
    assert pin.corners("left") == WHOLE
    assert not pin.saved


def test_a_hold_that_moves_nothing_saves_nothing_and_leaves_nothing_to_undo() -> None:
    pin = pin_of().step(hand(act("press", 2, 2), act("release", 2, 2)))
    assert not pin.saved
    assert pin.step(keys("u")).refusal == "nothing to undo"


def test_a_corner_let_go_over_another_projector_is_let_go() -> None:
    pin = pin_of().step(hand(act("press", 638, 2), act("move", 600, 20), act("release", 5, 20, "right")))
    assert pin.saved == {"left"}
    assert pin.step(hand(act("move", 500, 100))).corners("left")[1] == pin.corners("left")[1]


@pytest.mark.parametrize(("held", "by"), [((), 1), (("left shift",), 10), (("right shift",), 10)])
def test_arrows_nudge_the_chosen_corner_and_save(held: tuple[str, ...], by: int) -> None:
    pin = pin_of(INNER).step(keys("right", held=held)).step(keys("down", held=held))
    assert pin.corners("left") == ((100 + by, 80 + by), *INNER[1:])
    assert pin.saved == {"left"}


def test_tab_walks_over_all_corners_of_all_projectors_and_round() -> None:
    pin, seen = pin_of(), []
    for _ in range(9):
        seen.append((pin.projector, pin.corner))
        pin = pin.step(keys("tab"))
    assert seen == [*(("left", n) for n in range(4)), *(("right", n) for n in range(4)), ("left", 0)]


def test_undo_takes_back_change_by_change_whichever_projector_it_was() -> None:
    pin = pin_of().step(hand(act("press", 0, 0), act("move", 20, 20), act("move", 50, 30), act("release", 50, 30)))
    pin = pin.step(hand(act("press", 800, 0, "right"), act("move", 700, 50, "right"), act("release", 700, 50, "right")))
    pin = pin.step(keys("up"))
    assert pin.corners("right")[1] == (700, 49)
    pin = pin.step(keys("u"))
    assert pin.corners("right")[1] == (700, 50)
    pin = pin.step(keys("u"))
    assert pin.corners("right")[1] == (800, 0)
    assert pin.saved == {"right"}
    pin = pin.step(keys("u"))
    assert (pin.projector, pin.corners("left")) == ("left", WHOLE)


def test_corners_that_would_cross_are_refused_in_words_and_the_last_good_ones_stay() -> None:
    pin = pin_of(INNER).step(hand(act("press", 100, 80), act("move", 300, 100)))
    good = pin.corners("left")
    crossed = pin.step(hand(act("move", 600, 300)))
    assert crossed.corners("left") == good
    assert "cross" in crossed.refusal
    back = crossed.step(hand(act("move", 290, 100)))
    assert (back.corners("left")[0], back.refusal) == ((290, 100), "")


def test_a_corner_goes_no_further_out_than_half_a_picture() -> None:
    pin = pin_of().step(hand(act("press", 0, 0), act("move", -5000, -5000)))
    assert pin.corners("left")[0] == (-320, -180)


def test_a_corner_outside_the_picture_is_taken_at_the_edge() -> None:
    pin = pin_of(((-100.0, -50.0), *WHOLE[1:])).step(hand(act("press", 4, 4), act("move", 14, 4)))
    assert pin.corners("left")[0] == (-90, -50)


@pytest.mark.parametrize("key", ["escape", "k"])
def test_leaving_lets_go_and_saves_what_was_in_hand(key: str) -> None:
    pin = pin_of().step(hand(act("press", 0, 0), act("move", 30, 30))).step(keys(key))
    assert (pin.is_open, pin.saved) == (False, {"left"})


def test_a_mesh_moves_with_its_corners_and_keeps_its_bend() -> None:
    mesh = (((0.0, 0.0), (320.0, 30.0), (640.0, 0.0)), ((0.0, 360.0), (320.0, 350.0), (640.0, 360.0)))
    moved = pinned(Profile(size=(640, 360), mesh=mesh), tuple((x + 10, y + 5) for x, y in WHOLE))
    assert moved.mesh is not None
    np.testing.assert_allclose(moved.mesh, np.add(mesh, (10, 5)), atol=1e-3)


places = st.floats(-2000, 2000)
acts = st.one_of(
    st.builds(lambda kind, x, y, name: hand(act(kind, x, y, name)), st.sampled_from(["press", "move", "release"]),
              places, places, st.sampled_from(["left", "right", "/operator"])),
    st.builds(lambda index: hand(act("press", *INNER[index])), st.integers(0, 3)),
    st.builds(lambda key, shift: keys(key, held=("left shift",) * shift),
              st.sampled_from(["left", "right", "up", "down", "tab", "u", "x"]), st.integers(0, 1)),
)


@given(st.lists(acts, max_size=30))
def test_whatever_is_done_the_corners_can_carry_a_picture(done: list[WindowInput]) -> None:
    pin = pin_of(INNER)
    for each in done:
        pin = pin.step(each)
    assert all(forms.corners(pin.corners(name)) == "" for name in pin.profiles)


def test_the_pinned_stage_lies_where_the_corners_are() -> None:
    pin = pin_of(INNER).step(keys("right"))
    u, v = stage_under(pin.profiles["left"])
    assert abs(u[80, 101] - 0.5 / 439) < 2e-3
    assert abs(v[80, 101] - 0.5 / 200) < 5e-3


def test_handles_are_drawn_on_a_copy_and_the_chosen_one_stands_out() -> None:
    frame = np.zeros((360, 640, 4), np.uint8)
    pin, lettering = pin_of(INNER), Lettering()
    drawn = draw_corners(pin, "left", frame, pin.profiles["left"], lettering)
    assert not frame.any()
    for x, y in INNER:
        assert drawn[int(y) - 12 : int(y) + 12, int(x) - 12 : int(x) + 12, :3].max() > 200
    chosen, other = (drawn[68:92, x - 12 : x + 12, :3].astype(int) for x in (100, 540))
    assert np.ptp(chosen, axis=2).max() > 100 > np.ptp(other, axis=2).max()
