"""Verify: shows pictures through the new calibration, by the engine's own way, and judges what the camera sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import combinations
from types import ModuleType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.check import linear
from calibration.colour import LUMINANCE, difference, lab_of, misses
from calibration.grid import FINE, Array, Grid
from calibration.light_scan import BLACK, COLOURS, FEW, MANY, SHARES, WHITE, LightRig, Signal
from calibration.photometric import Light
from engine.render.layer import Group, Layer, Picture
from engine.render.stage import STAGE, Beam, LightOutput
from engine.show.profile import Profile

Floats = NDArray[np.float32]
PERIOD_PX, STEPS = 32, 5  # of the waves by which a seam is measured, in pixels of the stage
SMOOTH_PX = 9  # side of the square of camera pixels over which seams and brightness are averaged
DRIVES = (1.0, 0.02, 0.6, 0.0, 0.3, 0.1)  # signals of grey; light and dark in turns, so that a late picture is found
DITHER_DN, DITHERS = 2.0, 7  # light of several greys, in numbers of 255: their mean tells what whole numbers hide
DARK_DN = 32.0  # below it a camera's numbers are coarse
LEAST_WAVE = 0.15  # of the strongest: a weaker one is not measured
LIMITS = {"seam_p95_px": 0.5, "bright_p95": 0.03, "dark_p95": 0.08, "black_p95": 0.10, "coverage": 0.98,
          "colour_de00": 2.0, "wall_de00": 4.0}
REMEDIES = {
    "seam_p95_px": "the pictures do not meet: was a projector or the camera moved? Scan and solve again",
    "bright_p95": "the overlap differs in brightness: did a lamp mode or a picture setting change? Scan again",
    "dark_p95": "dark tones differ: no automatic exposure, JPEGs at best quality; darken the room and scan again",
    "black_p95": "blacks differ: darken the room, set JPEGs to best quality and scan again, or choose --target strict",
    "coverage": "part of the stage stays dark: turn the projectors, mend the mask, or make the stage smaller",
    "colour_de00": "colours differ: same picture mode in all projectors, then `mixeur calibrate colour`",
    "wall_de00": "the wall's own colours show: was the camera, a projector or the wall's paint changed? Scan again",
}


@dataclass(frozen=True, slots=True)
class Pair:
    """How two projectors meet; shares are of what the camera should see, at 95 of 100 places.

    Attributes:
        seam_median_px, seam_p95_px: How far their pictures lie apart, in projector_px.
        bright_p95, dark_p95: Error of the overlap's brightness at signals from 0.3, and below. None: not measured.
        black_p95: Of its black and the black around it, or None.
        colour_de00: Largest CIEDE2000 between the two sides, or None.
        places: How many places of the stage both light.
    """

    first: str
    second: str
    seam_median_px: float
    seam_p95_px: float
    bright_p95: float | None
    dark_p95: float | None
    black_p95: float | None
    colour_de00: float | None
    places: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """All pairs, the stage's coverage, and what is wrong in words with its remedy; none wrong is a pass.

    Attributes:
        wall_de00: How far the wall is from an even one of one colour, in CIEDE2000: the median, and at 95 of 100
            places; None: not measured.
    """

    pairs: Sequence[Pair]
    coverage: float
    wall_de00: tuple[float, float] | None = None
    wrong: Sequence[str] = field(default_factory=tuple)

    def plain(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"passed": not self.wrong, "coverage": self.coverage, "wall_de00": self.wall_de00,
                "pairs": [asdict(pair) for pair in self.pairs],
                "wrong": list(self.wrong)}


class Verifier:
    """Shows stages through profiles and looks at them.

    Args:
        profiles: By name, as the show would use them.
        size_px: (width, height) of the stage.
        kernels: `engine.render.kernels`.
        wait_s: From showing until the camera may be asked.
    """

    def __init__(self, rig: LightRig, camera: str, profiles: Mapping[str, Profile], size_px: tuple[int, int],
                 grid: Grid, wait_s: float, camera_gamma: float, kernels: ModuleType,
                 on_step: Callable[[str], None] = lambda step: None) -> None:
        self._rig, self._camera, self._wait_s, self._gamma = rig, camera, wait_s, camera_gamma
        self.profiles, self.size_px, self.grid, self._say = profiles, size_px, grid, on_step
        beams = {name: Beam(profile=profile) for name, profile in profiles.items()}
        self._output = LightOutput(beams, size_px, "rgba", kernels)
        # a blend's slope would shift what a camera's pixel sees of a wave: seams are measured without it
        bare = {name: Beam(profile=replace(profile, light=None, colour=None)) for name, profile in profiles.items()}
        self._bare = LightOutput(bare, size_px, "rgba", kernels)
        self._seams: dict[str, NDArray[Any]] = {}
        self._looks: dict[tuple[Signal, float], Array] = {}
        step_px = float(np.median(np.diff(grid.x, axis=1))) * FINE  # of the grid, in camera_px
        self._side = 2 * round(SMOOTH_PX / step_px / 2) + 1

    def verdict(self, light: Light | None, inside: NDArray[np.bool_], is_view: bool) -> Verdict:
        """Measure all pairs of projectors that overlap.

        Args:
            light: What the camera is to see; None: projectors were taken as alike, only their geometry is judged.
            inside: Where each projector reaches. Shape (projectors, rows, columns).
            is_view: Whether the stage is all that is lit, so that what nobody reaches is no part of it.
        """
        names = list(self.profiles)
        self._seams = self.seams()
        covered = np.asarray(inside.any(0))
        judge = self._judge(light) if light else None
        coverage = float(np.mean(self._lit(light, covered)[covered if is_view else ...]))
        pairs = []
        for i, j in combinations(range(len(names)), 2):
            both = inside[i] & inside[j]
            if both.sum() < 20:
                continue
            seam = self.apart(names[i], names[j], both)
            bright, dark, black, colour = judge(i, j, both) if judge else (None, None, None, None)
            pairs.append(Pair(names[i], names[j], float(np.median(seam)), float(np.percentile(seam, 95)), bright, dark,
                              black, colour, int(both.sum())))
        uneven = self._uneven(light) if light else None
        self._output.close()
        self._bare.close()
        wrong = wrong_of(pairs, coverage, len(names), uneven if light and light.paint else None)
        return Verdict(pairs, coverage, uneven, wrong)

    def _judge(self, light: Light) -> Callable[[int, int, NDArray[np.bool_]], tuple[float, float, float, float]]:
        """Measure brightness and colour; return what judges a pair by them: bright, dark, black, colour."""
        gamma = next(iter(self.profiles.values())).gamma
        self._say("brightness")
        errors = {drive: self._error(light, drive, gamma) for drive in DRIVES}
        self._say("colour")
        labs = self._labs(light)
        clear = cv2.erode(light.reached.astype(np.uint8), np.ones((self._side, self._side), np.uint8)) > 0
        covered = light.inside.any(0) & clear

        def judge(i: int, j: int, both: NDArray[np.bool_]) -> tuple[float, float, float, float]:
            near = cv2.dilate(both.astype(np.uint8), np.ones((25, 25), np.uint8)).astype(bool) & covered
            p95 = {drive: _p95(error, both & covered if drive else near) for drive, error in errors.items()}
            return (max(p95[d] for d in DRIVES if d >= 0.3), max(p95[d] for d in DRIVES if 0 < d < 0.3), p95[0.0],
                    self._colour(labs, light, i, j))

        return judge

    def _lit(self, light: Light | None, covered: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return where the stage is lit when all of it is white."""
        white = self.look(WHITE) @ LUMINANCE
        if light is not None:
            return np.asarray(white > 0.5 * (light.shown * light.white) @ LUMINANCE)
        above = white - self.look(BLACK) @ LUMINANCE
        return np.asarray(above > 0.25 * np.percentile(above[covered], 95))

    def look(self, colour: Signal, share: float = SHARES[0], pictures: int = MANY) -> Array:
        """Return what the camera sees of a stage of one colour, as light at the first exposure, at each place."""
        if (colour, share) not in self._looks:
            stage = np.full((*self.size_px[::-1], 4), 255, np.uint8)
            stage[..., :3] = colour
            self._show(stage, self._output)
            self._rig.expose(self._camera, share)
            picture = self._rig.grab_colour(self._camera, pictures)[0]
            self._rig.expose(self._camera, SHARES[0])
            self._looks[colour, share] = self.grid.seen(linear(picture, self._gamma)).astype(np.float64) / share
        return self._looks[colour, share]

    def seams(self) -> dict[str, NDArray[Any]]:
        """Return where on the stage each camera pixel sees each projector's light, as complex waves.

        Returns:
            Of columns and rows. Shape (2, height, width) each.
        """
        found = {}
        for name in self.profiles:
            self._say(f"seams of {name}")
            found[name] = np.stack([self._wave(name, axis) for axis in (0, 1)])
        return found

    def _wave(self, name: str, axis: int) -> NDArray[Any]:
        total: NDArray[Any] = np.zeros((), np.complex64)
        length = self.size_px[axis]
        for step in range(STEPS):
            angle = 2 * np.pi * ((np.arange(length) + 0.5) / PERIOD_PX - step / STEPS)
            line = np.rint(255 * (0.5 + 0.45 * np.cos(angle)) ** (1 / 2.2)).astype(np.uint8)
            stage = np.full((*self.size_px[::-1], 4), 255, np.uint8)
            stage[..., :3] = line[None, :, None] if axis == 0 else line[:, None, None]
            self._show(stage, self._bare, only=name)
            picture = linear(self._rig.grab_settled(self._camera)[0], self._gamma)
            total = np.asarray(total + picture * np.complex64(np.exp(2j * np.pi * step / STEPS)))
        return total

    def apart(self, name: str, other: str, both: NDArray[np.bool_]) -> Array:
        """Return how far two projectors' light lies apart at each place of both, in pixels of the first."""
        if not self._seams:
            self._seams = self.seams()
        between = self._seams[name] * np.conj(self._seams[other])
        waves = np.stack([self._mean(part.real) + 1j * self._mean(part.imag) for part in between])
        size = np.abs(waves).min(0)
        strong = both & (size > LEAST_WAVE * np.percentile(size[both], 95))
        apart = np.angle(waves)[:, strong] * PERIOD_PX / (2 * np.pi)
        mesh = np.array(self.profiles[name].mesh)
        cells = np.array(mesh.shape[1::-1]) - 1
        scale = [float(np.median(np.hypot(*np.moveaxis(np.diff(mesh, axis=1 - axis), 2, 0)))) * cells[axis]
                 / self.size_px[axis] for axis in (0, 1)]
        return np.asarray(np.hypot(apart[0] * scale[0], apart[1] * scale[1]))

    def _mean(self, picture: Array) -> Floats:
        return self.grid.seen(cv2.blur(picture, (SMOOTH_PX, SMOOTH_PX)))

    def _error(self, light: Light, drive: float, gamma: float) -> Array:
        """Return by how much brightness plainly misses what is expected, as a share, its overall level left out."""
        shares = self._rig.shares(self._camera)
        share = next((s for s in reversed(shares) if s * drive ** gamma <= 0.6), shares[0])
        covered = light.inside.any(0)
        white_dn = float(np.median((light.shown * light.white)[covered] @ LUMINANCE))
        signals = dithered(drive, gamma, white_dn) if len(shares) == 1 else [round(255 * drive)]
        pictures = MANY if len(signals) == 1 else FEW
        misses = [(self.look((signal,) * 3, share, pictures) - light.expected(signal / 255, gamma)) @ LUMINANCE
                  for signal in signals]
        wanted = light.expected(round(255 * drive) / 255, gamma) @ LUMINANCE
        ratio = 1 + self._evened(np.mean(misses, axis=0) * covered) / np.maximum(self._evened(wanted * covered), 1e-9)
        return np.asarray(np.abs(ratio / np.median(ratio[covered]) - 1))

    def _evened(self, field: Array) -> Array:
        return np.asarray(cv2.blur(field, (self._side, self._side)))

    def _labs(self, light: Light) -> dict[str, Array]:
        """Return the colour of each place, in CIELAB, the wall and the target's brightness taken out."""
        seen = {name: self.look(signal) / light.shown for name, signal in COLOURS.items()}
        covered = light.inside.any(0)
        white = np.median(seen["white"][covered], axis=0)
        return {name: lab_of(picture, white) for name, picture in seen.items()}

    def _colour(self, labs: Mapping[str, Array], light: Light, i: int, j: int) -> float:
        alone = [light.inside[one] & light.reached & ~np.delete(light.inside, one, axis=0).any(0) for one in (i, j)]
        sides = [side if side.sum() > 20 else light.inside[one] for side, one in zip(alone, (i, j), strict=True)]
        return max(float(difference(*(np.median(lab[side], axis=0) for side in sides))) for lab in labs.values())

    def _uneven(self, light: Light) -> tuple[float, float]:
        """Return how far the wall is from an even one of one colour, CIEDE2000: the median, and at 95 of 100 places."""
        gamma, covered = next(iter(self.profiles.values())).gamma, light.inside.any(0)
        apart = [misses(self.look(signal), light.target, light.common, (np.array(signal) / 255) ** gamma)[covered]
                 for signal in COLOURS.values()]
        median, most = np.percentile(apart, (50, 95))
        return float(median), float(most)

    def _show(self, stage: NDArray[np.uint8], output: LightOutput, only: str = "") -> None:
        shown = output.render(Picture({STAGE: (Group((Layer(stage),)),)}))
        for name, frame in shown.items():
            dark = bool(only) and name != only
            self._rig.show(name, np.zeros(frame.shape[:2], np.uint8) if dark else frame[..., :3].copy())
        self._rig.wait(self._wait_s)


def words_of(pair: Pair) -> str:
    """Return a pair's figures for people."""
    words = f"{pair.first} and {pair.second}: seam {pair.seam_p95_px:.3f} px"
    for name, value in (("overlap", pair.bright_p95), ("dark", pair.dark_p95), ("black", pair.black_p95)):
        words += f", {name} {value:.2%}" if value is not None else ""
    return words + (f", colour {pair.colour_de00:.2f}" if pair.colour_de00 is not None else "")


def figures_of(verdict: Verdict) -> list[str]:
    """Return what was measured for people: each pair, coverage, and the wall where it was looked at."""
    wall = ["wall {:.1f}, 95 of 100 places below {:.1f}".format(*verdict.wall_de00)] if verdict.wall_de00 else []
    return [*map(words_of, verdict.pairs), f"coverage {verdict.coverage:.1%}", *wall]


def wrong_of(pairs: Sequence[Pair], coverage: float, projectors: int,
             wall_de00: tuple[float, float] | None = None) -> list[str]:
    """Return what is out of its limits, in words, with the remedy.

    Args:
        wall_de00: See `Verdict`, where the wall's colours are to be made good.
    """
    wrong = []
    if not pairs and projectors > 1:
        wrong.append("no two projectors overlap: turn them so that their pictures meet, and scan again")
    if coverage < LIMITS["coverage"]:
        wrong.append(f"stage: {coverage:.1%} is lit, {LIMITS['coverage']:.0%} is wanted: {REMEDIES['coverage']}")
    if wall_de00 is not None and not wall_de00[0] <= LIMITS["wall_de00"]:
        wrong.append(f"wall: {wall_de00[0]:.3g}, at most {LIMITS['wall_de00']:g}: {REMEDIES['wall_de00']}")
    for pair in pairs:
        for name, limit in LIMITS.items():
            value = getattr(pair, name, None)
            if value is not None and not value <= limit:
                wrong.append(f"{pair.first} and {pair.second}: {name} {value:.3g}, at most {limit:g}: {REMEDIES[name]}")
    return wrong


def dithered(drive: float, gamma: float, white_dn: float) -> list[int]:
    """Return the greys by which a camera of whole numbers tells the light of a drive: a dark one from several near it.

    What a number hides, and a JPEG more, is hidden another way at each: in the mean nothing is.

    Source:
        Non-subtractive dither; Lipshitz, Wannamaker and Vanderkooy 1992.
    """
    light = drive ** gamma
    if light * white_dn > DARK_DN:
        return [round(255 * drive)]
    steps = (np.arange(DITHERS) + 0.5) / DITHERS * DITHER_DN / white_dn
    return [round(255 * float(light + step) ** (1 / gamma)) for step in steps]


def _p95(error: Array, where: NDArray[np.bool_]) -> float:
    return float(np.percentile(error[where], 95))
