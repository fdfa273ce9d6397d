"""How many voices a core carries: our whole voice path beside scsynth's and numpy's, with the same oscillators.

Ours: oscillators, envelope, glides, panning, guard, room, limiter, meters. Theirs: oscillators, envelope, pan.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import numpy as np

from engine.bench.figure import Figure, Record
from engine.clock import thread_cpu_ns

FIGURES = (
    Figure("voices_per_core", "voices", "higher", 1.0),
    Figure("voices_per_core_partials", "voices", "higher", 1.0),
)
VOICES = 200
SECONDS = 2.0
ROUNDS = 5
RATE = 48_000
PRESET = {"voices_per_core": "brass", "voices_per_core_partials": "organ"}
PITCHES = [40 + 0.2 * i for i in range(VOICES)]


def measure(names: Collection[str]) -> list[Record]:
    """Return the records of the named figures; the target is scsynth's own, or numpy's where it is not installed."""
    from engine.kernel_cache import SOUND_KERNELS, warm

    warm(SOUND_KERNELS)
    return [_record(figure) for figure in FIGURES if figure.name in names]


def _record(figure: Figure) -> Record:
    preset = PRESET[figure.name]
    with tempfile.TemporaryDirectory() as folder:
        candidates: dict[str, Callable[[], float]] = {
            "ours": lambda: _ours(preset, 128),
            "ours_block_256": lambda: _ours(preset, 256),
            "numpy": lambda: _numpy(preset),
            **_scsynth(preset, Path(folder)),
        }
        taken: dict[str, list[float]] = {name: [] for name in candidates}
        for _ in range(ROUNDS):
            for name, run in candidates.items():
                taken[name].append(run())
    values = {name: statistics.median(rates) for name, rates in taken.items()}
    ours = values.pop("ours")
    goal = values.get("scsynth", values["numpy"])
    return Figure(figure.name, figure.unit, figure.better, goal).record(ours, values)


def _ours(preset: str, block: int) -> float:
    """Return the voices a core carries: voice seconds for a second of processor time."""
    from engine.show import model
    from engine.sound.block import H_RUNNING as RUNNING
    from engine.sound.block import OP_HOLD, RECORD, SIZE, address, open_memory
    from engine.sound.instruments import Instruments
    from engine.sound.mixer import render
    from engine.sound.ring import push
    from engine.supervise.memory import Block

    memory = open_memory(Block.private(SIZE), model.Sound(), [])
    instruments = Instruments(memory)
    memory.header[RUNNING] = 1
    memory.owner[:] = 1.0
    memory.speaker[1, 0] = 1.0
    for i, pitch in enumerate(PITCHES):
        record = np.zeros(RECORD, np.int64)
        record[:6] = 0, OP_HOLD, i, 0, instruments.find(preset) or 0, 0
        record.view(np.float64)[6:16] = pitch, 0.2, 0.3, 0.0, 0.0, 0.2, 0.5, np.nan, np.nan, 0.0
        record.view(np.float64)[16:] = np.nan
        push(address(memory), 0, record)
    out = np.zeros((block, 2), np.float32)
    render(address(memory), out, 0)
    begin_ns = thread_cpu_ns()
    for _ in range(round(SECONDS * RATE) // block):
        render(address(memory), out, 0)
    return VOICES * SECONDS / ((thread_cpu_ns() - begin_ns) / 1e9)


def _rows(preset: str) -> list[tuple[float, ...]]:
    """Return partials as (ratio, level), pairs of operators as (ratio, ratio, index, 0, 0, level)."""
    from engine.sound.presets import PRESETS

    rows = PRESETS[preset].rows
    if not _is_fm(preset):
        return list(rows)
    return [(carrier[0], bender[0], bender[1], 0.0, 0.0, carrier[1])
            for carrier, bender in zip(rows[::2], rows[1::2], strict=True)]


def _is_fm(preset: str) -> bool:
    from engine.sound.block import KIND_FM
    from engine.sound.presets import PRESETS

    return PRESETS[preset].kind == KIND_FM


def _scsynth(preset: str, folder: Path) -> dict[str, Callable[[], float]]:
    """Return the runs of scsynth offline at blocks of 128 and 256; none where it is not installed."""
    from engine.bench.scsynth import SynthDef, render_cpu_s, write_score

    program = shutil.which("scsynth")
    if not program:
        return {}
    synth = SynthDef("voice", 440.0)
    total: Any = 0.0
    for row in _rows(preset):
        phase = synth.scaled(synth.sine(row[1]), row[2]) if _is_fm(preset) else 0.0
        total = synth.scaled(synth.sine(row[0], phase), row[5] if _is_fm(preset) else row[1], total)
    definition = synth.finish(total, 0.04)
    full, empty, out = folder / "full.osc", folder / "empty.osc", folder / "out.wav"
    write_score(full, definition, "voice", [440 * 2 ** ((pitch - 69) / 12) for pitch in PITCHES], SECONDS)
    write_score(empty, definition, "voice", (), SECONDS)

    def run(block: int) -> float:
        alone = render_cpu_s(program, empty, out, block)
        return VOICES * SECONDS / max(render_cpu_s(program, full, out, block) - alone, 1e-3)

    return {"scsynth": lambda: run(128), "scsynth_block_256": lambda: run(256)}


def _numpy(preset: str) -> float:
    """Return the same for all voices at once in numpy, in blocks of 128."""
    block, seconds = 128, 0.25
    hz = 440 * 2 ** ((np.array(PITCHES, np.float32) - 69) / 12)
    steps = np.arange(block, dtype=np.float32)
    rows = _rows(preset)
    phases = np.zeros((len(rows), 2, VOICES), np.float32)
    out = np.zeros((block, 2), np.float32)
    envelope, gains = np.float32(0.99), np.array([0.6, 0.8], np.float32)
    begin_ns = thread_cpu_ns()
    for n in range(round(seconds * RATE) // block):
        ramp = envelope ** np.float32(n) + steps * np.float32(1e-5)
        total = np.zeros((VOICES, block), np.float32)
        for phase, row in zip(phases, rows, strict=True):
            bend: Any = 0
            if _is_fm(preset):
                bend = np.float32(row[2] * 0.16) * _sines(phase[1], hz * np.float32(row[1]), steps)
            amplitude = np.float32(row[5] if _is_fm(preset) else row[1])
            total += amplitude * _sines(phase[0], hz * np.float32(row[0]), steps, bend)
        out[:] = (total * ramp).sum(axis=0)[:, None] * gains
    return VOICES * seconds / ((thread_cpu_ns() - begin_ns) / 1e9)


def _sines(phase: Any, hz: Any, steps: Any, bend: Any = 0) -> Any:
    """Return a block of sines and move their phases on. phase: turns, shape (voices,)."""
    step = hz * np.float32(1 / RATE)
    wave = np.sin((phase[:, None] + step[:, None] * steps + bend) * np.float32(2 * np.pi))
    phase += step * np.float32(len(steps))
    phase %= 1
    return wave
