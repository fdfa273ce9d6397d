"""The three works as they look and sound: pictures at some times, and every note and hold that was asked for."""

from pathlib import Path

from engine.testing.rehearsal import Act

SCENES = Path(__file__).parents[2] / "scenes"
SPACE = frozenset({"space"})


def test_embers_glow_where_people_walk_and_when_the_ball_is_held(golden) -> None:
    golden.scene(SCENES / "embers.py", at_s=(3, 4.5), script=[Act(3.2, keys=SPACE)])


def test_bleu_places_mirrored_visitors_in_a_night_that_notices_them(golden) -> None:
    golden.scene(SCENES / "bleu.py", at_s=(3, 6))


def test_contact_is_dark_then_light_and_sound_then_dark(golden) -> None:
    golden.scene(SCENES / "contact.py", at_s=(2.8, 4, 6.5), script=[Act(3, keys=SPACE), Act(4.5, keys=frozenset())])
