"""Simulated visitors and their camera: pure, repeatable, and lively enough for a stand-in."""

import hashlib

import cv2
import numpy as np
import pytest

from engine.fake.body import draw_body
from engine.fake.camera import InlineCamera, Light, SimulatedCamera
from engine.fake.visitors import EPISODE_S, GUEST_ID, Guest, SimulatedPerson, Visitors
from engine.show.model import Camera

ASPECT = 16 / 9


def test_where_people_are_depends_on_the_time_alone() -> None:
    times = [30.0, 3.0, 500.25, 29.9, 12.0, 3.0]
    one, other = Visitors(5, ASPECT), Visitors(5, ASPECT)
    assert [one.at(t) for t in times] == [other.at(t) for t in reversed(times)][::-1]
    assert Visitors(6, ASPECT).at(12.0) != one.at(12.0)


@pytest.mark.parametrize("seed", range(6))
def test_an_episode_has_everything_that_visitors_do(seed: int) -> None:
    seen = [Visitors(seed, ASPECT).at(t) for t in np.arange(0, EPISODE_S, 0.1)]
    assert seen[0] == () and seen[-1] == (), "they come and they leave"
    assert any(p.sit > 0.99 for people in seen for p in people)
    assert sum(len(people) == 2 and people[0].partner == people[1].id for people in seen) > 10
    left_of = [a.x < b.x for people in seen if len(people) == 2 for a, b in [sorted(people, key=lambda p: p.id)]]
    assert True in left_of and False in left_of, "they cross"


def test_people_move_smoothly_and_at_a_walking_pace() -> None:
    visitors = Visitors(3, ASPECT)
    for number in range(1, 480):
        for person in visitors.at(number / 10):
            for before in visitors.at((number - 1) / 10):
                if before.id == person.id:
                    metres = np.hypot(person.x - before.x, person.y - before.y) / person.height * 1.7
                    assert metres / 0.1 < 2.0


def test_who_stands_still_does_not_turn_by_a_rounding() -> None:
    one, other = (draw_body(SimulatedPerson(1, 1.0, 0.9, vx=vx, reach=1.0), 120)[0] for vx in (1e-13, -1e-13))
    assert np.array_equal(one, other)


def test_ids_are_never_used_again_and_any_count_is_had() -> None:
    for count in (0, 1, 2, 5):
        at_once = [Visitors(1, ASPECT, count).at(t) for t in np.arange(60, 160, 0.5)]
        assert max(map(len, at_once)) <= count
        assert all(len({p.id for p in people}) == len(people) for people in at_once)
    first = {p.id for t in np.arange(0, 48, 1.0) for p in Visitors(1, ASPECT).at(t)}
    second = {p.id for t in np.arange(48, 96, 1.0) for p in Visitors(1, ASPECT).at(t)}
    assert len(first) == len(second) == 2 and not first & second


def test_the_guest_stands_where_the_mouse_points_and_walks_as_it_moves() -> None:
    guest = Guest(ASPECT)
    still = guest.follow(0.0, 0.5, 0.8)
    moving = [guest.follow(n / 30, 0.5 + n * 0.01, 0.8) for n in range(1, 30)][-1]
    assert (still.id, still.x, still.y, still.gait) == (GUEST_ID, 0.5, 0.8, 0.0)
    assert moving.x == pytest.approx(0.79) and moving.gait > 0.3 and moving.stride > 1


@pytest.mark.parametrize("mirror", [True, False])
def test_the_guest_is_seen_where_the_stage_has_it(mirror: bool) -> None:
    camera = InlineCamera(Camera(name="room", key="blue", mirror=mirror), Visitors(1, ASPECT, 0))
    camera.guest(0.4, 0.85, True)
    for frame in range(6):
        sighting, _ = camera.poll(frame * 33_333_334)
    (person,) = sighting.people
    share = person.foot_px[0] / 640
    assert (1 - share if mirror else share) * ASPECT == pytest.approx(0.4, abs=0.02)
    assert person.foot_px[1] / 360 == pytest.approx(0.85, abs=0.03)
    camera.guest(0.4, 0.85, False)
    for frame in range(6, 50):
        sighting, _ = camera.poll(frame * 33_333_334)
    assert sighting.people == ()


def digest(seed: int, key: str) -> str:
    camera, found = InlineCamera(Camera(name="room", key=key), Visitors(seed, ASPECT), seed), hashlib.sha256()
    for frame in range(75, 105):
        sighting, matte = camera.poll(round(frame * 1e9 / 30))
        assert matte is not None and sighting.mask is not None
        found.update(matte.pixels.tobytes() + sighting.mask.tobytes() + repr(sighting.people).encode())
        found.update(b"" if sighting.flow_px is None else sighting.flow_px.tobytes())
    return found.hexdigest()


@pytest.mark.parametrize("key", ["blue", "none"])
def test_the_same_seed_gives_the_same_bytes_with_any_number_of_threads(key: str) -> None:
    before = cv2.getNumThreads()
    try:
        digests = []
        for threads in (1, 4):
            cv2.setNumThreads(threads)
            digests.append(digest(1, key))
    finally:
        cv2.setNumThreads(before)
    assert digests[0] == digests[1] != digest(2, key)


def test_the_inline_camera_keeps_its_own_pace() -> None:
    camera = InlineCamera(Camera(name="room", fps=30), Visitors(1, ASPECT))
    frames = [camera.poll(round(tick * 1e9 / 60))[0].frame for tick in range(8)]
    assert frames == [0, 0, 1, 1, 2, 2, 3, 3]


def test_the_truth_is_what_the_picture_shows() -> None:
    fake = SimulatedCamera(Visitors(1, ASPECT), (640, 360), "blue", light=Light(shadow=0))
    truth = fake.truth(7.0)
    changed = cv2.absdiff(fake.picture(7.0), fake.empty()).max(axis=2) > 60
    assert len(truth.people) == 2
    assert (truth.alpha[changed] > 0).mean() > 0.98
    assert not truth.alpha[:, :20].any()
