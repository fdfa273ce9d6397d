"""How many voices a core carries: our whole voice path beside scsynth's and numpy's, with the same oscillators.

Ours: oscillators, per-sample envelope, glides, panning, guard, room, limiter, meters. Theirs: oscillators, envelope,
pan.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from engine.bench.figure import Figure, Record
from engine.clock import thread_cpu_ns

FIGURES = (
    Figure("voices_partials", "voices", "higher", 1.0),
    Figure("voices_fm", "voices", "higher", 1.0),
    Figure("voices_saw", "voices", "higher", 1.0),
    Figure("voices_full_path", "voices", "higher", 650.0),
    Figure("voices_full_path_percent", "%", "lower", 10.0),
)
VOICES = 200
SECONDS = 2.0
ROUNDS = 5
RATE = 48_000
PITCHES = [40 + 0.2 * i for i in range(VOICES)]
RATIOS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
PAIRS = ((0.999, 2.6), (1.001, 2.1))  # carrier and modulator at this multiple of the pitch, index
CUTOFF_HZ, RECIPROCAL_Q = 1200.0, 0.5
FULL_VOICES, FULL_SPEAKERS, FULL_EVENTS = 64, 8, 4  # events a block: 1500 a second


class Target(NamedTuple):
    """One of our runs: an engine that sounds, its output block, and what happens before each block."""

    memory: Any
    out: Any
    happen: Callable[[int], None] = lambda n: None


def measure(names: Collection[str]) -> list[Record]:
    """Return the records of the named figures; the target is scsynth's own, or numpy's where it is not installed."""
    from engine.kernel_cache import SOUND_KERNELS, warm

    warm(SOUND_KERNELS)
    records = [_record(figure) for figure in FIGURES[:3] if figure.name in names]
    if any(figure.name in names for figure in FIGURES[3:]):
        records += [record for record in _full_path() if record["name"] in names]
    return records


def _record(figure: Figure) -> Record:
    kind = figure.name.removeprefix("voices_")
    voice = [_voice(kind)]
    small, large = _target(voice, VOICES, 128, 2), _target(voice, VOICES, 256, 2)
    with tempfile.TemporaryDirectory() as folder:
        candidates: dict[str, Callable[[], float]] = {
            "ours": lambda: VOICES / _load(small),
            "ours_block_256": lambda: VOICES / _load(large),
            "numpy": lambda: _numpy(kind),
            **_scsynth(kind, Path(folder)),
        }
        taken: dict[str, list[float]] = {name: [] for name in candidates}
        for _ in range(ROUNDS):
            for name, run in candidates.items():
                taken[name].append(run())
    values = {name: statistics.median(rates) for name, rates in taken.items()}
    ours = values.pop("ours")
    goal = values.get("scsynth", values["numpy"])
    return Figure(figure.name, figure.unit, figure.better, goal).record(ours, values)


def _full_path() -> list[Record]:
    """Return what 64 voices of three kinds cost with 8 speakers and many events, and how many a core would carry."""
    from engine.sound.block import OP_NOTE, OP_SET

    voices = [_voice(kind) for kind in ("partials", "fm", "saw")]
    target = _target(voices, FULL_VOICES, 128, FULL_SPEAKERS)
    send = _sender(target.memory, voices, FULL_SPEAKERS)

    def happen(n: int) -> None:
        for event in range(FULL_EVENTS):
            i = (FULL_EVENTS * n + event) % FULL_VOICES
            send(OP_NOTE if event == 0 else OP_SET, i, 0.1 * (n % 80))

    empty = _target(voices, 0, 128, FULL_SPEAKERS)
    full, rest = [], []
    for _ in range(ROUNDS):
        full.append(_load(target._replace(happen=happen)))
        rest.append(_load(empty))
    share, still = statistics.median(full), statistics.median(rest)
    carried = FULL_VOICES * (1.0 - still) / (share - still)
    peers = {"without_voices": 100 * still}
    return [FIGURES[3].record(carried), FIGURES[4].record(100 * share, peers)]


def _voice(kind: str) -> Any:
    from engine.sound.voice import Voice

    if kind == "partials":
        return Voice.partials(*((ratio, 0.4) for ratio in RATIOS))
    if kind == "fm":
        return Voice.fm(*(row for ratio, index in PAIRS for row in ((ratio, 0.5), (ratio, index))))
    return Voice.saw(CUTOFF_HZ, (2.0 - RECIPROCAL_Q) / 1.98, track=0.0)


def _sender(memory: Any, voices: Sequence[Any], speakers: int) -> Callable[[int, int, float], None]:
    """Return a function that sends an event for a voice by its number, at a place of the line of speakers."""
    from engine.sound.block import RECORD, address
    from engine.sound.instruments import Instruments
    from engine.sound.ring import push

    instruments = Instruments(memory)
    numbers = [instruments.find(voice) or 0 for voice in voices]
    record = np.zeros(RECORD, np.int64)

    def send(op: int, i: int, x: float) -> None:
        record[:6] = 0, op, i, 0, numbers[i % len(numbers)], 0
        record.view(np.float64)[6:16] = PITCHES[i], 0.2, x % speakers, 0.5, 0.02, 0.2, 0.5, np.nan, 0.02, 0.0
        record.view(np.float64)[16:] = np.nan
        push(address(memory), 0, record)

    return send


def _target(voices: Sequence[Any], count: int, block: int, speakers: int) -> Target:
    """Return an engine with speakers in a line, in which so many holds of these voices sound."""
    from engine.show import model
    from engine.sound.block import H_RUNNING, OP_HOLD, SIZE, open_memory
    from engine.supervise.memory import Block

    places = [model.Speaker(name=str(i), output=i + 1) for i in range(speakers)]
    memory = open_memory(Block.private(SIZE), model.Sound(), places)
    memory.header[H_RUNNING] = 1
    memory.owner[:] = 1.0
    memory.speaker[:speakers, 0] = range(speakers)
    target = Target(memory, np.zeros((block, speakers), np.float32))
    send = _sender(memory, voices, speakers)
    for i in range(count):
        send(OP_HOLD, i, 0.3)
    _load(target, 0.2)
    return target


def _load(target: Target, seconds: float = SECONDS) -> float:
    """Return the share of a core that an engine takes, its events not counted."""
    from engine.sound.block import address
    from engine.sound.mixer import serve

    place, spent_ns, blocks = address(target.memory), 0, round(seconds * RATE) // len(target.out)
    for n in range(blocks):
        target.happen(n)
        begin_ns = thread_cpu_ns()
        serve(place, target.out)
        spent_ns += thread_cpu_ns() - begin_ns
    return spent_ns / 1e9 / (blocks * len(target.out) / RATE)


def _scsynth(kind: str, folder: Path) -> dict[str, Callable[[], float]]:
    """Return the runs of scsynth offline at blocks of 128 and 256; none where it is not installed."""
    from engine.bench.scsynth import SynthDef, render_cpu_s, write_score

    program = shutil.which("scsynth")
    if not program:
        return {}
    synth = SynthDef("voice", 440.0)
    total: Any = 0.0
    if kind == "partials":
        for ratio in RATIOS:
            total = synth.scaled(synth.sine(ratio), 0.4, total)
    elif kind == "fm":
        for ratio, index in PAIRS:
            total = synth.scaled(synth.sine(ratio, synth.scaled(synth.sine(ratio), index)), 0.5, total)
    else:
        total = synth.filtered_saw(CUTOFF_HZ, RECIPROCAL_Q)
    definition = synth.finish(total, 0.04)
    full, empty, out = folder / "full.osc", folder / "empty.osc", folder / "out.wav"
    write_score(full, definition, "voice", [440 * 2 ** ((pitch - 69) / 12) for pitch in PITCHES], SECONDS)
    write_score(empty, definition, "voice", (), SECONDS)

    def run(block: int) -> float:
        alone = render_cpu_s(program, empty, out, block)
        return VOICES * SECONDS / max(render_cpu_s(program, full, out, block) - alone, 1e-3)

    return {"scsynth": lambda: run(128), "scsynth_block_256": lambda: run(256)}


def _numpy(kind: str) -> float:
    """Return the same for all voices at once in numpy, in blocks of 128."""
    block, seconds = 128, 0.25
    hz = 440 * 2 ** ((np.array(PITCHES, np.float32) - 69) / 12)
    steps = np.arange(block, dtype=np.float32)
    phases = np.zeros((16, VOICES), np.float32)
    memory, out = np.zeros((2, VOICES), np.float32), np.zeros((block, 2), np.float32)
    envelope, gains = np.float32(0.99), np.array([0.6, 0.8], np.float32)
    begin_ns = thread_cpu_ns()
    for n in range(round(seconds * RATE) // block):
        ramp = envelope ** np.float32(n) + steps * np.float32(1e-5)
        total = np.zeros((VOICES, block), np.float32)
        if kind == "partials":
            for phase, ratio in zip(phases, RATIOS, strict=False):
                total += np.float32(0.4) * _sines(phase, hz * np.float32(ratio), steps)
        elif kind == "fm":
            for i, (ratio, index) in enumerate(PAIRS):
                bend = np.float32(index * 0.16) * _sines(phases[2 * i], hz * np.float32(ratio), steps)
                total += np.float32(0.5) * _sines(phases[2 * i + 1], hz * np.float32(ratio), steps, bend)
        else:
            total = _filtered_saws(phases[0], hz, steps, memory)
        out[:] = (total * ramp).sum(axis=0)[:, None] * gains
    return VOICES * seconds / ((thread_cpu_ns() - begin_ns) / 1e9)


def _sines(phase: Any, hz: Any, steps: Any, bend: Any = 0) -> Any:
    """Return a block of sines and move their phases on. phase: turns, shape (voices,)."""
    return np.sin((_turns(phase, hz, steps) + bend) * np.float32(2 * np.pi))


def _turns(phase: Any, hz: Any, steps: Any) -> Any:
    step = hz * np.float32(1 / RATE)
    turns = phase[:, None] + step[:, None] * steps
    phase += step * np.float32(len(steps))
    phase %= 1
    return turns


def _filtered_saws(phase: Any, hz: Any, steps: Any, memory: Any) -> Any:
    """Return a block of saws with polynomial edges through a resonant lowpass, frame by frame for all voices."""
    turns, step = _turns(phase, hz, steps) % 1, (hz * np.float32(1 / RATE))[:, None]
    after, before = turns / step, (turns - 1) / step
    edge = np.where(after < 1, 2 * after - after * after - 1, np.where(before > -1, (before + 1) ** 2, 0))
    wave = (2 * turns - 1 - edge).astype(np.float32)
    g = np.float32(np.tan(np.pi * CUTOFF_HZ / RATE))
    share = np.float32(1 / (1 + g * (g + RECIPROCAL_Q)))
    first, second = memory
    for k in range(len(steps)):
        band = share * (first + g * (wave[:, k] - second))
        low = second + g * band
        first, second = 2 * band - first, 2 * low - second
        wave[:, k] = low
    memory[:] = first, second
    return wave
