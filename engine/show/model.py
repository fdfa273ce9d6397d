"""The show as data: what a checked show file says, with its defaults. The work first, then the room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Lost = Literal["hold", "idle", "simulate", "silence", "release"]
ParamValue = float | int | bool | str


# -- the work ---------------------------------------------------------------------------------

@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """`[stage]`: the picture's shape and what stands in for a scene that fails."""

    size_m: tuple[float, float] | None = None
    aspect: float = 16 / 9
    height_px: int = 720
    fps: float = 60.0
    fallback: str | None = None

    @property
    def size_px(self) -> tuple[int, int]:
        """Return the canvas (width, height), both even."""
        return round(self.height_px * self.aspect / 2) * 2, self.height_px


@dataclass(frozen=True, slots=True, kw_only=True)
class ParamLink:
    """A Param driven by a sensor or a controller: `hue = { start = 0.08, from = "midi:desk/cc/21" }`.

    Attributes:
        low, high: What the source's 0 and 1 become; the Param's own range if None.
    """

    source: str
    start: ParamValue | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneEntry:
    """`[scene.NAME]`: a scene's file and the values of its Params."""

    name: str
    file: Path
    fallback: str | None = None
    isolate: Literal["inline", "process"] = "inline"
    params: Mapping[str, ParamValue | ParamLink] = field(default_factory=dict)
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """One step of the programme.

    Attributes:
        fade_s: Length of the cross-fade into it.
        follow_s: Seconds after which the next cue goes by itself, or None.
        time: Local time of day `HH:MM[:SS]` at which it goes, or None.
        go: Source of an event that fires it, such as `osc:/show/mirror`, or None.
        set: Values of the scene's Params that it fades to.
    """

    name: str
    scene: str
    fade_s: float = 2.0
    follow_s: float | None = None
    time: str | None = None
    go: str | None = None
    set: Mapping[str, ParamValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """`[programme]`: opening hours and the running order; without cues every scene is one."""

    hours: str | None = None
    cues: tuple[Cue, ...] = ()


# -- the room ---------------------------------------------------------------------------------

@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """`[camera.NAME]`.

    Attributes:
        source: `0`, a device's name, a file, `frames/%04d.png`, `http://...`, `rtsp://...`, or `simulated`.
        size: Wanted (width, height).
        key: Colour of the wall behind visitors: `blue`, `green`, `#rrggbb`, or `none` (difference from the empty room).
        mirror: Whether visitors see themselves as in a mirror: camera-left is stage-right.
        lock: Whether exposure, white balance and focus are locked after warming up.
        corners: Where the stage's corners are in the picture, in shares of its width and height, clockwise
            from top left; None: the whole picture is the stage.
        lost: What the show makes of it when it is gone.
    """

    name: str
    source: str = "simulated"
    size: tuple[int, int] = (1280, 720)
    fps: float = 30.0
    key: str = "none"
    mirror: bool = True
    lock: bool = True
    corners: tuple[tuple[float, float], ...] | None = None
    group: str | None = None
    lost: Lost = "idle"


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchInput:
    """`[touch.NAME]`: a raw level, understood through two nested baselines."""

    name: str
    source: str
    span: float = 1.0
    threshold: float = 0.08
    contact: float = 0.08
    lost: Lost = "release"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalInput:
    """`[signal.NAME]`: a number from OSC, MIDI or a key, scaled from low..high to 0..1."""

    name: str
    source: str
    low: float = 0.0
    high: float = 1.0
    lost: Lost = "hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Projector:
    """`[projector.NAME]`: one output of light.

    Attributes:
        display: Output's name (`HDMI-1`), its index, or None for a window on the desktop.
        size: (width, height) in pixels; None: the display's own.
        profile: Calibration file, or None for the stage's whole picture.
        view: Which view of the scene it shows.
    """

    name: str
    display: str | int | None = None
    size: tuple[int, int] | None = None
    profile: Path | None = None
    view: str = "stage"
    flip: Literal["none", "horizontal", "vertical", "both"] = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """`[speaker] NAME = {...}`: one output channel (counted from 1) and its place in metres."""

    name: str
    output: int
    at_m: tuple[float, float] = (0.0, 0.0)
    trim_db: float = 0.0
    delay_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """`[sound]`: the device and its pace."""

    backend: Literal["auto", "portaudio", "null"] = "auto"
    device: str | None = None
    rate: int = 48_000
    block: int = 256
    latency_ms: float = 30.0
    level_db: float = 0.0
    lost: Lost = "silence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lamp:
    """`[light.NAME]`: a fixture and its address (`artnet:HOST/UNIVERSE/CHANNEL`), or `simulated`."""

    name: str
    fixture: Literal["dimmer", "rgb", "rgbw"] = "rgb"
    address: str = "simulated"
    at_m: tuple[float, float] | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MidiDevice:
    """`[midi.NAME]`: ports by (part of) their name."""

    name: str
    input: str | None = None
    output: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Osc:
    """`[osc]`: where we listen. Loopback and no one else, unless the show says otherwise.

    Attributes:
        allow: Networks (CIDR) that may send; loopback always may.
        horizon_s: Time tags further ahead run at once and are counted.
    """

    port: int = 9000
    bind: str = "127.0.0.1"
    tcp: bool = True
    allow: tuple[str, ...] = ()
    horizon_s: float = 10.0
    max_per_s: int = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class OscTarget:
    """`[send.NAME]`: a peer that we send OSC to."""

    name: str
    host: str = "127.0.0.1"
    port: int = 9001


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """A checked show: every value is in range and every name refers to something that is there.

    Attributes:
        folder: All paths in the show are relative to it.
        seed: `daily`, or a number that repeats the piece.
        sources: Files the show was read from, to watch.
    """

    folder: Path
    name: str = "Untitled"
    seed: int | Literal["daily"] = "daily"
    stage: Stage = Stage()
    scenes: Mapping[str, SceneEntry] = field(default_factory=dict)
    programme: Programme = Programme()
    cameras: Mapping[str, Camera] = field(default_factory=dict)
    touches: Mapping[str, TouchInput] = field(default_factory=dict)
    signals: Mapping[str, SignalInput] = field(default_factory=dict)
    projectors: Mapping[str, Projector] = field(default_factory=dict)
    speakers: Mapping[str, Speaker] = field(default_factory=dict)
    sound: Sound = Sound()
    lamps: Mapping[str, Lamp] = field(default_factory=dict)
    midi: Mapping[str, MidiDevice] = field(default_factory=dict)
    osc: Osc = Osc()
    sends: Mapping[str, OscTarget] = field(default_factory=dict)
    simulated: bool = False
    sources: tuple[Path, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
