"""A trial of a whole calibration: scanned with noise, solved, blended, and judged through the engine without noise."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from calibration.brightness import wall_of
from calibration.cases import CAMERA
from calibration.colour import LUMINANCE
from calibration.light_scan import LightRig
from calibration.photometric import Light
from calibration.rigs import WAIT_S, room_of, screens_of
from calibration.session import Session
from calibration.simulator.colour import ColourRig, response_of
from calibration.simulator.light import View
from calibration.simulator.rig import Timing
from calibration.steps import Overlap, photometric, scan, solve_session
from calibration.trial import GROSS_PX
from calibration.verify import Verifier
from engine.kernel_cache import RENDER_KERNELS, warm

SEAM_PX, RESPONSE, BRIGHT, DARK, BLACK = 0.1, 0.005, 0.01, 0.035, 0.05  # G8 and G10


def try_room(room: str, seed: int) -> dict[str, Any]:
    """Return what two projectors reach in a computed room, from scan to verify."""
    with tempfile.TemporaryDirectory() as folder:
        session = Session(folder=Path(folder), room=room, seed=seed)
        session = replace(session, projectors=screens_of(session))
        made = room_of(session)
        view = View(made, CAMERA)
        scan(session, ColourRig(made, {CAMERA: view}, Timing(), seed), WAIT_S, _quiet)
        solve_session(session, "", False, _quiet)
        photometric(session, "", True, _quiet)
        camera = replace(made.cameras[CAMERA], well_e=1e12, read_e=0.0, bits=16)
        exact = ColourRig(replace(made, cameras={CAMERA: camera}), {CAMERA: view}, Timing(), seed)
        return _judged(session, exact, room, seed)


def _judged(session: Session, exact: LightRig, room: str, seed: int) -> dict[str, Any]:
    overlap, kernels = Overlap(session), warm(RENDER_KERNELS[:1])[0]
    light, tones = overlap.light(True)
    verifier = Verifier(exact, CAMERA, dict(zip(overlap.names, overlap.profiles, strict=True)),
                        overlap.solution.size_px, overlap.grid, WAIT_S, 1.0, kernels)
    verdict = verifier.verdict(replace(light, wall=_wall(session, exact, overlap, light)), True)
    pair = verdict.pairs[0]
    seam = verifier.apart(overlap.names[0], overlap.names[1], light.inside[0] & light.inside[1])
    steps = np.linspace(0, 1, tones[0].response.shape[1])
    projectors = room_of(session).projectors
    response = max(float(np.abs(tone.response - response_of(projectors[name], steps)).max())
                   for name, tone in zip(overlap.names, tones, strict=True))
    met = (pair.seam_p95_px <= SEAM_PX and response <= RESPONSE and pair.bright_p95 <= BRIGHT
           and pair.dark_p95 <= DARK and pair.black_p95 <= BLACK)
    return {"case": f"room_{room}", "seed": seed, "goal": "G10", "median_px": pair.seam_median_px,
            "p95_px": pair.seam_p95_px, "p99_px": float(np.percentile(seam, 99)),
            "gross": float(np.mean(seam > GROSS_PX)), "coverage": verdict.coverage, "response": response,
            "bright_p95": pair.bright_p95, "dark_p95": pair.dark_p95, "black_p95": pair.black_p95,
            "colour_de00": pair.colour_de00, "met": met}


def _wall(session: Session, exact: LightRig, overlap: Overlap, light: Light) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the wall as it truly is before what was found of the projectors' brightness."""
    whites = []
    for name in overlap.names:
        seen = []
        for level in (255, 0):
            for other, screen in session.projectors.items():
                exact.show(other, np.full(screen.size[::-1], level * (other == name), np.uint8))
            exact.wait(WAIT_S)
            seen.append(overlap.grid.seen(exact.grab_colour(CAMERA)[0]) / 257)
        whites.append(np.asarray((seen[0] - seen[1]) @ LUMINANCE, np.float64))
    return wall_of(whites, list(light.inside), list(light.own))


def _quiet(line: str) -> None:
    """Say nothing."""
