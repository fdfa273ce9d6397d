"""The examples as they look and sound, and the promise that each is short."""

from collections import deque
from dataclasses import replace
from pathlib import Path

import pytest

from engine.show.files import read_show
from engine.show.model import Lamp
from engine.testing.rehearsal import Act, rehearse

EXAMPLES = sorted((Path(__file__).parents[2] / "scenes" / "examples").glob("*.py"))
DOWN, UP = frozenset({"space"}), frozenset()
TAP_AND_HOLD = [Act(1, keys=DOWN), Act(1.15, keys=UP), Act(2.2, keys=DOWN)]
SCRIPTS = {"drum": TAP_AND_HOLD}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_looks_and_sounds_as_it_did(golden, path: Path) -> None:
    golden.scene(path, at_s=(2.5, 4.5), script=SCRIPTS.get(path.stem, ()), name=f"example-{path.stem}")


def test_the_rooms_lamps_take_the_colour_of_the_lanterns() -> None:
    show = read_show(EXAMPLES[0].parent / "lamps.py", simulate=True)
    show = replace(show, lamps={"left": Lamp(name="left")}, stage=replace(show.stage, height_px=180))
    (last,) = deque(rehearse(show, 2.8).frames(), maxlen=1)
    (lamp,) = last.frame.lamps
    assert lamp.level == pytest.approx(0.8, abs=0.01)
    assert lamp.colour[0] > 2 * lamp.colour[1] > 4 * lamp.colour[2] > 0


def test_there_are_twelve_examples_of_at_most_25_lines() -> None:
    assert len(EXAMPLES) == 12
    assert {path.name: lines for path in EXAMPLES if (lines := path.read_text().count("\n")) > 25} == {}
