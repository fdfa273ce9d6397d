"""Camera and projector from poses of a checkerboard: a first arrangement, its adjustment, what speaks against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from calibration.board_scan import BoardScan
from calibration.bundle import Adjusted, Array, Stereo, adjust, distances, rms
from calibration.manifest import Board
from calibration.pose import solve_pose
from engine.problems import MixeurError

FEWEST_POSES, RELEASED_POSES = 3, 4
LEAST_TILT_DEG = 8.0  # between the two boards that differ most; parallel ones leave the focal length open
FEWEST_CORNERS = 8  # of a pose, in each picture
OUTLIER_SIGMA, OUTLIER_PX = 5.0, 0.25  # farther off than both: left out
BAD_POSE, BAD_POSE_PX = 4.0, 1.5  # times the others' error, and more than this: the board moved meanwhile
LOST_PX = 4.0  # of most corners, from which on nothing has been found
UNSURE = 0.05  # of a focal length
MIRRORED = 0.3  # of the error that is left, if the projector's picture is turned over


@dataclass(frozen=True)
class Calibration:
    """What the poses tell.

    Attributes:
        flat: With a plane board.
        released: With the board's own shape; None with too few poses, or where it is not wanted.
        used: The poses that took part.
        left_out: Poses that did not, and why.
        doubts: What the poses do not tell, and what to do.
    """

    flat: Adjusted
    released: Adjusted | None
    used: Sequence[BoardScan]
    left_out: Sequence[str]
    doubts: Sequence[str]

    @property
    def best(self) -> Adjusted:
        """The adjustment to be trusted."""
        return self.released or self.flat


def calibrate(scans: Sequence[BoardScan], board: Board, projector: tuple[int, int]) -> Calibration:
    """Return camera and projector that see the board's corners where they were seen.

    Raises:
        MixeurError: Too few poses, all parallel, a mirrored picture, or no arrangement; with cause and remedy.
    """
    left_out: list[str] = []
    used = _with_corners(scans, left_out)
    _enough(used, left_out)
    sizes = np.array([used[0].camera_size, projector], np.float64)
    nominal = nominal_board(board)
    for _ in range(3):
        seen = _seen(used)
        start = _tilted(_first_camera(used, nominal, sizes[0]))
        start = _first_projector(start, seen, projector)
        flat = adjust(start, seen, sizes, is_released=False)
        bad = _bad_poses(flat, used)
        if not bad:
            break
        left_out += [f"{used[place].name}: its corners are {error:.1f} px off; the board or the camera moved meanwhile"
                     for place, error in bad.items()]
        used = [scan for place, scan in enumerate(used) if place not in bad]
        _enough(used, left_out)
    if (off := float(np.nanmedian(distances(flat.residual_px)))) > LOST_PX:
        raise MixeurError(f"no camera and projector see the board so: its corners are {off:.0f} px off; are `order`, "
                          "`first`, `projector` and `corners` right, and did both stand still from pose to pose?")
    flat = _trimmed(flat, seen, sizes, is_released=False)
    released = None
    if board.shape == "released" and len(used) >= RELEASED_POSES:
        released = _trimmed(adjust(flat.rig, seen, sizes, is_released=True), seen, sizes, is_released=True)
    return Calibration(flat, released, used, left_out, _doubts(released or flat))


def nominal_board(board: Board) -> Array:
    """Return a board's corners in squares about its middle, as they were printed. Shape (n, 3)."""
    a, b = board.corners
    x, y = np.meshgrid(np.arange(a) - (a - 1) / 2, np.arange(b) - (b - 1) / 2)
    return np.stack([x.ravel(), y.ravel(), np.zeros(a * b)], 1)


def bend(shape: Array) -> float:
    """Return how far a board's corners lie off their plane, rms, in squares."""
    ones = np.column_stack([shape[:, :2], np.ones(len(shape))])
    left = shape[:, 2] - ones @ np.linalg.lstsq(ones, shape[:, 2], rcond=None)[0]
    return rms(left)


def _with_corners(scans: Sequence[BoardScan], left_out: list[str]) -> list[BoardScan]:
    used = []
    for scan in scans:
        seen, shown = (int(np.isfinite(px[:, 0]).sum()) for px in (scan.camera_px, scan.projector_px))
        if min(seen, shown) >= FEWEST_CORNERS:
            used.append(scan)
        else:
            left_out.append(f"{scan.name}: only {shown} of {len(scan.camera_px)} corners are lit by the code")
    return used


def _enough(used: Sequence[BoardScan], left_out: Sequence[str]) -> None:
    if len({scan.camera_size for scan in used}) > 1:
        raise MixeurError("the poses' pictures differ in size; all must come from one camera that is not zoomed")
    if len(used) >= FEWEST_POSES:
        return
    about = f" ({'; '.join(left_out)})" if left_out else ""
    count = "one pose" if len(used) == 1 else f"{len(used)} poses"
    raise MixeurError(f"{count} of the board cannot tell focal length from distance{about}; take eight or more, tilted "
                      "to all sides by 20 to 40 degrees, near and far, into the picture's corners")


def _seen(used: Sequence[BoardScan]) -> Array:
    return np.stack([np.stack([scan.camera_px for scan in used]), np.stack([scan.projector_px for scan in used])])


def _first_camera(used: Sequence[BoardScan], nominal: Array, size: Array) -> Stereo:
    """Return the camera's first arrangement.

    Source:
        Zhang 2000, "A flexible new technique for camera calibration".
    """
    corners, places = [], []
    for scan in used:
        known = np.isfinite(scan.camera_px[:, 0])
        corners.append(nominal[known].astype(np.float32))
        places.append(scan.camera_px[known].astype(np.float32))
    flags = cv2.CALIB_FIX_K3 | cv2.CALIB_ZERO_TANGENT_DIST | cv2.CALIB_FIX_K2
    try:
        _, matrix, bent, turns, moves = cv2.calibrateCamera(
            corners, places, (int(size[0]), int(size[1])), None, None, flags=flags)
    except cv2.error:
        raise MixeurError("no camera sees the board so; check `corners` in [board]") from None
    optics = np.zeros((2, 9))
    optics[0, :5] = matrix[0, 0], matrix[1, 1], matrix[0, 2], matrix[1, 2], np.ravel(bent)[0]
    optics[1, :4] = 1, 1, 0, 0
    rotations = np.stack([np.asarray(cv2.Rodrigues(turn)[0], np.float64) for turn in turns])
    return Stereo(optics, np.eye(3), np.zeros(3), rotations, np.stack([np.ravel(move) for move in moves]), nominal)


def _tilted(rig: Stereo) -> Stereo:
    """Return the arrangement; `MixeurError` if all poses face the same way."""
    normals = rig.turns[:, :, 2]
    spread = float(np.degrees(np.arccos(np.clip(normals @ normals.T, -1, 1)).max()))
    if spread < LEAST_TILT_DEG:
        raise MixeurError(f"the board faces the same way in all poses (within {spread:.0f} degrees), so focal length "
                          "and distance cannot be told apart; tilt it by 20 to 40 degrees to all sides")
    return rig


def _first_projector(rig: Stereo, seen: Array, projector: tuple[int, int]) -> Stereo:
    """Return the arrangement with the projector at its first place, found from all corners in space together."""
    known = np.isfinite(seen[1, :, :, 0])
    points, px = rig.in_camera()[known], seen[1][known]
    found = solve_pose(points, px, projector, 1.0)
    off = float(np.median(found.residual_px))
    if off > 1.0:
        turned = px * (-1, 1) + (projector[0], 0)
        if float(np.median(solve_pose(points, turned, projector, 1.0).residual_px)) < MIRRORED * off:
            raise MixeurError("the projector's picture is mirrored in the camera's; if it shines from behind a screen "
                              "or over a mirror set `mirrored = true`, else columns and rows have changed places in "
                              "`order`")
    lens = found.lens
    optics = rig.optics.copy()
    optics[1] = (lens.focal_px, lens.focal_px, *lens.centre_px, lens.k1, 0, 0, 0, 0)
    return replace(rig, optics=optics, turn=lens.turn, move=-lens.turn @ lens.at_m)


def _trimmed(found: Adjusted, seen: Array, sizes: Array, *, is_released: bool) -> Adjusted:
    """Return the adjustment without the few corners that are far off."""
    kept = seen.copy()
    for part, its in zip(kept, distances(found.residual_px), strict=True):
        sigma = np.nanmedian(its) / 1.1774
        part[its > max(OUTLIER_SIGMA * sigma, OUTLIER_PX)] = np.nan
    if np.isnan(kept).sum() == np.isnan(seen).sum():
        return found
    return adjust(found.rig, kept, sizes, is_released)


def _bad_poses(found: Adjusted, used: Sequence[BoardScan]) -> dict[int, float]:
    errors = np.nanmedian(distances(found.residual_px), axis=2).max(0)
    limit = max(BAD_POSE * float(np.median(errors)), BAD_POSE_PX)
    return {place: float(error) for place, error in enumerate(errors) if error > limit}


def _doubts(found: Adjusted) -> list[str]:
    """Return which focal lengths the poses hardly tell."""
    return [f"the {name}'s focal length is known to {100 * sigma / optics[0]:.0f} % only; take more poses, tilted to "
            "all sides and at other distances"
            for name, optics, sigma in (("camera", found.rig.optics[0], found.sigma[0]),
                                        ("projector", found.rig.optics[1], found.sigma[9]))
            if sigma > UNSURE * optics[0]]
