"""Carte: the whole book is there, every idea is reached, nothing is made up."""

from collections import Counter, deque
from pathlib import Path

import numpy as np
import pytest

from engine.testing.solo import Solo
from engine.world import Touch, Visitor

HERE = Path(__file__).parent
TAP = Touch(ended=True, kind="tap")
CARESS = Touch(level=0.5, kind="caress")
HOLD = Touch(level=0.5, kind="hold")


@pytest.fixture(scope="module")
def solo() -> Solo:
    return Solo(HERE / "carte.py", height_px=90)


def walk(solo: Solo, touch: Touch, wait_s: float = 0.0) -> None:
    if wait_s:
        solo.frame += round(wait_s * 60)
    solo.step(touches={"ball": touch})


def groups(scene) -> list[set[int]]:
    left, found = set(scene.items), []
    while left:
        group, ahead = set(), deque([next(iter(left))])
        while ahead:
            number = ahead.popleft()
            if number not in group:
                group.add(number)
                ahead += scene.neighbours(number)
        left -= group
        found.append(group)
    return found


def test_the_book_is_whole_and_number_8_is_absent(solo) -> None:
    scene = solo.scene
    assert sorted(scene.items) == [n for n in range(1, 38) if n != 8]
    assert len(scene.pairs) == 21
    assert Counter(scene.kinds) == {
        "suite_lecture": 6,
        "evolution": 4,
        "repond_a": 4,
        "donne_suite_a": 4,
        "en_cours": 3,
    }
    assert sorted(len(group) for group in groups(scene) if len(group) > 1) == [4, 5, 14]
    assert sum(len(group) == 1 for group in groups(scene)) == 13
    assert not any("weight" in link for item in scene.items.values() for link in item["links"]), "unknown, so none"


def steps(scene, start: int, end: int) -> list[int]:
    """Return the shortest way between two ideas."""
    ways, ahead = {start: [start]}, deque([start])
    while ahead:
        number = ahead.popleft()
        for other in scene.neighbours(number):
            if other not in ways:
                ways[other] = [*ways[number], other]
                ahead.append(other)
    return ways[end]


def test_any_linked_idea_is_reached_by_touch_in_eight_steps(solo) -> None:
    scene = solo.scene
    longest = max(
        ((a, b) for group in groups(scene) for a in group for b in group), key=lambda way: len(steps(scene, *way))
    )
    way = steps(scene, *longest)
    assert len(way) - 1 == 8
    solo.step()
    scene.go(way[0], solo.now)
    for wanted in way[1:]:
        for _ in range(6):
            if scene.next_number() == wanted:
                break
            walk(solo, CARESS, wait_s=1.5)
        walk(solo, TAP)
        assert scene.here == wanted
        assert solo.made.sounds.notes, "every step is heard"


def test_ideas_without_a_thread_are_found_by_turning_pages(solo) -> None:
    scene, found = solo.scene, set()
    for _ in range(36):
        walk(solo, HOLD, wait_s=1.5)
        found.add(scene.here)
    assert found == set(scene.items)


def test_a_visitor_opens_the_idea_they_stay_with_and_pulls_it(solo) -> None:
    scene = solo.scene
    solo.step(120)
    gaps = np.hypot(*np.moveaxis(scene.at[:, None] - scene.at[None], 2, 0)) + 9 * np.eye(len(scene.at))
    gaps[scene.index[scene.here]] = 0
    number = scene.order[int(gaps.min(axis=1).argmax())]  # the one that stands by itself
    x, y = scene.at[scene.index[number]]
    place = Visitor(5, float(x), 0.55 + 0.42 * (float(y) - 0.07) / 0.63)
    solo.step(75, visitors=(place,))
    assert scene.here == number


def test_left_alone_it_walks_the_thread_of_the_digital_arts() -> None:
    solo = Solo(HERE / "carte.py", height_px=16, fps=10, pace=3.0)
    seen = [10]
    for _ in range(60):
        solo.step(5)
        if solo.scene.here != seen[-1]:
            seen.append(solo.scene.here)
    assert seen[:6] == [10, 26, 20, 26, 34, 26]


def test_it_never_comes_to_rest_and_never_leaves_the_wall(solo) -> None:
    before = solo.scene.at.copy()
    solo.step(240)
    moved = np.hypot(*(solo.scene.at - before).T)
    assert moved.max() > 0.004
    assert (solo.scene.at > 0.02).all() and (solo.scene.at < (solo.scene.aspect - 0.02, 0.74)).all()


def test_type_is_at_least_a_two_hundredth_of_the_way_it_is_read_from() -> None:
    source = (HERE / "carte.py").read_text()
    smallest_m = 0.022 * 3.375
    assert ", 0.022, PALE" in source
    assert smallest_m >= 10 / 200, "on the sample's wall, seen from ten metres"


@pytest.mark.parametrize("language", ["text", "text_en"])
@pytest.mark.parametrize("size", [0.042, 0.06])
def test_no_word_of_an_idea_is_lost_on_the_wall(solo, language: str, size: float) -> None:
    in_three_lines, width = type(solo.scene).draw_page.__globals__["in_three_lines"], 16 / 9 * 0.82 - 0.15
    for item in solo.scene.items.values():
        lines, fitting = in_three_lines(item[language], width, size)
        assert " ".join(lines).split() == item[language].split()
        assert len(lines) <= 3 and 0.03 <= fitting <= size


def test_carte_looks_as_it_did(golden) -> None:
    solo = Solo(HERE / "carte.py", height_px=360)
    solo.step(90)
    golden("carte-hackerspace", solo.picture(), tolerance=3)
