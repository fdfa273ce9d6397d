"""The kinds of voices: one kernel a kind, told apart here and nowhere else."""

from __future__ import annotations

from typing import Any

from numba import njit

from engine.sound import block as b
from engine.sound.filters import start_filter
from engine.sound.fm import modulate
from engine.sound.grains import add_cloud, begin_cloud
from engine.sound.native import memory_at
from engine.sound.noise import add_noise
from engine.sound.partials import add_partials
from engine.sound.playback import begin_take, play_take
from engine.sound.saw import add_saws, start_saws
from engine.sound.strings import add_string, pluck
from engine.sound.timbre import strike

FADED = 1e-6
OWN_PITCH = 60.0  # at which a recording sounds as it is


@njit(nogil=True, error_model="numpy", inline="always")  # each level of calls is optimised anew
def start_source(block: int, v: Any, offset: Any) -> None:
    """Bring what makes a voice's sound to its beginning, at frame `offset` of the quantum that comes."""
    memory = memory_at(block, "voice")
    kind, is_held = memory.voice[v, b.V_SOURCE], memory.voice[v, b.V_KIND] == b.OP_HOLD
    strike(block, v, is_held, offset)
    if kind in (b.KIND_SAW, b.KIND_PULSE, b.KIND_NOISE):
        start_filter(block, v, offset)
    if kind in (b.KIND_SAW, b.KIND_PULSE):
        start_saws(block, v)
    elif kind == b.KIND_STRING:
        pluck(block, v)
    elif kind == b.KIND_SAMPLE:
        begin_take(block, v)
    elif kind == b.KIND_GRAINS:
        begin_cloud(block, v)


@njit(nogil=True, error_model="numpy", inline="always")  # each level of calls is optimised anew
def add_source(block: int, v: Any, frame: Any, offset: Any) -> Any:
    """Write a voice's quantum to `wave[0]`, unshaped; return False when nothing more comes by itself.

    A voice begins at frame `offset` of its first quantum; what stands before it is not heard.
    """
    memory = memory_at(block, "voice voice_f")
    kind, is_held = memory.voice[v, b.V_SOURCE], memory.voice[v, b.V_KIND] == b.OP_HOLD
    if kind == b.KIND_PARTIALS:
        return add_partials(block, v) >= FADED or is_held
    if kind == b.KIND_FM:
        return modulate(block, v) >= FADED or is_held
    if kind == b.KIND_SAW or kind == b.KIND_PULSE:
        return add_saws(block, v) >= FADED or is_held
    if kind == b.KIND_NOISE:
        return add_noise(block, v, frame) >= FADED or is_held
    if kind == b.KIND_STRING:
        return add_string(block, v, frame, offset) or is_held
    speed = 2.0 ** ((memory.voice_f[v, b.F_PITCH] - OWN_PITCH) / 12.0)
    if kind == b.KIND_GRAINS:
        return add_cloud(block, v, offset, speed)
    return play_take(block, v, offset, speed)
