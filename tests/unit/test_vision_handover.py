"""Who is the same person in several cameras of one room."""

import numpy as np

from engine.clock import NS
from engine.vision.handover import Handover
from engine.world import Person

HEIGHT = 180.0
FPS = 15
OUTLINE = np.zeros((0, 2), np.float32)


def person(number: int, x: float, y: float = 90.0, vx: float = 0.0) -> Person:
    return Person(number, (x, y), (x - 8, y - 8, 16.0, 16.0), (vx, 0.0), OUTLINE)


def walk(handover: Handover, seen_at, frames: int, begin: int = 0) -> list[list[int]]:
    """Return the ids of each frame; `seen_at(frame)` gives the people by camera."""
    return [sorted(handover.join(seen_at(frame), HEIGHT, frame * NS // FPS)[0]) for frame in range(begin, frames)]


def test_who_walks_from_one_camera_to_the_next_keeps_the_id_through_the_overlap() -> None:
    def seen_at(frame: int) -> dict[int, list[Person]]:
        x = 3.0 * frame  # 1.5 m/s on a floor 6 m wide
        return {0: [person(4, x)] if x < 170 else [], 1: [person(9, x + 6)] if x > 150 else []}

    ids = walk(Handover(), seen_at, 100)
    assert all(len(each) == 1 for each in ids) and len({each[0] for each in ids}) == 1


def test_who_is_lost_between_two_cameras_for_half_a_second_keeps_the_id() -> None:
    def seen_at(frame: int) -> dict[int, list[Person]]:
        x = 3.0 * frame
        return {0: [person(4, x, vx=45)] if x < 150 else [], 1: [person(9, x, vx=45)] if x > 170 else []}

    ids = walk(Handover(), seen_at, 100)
    assert len({number for each in ids for number in each}) == 1


def test_two_in_one_camera_are_never_one_however_near() -> None:
    ids = walk(Handover(), lambda frame: {0: [person(1, 100), person(2, 103)], 1: [person(7, 101)]}, 30)
    assert {len(each) for each in ids} == {2}


def test_two_who_were_taken_for_one_are_two_again_half_a_second_after_they_part() -> None:
    def seen_at(frame: int) -> dict[int, list[Person]]:
        return {0: [person(1, 100 - 3 * frame)], 1: [person(1, 108 + 3 * frame)]}

    ids = walk(Handover(), seen_at, 30)
    assert len(ids[0]) == 1 and len(ids[-1]) == 2
    parted = next(n for n, each in enumerate(ids) if len(each) == 2)
    assert parted <= (45 - 8) / 6 + 0.5 * FPS + 2
    assert ids[-1][0] in ids[0] or ids[-1][1] in ids[0], "one of them keeps the id"


def test_a_person_seen_by_two_cameras_outlives_the_loss_of_either() -> None:
    def seen_at(frame: int) -> dict[int, list[Person]]:
        both = {0: [person(3, 100)], 1: [person(5, 104)]}
        return {n: people for n, people in both.items() if not (n == 0 and 10 <= frame < 60)}

    assert len({number for each in walk(Handover(), seen_at, 80) for number in each}) == 1


def test_ids_of_an_engine_that_began_anew_are_not_those_of_others() -> None:
    people = {camera: [person(number, 40.0 * camera + 7 * number) for number in (1, 2)] for camera in range(6)}
    before = Handover().join({n: seen for n, seen in people.items() if n < 5}, HEIGHT, 0)[1]
    after = Handover().join(people, HEIGHT, 0)[1]
    assert all(before[key] == after[key] for key in before)
    assert len(set(after.values())) == len(after), "they stand 21 px apart, or in one camera"
