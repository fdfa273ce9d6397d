"""Each listing of the tutorial is a scene that runs, and shows or sounds."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.show.files import read_show
from engine.testing.rehearsal import Act, rehearse

TUTORIAL = Path(__file__).parents[2] / "docs" / "artist.md"
ASSETS = Path(__file__).parents[2] / "assets"
LISTINGS = re.findall(r"```python\n(.*?)```", TUTORIAL.read_text(), re.S)


def test_the_tutorial_has_seven_steps_and_each_of_them_a_listing() -> None:
    assert len(re.findall(r"^## \d\.", TUTORIAL.read_text(), re.M)) == 7
    assert len(LISTINGS) >= 7


def test_the_work_that_is_explained_line_by_line_is_the_work_that_plays() -> None:
    quoted = "\n".join(re.findall(r"```py\n(.*?)```", TUTORIAL.read_text("utf-8"), re.S)).splitlines()
    work = (TUTORIAL.parents[1] / "scenes/contact/contact.py").read_text("utf-8").splitlines()
    body = work[work.index("import numpy as np") :]
    plain = [[line for line in lines if line and not line.lstrip().startswith("# --")] for lines in (quoted, body)]
    assert plain[0] == plain[1]


def test_each_voice_of_the_tutorial_can_be_made_and_each_name_is_known() -> None:
    from engine import Voice
    from engine.sound.presets import VOICES

    text = TUTORIAL.read_text()
    made = [eval(line, {"Voice": Voice}) for line in re.findall(r"`(Voice\.\w+\(.*?\))`", text)]
    assert len(made) >= 7
    assert tuple(re.search(r"Voices that are there: `(.*?)`", text)[1].split()) == VOICES


@pytest.mark.parametrize("listing", LISTINGS, ids=[f"step {i}" for i in range(1, len(LISTINGS) + 1)])
def test_each_step_runs_without_a_problem_and_is_seen(listing: str, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(listing)
    (tmp_path / "assets").symlink_to(ASSETS)
    script = [Act(1.0, keys=frozenset({"space"})), Act(1.0, mouse=(0.9, 0.8)), Act(1.5, mouse=(1.2, 0.8))]
    show = read_show(tmp_path / "mine.py", simulate=True)
    rehearsal = rehearse(replace(show, stage=replace(show.stage, height_px=180)), 2.5, script=script)
    brightest = max(int(moment.stage[..., :3].max()) for moment in rehearsal.frames())
    assert rehearsal.problems == []
    assert brightest > 100
    if "def play" in listing:
        assert np.abs(rehearsal.sound.samples).max() > 0.01


def test_the_words_of_the_tutorial_are_the_words_that_exist() -> None:
    from engine.render.canvas import Canvas
    from engine.sound.score import Score
    from engine.world import Mic, Now, Touch, Visitor

    rows = dict(re.findall(r"^\| (.+?) \| `(.+?)`", TUTORIAL.read_text(), re.M))
    classes = {"`now`": Now, "a visitor": Visitor, "a touch": Touch, "a microphone": Mic, "`canvas`": Canvas,
               "`sound`": Score}
    for row, cls in classes.items():
        for word in re.findall(r"[a-z_]+(?=[ (]|$)", re.sub(r"\(.*?\)", "", rows[row])):
            assert hasattr(cls, word) or word in cls.__annotations__, f"{row}: {word}"
