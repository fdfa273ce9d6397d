"""One pose of a checkerboard: where its corners are in the camera's picture and in the projector's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.checkerboard import find_board, other_counts, refine, square_px
from calibration.crossings import Marks, marks_of
from calibration.decode import Decoded, Picture, Scan, decode, unit_of
from calibration.fit import Segment, segment_of
from calibration.folder import Box, Shot, odd_frames, read_picture
from calibration.manifest import Manifest
from calibration.patterns import AXES, Pattern
from calibration.segments import smoothed
from engine.problems import MixeurError

Array = NDArray[np.float64]
MARGIN = 0.75  # of a square beyond the outermost corners: the board goes on, what lies behind it does not show
KNOTS = (3.0, 4.0, 6.0)  # across the board, more if these leave something: lenses and paper bend slowly
LEAST_KNOT_PX = 16.0
PAPER = 0.35  # of the brightest light of its neighbourhood: what sends back less is ink, too dark to trust
LEAST_SHARE = 0.05  # of the brightest light on the board
EDGE = 0.25  # of the brightness about a pixel, by which it changes at a square's border
BORDER = 0.03  # of a square, in which the brightness is looked at
GROSS_PX = 12.0  # a code so far from a plane's is wrong; paper and lenses are not so bent
CODED = 0.25  # of the lit board's pixels must agree; what agrees less is no code
SUPPORT, SUPPORTED = 0.6, 0.2  # of a square around a corner, and the share of it in which the code must be known


@dataclass(frozen=True)
class BoardScan:
    """A pose of the board.

    Attributes:
        camera_px: Corners, nan where not seen. Shape (n, 2).
        projector_px: The same points in the projector's picture, nan where its light does not reach. Shape (n, 2).
        even_odd_px: Differences between the maps from even and from odd stripes, all over the board.
        noise_px: Of a single mark, in projector pixels.
        odd_frames: Frames that do not add up.
    """

    name: str
    camera_size: tuple[int, int]
    camera_px: Array
    projector_px: Array
    even_odd_px: Array = field(repr=False)
    noise_px: float
    odd_frames: Sequence[str]


def board_scan(shot: Shot, manifest: Manifest) -> BoardScan:
    """Return what a pose's pictures tell.

    Raises:
        MixeurError: The board is not seen, or its light carries no code; with cause and remedy.
    """
    assert manifest.board is not None
    first, grid = _found(shot, manifest.board.corners)
    box = _box(grid, first.shape)
    scan = shot.read(manifest, box)
    corner = np.array(box[:2], np.float64)
    near = grid - corner
    refined = refine(scan.light, near)
    filled = np.where(np.isfinite(refined), refined, near)
    surface, labels = _surface(scan, filled)
    seen = refined.reshape(-1, 2)
    shown = surface.at(np.nan_to_num(seen))
    shown[~np.isfinite(seen[:, 0]) | ~_supported(labels, filled.reshape(-1, 2), square_px(filled))] = np.nan
    if manifest.mirrored:
        shown[:, 0] = manifest.projector[0] - shown[:, 0]
    return BoardScan(shot.name, (first.shape[1], first.shape[0]), seen + corner, shown, surface.even_odd_px,
                     surface.noise_px, odd_frames(scan))


def _found(shot: Shot, corners: tuple[int, int]) -> tuple[Picture, Array]:
    """Return the first picture in which the board is found, and its corners."""
    looks = []
    for look in _looks(shot):
        looks.append(look)
        grid = find_board(look, corners)
        if grid is not None:
            return look, grid
    raise MixeurError(_unseen(looks[0], corners))


def _looks(shot: Shot) -> Iterator[Picture]:
    """Yield pictures in which the board is lit evenly: white, then what adds up to it, where white is over-exposed."""
    whole = [read_picture(shot.files[pattern]) for pattern in (Pattern("white"), Pattern("black"))
             if pattern in shot.files]
    if Pattern("white") in shot.files:
        yield max(whole, key=lambda picture: float(picture.mean()))  # some manifests have them in the wrong order
    waves = [pattern for pattern in shot.files if pattern.role == "step"]
    bits = [pattern for pattern in shot.files if pattern.role == "bit"]
    chosen = ([one for one in waves if (one.axis, one.wave) == (waves[0].axis, waves[0].wave)] if waves else
              [one for one in bits if (one.axis, one.bit) == (bits[0].axis, bits[0].bit)])
    pictures = [read_picture(shot.files[pattern]) for pattern in chosen]
    if len({picture.shape for picture in pictures}) > 1:
        raise MixeurError(f"{shot.files[chosen[0]]}: differs in size from those beside it; keep the camera's format")
    yield np.asarray(np.mean(pictures, axis=0), pictures[0].dtype)


def _unseen(picture: Picture, corners: tuple[int, int]) -> str:
    scale = unit_of(picture)
    if np.percentile(picture, 99) < 20 * scale:
        return "its white frame is dark; check the projector, the exposure and the frames' order"
    if np.percentile(picture, 20) > 250 * scale:
        return "its white frame is over-exposed; expose shorter"
    if other := other_counts(picture, corners):
        return (f"no board with {corners[0]} x {corners[1]} inner corners is seen, but one with {other[0]} x "
                f"{other[1]}; mend `corners` in [board]")
    return (f"no board with {corners[0]} x {corners[1]} inner corners is seen; the whole board with its white rim must "
            "be in the picture, sharp and lit by the projector; check `corners` in [board]")


def _box(grid: Array, shape: Sequence[int]) -> Box:
    """Return the part of the picture that the board takes, and some rim."""
    sides = [np.hypot(*np.moveaxis(np.diff(grid, axis=axis), 2, 0)).max() for axis in (0, 1)]
    rim = (MARGIN + 0.5) * max(sides) + 4
    low = np.maximum(np.floor(grid.min((0, 1)) - rim), 0).astype(int)
    high = np.minimum(np.ceil(grid.max((0, 1)) + rim), (shape[1], shape[0])).astype(int)
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _surface(scan: Scan, grid: Array) -> tuple[Segment, NDArray[np.int32]]:
    """Return the smooth map of the board, one for all of it, and the pixels that tell it."""
    decoded = decode(scan)
    codes = (smoothed(decoded.codes[0]), smoothed(decoded.codes[1]))
    lit = _lit(scan, decoded, square_px(grid)) & _hull(grid, scan.white.shape) & ~_borders(scan.light, square_px(grid))
    usable = lit & _agrees(codes, lit)
    labels = usable.astype(np.int32)
    bright = float(np.percentile(decoded.contrast[usable], 90)) if usable.any() else 1.0
    extent = max(np.ptp(grid[..., 0]), np.ptp(grid[..., 1]))
    spacings = [max(extent / knots, LEAST_KNOT_PX) for knots in KNOTS]
    with ThreadPoolExecutor(2) as pool:
        marks = [_weighed(marks_of(scan, decoded, codes, labels, axis), decoded, bright) for axis in AXES] \
            if usable.sum() > max(200, CODED * lit.sum()) else []
        segment = segment_of(1, labels, codes, marks, pool, spacings) if marks else None
    if segment is None:
        raise MixeurError("the board is seen but its light carries no code; is it inside the projection, and are "
                          "`order`, `first`, `inverse` and `projector` of the manifest right?")
    return segment, labels


def _lit(scan: Scan, decoded: Decoded, side_px: float) -> NDArray[np.bool_]:
    """Return the paper's pixels whose code can be told."""
    reach = 2 * round(2 * side_px) + 1
    around = cv2.dilate(decoded.contrast, np.ones((reach, reach), np.uint8))
    bright = float(np.percentile(decoded.contrast, 98))
    lit = (decoded.contrast > PAPER * around) & (decoded.contrast > LEAST_SHARE * bright) & decoded.is_certain
    for code, length in zip(decoded.codes, scan.plan.size, strict=True):
        lit &= code < length
    return np.asarray(lit)


def _hull(grid: Array, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return the pixels of the board, out to the middle of its outermost squares. Shape as given."""
    rows, columns = grid.shape[:2]
    rim = np.array([(-1, -1), (columns, -1), (columns, rows), (-1, rows)], np.float64)
    where = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).reshape(-1, 2).astype(np.float64)
    matrix, _ = cv2.findHomography(where, grid.reshape(-1, 2))
    inner = np.clip(rim, -MARGIN, np.array([columns - 1 + MARGIN, rows - 1 + MARGIN]))
    corners = cv2.perspectiveTransform(inner[None], matrix)[0]
    mask = np.zeros(shape, np.uint8)
    cv2.fillConvexPoly(mask, np.round(corners - 0.5).astype(np.int32), 1)
    return mask > 0


def _borders(light: NDArray[np.float32], side_px: float) -> NDArray[np.bool_]:
    """Return the pixels at the squares' borders, which see two squares: their edges are misjudged."""
    reach = 2 * max(1, round(BORDER * side_px)) + 1
    side = np.ones((reach, reach), np.uint8)
    high, low = cv2.dilate(light, side), cv2.erode(light, side)
    return np.asarray(high - low > EDGE * high)


def _agrees(codes: tuple[NDArray[np.uint16], NDArray[np.uint16]], usable: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pixels whose code is near that of a plane through the others."""
    rows, columns = np.nonzero(usable)
    if len(rows) < 50:
        return usable
    step = max(1, len(rows) // 5000)
    camera = np.stack([columns[::step], rows[::step]], 1) + 0.5
    projector = np.stack([code[rows[::step], columns[::step]] for code in codes], 1) + 0.5
    matrix, _ = cv2.findHomography(camera, projector, cv2.USAC_MAGSAC, 4.0)
    if matrix is None:
        return usable
    x, y = np.meshgrid(np.arange(usable.shape[1]) + 0.5, np.arange(usable.shape[0]) + 0.5)
    u, v, w = (a * x + b * y + c for a, b, c in matrix)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = np.maximum(np.abs(u / w - codes[0] - 0.5), np.abs(v / w - codes[1] - 0.5))
    return np.asarray(apart < GROSS_PX)


def _weighed(marks: Marks, decoded: Decoded, bright: float) -> Marks:
    """Return the marks with less weight where less light comes back."""
    light = np.minimum(decoded.contrast.ravel()[marks.index] / bright, 1.0)
    return replace(marks, weight=marks.weight * light ** 2)


def _supported(labels: NDArray[np.int32], corners: Array, side: float) -> NDArray[np.bool_]:
    """Return the corners around which the code is known; the map must not be stretched beyond the light."""
    reach = max(2, round(SUPPORT * side))
    share = cv2.boxFilter(labels.astype(np.float32), cv2.CV_32F, (2 * reach + 1, 2 * reach + 1),
                          borderType=cv2.BORDER_CONSTANT)
    x, y = (np.clip(np.floor(corners[:, axis]).astype(int), 0, labels.shape[1 - axis] - 1) for axis in (0, 1))
    return np.asarray(share[y, x] >= SUPPORTED)
