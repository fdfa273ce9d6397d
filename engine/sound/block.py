"""The sound block: all state of the sound engine in memory that outlives both the engine and the sound process.

Its places are frozen into the numba kernels; this module does without numba, so that the cache can be chosen first.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.problems import MixeurError
from engine.show import model
from engine.sound.bandlimit import BLEP_PHASES, bandlimited_step
from engine.sound.ceilings import G_BEFORE, G_CAP_GAIN, G_GAIN, G_LIMITED, MINUTES, SECONDS, set_ceilings
from engine.sound.weighting import SECTIONS as WEIGHTS
from engine.sound.weighting import weighting_sections
from engine.supervise.memory import Block

QUANTUM = 64  # frames; the engine always renders whole quanta, whatever the device asks for
SLOTS = 288  # voices and the tails of stolen ones
MAX_VOICES = 256
MAX_SPEAKERS = 64
PARTIALS = 16
PRODUCERS = 4
RING = 1024
PENDING = 2048
RECORD = 24  # words of 8 bytes
MOVES = 8  # controls of an instrument that can be moved while it sounds
VALUES = 256
OWNERS = 64
SAMPLES = 512
BANK = 64 * 1024 * 1024  # frames of sound files; memory is touched only as far as they fill it
HISTORY = 256
TEXT = 256
DELAY = 32_768  # a power of two
# what brings the engine's rate to the device's
TAPS, PHASES, CHUNK, MOST_TIMES = 64, 256, 256, 8

# header
(H_MAGIC, H_RATE, H_BLOCK, H_SPEAKERS, H_OUTPUTS, H_CHANNELS, H_FRAME, H_STAMP_NS, H_HEARTBEAT_NS, H_CALLBACKS,
 H_BACKEND, H_REALTIME, H_UNDERFLOWS, H_RESTARTS, H_BLACKOUT, H_PANIC, H_PANIC_SEEN, H_LATE, H_DROPPED, H_BAD,
 H_STOLEN, H_ACTIVE, H_LEFT, H_SEQUENCE, H_PENDING, H_LIVE, H_HISTORY_FROM, H_RUNNING, H_ALIVE_NS,
 H_TICKET, H_LOSSES, H_WITHOUT_NS, H_HANGS, H_TICKETS, H_STARTED) = range(35)

# levels: float64
(L_MASTER, L_MASTER_NOW, L_START, L_LIGHT, L_ALIVE, L_FADE_NOW, L_LIMIT, L_ROOM, L_ECHO, L_HUSH) = range(10)
(L_NEAR_PITCH, L_NEAR_LEVEL, L_NEAR_SEND, L_NEAR_MOVE) = range(30, 34)
L_SWAP, L_WET, L_WET_NOW, L_SENT, L_SENT_NOW = range(40, 45)  # fades of layout and room; gains of room and send

WRITTEN, DROPPED, READ = 0, 1, 8  # words of a producer's cursor, the reader's on its own cache line
# ring records: words 0-5 are integers, the rest float64
(R_WHEN, R_OP, R_ID, R_OWNER, R_PRESET, R_SAMPLE, R_PITCH, R_LEVEL, R_X, R_Y, R_LENGTH, R_SPACE, R_BRIGHT, R_ATTACK,
 R_RELEASE, R_BIND) = range(16)
R_MOVES = 16  # the first of them; not a number leaves a control as the instrument has it
LOOP_FLAG = 1 << 20  # in R_SAMPLE
OP_NOTE, OP_HOLD, OP_SET, OP_RELEASE, OP_STOP, OP_GAIN, OP_CLEAR = range(1, 8)

# voices: integers
(V_STATE, V_ID, V_OWNER, V_SOURCE, V_START, V_END, V_KIND, V_SAMPLE, V_BIND_LEVEL, V_BIND_PITCH, V_AGE,
 V_LOOP, V_KILLED, V_SEED, V_LASTS, V_LINE_AT, V_WIDTH, V_DELAY) = range(18)
FREE, ON, RELEASED, KILLED = range(4)
# voices: float64
(F_PITCH, F_PITCH_TO, F_LEVEL, F_LEVEL_TO, F_X, F_Y, F_SPACE, F_BRIGHT, F_ATTACK, F_FALL, F_ENV, F_AMP, F_HZ, F_POS,
 F_SEND, F_BACK, F_BACK_OLD, F_S1, F_S2, F_G, F_G_TO, F_DAMP, F_DAMP_TO, F_OCTAVES, F_CUTOFF, F_TUNED_HZ,
 F_FORCE) = range(27)

# instruments, and a voice's own copy of its instrument: float64. What each column from P_OWN on means is the kind's.
INSTRUMENTS = 512
(KIND_SAMPLE, KIND_PARTIALS, KIND_FM, KIND_SAW, KIND_PULSE, KIND_NOISE, KIND_STRING) = range(7)
KIND_GRAINS = 16
P_KIND, P_COUNT, P_ATTACK_S, P_RELEASE_S, P_TICKET, P_OWN = range(6)
P_BACK = P_OWN  # of FM
P_TRACK, P_SWEEP, P_SWEEP_S, P_LOW, P_BAND, P_HIGH = range(P_OWN, P_OWN + 6)  # of what has a filter
P_DAMPING, P_PICK = range(P_OWN, P_OWN + 2)  # of strings
C_CUTOFF, C_RESONANCE, C_WIDTH = range(3)
P_MOVES, P_ROWS, ROW = 16, 32, 8  # controls that move; rows of partials or operators, each of 8 numbers
PATCH = P_ROWS + PARTIALS * ROW
(W_RATIO, W_LEVEL, W_DECAY_S, W_STAYS, W_BENT_BY) = range(5)  # W_BENT_BY: bits of operators, the sign bit: is heard
SWEEP = PARTIALS - 1  # the column in which a filter's sweep falls
LANES = 32  # filters that run side by side
(A_S1, A_S2, A_G, A_G_STEP, A_DAMP, A_DAMP_STEP, A_LOW, A_BAND, A_HIGH) = range(9)
STRING = 8192  # frames of a string, and of those that stay when it begins at its front again
STRING_KEPT = 4032
TICKET = 1024  # R_PRESET is an instrument's row, and its ticket times this

# speakers as they are wanted: float64; the trim is an amplitude, the delay in seconds
S_X, S_Y, S_TRIM, S_DELAY, S_OUTPUT, S_BANDS = range(6)
# microphones: integers and float64; the sound itself stays for MIC_RING frames and is never stored
MICS = 4
MIC_RING, MIC_TAIL = 1 << 18, 64  # its first frames stand again after its end, so that filters read across
BANDS = 8
(M_WRITTEN, M_RATE, M_BEAT_NS, M_IS_LIVE, M_STANDS_IN, M_BEGINNINGS, M_BEGAN_NS) = range(7)
N_LEVEL, N_PITCH_HZ, N_BEGAN, N_BANDS = range(4)
# meters of an output: float64
O_PEAK, O_SQUARE, O_TRUE_PEAK, O_MOMENTARY = range(4)
# sample bank directory: integers; the first entry stays empty
B_KEY, B_START, B_LENGTH, B_READY, B_RATE, B_SIZE = range(6)
MIC_SOURCE = SAMPLES  # in R_SAMPLE: the first microphone
MIC_GUARD_S = 0.06  # what is newer than this may still be on its way

# what a voice that plays a file asks for, in the places of R_MOVES; not a number is the default
T_FROM_S, T_LOOP_S, T_LOOP_END_S, T_FADE_S, T_WAY = range(5)  # T_WAY: 1, or -1 for backwards
(C_PLACE, C_SPREAD_S, C_SIZE_S, C_DENSITY_HZ, C_JITTER, C_DETUNE, C_SEED, C_WAY) = range(8)  # a cloud of grains
# what it remembers: float64
K_KEY, K_WAY, K_POS, K_BEGIN, K_TURN, K_FADE, K_LIKE, K_TURNED, K_DUE, K_BORN = range(10)
GRAINS = 32  # of one cloud at a time
G_AGE, G_SIZE, G_POS, G_SPEED, G_AMP = range(5)

# the resampler: both rates without their common part (0: they are the same), the next frame's place in `window` times
# the device's rate, and how many frames `window` holds
A_ENGINE, A_DEVICE, A_PLACE, A_FILLED = range(4)

# -- space: where speakers stand and what stands before them (layout.py, pan.py, feed.py, equaliser.py) --

# counters of the layout: integers. What is wanted is written, counted, and adopted by the renderer behind a fade
Y_WRITTEN, Y_ADOPTED, Y_RATE, Y_LINE, Y_ROOM_WRITTEN, Y_ROOM_ADOPTED = range(6)
PANNINGS = ("dbap", "vbap")
# how sources are panned, as it is wanted (the first six) and as it is adopted: float64
(G_PANNING, G_BLUR, G_ROLLOFF, G_FALLOFF, G_X, G_Y, G_REACH, G_SOFT, G_WIDTH) = range(9)
T_X, T_Y, T_ANGLE, T_ORDER = range(4)  # a speaker's stand, as adopted: float64
EQ_BANDS = 10  # two each of high-pass and low-pass, and six of the show's
E_KIND, E_HZ, E_Q, E_GAIN = range(4)  # a band as it is wanted: float64; the gain in decibels
PEAK, LOW_SHELF, HIGH_SHELF, HIGH_PASS, LOW_PASS = range(5)
I_TRIM, I_DELAY, I_BANDS = range(3)  # a speaker's line, as adopted: float64; the delay in frames
# the room as it is wanted and as it is adopted: float64; seconds, shares, and an amplitude
O_DECAY, O_DAMPING, O_SIZE, O_PREDELAY, O_LEVEL = range(5)
PREDELAY = 65_536  # frames; a power of two
# the convolver: integers. Which response is wanted (0: none), its size, and which is used
(C_WANTED, C_PARTS_TO, C_CHANNELS_TO, C_USED, C_PARTS, C_CHANNELS, C_HEAD, C_STEP) = range(8)
PART = 256  # frames of a partition
PARTS, ROOM_CHANNELS = 1024, 8
BINS = 272  # of a partition's spectrum: 257, in whole cache lines

BACKENDS = ("none", "portaudio", "null", "offline")


class Memory(NamedTuple):
    """The sections of the block as arrays; sections that share a place see the same bytes by another type."""

    header: NDArray[np.int64]
    levels: NDArray[np.float64]
    values: NDArray[np.float64]
    reason: NDArray[np.uint8]
    device: NDArray[np.uint8]
    sink: NDArray[np.uint8]
    cursor: NDArray[np.int64]
    ring: NDArray[np.int64]
    ring_f: NDArray[np.float64]
    work: NDArray[np.int64]
    work_f: NDArray[np.float64]
    pending: NDArray[np.int64]
    pending_f: NDArray[np.float64]
    voice: NDArray[np.int64]
    voice_f: NDArray[np.float64]
    phase: NDArray[np.int32]
    amp: NDArray[np.float32]
    aim: NDArray[np.float32]
    fall: NDArray[np.float32]
    last: NDArray[np.float32]
    move: NDArray[np.float64]
    move_to: NDArray[np.float64]
    patch: NDArray[np.float64]
    instrument: NDArray[np.float64]
    gain: NDArray[np.float32]
    gain_to: NDArray[np.float32]
    owner: NDArray[np.float64]
    speaker: NDArray[np.float64]
    route: NDArray[np.float32]
    history: NDArray[np.int64]
    costs: NDArray[np.int64]
    meter: NDArray[np.float64]
    wave: NDArray[np.float32]
    overlap: NDArray[np.float32]
    tail: NDArray[np.float32]
    blep: NDArray[np.float32]
    lanes: NDArray[np.float32]
    lane: NDArray[np.float32]
    lane_voice: NDArray[np.int64]
    string: NDArray[np.float32]
    loop: NDArray[np.float32]
    band: NDArray[np.float64]
    bus: NDArray[np.float32]
    mixed: NDArray[np.float32]
    echo: NDArray[np.float32]
    echo_at: NDArray[np.int64]
    echo_low: NDArray[np.float32]
    echo_line: NDArray[np.float64]
    dc: NDArray[np.float64]
    delay: NDArray[np.float32]
    ahead: NDArray[np.float32]
    ready: NDArray[np.float32]
    taps: NDArray[np.float32]
    window: NDArray[np.float32]
    resampler: NDArray[np.int64]
    mic: NDArray[np.float32]
    mic_state: NDArray[np.int64]
    mic_heard: NDArray[np.float64]
    mic_reason: NDArray[np.uint8]
    take: NDArray[np.float64]
    grain: NDArray[np.float64]
    part: NDArray[np.float32]
    sample: NDArray[np.int64]
    layout: NDArray[np.int64]
    panning: NDArray[np.float64]
    field: NDArray[np.float64]
    stand: NDArray[np.float64]
    eq: NDArray[np.float64]
    line: NDArray[np.float64]
    biquad: NDArray[np.float64]
    tap: NDArray[np.float64]
    gain_low: NDArray[np.float32]
    gain_from: NDArray[np.float32]
    gain_mid: NDArray[np.float32]
    path: NDArray[np.int64]
    room: NDArray[np.float64]
    room_now: NDArray[np.float64]
    before: NDArray[np.float32]
    convolver: NDArray[np.int64]
    response: NDArray[np.float32]
    past: NDArray[np.float32]
    spectrum: NDArray[np.float32]
    answer: NDArray[np.float32]
    fold: NDArray[np.float32]
    heard: NDArray[np.float32]
    bank: NDArray[np.float32]
    guard: NDArray[np.float64]
    seconds: NDArray[np.float64]
    minutes: NDArray[np.float64]
    weights: NDArray[np.float64]
    weighed: NDArray[np.float64]
    weighing: NDArray[np.float64]
    hops: NDArray[np.float64]
    peaks: NDArray[np.float32]
    between: NDArray[np.float32]


ECHO_LINES, DIFFUSERS = 20, 4  # 16 of the network and 4 allpasses before it
ECHO_LENGTH = 16_384
PEAK_TAPS = 12  # of each phase of the true-peak filter
HOPS = 4  # of 100 ms in a momentary loudness; one more is under way
# (field, dtype, shape); a field that ends in _f lies over the one before it
SECTIONS: tuple[tuple[str, Any, tuple[int, ...]], ...] = (
    ("header", np.int64, (64,)), ("levels", np.float64, (64,)), ("values", np.float64, (VALUES,)),
    ("reason", np.uint8, (TEXT,)), ("device", np.uint8, (TEXT,)), ("sink", np.uint8, (TEXT,)),
    ("cursor", np.int64, (PRODUCERS, 16)),
    ("ring", np.int64, (PRODUCERS, RING, RECORD)), ("ring_f", np.float64, (PRODUCERS, RING, RECORD)),
    ("work", np.int64, (RECORD,)), ("work_f", np.float64, (RECORD,)),
    ("pending", np.int64, (PENDING, RECORD)), ("pending_f", np.float64, (PENDING, RECORD)),
    ("voice", np.int64, (SLOTS, 20)), ("voice_f", np.float64, (SLOTS, 32)), ("phase", np.int32, (SLOTS, 16)),
    ("amp", np.float32, (SLOTS, 16)), ("aim", np.float32, (SLOTS, 16)), ("fall", np.float32, (SLOTS, 16)),
    ("last", np.float32, (SLOTS, 16)), ("move", np.float64, (SLOTS, MOVES)), ("move_to", np.float64, (SLOTS, MOVES)),
    ("patch", np.float64, (SLOTS, PATCH)), ("instrument", np.float64, (INSTRUMENTS, PATCH)),
    ("gain", np.float32, (SLOTS, MAX_SPEAKERS)),
    ("gain_to", np.float32, (SLOTS, MAX_SPEAKERS)), ("owner", np.float64, (OWNERS, 2)),
    ("speaker", np.float64, (MAX_SPEAKERS, 8)), ("route", np.float32, (MAX_SPEAKERS, MAX_SPEAKERS)),
    ("history", np.int64, (HISTORY, 2)), ("costs", np.int64, (64,)), ("meter", np.float64, (MAX_SPEAKERS, 4)),
    ("wave", np.float32, (8, QUANTUM)), ("overlap", np.float32, (2 * QUANTUM,)),
    ("tail", np.float32, (SLOTS, QUANTUM)), ("blep", np.float32, (BLEP_PHASES + 1, QUANTUM)),
    ("lanes", np.float32, (QUANTUM, LANES)), ("lane", np.float32, (12, LANES)), ("lane_voice", np.int64, (LANES,)),
    ("string", np.float32, (SLOTS, STRING)), ("loop", np.float32, (SLOTS, 8)), ("band", np.float64, (8,)),
    ("bus", np.float32, (MAX_SPEAKERS + 2, QUANTUM)),
    ("mixed", np.float32, (MAX_SPEAKERS, QUANTUM)), ("echo", np.float32, (ECHO_LINES, ECHO_LENGTH)),
    ("echo_at", np.int64, (16,)), ("echo_low", np.float32, (16,)), ("echo_line", np.float64, (ECHO_LINES, 4)),
    ("dc", np.float64, (MAX_SPEAKERS, 2)), ("delay", np.float32, (MAX_SPEAKERS, DELAY)),
    ("ahead", np.float32, (MAX_SPEAKERS, QUANTUM)), ("ready", np.float32, (QUANTUM, MAX_SPEAKERS)),
    ("taps", np.float32, (PHASES + 2, TAPS)), ("window", np.float32, (CHUNK * MOST_TIMES + 2 * TAPS, MAX_SPEAKERS)),
    ("resampler", np.int64, (8,)),
    ("mic", np.float32, (MICS, MIC_RING + MIC_TAIL)), ("mic_state", np.int64, (MICS, 8)),
    ("mic_heard", np.float64, (MICS, 16)), ("mic_reason", np.uint8, (MICS, TEXT)),
    ("layout", np.int64, (16,)), ("panning", np.float64, (16,)), ("field", np.float64, (16,)),
    ("stand", np.float64, (MAX_SPEAKERS, 4)), ("eq", np.float64, (MAX_SPEAKERS, EQ_BANDS, 4)),
    ("line", np.float64, (2, MAX_SPEAKERS, 4)), ("biquad", np.float64, (2, MAX_SPEAKERS, EQ_BANDS, 8)),
    ("tap", np.float64, (2, QUANTUM)), ("gain_low", np.float32, (MAX_SPEAKERS,)),
    ("gain_from", np.float32, (SLOTS, MAX_SPEAKERS)), ("gain_mid", np.float32, (SLOTS, MAX_SPEAKERS)),
    ("path", np.int64, (SLOTS, 2)), ("room", np.float64, (8,)), ("room_now", np.float64, (8,)),
    ("before", np.float32, (PREDELAY,)), ("convolver", np.int64, (16,)),
    ("response", np.float32, (ROOM_CHANNELS, PARTS, 2, BINS)), ("past", np.float32, (PARTS, 2, BINS)),
    ("spectrum", np.float32, (ROOM_CHANNELS, 2, BINS)), ("answer", np.float32, (ROOM_CHANNELS, PART)),
    ("fold", np.float32, (4, 2 * PART)), ("heard", np.float32, (2 * PART,)),
    # the guards of the ears: see ceilings.py for `guard`
    ("guard", np.float64, (64,)), ("seconds", np.float64, (SECONDS, 2)), ("minutes", np.float64, (MINUTES, 2)),
    ("weights", np.float64, (WEIGHTS, 5)), ("weighed", np.float64, (QUANTUM, MAX_SPEAKERS)),
    ("weighing", np.float64, (WEIGHTS, 2, MAX_SPEAKERS)), ("hops", np.float64, (HOPS + 1, MAX_SPEAKERS)),
    ("peaks", np.float32, (2, MAX_SPEAKERS, PEAK_TAPS + QUANTUM)), ("between", np.float32, (2, QUANTUM)),
    ("take", np.float64, (SLOTS, 16)), ("grain", np.float64, (SLOTS, GRAINS, 8)), ("part", np.float32, (64,)),
    ("sample", np.int64, (SAMPLES, 8)), ("bank", np.float32, (BANK,)),
)


def _offsets() -> tuple[dict[str, int], int]:
    places: dict[str, int] = {}
    end, last = 0, 0
    for name, dtype, shape in SECTIONS:
        if not name.endswith("_f") or name == "voice_f":
            last, end = end, end + (int(np.prod(shape)) * np.dtype(dtype).itemsize + 63) // 64 * 64
        places[name] = last
    return places, end


OFFSETS, SIZE = _offsets()
MAGIC = 0x4D495845 << 32 | zlib.crc32(repr((SECTIONS, PRODUCERS)).encode())


def sound_block_size(sound: model.Sound, n_speakers: int) -> int:
    """Return the bytes of the sound block; most of them are touched only when samples are loaded.

    Raises:
        MixeurError: More speakers than the engine mixes.
    """
    if n_speakers > MAX_SPEAKERS:
        raise MixeurError(f"{n_speakers} speakers; at most {MAX_SPEAKERS} are mixed")
    return SIZE


def address(memory: Memory) -> int:
    """Return where the block begins, as the kernels want it; whoever passes it on keeps `memory` alive."""
    return memory.header.ctypes.data


def read_text(place: NDArray[np.uint8]) -> str:
    """Return a text that another process wrote."""
    return bytes(place).split(b"\0")[0].decode(errors="replace")


def write_text(place: NDArray[np.uint8], text: str) -> None:
    """Write a text for the other processes, cut to its place."""
    data = text.encode()[: place.size - 1]
    place[:] = 0
    place[: len(data)] = bytearray(data)


def last_alive_ns(block: Block) -> int:
    """Return when the sound process last turned, monotonic; 0 before its first turn.

    It turns 20 times a second whatever its device does.
    """
    return int(block.array(np.int64, 64, OFFSETS["header"])[H_ALIVE_NS])


def last_heard_ns(block: Block, index: int) -> int:
    """Return when a microphone's process last took a turn, monotonic; 0 before its first."""
    return int(block.array(np.int64, (MICS, 8), OFFSETS["mic_state"])[index, M_BEAT_NS])


def open_memory(block: Block, sound: model.Sound, speakers: Iterable[model.Speaker]) -> Memory:
    """Return the block's sections; the first who opens it writes what never changes.

    Raises:
        MixeurError: A speaker's output is out of range.
    """
    memory = Memory(**{name: block.array(dtype, shape, OFFSETS[name]) for name, dtype, shape in SECTIONS})
    if memory.header[H_MAGIC] != MAGIC:
        outputs = [speaker.output for speaker in speakers] or [1, 2]
        if min(outputs) < 1 or max(outputs) > MAX_SPEAKERS:
            raise MixeurError(f"speaker: output {max(outputs)}; outputs are 1 to {MAX_SPEAKERS}")
        memory.header[H_RATE] = sound.rate
        memory.header[H_BLOCK] = sound.block
        memory.header[H_SPEAKERS] = len(outputs)
        memory.header[H_OUTPUTS] = memory.header[H_CHANNELS] = max(outputs)
        memory.levels[L_MASTER] = memory.levels[L_MASTER_NOW] = memory.levels[L_LIMIT] = memory.levels[L_ROOM] = 1.0
        memory.speaker[:, S_TRIM] = 1.0
        memory.room[: O_LEVEL + 1] = (2.6, 0.7, 1.0, 0.0, 1.0)
        memory.layout[Y_ROOM_ADOPTED] = -1
        memory.panning[: G_Y + 1] = (0.0, 0.2, 1.0, 0.0, np.nan, np.nan)
        for index, output in enumerate(outputs):
            memory.speaker[index, S_OUTPUT] = output - 1
            memory.route[index, output - 1] = 1.0
        memory.weights[:] = weighting_sections(sound.rate)
        memory.guard[[G_GAIN, G_BEFORE, G_CAP_GAIN, G_LIMITED]] = 1.0
        set_ceilings(memory.guard, sound, max(outputs))
        memory.blep[:] = bandlimited_step(QUANTUM)
        memory.header[H_MAGIC] = MAGIC
    return memory
