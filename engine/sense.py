"""Sense: what the devices said becomes one immutable `Now`. Pure: the same signals give the same room."""

from __future__ import annotations

import datetime
import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.clock import NS, Tick
from engine.inputs.beat_clock import LINK, ClockState, follow
from engine.inputs.touch import FADE_S, TouchState, patience_s
from engine.inputs.touch import step as step_touch
from engine.presence import ATTRACT_AFTER_S, HouseState, Rule, heed
from engine.show.model import Camera, Show, SignalInput, TouchInput
from engine.show.views import views
from engine.stage_view import Corners, lay, lay_flow, picture_to_stage
from engine.world import Event, Floats, Now, Person, Pixels, Presence, Pulse, Sighting, Signals, Touch, Visitor

LONGEST_AHEAD_S = 0.3  # beyond it nobody knows where a person will be
STILL_SPEED = 0.04  # stage units a second; slower is a person who stands
IDS_PER_CAMERA = 1_000_000
CLOCK = "tempo.clock"
Seen = tuple[int, tuple[Visitor, ...], Pixels | None, Floats | None]


@dataclass(frozen=True, slots=True)
class CameraPlace:
    """How one camera looks at the stage. `picture_to_stage` maps shares of the picture. Shape (3, 3), float64.

    Attributes:
        latency_s: From a gesture until its light, where it was measured: visitors are seen where that light will meet
            them.
    """

    picture_to_stage: NDArray[np.float64]
    mirror: bool
    first_id: int
    corners: Corners | None
    aspect: float
    holds: bool
    latency_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Room:
    """What sense must know of the show: it never changes while the show runs."""

    cameras: Mapping[str, CameraPlace]
    touches: Mapping[str, TouchInput]
    signals: Mapping[str, SignalInput]
    simulated: bool = False
    clock: str = ""
    rule: Rule = field(default_factory=Rule)
    far: frozenset[str] = frozenset()

    @classmethod
    def of(cls, show: Show, latencies: Mapping[str, float] = MappingProxyType({})) -> Room:
        """Return the room of a show; `latencies` are those of its cameras in seconds."""
        places = {
            name: _place(camera, show.stage.aspect, index * IDS_PER_CAMERA, latencies.get(name, 0.0))
            for index, (name, camera) in enumerate(views(show.cameras).items())
        }
        places |= {
            name: _place(Camera(name=name), show.stage.aspect, (len(places) + index) * IDS_PER_CAMERA, 0.0)
            for index, name in enumerate(show.rooms)
        }
        leads = [f"midi:{device.name}/clock" for device in show.midi.values() if device.clock == "in"]
        clock = LINK if show.tempo.link else next(iter(leads), "")
        return cls(places, show.touches, show.signals, show.simulated, clock, Rule.of(show), frozenset(show.rooms))


@dataclass(frozen=True, slots=True)
class SenseState:
    """What one tick leaves to the next."""

    visitors: Mapping[int, Visitor] = field(default_factory=dict)
    touches: Mapping[str, TouchState] = field(default_factory=dict)
    heard: Mapping[str, float] = field(default_factory=dict)
    signals: Mapping[str, float] = field(default_factory=dict)
    seen: Mapping[str, Seen] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    nobody_since: float = 0.0
    unknown: set[str] = field(default_factory=set)
    clock: ClockState = field(default_factory=ClockState)
    house: HouseState = field(default_factory=HouseState)


def sense(
    room: Room, state: SenseState, signals: Signals, tick: Tick, wall: datetime.datetime
) -> tuple[Now, SenseState]:
    """Return the room in this tick, and what the next tick needs of it."""
    seen = {
        name: _seen(place, signals.sightings.get(name), state.seen.get(name)) for name, place in room.cameras.items()
    }
    known = {v.id: v for name, (_, people, _, _) in seen.items()
             for v in _ahead(people, room.cameras[name], signals.sightings.get(name), tick)}
    visitors = {number: _aged(v, state.visitors.get(number), tick) for number, v in known.items()}
    heard = {**state.heard, **dict(_heard(room, signals.events))}
    clock, pulse = follow(state.clock, signals.events, room.clock, tick.due_ns / NS)
    lost = frozenset((*_silent(room, heard, tick.due_ns / NS), *_clock_lost(room, clock, pulse)))
    touches, states = _touches(room, state, signals, tick, heard.keys(), lost)
    values = _values(room.signals, state.signals, signals, tick.dt, lost)
    live = {name: len(people) for name, (_, people, _, _) in seen.items() if _is_live(signals.sightings.get(name))}
    counts = {**state.counts, **live}
    held = [counts[name] for name, place in room.cameras.items() if place.holds and name in counts.keys() - live.keys()]
    masks = {name: mask for name, (_, _, mask, _) in seen.items() if mask is not None}
    presence = _presence(bool(visitors) or any(held), bool(live) or bool(held))
    nobody_since = tick.time if presence != "nobody" else state.nobody_since
    now = Now(
        time=tick.time,
        dt=tick.dt,
        frame=tick.frame,
        hour=wall.hour + wall.minute / 60 + wall.second / 3600,
        mode="attract" if tick.time - nobody_since >= ATTRACT_AFTER_S else "live",
        presence=presence,
        visitors=tuple(visitors.values()),
        unseen=sum(held),
        arrivals=tuple(v for number, v in visitors.items() if number not in state.visitors),
        departures=tuple(v for number, v in state.visitors.items() if number not in visitors),
        contacts=_contacts(room, signals.sightings),
        motion=max((s.motion for s in signals.sightings.values()), default=0.0),
        mics=signals.mics,
        mouse=signals.mouse,
        keys=signals.keys,
        pressed=signals.pressed,
        touches=MappingProxyType(touches),
        signals=MappingProxyType(values),
        masks=masks,
        flows={name: flow for name, (_, _, _, flow) in seen.items() if flow is not None},
        mattes=signals.mattes,
        lost=lost,
        rooms=tuple(name for name in room.cameras if name in room.far and name in live),
        meetings=tuple(_meetings(room, masks)),
        pulse=pulse,
        unknown=state.unknown,
    )
    now, house = heed(room.rule, state.house, now, wall)
    return now, SenseState(visitors, states, heard, values, seen, counts, nobody_since, state.unknown, clock, house)


def _place(camera: Camera, aspect: float, first_id: int, latency_s: float) -> CameraPlace:
    matrix = picture_to_stage(camera.corners, camera.mirror, aspect)
    return CameraPlace(matrix, camera.mirror, first_id, camera.corners, aspect, camera.lost == "hold", latency_s)


def _ahead(people: tuple[Visitor, ...], place: CameraPlace, sighting: Sighting | None, tick: Tick) -> Iterator[Visitor]:
    """Yield visitors where they will be when this frame's light falls; those who stand stay exactly where they are."""
    if not place.latency_s or sighting is None:
        yield from people
        return
    ahead_s = min(place.latency_s + max(tick.due_ns - sighting.captured_ns, 0) / NS, LONGEST_AHEAD_S)
    for visitor in people:
        sure_s = ahead_s * min(max(visitor.speed / STILL_SPEED - 1, 0.0), 1.0)
        step = (visitor.vx * sure_s, visitor.vy * sure_s)
        outline = visitor.outline + np.array(step, np.float32)
        outline.flags.writeable = False
        yield replace(visitor, x=visitor.x + step[0], y=visitor.y + step[1], outline=outline)


def _seen(place: CameraPlace, sighting: Sighting | None, before: Seen | None) -> Seen:
    """Return a sighting in stage units; one that was understood before is not worked out again."""
    if sighting is None or not _is_live(sighting):
        return -1, (), None, None
    if before is not None and before[0] == sighting.frame:
        return before
    people = tuple(_visitor(place, sighting.size, person) for person in sighting.people)
    return sighting.frame, people, _mask(place, sighting), _flow(place, sighting)


def _mask(place: CameraPlace, sighting: Sighting) -> Pixels | None:
    mask = sighting.mask
    if mask is None:
        return None
    if place.corners is not None:
        lay(mask, place.corners, laid := np.empty_like(mask), soft=False)
        mask = laid
    mask = np.ascontiguousarray(mask[:, ::-1]) if place.mirror else mask
    mask.flags.writeable = False
    return mask


def _flow(place: CameraPlace, sighting: Sighting) -> Floats | None:
    flow = sighting.flow_px
    if flow is None:
        return None
    if place.corners is not None:
        flow = lay_flow(flow, sighting.size, place.corners, place.aspect)
    else:
        flow = flow / np.float32(sighting.size[1])
    if place.mirror:
        flow = np.ascontiguousarray(flow[:, ::-1])
        flow[..., 0] *= -1
    flow.flags.writeable = False
    return flow


def _visitor(place: CameraPlace, size: tuple[int, int], person: Person) -> Visitor:
    left, top, width, height = person.box_px
    points = np.concatenate(
        [
            [
                person.foot_px,
                (person.foot_px[0] + person.velocity_px[0] * 0.01, person.foot_px[1] + person.velocity_px[1] * 0.01),
                (left + width / 2, top),
                (left + width / 2, top + height),
            ],
            person.outline_px,
        ]
    )
    stage = cv2.perspectiveTransform((points / size)[None].astype(np.float32), place.picture_to_stage)[0]
    foot, ahead, head, bottom = stage[:4].astype(float)
    vx, vy = (ahead - foot) * 100
    outline = stage[4:]
    outline.flags.writeable = False
    return Visitor(
        place.first_id + person.id,
        float(foot[0]),
        float(foot[1]),
        float(vx),
        float(vy),
        float(np.hypot(vx, vy)),
        float(np.hypot(*(bottom - head))),
        outline=outline,
    )


def _aged(visitor: Visitor, before: Visitor | None, tick: Tick) -> Visitor:
    age = before.age + tick.dt if before else 0.0
    still = (before.still if before else 0.0) + tick.dt if visitor.speed < STILL_SPEED else 0.0
    return Visitor(
        visitor.id,
        visitor.x,
        visitor.y,
        visitor.vx,
        visitor.vy,
        visitor.speed,
        visitor.height,
        age,
        still,
        visitor.player,
        visitor.outline,
    )


def _contacts(room: Room, sightings: Mapping[str, Sighting]) -> tuple[tuple[int, int], ...]:
    return tuple(
        (place.first_id + a, place.first_id + b)
        for name, place in room.cameras.items()
        if name in sightings
        for a, b in sightings[name].contacts
    )


def _meetings(room: Room, masks: Mapping[str, Pixels]) -> Iterator[tuple[float, float]]:
    """Yield for each far room whose silhouettes overlap ours the middle of where they do."""
    ours = next((mask for name, mask in masks.items() if name not in room.far), None)
    for name in room.far & masks.keys():
        high, wide = masks[name].shape
        if ours is not None:
            rows, columns = np.arange(high) * ours.shape[0] // high, np.arange(wide) * ours.shape[1] // wide
            y, x = np.nonzero(ours[rows[:, None], columns] & masks[name])
            if len(x):
                yield float(x.mean() + 0.5) / wide * room.cameras[name].aspect, float(y.mean() + 0.5) / high


def here(now: Now, cameras: Collection[str]) -> tuple[Pixels | None, tuple[Visitor, ...]]:
    """Return who takes part in this room, for those who share its world: the first camera's mask, and its people."""
    mask = next((now.masks[name] for name in cameras if name in now.masks), None)
    return mask, tuple(v for v in now.visitors if v.id < len(cameras) * IDS_PER_CAMERA)


def _is_live(sighting: Sighting | None) -> bool:
    return sighting is not None and sighting.state == "live"


def _presence(is_somebody: bool, is_known: bool) -> Presence:
    if is_somebody:
        return "somebody"
    return "nobody" if is_known else "unknown"


def _heard(room: Room, events: Iterable[Event]) -> Iterator[tuple[str, float]]:
    """Yield the touches and signals that spoke, and when."""
    newest_s = {event.source: event.time_ns / NS for event in events}
    for kind, inputs in (("touch", room.touches), ("signal", room.signals)):
        for name, conf in inputs.items():
            if conf.source in newest_s:
                yield f"{kind}.{name}", newest_s[conf.source]


def _silent(room: Room, heard: Mapping[str, float], now_s: float) -> Iterator[str]:
    """Yield the touches and signals that have been silent for longer than they may be."""
    for path, (_, longest_s) in _streams(room).items():
        if path not in heard and room.simulated:
            continue
        if now_s - heard.get(path, -math.inf) > longest_s:
            yield path


def _clock_lost(room: Room, clock: ClockState, pulse: Pulse | None) -> Iterator[str]:
    """Yield the clock that the show follows, if it is silent; one that a simulated room never had is none."""
    if room.clock and pulse is None and not (room.simulated and clock.heard_s == -math.inf):
        yield CLOCK


def _streams(room: Room) -> dict[str, tuple[str, float]]:
    """Return the source of each touch and signal that may not be silent for ever, and how many seconds it may."""
    found = {f"touch.{name}": (conf.source, patience_s(conf)) for name, conf in room.touches.items()}
    found |= {f"signal.{name}": (conf.source, conf.timeout_s) for name, conf in room.signals.items()}
    return {path: (source, longest_s) for path, (source, longest_s) in found.items() if longest_s is not None}


def silences(room: Room, lost: Collection[str]) -> dict[str, str]:
    """Return for each touch and signal that is to be heard all the time why it is lost, or nothing."""
    told = {path: f"nothing heard from {source} for {longest_s:g} s; is its sender on?" if path in lost else ""
            for path, (source, longest_s) in _streams(room).items()}
    if room.clock:
        told[CLOCK] = f"no clock from {room.clock}; the tempo goes on by itself" if CLOCK in lost else ""
    return told


def _touches(
    room: Room, state: SenseState, signals: Signals, tick: Tick, heard: Collection[str], lost: Collection[str]
) -> tuple[dict[str, Touch], dict[str, TouchState]]:
    touches, states = {}, {}
    now_s = tick.due_ns / NS
    for name, conf in room.touches.items():
        samples = [(event.time_ns / NS, event.value) for event in signals.events if event.source == conf.source]
        path = f"touch.{name}"
        is_played = (room.simulated and path not in heard) or (conf.lost == "simulate" and path in lost)
        source = "key:space" if is_played else conf.source
        if source.startswith("key:"):
            samples = [(now_s, float(source[4:] in signals.keys))]
            conf = TouchInput(name=name, source=source)
        states[name], touches[name] = step_touch(state.touches.get(name, TouchState()), samples, now_s, conf)
    return touches, states


def _values(inputs: Mapping[str, SignalInput], before: Mapping[str, float], signals: Signals, dt: float,
            lost: Collection[str]) -> dict[str, float]:
    if not inputs:
        return {}
    newest: dict[str, Event] = {event.source: event for event in signals.events}
    values = dict(before)
    for name, conf in inputs.items():
        if conf.source in newest:
            share = (newest[conf.source].value - conf.low) / (conf.high - conf.low)
            values[name] = min(max(share, 0.0), 1.0)
        elif conf.source.startswith("key:"):
            values[name] = float(conf.source[4:] in signals.keys)
        elif conf.lost != "hold" and name in values and f"signal.{name}" in lost:
            values[name] = max(values[name] - dt / FADE_S, 0.0)
    return values
