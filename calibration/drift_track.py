"""What many glimpses say together of a drift: how far, how sure, whose fault, and what may be mended. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from calibration.drift import Drift, Outlook
from engine.show.profile import Profile

KEPT, FEWEST = 9, 5  # glimpses that are looked at together, and how many must know before anything is said
ALERT_PX, SIGMAS = 0.5, 4.0  # from where a drift is told: so far, and so many standard deviations
MENDED_PX = (0.2, 2.0)  # drifts that are made good: what is more needs a person
ALIKE, ALIKE_PX = 0.25, 0.1  # share of the move, or camera_px, by which projections differ if the camera moved


@dataclass(frozen=True, slots=True)
class Estimate:
    """A projector's drift, in projector_px, as `Drift` counts it; its standard deviation, and glimpses that told it."""

    x_px: float
    y_px: float
    sigma_px: float
    count: int

    @property
    def far_px(self) -> float:
        """How far in all."""
        return float(np.hypot(self.x_px, self.y_px))

    @property
    def is_drift(self) -> bool:
        """Whether it is worth a word."""
        return self.far_px > max(ALERT_PX, SIGMAS * self.sigma_px)


def estimate_of(drifts: Sequence[Drift]) -> Estimate | None:
    """Return what the newest glimpses say together, or None while too few know anything.

    The median lets single wrong ones go; it is believed once three of four agree.
    """
    known = [drift for drift in drifts if drift.is_known][-KEPT:]
    if len(known) < FEWEST:
        return None
    places = np.array([(drift.x_px, drift.y_px) for drift in known])
    middle = np.median(places, axis=0)
    spread = float(np.percentile(np.abs(places - middle), 75, axis=0).max()) / 1.15
    sigma = max(spread, float(np.median([drift.sigma_px for drift in known])))
    return Estimate(float(middle[0]), float(middle[1]), 1.25 * sigma / len(known) ** 0.5, len(known))


def alerts(estimates: Mapping[str, Estimate], outlooks: Mapping[str, Outlook]) -> dict[str, str]:
    """Return a line for each projector of one camera that has drifted; if all have alike, it may be the camera."""
    drifted = {name: each for name, each in estimates.items() if each.is_drift}
    if drifted and is_camera(estimates, outlooks):
        why = "as all that this camera sees: was the camera moved? `mixeur calibrate verify` tells"
        return {name: f"its picture seems moved by {each.far_px:.1f} px, {why}" for name, each in drifted.items()}
    return {name: f"its picture has moved by {each.far_px:.1f} px (right {each.x_px:+.1f}, down {each.y_px:+.1f}; "
            f"within {2 * each.sigma_px:.2f}); see to its mount" for name, each in drifted.items()}


def mendable(estimates: Mapping[str, Estimate], outlooks: Mapping[str, Outlook]) -> dict[str, Estimate]:
    """Return drifts that are small, sure, and no move of the camera: another projector that it sees stands still."""
    if not any(each.far_px < MENDED_PX[0] and each.sigma_px < MENDED_PX[0] / 2 for each in estimates.values()):
        return {}
    return {name: each for name, each in estimates.items()
            if MENDED_PX[0] <= each.far_px <= MENDED_PX[1] and each.far_px > SIGMAS * each.sigma_px}


def is_camera(estimates: Mapping[str, Estimate], outlooks: Mapping[str, Outlook]) -> bool:
    """Return whether the camera may have moved: all projections moved alike in its picture, or there is one only."""
    moved = np.array([np.linalg.solve(slope_of(outlooks[name]), (each.x_px, each.y_px))
                      for name, each in estimates.items()])
    if len(moved) < len(outlooks):
        return False  # of another projector nothing is known
    mean = moved.mean(0)
    return bool(np.hypot(*(moved - mean).T).max() < max(ALIKE_PX, ALIKE * np.hypot(*mean)))


def slope_of(outlook: Outlook) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return how projector_px change with camera_px, in the middle. Shape (2, 2)."""
    px = outlook.projector_px.astype(np.float64)
    across, down = np.diff(px, axis=1).reshape(-1, 2), np.diff(px, axis=0).reshape(-1, 2)
    return np.stack([np.nanmedian(across, axis=0), np.nanmedian(down, axis=0)], axis=1)


def mended(profile: Profile, drift: Estimate) -> Profile:
    """Return a profile by which the picture falls where it fell before the drift; masks go with it, blend maps stay."""
    return _shifted(profile, -drift.x_px, -drift.y_px)


def unmended(profile: Profile | None, solved: Profile | None) -> Profile | None:
    """Return a profile as a hand left it: without what was mended since it was solved."""
    if profile is None or profile.watch is None or profile.watch.moved_px == (0.0, 0.0):
        return profile
    x, y = profile.watch.moved_px
    before = _shifted(profile, -x, -y)
    is_solved = solved is not None and solved.mesh is not None and before.mesh is not None and \
        np.shape(solved.mesh) == np.shape(before.mesh) and np.allclose(solved.mesh, before.mesh, rtol=0, atol=1e-6)
    return replace(before, mesh=solved.mesh) if is_solved and solved is not None else before


def _shifted(profile: Profile, x: float, y: float) -> Profile:
    def row(points: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
        return tuple((px + x, py + y) for px, py in points)

    changes = {"corners": profile.corners and row(profile.corners),
               "mesh": profile.mesh and tuple(map(row, profile.mesh)),
               "mask": tuple(map(row, profile.mask))}
    surfaces = tuple(replace(each, corners=each.corners and row(each.corners),
                             mesh=each.mesh and tuple(map(row, each.mesh))) for each in profile.surfaces)
    watch = profile.watch and replace(profile.watch, moved_px=(profile.watch.moved_px[0] + x,
                                                               profile.watch.moved_px[1] + y))
    return replace(profile, surfaces=surfaces, watch=watch, **changes)  # type: ignore[arg-type]
