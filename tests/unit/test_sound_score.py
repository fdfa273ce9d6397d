import math
from pathlib import Path

import numpy as np
import pytest

from engine.sound.events import Hold, Note
from engine.sound.recording import Recording
from engine.sound.score import Score
from engine.world import Now, Visitor


@pytest.fixture
def score() -> Score:
    return Score("scene", np.random.default_rng(1), Path("/show"))


def test_what_is_asked_for_in_a_frame_is_what_is_handed_over(score: Score) -> None:
    score.begin(Now(time=1.0))
    score.note(pitch=64, level=0.7, at=Visitor(id=1, x=0.5, y=0.25), voice="bell", length=2, space=0.4)
    score.hold("glow", pitch="A3", level=0.2, at=(1, 0.5))
    score.hold("glow", pitch="A3", level=0.4, at=np.array([1, 0.5]))
    sounds = score.end(0.5)
    assert sounds.owner == "scene" and sounds.gain == 0.5 and not sounds.stop
    assert sounds.notes == (Note(64.0, 0.7, (0.5, 0.25), "bell", 2.0, 0.0, {"space": 0.4}),)
    assert sounds.holds == (Hold("glow", 57.0, 0.4, (1.0, 0.5)),)


def test_each_frame_begins_with_nothing_asked_for(score: Score) -> None:
    score.hold("a")
    score.stop()
    assert score.end().stop
    score.begin(Now(time=2.0))
    sounds = score.end()
    assert (sounds.notes, sounds.holds, sounds.stop) == ((), (), False)


@pytest.mark.parametrize(("name", "number"), [("C4", 60), ("A4", 69), ("F#3", 54), ("Bb2", 46), ("c-1", 0)])
def test_pitches_may_be_names(score: Score, name: str, number: float) -> None:
    score.note(name)
    assert score.end().notes[0].pitch == number


def test_samples_name_their_file_in_the_shows_folder(score: Score) -> None:
    score.sample("drop.wav", rate=2)
    score.loop("rain", "rain.wav", level=0.3)
    sounds = score.end()
    assert sounds.notes[0].voice == Recording("/show/drop.wav") and sounds.notes[0].pitch == 72
    assert sounds.holds[0].voice == Recording("/show/rain.wav")


@pytest.mark.parametrize(("call", "words"), [
    (lambda s: s.note(pitch="H4"), ("note", "pitch", "H4")),
    (lambda s: s.note(pitch=math.nan), ("note", "pitch")),
    (lambda s: s.hold("a", level=None), ("hold", "level")),
    (lambda s: s.hold("", level=1), ("hold", "key")),
    (lambda s: s.note(at=3), ("note", "at")),
    (lambda s: s.note(at=(0, math.inf)), ("note", "at")),
    (lambda s: s.note(voice="wram"), ("note", "voice", "did you mean 'warm'")),
    (lambda s: s.note(length="long"), ("note", "length")),
    (lambda s: s.note(when="soon"), ("note", "when", "1/8")),
    (lambda s: s.note(when="1/0"), ("note", "when")),
    (lambda s: s.note(spcae=0.1), ("note", "spcae", "did you mean 'space'")),
    (lambda s: s.sample(""), ("sample", "path")),
    (lambda s: s.sample("a.wav", channel=-1), ("sample", "channel")),
    (lambda s: s.loop("a", "a.wav", begin=2, end=1), ("loop", "end")),
    (lambda s: s.grain("a", "a.wav", size="long"), ("grain", "size")),
    (lambda s: s.grain("a", ""), ("grain", "path")),
    (lambda s: s.sample("a.wav", rate=True), ("sample", "rate")),
])
def test_a_wrong_argument_is_one_line_that_names_verb_and_argument(score: Score, call, words) -> None:
    with pytest.raises(ValueError, match=words[0]) as caught:
        call(score)
    text = str(caught.value)
    assert "\n" not in text
    for word in words:
        assert word in text


def test_levels_are_clipped(score: Score) -> None:
    score.note(level=7)
    score.note(level=-1)
    assert [note.level for note in score.end().notes] == [1.0, 0.0]


def test_a_sample_in_the_shows_assets_is_found_there_as_pictures_are(tmp_path):
    (tmp_path / "assets" / "sounds").mkdir(parents=True)
    (tmp_path / "assets" / "sounds" / "drop.wav").touch()
    score = Score("a", np.random.default_rng(1), tmp_path)
    score.begin(Now())
    score.sample("sounds/drop.wav")
    score.sample("rain.wav")
    voices = [note.voice for note in score.end(1.0).notes]
    assert voices == [Recording(f"{tmp_path}/assets/sounds/drop.wav"), Recording(f"{tmp_path}/rain.wav")]


def test_backwards_is_a_negative_rate_and_a_cloud_moves_without_beginning_anew(score: Score) -> None:
    score.sample("a.wav", rate=-2, start=1.5, length=0.5, channel=2)
    score.grain("g", "a.wav", position=0.2)
    first = score.end()
    assert first.notes[0].voice == Recording("/show/a.wav", 2, True, 1.5)
    assert (first.notes[0].pitch, first.notes[0].length_s) == (72, 0.5)
    score.begin(Now())
    score.grain("g", "a.wav", position=0.7)
    later = score.end().holds[0]
    assert later.voice == first.holds[0].voice
    assert (first.holds[0].controls["position"], later.controls["position"]) == (0.2, 0.7)


def test_a_microphone_that_the_show_has_not_is_reported_and_each_cloud_has_chances_of_its_own(score: Score) -> None:
    now = Now()
    score.begin(now)
    score.grain("g", "mic")
    score.grain("h", "mic:door")
    one, other = score.end().holds
    assert now.unknown == {"mic room", "mic door"}
    assert one.controls["position"] == 1.0
    assert one.voice.seed != other.voice.seed
    again = Score("scene", np.random.default_rng(1), Path("/show"))
    again.begin(Now())
    again.grain("g", "mic")
    assert again.end().holds[0].voice == one.voice
