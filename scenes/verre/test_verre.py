"""Verre by its numbers (G1 ...)."""

from pathlib import Path

import numpy as np
import pytest

from engine.render import kernels
from engine.render.mapping import Mapping
from engine.show.files import read_show
from engine.show.profile import Profile
from engine.testing.rehearsal import Act, rehearse
from engine.testing.solo import Solo
from engine.world import Visitor

HERE = Path(__file__).parent
WIDE, HIGH = 160, 90


def body(x: float, wide: float = 0.16, high: float = 0.6) -> np.ndarray:
    """Return the mask of somebody who stands at x, in shares of the width."""
    mask = np.zeros((HIGH, WIDE), np.uint8)
    mask[
        round(HIGH * (0.95 - high)) : round(HIGH * 0.95), round(WIDE * (x - wide / 2)) : round(WIDE * (x + wide / 2))
    ] = 255
    return mask


def seen(solo: Solo, mask: np.ndarray | None, seconds: float, y: float = 0.7) -> None:
    there = mask is not None and mask.any()
    people = ()
    if there:
        rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
        box = np.array([(columns[0], rows[0]), (columns[-1], rows[0]), (columns[-1], rows[-1]), (columns[0], rows[-1])])
        people = (Visitor(1, 0.9, y, outline=(box / HIGH).astype(np.float32)),)
    solo.step(
        round(seconds * 60), masks={"room": np.zeros((HIGH, WIDE), np.uint8) if mask is None else mask}, visitors=people
    )


def lit_share(solo: Solo, left: float, right: float) -> tuple[float, float]:
    """Return how much cold and how much warm light is in a part of the picture, 0..255."""
    picture = solo.picture()[..., :3].astype(float)
    part = picture[:, round(left * picture.shape[1]) : round(right * picture.shape[1])]
    warmth = part[..., 0] - part[..., 2]
    return float(np.maximum(-warmth, 0).mean()), float(np.maximum(warmth, 0).mean())


def test_g1_what_is_not_drawn_is_black_to_the_last_bit() -> None:
    solo = Solo(HERE / "verre.py", height_px=360)
    seen(solo, body(0.3), 1.0)
    picture = solo.picture()
    assert picture[..., :3].max() > 60
    assert picture[:, picture.shape[1] // 2 :, :3].max() == 0


def test_g2_the_light_falls_to_nothing_at_the_edge_of_the_pane() -> None:
    solo = Solo(HERE / "verre.py", height_px=540)
    solo.step(90, masks={"room": np.full((HIGH, WIDE), 255, np.uint8)})
    picture = solo.picture()[..., :3].astype(float)
    border = np.concatenate(
        [picture[:4].ravel(), picture[-4:].ravel(), picture[:, :4].ravel(), picture[:, -4:].ravel()]
    )
    assert border.max() <= 2
    rim, inner = picture[:, 4:14].mean(), picture[:, 60:200].mean()
    assert rim < 0.25 * inner
    seen(solo, np.full((HIGH, WIDE), 255, np.uint8), 0.5)  # an outline along the edge
    assert max(solo.picture()[:4, :, :3].max(), solo.picture()[:, -4:, :3].max()) <= 2


def test_g4_the_reveal_changes_picture_and_lamp_over_in_the_time_of_its_cue(tmp_path: Path) -> None:
    (tmp_path / "verre.py").write_text((HERE / "verre.py").read_text())
    (tmp_path / "show.toml").write_text("""
format = 1
seed = 1
[stage]
height_px = 90
[scene.verre]
file = "verre.py"
[programme]
cues = [{ name = "glass", scene = "verre", fade_s = 0.3 },
        { name = "reveal", scene = "verre", fade_s = 1.0, go = "osc:/reveal", set = { reveal = 1.0 } }]
[light.behind]
address = "simulated"
""")
    script = [Act(0.5, event=("osc:/reveal", 1.0))]
    play = rehearse(read_show(tmp_path / "show.toml", simulate=True), 2.0, script=script, visitors=0)
    levels = [max((lamp.level for lamp in moment.frame.lamps), default=0.0) for moment in play.frames()]
    assert levels[29] == 0
    first, full = (next(i for i, level in enumerate(levels) if level > least) for least in (0.0, 0.9999))
    assert full - first == pytest.approx(60, abs=2)
    assert levels == sorted(levels)


def test_g5_who_comes_near_becomes_who_stood_there_before() -> None:
    far = Solo(HERE / "verre.py", delay=2.0, height_px=180)
    seen(far, body(0.25), 2.0)
    seen(far, body(0.75), 2.9, y=0.7)
    assert lit_share(far, 0, 1)[1] == 0, "far from the glass nobody of another time is seen"
    near = Solo(HERE / "verre.py", delay=2.0, height_px=180)
    seen(near, body(0.25), 2.0)
    seen(near, body(0.75), 1.9, y=0.95)
    cold, warm = lit_share(near, 0.55, 1)
    assert lit_share(near, 0, 0.45)[1] > max(warm, cold), "near it, the other one, and hardly oneself"


def test_g5_masks_are_kept_for_30_seconds_at_most_and_never_pictures() -> None:
    solo = Solo(HERE / "verre.py", height_px=16, fps=15)
    for _ in range(33):
        seen(solo, body(0.4), 0.25)
    kept = solo.scene.masks
    assert kept[-1][0] - kept[0][0] <= 30.1
    assert all(packed.dtype == np.uint8 and packed.size == 128 * 72 // 8 for _, packed in kept), "bits, no pixels"
    assert solo.time - solo.scene.born[0] <= 30.1 and solo.scene.outlines.shape[1:] == (84, 2)


def test_g6_three_seconds_after_the_last_one_left_it_is_a_mirror() -> None:
    solo = Solo(HERE / "verre.py", hears=True)
    seen(solo, body(0.5), 4.0, y=0.95)
    seen(solo, None, 3.0)
    assert solo.picture()[..., :3].max() == 0
    assert not solo.made.sounds.holds


def test_g7_a_pane_that_fills_with_light_is_told() -> None:
    solo = Solo(HERE / "verre.py", height_px=90)
    seen(solo, body(0.5), 1.0)
    assert solo.said == []
    solo.scene.size[:] = 0.2
    seen(solo, np.full((HIGH, WIDE), 255, np.uint8), 1.0)
    solo.scene.bright_s = 4.9
    seen(solo, np.full((HIGH, WIDE), 255, np.uint8), 1.0)
    assert any("stops being glass" in line for line in solo.said)


def test_verre_looks_as_it_did(golden) -> None:
    solo = Solo(HERE / "verre.py", delay=1.0)
    seen(solo, body(0.3), 1.2)
    seen(solo, body(0.7), 0.9, y=0.95)
    golden("verre-near", solo.picture(), tolerance=3)


@pytest.mark.parametrize("flip", ["none", "horizontal", "vertical", "both"])
def test_g1_g3_black_stays_black_through_warp_and_flip(flip: str) -> None:
    picture = np.zeros((90, 160, 4), np.uint8)
    picture[..., 3] = 255
    picture[10:30, 20:50, :3] = 200
    profile = Profile(size=(160, 90), corners=((3, 2), (155, 5), (150, 88), (4, 84)))
    out = Mapping(profile, (160, 90), flip, kernels=kernels).apply(picture)
    middle = np.argwhere(out[..., :3].max(-1) > 100).mean(0)
    assert bool(middle[1] > 80) is (flip in ("horizontal", "both"))
    assert bool(middle[0] > 45) is (flip in ("vertical", "both"))
    assert (out[..., :3].max(-1) == 0).mean() > 0.9


def around(left: float, top: float, wide: float, high: float) -> Visitor:
    box = np.array(((left, top), (left + wide, top), (left + wide, top + high), (left, top + high)), np.float32)
    return Visitor(1, left + wide / 2, 0.7, outline=box)


def test_a_pixel_of_the_mask_more_or_less_does_not_move_the_outline() -> None:
    solo = Solo(HERE / "verre.py", height_px=360)
    edges = []
    for frame in range(120):
        solo.step(visitors=(around(0.5, 0.3, 0.3 + frame // 2 % 2 / 180, 0.5),))
        edges.append(float(solo.scene.rings[1][0][:, 0].max()))
    assert np.ptp(edges[60:]) < 0.3 / 180


def test_an_outline_that_is_another_all_at_once_comes_softly() -> None:
    solo = Solo(HERE / "verre.py", height_px=360)
    brightest = []
    for frame in range(120):
        solo.step(visitors=(around(0.5 if frame < 90 else 0.7, 0.3, 0.3, 0.5),))
        brightest.append(int(solo.picture()[120:280, 340:, :3].max()))  # where only the second has a side
    assert brightest[89] < 20 and brightest[91] < 60 < brightest[119]
