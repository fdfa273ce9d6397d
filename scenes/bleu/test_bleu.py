"""Bleu by its numbers (B4 ...); the key itself (B1-B3, B8, B9) is proved in the tests of engine/vision."""

from pathlib import Path

import numpy as np

from engine.testing.solo import Solo
from engine.world import Matte, Visitor

HERE = Path(__file__).parent


def matte(x: float) -> dict[str, Matte]:
    """Return the keyed picture of somebody in red at x, in shares of the camera's picture."""
    pixels = np.zeros((90, 160, 4), np.uint8)
    pixels[40:80, round(160 * x) - 6 : round(160 * x) + 6] = (255, 0, 0, 255)
    return {"room": Matte(pixels, 0, 0)}


def red_at(solo: Solo) -> float:
    """Return where the person in red stands in the picture, in shares of its width."""
    picture = solo.picture().astype(int)
    red = (picture[..., 0] > 200) & (picture[..., 1] < 60) & (picture[..., 2] < 60)
    return float(np.argwhere(red)[:, 1].mean() / picture.shape[1])


def test_b4_who_goes_to_their_right_goes_right_as_in_a_mirror() -> None:
    solo = Solo(HERE / "bleu.py", height_px=180)
    places = []
    for x in (0.7, 0.5, 0.3):  # the camera faces them: their right is its left
        solo.step(mattes=matte(x))
        places.append(red_at(solo))
    assert places == sorted(places)
    assert places[0] < 0.35 and places[-1] > 0.65


def test_b6_a_hole_in_the_key_shows_the_world_behind() -> None:
    solo = Solo(HERE / "bleu.py", height_px=180)
    whole = matte(0.5)["room"].pixels.copy()
    whole[50:60, 76:84] = 0  # a blue book in their hands
    solo.step(mattes={"room": Matte(whole, 0, 0)})
    picture = solo.picture()
    assert (picture[105:115, 156:164, 0] < 120).all(), "no red: the world"


def test_b7_an_empty_room_is_a_world_that_lives_and_has_no_ghost() -> None:
    solo = Solo(HERE / "bleu.py", height_px=180)
    empty = {"room": Matte(np.zeros((90, 160, 4), np.uint8), 0, 0)}
    solo.step(mattes=empty)
    first = solo.picture().astype(int)
    solo.step(120, mattes=empty)
    later = solo.picture().astype(int)
    assert (np.abs(later - first).max(-1) > 8).mean() > 0.003, "it lives"
    assert not [layer for layer in solo.made.views["stage"] if layer.kind == "people" and layer.pixels.any()]


def test_the_world_has_a_day_and_a_night() -> None:
    light = {}
    for hour in (0.0, 0.5, 0.75):
        solo = Solo(HERE / "bleu.py", height_px=90, start=hour)
        solo.step()
        light[hour] = solo.picture()[:40, :, :3].mean(axis=(0, 1))
    assert light[0.5].sum() > 3 * light[0.0].sum()
    dusk, noon = light[0.75], light[0.5]
    assert dusk[0] / dusk[2] > noon[0] / noon[2], "evenings are redder"


def test_it_answers_who_walks_with_water_and_who_stands_with_plants() -> None:
    solo = Solo(HERE / "bleu.py", height_px=36)
    solo.step(120, visitors=(Visitor(1, 0.6, 0.9, 0.4, 0.0, 0.4),))
    assert len(solo.scene.rings) > 3 and not len(solo.scene.plants)
    solo.step(180, visitors=(Visitor(1, 0.6, 0.9, still=3.0),))
    assert len(solo.scene.plants) >= 3
    assert (abs(solo.scene.plants[:, 0] - 0.6) < 0.5).all()


def test_who_runs_throws_up_water_that_falls_back_and_sounds() -> None:
    solo, sounds = Solo(HERE / "bleu.py", height_px=36), []
    for _ in range(90):
        solo.step(visitors=(Visitor(1, 0.6, 0.9, 0.6, 0.0, 0.6),))
        sounds += [note.pitch for note in solo.made.sounds.notes]
        assert (solo.scene.drops[:, 1] <= solo.scene.drops[:, 4]).all()
    assert len(solo.scene.drops) > 5 and len(sounds) > 20
    solo.step(60)
    assert not len(solo.scene.drops), "all has fallen back"


def test_bleu_looks_as_it_did(golden) -> None:
    solo = Solo(HERE / "bleu.py", height_px=180)
    solo.step(90, mattes=matte(0.4), visitors=(Visitor(1, 1.07, 0.9, still=2.0),))
    golden("bleu-night", solo.picture(), tolerance=3)


def test_b10_where_two_rooms_overlap_it_glows_and_sounds() -> None:
    solo = Solo(HERE / "bleu.py", height_px=90)
    apart = {"rooms": ("lyon",), "mattes": matte(0.5) | {"lyon": matte(0.2)["room"]}}
    solo.step(60, **apart)
    before = solo.picture()[40:60, 55:75, 0].mean()
    solo.step(**apart, meetings=((0.72, 0.55),))
    assert any(note.voice == "bell" for note in solo.made.sounds.notes), "in the same frame"
    solo.step(60, **apart, meetings=((0.72, 0.55),))
    assert any(hold.key == "met" for hold in solo.made.sounds.holds)
    assert solo.picture()[40:60, 55:75, 0].mean() > before + 30
    kinds = [layer.kind for layer in solo.made.views["stage"]]
    assert kinds.count("people") == 2


def test_bleu_sounds_as_it_did(golden) -> None:
    solo, heard = Solo(HERE / "bleu.py", height_px=16), []
    for frame in range(300):
        walks = frame < 150
        x = 0.4 + min(frame, 150) * 0.005
        someone = Visitor(1, x, 0.9, 0.3 * walks, 0.0, 0.3 * walks, still=max(frame - 150, 0) / 60)
        solo.step(visitors=(someone,), arrivals=(someone,) if frame == 0 else ())
        heard.append(solo.made.sounds)
    golden.sound("bleu-visitor", heard, tolerance=0.02)
