"""A scene as it looks and sounds: pictures at some times, and every note and hold that was asked for."""

from pathlib import Path

from engine.testing.rehearsal import Act

SCENES = Path(__file__).parents[2] / "scenes"
SPACE = frozenset({"space"})


def test_embers_glow_where_people_walk_and_when_the_ball_is_held(golden) -> None:
    golden.scene(SCENES / "embers.py", at_s=(3, 4.5), script=[Act(3.2, keys=SPACE)])


