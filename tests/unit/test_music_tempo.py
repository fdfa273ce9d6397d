"""The beat: where it is, when it comes, and notes that are on it to the sample whatever the tempo does."""

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from engine.control.conductor import Conductor
from engine.control.params import ParamTree
from engine.music.tempo import AHEAD_S, Step, Tempo
from engine.show.model import Tempo as TempoTable
from engine.sound.score import Score
from engine.world import Now, Pulse

MONTHS_S = 200 * 86_400.0 + 1 / 3


@pytest.mark.parametrize("start_s", [0.0, MONTHS_S])
def test_time_and_beat_are_each_others_inverse_through_changes(start_s: float) -> None:
    tempo = Tempo(((start_s, 0.0, 90.0),))
    for frame, bpm in enumerate((90, 120, 77.7, 240, 0, 0, 30)):
        tempo = tempo.turned(start_s + frame / 60, bpm)
    for beat in np.arange(-1, 8, 0.037):
        assert tempo.beat_at(tempo.time_of(beat)) == pytest.approx(beat, abs=1e-6)


def test_what_was_handed_on_stays_when_the_tempo_turns() -> None:
    tempo = Tempo.steady(100)
    turned = tempo.turned(2.0, 150)
    for time_s in np.linspace(1.6, 2.0 + AHEAD_S, 20):
        assert turned.beat_at(time_s) == tempo.beat_at(time_s)
    assert turned.bpm_at(2.0 + AHEAD_S) == 150 and turned.bpm_at(2.09) == 100
    assert turned.time_of(turned.beat_at(3.0)) == pytest.approx(3.0)
    assert turned.turned(2.01, 150) is turned


def test_a_tempo_that_is_turned_in_every_frame_forgets_what_is_past() -> None:
    tempo = Tempo.steady(100)
    for frame in range(2000):
        tempo = tempo.turned(frame / 60, 100 + 50 * math.sin(frame / 100))
    assert len(tempo.points) < 60 and not tempo.jumps


def test_a_tempo_of_zero_stands_still() -> None:
    stopped = Tempo.steady(120).placed(3.0, 6.5, 0.0)
    assert stopped.beat_at(100.0) == 6.5 and stopped.time_of(7.0) == math.inf
    assert not any(Now(time=5 + frame / 60, tempo=stopped).every("1/16") for frame in range(120))


@pytest.mark.parametrize(("time", "grid", "place"), [
    (0.0, "1/8", 0.0), (0.1, "1/8", 0.5), (0.25, "1/8", 0.5), (0.3, "1/4", 1.0), (0.3, "1/1", 4.0), (0.3, "bar", 3.0),
    (0.3, "beat", 1.0), (59.99, "1/16", 120.0), (0.1, "1/12", 1 / 3), (0.1, " 3/16 ", 0.75),
])
def test_the_next_place_of_a_grid(time: float, grid: str, place: float) -> None:
    tempo = Tempo.steady(120, beats=3)
    beats = tempo.grid(grid)
    assert beats is not None
    assert tempo.next_place(beats, time) == pytest.approx(place)


@pytest.mark.parametrize("name", ["", "soon", "1/0", "0/4", "1", "1/8/2", "-1/8", "1/1000"])
def test_what_is_no_grid_is_none(name: str) -> None:
    assert Tempo().grid(name) is None


def test_swing_makes_each_second_eighth_late_and_leaves_the_beat() -> None:
    tempo = Tempo.steady(60, swing=1 / 3)
    times = [tempo.time_at(eighth / 2) for eighth in range(5)]
    assert times == pytest.approx([0, 2 / 3, 1, 5 / 3, 2])
    for place in np.arange(0, 3, 0.01):
        assert tempo.place_at(tempo.time_at(place)) == pytest.approx(place)


@pytest.mark.parametrize("start_s", [0.0, MONTHS_S])
@pytest.mark.parametrize("bpm", [60, 97.3, 184])
def test_each_beat_is_in_one_frame(start_s: float, bpm: float) -> None:
    tempo, first = Tempo.steady(bpm), math.ceil(start_s * 60)
    frames = [Now(time=frame / 60, tempo=tempo) for frame in range(first, first + 1200)]
    beats = [now.beat for now in frames if now.every("1/4")]
    assert all(0 <= beat % 1 < bpm / 3600 + 1e-6 or beat % 1 > 1 - 1e-6 for beat in beats)
    assert {round(b - a) for a, b in pairwise(beats)} == {1}
    assert frames[-1].bar == math.floor(frames[-1].beat / 4) and frames[-1].bpm == bpm


# -- the score ---------------------------------------------------------------------------------


def played(play, tempos, frames: int, start_s: float = 0.0, skip=()) -> list[tuple[float, float]]:
    """Return when each note was handed over and when it begins, of a scene that plays some frames."""
    score, found = Score("a", np.random.default_rng(1), Path()), []
    number = 0
    for frame in range(frames):
        if frame in skip:
            continue
        dt = (frame - number) / 60 if frame > number else 1 / 60
        now = Now(time=start_s + frame / 60, dt=dt, frame=frame, tempo=tempos(start_s + frame / 60))
        number = frame
        score.begin(now)
        play(score, now)
        found += [(now.time, now.time + note.delay_s) for note in score.end().notes]
    return found


@pytest.mark.parametrize("start_s", [0.0, MONTHS_S])
def test_a_note_asked_for_in_every_frame_sounds_once_on_each_eighth(start_s: float) -> None:
    found = played(lambda score, now: score.note("C4", when="1/8"), lambda _: Tempo.steady(97.3), 600, start_s)
    eighth_s = 30 / 97.3
    first = math.ceil(start_s / eighth_s - 1e-6)
    want = [(first + number) * eighth_s for number in range(len(found))]
    assert 30 <= len(found) <= 33
    assert [begins for _, begins in found] == pytest.approx(want, abs=5e-7 if start_s else 1e-9)


def test_notes_of_one_frame_sound_together_and_other_pitches_by_themselves() -> None:
    def play(score: Score, now: Now) -> None:
        if now.frame in (2, 5):
            score.note(60, when="1/4")
            score.note(60, when="1/4", at=(1, 0))
            score.note(60 + now.frame, when="1/4")

    assert [begins for _, begins in played(play, lambda _: Tempo.steady(120), 60)] == [0.5] * 4


def test_a_note_that_waits_goes_with_the_tempo_until_a_tenth_of_a_second_before_its_beat() -> None:
    asked, turned = Tempo.steady(60), Tempo.steady(60).turned(1.0, 120)

    def play(score: Score, now: Now) -> None:
        if now.frame == 1:
            score.note(when="bar")

    ((handed, begins),) = played(play, lambda time: asked if time < 1.0 else turned, 200)
    assert begins == pytest.approx(1.1 + (4 - 1.1) / 2)
    assert AHEAD_S - 1 / 60 < begins - handed <= AHEAD_S + 1e-6


def test_steps_come_once_each_before_their_time_even_where_frames_are_skipped() -> None:
    steps: list[Step] = []

    def play(score: Score, now: Now) -> None:
        for step in score.steps("1/16"):
            steps.append(step)
            score.note(60, when=step)

    found = played(play, lambda _: Tempo.steady(130), 600, skip={100, 101, 300, 301, 302})
    assert steps == list(range(len(steps))) and len(steps) > 80
    assert [begins for _, begins in found] == pytest.approx([step.beat * 60 / 130 for step in steps])
    assert all(begins - handed > 0.03 for handed, begins in found[1:])


def test_after_a_long_pause_no_note_makes_up_for_it() -> None:
    found = played(lambda score, now: [score.note(60, when=step) for step in score.steps("1/8")],
                   lambda _: Tempo.steady(120), 600, skip=set(range(60, 500)))
    begins = [begins for _, begins in found]
    assert not [begin for begin in begins if 1.1 < begin < 8.3] and max(begins) > 9.9


def test_where_the_beat_is_set_anew_what_waits_waits_for_the_next_bar_and_the_first_beat_is_not_lost() -> None:
    before = Tempo.steady(60)
    after = before.placed(2.0 - 1 / 60, -1 / 60, 60)

    def play(score: Score, now: Now) -> None:
        if now.frame == 1:
            score.note("C4", when="bar")
        for step in score.steps("1/4"):
            score.note("C5", when=step)

    found = played(play, lambda time: before if time < 2.0 else after, 400)
    begins = [begins for _, begins in found]
    assert begins.count(pytest.approx(2.0, abs=1e-6)) == 3  # the old third beat, the new first, and what waited
    assert begins.count(pytest.approx(6.0, abs=1e-6)) == 1


def test_nothing_waits_while_the_tempo_stands_still() -> None:
    stopped = Tempo.steady(120).placed(0.0, 1.5, 0.0)
    found = played(lambda score, now: score.note(60 + now.frame, when="1/8"), lambda _: stopped, 2000)
    assert found == []


def test_too_many_notes_that_wait_are_one_line() -> None:
    with pytest.raises(ValueError, match="too many wait for their beat"):
        played(lambda score, now: [score.note(30 + pitch / 9 + now.time, when="64/1") for pitch in range(99)],
               lambda _: Tempo.steady(10), 20)


# -- the conductor -----------------------------------------------------------------------------


class Hall:
    """A conductor and the Params, frame by frame."""

    def __init__(self, **table: object) -> None:
        self.params, self.conductor = ParamTree(), Conductor()
        self.conductor.adopt(TempoTable(**table), self.params)
        self.frame = 0

    def step(self, pulse: Pulse | None = None) -> Now:
        self.params.step(1 / 60)
        now = self.conductor.step(Now(time=self.frame / 60, frame=self.frame, pulse=pulse), self.params)
        self.frame += 1
        return now


def test_the_show_file_gives_the_tempo_and_its_address_turns_it() -> None:
    hall = Hall(bpm=72.0, beats=3)
    now = hall.step()
    assert (now.bpm, now.beat, now.tempo.beats) == (72.0, 0.0, 3)
    assert [entry.address for entry in hall.params] == ["/tempo/bpm"]
    assert hall.params.set("/tempo/bpm", 144) is None
    assert hall.params.set("tempo/bpm", 1) is not None
    while hall.step().bpm == 72.0:
        assert hall.frame < 20
    assert hall.frame / 60 == pytest.approx(AHEAD_S + 2 / 60, abs=0.02)


def test_a_glide_is_a_glide_and_its_beats_come_when_it_says() -> None:
    hall = Hall(bpm=60.0)
    hall.step()
    hall.params.set("/tempo/bpm", 120, over_s=4.0)
    nows = [hall.step() for _ in range(360)]
    assert all(0 <= b.bpm - a.bpm < 0.6 for a, b in pairwise(nows))
    assert nows[-1].bpm == 120
    integral = np.cumsum([now.bpm / 3600 for now in nows])
    assert [now.beat for now in nows] == pytest.approx((integral + nows[0].beat - integral[0]).tolist(), abs=0.03)


def test_a_clock_outside_leads_and_when_it_is_lost_the_tempo_goes_on() -> None:
    hall = Hall(bpm=60.0)
    for frame in range(300):
        now = hall.step(Pulse(frame / 60 * 2 + 0.3, 120.0))
    assert now.beat == pytest.approx(299 / 60 * 2 + 0.3, abs=1e-3) and now.bpm == pytest.approx(120, abs=0.1)
    before = now
    for _ in range(60):
        now = hall.step()
    assert now.bpm == pytest.approx(120, abs=0.1) and now.beat - before.beat == pytest.approx(2.0, abs=0.01)


def test_a_clock_that_is_a_little_off_is_caught_up_with_gently() -> None:
    hall = Hall(bpm=120.0)
    for frame in range(60):
        hall.step(Pulse(frame / 30, 120.0))
    jumps = hall.conductor.tempo.jumps
    nows = [hall.step(Pulse(frame / 30 + 0.2, 120.0)) for frame in range(60, 240)]
    assert hall.conductor.tempo.jumps == jumps
    assert max(now.bpm for now in nows) < 155 and nows[-1].beat == pytest.approx(239 / 30 + 0.2, abs=2e-3)


def test_start_stop_and_continue_set_the_beat_at_once() -> None:
    hall = Hall(bpm=120.0)
    for frame in range(60):
        hall.step(Pulse(frame / 30, 120.0))
    stopped = [hall.step(Pulse(2.0, 120.0, False, 1)) for _ in range(10)]
    assert {now.beat for now in stopped} == {2.0} and stopped[-1].bpm == 0.0
    begun = hall.step(Pulse(0.005, 120.0, True, 2))
    assert begun.beat == pytest.approx(0.005) and begun.bpm == 120.0
    assert begun.tempo.beat_at(begun.time - 0.01) < 0 < begun.beat
