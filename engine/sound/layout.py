"""The speakers' layout as the renderer has adopted it; another one is faded in while the show plays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import int64, njit, void

from engine.sound import block as b
from engine.sound.equaliser import design
from engine.sound.native import load_acquire, memory_at, store_release
from engine.sound.pan import aim_pan

SETTLE_S, SWAP_S = 0.05, 0.05  # a new line's filters settle unheard; then it takes over


@njit(void(int64), cache=True, nogil=True)
def announce_layout(block: int) -> None:
    """Tell the renderer that `speaker`, `eq` and `panning` have been written."""
    memory = memory_at(block, "layout")
    store_release(memory.layout, b.Y_WRITTEN, memory.layout[b.Y_WRITTEN] + 1)


@njit(nogil=True, error_model="numpy")
def adopt_layout(block: int, frame: Any) -> None:
    """Adopt what is wanted, if that is another layout and the last one has faded in; the first one holds at once."""
    memory = memory_at(block, "header levels layout")
    layout, rate = memory.layout, memory.header[b.H_RATE]
    memory.levels[b.L_SWAP] = min(memory.levels[b.L_SWAP] + b.QUANTUM / (rate * SWAP_S), 1.0)
    written, is_first = load_acquire(layout, b.Y_WRITTEN), layout[b.Y_RATE] == 0
    is_adopted = written == layout[b.Y_ADOPTED] and rate == layout[b.Y_RATE]
    if is_adopted or (memory.levels[b.L_SWAP] < 1.0 and not is_first):
        return
    layout[b.Y_ADOPTED], layout[b.Y_RATE] = written, rate
    layout[b.Y_LINE] = 1 - layout[b.Y_LINE]
    memory.levels[b.L_SWAP] = 1.0 if is_first else -SETTLE_S / SWAP_S
    _survey(block)
    _lay_lines(block, layout[b.Y_LINE])
    _replace(block, frame)


@njit(nogil=True, error_model="numpy")
def _survey(block: int) -> None:
    memory = memory_at(block, "header speaker panning stand field")
    survey(memory.speaker, memory.header[b.H_SPEAKERS], memory.panning, memory.stand, memory.field)


@njit(nogil=True, error_model="numpy")
def survey(speaker: Any, n: int, panning: Any, stand: Any, field: Any) -> None:
    """Work out what panning needs of a layout: `stand` and `field` from `speaker` and `panning`, as of the block."""
    middle_x, middle_y = 0.0, 0.0
    for s in range(n):
        stand[s, b.T_X], stand[s, b.T_Y] = speaker[s, b.S_X], speaker[s, b.S_Y]
        middle_x += stand[s, b.T_X] / n
        middle_y += stand[s, b.T_Y] / n
    for i in range(b.G_X + 2):
        field[i] = panning[i]
    if not (np.isfinite(field[b.G_X]) and np.isfinite(field[b.G_Y])):
        field[b.G_X], field[b.G_Y] = middle_x, middle_y
    spread, width, reach = 0.0, 0.0, 0.0
    for s in range(n):
        dx, dy = stand[s, b.T_X] - field[b.G_X], stand[s, b.T_Y] - field[b.G_Y]
        stand[s, b.T_ANGLE] = np.arctan2(dy, dx)
        distance = np.sqrt(dx * dx + dy * dy)
        width, reach = width + distance / n, max(reach, distance)
        spread += np.sqrt((stand[s, b.T_X] - middle_x) ** 2 + (stand[s, b.T_Y] - middle_y) ** 2) / n
    field[b.G_REACH], field[b.G_WIDTH] = reach, width
    field[b.G_SOFT] = (field[b.G_BLUR] * spread) ** 2 + 1e-6
    for s in range(n):
        place = 0
        for other in range(n):
            is_before = stand[other, b.T_ANGLE] < stand[s, b.T_ANGLE]
            if is_before or (stand[other, b.T_ANGLE] == stand[s, b.T_ANGLE] and other < s):
                place += 1
        stand[place, b.T_ORDER] = s


@njit(nogil=True, error_model="numpy")
def _lay_lines(block: int, line: Any) -> None:
    """Set trim, delay and filters of all speakers' lines."""
    memory = memory_at(block, "header speaker eq biquad line")
    rate = memory.header[b.H_RATE]
    for s in range(memory.header[b.H_SPEAKERS]):
        speaker, mine = memory.speaker[s], memory.line[line, s]
        mine[b.I_TRIM] = speaker[b.S_TRIM]
        mine[b.I_DELAY] = min(max(np.floor(speaker[b.S_DELAY] * rate + 0.5), 0.0), float(b.DELAY - b.QUANTUM))
        mine[b.I_BANDS] = min(max(speaker[b.S_BANDS], 0.0), float(b.EQ_BANDS))
        for i in range(int64(mine[b.I_BANDS])):
            band, biquad = memory.eq[s, i], memory.biquad[line, s, i]
            design(band[b.E_KIND], band[b.E_HZ], band[b.E_Q], band[b.E_GAIN], rate, biquad)
            biquad[5] = biquad[6] = 0.0


@njit(nogil=True, error_model="numpy")
def _replace(block: int, frame: Any) -> None:
    """Aim all voices that sound at their places again."""
    memory = memory_at(block, "voice voice_f")
    for v in range(b.SLOTS):
        if memory.voice[v, b.V_STATE] != b.FREE:
            aim_pan(block, v, memory.voice_f[v, b.F_X], memory.voice_f[v, b.F_Y], frame)
