"""Guarded screens: every picture passes its guard, and whose is held back is told."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from engine import guarded as guarded_module
from engine.guarded import GuardedScreens
from engine.held_back import HeldBack
from engine.problems import MixeurError
from engine.safety.exemption import Exemption, confirmed


def play(hz: float, seconds: float) -> tuple[list[dict[str, np.ndarray]], list[str], list[str], HeldBack]:
    shown: list[dict[str, np.ndarray]] = []
    operator: list[int] = []
    said: list[str] = []
    words: list[str] = []
    screens = SimpleNamespace(present=lambda frames: shown.append({n: f[0, 0, :3].copy() for n, f in frames.items()}),
                              present_operator=lambda pixels: operator.append(int(pixels[0, 0, 0])))
    held_back = HeldBack(3, lambda: ["strobe"], said.append)
    guarded = GuardedScreens(screens, 3, held_back)
    for frame in range(round(seconds * 60)):
        lit = 255 * (frame / 60 * hz % 1.0 < 0.5)
        picture = np.full((36, 64, 4), lit, np.uint8)
        guarded.present({"left": picture, "right": np.full((36, 64, 4), 90, np.uint8)}, frame / 60)
        guarded.present_operator(picture)
        words += held_back.words
    guarded.close()
    return shown, said, words, held_back


def test_f8_each_projector_has_a_guard_of_its_own_and_rises_from_black() -> None:
    shown, _, _, _ = play(10, 3)
    assert not shown[0]["left"].any() and not shown[0]["right"].any()
    assert all((frame["right"] == 90).all() for frame in shown[20:])
    light = [(frame["left"][0] / 255) ** 2.2 for frame in shown[120:]]
    assert max(abs(a - b) for a, b in pairwise(light)) < 0.09


def test_the_scene_that_is_held_back_is_named_once_on_the_status_line_and_in_the_report() -> None:
    _, said, _, held_back = play(10, 3)
    assert len(said) == 1
    assert said[0].startswith("strobe: flashes more than 3 times in a second")
    assert held_back.words == ("FLASHES strobe 100% held back",)
    assert held_back.report()["strobe: pictures"]["most"] == 1.0
    assert held_back.report()["strobe: pictures"]["held_s"] == pytest.approx(3 - 0.35, abs=0.1)
    _, said, words, held_back = play(1, 3)
    assert (said, words, held_back.report()) == ([], [], {})


def test_lamps_that_are_held_back_are_named_too() -> None:
    said: list[str] = []
    held_back = HeldBack(3, lambda: ["strobe", "dance"], said.append)
    for frame in range(60):
        held_back.lamps(0.25 if frame >= 30 else 0.0, frame / 60)
    assert held_back.words == ("FLASHES strobe and dance 25% of lamps held back",)
    assert said == ["strobe and dance: its lamps flash more than 3 times in a second or too long, and are held back "
                    "(25% of their channels); slow them down"]
    assert held_back.report() == {"strobe and dance: lamps": {"held_s": 0.5, "most": 0.25}}
    held_back.lamps(0.0, 1.0)
    assert held_back.words == ()


def strobe(guarded: GuardedScreens, seconds: tuple[float, float]) -> list[int]:
    """Show white and black in turn; return what was shown."""
    shown = []
    for frame in range(round(seconds[0] * 20), round(seconds[1] * 20)):
        pattern = np.full((36, 64, 4), 255 * (frame % 2), np.uint8)
        guarded.present({"left": pattern}, frame / 20)
        shown.append(int(pattern[0, 0, 0]))
    return shown


def test_patterns_of_a_calibration_pass_unguarded_until_their_time_is_over() -> None:
    screens = SimpleNamespace(present=lambda frames: None, present_operator=lambda pixels: None)
    guarded = GuardedScreens(screens, 3, HeldBack(3, tuple, print))
    exemption = confirmed(lambda question: "Empty\n", True, lambda line: None, 1.0, seconds=2.0)
    assert len(set(strobe(guarded, (0.0, 1.0))[-8:])) < 8
    guarded.exempt(exemption)
    assert strobe(guarded, (1.0, 3.0)) == [0, 255] * 20
    after = strobe(guarded, (3.0, 6.0))
    light = (np.array(after) / 255) ** 2.2
    assert after[0] == 0 and max(abs(np.diff(light[20:]))) < 0.09, "from black, and held"
    assert exemption.left_s(3.0) == 0.0


def test_an_exemption_is_given_by_hand_in_an_empty_room_for_ten_minutes_at_most() -> None:
    said: list[str] = []
    with pytest.raises(MixeurError, match="by hand"):
        confirmed(lambda question: "empty", False, said.append, 0.0)
    with pytest.raises(MixeurError, match="not confirmed"):
        confirmed(lambda question: "yes", True, said.append, 0.0)
    assert said and "WARNING" in said[0]
    exemption = Exemption(5.0, seconds=3600)
    assert exemption.left_s(5.0) == 600.0
    exemption.end()
    assert exemption.left_s(5.0) == 0.0


def test_nothing_that_a_show_runs_can_make_an_exemption() -> None:
    engine = Path(guarded_module.__file__).parent
    users = {path.relative_to(engine).as_posix() for path in engine.rglob("*.py") if "xempt" in path.read_text()}
    assert users == {"guarded.py", "safety/exemption.py"}
