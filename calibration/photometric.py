"""From pictures of each projector's light to what all of them shall show together, and the maps that make it so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from calibration.blend import Target, floor_of, target_of, weights_of
from calibration.brightness import blacks_of, brightness_of, wall_of
from calibration.colour import LUMINANCE, luminance_of, mixes_of
from calibration.grid import Array, Grid, reach_of
from calibration.light_scan import LightScan
from calibration.paint import CLEAR_PX, ONE, TOLD, MadeGood, lifted, made_good, paint_of
from calibration.response import ADDITIVE, Answer, answer_of
from calibration.stage import Stage
from engine.render.mesh import stage_under
from engine.show.profile import Profile

Flags = NDArray[np.bool_]
TOP = 65535


@dataclass(frozen=True)
class Blend:
    """Which projector reaches which places, and how they share them. Shapes (projectors, rows, columns)."""

    inside: Flags
    outside: Flags
    weights: Array


@dataclass(frozen=True)
class Light:
    """What the camera is to see of the stage; fields over the grid, light in its numbers at the first exposure.

    Attributes:
        inside: Where each projector reaches. Shape (projectors, rows, columns).
        gains: What each projector uses of its own light. Shape (projectors, rows, columns).
        own: How bright each is, without the wall's spots. Shape (projectors, rows, columns).
        wall: What the wall makes of red, green and blue. Shape (rows, columns, 3).
        target: Of white. Shape (rows, columns).
        floor: Of black. Shape (rows, columns, 3).
        blacks: Of each projector, in shares of its brightness. Shape (projectors, 3).
        room: The room's own light, before the wall. Shape (rows, columns, 3).
        common: What is seen of full red, green and blue, white's luminance 1. Shape (3, 3), a column each.
        total: What all projectors give together, mixed and blended. Shape (rows, columns).
        plain: The target where the wall's colours are left as they are. Shape (rows, columns).
        paint: The wall's own colours, where they are made good; None: they are left.
    """

    inside: Flags
    gains: Array
    own: Array
    wall: Array
    target: Array
    floor: Array
    blacks: Array
    room: Array
    common: Array
    total: Array
    plain: Array
    paint: MadeGood | None = None

    @property
    def white(self) -> Array:
        """The colour of white, its luminance 1. Shape (3,)."""
        return np.asarray(self.common.sum(1))

    @property
    def shown(self) -> Array:
        """What of the colour of white is to be seen at each place. Shape (rows, columns, 3)."""
        wall = self.wall if self.paint is None else np.ones(3)
        return np.asarray(wall * (self.target if self.paint is None
                                  else np.minimum(self.target, self.paint.reach))[..., None])

    @property
    def reached(self) -> Flags:
        """Where the projectors give what is asked for. Shape (rows, columns)."""
        return np.ones(self.target.shape, bool) if self.paint is None else self.paint.reach >= self.target * (1 - TOLD)

    def expected(self, signal: float, gamma: float) -> Array:
        """Return what the camera shall see when the whole stage shows a grey. Shape (rows, columns, 3)."""
        return np.asarray(self.shown * self.white * signal ** gamma + self.wall * (self.floor + self.room))


@dataclass(frozen=True)
class Tone:
    """What a profile needs besides the maps."""

    response: Array
    mix: Array | None
    primaries: Array
    additive: Array

    @property
    def white(self) -> Array:
        """What is seen of its white on an even wall, with a luminance of 1. Shape (3,)."""
        white = self.additive * self.primaries.sum(1)
        return np.asarray(white / (LUMINANCE @ white))

    @property
    def mixed(self) -> Array:
        """Its mix, or none. Shape (3, 3)."""
        return np.eye(3) if self.mix is None else self.mix


def blend_of(profiles: Sequence[Profile], lit: Sequence[Flags], grid: Grid) -> Blend:
    """Return how projectors share the stage.

    Args:
        lit: Where the camera saw each projector's light. Shape (rows, columns) each.
    """
    reach = [reach_of(profile, grid) for profile in profiles]
    margins = [_step_px(profile, grid) for profile in profiles]
    inside = np.stack([(r > margin) & seen for r, margin, seen in zip(reach, margins, lit, strict=True)])
    outside = np.stack([(r < -margin) for r, margin in zip(reach, margins, strict=True)])
    weights = np.stack(weights_of(list(inside), grid))
    return Blend(inside, outside, _filled(weights, np.asarray(np.any(inside, axis=0))))


def light_of(scans: Sequence[LightScan], blend: Blend, grid: Grid, target: Target, is_coloured: bool,
             stage: Stage | None = None) -> tuple[Light, list[Tone]]:
    """Return what the whole stage shall look like, and each projector's tone.

    Args:
        is_coloured: Whether red, green and blue are mixed so that all projectors show the same.
        stage: Where it stands in the pictures, if the wall's own colours are to be made good; colours are mixed then.
    Raises:
        MixeurError: The pictures do not tell a projector's light; with cause and remedy.
    """
    answers = [_answer(number, scan, blend, grid) for number, scan in enumerate(scans)]
    primaries = [luminance_of(answer.primaries) for answer in answers]
    mixes, shares = mixes_of(primaries) if is_coloured else ([None] * len(answers), [1.0] * len(answers))
    tones = [Tone(answer.response, mix, own_primaries, answer.additive)
             for answer, mix, own_primaries in zip(answers, mixes, primaries, strict=True)]
    inside = list(blend.inside)
    full = brightness_of([np.asarray(answer.white @ LUMINANCE, np.float64) for answer in answers], inside, grid)
    wall = wall_of([np.asarray(answer.white, np.float64) for answer in answers], inside,
                   [light[..., None] * tone.white for light, tone in zip(full, tones, strict=True)])
    weights = np.stack([there + 0.01 for there in inside])[..., None]  # who lights a place tells most of its black
    black = np.sum(weights * np.stack([answer.black for answer in answers]), axis=0) / weights.sum(0)
    blacks, room = blacks_of(black, wall, full, inside, list(blend.outside), grid)
    covered = np.asarray(np.any(blend.inside, axis=0))
    own = np.stack([light * share for light, share in zip(full, shares, strict=True)])
    total = (blend.weights * own).sum(0)
    wanted = target_of(total, covered, grid, target)
    leaks = sum(there[..., None] * light[..., None] * share
                for there, light, share in zip(inside, full, blacks, strict=True))
    floor = np.stack([floor_of(leaks[..., k], covered, grid, target) for k in range(3)], axis=2)
    common = tones[0].primaries @ tones[0].mixed / shares[0] if is_coloured else np.mean(primaries, axis=0)
    plain, paint = wanted, None
    if stage is not None:
        paint = made_good(paint_of(scans, answers, stage), full, inside, grid, total, primaries,
                          [tone.mixed for tone in tones])
        wanted, common = target_of(lifted(paint.reach, covered), covered, grid, target), paint.cast[:, None] * common
    gains = blend.weights * np.where(total > 0, np.minimum(wanted / np.maximum(total, 1e-9), 1.0), 0.0)
    light = Light(blend.inside, gains, np.stack(full), wall, wanted, floor, blacks, room, common, total, plain, paint)
    return light, tones


def maps_of(number: int, profiles: Sequence[Profile], blend: Blend, grid: Grid, light: Light | None = None,
            tone: Tone | None = None) -> dict[str, NDArray[np.uint16]]:
    """Return one projector's maps by what `engine.show.profile.Light` calls them.

    Args:
        light, tone: As measured; None: projectors are taken as alike.
    """
    u, v = stage_under(profiles[number])
    gains = blend.weights if light is None else light.gains
    gain = np.rint(grid.under(gains[number], u, v).clip(0, 1) * TOP).astype(np.uint16)
    if light is None or tone is None:
        return {"gain": gain}
    missing = np.stack([grid.under(light.floor[..., k], u, v) for k in range(3)], axis=2)
    for other, profile in enumerate(profiles):
        there = np.ones(u.shape, np.float32) if other == number else _reached(profile, u, v)
        missing -= (there * grid.under(light.own[other], u, v))[..., None] * light.blacks[other].astype(np.float32)
    share = grid.under(blend.weights[number] / light.own[number], u, v)
    lift = (missing.clip(0, None) * share[..., None]) @ np.linalg.inv(tone.primaries).T.astype(np.float32)
    maps = {"gain": gain, "lift": np.rint(lift.clip(0, 1) * TOP).astype(np.uint16)}
    if light.paint is None:
        return maps
    clear = [np.asarray(within_px(profile, u, v) > CLEAR_PX) for profile in profiles]
    own = [grid.under(each, u, v) for each in light.own]
    tint = light.paint.tint(own, clear, light.paint.paint.under(u, v)) * grid.under(gains[number], u, v)[..., None]
    return maps | {"tint": np.rint((tint * ONE).clip(0, TOP)).astype(np.uint16)}


def warnings_of(names: Sequence[str], tones: Sequence[Tone]) -> list[str]:
    """Return what a technician must know of the projectors, in words."""
    return [f"projector {name}: white is not red, green and blue together (off by {abs(tone.additive - 1).max():.0%}); "
            "switch off brilliant colour and dynamic contrast in its menu, and scan again"
            for name, tone in zip(names, tones, strict=True) if abs(tone.additive - 1).max() > ADDITIVE]


def _answer(number: int, scan: LightScan, blend: Blend, grid: Grid) -> Answer:
    own = blend.inside[number]
    alike = own & np.delete(blend.inside, number, axis=0).any(0)
    return answer_of(scan, grid, own, alike if alike.sum() > 50 else own)


def _step_px(profile: Profile, grid: Grid) -> float:
    """Return how many of a projector's pixels lie between two places of the grid."""
    mesh = np.array(profile.mesh)
    along = np.hypot(*np.moveaxis(np.diff(mesh, axis=1), 2, 0)) * (mesh.shape[1] - 1) / (grid.u.shape[1] - 1)
    return float(np.median(along)) + 2.0


def _filled(values: Array, known: Flags) -> Array:
    """Return fields whose unknown places take the nearest known one's value. Shape (n, rows, columns)."""
    if known.all() or not known.any():
        return values
    nearest = distance_transform_edt(~known, return_distances=False, return_indices=True)
    return np.asarray(values[:, nearest[0], nearest[1]])


def _reached(profile: Profile, u: NDArray[np.float32], v: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return whether places of the stage are in a projector's picture, 0..1, its border a pixel wide."""
    return np.asarray((within_px(profile, u, v) + 0.5).clip(0, 1), np.float32)


def within_px(profile: Profile, u: NDArray[np.float32], v: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how far inside a projector's picture places of the stage fall, in projector_px; below 0 outside."""
    mesh = np.array(profile.mesh, np.float32)
    rows, columns = mesh.shape[:2]
    x, y = np.nan_to_num(u, nan=-9) * np.float32(columns - 1), np.nan_to_num(v, nan=-9) * np.float32(rows - 1)
    px = cv2.remap(mesh, x.clip(0, columns - 1), y.clip(0, rows - 1), cv2.INTER_LINEAR)
    return np.asarray(np.minimum(px, np.array(profile.size, np.float32) - px).min(axis=2))


def encoded(picture: NDArray[np.uint16]) -> bytes:
    """Return a map as the bytes of a PNG."""
    shown = picture if picture.ndim == 2 else np.ascontiguousarray(picture[..., ::-1])
    return bytes(cv2.imencode(".png", shown)[1])
