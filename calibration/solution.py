"""A solution: a folder of pictures becomes a profile, and the figures that tell how far it may be trusted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from calibration.fit import solve
from calibration.folder import odd_frames, read_scan
from calibration.register import mesh_of, profile_of, view_of
from engine.problems import MixeurError
from engine.show.profile import Profile


def solved(folder: Path) -> tuple[dict[str, Any], Profile]:
    """Return the figures of a scan in a folder, and the profile.

    Raises:
        MixeurError: The folder cannot be read or mapped; with cause and remedy, naming frames that do not fit.
    """
    scan, manifest = read_scan(folder)
    odd = odd_frames(scan)
    try:
        found = solve(scan)
    except MixeurError as error:
        about = f"; frames that do not add up to white and black: {', '.join(odd)}" if odd else ""
        raise MixeurError(f"{folder}: {error}{about}") from None
    corners = view_of(found) if manifest.stage is None else np.array(manifest.stage)
    mesh = mesh_of(found, corners)
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
    }
    return figures, profile_of(found, mesh, f"structured light, {scan.plan.kind}, {len(scan.pictures)} frames")
