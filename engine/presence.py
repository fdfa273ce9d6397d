"""The house rule: a person is free to take part or not, or even to do office work beside it. Pure.

Who takes part is a visitor; all others are bystanders: no scene sees them, nothing answers them, and their picture is
taken out of masks, motion and mattes.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from engine.show.hours import is_open
from engine.show.model import Presence, Show, Zone
from engine.show.views import views
from engine.world import Calm, Floats, Matte, Now, Pixels, Visitor

ATTRACT_AFTER_S = 30.0
RAISED, RAISED_S = 1.12, 0.7  # a hand above the head makes a silhouette so much higher, for so long
USUAL_S = 6.0
DESK_CHANGE = 0.1  # of full light a second
MARGIN = 0.015  # of the stage's height: what the outline of a bystander leaves out
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds in this house.

    Attributes:
        is_on: Whether there is anything to heed; else everybody takes part.
    """

    presence: Presence = field(default_factory=Presence)
    desks: tuple[Zone, ...] = ()
    plays: tuple[Zone, ...] = ()
    mirrored: frozenset[str] = frozenset()
    aspect: float = 16 / 9

    @classmethod
    def of(cls, show: Show) -> Rule:
        """Return the rule of a show."""
        zones = tuple(show.zones.values())
        desks, plays = (tuple(zone for zone in zones if zone.kind == kind) for kind in ("desk", "play"))
        mirrored = frozenset(name for name, camera in views(show.cameras).items() if camera.mirror) | show.rooms.keys()
        return cls(show.presence, desks, plays, mirrored, show.stage.aspect)

    @property
    def is_on(self) -> bool:
        presence = self.presence
        return bool(self.desks or self.plays or presence.gesture != "none" or presence.still_s is not None)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of one person.

    Attributes:
        plays: Whether they take part.
        towards_s: How long they have been where the other answer holds.
        usual: Their usual height, stage units.
        raised_s: How long a hand has been up; endless once it was taken for a sign.
    """

    plays: bool = False
    towards_s: float = 0.0
    usual: float = 0.0
    raised_s: float = 0.0


@dataclass(frozen=True, slots=True)
class HouseState:
    """What one tick leaves to the next."""

    people: Mapping[int, Standing] = field(default_factory=dict)
    players: Mapping[int, Visitor] = field(default_factory=dict)
    nobody_since: float = 0.0


def heed(rule: Rule, state: HouseState, now: Now, wall: datetime.datetime) -> tuple[Now, HouseState]:
    """Return the room with those who take part as its visitors, and what the next tick needs to know."""
    quiet = rule.presence.quiet is not None and is_open(rule.presence.quiet, wall)
    calm = (Calm(rule.presence.quiet_change),) if quiet else ()
    if not rule.is_on:
        return (replace(now, quiet=True, calm=calm) if quiet else now), state
    people = {v.id: _judged(rule, state.people.get(v.id), v, now.dt) for v in now.visitors}
    players = {v.id: v for v in now.visitors if people[v.id].plays}
    others = tuple(replace(v, player=False) for v in now.visitors if v.id not in players)
    somebody = bool(players) or now.presence == "unknown" or now.unseen > 0
    since = now.time if somebody else state.nobody_since
    taken = [zone for zone in rule.desks if any(_within([zone], v) for v in others)]
    hidden = [_shape(v) for v in others] + [np.array(zone.corners) for zone in rule.desks]
    now = replace(
        now,
        visitors=tuple(players.values()),
        bystanders=others,
        arrivals=tuple(v for number, v in players.items() if number not in state.players),
        departures=tuple(v for number, v in state.players.items() if number not in players),
        contacts=tuple(pair for pair in now.contacts if set(pair) <= players.keys()),
        presence="nobody" if now.presence == "somebody" and not somebody else now.presence,
        mode="attract" if now.time - since >= ATTRACT_AFTER_S else "live",
        motion=now.motion if players else 0.0,
        quiet=quiet or bool(taken),
        calm=calm + tuple(_beside(zone, rule.aspect) for zone in taken),
        masks={name: _without(mask, hidden, rule.aspect) for name, mask in now.masks.items()},
        flows={name: _still(flow, hidden, rule.aspect) for name, flow in now.flows.items()},
        mattes={name: _unseen(matte, hidden, rule.aspect, name in rule.mirrored) for name, matte in now.mattes.items()},
    )
    return now, HouseState(people, players, since)


def _judged(rule: Rule, before: Standing | None, visitor: Visitor, dt: float) -> Standing:
    """Return whether a person takes part, by where they are, how long, and what they show."""
    presence, known = rule.presence, before or Standing(usual=visitor.height)
    usual = known.usual + (visitor.height - known.usual) * min(dt / USUAL_S, 1.0)
    raised_s = known.raised_s + dt if visitor.height > RAISED * usual else 0.0
    if _within(rule.desks, visitor):
        return Standing(False, 0.0, usual, raised_s)
    if presence.still_s is not None and visitor.still > presence.still_s:
        return Standing(False, 0.0, usual, raised_s)
    if presence.gesture == "raise" and known.raised_s < RAISED_S <= raised_s:
        return Standing(not known.plays, 0.0, usual, raised_s)
    invited = _within(rule.plays, visitor) if rule.plays else presence.gesture == "none"
    if invited is known.plays or (presence.gesture == "raise" and not rule.plays):
        return Standing(known.plays, 0.0, usual, raised_s)
    towards_s = known.towards_s + dt
    turned = towards_s >= (presence.enter_s if invited else presence.leave_s)
    return Standing(invited if turned else known.plays, 0.0 if turned else towards_s, usual, raised_s)


def _within(zones: Iterable[Zone], visitor: Visitor) -> bool:
    """Return whether a person's feet are in one of the zones."""
    place = visitor.x, visitor.y
    return any(cv2.pointPolygonTest(np.array(zone.corners, np.float32), place, False) >= 0 for zone in zones)


def _beside(desk: Zone, aspect: float) -> Calm:
    """Return what of the picture is in the view of who works at a desk."""
    x = [corner[0] / aspect for corner in desk.corners]
    return Calm(DESK_CHANGE, min(x), max(x))


def _shape(visitor: Visitor) -> Floats:
    """Return the outline of a bystander, or a box where there is none."""
    if len(visitor.outline) >= 3:
        return visitor.outline
    half = visitor.height * 0.3
    x, y = visitor.x, visitor.y
    top = y - visitor.height
    return np.array([(x - half, top), (x + half, top), (x + half, y), (x - half, y)], np.float32)


def _cut(picture: Pixels, hidden: Iterable[Floats], aspect: float, mirrored: bool) -> None:
    """Make shapes of the stage clear in a picture of it, with a margin."""
    high, wide = picture.shape[:2]
    for shape in hidden:
        points = np.asarray(shape, np.float32) / (aspect, 1.0)
        if mirrored:
            points[:, 0] = 1.0 - points[:, 0]
        corners = np.rint(points * (wide, high)).astype(np.int32)
        clear = (0,) * (picture.shape[2] if picture.ndim == 3 else 1)
        cv2.fillPoly(picture, [corners], clear)
        cv2.polylines(picture, [corners], True, clear, max(round(2 * MARGIN * high), 1))


def _without(mask: Pixels, hidden: list[Floats], aspect: float) -> Pixels:
    mask = mask.copy()
    _cut(mask, hidden, aspect, False)
    mask.flags.writeable = False
    return mask


def _still(flow: Floats, hidden: list[Floats], aspect: float) -> Floats:
    cover = np.ones(flow.shape[:2], np.uint8)
    _cut(cover, hidden, aspect, False)
    flow = flow * cover[..., None]
    flow.flags.writeable = False
    return flow


def _unseen(matte: Matte, hidden: list[Floats], aspect: float, mirrored: bool) -> Matte:
    """Return a keyed picture without bystanders; it is as the camera sees it, so a mirrored stage is turned back."""
    if not hidden:
        return matte
    pixels = matte.pixels.copy()
    _cut(pixels, hidden, aspect, mirrored)
    pixels.flags.writeable = False
    return replace(matte, pixels=pixels)
