"""What has its turn in `identify`, and what sounds meanwhile."""

import dataclasses
from pathlib import Path

from engine.commands.identify import _take_turns, items
from engine.render.headless import HeadlessWindows
from engine.show.model import Lamp, Projector, Show, Speaker
from engine.world import StageSize

SHOW = Show(
    folder=Path(),
    speakers={name: Speaker(name=name, output=output) for name, output in (("left", 3), ("right", 4))},
    lamps={"spot": Lamp(name="spot", address="artnet:10.0.0.2/1/7")},
)


def test_speakers_come_first_then_lamps_each_numbered_from_one() -> None:
    assert [str(item) for item in items(SHOW)] == ["speaker 1 · left", "speaker 2 · right", "lamp 1 · spot"]
    assert [item.detail for item in items(SHOW)] == ["output 3", "output 4", "artnet:10.0.0.2/1/7"]


def test_each_speaker_sounds_higher_than_the_one_before() -> None:
    speakers = {f"s{n}": Speaker(name=f"s{n}", output=n) for n in range(1, 25)}
    many = dataclasses.replace(SHOW, speakers=speakers, lamps={})
    pitches = [item.pitch for item in items(many)]
    assert pitches == sorted(set(pitches)) and pitches[0] == 60


def test_the_cards_name_what_has_its_turn_and_end_with_the_turns() -> None:
    projectors = {name: Projector(name=name) for name in ("a", "b")}
    screens = HeadlessWindows(projectors, StageSize(16 / 9, None, (320, 180)))
    seen = []

    def turns():
        yield None
        yield items(SHOW)[0]
        seen.append({name: frame.copy() for name, frame in screens.last.items()})
        yield items(SHOW)[1]
        seen.append({name: frame.copy() for name, frame in screens.last.items()})

    _take_turns(screens, projectors, turns(), None, lambda: False)
    assert set(screens.last) == {"a", "b"} and len(seen) == 2
    assert (seen[0]["a"] != seen[1]["a"]).any() and (seen[0]["a"] != seen[0]["b"]).any()
