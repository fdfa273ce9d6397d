"""The show's speakers, its panning and its room, written where the renderer finds them."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from engine.show import model
from engine.sound import block as b
from engine.sound.block import Memory, address
from engine.sound.echo import announce_room
from engine.sound.layout import announce_layout

LOUDEST_DB = 24.0
BUTTERWORTH = math.sqrt(0.5)  # two of them make a Linkwitz-Riley of 24 dB an octave
KINDS = {"peak": b.PEAK, "low_shelf": b.LOW_SHELF, "high_shelf": b.HIGH_SHELF}
DB_PER_DOUBLING = 20 * math.log10(2)
Row = tuple[float, float, float, float]


def write_layout(memory: Memory, sound: model.Sound, speakers: Mapping[str, model.Speaker], stage: model.Stage) -> None:
    """Write what is wanted of the speakers and tell the renderer, which fades it in.

    Args:
        speakers: Without any, a pair stands at the stage's sides.
        stage: Its size in metres is used where the show gives it; else speakers are placed in stage units.
    """
    for row, eq, speaker in zip(memory.speaker, memory.eq, tuple(speakers.values()) or pair(stage), strict=False):
        bands = rows(speaker)
        eq[: len(bands)] = np.reshape(bands, (-1, 4))
        row[b.S_X], row[b.S_Y] = speaker.at_m
        row[b.S_TRIM] = 10 ** (min(speaker.trim_db, LOUDEST_DB) / 20)
        row[b.S_DELAY] = max(speaker.delay_ms, 0.0) / 1000
        row[b.S_BANDS] = len(bands)
    centre = sound.centre_m or (math.nan, math.nan)
    memory.panning[: b.G_Y + 1] = (b.PANNINGS.index(sound.panning), sound.blur, sound.rolloff_db / DB_PER_DOUBLING,
                                   sound.falloff_db / DB_PER_DOUBLING, *centre)
    announce_layout(address(memory))


def write_room(memory: Memory, reverb: model.Reverb) -> None:
    """Write which room is wanted and tell the renderer, if it is another one."""
    wanted = (reverb.decay_s, reverb.damping, reverb.size, reverb.predelay_ms / 1000, 10 ** (reverb.level_db / 20))
    if tuple(memory.room[: len(wanted)]) != wanted:
        memory.room[: len(wanted)] = wanted
        announce_room(address(memory))


def alone(index: int) -> tuple[float, float]:
    """Return the place of what sounds from one speaker and no other; `index` counts the show's speakers from 0."""
    return math.nan, float(index)


def pair(stage: model.Stage) -> tuple[model.Speaker, model.Speaker]:
    """Return two speakers at the stage's sides."""
    width, height = stage.size_m or (stage.aspect, 1.0)
    return (model.Speaker(name="left", output=1, at_m=(0.0, 0.5 * height)),
            model.Speaker(name="right", output=2, at_m=(width, 0.5 * height)))


def rows(speaker: model.Speaker) -> list[Row]:
    """Return a speaker's filters: kind, frequency, Q and gain in decibels of each."""
    crossovers = ((b.HIGH_PASS, speaker.highpass_hz), (b.LOW_PASS, speaker.lowpass_hz))
    passes = [(float(kind), hz, BUTTERWORTH, 0.0) for kind, hz in crossovers if hz is not None for _ in range(2)]
    bands = [(float(KINDS[band.kind]), band.hz, band.q, band.gain_db) for band in speaker.eq]
    return (passes + bands)[: b.EQ_BANDS]
