"""Params over a reload: what an operator set, glides under way and links stay; the rest follows the code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine.show.model import Cue, ParamLink
from engine.world import Event

Begin = Callable[..., Any]
FPS = 60
RED = Cue(name="one", scene="red", fade_s=1)
SCENE = """from engine import Param, Scene, Trigger
class Red(Scene):
    {params}
    def update(self, now): {update}
"""


def osc(address: str, *args: object) -> Event:
    return Event(f"osc:{address}", args)


def edited(evening: Any, *params: str, update: str = "pass") -> None:
    evening.write("red", SCENE.format(params="\n    ".join(params or ("pass",)), update=update))
    assert evening.reload("red") == ()


def begun(new_evening: Begin, *params: str, **changes: Any) -> Any:
    evening = new_evening(RED, **changes)
    edited(evening, *params)
    evening.play(2)
    return evening


def test_a_new_default_reaches_what_nobody_touched_and_leaves_what_somebody_set(new_evening: Begin) -> None:
    evening = begun(new_evening, "hue = Param(0.5, 0, 1)", "size = Param(0.5, 0, 1)")
    evening.play(1 / FPS, osc("/scene/red/size", 0.5))
    edited(evening, "hue = Param(0.2, 0, 1)", "size = Param(0.2, 0, 1)")
    assert (evening.value("/scene/red/hue"), evening.value("/scene/red/size")) == (0.2, 0.5)


def test_a_narrowed_range_clamps_and_a_number_may_become_whole(new_evening: Begin) -> None:
    evening = begun(new_evening, "hue = Param(0.5, 0, 1)", "many = Param(2.0, 0, 9)", "mood = Param(0.5, 0, 1)")
    evening.play(
        1 / FPS, osc("/scene/red/hue", 0.9), osc("/scene/red/many", 6.4), osc("/scene/red/mood", 0.7))
    edited(evening, "hue = Param(0.5, 0, 0.6)", "many = Param(2, 0, 9)", "mood = Param('a', choices=('a', 'b'))")
    values = [evening.value(f"/scene/red/{name}") for name in ("hue", "many", "mood")]
    assert values == [0.6, 6, "a"], "another kind of Param begins at its default"


def test_a_renamed_param_keeps_its_value(new_evening: Begin) -> None:
    evening = begun(new_evening, "hue = Param(0.5, 0, 1, help='glow')", "size = Param(0.3, 0, 1)")
    evening.play(1 / FPS, osc("/scene/red/hue", 0.9))
    edited(evening, "tone = Param(0.5, 0, 1, help='glow')", "size = Param(0.3, 0, 1)")
    assert evening.value("/scene/red/tone") == 0.9
    evening.play(1 / FPS, osc("/scene/red/hue", 0.1))
    assert "there is no such Param" in evening.told[-1]


def test_a_glide_and_a_link_go_on_over_a_reload(new_evening: Begin) -> None:
    link = ParamLink(source="midi:desk/cc/21", start=0.0)
    evening = begun(new_evening, "hue = Param(0.0, 0, 1)", "size = Param(0.0, 0, 1)", params={"red": {"size": link}})
    evening.director.params.set("/scene/red/hue", 1.0, over_s=2.0)
    evening.play(1)
    edited(evening, "hue = Param(0.1, 0, 1)", "size = Param(0.0, 0, 1)", "more = Param(1, 0, 9)")
    assert evening.value("/scene/red/hue") == pytest.approx(0.5)
    evening.play(0.5, Event("midi:desk/cc/21", (0.75,)))
    assert evening.value("/scene/red/hue") == pytest.approx(0.75) and evening.value("/scene/red/size") == 0.75


def test_a_roll_back_brings_back_the_params_as_they_were_but_for_what_was_turned_since(new_evening: Begin) -> None:
    before = "hue = Param(0.5, 0, 1)", "size = Param(0.5, 0, 1)", "many = Param(3, 1, 9)"
    evening = begun(new_evening, *before)
    evening.play(1 / FPS, osc("/scene/red/hue", 0.9), osc("/scene/red/size", 0.8), osc("/scene/red/many", 7))
    fails = f"1 / (now.frame < {evening.frame + 30})"
    edited(evening, "hue = Param(0.5, 0, 0.6)", "many = Param(3, 1, 9)", update=fails)
    assert evening.value("/scene/red/hue") == 0.6 and evening.director.params.entry("/scene/red/size") is None
    evening.play(0.2, osc("/scene/red/many", 4))
    evening.play(1)
    assert "the version before is back" in evening.told[-1]
    assert [evening.value(f"/scene/red/{name}") for name in ("hue", "size", "many")] == [0.9, 0.8, 4]
