"""Sense: what the devices said becomes one immutable `Now`. Pure: the same signals give the same room."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.clock import NS, Tick
from engine.inputs.touch import TouchState
from engine.inputs.touch import step as step_touch
from engine.show.model import Camera, Show, SignalInput, TouchInput
from engine.world import Event, Floats, Now, Person, Pixels, Presence, Sighting, Signals, Touch, Visitor

STILL_SPEED = 0.04  # stage units a second; slower is a person who stands
ATTRACT_AFTER_S = 30.0
IDS_PER_CAMERA = 1_000_000
P = TypeVar("P", bound=np.generic)
Seen = tuple[int, tuple[Visitor, ...], Pixels | None, Floats | None]


@dataclass(frozen=True, slots=True)
class CameraPlace:
    """How one camera looks at the stage. `picture_to_stage` maps shares of the picture. Shape (3, 3), float64."""

    picture_to_stage: NDArray[np.float64]
    mirror: bool
    first_id: int


@dataclass(frozen=True, slots=True)
class Room:
    """What sense must know of the show: it never changes while the show runs."""

    cameras: Mapping[str, CameraPlace]
    touches: Mapping[str, TouchInput]
    signals: Mapping[str, SignalInput]
    simulated: bool = False

    @classmethod
    def of(cls, show: Show) -> Room:
        """Return the room of a show."""
        places = {
            name: _place(camera, show.stage.aspect, index * IDS_PER_CAMERA)
            for index, (name, camera) in enumerate(show.cameras.items())
        }
        return cls(places, show.touches, show.signals, show.simulated)


@dataclass(frozen=True, slots=True)
class SenseState:
    """What one tick leaves to the next."""

    visitors: Mapping[int, Visitor] = field(default_factory=dict)
    touches: Mapping[str, TouchState] = field(default_factory=dict)
    heard: frozenset[str] = frozenset()
    signals: Mapping[str, float] = field(default_factory=dict)
    seen: Mapping[str, Seen] = field(default_factory=dict)
    nobody_since: float = 0.0
    unknown: set[str] = field(default_factory=set)


def sense(
    room: Room, state: SenseState, signals: Signals, tick: Tick, wall: datetime.datetime
) -> tuple[Now, SenseState]:
    """Return the room in this tick, and what the next tick needs of it."""
    seen = {
        name: _seen(place, signals.sightings.get(name), state.seen.get(name)) for name, place in room.cameras.items()
    }
    known = {v.id: v for _, people, _, _ in seen.values() for v in people}
    visitors = {number: _aged(v, state.visitors.get(number), tick) for number, v in known.items()}
    touches, states, heard = _touches(room, state, signals, tick)
    values = _values(room.signals, state.signals, signals)
    presence = _presence(signals.sightings.values(), visitors)
    nobody_since = tick.time if presence != "nobody" else state.nobody_since
    now = Now(
        time=tick.time,
        dt=tick.dt,
        frame=tick.frame,
        hour=wall.hour + wall.minute / 60 + wall.second / 3600,
        mode="attract" if tick.time - nobody_since >= ATTRACT_AFTER_S else "live",
        presence=presence,
        visitors=tuple(visitors.values()),
        arrivals=tuple(v for number, v in visitors.items() if number not in state.visitors),
        departures=tuple(v for number, v in state.visitors.items() if number not in visitors),
        contacts=_contacts(room, signals.sightings),
        motion=max((s.motion for s in signals.sightings.values()), default=0.0),
        mic=signals.mic,
        mouse=signals.mouse,
        keys=signals.keys,
        pressed=signals.pressed,
        touches=MappingProxyType(touches),
        signals=MappingProxyType(values),
        masks={name: mask for name, (_, _, mask, _) in seen.items() if mask is not None},
        flows={name: flow for name, (_, _, _, flow) in seen.items() if flow is not None},
        mattes=signals.mattes,
        unknown=state.unknown,
    )
    return now, SenseState(visitors, states, heard, values, seen, nobody_since, state.unknown)


def _place(camera: Camera, aspect: float, first_id: int) -> CameraPlace:
    picture = camera.corners or ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    stage = np.array([(0, 0), (aspect, 0), (aspect, 1), (0, 1)], np.float32)
    if camera.mirror:
        stage[:, 0] = aspect - stage[:, 0]
    matrix = np.asarray(cv2.getPerspectiveTransform(np.array(picture, np.float32), stage), np.float64)
    return CameraPlace(matrix, camera.mirror, first_id)


def _seen(place: CameraPlace, sighting: Sighting | None, before: Seen | None) -> Seen:
    """Return a sighting in stage units; one that was understood before is not worked out again."""
    if sighting is None or sighting.state == "lost":
        return -1, (), None, None
    if before is not None and before[0] == sighting.frame:
        return before
    people = tuple(_visitor(place, sighting.size, person) for person in sighting.people)
    mask = None if sighting.mask is None else _as_seen_on_stage(place, sighting.mask)
    flow = None
    if sighting.flow_px is not None:
        flow = _as_seen_on_stage(place, sighting.flow_px) / np.float32(sighting.size[1])
        if place.mirror:
            flow[..., 0] *= -1
        flow.flags.writeable = False
    return sighting.frame, people, mask, flow


def _as_seen_on_stage(place: CameraPlace, picture: NDArray[P]) -> NDArray[P]:
    if not place.mirror:
        return picture
    flipped = np.ascontiguousarray(picture[:, ::-1])
    flipped.flags.writeable = False
    return flipped


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


def _presence(sightings: Iterable[Sighting], visitors: Mapping[int, Visitor]) -> Presence:
    if visitors:
        return "somebody"
    return "nobody" if any(s.state == "live" for s in sightings) else "unknown"


def _touches(
    room: Room, state: SenseState, signals: Signals, tick: Tick
) -> tuple[dict[str, Touch], dict[str, TouchState], frozenset[str]]:
    touches, states, heard = {}, {}, state.heard
    now_s = tick.due_ns / NS
    for name, conf in room.touches.items():
        samples = [(event.time_ns / NS, event.value) for event in signals.events if event.source == conf.source]
        if samples and name not in heard:
            heard = heard | {name}
        source = "key:space" if room.simulated and name not in heard else conf.source
        if source.startswith("key:"):
            samples = [(now_s, float(source[4:] in signals.keys))]
            conf = TouchInput(name=name, source=source)
        states[name], touches[name] = step_touch(state.touches.get(name, TouchState()), samples, now_s, conf)
    return touches, states, heard


def _values(inputs: Mapping[str, SignalInput], before: Mapping[str, float], signals: Signals) -> dict[str, float]:
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
    return values
