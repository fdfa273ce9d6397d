"""Scales, patterns, chains, walks and drones: exact, the same from the same seed, one line for what they cannot do."""

from itertools import pairwise

import numpy as np
import pytest

from engine import Drone, Markov, Pattern, Scale, Tuning, Walk, euclid
from engine.music.pitch import MusicError
from engine.music.scale import NAMED

# -- scales ------------------------------------------------------------------------------------


def test_degrees_go_on_above_and_below_the_octave() -> None:
    dorian = Scale("dorian", "D3")
    assert [dorian[degree] for degree in (-7, -1, 0, 1, 6, 7, 14)] == [38, 48, 50, 52, 60, 62, 74]
    assert list(dorian) == [50, 52, 53, 55, 57, 59, 60] and len(dorian) == 7


def test_a_degree_between_two_is_a_pitch_between_them() -> None:
    assert Scale("minor")[2.5] == 64.0
    assert Scale("minor")[np.float64(-0.25)] == 59.5


@pytest.mark.parametrize(("pitch", "near"), [(60.4, 60), (61.4, 62), (66.4, 67), (66.4 - 36, 31), ("F#9", 127)])
def test_a_free_pitch_is_drawn_to_the_scale(pitch: float | str, near: float) -> None:
    assert Scale("pentatonic").nearest(pitch) == near


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("tuning", ["equal", "just", "werckmeister"])
def test_each_pitch_of_a_scale_is_its_own_nearest(name: str, tuning: str) -> None:
    scale = Scale(name, "F#2", tuning)
    assert [scale.degree(scale[degree]) for degree in range(-20, 40)] == list(range(-20, 40))


def test_a_scale_laid_on_a_named_tuning_is_pure_on_its_root() -> None:
    fifth = Scale("major", "D3", "just")
    assert fifth[4] - fifth[0] == pytest.approx(12 * np.log2(3 / 2))
    assert fifth.chord(0)[1] - fifth[0] == pytest.approx(12 * np.log2(5 / 4))


def test_a_scale_of_a_tuning_with_its_own_root_uses_the_keys_of_that_tuning() -> None:
    just = Tuning("just", root="C4")
    wolf = Scale("major", "D4", just)
    assert wolf[0] == just["D4"] and wolf[4] == just["A4"]
    assert wolf[4] - wolf[0] == pytest.approx(12 * np.log2(40 / 27))


def test_a_scale_without_steps_is_all_of_its_tuning() -> None:
    scale = Scale(tuning=Tuning.equal(19))
    assert len(scale) == 19
    assert scale[19] == 72 and scale[1] - scale[0] == pytest.approx(12 / 19)
    assert Scale([0, 6, 11], tuning=Tuning.equal(19))[2] == pytest.approx(60 + 12 * 11 / 19)


@pytest.mark.parametrize(("call", "words"), [
    (lambda: Scale("dorain"), "did you mean 'dorian'"),
    (lambda: Scale("major", "H3"), "Scale: root|Tuning: root"),
    (lambda: Scale("major", tuning=Tuning.equal(19)), "this tuning has 19"),
    (lambda: Scale([0, 4, 4]), "rising numbers from 0 to 11"),
    (lambda: Scale([0, 12]), "rising numbers from 0 to 11"),
    (lambda: Scale("major", 60.5), "60.5; a whole number"),
    (lambda: Scale("major")[np.nan], "no degree nan"),
    (lambda: Scale("major").nearest(np.inf), "pitch is inf"),
    (lambda: Tuning("jsut"), "did you mean 'just'"),
    (lambda: Tuning([2, 3]), "write a ratio as '3/2'"),
    (lambda: Tuning(["3/0"]), "above 0"),
    (lambda: Tuning.equal(0), "from 1 to 1200"),
    (lambda: Pattern([]), "0 items"),
    (lambda: euclid(9, 8), "9 hits in 8 steps"),
    (lambda: euclid(0, 0), "0 hits in 0 steps"),
    (lambda: Markov([], 1), "0 items"),
    (lambda: Markov([1, 2], 1, order=3), "order 3"),
    (lambda: Markov([[1], [2]], 1), "cannot be a state"),
    (lambda: Markov({"a": ["b"]}, 1), "nothing follows it"),
    (lambda: Markov({"abc": {"abd": 1}, "abde": ["abc"]}, 1), "did you mean"),
    (lambda: Markov({"a": []}, 1), "nothing follows 'a'"),
    (lambda: Markov({"a": {"a": -1}}, 1), "weight -1"),
    (lambda: Walk(1, 5, 5), "low below high"),
    (lambda: Walk(1, "C3", "C4"), "only with a scale"),
    (lambda: Walk(1, 0, 1, step=0), "step above 0"),
    (lambda: Walk(1, "C3", "C4", 0.5, scale=Scale("major")), "whole degrees"),
    (lambda: Drone(1, Scale("major"), voices=13), "1 to 12"),
    (lambda: Drone(1, Scale("major"), "C5", "C4"), "low must be below high"),
])
def test_a_wrong_argument_is_one_line_with_a_remedy(call, words: str) -> None:
    with pytest.raises(MusicError, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)


# -- rhythms and patterns ----------------------------------------------------------------------


def drawn(pattern: Pattern) -> str:
    return "".join("x" if hit else "." for hit in pattern)


@pytest.mark.parametrize("rhythm", [  # G. Toussaint 2005, section 4
    "x.", "x..", "x...", "xx.", "x..x.", "xx.x.", "x..x..x.", "x.x.x..", "x.xx.xx.", "x.x.x.x..", "x..x.x..x.",
    "x.x.x.x.x..", "x..x.x..x.x.", "x..x..x..x..x...", "x.xx.x.xx.x.", "x..x.x.x..x.x.x.", "x.xx.x.x.xx.x.x.",
])
def test_euclidean_rhythms_are_those_of_the_paper_up_to_their_beginning(rhythm: str) -> None:
    found = euclid(rhythm.count("x"), len(rhythm))
    assert found[0]
    assert drawn(found) in {rhythm[i:] + rhythm[:i] for i in range(len(rhythm))}


@pytest.mark.parametrize(("hits", "steps", "rhythm"), [
    (3, 8, "x..x..x."), (5, 8, "x.xx.xx."), (5, 13, "x..x.x..x.x.."), (4, 11, "x..x..x..x."),
    (7, 16, "x..x.x.x..x.x.x."),
    (0, 4, "...."), (4, 4, "xxxx"), (1, 1, "x"),
])
def test_well_known_euclidean_rhythms_begin_as_they_are_written(hits: int, steps: int, rhythm: str) -> None:
    assert drawn(euclid(hits, steps)) == rhythm


@pytest.mark.parametrize("steps", range(1, 25))
def test_distances_between_hits_differ_by_one_at_most(steps: int) -> None:
    for hits in range(1, steps + 1):
        at = [step for step in range(2 * steps) if euclid(hits, steps)[step]]
        distances = np.diff(at)
        assert len(at) == 2 * hits and distances.max() - distances.min() <= 1


def test_rotation_begins_later() -> None:
    assert drawn(euclid(3, 8, rotate=3)) == "x..x.x.."
    assert drawn(euclid(3, 8, rotate=-1)) == ".x..x..x"


def test_a_list_in_a_pattern_goes_on_by_one_each_time_round() -> None:
    pattern = Pattern([60, [62, [64, 65]], None, (67, 71)])
    assert [pattern[step] for step in range(16)] == [
        60, 62, None, (67, 71), 60, 64, None, (67, 71), 60, 62, None, (67, 71), 60, 65, None, (67, 71)]
    assert pattern[-1] == (67, 71) and pattern[np.int64(4)] == 60
    assert list(pattern.rotate(1)) == [62, None, (67, 71), 60]
    assert list((Pattern([1, 2]) + Pattern([3])) * 2) == [1, 2, 3, 1, 2, 3]
    assert pattern.reverse()[0] == (67, 71)


# -- chains and walks --------------------------------------------------------------------------


def test_a_chain_follows_what_it_has_learned_and_never_ends() -> None:
    song = ["a", "b", "a", "c"]
    chain = Markov(song, 3)
    steps = [chain.value] + [chain.step() for _ in range(4000)]
    pairs = set(pairwise(steps))
    assert pairs == {("a", "b"), ("a", "c"), ("b", "a"), ("c", "a")}
    assert steps.count("b") / steps.count("a") == pytest.approx(0.5, abs=0.03)
    assert chain.share("a", "b") == 0.5 and chain.share("c", "a") == 1.0


def test_a_chain_of_second_order_repeats_a_song_that_has_no_choice() -> None:
    song = [1, 1, 2, 1, 3]
    chain = Markov(song, 1, order=2)
    assert [chain.step() for _ in range(10)] == [2, 1, 3, 1, 1, 2, 1, 3, 1, 1]
    assert chain.share((1, 1), 2) == 1.0


def test_a_given_chain_keeps_its_weights() -> None:
    chain = Markov({"a": {"a": 3, "b": 1}, "b": ["a", "a", "b"]}, 5)
    steps = [chain.step() for _ in range(8000)]
    after_a = [b for a, b in pairwise(steps) if a == "a"]
    assert after_a.count("b") / len(after_a) == pytest.approx(0.25, abs=0.02)
    assert chain.share("b", "a") == pytest.approx(2 / 3)


def test_the_same_seed_gives_the_same_music() -> None:
    def piece(seed: int) -> list[object]:
        rng = np.random.default_rng(seed)
        chain, walk, free = Markov([1, 2, 1, 3], rng), Walk(rng, 0, 12, 3), Walk(rng, -1.0, 1.0, 0.1)
        drone = Drone(rng, Scale("minor"))
        return [(chain.step(), walk.step(), free.step(), drone.at(step * 0.5)) for step in range(200)]

    assert piece(7) == piece(7) != piece(8)


def test_walks_stay_within_their_bounds_reach_them_and_keep_their_step() -> None:
    whole, free = Walk(1, -3, 4, 2), Walk(1, 0.0, 1.0, 0.2)
    places = [whole.value] + [whole.step() for _ in range(3000)]
    assert set(places) == set(range(-3, 5)) and all(isinstance(place, int) for place in places)
    assert {abs(b - a) for a, b in pairwise(places)} <= {0, 1, 2}
    floats = [free.value] + [free.step() for _ in range(3000)]
    assert 0.0 <= min(floats) < 0.02 and 0.98 < max(floats) <= 1.0
    assert np.abs(np.diff(floats)).max() <= 0.2


def test_a_step_that_is_longer_than_the_walk_is_thrown_back_as_often_as_it_takes() -> None:
    walk = Walk(1, 0.0, 1.0, 1000.0)
    assert all(0.0 <= walk.step() <= 1.0 for _ in range(1000))


def test_a_walk_on_a_scale_gives_its_pitches_between_the_keys() -> None:
    scale = Scale("hirajoshi", "C3", "just")
    walk = Walk(4, "C3", "C5", 2, start="C4", scale=scale)
    assert walk.value == 60
    pitches = {walk.step() for _ in range(2000)}
    assert pitches == {scale[degree] for degree in range(11)}


# -- drones ------------------------------------------------------------------------------------


def heard(drone: Drone, seconds: np.ndarray, pitches: list[float]) -> np.ndarray:
    """Return how loud each pitch is at each second. Shape (seconds, pitches), float32."""
    column = {pitch: index for index, pitch in enumerate(pitches)}
    sheet = np.zeros((len(seconds), len(pitches)), np.float32)
    for row, second in enumerate(seconds.tolist()):
        for tone in drone.at(second):
            sheet[row, column[tone.pitch]] += tone.level
    return sheet


def test_a_drone_of_eight_hours_never_comes_back_to_what_it_was_for_a_minute() -> None:
    scale = Scale("minor pentatonic", "A2")
    drone = Drone(20140621, scale, "A1", "E5", level=0.5)
    pitches = [scale[degree] for degree in range(scale.degree("A1"), scale.degree("E5") + 1)]
    sheet = heard(drone, np.arange(0, 8 * 3600, 10.0), pitches)
    minutes = np.lib.stride_tricks.sliding_window_view(sheet, 6, axis=0).reshape(len(sheet) - 5, -1)
    square = (minutes**2).sum(1)
    nearest = np.inf
    for begin in range(0, len(minutes), 512):
        part = slice(begin, begin + 512)
        apart = square[part, None] + square[None] - 2 * minutes[part] @ minutes.T
        rows = np.arange(len(minutes))[part]
        apart[np.abs(rows[:, None] - np.arange(len(minutes))[None]) < 12] = np.inf  # what overlaps, or nearly
        nearest = min(nearest, float(apart.min()))
    assert np.sqrt(nearest / np.median(square)) > 0.25, "two minutes of eight hours are alike"


def test_a_drone_neither_falls_silent_nor_grows_loud_nor_clicks() -> None:
    drone = Drone(2, Scale("minor", "D2"), voices=6, level=0.5)
    loud = np.array([sum(tone.level**2 for tone in drone.at(second)) for second in range(0, 8 * 3600, 7)])
    assert loud.max() <= 6 * 0.5**2 and np.mean(loud < 0.02) < 0.02
    before = {tone.key: (tone.pitch, tone.level) for tone in drone.at(1e6 - 1 / 60)}
    for frame in range(60 * 120):
        tones = {tone.key: (tone.pitch, tone.level) for tone in drone.at(1e6 + frame / 60)}
        for key, (pitch, level) in tones.items():
            began = key not in before
            assert level < 0.06 if began else (pitch == before[key][0] and abs(level - before[key][1]) < 0.06)
        before = tones


def test_after_a_year_a_drone_is_still_smooth() -> None:
    drone = Drone(2, Scale("minor", "D2"))
    year_s = 365 * 86_400.0
    levels = [{tone.key: tone.level for tone in drone.at(year_s + frame / 60)} for frame in range(120)]
    shared = [(a[key], b[key]) for a, b in pairwise(levels) for key in a.keys() & b.keys()]
    assert len(shared) > 200
    assert max(abs(a - b) for a, b in shared) < 0.06
