"""The kinds of voices: one kernel a kind, told apart here and nowhere else."""

from __future__ import annotations

from typing import Any

from numba import njit

from engine.sound import block as b
from engine.sound.fm import modulate
from engine.sound.grains import add_cloud, begin_cloud
from engine.sound.native import memory_at
from engine.sound.partials import add_partials
from engine.sound.playback import begin_take, play_take

FADED = 1e-6
OWN_PITCH = 60.0  # at which a recording sounds as it is


@njit(nogil=True, error_model="numpy")
def add_source(block: int, v: Any, offset: Any) -> Any:
    """Write a voice's quantum to `wave[0]`, unshaped; return False when nothing more comes by itself.

    A voice begins at frame `offset` of its first quantum; what stands before it is not heard.
    """
    memory = memory_at(block, "voice voice_f")
    kind, is_held = memory.voice[v, b.V_SOURCE], memory.voice[v, b.V_KIND] == b.OP_HOLD
    if kind == b.KIND_PARTIALS:
        return add_partials(block, v) >= FADED or is_held
    if kind == b.KIND_FM:
        return modulate(block, v) >= FADED or is_held
    speed = 2.0 ** ((memory.voice_f[v, b.F_PITCH] - OWN_PITCH) / 12.0)
    if kind == b.KIND_GRAINS:
        return add_cloud(block, v, offset, speed)
    return play_take(block, v, offset, speed)


@njit(nogil=True, error_model="numpy")
def begin_source(block: int, v: Any) -> None:
    """Start what plays from a recording."""
    memory = memory_at(block, "voice")
    if memory.voice[v, b.V_SOURCE] == b.KIND_SAMPLE:
        begin_take(block, v)
    elif memory.voice[v, b.V_SOURCE] == b.KIND_GRAINS:
        begin_cloud(block, v)
