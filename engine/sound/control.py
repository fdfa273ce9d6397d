"""The sender: turns what the scenes ask for in each frame into records for the sound engine."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from engine.clock import NS, monotonic_ns
from engine.problems import Problem
from engine.show import model
from engine.sound import block as b
from engine.sound.block import Memory, address, open_memory
from engine.sound.ceilings import let_measure, set_ceilings
from engine.sound.events import Hold, Instrument, Note, Point, Sounds
from engine.sound.instruments import Instruments
from engine.sound.meters import Meters, read_backend, read_meters
from engine.sound.mic import MicLink
from engine.sound.presets import GRAINS, SAMPLE
from engine.sound.recording import GRAIN_CONTROLS, Cloud, Recording, mic_name
from engine.sound.response import RoomResponse
from engine.sound.ring import push
from engine.sound.samples import MISSING, SampleBank
from engine.sound.speakers import write_layout, write_room
from engine.sound.timing import LiveTiming, Timing
from engine.sound.voice import MOVES
from engine.supervise.memory import Block

ALIVE_NS = 1_000_000_000
PATIENCE_NS = 500_000_000  # a note whose file is still being read waits this long
OCTAVE, OCTAVES = 12.0, 4.0
DEFAULT_ROOM = model.Reverb()
SPACE = 0.18  # how much of a sound goes to the room by default


@dataclass
class _Owner:
    """One scene's instance, as it sounds now."""

    number: int
    gain: float = -1.0
    holds: dict[str, tuple[int, Hold]] = field(default_factory=dict)
    slots: dict[str, int] = field(default_factory=dict)  # of the files that holds play


class SoundControl:
    """The engine's side of the sound block.

    Args:
        block: The sound block.
        sound, speakers: As in the show; without speakers a pair stands at the stage's sides.
        stage: Its size in metres is used where the show gives it; else speakers are placed in stage units.
        producer: Which of the rings is ours.
        timing: The line from time to frames; made from the block if None.
        report: Gets one problem for each sample that cannot be played.
        samples_at_once: Read samples when they are first asked for, not beside the loop.
        mics: Names of the show's microphones.
        reverb: The room, as in the show.
    """

    def __init__(self, block: Block, sound: model.Sound, speakers: Mapping[str, model.Speaker], stage: model.Stage, *,
                 producer: int = 0, timing: Timing | None = None, report: Callable[[Problem], None] | None = None,
                 samples_at_once: bool = False, mics: Sequence[str] = (),
                 reverb: model.Reverb = DEFAULT_ROOM) -> None:
        self.problems: list[Problem] = []
        self._memory = open_memory(block, sound, speakers.values())
        self._address = address(self._memory)
        self._producer = producer
        self._timing = timing or LiveTiming(self._memory, 1 / stage.fps)
        self._samples = SampleBank(self._memory, report or self.problems.append, samples_at_once)
        self._instruments = Instruments(self._memory)
        self._mics = tuple(mics)
        self._owners: dict[str, _Owner] = {}
        self._n_owners = self._n_holds = 0
        self._waiting: list[tuple[int, int, Note]] = []
        self._record = np.zeros(b.RECORD, np.int64)
        self._numbers = self._record.view(np.float64)
        self._unit_m = stage.size_m[1] if stage.size_m else 1.0
        write_layout(self._memory, sound, speakers, stage)
        self._response = RoomResponse(self._memory, report or self.problems.append, samples_at_once)
        self._furnish(reverb)
        self.level_db = self._level_db = sound.level_db
        self._bound: dict[str, int] = {}
        self._is_clear = self._send(b.OP_CLEAR, 0)  # what an engine that died left sounding

    def submit(self, sounds: Sequence[Sounds], time_ns: int, moment_ns: int | None = None) -> None:
        """Play what the scenes ask for in the frame that is due at `time_ns`; what is no longer asked for ends.

        Where the frame answers to what arrived at `moment_ns`, its sounds come a constant time after that; notes that
        are asked for later than at once come a constant time after the frame.

        While nobody renders, notes are lost (and counted), as their moments are; holds are brought up to date after it.
        """
        self.heartbeat()
        self._is_clear = self._is_clear or self._send(b.OP_CLEAR, 0)
        if not self._timing.is_running():
            self._memory.cursor[self._producer, b.DROPPED] += sum(len(scene.notes) for scene in sounds)
            return
        due = self._timing.frame_at(time_ns)
        earlier_ns = 0 if moment_ns is None else max(time_ns - moment_ns, 0)
        when = max(due - round(earlier_ns * int(self._memory.header[b.H_RATE]) / NS), 1) if due else 0
        self._send_waiting(when, time_ns)
        for scene in sounds:
            owner = self._owner(scene.owner)
            self._set_gain(owner, scene.gain, when)
            if scene.stop:
                if self._send(b.OP_STOP, when, owner=owner.number):
                    owner.holds.clear()
                continue
            for note in scene.notes:
                self._play(owner.number, note, due if note.delay_s else when, time_ns)
            self._follow(owner, scene.holds, when)
        for name in self._owners.keys() - {scene.owner for scene in sounds}:
            self._follow(self._owners[name], (), when)
            if not self._owners[name].holds:
                del self._owners[name]

    def tell(self, name: str, value: float) -> None:
        """Set what holds follow that are bound to `name`, at once and from any thread.

        Their level opens with it, closed at 0, open at 1 (`level_from`); their pitch rises, an octave at 1
        (`pitch_from`).
        """
        index = self._bound.get(name)
        if index is not None and math.isfinite(value):
            self._memory.values[index] = min(max(value, 0.0), 1.0)
            self._memory.values[index + 1] = OCTAVE * min(max(value, -OCTAVES), OCTAVES)

    @property
    def bound(self) -> Collection[str]:
        """Return the names that holds were ever bound to."""
        return self._bound.keys()

    def heartbeat(self) -> None:
        """Say that the engine lives: without it the sound fades after a second."""
        self._memory.header[b.H_HEARTBEAT_NS] = monotonic_ns()

    def blackout(self, on: bool) -> None:
        """Fade everything to silence within 300 ms, or back."""
        self._memory.header[b.H_BLACKOUT] = int(on)

    def panic(self) -> None:
        """End every voice at once and forget what is still to come."""
        self._memory.header[b.H_PANIC] += 1
        for owner in self._owners.values():
            owner.holds.clear()
        self._waiting.clear()

    @property
    def level_db(self) -> float:
        """Master level in decibels; changes glide."""
        return 20 * math.log10(max(float(self._memory.levels[b.L_MASTER]), 1e-6))

    @level_db.setter
    def level_db(self, level_db: float) -> None:
        self._memory.levels[b.L_MASTER] = 10 ** (min(level_db, 24.0) / 20)

    def let_measure(self) -> None:
        """Hold no ceiling of loudness but the limiter's: what is played is known, and is to be measured."""
        let_measure(self._memory.guard)

    def meters(self) -> Meters:
        """Return the state of the sound engine."""
        return read_meters(self._memory)

    def mic(self, index: int) -> MicLink:
        """Return the engine's end of one of the microphones."""
        return MicLink(self._memory, index)

    @property
    def memory(self) -> Memory:
        """Return the sections of the block, for who reads or keeps what was heard."""
        return self._memory

    @property
    def lost(self) -> str:
        """Return why the wanted device does not play, with the remedy, or nothing."""
        alive_ns = int(self._memory.header[b.H_ALIVE_NS])
        if not alive_ns:
            return "the sound process is starting; the first time on a machine this takes a minute"
        if monotonic_ns() - alive_ns > ALIVE_NS:
            return "the sound process is not there; it is started again by itself"
        backend, reason = read_backend(self._memory)
        return reason or ("the sound process is starting" if backend == "none" else "")

    def adopt(self, show: model.Show) -> None:
        """Take over the level, the ceilings, the panning, the speakers and the room of another version of the show."""
        if show.sound.level_db != self._level_db:
            self.level_db = self._level_db = show.sound.level_db
        set_ceilings(self._memory.guard, show.sound, int(self._memory.header[b.H_OUTPUTS]))
        write_layout(self._memory, show.sound, show.speakers, show.stage)
        self._furnish(show.reverb)

    def prepare(self, files: Iterable[Path]) -> None:
        """Read sound files that will be asked for: a note waits half a second for its file, and is let go then."""
        for path in files:
            self._samples.find(str(path))

    def renew(self, changed: Collection[Path]) -> None:
        """Read samples again whose files (resolved paths) have changed."""
        self._samples.renew(changed)
        self._response.renew(changed)

    def _furnish(self, reverb: model.Reverb) -> None:
        write_room(self._memory, reverb)
        self._response.want(reverb.response)

    # -- what is written -------------------------------------------------------------------------

    def _owner(self, name: str) -> _Owner:
        if name not in self._owners:
            self._owners[name] = _Owner(self._n_owners % b.OWNERS)
            self._n_owners += 1
        return self._owners[name]

    def _set_gain(self, owner: _Owner, gain: float, when: int) -> None:
        """Cross-fades keep their power: the amplitude is the sine of the strength."""
        amplitude = math.sin(min(max(gain, 0.0), 1.0) * math.pi / 2)
        if amplitude != owner.gain:
            self._begin(b.OP_GAIN, when, owner.number)
            self._numbers[b.R_LEVEL] = amplitude
            self._numbers[b.R_LENGTH] = 1.0 if owner.gain >= 0 else 0.0  # the first one does not glide
            if self._push():
                owner.gain = amplitude

    def _follow(self, owner: _Owner, holds: Sequence[Hold], when: int) -> None:
        """Start, change and end an owner's holds so that they are what was asked for."""
        asked = {hold.key: hold for hold in holds}
        for key, (number, old) in list(owner.holds.items()):
            is_over = key not in asked or asked[key].voice != old.voice or self._is_renewed(old, owner.slots.get(key))
            if is_over and self._send(b.OP_RELEASE, when, owner.number, number):
                del owner.holds[key]
        for key, hold in asked.items():
            if key not in owner.holds:
                self._n_holds += 1
                number = self._n_holds
                if not self._fill(b.OP_HOLD, when, owner.number, number, hold):
                    continue
            elif hold != owner.holds[key][1]:
                number = owner.holds[key][0]
                self._fill(b.OP_SET, when, owner.number, number, hold)
            else:
                continue
            if self._push():
                owner.holds[key] = number, hold
                owner.slots[key] = int(self._record[b.R_SAMPLE]) % b.LOOP_FLAG

    def _is_renewed(self, hold: Hold, slot: int | None) -> bool:
        """Return whether a hold's file has been read again since it began: it is to begin anew, then."""
        if not isinstance(hold.voice, Recording | Cloud):
            return False
        newest = self._slot(hold.voice)
        return newest is not None and newest != MISSING and newest != slot

    def _play(self, owner: int, note: Note, when: int, time_ns: int) -> None:
        if isinstance(note.voice, Recording) and self._slot(note.voice) is None:
            self._waiting.append((owner, time_ns, note))
            return
        if self._fill(b.OP_NOTE, self._begins(note, when, time_ns), owner, 0, note):
            self._numbers[b.R_LENGTH] = note.length_s
            self._push()

    def _begins(self, note: Note, when: int, time_ns: int) -> int:
        """Return the frame at which a note of the frame due at `time_ns` (our `when`) begins."""
        if note.on_beat and when:
            return self._timing.frame_on_beat(time_ns + round(note.delay_s * NS))
        delay = round(note.delay_s * int(self._memory.header[b.H_RATE]))
        return when + delay if when or not delay else self.meters().frame + delay  # no line to time is known yet

    def _send_waiting(self, when: int, time_ns: int) -> None:
        """Send the notes whose files have been read since; those that waited too long are let go."""
        waiting, self._waiting = self._waiting, []
        for owner, asked_ns, note in waiting:
            if time_ns - asked_ns < PATIENCE_NS:
                self._play(owner, note, when, asked_ns)

    def _fill(self, op: int, when: int, owner: int, number: int, what: Note | Hold) -> bool:
        """Write a note's or a hold's record; return False if its voice cannot sound."""
        preset, sample = self._instrument(what.voice)
        if preset is None:
            return False
        self._begin(op, when, owner, number)
        self._record[b.R_PRESET] = preset
        self._record[b.R_SAMPLE] = sample + (b.LOOP_FLAG if op == b.OP_HOLD else 0)
        numbers, controls = self._numbers, what.controls
        numbers[b.R_PITCH], numbers[b.R_LEVEL] = what.pitch, what.level
        numbers[b.R_X], numbers[b.R_Y] = self._place(what.at)
        numbers[b.R_SPACE], numbers[b.R_BRIGHT] = controls.get("space", SPACE), controls.get("bright", 0.5)
        numbers[b.R_ATTACK], numbers[b.R_RELEASE] = controls.get("attack", math.nan), controls.get("release", math.nan)
        numbers[b.R_MOVES : b.R_MOVES + b.MOVES] = _moves(what)
        if isinstance(what, Hold):
            level, pitch = self._bind(what.level_from), self._bind(what.pitch_from)
            numbers[b.R_BIND] = (level + 1) + 1024 * (pitch + 2 if pitch >= 0 else 0)
        return True

    def _bind(self, name: str) -> int:
        """Return a name's place in the table of values: its level, and after it its pitch; -1 for none."""
        if name and name not in self._bound and 2 * len(self._bound) + 1 < b.VALUES:
            index = 2 * len(self._bound)
            self._memory.values[index : index + 2] = 0.0
            self._bound[name] = index
        return self._bound.get(name, -1)

    def _instrument(self, voice: Instrument) -> tuple[int | None, int]:
        """Return a voice's instrument, None if it cannot sound now, and the slot of what it plays."""
        if not isinstance(voice, Recording | Cloud):
            return self._instruments.find(voice), 0
        slot = self._slot(voice)
        if slot is None or slot == MISSING:
            return None, 0
        return self._instruments.find(GRAINS if isinstance(voice, Cloud) else SAMPLE), slot

    def _slot(self, voice: Recording | Cloud) -> int | None:
        """Return where a file or a microphone stands, `MISSING`, or None while it is being read."""
        name = mic_name(voice.path)
        if name is None or isinstance(voice, Recording):
            return self._samples.find(voice.path, voice.channel)
        if not self._mics or (name and name not in self._mics):
            return MISSING
        return b.MIC_SOURCE + (self._mics.index(name) if name else 0)

    def _place(self, at: Point | None) -> Point:
        if at is None:
            return math.nan, math.nan
        return at if math.isnan(at[0]) else (at[0] * self._unit_m, at[1] * self._unit_m)  # `speakers.alone`

    def _begin(self, op: int, when: int, owner: int = 0, number: int = 0) -> None:
        self._record[:] = 0
        self._record[b.R_WHEN], self._record[b.R_OP] = when, op
        self._record[b.R_ID], self._record[b.R_OWNER] = number, owner
        self._numbers[b.R_MOVES :] = math.nan

    def _send(self, op: int, when: int, owner: int = 0, number: int = 0) -> bool:
        self._begin(op, when, owner, number)
        return self._push()

    def _push(self) -> bool:
        return bool(push(self._address, self._producer, self._record))


def _moves(what: Note | Hold) -> list[float]:
    """Return what stands in a record from R_MOVES on: controls of an instrument, a piece of a file, or of a cloud."""
    voice, controls, words = what.voice, what.controls, [math.nan] * b.MOVES
    if isinstance(voice, Recording):
        asked = (voice.start_s, voice.loop_s, voice.loop_end_s, voice.fade_s, -1.0 if voice.backwards else 1.0)
        words[: len(asked)] = [math.nan if value is None else value for value in asked]
    elif isinstance(voice, Cloud):
        words[:] = [*(controls[name] for name in GRAIN_CONTROLS), float(voice.seed), -1.0 if voice.backwards else 1.0]
    else:
        for name, (index, *_) in MOVES.items():
            if name in controls:
                words[index] = controls[name]
    return words
