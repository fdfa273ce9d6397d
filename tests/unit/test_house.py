"""R8: the house opens and closes to the minute, by itself or by hand, and a closed one is dark, silent and idle."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from engine.control.opening import Opening
from engine.frame import Frame
from engine.house import FADE_S, House
from engine.show.model import Cue
from engine.world import Event, Now

pytestmark = pytest.mark.usefixtures("paris")
HOURS = "Tue-Sun 10:00-19:00"
TUESDAY = datetime(2014, 6, 24)
CUES = Cue(name="one", scene="red", fade_s=0.5), Cue(name="two", scene="blue", fade_s=0.5, time="18:30")
FPS = 60


class Venue:
    """A house whose clock on the wall can be set."""

    def __init__(self, evening, hours: str | None, wall: datetime, keeps_hours: bool = True) -> None:
        programme = replace(evening.show.programme, hours=hours)
        self.director = evening.director
        self.director.adopt(replace(evening.show, programme=programme))
        self.said: list[str] = []
        self.house = House(self.director, keeps_hours, self.said.append)
        self.frame, self.instant = 0, wall.timestamp()
        self.history: list[float] = []

    @property
    def wall(self) -> datetime:
        return datetime.fromtimestamp(self.instant)

    def set(self, wall: datetime) -> None:
        self.instant = wall.timestamp()

    def play(self, seconds: float = 1 / FPS, *events: Event) -> Frame:
        for _ in range(round(seconds * FPS)):
            now = Now(time=self.frame / FPS, dt=1 / FPS, frame=self.frame)
            self.last = self.house.step(now, events, self.wall)
            self.history.append(self.light)
            self.frame += 1
            self.instant += 1 / FPS
            events = ()
        return self.last

    @property
    def light(self) -> float:
        return sum(group.weight for groups in self.last.picture.views.values() for group in groups)

    @property
    def loudness(self) -> float:
        return sum(sounds.gain * len(sounds.holds) for sounds in self.last.sounds)

    @property
    def lamp(self) -> float:
        return sum(lamp.level for lamp in self.last.lamps)

    @property
    def cue(self) -> str:
        return self.director.status.cue


@pytest.fixture
def venue(new_evening):
    def open_doors(wall: datetime, hours: str | None = HOURS, keeps_hours: bool = True) -> Venue:
        return Venue(new_evening(*CUES), hours, wall, keeps_hours)

    return open_doors


def hand(*on: float) -> Event:
    return Event("osc:/show/open", on)


def test_r8_at_closing_time_light_sound_and_lamps_fade_for_three_seconds_and_then_nothing_works(venue) -> None:
    room = venue(TUESDAY + timedelta(hours=19, seconds=-2))
    room.play(1.9)
    assert (room.light, room.loudness, room.lamp) == pytest.approx((1, 1, 1))
    room.play(0.1 + FADE_S / 2)
    assert (room.light, room.loudness, room.lamp) == pytest.approx((0.5, 0.5, 0.5), abs=0.02)
    room.play(FADE_S / 2 + 0.1)
    assert room.last == Frame()
    assert not any(running.started for running in room.director._cast.scenes.values()), "no scene works"
    assert max(abs(a - b) for a, b in zip(room.history[60:], room.history[61:], strict=False)) < 0.02, "it never jumps"
    assert room.said == ["house: CLOSED, opens 10:00"]


def test_r8_a_scene_is_told_that_the_house_closes(venue, monkeypatch) -> None:
    room, modes = venue(TUESDAY + timedelta(hours=18, minutes=59, seconds=59)), []
    step = room.director.step
    monkeypatch.setattr(room.director, "step", lambda now, *rest: (modes.append(now.mode), step(now, *rest))[1])
    room.play(2.0)
    assert modes.count("closed") in (59, 60) and modes == sorted(modes, reverse=True)


def test_r8_at_opening_time_the_first_cue_enters_and_what_was_called_at_night_does_not_count(venue) -> None:
    room = venue(TUESDAY + timedelta(hours=9, minutes=59, seconds=59))
    room.play(0.5, Event("key:right", (1.0,)), Event("key:b", (1.0,)))
    room.director.cue("two")
    room.play(0.48)
    assert (room.cue, room.light) == ("", 0)
    room.play(0.1 + FADE_S)
    assert (room.cue, room.light, room.lamp) == ("one", 1, 1)
    assert room.said == ["house: CLOSED, opens 10:00", "house: open"]


@pytest.mark.parametrize(("wall", "cue"), [
    (TUESDAY + timedelta(hours=18, minutes=29), "one"),
    (TUESDAY + timedelta(hours=18, minutes=45), "two"),
    (TUESDAY + timedelta(days=1, hours=10), "one"),
])
def test_a_show_that_starts_in_the_day_begins_with_the_cue_that_is_due(venue, wall: datetime, cue: str) -> None:
    room = venue(wall)
    room.play(1.0)
    assert (room.cue, room.light) == (cue, 1)


@pytest.mark.parametrize(("opens", "closes"), [
    (datetime(2014, 3, 29, 22), datetime(2014, 3, 30, 6)),  # the night of the hour that is skipped
    (datetime(2014, 10, 25, 22), datetime(2014, 10, 26, 6)),  # the night of the hour that comes twice
    (datetime(2014, 6, 28, 22), datetime(2014, 6, 29, 6)),
])
def test_r8_a_night_across_midnight_opens_and_closes_to_the_second_on_both_sundays(opens, closes) -> None:
    opening = Opening()
    seconds = range(int(opens.timestamp()) - 600, int(closes.timestamp()) + 600)
    states = [opening.step(datetime.fromtimestamp(second), "Sat 22:00-06:00") for second in seconds]
    turns = [second for second, before, after in zip(seconds[1:], states, states[1:], strict=False) if before != after]
    assert turns == [opens.timestamp(), closes.timestamp()]


@pytest.mark.parametrize("step", [timedelta(hours=2), timedelta(hours=-10), timedelta(days=400)])
def test_r8_a_clock_that_is_set_while_the_show_runs_counts_at_once(venue, step: timedelta) -> None:
    room = venue(TUESDAY + timedelta(hours=18, minutes=30))
    room.play(1.0)
    room.set(room.wall + step)
    room.play(FADE_S + 0.1)
    is_open = step.days >= 400  # that is a Wednesday, 18:30
    assert (room.light > 0) is is_open
    room.set(TUESDAY + timedelta(hours=12))
    room.play(FADE_S + 0.1)
    assert room.light == 1


def test_by_hand_it_opens_until_the_hours_next_change(venue) -> None:
    room = venue(TUESDAY + timedelta(hours=20))
    room.play(0.1, hand(1.0))
    assert room.house.words == "OPEN BY HAND until 10:00"
    room.play(FADE_S)
    assert (room.cue, room.light) == ("one", 1)
    room.set(TUESDAY + timedelta(days=1, hours=10))
    room.play(0.1)
    assert (room.house.words, room.light) == ("", 1)
    room.set(TUESDAY + timedelta(days=1, hours=19))
    room.play(FADE_S + 0.1)
    assert room.light == 0


def test_by_hand_it_closes_and_the_key_turns_it_round(venue) -> None:
    room = venue(TUESDAY + timedelta(hours=12))
    room.play(1.0, hand(0.0))
    assert room.house.words == "CLOSED BY HAND until 19:00"
    room.play(1.0, Event("key:u", (1.0,)), Event("key:u", (0.0,)))
    assert room.house.words == "" and room.cue == "one"
    assert max(abs(a - b) for a, b in zip(room.history, room.history[1:], strict=False)) < 0.04, "it never jumps"


def test_a_night_that_is_over_while_the_clock_is_set_ends_what_was_done_by_hand() -> None:
    opening = Opening()
    assert not opening.step(TUESDAY + timedelta(hours=20), HOURS)
    opening.by_hand(True)
    assert opening.step(TUESDAY + timedelta(hours=21), HOURS)
    assert not opening.step(TUESDAY + timedelta(days=1, hours=21), HOURS)


def test_other_hours_in_the_show_file_hold_from_the_next_frame_on(venue) -> None:
    room = venue(TUESDAY + timedelta(hours=20))
    room.play(0.1)
    show = room.director._show
    room.director.adopt(replace(show, programme=replace(show.programme, hours="10:00-21:00")))
    room.play(FADE_S + 0.1)
    assert room.light == 1
    room.director.adopt(replace(show, programme=replace(show.programme, hours=None)))
    room.set(TUESDAY + timedelta(hours=3))
    room.play(0.1)
    assert (room.house.words, room.light) == ("", 1)


def test_params_are_turned_while_the_house_is_closed(venue) -> None:
    room = venue(TUESDAY + timedelta(hours=20))
    room.play(0.1, Event("osc:/scene/red/hue", (0.7,)))
    entry = room.director.params.entry("/scene/red/hue")
    assert entry is not None and entry.value == 0.7


def test_in_a_simulated_room_the_hours_do_not_hold_and_it_says_so(venue) -> None:
    room = venue(TUESDAY + timedelta(hours=3), keeps_hours=False)
    room.play(1.0)
    assert (room.cue, room.light, room.house.words) == ("one", 1, "")
    assert room.said == [f"house: the room is simulated, so its hours ({HOURS}) do not hold"]


@pytest.mark.parametrize(("hours", "wall", "words"), [
    (HOURS, TUESDAY + timedelta(hours=3), "CLOSED, opens 10:00"),
    (HOURS, TUESDAY + timedelta(hours=19), "CLOSED, opens 10:00"),
    (HOURS, TUESDAY - timedelta(hours=4), "CLOSED, opens 10:00"),
    (HOURS, TUESDAY - timedelta(hours=20), "CLOSED, opens Tue 10:00"),
    ("Mon 10:00-11:00", TUESDAY, "CLOSED, opens Mon 10:00"),
    (HOURS, TUESDAY + timedelta(hours=12), ""),
    (None, TUESDAY, ""),
])
def test_the_words_say_when_it_opens_and_on_which_day_if_that_is_far(hours, wall: datetime, words: str) -> None:
    opening = Opening()
    opening.step(wall, hours)
    assert opening.words(wall) == words


@pytest.mark.parametrize(("hour", "by_hand", "is_open"), [(21, "open", True), (36, "open", True), (44, "open", False),
                                                          (12, "closed", False), (20, "closed", False)])
def test_r5_a_house_set_by_hand_is_so_after_a_restart_until_the_hours_change(venue, hour, by_hand, is_open) -> None:
    saved = TUESDAY + timedelta(hours=21 if by_hand == "open" else 11)
    room = venue(TUESDAY + timedelta(hours=hour))
    room.house.resume(by_hand, saved, room.wall)
    room.play(FADE_S + 0.2)
    assert (room.light > 0) is is_open
    kept = by_hand if room.house.by_hand else ""
    assert room.house.by_hand == kept
    assert bool(kept) is (hour in (21, 12))
