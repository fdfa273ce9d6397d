"""What a wall will look like once its own colours are made good, and what of it stays out of reach."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calibration.colour import misses
from calibration.grid import Array, Grid
from calibration.light_scan import BLACK, COLOURS, PRIMARIES, WHITE, LightScan
from calibration.paint import ONE, missed, needed
from calibration.photometric import Blend, Light, Tone

JUDGED = (50, 95)  # of 100 places


def foretold(scans: Sequence[LightScan], light: Light, tones: Sequence[Tone], blend: Blend, grid: Grid,
             gamma: float) -> list[str]:
    """Return what is to be expected of a wall whose colours are made good, in words."""
    assert light.paint is not None
    covered = blend.inside.any(0)
    plain = blend.weights * (light.plain / light.total)
    tint = light.paint.tint(list(light.own), list(blend.inside), grid.seen)
    before, after, lacking = list[Array](), list[Array](), {}
    for name, signal in COLOURS.items():
        wanted = (np.array(signal) / 255) ** gamma
        asked = [gain[..., None] * (tone.mixed @ wanted) for gain, tone in zip(plain, tones, strict=True)]
        before.append(misses(predicted(scans, asked, grid), light.plain, light.common, wanted)[covered])
        asked = [needed(gain[..., None] * tint, tone.primaries, tone.mixed, wanted)
                 for gain, tone in zip(light.gains, tones, strict=True)]
        after.append(misses(predicted(scans, asked, grid), light.target, light.common, wanted)[covered])
        lacks = [missed(gain[..., None] * tint, tone.primaries, tone.mixed, wanted) > 0
                 for gain, tone in zip(light.gains, tones, strict=True)]
        lacking[name] = float(np.any(lacks, axis=0)[covered].mean())
    (was, was_most), (now, now_most) = (np.percentile(each, JUDGED) for each in (before, after))
    bright = float(np.median((light.target / light.plain)[covered]))
    shares = ", ".join(f"{name} {share:.1%}" for name, share in lacking.items())
    return [f"the wall's own colours: CIEDE2000 {was:.1f}, 95 of 100 places below {was_most:.1f}; once they are made "
            f"good {now:.1f} and {now_most:.1f} are foreseen, with white {bright:.0%} as bright",
            f"out of reach on so much of the wall: {shares}"]


def unreached(tint: NDArray[np.uint16], tone: Tone, gamma: float) -> NDArray[np.uint8]:
    """Return where a projector cannot give the colours that are asked for, for people: 0 where it can, 255 at worst.

    Args:
        tint: Its map. Shape (height, width, 3).
    """
    worst = np.zeros(tint.shape[:2], np.float32)
    for signal in COLOURS.values():
        light = (np.array(signal) / 255) ** gamma
        worst = np.maximum(worst, missed(tint.astype(np.float32) / ONE, tone.primaries, tone.mixed, light))
    return np.asarray(np.rint(255 * worst.clip(0, 1)), np.uint8)


def predicted(scans: Sequence[LightScan], asked: Sequence[Array], grid: Grid) -> Array:
    """Return what the camera will see of all projectors above black, by what it saw of their primaries, place by place.

    Args:
        asked: The light of each projector. Shape (rows, columns, 3) each.
    """
    total = np.zeros((*grid.u.shape, 3))
    for scan, light in zip(scans, asked, strict=True):
        seen = {(shot.signal, shot.share): picture for shot, picture in zip(scan.shots, scan.pictures, strict=True)}
        share = min(share for signal, share in seen if signal == WHITE)
        for channel, signal in enumerate(PRIMARIES):
            own = grid.seen(seen[signal, share] - seen[BLACK, share])
            total += own * np.clip(light[..., channel], 0, 1)[..., None]
    return total
