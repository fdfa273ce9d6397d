"""The artist's `sound`: notes ring by themselves, holds sound while they are asked for."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sized
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np

from engine.music.pitch import named_key
from engine.music.tempo import Step, need_grid
from engine.problems import did_you_mean
from engine.sound.beats import Beats
from engine.sound.events import EMPTY, Hold, Instrument, Note, Point, Sounds
from engine.sound.presets import PRESETS, VOICES
from engine.sound.recording import GRAIN_CONTROLS, Cloud, Recording, mic_name
from engine.sound.voice import KINDS, MOVES, Voice
from engine.world import Now

CONTROLS: Mapping[str, tuple[float, float]] = {
    "space": (0, 1), "bright": (0, 1), "attack": (0, 30), "release": (0, 30),
    **{name: (low, high) for name, (_, low, high, _) in MOVES.items()},
}
WHOLE_FILE_S = 1e9
LONGEST_FILE_S = 86_400.0
MOST = 256  # notes or holds in one frame: as many as there are voices


class Score:
    """What one scene plays in one frame.

    Args:
        owner: Unique key of the scene's instance.
        rng: The scene's seeded randomness.
        folder: Where paths of samples start; a file in its `assets` is found first, as the canvas finds pictures.
    """

    def __init__(self, owner: str, rng: np.random.Generator, folder: Path = Path()) -> None:
        self.rng = rng
        self._owner = owner
        self._folder = folder
        sequence: Any = rng.bit_generator.seed_seq
        self._seed = sequence.entropy  # the scene's own numbers stay as they are
        self._beats = Beats(Now())
        self.begin(Now())

    def note(self, pitch: float | str = 60, level: float = 0.5, at: Any = None, voice: str | Voice = "warm",
             length: float = 0.5, when: str | Step | None = None, **controls: float) -> None:
        """Play a sound that ends by itself.

        Args:
            pitch: MIDI number, may be fractional (69 is 440 Hz), or a name such as `C4` (60) or `F#3`.
            level: 0..1; its square is the amplitude.
            at: A point, or anything with x and y, in stage units; None sounds everywhere.
            voice: Name of an instrument, or a `Voice` of the scene's own.
            length: Seconds until it is let go.
            when: `1/8`, `beat` or `bar` waits for the next one of the show's tempo, a step (`sound.steps`) for that
                step; it begins there to the sample. Asked for again before that beat, it sounds once.
            controls: `space` and `bright` 0..1, `attack` and `release` in seconds; of voices with a filter `cutoff_hz`
                and `resonance`, of pulses `width`.

        Raises:
            ValueError: An argument is not what it should be; names the verb and the argument.
        """
        self._check("note", self._notes)
        voice = _voice("note", voice)
        self._play("note", when, Note(
            _pitch("note", pitch), _level("note", level), _place("note", at), voice,
            _number("note", "length", length, 0, 3600), 0.0, _controls("note", controls, voice)))

    def steps(self, grid: str = "1/16") -> tuple[Step, ...]:
        """Return the steps of a grid that come next, each in one frame, a tenth of a second before it sounds.

        A step is its number, counted from the first beat: `if self.rhythm[step]: sound.note(when=step)`.
        """
        return self._beats.steps(need_grid(self._now.tempo, grid, "sound.steps: the grid"))

    def hold(self, key: str, voice: str | Voice = "warm", pitch: float | str = 60, level: float = 0.5, at: Any = None,
             level_from: str = "", pitch_from: str = "", **controls: float) -> None:
        """Sound as long as this is called in every frame; changes glide.

        Args:
            key: Names the sound within its scene.
            level_from: Name of a touch or of a signal of the show, or `osc:/address` (0..1): it opens the level, up to
                `level`, the moment it is heard, without waiting for the next frame.
            pitch_from: The same for the pitch: an octave up at 1.
        """
        self._hold("hold", key, _voice("hold", voice), pitch, level, at, (level_from, pitch_from), controls)

    def sample(self, path: str | Path, level: float = 0.5, at: Any = None, pitch: float | str = 60, rate: float = 1.0,
               when: str | Step | None = None, start: float | None = None, length: float | None = None,
               channel: int = 0, **controls: float) -> None:
        """Play a sound file once.

        Args:
            pitch: 60 is as recorded, 72 an octave higher and twice as fast.
            rate: 2 is twice as fast, -1 backwards; joins with `pitch`.
            start: Seconds from the file's beginning; None is the beginning, or the end if it goes backwards.
            length: Seconds until it is let go; None plays it to its end.
            channel: One of the file's, counted from 1; 0 is all of them, mixed.
        """
        self._check("sample", self._notes)
        speed, way = _rated("sample", pitch, rate)
        voice = Recording(self._file("sample", path), _channel("sample", channel), way < 0,
                          _second("sample", "start", start))
        length_s = WHOLE_FILE_S if length is None else _number("sample", "length", length, 0, 3600)
        self._play("sample", when, Note(speed, _level("sample", level), _place("sample", at), voice, length_s, 0.0,
                                        _controls("sample", controls, voice)))

    def loop(self, key: str, path: str | Path, level: float = 0.5, at: Any = None, pitch: float | str = 60,
             rate: float = 1.0, level_from: str = "", pitch_from: str = "", begin: float = 0.0,
             end: float | None = None, fade: float = 0.02, start: float | None = None, channel: int = 0,
             **controls: float) -> None:
        """Repeat a sound file, without a seam, as long as this is called in every frame; otherwise as `hold`.

        Args:
            begin, end: What is repeated, in seconds; None is the file's end.
            fade: Seconds of the cross-fade over the seam, at most half of what is repeated.
            start: Where it starts; before `begin` it is heard once, and None is `begin`.
            pitch, rate, channel: As for `sample`.
        """
        speed, way = _rated("loop", pitch, rate)
        voice = Recording(self._file("loop", path), _channel("loop", channel), way < 0, _second("loop", "start", start),
                          _number("loop", "begin", begin, 0, LONGEST_FILE_S), _second("loop", "end", end),
                          _number("loop", "fade", fade, 0, 60))
        if voice.loop_end_s is not None and voice.loop_end_s <= voice.loop_s:
            raise ValueError(f"sound.loop: end is {end!r}, and begin is {begin!r}; end must be later")
        self._hold("loop", key, voice, speed, level, at, (level_from, pitch_from), controls)

    def grain(self, key: str, path: str | Path, position: float | None = None, spread: float = 0.05, size: float = 0.1,
              density: float = 20.0, pitch: float | str = 60, level: float = 0.5, at: Any = None, jitter: float = 0.5,
              detune: float = 0.0, rate: float = 1.0, level_from: str = "", pitch_from: str = "", channel: int = 0,
              **controls: float) -> None:
        """Scatter short pieces of a sound as long as this is called in every frame; otherwise as `hold`.

        Args:
            path: A sound file, or `mic`: what the microphone heard in the last five seconds; `mic:NAME` is another one.
            position: Where the grains begin, 0..1 of the file; of a microphone, 1 is just now. None: 0.5, and just now.
            spread: Seconds by which they begin earlier or later.
            size: Length of a grain in seconds, 0.002 to 2.
            density: Grains a second; at most 32 sound at once.
            jitter: 0 lets them come evenly, 1 at random moments.
            detune: Semitones by which they are higher or lower.
            pitch, rate, channel: As for `sample`; a microphone's grains go up by one octave at most.
        """
        source = self._recorded("grain", path)
        speed, way = _rated("grain", pitch, rate)
        if position is None:
            position = 0.5 if mic_name(source) is None else 1.0
        asked = {"position": position, "spread": spread, "size": size, "density": density, "jitter": jitter,
                 "detune": detune}
        moved = {name: _number("grain", name, asked[name], *limits) for name, limits in GRAIN_CONTROLS.items()}
        cloud = Cloud(source, _channel("grain", channel), way < 0, zlib.crc32(f"{self._seed} {key}".encode()))
        self._hold("grain", key, cloud, speed, level, at, (level_from, pitch_from), controls, moved)

    def stop(self) -> None:
        """Release everything that this scene still sounds."""
        self._stop = True
        self._beats.clear()

    def begin(self, now: Now) -> None:
        """Start a frame with nothing asked for."""
        self._now, self._is_open = now, True
        self._beats.begin(now)
        self._notes: list[Note] = []
        self._holds: dict[str, Hold] = {}
        self._stop = False

    def end(self, gain: float = 1.0) -> Sounds:
        """Return what was asked for in this frame."""
        self._is_open = False
        return Sounds(self._owner, (*self._notes, *self._beats.due()), tuple(self._holds.values()), gain, self._stop)

    def _play(self, verb: str, when: str | Step | None, note: Note) -> None:
        if when is None:
            self._notes.append(note)
            return
        if isinstance(when, Step):
            place, grid = when.beat, 0.0
        else:
            grid = need_grid(self._now.tempo, when, f"sound.{verb}: when")
            place = self._now.tempo.next_place(grid, self._now.time)
        if not self._beats.ask(note, place, grid):
            raise ValueError(f"sound.{verb}: too many wait for their beat; ask for fewer pitches, or a finer grid")

    def _hold(self, verb: str, key: str, voice: Instrument, pitch: float | str, level: float, at: Any,
              sources: tuple[str, str], controls: Mapping[str, float], moved: Mapping[str, float] = EMPTY) -> None:
        if not isinstance(key, str) or not key:
            raise ValueError(f"sound.{verb}: key is {key!r}; give a name that stays from frame to frame")
        self._check(verb, self._holds)
        level_from, pitch_from = (self._source(verb, source) for source in sources)
        self._holds[key] = Hold(key, _pitch(verb, pitch), _level(verb, level), _place(verb, at), voice,
                                {**_controls(verb, controls, voice), **moved}, level_from, pitch_from)

    def _source(self, verb: str, source: Any) -> str:
        """Return what a sound follows; a name that the show does not have stays at 0 and is reported once."""
        if not isinstance(source, str):
            raise ValueError(f"sound.{verb}: follows {source!r}; the name of a touch or a signal, or 'osc:/address'")
        if source and not source.startswith(("osc:/", "midi:")) and source not in self._now.signals:
            self._now.touch(source)
        return source

    def _check(self, verb: str, asked: Sized) -> None:
        if not self._is_open:
            raise ValueError(f"sound.{verb}: it can be called in play() only; keep numbers in self, and no sound")
        if len(asked) >= MOST:
            raise ValueError(f"sound.{verb}: more than {MOST} in one frame; play fewer at once")

    def _file(self, verb: str, path: str | Path) -> str:
        if not isinstance(path, str | Path) or not str(path):
            raise ValueError(f"sound.{verb}: path is {path!r}; give a sound file")
        in_assets = self._folder / "assets" / path
        return str(in_assets if in_assets.is_file() else self._folder / path)

    def _recorded(self, verb: str, path: str | Path) -> str:
        """Return a file's whole path, or a microphone; one that the show does not have is reported once."""
        name = mic_name(str(path))
        if name is None:
            return self._file(verb, path)
        if name not in self._now.mics and (name or not self._now.mics):
            self._now.unknown.add(f"mic {name or 'room'}")
        return str(path)


def _number(verb: str, name: str, value: Any, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, Real | np.number) or not math.isfinite(value):
        raise ValueError(f"sound.{verb}: {name} is {value!r}; a number from {low:g} to {high:g}")
    return min(max(float(value), low), high)


def _level(verb: str, level: Any) -> float:
    return _number(verb, "level", level, 0, 1)


def _pitch(verb: str, pitch: Any) -> float:
    if isinstance(pitch, str):
        key = named_key(pitch)
        if key is None:
            raise ValueError(f"sound.{verb}: pitch is {pitch!r}; a number such as 60, or a name such as 'C4' or 'F#3'")
        return float(key)
    return _number(verb, "pitch", pitch, -36, 160)


def _rated(verb: str, pitch: Any, rate: Any) -> tuple[float, float]:
    """Return the pitch of a speed, and which way it goes: 1, or -1 for backwards."""
    rate = _number(verb, "rate", rate, -64, 64)
    return _pitch(verb, pitch) + 12 * math.log2(max(abs(rate), 1 / 64)), math.copysign(1.0, rate)


def _second(verb: str, name: str, value: Any) -> float | None:
    return None if value is None else _number(verb, name, value, 0, LONGEST_FILE_S)


def _channel(verb: str, channel: Any) -> int:
    if isinstance(channel, bool) or not isinstance(channel, int | np.integer) or not 0 <= channel <= 64:
        raise ValueError(f"sound.{verb}: channel is {channel!r}; 1 is the first, 0 all of them")
    return int(channel)


def _place(verb: str, at: Any) -> Point | None:
    """Return a point from a pair or from anything with x and y."""
    if at is None:
        return None
    try:
        x, y = (at.x, at.y) if hasattr(at, "x") else at
        point = float(x), float(y)
    except (TypeError, ValueError, AttributeError):
        point = math.nan, math.nan
    if not all(map(math.isfinite, point)):
        raise ValueError(f"sound.{verb}: at is {at!r}; a point (x, y), or something with x and y")
    return point


def _voice(verb: str, voice: Any) -> str | Voice:
    if isinstance(voice, Voice):
        return voice
    if voice not in VOICES:
        known = ", ".join(VOICES)
        raise ValueError(f"sound.{verb}: voice is {voice!r}; one of {known}, or a Voice"
                         f"{did_you_mean(str(voice), VOICES)}")
    return str(voice)


def _controls(verb: str, controls: Mapping[str, Any], voice: Instrument) -> dict[str, float]:
    for name in controls:
        if name not in CONTROLS:
            raise ValueError(f"sound.{verb}: no control {name!r}{did_you_mean(name, CONTROLS)}")
        made_of = PRESETS.get(voice) if isinstance(voice, str) else voice
        kind = made_of.kind if isinstance(made_of, Voice) else None
        if name in MOVES and kind not in MOVES[name][3]:
            owners = " and ".join(f"Voice.{KINDS[owner]}" for owner in MOVES[name][3])
            ours = "recorded sound" if kind is None else voice
            raise ValueError(f"sound.{verb}: {name} is a control of {owners}, not of {ours}")
    return {name: _number(verb, name, value, *CONTROLS[name]) for name, value in controls.items()}
