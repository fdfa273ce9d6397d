"""Where a source sounds: DBAP for speakers anywhere, VBAP for rings; moving sources glide without zipper noise."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import float32, int64, njit

from engine.sound import block as b
from engine.sound.native import memory_at

TAU_S = 0.014  # of each of the two poles that round the corners of a source's path
LONGEST_S = 0.035  # two frames at 60 a second
FURTHEST = 1000.0  # times the speakers' reach
CORE = 0.2  # of a ring's radius: nearer to its middle a source spreads over all of it
SMALL, FAR = 1e-9, 1e6


@njit(nogil=True, error_model="numpy")
def dbap_gains(stand: Any, n: int, field: Any, x: float, y: float, out: Any) -> None:
    """Set the gain of each speaker for a source; the sum of their squares is 1, less outside where the show says so.

    Args:
        stand: Places in the first two columns. Shape (64, 4), float64.
        n: How many of them count.
        field: As `survey` leaves it. Shape (16,), float64.
        x, y: The source in the same unit.
        out: Gains. Shape (64,), float32.

    Source:
        Lossius, Baltazar, de la Hogue: DBAP, ICMC 2009 (revised 2011). Outside the circle through the furthest speaker
        the nearer half is favoured as in Sundstrom 2021 (arXiv 2109.08704, equations 9-12), but the differences of
        distances are divided by the norm that they have on a ring far away: their own norm jumps where they are equal.
    """
    reach = field[b.G_REACH]
    away = np.sqrt((x - field[b.G_X]) ** 2 + (y - field[b.G_Y]) ** 2)
    beyond = min(max(away / max(reach, SMALL), 1.0), FURTHEST)  # Sundstrom's 1/p
    furthest = 0.0
    for s in range(n):
        out[s] = np.sqrt((stand[s, b.T_X] - x) ** 2 + (stand[s, b.T_Y] - y) ** 2 + field[b.G_SOFT])
        furthest = max(furthest, float(out[s]))
    scale = 1.0 / max(reach * np.sqrt(1.5 * n), SMALL)
    least = field[b.G_BLUR] / n
    middle = _median_nearness(out, n, furthest, scale) + least if beyond > 1.0 else 1.0
    total = 0.0
    for s in range(n):
        near = ((furthest - out[s]) * scale) ** 2 + least
        favour = (near / middle * (beyond - 1.0)) ** 2 + 1.0
        weight = favour * float(out[s]) ** -field[b.G_ROLLOFF]
        out[s] = weight
        total += weight * weight
    gain = beyond ** -field[b.G_FALLOFF] / np.sqrt(total)
    for s in range(n):
        out[s] *= gain


@njit(nogil=True, error_model="numpy")
def _median_nearness(distance: Any, n: int, furthest: float, scale: float) -> Any:
    """Return the median of `((furthest - distance) * scale) ** 2`, by counting how many are nearer."""
    low, high = 0.0, 0.0
    for s in range(n):
        before = 0
        for other in range(n):
            is_less = distance[other] > distance[s] or (distance[other] == distance[s] and other < s)
            before += 1 if is_less else 0
        if before == (n - 1) // 2:
            low = ((furthest - distance[s]) * scale) ** 2
        if before == n // 2:
            high = ((furthest - distance[s]) * scale) ** 2
    return 0.5 * (low + high)


@njit(nogil=True, error_model="numpy")
def vbap_gains(stand: Any, n: int, field: Any, x: float, y: float, out: Any) -> None:
    """Set the gains of the two speakers on both sides of a source's direction; the sum of their squares is 1.

    Near the middle, where a direction means little, a source spreads over the whole ring. Where the ring has a gap of
    180 degrees or more, it is panned across it by angle.

    Args:
        stand, n, field, x, y, out: As for `dbap_gains`; `stand` also holds angles and their order.

    Source:
        Pulkki 1997 (JAES 45:6), two dimensions; for two speakers the inverse of the base is two sines.
    """
    dx, dy = x - field[b.G_X], y - field[b.G_Y]
    angle = np.arctan2(dy, dx)
    for s in range(n):
        out[s] = 0.0
    out[int64(stand[0, b.T_ORDER])] = 1.0  # should rounding leave a crack between two gaps
    for place in range(n):
        first = int64(stand[place, b.T_ORDER])
        second = int64(stand[(place + 1) % n, b.T_ORDER])
        gap = _turn(stand[second, b.T_ANGLE] - stand[first, b.T_ANGLE])
        if place == n - 1 and gap == 0.0:
            gap = 2.0 * np.pi
        part = _turn(angle - stand[first, b.T_ANGLE])
        if part < gap and n > 1:
            out[int64(stand[0, b.T_ORDER])] = 0.0
            out[first], out[second] = _between(part, gap)
            break
    near = min(np.sqrt(dx * dx + dy * dy) / max(CORE * field[b.G_WIDTH], SMALL), 1.0)
    sharp = near * near * (3.0 - 2.0 * near)
    for s in range(n):
        out[s] = np.sqrt((1.0 - sharp) / n + sharp * float(out[s]) ** 2)


@njit(nogil=True, error_model="numpy")
def _turn(angle: Any) -> Any:
    """Return an angle in 0 <= angle < 2 pi."""
    turned = angle - 2.0 * np.pi * np.floor(angle / (2.0 * np.pi))
    return turned if turned < 2.0 * np.pi else 0.0


@njit(nogil=True, error_model="numpy")
def _between(part: Any, gap: Any) -> Any:
    """Return the gains of two speakers that stand `gap` apart, seen from the middle, for a source at `part` of it."""
    if 1e-6 < gap < np.pi - 0.01:
        first, second = np.sin(gap - part), np.sin(part)
    else:
        share = part / max(gap, SMALL) * 0.5 * np.pi
        first, second = np.cos(share), np.sin(share)
    norm = 1.0 / max(np.sqrt(first * first + second * second), SMALL)
    return first * norm, second * norm


@njit(nogil=True, error_model="numpy")
def pan_gains(block: int, x: Any, y: Any, out: Any) -> None:
    """Set the gain of each speaker for a source.

    `x` not a number means everywhere; with a finite `y` beside it, the speaker of that number alone (from 0).
    """
    memory = memory_at(block, "header stand field")
    n = min(memory.header[b.H_SPEAKERS], b.MAX_SPEAKERS)
    if not np.isfinite(x):
        alone = int64(y) if 0.0 <= y < n else int64(-1)
        for s in range(n):
            out[s] = (1.0 if s == alone else 0.0) if alone >= 0 else 1.0 / np.sqrt(n)
    elif not np.isfinite(y):
        for s in range(n):
            out[s] = 1.0 / np.sqrt(n)
    else:
        x, y = min(max(x, -FAR), FAR), min(max(y, -FAR), FAR)
        if memory.field[b.G_PANNING] == 1.0:
            vbap_gains(memory.stand, n, memory.field, x, y, out)
        else:
            dbap_gains(memory.stand, n, memory.field, x, y, out)


@njit(nogil=True, error_model="numpy")
def aim_pan(block: int, v: Any, x: Any, y: Any, frame: Any) -> None:
    """Aim a voice at a place from a frame on: it goes there in a line, in the time that its last step took.

    Places come once a frame of the picture. Lines of that very length between them leave nothing of its 60 Hz in a
    source that moves steadily.
    """
    memory = memory_at(block, "header gain_from gain_to path")
    start, to = memory.gain_from[v], memory.gain_to[v]
    done = _done(memory.path[v], frame)
    for s in range(min(memory.header[b.H_SPEAKERS], b.MAX_SPEAKERS)):
        start[s] += (to[s] - start[s]) * done
    longest = int64(LONGEST_S * memory.header[b.H_RATE])
    memory.path[v, 1] = min(max(frame - memory.path[v, 0], b.QUANTUM), longest)
    memory.path[v, 0] = frame
    pan_gains(block, x, y, to)


@njit(nogil=True, error_model="numpy")
def begin_pan(block: int, v: Any, x: Any, y: Any, frame: Any) -> None:
    """Place a voice that begins at a frame."""
    memory = memory_at(block, "header gain gain_from gain_mid gain_to path")
    pan_gains(block, x, y, memory.gain_to[v])
    for s in range(b.MAX_SPEAKERS):
        memory.gain[v, s] = memory.gain_from[v, s] = memory.gain_mid[v, s] = memory.gain_to[v, s]
    memory.path[v, 0], memory.path[v, 1] = frame, b.QUANTUM


@njit(nogil=True, error_model="numpy")
def _done(path: Any, frame: Any) -> Any:
    return float32(min(max((frame - path[0]) / max(path[1], 1), 0.0), 1.0))


@njit(nogil=True, error_model="numpy")
def turn_pan(block: int, v: Any, until: Any) -> None:
    """Move a voice's gains on to the frame `until`; where they come from is in `gain_low`."""
    memory = memory_at(block, "header gain gain_low gain_from gain_mid gain_to path")
    near = float32(1.0 - np.exp(-b.QUANTUM / (memory.header[b.H_RATE] * TAU_S)))
    done = _done(memory.path[v], until)
    now, low, mid = memory.gain[v], memory.gain_low, memory.gain_mid[v]
    start, to = memory.gain_from[v], memory.gain_to[v]
    for s in range(min(memory.header[b.H_SPEAKERS], b.MAX_SPEAKERS)):
        low[s] = now[s]
        mid[s] += (start[s] + (to[s] - start[s]) * done - mid[s]) * near
        now[s] += (mid[s] - now[s]) * near
