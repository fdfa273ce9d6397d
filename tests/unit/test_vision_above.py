"""From above: who is who on a floor that a projector lights, and through hugs."""

import cv2
import numpy as np
import pytest

from engine.bench.track_score import Contact, contacts_of, identity_f1, named_for_good, named_then, score_contacts
from engine.bench.tracking import figures, watch
from engine.fake.crowd import Crowd
from engine.fake.overhead import OverheadCamera
from engine.show.model import Camera
from engine.vision.above import Above
from engine.vision.contact import DOUBT, END_FRAMES, Contacts
from engine.vision.crowd import CrowdTracker
from engine.vision.eye import Eye
from engine.vision.floor import LitFloor
from engine.vision.sharing import find_pieces, share
from engine.vision.steady import LONGEST, Steady
from engine.vision.touch import Ground, Trunk, surely_joined

STEP_S = 1 / 30
PX_PER_M = 50.0


def bodies(*places: tuple[float, float]) -> np.ndarray:
    """A mask of half of 640x480 with a body at each place, metres."""
    mask = np.zeros((240, 320), np.uint8)
    for x, y in places:
        cv2.ellipse(mask, (round(x * PX_PER_M), round(y * PX_PER_M)), (13, 8), 0, 0, 360, 255, -1)
    return mask


def dressed(*places: tuple[float, float]) -> np.ndarray:
    picture = np.full((240, 320, 3), 90, np.uint8)
    for k, (x, y) in enumerate(places):
        colour = ((40, 60, 200), (200, 120, 40), (60, 180, 70))[k]
        cv2.ellipse(picture, (round(x * PX_PER_M), round(y * PX_PER_M)), (13, 8), 0, 0, 360, colour, -1)
    return picture


@pytest.fixture(scope="module")
def floor() -> np.ndarray:
    rng = np.random.default_rng(1)
    return np.clip(rng.normal(110, 7, (240, 320, 1)) + rng.normal(0, 2, (240, 320, 3)), 0, 255).astype(np.uint8)


def test_light_and_shadow_on_the_floor_are_nobody(floor: np.ndarray) -> None:
    rng, learnt = np.random.default_rng(2), LitFloor(30)
    noisy = lambda p: np.clip(p + rng.normal(0, 1.5, p.shape), 0, 255).astype(np.uint8)  # noqa: E731
    for _ in range(20):
        learnt.learn(noisy(floor))
    light = np.ones((240, 320, 3), np.float32)
    cv2.circle(light, (100, 120), 45, (1.1, 1.3, 1.5), -1)
    cv2.circle(light, (220, 90), 30, (0.7, 0.7, 0.7), -1)
    mask = cv2.morphologyEx(learnt.difference(noisy(floor * light * 1.15)), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    assert (mask > 0).mean() < 0.01
    somebody = floor * light
    cv2.ellipse(somebody, (100, 120), (14, 9), 20, 0, 360, (120, 130, 150), -1)  # as bright as the lit floor, but plain
    mask = learnt.difference(noisy(somebody))
    body = np.zeros((240, 320), np.uint8)
    cv2.ellipse(body, (100, 120), (11, 6), 20, 0, 360, 1, -1)
    assert (mask[body > 0] > 0).mean() > 0.8


def test_ids_survive_a_hug_of_three_seconds_and_the_contact_lasts_as_long() -> None:
    tracker, told = CrowdTracker(PX_PER_M), []
    gaps = [*np.linspace(2.0, 0.26, 60), *[0.26] * 90, *np.linspace(0.26, 2.0, 60)]
    for gap in gaps:
        places = (3.2 - gap / 2, 2.4), (3.2 + gap / 2, 2.4)
        walkers, contacts = tracker.follow(bodies(*places), dressed(*places), STEP_S)
        told.append(contacts)
    left, right = sorted(walkers, key=lambda w: w.x)
    assert (left.id, right.id) == (1, 2)
    assert all(contact == ((1, 2),) for contact in told[65:145])
    assert not told[30] and not told[-1]


def test_a_child_and_an_adult_in_like_clothes_are_told_apart_after_a_hug_by_size() -> None:
    tracker = CrowdTracker(PX_PER_M)
    gaps = [*np.linspace(2.0, 0.3, 60), *[0.3] * 30, *np.linspace(-0.3, -2.0, 60)]  # in the hug they change sides
    for gap in gaps:
        mask, picture = np.zeros((240, 320), np.uint8), np.full((240, 320, 3), 90, np.uint8)
        for x, axes in ((3.2 - gap / 2, (13, 9)), (3.2 + gap / 2, (8, 6))):
            cv2.ellipse(mask, (round(x * PX_PER_M), 120), axes, 90, 0, 360, 255, -1)
            cv2.ellipse(picture, (round(x * PX_PER_M), 120), axes, 90, 0, 360, (40, 60, 200), -1)
        walkers, _ = tracker.follow(mask, picture, STEP_S)
        if gap == gaps[20]:
            adult, child = (w.id for w in sorted(walkers, key=lambda w: w.x))
    assert [w.id for w in sorted(walkers, key=lambda w: w.x)] == [child, adult]


def test_noise_is_averaged_away_but_not_who_moves(floor: np.ndarray) -> None:
    rng, steady = np.random.default_rng(4), Steady()
    for frame in range(8):
        true = floor.copy()
        cv2.circle(true, (60 + 6 * frame, 120), 12, (60, 50, 120), -1)
        seen = steady.take(np.clip(true + rng.normal(0, 4, true.shape), 0, 255).astype(np.uint8), 4.0)
    off = seen.astype(float) - true
    assert off[:, 200:].std() < 4 / np.sqrt(LONGEST) * 1.15 and (steady.age[:, 200:] == LONGEST).mean() > 0.9
    here = cv2.circle(np.zeros((240, 320), np.uint8), (102, 120), 9, 1, -1) > 0
    assert abs(off[here].mean()) < 2


@pytest.mark.parametrize(("between", "is_joined"), [("shade", False), ("arm", True)])
def test_shade_between_two_joins_nobody_but_an_arm_does(floor: np.ndarray, between: str, is_joined: bool) -> None:
    known = np.ones((240, 320), np.uint8)
    for x in (140, 180):
        cv2.ellipse(known, (x, 120), (9, 12), 0, 0, 360, 0, -1)
    picture = floor.copy()
    picture[100:140, 120:200] = (0.6 * picture[100:140, 120:200]).astype(np.uint8)
    picture[known == 0] = (40, 60, 200)
    known[117:124, 148:172] = 0  # what the mask says
    if between == "arm":
        picture[118:123, 148:172] = (40, 60, 200)
    ground = Ground(picture, floor.astype(np.float32), known, 2.0)
    assert (surely_joined(Trunk(140, 120, 10), Trunk(180, 120, 10), ground, 50.0) > DOUBT) == is_joined


def test_who_touch_are_told_with_the_second_sure_picture_and_a_lost_hand_ends_nothing() -> None:
    contacts, sure = Contacts(), {(1, 2): 0.95}
    told = [contacts.follow(sure, {1, 2}, sure.__getitem__) for _ in range(4)]
    assert told == [(), ((1, 2),), ((1, 2),), ((1, 2),)]
    lost = [contacts.follow((), {1, 2}, sure.__getitem__) for _ in range(END_FRAMES)]
    assert all(lost[:-1]) and not lost[-1]


def test_who_is_not_joined_is_asked_in_every_second_picture_and_in_each_once_it_seems_so() -> None:
    contacts, sure, asked = Contacts(), 0.0, 0

    def joined(pair: tuple[int, int]) -> float:
        nonlocal asked
        asked += 1
        return sure

    for _ in range(20):
        contacts.follow({(1, 2)}, {1, 2}, joined)
    assert asked == 10
    sure = 0.95
    told = [contacts.follow({(1, 2)}, {1, 2}, joined) for _ in range(3)]
    assert told[-1] == ((1, 2),)


def test_doubtful_pictures_alone_tell_of_no_contact() -> None:
    contacts = Contacts()
    assert not any(contacts.follow({(1, 2)}, {1, 2}, lambda _: DOUBT) for _ in range(100))


def test_a_stop_of_a_minute_keeps_the_id(floor: np.ndarray) -> None:
    rng, eye = np.random.default_rng(3), Above((6.4, 4.8), 2.0)
    large = cv2.resize(floor, (640, 480), interpolation=cv2.INTER_NEAREST)
    noise = [rng.normal(0, 2, large.shape).astype(np.float32) for _ in range(5)]
    for tile in noise:
        eye.learn(np.clip(large + tile, 0, 255).astype(np.uint8))
    standing = large.copy()
    cv2.ellipse(standing, (300, 200), (26, 16), 0, 0, 360, (60, 50, 120), -1)
    seen = set()
    for frame in range(120):
        eye.difference(np.clip(standing + noise[frame % 5], 0, 255).astype(np.uint8))
        people, _ = eye.follow(round(frame * 0.5e9))
        seen |= {person.id for person in people}
    assert seen == {1}
    assert len(people) == 1 and abs(people[0].foot_px[0] - 300) < 6 and abs(people[0].foot_px[1] - 200) < 6


def test_who_stands_half_outside_is_told_only_while_the_middle_is_inside() -> None:
    tracker = CrowdTracker(PX_PER_M)
    for x in [*np.linspace(2.0, 0.3, 40), *[0.3] * 10]:
        walkers, _ = tracker.follow(bodies((x, 2.4)), dressed((x, 2.4)), STEP_S)
    assert len(walkers) == 1 and walkers[0].x > 0
    for x in [*np.linspace(0.3, -0.12, 20), *[-0.12] * 10]:
        walkers, _ = tracker.follow(bodies((x, 2.4)), dressed((x, 2.4)), STEP_S)
    assert all(walker.x < 0 for walker in walkers)


def test_who_steps_out_and_back_keeps_the_id() -> None:
    tracker, seen = CrowdTracker(PX_PER_M), set()
    for x in [*np.linspace(2.0, -0.35, 60), *[-0.35] * 30, *np.linspace(-0.35, 1.0, 40)]:
        walkers, _ = tracker.follow(bodies((x, 2.4)), dressed((x, 2.4)), STEP_S)
        seen |= {walker.id for walker in walkers}
    assert seen == {1} and len(walkers) == 1


def test_a_child_has_no_part_of_a_wheelchair_beside_it() -> None:
    mask = np.zeros((60, 120), np.uint8)
    cv2.rectangle(mask, (20, 10), (64, 50), 255, -1)
    cv2.circle(mask, (72, 30), 8, 255, -1)
    (piece,) = find_pieces(mask, PX_PER_M)
    owner, _ = share(piece, [(42, 30), (72, 30)], [1800, 200])
    assert (owner[piece.x > 66] == 1).mean() > 0.95 and (owner[piece.x < 58] == 0).mean() > 0.95


def test_a_child_of_a_metre_counts() -> None:
    tracker = CrowdTracker(PX_PER_M)
    mask = np.zeros((240, 320), np.uint8)
    cv2.ellipse(mask, (160, 120), (7, 5), 0, 0, 360, 255, -1)  # 0.6 of an adult
    for _ in range(4):
        walkers, _ = tracker.follow(mask, np.zeros((240, 320, 3), np.uint8), STEP_S)
    assert len(walkers) == 1


def test_a_simulated_crowd_under_a_projector_is_followed() -> None:
    seen = watch(OverheadCamera(Crowd(5, 4, 3.0), 5))
    values, _ = figures(seen)
    assert values["track_idf1"] > 0.8


def test_a_camera_above_fills_the_sighting(floor: np.ndarray) -> None:
    eye = Eye(Camera(name="room", size=(640, 480), floor_m=(6.4, 4.8), fps=30), first_id=7)
    empty = cv2.resize(floor, (640, 480), interpolation=cv2.INTER_NEAREST)
    eye.learn(empty)
    for frame in range(5):
        picture = empty.copy()
        cv2.ellipse(picture, (300 + 4 * frame, 200), (26, 16), 0, 0, 360, (60, 50, 120), -1)
        sighting = eye.track(picture, eye.key(picture), round(frame * 1e9 / 30), frame)
    (person,) = sighting.people
    scale = sighting.size[0] / 640
    assert person.id == 7 and eye.next_id == 8
    assert abs(person.foot_px[0] / scale - 314) < 8 and person.velocity_px[0] > 30
    assert sighting.mask is not None and sighting.mask.shape == sighting.size[::-1]
    assert len(person.outline_px) >= 6 and person.box_px[2] > 30 * scale


def test_scores_of_tracks_made_by_hand() -> None:
    still = [{1: (0.0, 0.0), 2: (5.0, 0.0)}] * 10
    assert identity_f1(still, still, 0.5) == 1.0
    swapped = still[:5] + [{2: (0.0, 0.0), 1: (5.0, 0.0)}] * 5
    assert identity_f1(still, swapped, 0.5) == 0.5
    half = still[:5] + [{1: (0.0, 0.0)}] * 5
    assert identity_f1(still, half, 0.5) == pytest.approx(2 * 15 / 35)


def test_scores_of_contacts_made_by_hand() -> None:
    touch = frozenset({(1, 2)})
    frames = [frozenset()] * 5 + [touch] * 10 + [frozenset()] * 3 + [touch] * 4 + [frozenset()] * 20 + [touch]
    truth = contacts_of(frames, gap=6, shortest=3)
    assert truth == [Contact((1, 2), 5, 21)]
    score = score_contacts(truth, [Contact((1, 2), 7, 25), Contact((1, 3), 7, 9)], tolerance=3)
    assert score.delays == (2,) and score.end_delays == (4,) and score.f1 == pytest.approx(2 / 3)
    assert score_contacts(truth, [Contact((1, 2), 10, 25)], tolerance=3).f1 == 0.0


def test_a_true_touch_of_one_frame_may_be_told_or_not() -> None:
    truth = [Contact((1, 2), 5, 20), Contact((1, 3), 30, 30)]
    told = Contact((1, 2), 5, 20)
    assert score_contacts(truth, [told], 3, shortest=3).f1 == 1.0
    assert score_contacts(truth, [told, Contact((1, 3), 31, 33)], 3, shortest=3).f1 == 1.0
    assert score_contacts(truth, [told, Contact((2, 3), 31, 33)], 3, shortest=3).f1 == pytest.approx(2 / 3)


def test_a_contact_is_of_those_who_stand_there_at_the_time() -> None:
    truth = [{1: (0.0, 0.0), 2: (5.0, 0.0), 3: (9.0, 0.0)}] * 10
    found = truth[:7] + [{3: (0.0, 0.0), 2: (5.0, 0.0), 1: (9.0, 0.0)}] * 3
    told = Contact((2, 3), 7, 9)
    assert named_then(told, truth, found, 0.5) == Contact((1, 2), 7, 9)
    assert named_for_good([told], truth, found, 0.5) == [told]
