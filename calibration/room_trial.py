"""A trial of a whole calibration: scanned with noise, solved, blended, and judged through the engine without noise."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from calibration.brightness import wall_of
from calibration.cases import CAMERA
from calibration.light_scan import LightRig
from calibration.photometric import Light, Tone
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
WALL = (1.5, 4.0)  # CIEDE2000 of a mural that is made good: median, and at 95 of 100 places


def try_room(room: str, seed: int, is_painted: bool = False) -> dict[str, Any]:
    """Return what two projectors reach in a computed room, from scan to verify.

    Args:
        is_painted: Whether the wall's own colours are to be made good; they are judged before and after.
    """
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
        record = _judged(session, exact, room, seed)
        if is_painted:
            before = record["wall_de00"], record["wall_p95_de00"]
            photometric(session, "", True, _quiet, True)
            record = _judged(session, exact, room, seed)
            after = record["wall_de00"], record["wall_p95_de00"]
            record |= {"goal": "wall", "before_de00": before[0], "before_p95_de00": before[1],
                       "met": record["met"] and after[0] <= WALL[0] and after[1] <= WALL[1]}
        return record


def _judged(session: Session, exact: LightRig, room: str, seed: int) -> dict[str, Any]:
    overlap, kernels = Overlap(session), warm(RENDER_KERNELS[:1])[0]
    light, tones = overlap.light(*overlap.asks)
    verifier = Verifier(exact, CAMERA, dict(zip(overlap.names, overlap.profiles, strict=True)),
                        overlap.solution.size_px, overlap.grid, WAIT_S, 1.0, kernels)
    verdict = verifier.verdict(replace(light, wall=_wall(session, exact, overlap, light, tones)), light.inside, True)
    pair = verdict.pairs[0]
    seam = verifier.apart(overlap.names[0], overlap.names[1], light.inside[0] & light.inside[1])
    steps = np.linspace(0, 1, tones[0].response.shape[1])
    projectors = room_of(session).projectors
    response = max(float(np.abs(tone.response - response_of(projectors[name], steps)).max())
                   for name, tone in zip(overlap.names, tones, strict=True))
    figures = ((pair.bright_p95, BRIGHT), (pair.dark_p95, DARK), (pair.black_p95, BLACK))
    met = (pair.seam_p95_px <= SEAM_PX and response <= RESPONSE
           and all(value is not None and value <= most for value, most in figures))
    wall = verdict.wall_de00 or (np.nan, np.nan)
    return {"case": f"room_{room}", "seed": seed, "goal": "G10", "median_px": pair.seam_median_px,
            "p95_px": pair.seam_p95_px, "p99_px": float(np.percentile(seam, 99)),
            "gross": float(np.mean(seam > GROSS_PX)), "coverage": verdict.coverage, "response": response,
            "bright_p95": pair.bright_p95, "dark_p95": pair.dark_p95, "black_p95": pair.black_p95,
            "colour_de00": pair.colour_de00, "wall_de00": wall[0], "wall_p95_de00": wall[1], "met": met}


def _wall(session: Session, exact: LightRig, overlap: Overlap, light: Light,
          tones: Sequence[Tone]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the wall as it truly is before what was found of the projectors' brightness."""
    whites = []
    for name in overlap.names:
        seen = []
        for level in (255, 0):
            for other, screen in session.projectors.items():
                exact.show(other, np.full(screen.size[::-1], level * (other == name), np.uint8))
            exact.wait(WAIT_S)
            seen.append(overlap.grid.seen(exact.grab_colour(CAMERA)[0]) / 257)
        whites.append(np.asarray(seen[0] - seen[1], np.float64))
    return wall_of(whites, list(light.inside),
                   [own[..., None] * tone.white for own, tone in zip(light.own, tones, strict=True)])


def _quiet(line: str) -> None:
    """Say nothing."""
