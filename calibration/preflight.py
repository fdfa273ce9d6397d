"""Preflight: what would spoil a scan, found before it begins, each in words with its remedy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.capture import Rig
from calibration.check import BORDER_PX, REMEDIES, has_moved, linear, reference_of, white_fault
from calibration.patterns import Pattern, Plan

Picture = NDArray[Any]
LEAST_DN = 40.0  # of contrast between white and black, in the middle of what is lit
LEAST_SHARPNESS = 0.15  # of the contrast, that the second finest stripes keep
LEAST_SHARE = 0.05  # of the camera's picture
EDGE_PX = 2  # a projection that comes so near to the picture's edge is cut off by it


def preflight(rig: Rig, projector: str, camera: str, plan: Plan, wait_s: float, gamma: float = 1.0) -> list[str]:
    """Return what is wrong with exposure, focus, view and rest of a projector and a camera; nothing if all is well.

    Args:
        wait_s: From showing a frame until the camera may be asked.
        gamma: The camera's, 1 if its numbers are light.
    """
    def seen(pattern: Pattern) -> tuple[Picture, Picture]:
        rig.show(projector, plan.frame(pattern))
        rig.wait(wait_s)
        return rig.grab(camera)[0], rig.grab(camera)[0]

    whites, blacks = seen(Pattern("white")), seen(Pattern("black"))
    bit = plan.bits("columns")[-2]
    stripes = seen(Pattern("bit", "columns", bit))[0], seen(Pattern("bit", "columns", bit, True))[0]
    rig.show(projector, plan.frame(Pattern("black")))
    return faults_of(whites, blacks, stripes, gamma)


def faults_of(whites: tuple[Picture, Picture], blacks: tuple[Picture, Picture], stripes: tuple[Picture, Picture],
              gamma: float = 1.0) -> list[str]:
    """Return what is wrong, from white and black seen twice each and fine stripes with their inverse."""
    reference = reference_of(whites, blacks, gamma)
    if fault := white_fault(whites[0], reference):
        return [REMEDIES[fault]]
    lit, found = reference.is_lit, []
    contrast = float(np.median(reference.contrast[lit]))
    if contrast < LEAST_DN:
        found.append(f"white is only {contrast:.0f} of 255 brighter than black, {LEAST_DN:.0f} are wanted; lengthen "
                     "the exposure, open the lens, or darken the room")
    if has_moved(whites[0], whites[1], reference) or has_moved(blacks[0], blacks[1], reference):
        found.append("two pictures of the same frame differ; fix the tripod, set the exposure to a multiple of the "
                     "projector's frame (1/60, 1/30 s), switch automatic exposure off, and wait longer (--wait-s)")
    if sharpness_of(stripes, reference.contrast, lit, gamma) < LEAST_SHARPNESS:
        found.append("stripes of two pixels are hardly seen; focus the projector and the camera, bring the camera "
                     "nearer or zoom in")
    if lit.mean() < LEAST_SHARE:
        found.append(f"the projection fills only {lit.mean():.0%} of the camera's picture; zoom in or bring it nearer")
    if is_cut_off(lit):
        found.append("the projection goes beyond the camera's picture; turn the camera or move it back")
    return found


def sharpness_of(stripes: tuple[Picture, Picture], contrast: Picture, lit: NDArray[np.bool_],
                 gamma: float = 1.0) -> float:
    """Return the share of white's contrast that stripes keep, 0..1, from stripes and their inverse."""
    apart = np.abs(linear(stripes[0], gamma) - linear(stripes[1], gamma))[lit]
    return float(np.median(apart / np.maximum(contrast[lit], 1.0))) if lit.any() else 0.0


def is_cut_off(lit: NDArray[np.bool_]) -> bool:
    """Return whether what is lit (without its border) reaches the picture's edge."""
    reach = EDGE_PX + BORDER_PX // 2 + 1
    return bool(lit[:reach].any() or lit[-reach:].any() or lit[:, :reach].any() or lit[:, -reach:].any())
