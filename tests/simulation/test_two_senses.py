"""Whatever a work answers it answers in two senses: who cannot see hears it, who cannot hear sees it."""

from pathlib import Path

import numpy as np
import pytest

from engine.testing.solo import Solo
from engine.world import Matte, Touch, Visitor

SCENES = Path(__file__).parents[2] / "scenes"
ASPECT = 16 / 9
NOBODY = np.zeros((90, 160), np.uint8)


def body(x: float) -> np.ndarray:
    mask = NOBODY.copy()
    mask[30:86, round(160 * x) - 8 : round(160 * x) + 8] = 255
    return mask


def standing(x: float, **more: float) -> dict:
    """Return the facts of a room in which somebody stands at x, in shares of its width."""
    outline = np.array([(x - 0.05, 0.33), (x + 0.05, 0.33), (x + 0.05, 0.95), (x - 0.05, 0.95)]) * (ASPECT, 1)
    mask, matte = body(x), np.zeros((90, 160, 4), np.uint8)
    matte[mask[:, ::-1] > 0] = 200
    someone = Visitor(1, x * ASPECT, 0.9, height=0.6, outline=outline.astype(np.float32), **more)
    return {"visitors": (someone,), "masks": {"room": mask}, "mattes": {"room": Matte(matte, 0, 0)}}


EMPTY = {"masks": {"room": NOBODY}}
CASES = {
    "bleu": (EMPTY, standing(0.4, vx=0.4, speed=0.4)),
    "contact": ({"touches": {"ball": Touch(armed=True)}}, {"touches": {"ball": Touch(level=0.7, people=2)}}),
    "nosphere": (standing(0.4, speed=0.2), standing(0.15, still=2.0)),
    "verre": (EMPTY, standing(0.4)),
    "danse": (EMPTY, standing(0.4, vx=0.5, speed=0.5)),
    "mapping": (EMPTY, standing(0.22 / ASPECT)),
    "carte": ({"touches": {"ball": Touch()}}, {"touches": {"ball": Touch(ended=True, kind="tap")}}),
}


def sounds(solo: Solo) -> set[str]:
    """Return what sounds, and how loud in steps of a tenth."""
    made = solo.made.sounds
    return {f"{hold.key} {hold.level:.1f}" for hold in made.holds} | {f"note {note.pitch:.0f}" for note in made.notes}


@pytest.mark.parametrize("name", CASES)
def test_every_response_is_light_and_sound(name: str) -> None:
    before, after = CASES[name]
    seen, heard = {}, {}
    for which, facts in (("before", before), ("after", after)):
        solo = Solo(SCENES / name / f"{name}.py", height_px=90)
        solo.step(90, **before)
        heard[which] = set()
        for _ in range(150 if name == "nosphere" else 45):  # a tap is one frame, what follows it lasts
            solo.step(**facts)
            heard[which] |= sounds(solo)
            facts = before if name == "carte" else facts
        heard[which] |= sounds(solo)
        seen[which] = solo.picture().astype(int)
    assert heard["after"] - heard["before"], "it is heard"
    assert (np.abs(seen["after"] - seen["before"]).max(-1) > 24).mean() > 0.002, "it is seen"
