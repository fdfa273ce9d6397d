"""The wall's own colours: what it sends back at each place, and the light that makes them good.

Source:
    Grossberg, Peri, Nayar and Belhumeur 2004, "Making one object look like another: controlling appearance using a
    projector-camera system"; the mixing of channels is taken as one for each projector, times the wall's three colours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from calibration.colour import LUMINANCE, luminance_of
from calibration.grid import Array, Floats, Grid
from calibration.light_scan import BLACK, PRIMARIES, LightScan
from calibration.response import CLIPPED, Answer, light_at
from calibration.stage import Stage

CLEAR_PX = 4.0  # inside its border a projector's light is whole
LEAST_LIGHT = 0.1  # of white, times the exposure: less tells little of the wall
UNREACHED = 0.05  # of the wall may stay darker than asked for, or all of it would be as dark as its darkest spot
TOLD = 0.02  # of a projector's light, by which a pixel may miss what is asked for and pass for reached
ONE = 32768  # of a tint in its map
DARKEST = 0.02  # of what the wall sends back on average: below it nothing can be made good

Sampled = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Paint:
    """What the camera saw of the wall, added up over its pictures.

    Attributes:
        sent: Light of each projector that came back. Shape (height, width, 3) of the camera each.
        due: Of a projector of brightness 1 on a white wall. The same shapes.
        stage: Where the stage stands in these pictures.
    """

    sent: Sequence[Floats]
    due: Sequence[Floats]
    stage: Stage

    def colours(self, own: Sequence[NDArray[np.floating]], there: Sequence[NDArray[np.bool_]],
                sampled: Sampled) -> Floats:
        """Return the wall's colours at some places, 1 where it is as bright as on average; unknown ones as near by.

        Args:
            own: How bright each projector is at these places. Shape (rows, columns) each.
            there: Where it lights them.
            sampled: A picture of the camera at these places.
        Returns:
            Shape (rows, columns, 3).
        """
        sent: Floats = np.zeros((*own[0].shape, 3), np.float32)
        due = np.zeros_like(sent)
        for came, asked, bright, lit in zip(self.sent, self.due, own, there, strict=True):
            sent += sampled(came) * lit[..., None]
            due += sampled(asked) * np.asarray(bright * lit, np.float32)[..., None]
        found = np.maximum(sent, 0) / np.maximum(due, 1e-6)
        unknown = due.min(2) <= 0
        if unknown.any() and not unknown.all():
            at = distance_transform_edt(unknown, return_distances=False, return_indices=True)
            found = found[at[0], at[1]]
        return np.asarray(np.maximum(found, DARKEST), np.float32)

    def under(self, u: Floats, v: Floats) -> Sampled:
        """Return what samples a picture of the camera at places of the stage. Shape (rows, columns) both."""
        places = np.stack([np.nan_to_num(axis.ravel(), nan=-1.0) for axis in (u, v)], axis=1).astype(np.float64)
        px = self.stage.camera_px(places)
        x, y = (np.ascontiguousarray(axis.reshape(u.shape), np.float32) for axis in (px - 0.5).clip(-9, 32_000).T)
        return lambda picture: np.asarray(cv2.remap(picture, x, y, cv2.INTER_LINEAR), np.float32)


def paint_of(scans: Sequence[LightScan], answers: Sequence[Answer], stage: Stage) -> Paint:
    """Return what the pictures of all projectors' greys tell of the wall."""
    pairs = [_gathered(scan, answer) for scan, answer in zip(scans, answers, strict=True)]
    return Paint([sent for sent, _ in pairs], [due for _, due in pairs], stage)


def _gathered(scan: LightScan, answer: Answer) -> tuple[Floats, Floats]:
    """Return what came back of a projector's greys above black, and what a white wall had sent back of brightness 1."""
    black = {shot.share: picture for shot, picture in zip(scan.shots, scan.pictures, strict=True)
             if shot.signal == BLACK}
    primaries = luminance_of(answer.primaries)
    sent: Floats = np.zeros(np.shape(scan.pictures[0]), np.float32)
    due = np.zeros_like(sent)
    for shot, picture in zip(scan.shots, scan.pictures, strict=True):
        light = light_at(answer.response, shot.signal[0] / 255)
        if shot.signal in PRIMARIES or light.min() * shot.share < LEAST_LIGHT:
            continue
        clear = (picture.max(axis=2) < CLIPPED)[..., None]
        sent += clear * (picture - black[shot.share])
        due += clear * (answer.factors[shot.share] * (primaries @ light)).astype(np.float32)
    return sent, due


@dataclass(frozen=True)
class MadeGood:
    """A wall whose colours are made good.

    Attributes:
        cast: Its colour as a whole, by which no eye goes. Shape (3,).
        reach: How bright white can be at each place. Shape (rows, columns) of the grid.
    """

    paint: Paint
    cast: Array
    reach: Array

    def tint(self, own: Sequence[NDArray[np.floating]], there: Sequence[NDArray[np.bool_]], sampled: Sampled) -> Floats:
        """Return what the wall must be lit with more of to look as it does as a whole; see `Paint.colours`."""
        return np.asarray(self.cast / self.paint.colours(own, there, sampled), np.float32)


def made_good(paint: Paint, own: Sequence[Array], inside: Sequence[NDArray[np.bool_]], grid: Grid, total: Array,
              primaries: Sequence[Array], mixes: Sequence[Array]) -> MadeGood:
    """Return how far the projectors can make a wall's colours good.

    Args:
        own, inside: Each projector's brightness, and where it reaches. Shape (rows, columns) each.
        total: What all give together of a white that is mixed. Shape (rows, columns).
        primaries, mixes: Of each projector. Shape (3, 3) each.
    """
    colours = paint.colours(own, inside, grid.seen)
    covered = np.any(inside, axis=0)
    white = primaries[0] @ mixes[0].sum(1)
    cast = np.exp(np.log(colours[covered]).mean(axis=0, dtype=np.float64))
    cast *= (LUMINANCE @ white) / (LUMINANCE @ (cast * white))
    most = np.ones(total.shape)
    for there, primary, mix in zip(inside, primaries, mixes, strict=True):
        asked = needed(cast / colours, primary, mix, np.ones(3)).max(axis=2)
        most = np.where(there, np.maximum(most, asked), most)
    return MadeGood(paint, cast, total / most)


def needed(tint: NDArray[np.floating], primaries: Array, mix: Array, light: Array) -> Array:
    """Return the light of a projector, 0..1 where it can, that a tint asks for. Shape (rows, columns, 3).

    Args:
        tint: See `engine.show.profile.Light`. Shape (rows, columns, 3).
        light: Of red, green and blue, before the mix. Shape (3,).
    """
    return np.asarray((tint * (primaries @ mix @ light)) @ np.linalg.inv(primaries).T)


def lifted(reach: Array, covered: NDArray[np.bool_]) -> Array:
    """Return a reach whose darkest spots are taken for brighter ones: they stay out of reach."""
    return np.maximum(reach, np.percentile(reach[covered], 100 * UNREACHED))


def missed(tint: NDArray[np.floating], primaries: Array, mix: Array, light: Array) -> Floats:
    """Return by which share of its light a projector misses a colour at each place; 0 where it reaches it.

    Args:
        tint, primaries, mix, light: See `needed`.
    """
    asked = needed(tint, primaries, mix, light)
    worst = np.maximum(asked - 1, -asked).max(axis=2)
    return np.asarray(np.where(worst > TOLD, worst, 0), np.float32)
