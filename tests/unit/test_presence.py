"""The house rule: a person is free to take part or not, or even to do office work beside it (works.md, table 6a)."""

import datetime

import numpy as np
import pytest

from engine.presence import HouseState, Rule, heed
from engine.show.model import Presence, Zone
from engine.world import Matte, Now, Visitor

NOON = datetime.datetime(2026, 3, 2, 12, 0)
DESK = Zone(name="desk", corners=((0.0, 0.5), (0.5, 0.5), (0.5, 1.0), (0.0, 1.0)))
PLAY = Zone(name="floor", kind="play", corners=((0.9, 0.5), (1.7, 0.5), (1.7, 1.0), (0.9, 1.0)))
SEATED, BETWEEN, ON_FLOOR = (0.25, 0.9), (0.7, 0.9), (1.3, 0.9)


class House:
    """One person in a house with a rule, frame by frame."""

    def __init__(self, *zones: Zone, **presence) -> None:
        desks, plays = ([zone for zone in zones if zone.kind == kind] for kind in ("desk", "play"))
        self.rule = Rule(Presence(**presence), tuple(desks), tuple(plays), frozenset(), 16 / 9)
        self.state, self.time = HouseState(), 0.0

    def stay(self, place: tuple[float, float] | None, seconds: float, height: float = 0.5, dt: float = 0.1,
             **facts) -> Now:
        for _ in range(round(seconds / dt)):
            self.time += dt
            people = () if place is None else (Visitor(1, *place, height=height, **facts),)
            now = Now(time=self.time, dt=dt, visitors=people, presence="somebody" if people else "nobody", motion=0.3)
            now, self.state = heed(self.rule, self.state, now, NOON)
        return now


def test_without_a_rule_everybody_takes_part() -> None:
    now = House().stay(SEATED, 1.0)
    assert [v.player for v in now.visitors] == [True]
    assert not now.quiet


def test_half_an_hour_at_a_desk_triggers_nothing_and_the_show_stays_inviting() -> None:
    house = House(DESK, PLAY)
    dice = np.random.default_rng(1)
    for minute in range(30):
        x, y = np.array(SEATED) + dice.normal(0, 0.02, 2)  # typing
        now = house.stay((x, y), 60.0, dt=0.5, vx=0.1, speed=0.1)
        assert now.visitors == now.arrivals == now.contacts == ()
        assert now.motion == 0
        assert now.quiet, "somebody works here"
        if minute:
            assert (now.mode, now.presence) == ("attract", "nobody")
    assert [v.player for v in now.bystanders] == [False]


def test_while_somebody_is_at_a_desk_the_picture_beside_it_is_slow() -> None:
    house = House(DESK, PLAY)
    (calm,) = house.stay(SEATED, 1.0).calm
    assert (calm.change, calm.left, calm.right) == pytest.approx((0.1, 0.0, 0.28125))
    assert house.stay(ON_FLOOR, 1.0).calm == ()


def test_two_seconds_in_the_play_zone_take_part_and_three_away_do_not() -> None:
    house = House(DESK, PLAY)
    assert house.stay(ON_FLOOR, 1.8).visitors == ()
    now = house.stay(ON_FLOOR, 0.4)
    assert len(now.visitors) == 1
    assert now.mode == "live"
    assert len(house.stay(BETWEEN, 2.8).visitors) == 1
    assert house.stay(BETWEEN, 0.4).visitors == ()


def test_who_joins_arrives_and_who_stops_departs_once() -> None:
    house = House(PLAY)
    arrived = [now for _ in range(40) if (now := house.stay(ON_FLOOR, 0.1)).arrivals]
    left = [now for _ in range(40) if (now := house.stay(BETWEEN, 0.1)).departures]
    assert (len(arrived), len(left)) == (1, 1)


def test_who_goes_to_a_desk_is_left_alone_at_once() -> None:
    house = House(DESK)
    assert len(house.stay(ON_FLOOR, 3.0).visitors) == 1, "without a play zone it is the whole floor"
    assert house.stay(SEATED, 0.1).visitors == ()


def test_a_raised_hand_joins_and_another_leaves() -> None:
    house = House(gesture="raise")
    assert house.stay(ON_FLOOR, 3.0).visitors == ()
    assert len(house.stay(ON_FLOOR, 1.0, height=0.62).visitors) == 1
    assert len(house.stay(ON_FLOOR, 8.0).visitors) == 1
    assert house.stay(ON_FLOOR, 1.0, height=0.62).visitors == ()


def test_who_sits_still_for_long_no_longer_plays() -> None:
    house = House(PLAY, still_s=20.0)
    assert len(house.stay(ON_FLOOR, 3.0).visitors) == 1
    assert house.stay(ON_FLOOR, 1.0, still=21.0).visitors == ()


@pytest.mark.parametrize("mirrored", [False, True])
def test_bystanders_are_in_no_mask_no_flow_and_no_picture(mirrored) -> None:
    rule = Rule(Presence(), (DESK,), (), frozenset({"room"}) if mirrored else frozenset(), 16 / 9)
    mask = np.full((90, 160), 255, np.uint8)
    matte = Matte(np.full((90, 160, 4), 200, np.uint8), 0, 0)
    flow = np.ones((9, 16, 2), np.float32)
    now = Now(masks={"room": mask}, mattes={"room": matte}, flows={"room": flow}, presence="somebody")
    seen, _ = heed(rule, HouseState(), now, NOON)
    assert seen.masks["room"][50:, :44].max() == 0
    assert seen.masks["room"][:40].min() == 255
    assert seen.flows["room"][5:, :4].max() == 0
    desk = seen.mattes["room"].pixels[50:, -44:] if mirrored else seen.mattes["room"].pixels[50:, :44]
    assert desk.max() == 0
    assert seen.mattes["room"].pixels.mean() > 100
    assert mask.min() == 255, "what the camera gave is left as it was"


def test_quiet_hours_are_quiet_and_slow() -> None:
    now = House(quiet="Mon-Fri 9:00-12:30", quiet_change=0.3).stay(None, 0.1)
    assert now.quiet and [calm.change for calm in now.calm] == [0.3]
    assert not House(quiet="Mon-Fri 14:00-15:00").stay(None, 0.1).quiet
