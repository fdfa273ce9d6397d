"""The show as data: what a checked show file says, with its defaults. The work first, then the room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from engine.show import forms
from engine.show.far_room import FarRoom as FarRoom
from engine.show.house_rule import Presence as Presence
from engine.show.house_rule import Zone as Zone
from engine.show.locate import Places
from engine.show.loudspeaker import Band as Band
from engine.show.loudspeaker import Reverb as Reverb
from engine.show.loudspeaker import Speaker as Speaker
from engine.show.schema import form, limits, section

Lost = Literal["hold", "idle", "simulate", "silence", "release"]
HIDDEN = {"hidden": True}  # a field that is not the file's to give
SLOWEST_BPM, FASTEST_BPM = 10.0, 400.0
ParamValue = float | int | bool | str | tuple[float, float, float]  # the last is a colour


# -- the work ---------------------------------------------------------------------------------

@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """`[stage]`: the picture's shape and what stands in for a scene that fails."""

    size_m: tuple[float, float] | None = field(default=None, metadata=limits(0.1, 1000, "m"))
    aspect: float = field(default=16 / 9, metadata=limits(0.1, 20))
    height_px: int = field(default=720, metadata=limits(16, 8192, "px"))
    fps: float = field(default=60.0, metadata=limits(1, 240, "Hz"))
    fallback: str | None = None

    @property
    def size_px(self) -> tuple[int, int]:
        """Return the canvas (width, height), both even."""
        return round(self.height_px * self.aspect / 2) * 2, self.height_px


@dataclass(frozen=True, slots=True, kw_only=True)
class Tempo:
    """`[tempo]`: the beat that scenes share; its Param is `/tempo/bpm`.

    Attributes:
        beats: In a bar.
        swing: How far the second eighth of each beat is late, as a share of an eighth; 1/3 is that of triplets.
        source: A controller or sensor that turns it, from `low` to `high`.
        link: Whether Ableton Link keeps it, with everybody who makes music in this network.
    """

    bpm: float = field(default=100.0, metadata=limits(SLOWEST_BPM, FASTEST_BPM, "bpm"))
    beats: int = field(default=4, metadata=limits(1, 64))
    swing: float = field(default=0.0, metadata=limits(0, 0.9))
    source: str | None = field(default=None, metadata=form(forms.source, "from"))
    low: float = field(default=60.0, metadata=limits(SLOWEST_BPM, FASTEST_BPM, "bpm"))
    high: float = field(default=180.0, metadata=limits(SLOWEST_BPM, FASTEST_BPM, "bpm"))
    link: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ParamLink:
    """A Param driven by a sensor or a controller: `hue = { start = 0.08, from = "midi:desk/cc/21" }`.

    Attributes:
        low, high: What the source's 0 and 1 become; the Param's own range if None.
    """

    source: str = field(metadata=form(forms.source, "from"))
    start: ParamValue | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneEntry:
    """`[scene.NAME]`: a scene's file and the values of its Params."""

    name: str = field(metadata=HIDDEN)
    file: Path
    fallback: str | None = None
    isolate: Literal["inline", "process"] = "inline"
    params: Mapping[str, ParamValue | ParamLink] = field(default_factory=dict, metadata=HIDDEN)
    line: int = field(default=0, metadata=HIDDEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """One step of the programme.

    Attributes:
        fade_s: Length of the cross-fade into it.
        follow_s: Seconds after which the next cue goes by itself, or None.
        bpm: Tempo that it fades to; None: the tempo stays.
        time: Local time of day `HH:MM[:SS]` at which it goes, or None.
        go: Source of an event that fires it, such as `osc:/show/mirror`, or None.
        set: Values of the scene's Params that it fades to.
    """

    name: str = field(metadata=form(forms.name))
    scene: str
    fade_s: float = field(default=2.0, metadata=limits(0, 3600, "s"))
    follow_s: float | None = field(default=None, metadata=limits(0.1, 604_800, "s"))
    bpm: float | None = field(default=None, metadata=limits(SLOWEST_BPM, FASTEST_BPM, "bpm"))
    time: str | None = field(default=None, metadata=form(forms.time_of_day))
    go: str | None = field(default=None, metadata=form(forms.source))
    set: Mapping[str, ParamValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """`[programme]`: opening hours and the running order; without cues every scene is one."""

    hours: str | None = field(default=None, metadata=form(forms.opening_hours))
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
        floor_m: For a camera that looks straight down: (width, height) of the floor that its whole picture shows.
            Visitors are then told from the floor by its grain, so a projector may light it. None: it looks from the
            front.
        group: Name under which scenes see this camera and others of a room as one.
        lost: What the show makes of it while it is gone. In no case does a visitor stand frozen. `idle`: nobody is
            there and presence is unknown. `hold`: nobody is seen, but presence and count stay as they were, so that
            the show's mood bridges the gap. `simulate`: simulated visitors take over until it is back.
    """

    name: str = field(metadata=HIDDEN)
    source: str = field(default="simulated", metadata=form(forms.filled) | {"as_text": True})
    size: tuple[int, int] = field(default=(1280, 720), metadata=limits(16, 16_384, "px"))
    fps: float = field(default=30.0, metadata=limits(1, 240, "Hz"))
    key: str = field(default="none", metadata=form(forms.key_colour))
    mirror: bool = True
    lock: bool = True
    corners: tuple[tuple[float, float], ...] | None = field(
        default=None, metadata=limits(-1, 2) | form(forms.corners))
    floor_m: tuple[float, float] | None = field(default=None, metadata=limits(0.5, 100, "m"))
    group: str | None = None
    lost: Literal["idle", "hold", "simulate"] = "idle"


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchInput:
    """`[touch.NAME]`: a raw level, understood through two nested baselines.

    Attributes:
        lost: What it does once it is silent: `release` (also `idle`, `silence`) lets go, `hold` keeps the last level,
            `simulate` gives it to the space bar.
        alone: Whether one person alone makes a contact: a held ribbon, or a place for one's own second hand.
        timeout_s: How long a stream (OSC, serial) may be silent; None: 0.5 s. Keys and MIDI speak at changes only.
    """

    name: str = field(metadata=HIDDEN)
    source: str = field(metadata=form(forms.source, "from"))
    span: float = field(default=1.0, metadata=limits(1e-6, 1e9))
    threshold: float = field(default=0.08, metadata=limits(0, 1))
    contact: float = field(default=0.08, metadata=limits(0, 1))
    lost: Lost = "release"
    timeout_s: float | None = field(default=None, metadata=limits(0.05, 86_400, "s"))
    alone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalInput:
    """`[signal.NAME]`: a number from OSC, MIDI or a key, scaled from low..high to 0..1.

    Attributes:
        lost: What it does once it is silent for `timeout_s`: `hold` keeps the value, anything else lets it fall to 0.
        timeout_s: None: it may be silent for ever, for silence cannot be told from stillness.
    """

    name: str = field(metadata=HIDDEN)
    source: str = field(metadata=form(forms.source, "from"))
    low: float = 0.0
    high: float = 1.0
    lost: Lost = "hold"
    timeout_s: float | None = field(default=None, metadata=limits(0.05, 86_400, "s"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Projector:
    """`[projector.NAME]`: one output of light.

    Attributes:
        display: Output's name (`HDMI-1`), its index, or None for a window on the desktop.
        size: (width, height) in pixels; None: the display's own.
        profile: Calibration file, or None for the stage's whole picture.
        view: Which view of the scene it shows.
        feather: Share of the picture's width over which it falls to black at its edge, for glass and gauze.
        pjlink: Its address in the network, for `mixeur projectors`.
    """

    name: str = field(metadata=HIDDEN)
    display: str | int | None = field(default=None, metadata=form(forms.display))
    size: tuple[int, int] | None = field(default=None, metadata=limits(16, 16_384, "px"))
    profile: Path | None = None
    view: str = field(default="stage", metadata=form(forms.name))
    flip: Literal["none", "horizontal", "vertical", "both"] = "none"
    feather: float = field(default=0.0, metadata=limits(0, 0.5))
    pjlink: str | None = field(default=None, metadata=form(forms.host))
    pjlink_password: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """`[sound]`: the device and its pace.

    Attributes:
        device: (A part of) the name of a device, or of a sound server's output; a list is tried in its order, and
            left for a better one that comes; None: the best there is.
        lost: What plays when the device is gone: nothing (`silence`), or any other device (`hold`) until it is back.
        panning: `dbap` for speakers anywhere, `vbap` for a ring of speakers round a listener.
        centre_m: Where that listener is; None: in the middle of the speakers.
        blur: How wide a source is (DBAP), as a share of the speakers' distance from their middle.
        rolloff_db: How much less a speaker gets at twice the distance (DBAP).
        falloff_db: How much quieter a source becomes with each doubling of its distance outside the speakers (DBAP).
        pink_spl_db: What a sound level meter (C, slow) shows at the loudest place of the public while its loudest
            speaker plays pink noise of -20 dBFS RMS; None: not measured, and every output is capped at -20 dBFS RMS.
        max_laeq15_db, max_lceq15_db, max_laeq8h_db: Ceilings at that place, in dB(A), dB(C) and dB(A); the defaults
            are safe for children.
        log: Folder of the minute log; None: `.mixeur/loudness` beside the show.
    """

    backend: Literal["auto", "portaudio", "null"] = "auto"
    device: str | tuple[str, ...] | None = field(default=None, metadata=form(forms.all_filled))
    rate: int = field(default=48_000, metadata=limits(8000, 192_000, "Hz"))
    block: int = field(default=256, metadata=limits(16, 8192, "samples"))
    latency_ms: float = field(default=30.0, metadata=limits(1, 1000, "ms"))
    level_db: float = field(default=0.0, metadata=limits(-90, 12, "dB"))
    lost: Literal["silence", "hold"] = "silence"
    panning: Literal["dbap", "vbap"] = "dbap"
    centre_m: tuple[float, float] | None = field(default=None, metadata=limits(-1000, 1000, "m"))
    blur: float = field(default=0.2, metadata=limits(0.02, 2))
    rolloff_db: float = field(default=6.0, metadata=limits(1, 24, "dB"))
    falloff_db: float = field(default=0.0, metadata=limits(0, 24, "dB"))
    pink_spl_db: float | None = field(default=None, metadata=limits(40, 120, "dB"))
    max_laeq15_db: float = field(default=94.0, metadata=limits(40, 102, "dB"))
    max_lceq15_db: float = field(default=104.0, metadata=limits(40, 118, "dB"))
    max_laeq8h_db: float = field(default=80.0, metadata=limits(40, 102, "dB"))
    log: Path | None = None

    @property
    def devices(self) -> tuple[str, ...]:
        """Return the names of the wanted devices, the best one first; none where any will do."""
        return () if self.device is None else (self.device,) if isinstance(self.device, str) else tuple(self.device)


@dataclass(frozen=True, slots=True, kw_only=True)
class Microphone:
    """`[mic.NAME]`: a microphone that is listened to; what it hears stays in memory for some seconds, never longer.

    Attributes:
        device: (A part of) the name of a device, or of a sound server's source; None: the server's own choice;
            `simulated`: somebody who hums and claps.
        channel: Which of its channels, counted from 1.
        gain_db: Added to what it hears.
        lost: What is heard while it is gone: nothing (`silence`), or somebody who hums and claps (`simulate`).
    """

    name: str = field(metadata=HIDDEN)
    device: str | None = field(default=None, metadata=form(forms.filled))
    channel: int = field(default=1, metadata=limits(1, 64))
    gain_db: float = field(default=0.0, metadata=limits(-60, 60, "dB"))
    lost: Literal["silence", "simulate"] = "silence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lamp:
    """`[light.NAME]`: a fixture and its address, or `simulated`.

    Attributes:
        fixture: `dimmer`, `rgb`, `rgbw`, or a file of the Open Fixture Library, `FILE.json` or `FILE.json#MODE`.
        address: `artnet:HOST/UNIVERSE/CHANNEL`, `sacn:UNIVERSE/CHANNEL` (to all) or `sacn:HOST/UNIVERSE/CHANNEL`;
            by USB `enttec:DEVICE/CHANNEL` (DMX USB Pro and its like) or `opendmx:DEVICE/CHANNEL` (Open DMX USB).
        pixels: (columns, rows) of a strip or a wall of LEDs, each a `fixture`; they go on in the next universes.
        to_m: Where its last pixel is, if `at_m` is its first; without them it spans the picture.
        wiring: Whether every row begins on the left, or every second one on the right.
    """

    name: str = field(metadata=HIDDEN)
    fixture: str = field(default="rgb", metadata=form(forms.fixture))
    address: str = field(default="simulated", metadata=form(forms.lamp_address))
    at_m: tuple[float, float] | None = field(default=None, metadata=limits(-1000, 1000, "m"))
    group: str | None = None
    pixels: tuple[int, int] = field(default=(1, 1), metadata=limits(1, 4096))
    to_m: tuple[float, float] | None = field(default=None, metadata=limits(-1000, 1000, "m"))
    wiring: Literal["rows", "snake"] = "rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flashes:
    """`[flashes]`: the guard of eyes; it is always on and can only be made stricter.

    Attributes:
        most_per_s: How many flashes in a second it lets through.
    """

    most_per_s: int = field(default=3, metadata=limits(1, 3))


@dataclass(frozen=True, slots=True, kw_only=True)
class MidiDevice:
    """`[midi.NAME]`: ports by (part of) their name.

    Attributes:
        clock: `in`: the show's tempo follows its MIDI clock. `out`: it is sent the show's.
        clock_offset_ms: Sent later by so much, or taken as so much later.
    """

    name: str = field(metadata=HIDDEN)
    input: str | None = field(default=None, metadata=form(forms.filled))
    output: str | None = field(default=None, metadata=form(forms.filled))
    clock: Literal["none", "in", "out"] = "none"
    clock_offset_ms: float = field(default=0.0, metadata=limits(-1000, 1000, "ms"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Osc:
    """`[osc]`: where we listen. Loopback and no one else, unless the show says otherwise.

    Attributes:
        allow: Networks (CIDR) that may send; loopback always may.
        horizon_s: Time tags further ahead run at once and are counted.
    """

    port: int = field(default=9000, metadata=limits(1, 65_535))
    bind: str = field(default="127.0.0.1", metadata=form(forms.ip_address))
    tcp: bool = True
    allow: tuple[str, ...] = field(default=(), metadata=form(forms.networks))
    horizon_s: float = field(default=10.0, metadata=limits(0, 3600, "s"))
    max_per_s: int = field(default=20_000, metadata=limits(1, 10_000_000))


@dataclass(frozen=True, slots=True, kw_only=True)
class OscTarget:
    """`[send.NAME]`: a peer that we send OSC to."""

    name: str = field(metadata=HIDDEN)
    host: str = field(default="127.0.0.1", metadata=form(forms.host))
    port: int = field(default=9001, metadata=limits(1, 65_535))


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """A checked show: every value is in range and every name refers to something that is there.

    Attributes:
        folder: Where the show stands, absolute. Paths in the file are relative to it, paths here are joined to it.
        seed: `daily`, or a number that repeats the piece.
        simulated: Whether no real device is used: there is no `room.toml`, or the caller wished it.
        sources: Files the show was read from, to watch.
        places: Where each key stands, so that later problems (`check_params`) can name the line.
    """

    folder: Path = field(metadata=HIDDEN)
    name: str = field(default="Untitled", metadata=section("name", "work"))
    seed: int | Literal["daily"] = field(default="daily", metadata=section("seed", "work") | form(forms.seed, "seed"))
    stage: Stage = field(default=Stage(), metadata=section("stage", "work"))
    tempo: Tempo = field(default=Tempo(), metadata=section("tempo", "work"))
    scenes: Mapping[str, SceneEntry] = field(default_factory=dict, metadata=section("scene", "work"))
    programme: Programme = field(default=Programme(), metadata=section("programme", "work"))
    cameras: Mapping[str, Camera] = field(default_factory=dict, metadata=section("camera", "room"))
    touches: Mapping[str, TouchInput] = field(default_factory=dict, metadata=section("touch", "room"))
    signals: Mapping[str, SignalInput] = field(default_factory=dict, metadata=section("signal", "room"))
    zones: Mapping[str, Zone] = field(default_factory=dict, metadata=section("zone", "room"))
    presence: Presence = field(default=Presence(), metadata=section("presence", "room"))
    projectors: Mapping[str, Projector] = field(default_factory=dict, metadata=section("projector", "room"))
    speakers: Mapping[str, Speaker] = field(default_factory=dict, metadata=section("speaker", "room"))
    sound: Sound = field(default=Sound(), metadata=section("sound", "room"))
    mics: Mapping[str, Microphone] = field(default_factory=dict, metadata=section("mic", "room"))
    reverb: Reverb = field(default=Reverb(), metadata=section("reverb", "room"))
    lamps: Mapping[str, Lamp] = field(default_factory=dict, metadata=section("light", "room"))
    flashes: Flashes = field(default=Flashes(), metadata=section("flashes", "room"))
    midi: Mapping[str, MidiDevice] = field(default_factory=dict, metadata=section("midi", "room"))
    osc: Osc = field(default=Osc(), metadata=section("osc", "room"))
    sends: Mapping[str, OscTarget] = field(default_factory=dict, metadata=section("send", "room"))
    rooms: Mapping[str, FarRoom] = field(default_factory=dict, metadata=section("room", "room"))
    simulated: bool = field(default=False, metadata=HIDDEN)
    sources: tuple[Path, ...] = field(default=(), metadata=HIDDEN)
    extra: Mapping[str, Any] = field(default_factory=dict, metadata=HIDDEN)
    places: Places = field(default=Places(), metadata=HIDDEN, repr=False, compare=False)
