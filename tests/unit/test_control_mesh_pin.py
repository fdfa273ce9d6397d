"""The mesh pin: what hand and keys do to meshes, surfaces and masks, and that nothing they do folds a picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.control.mesh_pin import MeshPin
from engine.control.mesh_pin_view import draw_mesh
from engine.render.following import following
from engine.render.lettering import Lettering
from engine.render.mapping import Mapping
from engine.render.mesh import grid_of, stage_under, surfaces_of
from engine.render.surface import folds
from engine.render.window_input import PointerEvent, WindowInput
from engine.show.profile import Profile, Surface, read_profile, write_profile

SIZE = (320, 180)
TRAPEZE = ((20.0, 10.0), (300.0, 30.0), (280.0, 170.0), (40.0, 150.0))


def pin_of(profile: Profile | None = None) -> MeshPin:
    return MeshPin.begin({"left": profile or Profile(size=SIZE, corners=TRAPEZE)})


def act(kind: str, x_px: float, y_px: float) -> PointerEvent:
    return PointerEvent("left", kind, x_px, y_px)  # type: ignore[arg-type]


def hand(*events: PointerEvent) -> WindowInput:
    return WindowInput(pointer=events)


def keys(*pressed: str, held: tuple[str, ...] = ()) -> WindowInput:
    return WindowInput(pressed=pressed, keys=frozenset(held))


def under(profile: Profile) -> np.ndarray:
    return np.stack(stage_under(profile))


@pytest.mark.parametrize("pressed", [("page up",), ("page up", "page up"), ("b",), ("page up", "b"), ("b", "page up"),
                                     ("page up", "b", "b")])
def test_more_points_and_bezier_patches_lie_as_the_corners_lay(pressed: tuple[str, ...]) -> None:
    before = pin_of().profile
    after = pin_of().step(keys(*pressed)).profile
    assert after.mesh is not None and after.corners is None
    apart = np.abs(under(before) - under(after)) * np.array(SIZE)[:, None, None]
    assert np.nanpercentile(apart, 99) < 4  # px: straight cells know no perspective


def test_a_dragged_point_of_a_mesh_follows_the_hand_snaps_and_is_saved_when_let_go() -> None:
    pin = pin_of(Profile.identity(SIZE)).step(keys("page up"))
    moved = pin.step(hand(act("press", 161, 91), act("move", 171.4, 96.7)))
    assert moved.profile.mesh is not None and moved.profile.mesh[1][1] == (170, 96)
    assert not moved.saved
    done = moved.step(hand(act("release", 171.4, 96.7)))
    assert done.saved == {"left"}
    assert done.step(keys("u")).profile == pin.profile
    assert done.step(keys("u")).step(keys("y")).profile == done.profile
    near_edge = pin.step(hand(act("press", 1, 91), act("move", 5, 91)))
    assert near_edge.profile.mesh is not None and near_edge.profile.mesh[1][0][0] == 0


def test_a_place_is_typed_in_pixels() -> None:
    pin = pin_of().step(keys("page up", "tab", "1", "6", "2", ",", "2", "5", ".", "5", "return"))
    assert pin.profile.mesh is not None and pin.profile.mesh[0][1] == (162, 25.5)
    assert pin.step(keys("7", "return")).refusal.startswith("type x,y")


def test_no_hand_folds_a_mesh() -> None:
    pin = pin_of(Profile.identity(SIZE)).step(keys("page up"))
    far = pin.step(hand(act("press", 160, 90), act("move", 400, 90)))
    assert far.refusal == "the mesh must not fold"
    assert far.profile == pin.profile
    assert not folds(surfaces_of(far.profile)[0], SIZE)


def test_two_surfaces_show_parts_of_the_stage_and_the_later_one_lies_above() -> None:
    pin = pin_of(Profile.identity(SIZE)).step(keys("n"))
    assert len(pin.profile.surfaces) == 2 and pin.profile.corners is None
    upper = replace(pin.profile.surfaces[1], part=(0.5, 0.0, 1.0, 0.5))
    profile = replace(pin.profile, surfaces=(pin.profile.surfaces[0], upper))
    u, v = stage_under(profile)
    assert (u[90, 160], v[90, 160]) == pytest.approx((0.75, 0.25), abs=0.01)  # in the middle of the upper one
    assert (u[10, 10], v[10, 10]) == pytest.approx((10.5 / 320, 10.5 / 180))
    light = Mapping(profile, SIZE).apply(np.full((180, 320, 4), 255, np.uint8))
    assert light[..., :3].min() == 255
    assert pin.step(keys("x")).profile.surfaces == pin.profile.surfaces[:1]


def test_a_mask_is_drawn_feathered_and_kept(tmp_path) -> None:
    pin = pin_of(Profile.identity(SIZE)).step(keys("t", "n", "f", "f"))
    profile = pin.profile
    assert len(profile.mask) == 1 and profile.feather_px == 16
    light = Mapping(profile, SIZE).apply(np.full((180, 320, 4), 255, np.uint8))[90, :, 0].astype(int)
    assert light[160] == 0
    edge = 160 + 30
    assert light[edge + 1] < 70 < light[edge + 6] < 240 and light[edge + 18] == 255
    assert pin.step(keys("x")).profile.mask == ()


def test_what_a_hand_has_made_is_read_back_as_it_was_written(tmp_path) -> None:
    pin = pin_of().step(keys("b", "n", "t", "n", "f"))
    write_profile(tmp_path / "left.toml", pin.profile)
    assert read_profile(tmp_path / "left.toml") == pin.profile
    text = (tmp_path / "left.toml").read_text()
    assert "[[surface]]" in text and "bezier = true" in text and "feather_px = 8.0" in text


@pytest.mark.parametrize("pressed", [(), ("page up",), ("b",)])
def test_the_picture_that_follows_the_hand_is_the_one_that_is_planned(pressed: tuple[str, ...]) -> None:
    stage = np.zeros((180, 320, 4), np.uint8)
    stage[..., 0], stage[..., 1] = np.linspace(20, 250, 320), np.linspace(20, 250, 180)[:, None]
    stage[..., 3] = 255
    pin = pin_of().step(keys(*pressed))
    x, y = pin.items("left")[0][-1]
    before = pin.profile
    after = pin.step(hand(act("press", x, y), act("move", x - 12, y - 9))).profile
    frame = Mapping(before, SIZE).apply(stage).copy()
    seen, planned = following(before, after, frame), Mapping(after, SIZE).apply(stage)
    apart = np.abs(seen[..., :2].astype(int) - planned[..., :2])
    assert np.percentile(apart, 98) <= 6
    assert np.abs(frame[..., :2].astype(int) - planned[..., :2]).mean() > 2 * apart.mean()


def test_a_bezier_surface_ends_where_its_corner_points_are() -> None:
    rows = tuple(tuple((40.0 + 80 * x, 20.0 + 45 * y + (10 if 0 < x < 3 else 0)) for x in range(4)) for y in range(4))
    grid = grid_of(Surface(mesh=rows, bezier=True))
    assert tuple(grid[0, 0]) == rows[0][0] and tuple(grid[-1, -1]) == rows[-1][-1]
    assert grid[0, len(grid[0]) // 2, 1] == pytest.approx(20 + 10 * 0.75)


@pytest.mark.parametrize("pressed", [(), ("page up",), ("b",), ("n",), ("t", "n")])
def test_handles_words_and_test_grid_are_drawn(pressed: tuple[str, ...]) -> None:
    pin = pin_of().step(keys(*pressed, "g"))
    frame = np.zeros((180, 320, 4), np.uint8)
    drawn = draw_mesh(pin, "left", frame, pin.profile, Lettering())
    assert drawn[..., :3].any() and not frame.any()
