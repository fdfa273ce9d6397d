"""A show's memory: which scene made it grow, and that it is given back when that scene is let go."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from engine.control.memory_watch import SETTLING, MemoryWatch
from engine.scene.keepings import weight
from engine.show.model import Cue
from engine.supervise.footprint import GIB, Footprint, footprint, give_back

MB = 1 << 20
RED = Cue(name="one", scene="red", fade_s=1)


def looks(watch: MemoryWatch, *own_mb: int, free: int = 20 * GIB, shown: tuple[str, ...] = ("a",)) -> list[str | None]:
    return [watch.look(Footprint(mb * MB, free, 24 * GIB), shown) for mb in own_mb]


def test_a_scene_that_leaks_50_mb_a_second_is_named_before_a_quarter_of_the_machine_is_gone() -> None:
    watch = MemoryWatch()
    named = looks(watch, *[500] * SETTLING, *range(500, 8000, 50))
    assert named[: SETTLING + 1] == [None] * (SETTLING + 1)
    assert named.index("a") * 50 < 24_000 / 4 + 500


def test_a_show_that_loads_much_and_then_stays_is_left_alone() -> None:
    watch = MemoryWatch()
    assert not any(looks(watch, *[500] * SETTLING, *[1400] * 1000))


def test_where_memory_is_scarce_less_is_borne_and_other_programs_are_not_a_scenes_fault() -> None:
    assert not any(looks(MemoryWatch(), *[500] * 100, free=GIB))
    assert looks(MemoryWatch(), *[500] * SETTLING, *range(500, 900, 50), free=GIB).count("a") == 1


def test_of_two_scenes_the_one_that_made_it_grow_is_named() -> None:
    watch = MemoryWatch(least=GIB, share=0.01)
    looks(watch, *[500] * SETTLING)
    looks(watch, 600, 700, 800, 900, shown=("leaky",))
    assert looks(watch, 950, 1000, 1400, 1600, shown=("good", "leaky"))[-1] == "leaky"


def test_what_is_not_given_back_is_not_held_against_the_next_scene() -> None:
    watch = MemoryWatch()
    assert looks(watch, *[500] * SETTLING, 9000)[-1] == "a"
    assert not any(looks(watch, *[9000] * 100, shown=("fallback",)))


def test_the_weight_of_what_is_kept_is_about_right() -> None:
    kept: list[Any] = [np.zeros(MB, np.uint8) for _ in range(30)]
    assert 30 * MB <= weight({"a": kept, "b": "words"}) <= 31 * MB
    kept = [1.5] * 1000
    kept.append(kept)
    assert weight(kept) < 100_000 and weight(object()) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_scene_that_fills_the_memory_is_ended_its_line_is_named_and_the_memory_comes_back(
    new_evening: Callable[..., Any],
) -> None:
    evening = new_evening(RED, fallback="safe")
    evening.write("red", "import numpy as np\nfrom engine import Scene\nKEPT = []\nclass Red(Scene):\n"
                  "    def setup(self, stage): self.trail = []\n"
                  "    def update(self, now):\n"
                  "        self.trail.append(np.ones(2_000_000))\n"
                  "        KEPT.append(np.ones(1_000_000))\n")  # fmt: skip
    evening.reload("red")
    give_back()  # what earlier tests left is not given back in between
    before = footprint().own
    evening.play(10 / 60)
    assert footprint().own - before > 200 * MB
    evening.director.let_go("red", "fills the memory")
    give_back()
    assert footprint().own - before < 60 * MB
    assert evening.told == ["red.py:5: fills the memory; the largest thing that it keeps is self.trail, "
                            "about 152 MB"]  # fmt: skip
    evening.play(1)
    assert evening.weights() == {"safe": 1.0}
