"""What a manifest should have said: other orders and kinds are tried on its pictures, until their code runs evenly."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.decode import Picture, Scan, codes_of
from calibration.folder import Shot, read_picture
from calibration.manifest import Manifest, plan_of, slots_of
from calibration.patterns import AXES, bits_of
from engine.problems import MixeurError

PIECE_PX = 240  # side of the piece of the pictures that is decoded
FEW, ROUGHLY = 4, 0.9  # one pixel in so many along each side tells whether a closer look is worth it, and from what on
LIT = 0.4  # of the brightest contrast in it
EVEN, UNEVEN = 0.985, 0.95  # share of the code's variance that a plane explains: above if right, below if wrong
INSIDE = 0.98  # of the lit pixels' codes must lie in the projector's picture
KINDS: Sequence[Mapping[str, Any]] = ({"kind": "gray"}, {"kind": "binary"}, *({"kind": "xor", "xor_bit": bit}
                                                                           for bit in (0, 1, 3)))


def likelier(shot: Shot, manifest: Manifest) -> str:
    """Return the keys under which the pictures of a shot carry an even code, or an empty text if there are none.

    The manifest itself is tried first: if its own code runs evenly nothing is said.
    """
    if manifest.kind == "phase":
        return ""
    try:
        pictures = _piece([read_picture(file) for file in shot.files.values()])
    except MixeurError:
        return ""
    if _fits(manifest, pictures, UNEVEN):
        return ""
    few = [np.ascontiguousarray(picture[::FEW, ::FEW]) for picture in pictures]
    for changes in _alternatives(manifest):
        other = replace(manifest, **changes)
        if _fits(other, few, ROUGHLY) and _fits(other, pictures, EVEN):
            return ", ".join(f"{key} = {json.dumps(value)}" for key, value in changes.items())
    return ""


def _piece(pictures: Sequence[Picture]) -> list[Picture]:
    """Return the same square of all pictures, where they differ most from each other."""
    low, high = pictures[0].copy(), pictures[0].copy()
    for picture in pictures[1:]:
        cv2.min(low, picture, dst=low)
        cv2.max(high, picture, dst=high)
    mean = cv2.blur(cv2.subtract(high, low).astype(np.float32), (PIECE_PX, PIECE_PX), borderType=cv2.BORDER_CONSTANT)
    y, x = np.unravel_index(int(np.argmax(mean)), mean.shape)
    top, left = (int(np.clip(at - PIECE_PX // 2, 0, max(0, length - PIECE_PX)))
                 for at, length in zip((y, x), mean.shape, strict=True))
    return [np.ascontiguousarray(picture[top:top + PIECE_PX, left:left + PIECE_PX]) for picture in pictures]


def _alternatives(manifest: Manifest) -> Iterator[dict[str, Any]]:
    """Yield other values of the keys that tell the order of the pictures, those with the fewest changes first."""
    choices: list[list[Mapping[str, Any]]] = [
        [{"order": order} for order in _orders(manifest)],
        [{"inverse": value} for value in (("each", "before", "after") if manifest.inverse != "none" else ("none",))],
        [{"first": value} for value in ("coarse", "fine")],
        [{"offset": offset} for offset in (manifest.offset, (0, 0), _centred(manifest.projector))],
        list(KINDS)]
    made = []
    for parts in itertools.product(*choices):
        merged = {key: value for part in parts for key, value in part.items()}
        changed = {key: value for key, value in merged.items() if getattr(manifest, key) != value}
        if changed and changed not in made:
            made.append(changed)
    yield from sorted(made, key=len)


def _orders(manifest: Manifest) -> Iterator[tuple[str, ...]]:
    """Yield the orders in which the same parts may have been shown; axes stay together, and so do white and black."""
    even = [part for part in manifest.order if part in ("white", "black")]
    coded = [part for part in manifest.order if part in AXES]
    if len(even) + len(coded) != len(manifest.order):
        yield manifest.order
        return
    for ends in itertools.permutations(even):
        for axes in itertools.permutations(coded):
            for cut in range(len(ends) + 1):
                yield (*ends[:cut], *axes, *ends[cut:])


def _centred(size: tuple[int, int]) -> tuple[int, int]:
    """Return the offset of a code that is centred on the next power of two."""
    across, down = (((1 << bits_of(length)) - length) // 2 for length in size)
    return across, down


def _fits(manifest: Manifest, pictures: Sequence[Picture], limit: float) -> bool:
    """Return whether the code of a piece of the pictures lies near a plane along both axes, inside the projector."""
    slots = [slot for slot in slots_of(manifest) if slot is not None]
    if len(slots) != len(pictures):
        return False
    scan = Scan(plan_of(manifest, slots), list(pictures))
    if scan.is_upside_down:
        return False
    contrast = cv2.subtract(scan.white, scan.black).astype(np.float32)
    lit = contrast > LIT * np.percentile(contrast, 98)
    codes = codes_of(scan)[:2]
    return all(_is_even(code, lit, length, limit) for code, length in zip(codes, manifest.projector, strict=True))


def _is_even(code: NDArray[np.uint16], lit: NDArray[np.bool_], length: int, limit: float) -> bool:
    rows, columns = np.nonzero(lit)
    if len(rows) < PIECE_PX or np.mean(code[lit] < length) < INSIDE:
        return False
    step = max(1, len(rows) // 4000)
    ones = np.column_stack([columns, rows, np.ones(len(rows))])[::step].astype(np.float64)
    values = cv2.medianBlur(code, 5)[rows, columns][::step].astype(np.float64)
    left = values - ones @ np.linalg.lstsq(ones, values, rcond=None)[0]
    return bool(np.var(left) < (1 - limit) * np.var(values))


def named(shot: Shot, manifest: Manifest) -> str:
    """Return how to mend the manifest, to be put behind a complaint; empty if nothing better is known."""
    better = likelier(shot, manifest)
    return f"; the pictures do carry a code with {better} in the manifest" if better else ""
