"""The room as data: what devices said (`Signals`) and what the engine understood (`Now`). Stage units, frozen."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.music.tempo import Tempo, need_grid

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
CameraState = Literal["live", "dark", "stale", "lost"]
Presence = Literal["unknown", "nobody", "somebody"]
TouchKind = Literal["", "tap", "hold", "caress"]
EMPTY: Mapping[Any, Any] = MappingProxyType({})
STEADY = Tempo()
OPEN: Mapping[str, float] = MappingProxyType({"waves": 1.0, "sounds": 1.0, "others": 1.0})
T = TypeVar("T")
D = TypeVar("D")


# -- what devices said ------------------------------------------------------------------------

@dataclass(frozen=True, slots=True)
class Event:
    """One message of a sensor or a controller, stamped on arrival.

    Attributes:
        source: Where it came from, as in a show file's `from`: `osc:/contact/level`, `midi:desk/cc/21`, `key:space`.
        args: The values; numbers of a MIDI controller are 0..1.
        time_ns: Arrival on the monotonic clock (for sockets the kernel's stamp), or a bundle's time if later.
    """

    source: str
    args: tuple[Any, ...] = ()
    time_ns: int = 0

    @property
    def value(self) -> float:
        """Return the first number among the arguments, or 1.0 for a bare message."""
        for arg in self.args:
            if isinstance(arg, int | float) and math.isfinite(arg):
                return float(arg)
        return 1.0


@dataclass(frozen=True, slots=True)
class Person:
    """A person as one camera's tracker sees them.

    Attributes:
        id: Number that stays while the person is seen; never used again in a run.
        foot_px: (x, y) where the person stands, in pixels of the analysed picture (`Sighting.size`).
        box_px: (left, top, width, height) in the same pixels.
        velocity_px: (x, y) in pixels a second.
        outline_px: Closed outline. Shape (n, 2), float32.
    """

    id: int
    foot_px: tuple[float, float]
    box_px: tuple[float, float, float, float]
    velocity_px: tuple[float, float]
    outline_px: Floats


@dataclass(frozen=True, slots=True)
class Matte:
    """The keyed picture of a camera, newest first, leased: valid until the next frame.

    Attributes:
        pixels: Premultiplied RGBA, laid onto the stage where the camera has `corners`. Shape (height, width, 4),
            uint8, read-only, not mirrored.
        captured_ns: When the camera took it, monotonic.
        frame: The camera's frame number.
    """

    pixels: Pixels
    captured_ns: int
    frame: int


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one camera saw last.

    Attributes:
        state: `live`, `dark` (the picture is black), `stale` (no new picture for 1 s) or `lost` (the source is gone).
        size: (width, height) of the analysed picture, in pixels.
        mask: Where people are. Shape (height, width), uint8, 0 or 255, read-only; None before the first picture.
        flow_px: Motion in pixels a second, or None. Shape (h, w, 2), float32, coarser than `size`.
        motion: Share of moving picture, 0..1.
        contacts: Pairs of ids whose silhouettes touch.
    """

    camera: str
    state: CameraState = "lost"
    frame: int = -1
    captured_ns: int = 0
    size: tuple[int, int] = (640, 360)
    people: tuple[Person, ...] = ()
    mask: Pixels | None = None
    flow_px: Floats | None = None
    motion: float = 0.0
    contacts: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Mic:
    """What a microphone hears now; all of it is silence while it is gone.

    Attributes:
        level: How loud, 0..1 for -60..-10 dBFS; rises at once, falls in 0.4 s.
        onset: How strongly a sound began, 0..1, in the one frame in which it is found; 0 in all others.
        pitch_hz: Pitch of a voice or an instrument; 0 while nothing has one.
        bands: Loudness of the octaves around 63, 125, 250, 500, 1000, 2000, 4000 and 8000 Hz, each 0..1.
        since_s: Seconds since the newest beginning, to the millisecond.
    """

    level: float = 0.0
    onset: float = 0.0
    pitch_hz: float = 0.0
    bands: tuple[float, ...] = (0.0,) * 8
    since_s: float = math.inf


@dataclass(frozen=True, slots=True)
class Mouse:
    """The pointer, in stage units; `inside` is false while it is off the stage."""

    x: float = 0.5
    y: float = 0.5
    down: bool = False
    inside: bool = False


@dataclass(frozen=True, slots=True)
class Signals:
    """Everything the devices said since the last tick; recorded and replayed as it is.

    Attributes:
        events: OSC, MIDI and key messages in order of arrival.
        sightings: The newest of each camera.
        mattes: The newest keyed picture of each camera (not recorded by default).
        keys: Names of the keys held down now.
        pressed: Names of the keys pressed since the last tick, in order.
        mics: What each microphone hears.
    """

    events: tuple[Event, ...] = ()
    sightings: Mapping[str, Sighting] = field(default_factory=dict)
    mattes: Mapping[str, Matte] = field(default_factory=dict)
    mouse: Mouse = Mouse()
    keys: frozenset[str] = frozenset()
    pressed: tuple[str, ...] = ()
    mics: Mapping[str, Mic] = field(default_factory=lambda: EMPTY)


# -- what the engine understood ---------------------------------------------------------------

@dataclass(frozen=True, slots=True)
class StageSize:
    """The stage as `setup` gets it.

    Attributes:
        aspect: Width in stage units; the height is 1.
        size_m: (width, height) in metres, or None where the show file gives none.
        size_px: (width, height) of the canvas, in pixels.
    """

    aspect: float
    size_m: tuple[float, float] | None
    size_px: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person on the stage, in stage units (the stage is 1 high).

    Attributes:
        id: Number that stays while the person is seen.
        x, y: Where they stand.
        vx, vy, speed: Stage units a second.
        height: Height of the silhouette, stage units.
        age: Seconds since they came.
        still: Seconds since they last moved.
        player: Whether they take part; others are left alone.
        outline: Closed outline in stage units. Shape (n, 2), float32, read-only.
    """

    id: int
    x: float
    y: float
    vx: float = 0.0
    vy: float = 0.0
    speed: float = 0.0
    height: float = 0.3
    age: float = 0.0
    still: float = 0.0
    player: bool = True
    outline: Floats = field(default_factory=lambda: np.zeros((0, 2), np.float32), compare=False)

    def ahead(self, seconds: float) -> tuple[float, float]:
        """Return where they will stand in so many seconds if they go on as they walk: it hides a projector's delay."""
        return self.x + self.vx * seconds, self.y + self.vy * seconds


@dataclass(frozen=True, slots=True)
class Touch:
    """A touched thing, as the engine understands it after its two baselines.

    Attributes:
        level: Strength of the contact beyond the person who holds, 0..1; 0 while nobody or one person touches.
        armed: Whether one person holds it.
        began, ended: True in the one frame in which a contact begins or ends.
        kind: `tap`, `hold`, `caress`, or empty while undecided.
        people: Estimate of how many are joined; never a promise.
        held_s: Seconds that the contact lasts.
    """

    level: float = 0.0
    armed: bool = False
    began: bool = False
    ended: bool = False
    kind: TouchKind = ""
    people: int = 0
    held_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Pulse:
    """The beat of a clock outside: of MIDI, or of Ableton Link.

    Attributes:
        beat: Now, counted from its start.
        bpm: Beats a minute.
        runs: False between its stop and its start: the beat stands still.
        jumps: How often it was set to another place.
    """

    beat: float
    bpm: float
    runs: bool = True
    jumps: int = 0


@dataclass(frozen=True, slots=True)
class Calm:
    """Where the picture changes only slowly.

    Attributes:
        change: How much of full light a point may change in a second.
        left, right: From where to where, in shares of the stage's width.
    """

    change: float
    left: float = 0.0
    right: float = 1.0


@dataclass(frozen=True, slots=True)
class Now:
    """The room in this frame: read-only, arrays too. New facts are added here, never as new parameters.

    Attributes:
        time, dt: Scheduled seconds since the start, and since the last frame.
        hour: Local time of day, 0..24.
        mode: `live`, `attract`, `idle`, `closed`, `calibrate` or `safe`.
        quiet: Whether a quiet level is asked for.
        calm: Where the engine slows the picture down; no scene needs to know of it.
        presence: `unknown` while no camera sees.
        unseen: How many visitors were there last, of cameras that are gone and have `lost = "hold"`.
        contacts: Pairs of visitors' ids that touch.
        bystanders: Who is seen but does not take part; no scene needs to know of them.
        motion: How much moves in front of the cameras, 0..1.
        mics: What each microphone hears, by name; `mic` is the first one.
        keys: Names of the keys held down.
        lost: Touches and signals that have fallen silent, such as `touch.ball`.
        rooms: Names of the other rooms that share our world now; their people are visitors, with masks and mattes.
        meetings: Where silhouettes of another room and of ours overlap, (x, y) in stage units, one for each such room.
        gates: How far the house is open to `waves` (the network), `sounds` and `others` (the cameras), 0..1.
        pulse: Of the clock outside that the show follows; None where there is none, or it is lost.
        tempo: The beat, and when beats come; `beat`, `bpm` and `bar` are what it says of this frame.
    """

    time: float = 0.0
    dt: float = 1 / 60
    frame: int = 0
    hour: float = 12.0
    mode: str = "live"
    quiet: bool = False
    calm: tuple[Calm, ...] = ()
    presence: Presence = "unknown"
    visitors: tuple[Visitor, ...] = ()
    unseen: int = 0
    arrivals: tuple[Visitor, ...] = ()
    departures: tuple[Visitor, ...] = ()
    contacts: tuple[tuple[int, int], ...] = ()
    bystanders: tuple[Visitor, ...] = ()
    motion: float = 0.0
    mics: Mapping[str, Mic] = field(default_factory=lambda: EMPTY)
    mouse: Mouse = Mouse()
    keys: frozenset[str] = frozenset()
    pressed: tuple[str, ...] = ()
    touches: Mapping[str, Touch] = field(default_factory=lambda: EMPTY)
    signals: Mapping[str, float] = field(default_factory=lambda: EMPTY)
    masks: Mapping[str, Pixels] = field(default_factory=lambda: EMPTY)
    flows: Mapping[str, Floats] = field(default_factory=lambda: EMPTY)
    mattes: Mapping[str, Matte] = field(default_factory=lambda: EMPTY)
    lost: frozenset[str] = frozenset()
    rooms: tuple[str, ...] = ()
    meetings: tuple[tuple[float, float], ...] = ()
    gates: Mapping[str, float] = field(default_factory=lambda: OPEN)
    pulse: Pulse | None = None
    tempo: Tempo = STEADY
    unknown: set[str] = field(default_factory=set, compare=False, repr=False)

    @property
    def count(self) -> int:
        """Return how many visitors there are: those seen now, and the `unseen`."""
        return len(self.visitors) + self.unseen

    @property
    def beat(self) -> float:
        """Return the beat, counted from 0, with its fraction."""
        return self.tempo.beat_at(self.time)

    @property
    def bpm(self) -> float:
        """Return the beats a minute; 0 while a clock outside has stopped."""
        return self.tempo.bpm_at(self.time)

    @property
    def bar(self) -> int:
        """Return the bar, counted from 0."""
        return math.floor(self.beat / self.tempo.beats)

    def every(self, seconds: float | str) -> bool:
        """Return true in one frame out of each `seconds`, or where a beat of a grid such as `1/4` or `bar` falls."""
        if isinstance(seconds, str):
            grid = need_grid(self.tempo, seconds, "now.every: the grid")
            before = self.tempo.place_at(self.time - self.dt)
            return math.floor(self.tempo.place_at(self.time) / grid + 1e-6) != math.floor(before / grid + 1e-6)
        if seconds <= self.dt:
            return True
        return math.floor(self.time / seconds + 1e-9) != math.floor((self.time - self.dt) / seconds + 1e-9)

    @property
    def mic(self) -> Mic:
        """Return what the first microphone hears; a show without one is silent, which is reported once."""
        for mic in self.mics.values():
            return mic
        self.unknown.add("mic room")
        return Mic()

    def touch(self, name: str = "") -> Touch:
        """Return a touched thing; one that the show does not name is idle and is reported once."""
        return self._named("touch", self.touches, name, Touch())

    def signal(self, name: str, default: float = 0.0) -> float:
        """Return the newest value of a signal of the show file."""
        return self._named("signal", self.signals, name, default)

    def mask(self, camera: str = "") -> Pixels | None:
        """Return where people are. Shape (height, width), uint8, 0 or 255, read-only; None before the first picture."""
        return self._named("camera", self.masks, camera, None)

    def flow(self, camera: str = "") -> Floats | None:
        """Return motion in stage units a second. Shape (h, w, 2), float32, read-only; None if there is none."""
        return self._named("camera", self.flows, camera, None)

    def _named(self, kind: str, values: Mapping[str, T], name: str, default: D) -> T | D:
        if name in values:
            return values[name]
        if not name and values:
            return next(iter(values.values()))
        if name:
            self.unknown.add(f"{kind} {name}")
        return default
