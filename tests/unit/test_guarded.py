"""Guarded screens: every picture passes its guard, and whose is held back is told."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace

import numpy as np

from engine.guarded import GuardedScreens


def play(hz: float, seconds: float) -> tuple[list[dict[str, np.ndarray]], list[str], list[str], GuardedScreens]:
    shown: list[dict[str, np.ndarray]] = []
    operator: list[int] = []
    said: list[str] = []
    words: list[str] = []
    screens = SimpleNamespace(present=lambda frames: shown.append({n: f[0, 0, :3].copy() for n, f in frames.items()}),
                              present_operator=lambda pixels: operator.append(int(pixels[0, 0, 0])))
    guarded = GuardedScreens(screens, 3, lambda: ["strobe"], said.append)
    for frame in range(round(seconds * 60)):
        lit = 255 * (frame / 60 * hz % 1.0 < 0.5)
        picture = np.full((36, 64, 4), lit, np.uint8)
        guarded.present({"left": picture, "right": np.full((36, 64, 4), 90, np.uint8)}, frame / 60)
        guarded.present_operator(picture)
        words += guarded.words
    guarded.close()
    return shown, said, words, guarded


def test_f8_each_projector_has_a_guard_of_its_own_and_rises_from_black() -> None:
    shown, _, _, _ = play(10, 3)
    assert not shown[0]["left"].any() and not shown[0]["right"].any()
    assert all((frame["right"] == 90).all() for frame in shown[20:])
    assert max(abs(int(a["left"][0]) - int(b["left"][0])) for a, b in pairwise(shown[120:])) < 40


def test_the_scene_that_is_held_back_is_named_once_and_stands_on_the_status_line() -> None:
    _, said, _, guarded = play(10, 3)
    assert len(said) == 1
    assert said[0].startswith("strobe: flashes more than 3 times in a second")
    assert guarded.words == ("FLASHES strobe 100% held back",)
    assert play(1, 3)[1:3] == ([], [])
