"""Who is who: births, deaths, crossings, contacts; and the empty room that nobody melts into."""

import cv2
import numpy as np

from engine.fake.camera import InlineCamera, SimulatedCamera
from engine.fake.visitors import Visitors
from engine.kernel_cache import compilations
from engine.show.model import Camera
from engine.vision.eye import Eye
from engine.vision.people import find_people
from engine.vision.room import EmptyRoom
from engine.vision.sizes import OUTLINE_POINTS
from engine.vision.track import Tracker
from engine.world import Sighting

STEP_NS, FPS = 33_333_333, 10
SIZE = (640, 360)


def stand(*places: float) -> np.ndarray:
    """A mask with a person at each x: a head on a body."""
    mask = np.zeros((360, 640), np.uint8)
    for x in places:
        cv2.circle(mask, (round(x), 120), 14, 255, -1)
        cv2.rectangle(mask, (round(x) - 22, 130), (round(x) + 22, 280), 255, -1)
    return mask


def follow(tracker: Tracker, masks: list[np.ndarray], start: int = 0) -> list[list[int]]:
    picture = np.full((360, 640, 3), 90, np.uint8)
    return [
        [p.id for p in tracker.follow(find_people(mask, picture), (start + n) * STEP_NS, SIZE)[0]]
        for n, mask in enumerate(masks)
    ]


def test_a_person_is_born_in_the_third_picture() -> None:
    assert follow(Tracker(), [stand(200)] * 4) == [[], [], [1], [1]]


def test_a_flicker_of_two_pictures_is_nobody() -> None:
    assert follow(Tracker(), [stand(200)] * 2 + [stand()] * 4 + [stand(200)] * 2) == [[]] * 8


def test_an_unseen_person_is_kept_for_one_second_and_the_id_never_comes_back() -> None:
    tracker = Tracker()
    ids = follow(tracker, [stand(200)] * 5 + [stand()] * 40 + [stand(200)] * 5)
    assert ids[5 + 28] == [1] and ids[5 + 31] == []
    assert ids[-1] == [2]


def test_ids_go_on_after_a_restart() -> None:
    tracker = Tracker(first_id=41)
    assert follow(tracker, [stand(200)] * 3)[-1] == [41]
    assert tracker.next_id == 42


def test_ids_survive_a_crossing() -> None:
    crossing = [stand(150 + 4 * n, 490 - 4 * n) for n in range(86)]
    tracker, picture = Tracker(), np.full((360, 640, 3), 90, np.uint8)
    for n, mask in enumerate(crossing):
        people, _ = tracker.follow(find_people(mask, picture), n * STEP_NS, SIZE)
        if n == 10:
            before = {p.id: p.velocity_px[0] > 0 for p in people}
    after = {p.id: p.foot_px[0] > 320 for p in people}
    assert after == before and len(after) == 2


def test_two_people_hand_in_hand_are_two_and_touch() -> None:
    mask = stand(220, 320)
    cv2.line(mask, (230, 200), (310, 200), 255, 10)
    tracker, picture = Tracker(), np.full((360, 640, 3), 90, np.uint8)
    for n in range(3):
        people, contacts = tracker.follow(find_people(mask, picture), n * STEP_NS, SIZE)
    assert [p.id for p in people] == [1, 2]
    assert contacts == ((1, 2),)
    assert tracker.follow(find_people(stand(220, 320), picture), 3 * STEP_NS, SIZE)[1] == ()


def test_outlines_are_short_and_feet_are_at_the_bottom() -> None:
    rng = np.random.default_rng(1)
    ragged = stand(300)
    ragged[130:280, 280:340] &= np.asarray(rng.random((150, 60)) > 0.4, np.uint8) * 255
    ragged = np.asarray(cv2.morphologyEx(ragged, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)), np.uint8)
    (found,) = find_people(ragged, np.zeros((360, 640, 3), np.uint8))
    assert 3 <= len(found.outline_px) <= OUTLINE_POINTS
    assert abs(found.foot_px[0] - 300) < 8 and abs(found.foot_px[1] - 281) < 3


def episode(key: str, seed: int) -> list[Sighting]:
    camera = InlineCamera(Camera(name="room", key=key, fps=FPS), Visitors(seed, 16 / 9), seed)
    return [camera.poll(round(n * 1e9 / FPS))[0] for n in range(21 * FPS)]


def test_two_visitors_who_cross_and_touch_have_two_ids_and_their_touch() -> None:
    for key in ("blue", "none"):
        seen = episode(key, 1)
        ids = {p.id for s in seen for p in s.people}
        assert ids == {1, 2}, key
        assert all((1, 2) in s.contacts for s in seen[185:205]), key
        assert not any(s.contacts for s in seen[60:70]), key


def test_positions_are_true_within_two_percent_of_the_height() -> None:
    camera, visitors = Camera(name="room", key="blue", fps=15), Visitors(2, 16 / 9)
    inline, errors = InlineCamera(camera, visitors, 2), []
    for n in range(15 * 9):
        sighting = inline.poll(round(n * 1e9 / 15))[0]
        if n > 60:
            for person in sighting.people:
                x, y = person.foot_px[0] / 360, person.foot_px[1] / 360
                errors.append(min(np.hypot(x - v.x, y - v.y) for v in visitors.at(n / 15)))
    assert len(errors) > 100
    assert np.median(errors) < 0.02


def test_who_sits_still_is_not_absorbed_for_a_minute_but_a_chair_is_in_the_end() -> None:
    rng, room = np.random.default_rng(1), EmptyRoom(fps=2)
    empty = np.full((90, 160, 3), 120, np.uint8)
    sitting = empty.copy()
    sitting[30:80, 60:90] = (60, 80, 160)
    noisy = lambda picture: np.clip(picture + rng.normal(0, 2.5, picture.shape), 0, 255).astype(np.uint8)  # noqa: E731
    for _ in range(10):
        room.difference(noisy(empty))
    for _ in range(2 * 60):
        mask = room.difference(noisy(sitting))
    assert (mask[32:78, 62:88] > 0).mean() > 0.99
    for _ in range(2 * 60):
        mask = room.difference(noisy(sitting))
    assert (mask > 0).mean() < 0.003


def test_a_room_that_is_lit_up_and_down_stays_empty() -> None:
    fake, room = SimulatedCamera(Visitors(1, 16 / 9), SIZE), EmptyRoom(fps=30)
    for frame in range(60):
        light = 1 - 0.35 * np.sin(frame / 10) ** 2
        mask = room.difference(np.asarray(cv2.convertScaleAbs(fake.empty(frame / 30), alpha=light), np.uint8))
    assert (mask > 0).mean() < 0.003


def test_flow_tells_whither_in_pixels_a_second() -> None:
    rng = np.random.default_rng(1)
    texture = cv2.resize(rng.integers(0, 255, (36, 80, 3), np.uint8), (800, 360), interpolation=cv2.INTER_CUBIC)
    eye = Eye(Camera(name="room", key="none"))
    for frame in range(3):
        picture = np.ascontiguousarray(texture[:, 100 - 4 * frame : 740 - 4 * frame])
        sighting = eye.track(picture, eye.key(picture), frame * STEP_NS, frame)
    assert sighting.flow_px is not None and sighting.flow_px.shape == (90, 160, 2)
    assert abs(np.median(sighting.flow_px[..., 0]) - 120) < 12
    assert abs(np.median(sighting.flow_px[..., 1])) < 6
    assert sighting.motion > 0.1


def test_nothing_is_compiled_after_import() -> None:
    with compilations() as compiled:
        for key in ("green", "none"):
            InlineCamera(Camera(name="room", key=key), Visitors(1, 16 / 9)).poll(0)
    assert compiled == []
