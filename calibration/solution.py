"""A solution: a folder of pictures becomes figures that tell how far it may be trusted, and a map's profile."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from calibration.board_scan import BoardScan, board_scan
from calibration.bundle import OPTICS, Array, distances, rms
from calibration.decode import decode
from calibration.epipolar import matched, two_views
from calibration.fit import fit
from calibration.folder import Shot, odd_frames, shots_of
from calibration.likelier import named
from calibration.local_map import local_map
from calibration.manifest import Manifest, read_manifest
from calibration.register import mesh_of, profile_of, view_of
from calibration.soundness import unfit, unmapped, unsound
from calibration.stage import FlatStage
from calibration.stereo import Calibration, bend, calibrate
from engine.problems import MixeurError
from engine.show.profile import Profile

FLAT_SCENE = "the scene is flat, so any geometry of the two cameras fits it; put things before the wall"


def solved(folder: Path) -> tuple[dict[str, Any], Profile | None]:
    """Return the figures of a folder's scans, and the profile if they are one camera's view of a projection.

    Raises:
        MixeurError: The folder cannot be read or solved; with cause and remedy, naming frames that do not fit.
    """
    manifest = read_manifest(folder)
    shots = shots_of(folder, manifest)
    try:
        if manifest.board is not None:
            return _with_board(shots, manifest), None
        if manifest.views is not None:
            return _with_views(shots, manifest), None
        return _with_stage(shots[0], manifest)
    except MixeurError as error:
        text = str(error)
        raise MixeurError(text if text.startswith(str(folder)) else f"{folder}: {text}") from None


def _with_stage(shot: Shot, manifest: Manifest) -> tuple[dict[str, Any], Profile]:
    scan = shot.read(manifest)
    odd = odd_frames(scan)
    faults = unfit(odd)
    try:
        decoded = decode(scan)
        faults = [*unsound(scan, decoded), *faults]
        found = fit(scan, decoded)
    except MixeurError as error:
        raise MixeurError("; ".join([str(error), *faults]) + named(shot, manifest)) from None
    corners = view_of(found) if manifest.stage is None else np.array(manifest.stage)
    mesh = mesh_of(found, FlatStage(corners))
    accepted = found.labels > 0
    figures = {
        "projector": list(found.size),
        "camera": list(found.labels.shape[::-1]),
        "segments": len(found.segments),
        "accepted": float(accepted.mean()),
        "scale": float(np.nanmedian(np.hypot(*np.diff(found.projector_px[:, ::4], axis=2)))),
        "noise_px": found.noise_px,
        "even_odd_p95_px": found.even_odd_p95_px,
        "mesh": list(mesh.points_px.shape[1::-1]),
        "mesh_lost_px": mesh.lost_px,
        "covered": mesh.covered,
        "odd_frames": odd,
        "faults": _mended([*faults, *unmapped(decoded, found)], shot, manifest),
    }
    return figures, profile_of(found, mesh, f"structured light, {scan.plan.kind}, {len(scan.pictures)} frames")


def _mended(faults: Sequence[str], shot: Shot, manifest: Manifest) -> list[str]:
    return [*faults[:-1], faults[-1] + named(shot, manifest)] if faults else []


def _with_board(shots: list[Shot], manifest: Manifest) -> dict[str, Any]:
    assert manifest.board is not None
    scans: list[BoardScan] = []
    unread: list[str] = []
    for shot in shots:
        try:
            scans.append(board_scan(shot, manifest))
        except MixeurError as error:
            unread.append(f"{shot.name}: {error}" if shot.name else str(error))
    if not scans:
        raise MixeurError(unread[0] + named(shots[0], manifest))
    try:
        found = calibrate(scans, manifest.board, manifest.projector)
    except MixeurError as error:
        raise MixeurError("; ".join([str(error), *unread]) + named(shots[0], manifest)) from None
    apart = np.concatenate([scan.even_odd_px for scan in found.used])
    best, square = found.best, manifest.board.square_mm
    camera, projector = distances(best.residual_px)
    odd = [f"{scan.name} {frame}".strip() for scan in found.used for frame in scan.odd_frames]
    return {
        "projector": list(manifest.projector),
        "camera": list(scans[0].camera_size),
        "poses": len(found.used),
        "left_out": [*unread, *found.left_out],
        "corners": int(np.isfinite(camera).sum()),
        "corners_left_out": _left_out(found),
        "stereo_rms_px": rms(np.stack([camera, projector])),
        "camera_rms_px": rms(camera),
        "projector_rms_px": rms(projector),
        "flat_stereo_rms_px": rms(distances(found.flat.residual_px)),
        "board": "flat" if found.released is None else "released",
        "board_bend_mm": bend(best.rig.board) * square,
        "noise_px": float(max(scan.noise_px for scan in found.used)),
        "even_odd_p95_px": float(np.percentile(apart, 95)),
        "camera_lens": _optics(best.rig.optics[0], best.sigma[:9]),
        "projector_lens": _optics(best.rig.optics[1], best.sigma[9:18]),
        "camera_to_projector": {"turn": best.rig.turn.tolist(), "move_mm": (best.rig.move * square).tolist(),
                                "move_sigma_mm": (best.sigma[21:24] * square).tolist()},
        "odd_frames": odd,
        "doubts": list(found.doubts),
    }


def _left_out(found: Calibration) -> int:
    seen = sum(int(np.isfinite(px[:, 0]).sum()) for scan in found.used for px in (scan.camera_px, scan.projector_px))
    return seen - int(np.isfinite(found.best.residual_px[..., 0]).sum())


def _optics(optics: Array, sigma: Array) -> dict[str, Any]:
    """Return a lens with its standard deviations; (0, 0) is the outer corner of the top left pixel."""
    return {**dict(zip(OPTICS, optics.tolist(), strict=True)),
            "sigma": dict(zip(OPTICS, sigma.tolist(), strict=True))}


def _with_views(shots: list[Shot], manifest: Manifest) -> dict[str, Any]:
    if len(shots) != 2:
        raise MixeurError(f"views: there are {len(shots)}; name two in `views`")
    maps, sizes, odd = [], [], []
    for shot in shots:
        scan = shot.read(manifest)
        try:
            maps.append(local_map(scan))
        except MixeurError as error:
            raise MixeurError(f"{shot.name}: {error}{named(shot, manifest)}") from None
        odd += [f"{shot.name} {frame}" for frame in odd_frames(scan)]
        sizes.append((scan.pictures[0].shape[1], scan.pictures[0].shape[0]))
    one, other = matched(*maps)
    found = two_views(one, other, (sizes[0], sizes[1]))
    return {
        "projector": list(manifest.projector),
        "cameras": [list(size) for size in sizes],
        "matches": found.matches,
        "epipolar_median_px": float(np.median(found.distance_px)),
        "epipolar_p95_px": float(np.percentile(found.distance_px, 95)),
        "fundamental": (found.fundamental / np.linalg.norm(found.fundamental)).tolist(),
        "distortion": list(found.bent),
        "odd_frames": odd,
        "faults": [FLAT_SCENE] if found.is_flat else [],
    }
