"""Contact by its numbers (C1 ...): what the ball's sensor says goes in, light and sound come out."""

from pathlib import Path

import numpy as np
import pytest

from engine.light.lights import LampLevel
from engine.testing.solo import Solo

HERE = Path(__file__).parent
IDLE, HELD, TOUCHED = 0.1, 0.5, 0.75


def begin(hears: bool = False, height_px: int = 16) -> Solo:
    """Return the scene with one person's hand on the ball."""
    solo = Solo(HERE / "contact.py", hears=hears, height_px=height_px)
    feed(solo, IDLE, 0.8)
    feed(solo, HELD, 1.2)
    return solo


def feed(solo: Solo, raw: float, seconds: float, noise: float = 0.0) -> list[float]:
    """Feed a level, and return how bright the lamps were in each frame."""
    dice = np.random.default_rng(1)
    light = []
    for _ in range(round(seconds * 60)):
        solo.touch(raw + noise * dice.standard_normal())
        light.append(brightness(solo.made.lamps))
    return light


def brightness(lamps: tuple[LampLevel, ...]) -> float:
    return max((lamp.level for lamp in lamps), default=0.0)


def voices(solo: Solo, start: str = "body") -> list[str]:
    return [hold.key for hold in solo.made.sounds.holds if hold.key.startswith(start)]


def test_c1_c2_nobody_or_one_person_alone_is_dark_and_silent() -> None:
    solo = Solo(HERE / "contact.py", hears=True, height_px=90)
    assert max(feed(solo, IDLE, 2, noise=0.02)) == 0
    dark = solo.picture()
    assert max(feed(solo, HELD, 4, noise=0.02)) == 0
    assert solo.now.touches["ball"].armed
    assert np.array_equal(solo.picture(), dark), "the spot alone"
    assert dark.max() > 60
    assert np.abs(solo.heard()).max() == 0


def test_c3_a_second_person_is_heard_in_30_ms_and_seen_in_50() -> None:
    solo = begin(hears=True)
    before = len(solo.heard())
    light = feed(solo, HELD + 0.2, 0.1)
    heard = np.abs(solo.heard()[before:]).max(axis=1)
    assert light[2] > 0.1, "the third frame ends 50 ms after the packet"
    assert np.flatnonzero(heard > 1e-6)[0] / 48_000 < 0.030


def test_c4_more_touch_is_never_less_light_sound_or_height() -> None:
    solo = begin()
    light, cutoff = [], []
    for rise in np.linspace(0.05, 0.6, 90):
        solo.touch(HELD + rise)
        if solo.now.touches["ball"].level:
            light.append(brightness(solo.made.lamps))
            cutoff.append(next(h.controls["cutoff_hz"] for h in solo.made.sounds.holds if h.key == "body 0"))
    light += feed(solo, HELD + 0.6, 0.5)
    assert light == sorted(light)
    assert cutoff == sorted(cutoff)
    assert light[-1] > 0.97
    quiet, loud = (decibels(feed_heard(rise)) for rise in (0.1, 0.6))
    assert loud - quiet >= 18


def feed_heard(rise: float) -> np.ndarray:
    solo = begin(hears=True)
    feed(solo, HELD + rise, 1.0)
    return solo.heard()[-24_000:]


def decibels(wave: np.ndarray) -> float:
    return float(20 * np.log10(np.sqrt((wave**2).mean()) + 1e-9))


def test_c6_tap_hold_and_caress_sound_and_look_different() -> None:
    seen = {}
    for kind in ("tap", "hold", "caress"):
        solo = begin()
        sounds = set()
        for frame in range(150):
            stroke = 0.65 + 0.35 * np.sin(frame / 60 * 2 * np.pi * 3) if kind == "caress" else 1.0
            solo.touch(HELD + 0.3 * stroke * (frame < (12 if kind == "tap" else 120)))
            if kind == solo.now.touches["ball"].kind:
                made = solo.made.sounds
                sounds |= {str(n.voice) for n in made.notes} | {str(h.voice) for h in made.holds if "skin" in h.key}
        seen[kind] = frozenset(sounds), round(solo.scene.hue, 2)
    assert "bell" in seen["tap"][0]
    assert len({sounds for sounds, _ in seen.values()}) == 3
    assert len({hue for _, hue in seen.values()}) == 3


def test_c7_each_person_who_joins_is_one_more_voice_and_none_leaves_while_it_lasts() -> None:
    solo = begin()
    counts = []
    for rise in (0.15, 0.27, 0.38, 0.27):
        feed(solo, HELD + rise, 1.0)
        counts.append(len(voices(solo)))
        assert counts[-1] == min(solo.now.touches["ball"].people, 8)
    assert counts == [2, 3, 4, 4]


def test_c8_what_is_let_go_is_dark_and_silent_within_two_seconds_and_the_spot_stays() -> None:
    solo = begin(hears=True)
    feed(solo, TOUCHED, 1.0)
    light = feed(solo, HELD, 2.0)
    assert light[-1] == 0
    assert np.array_equal(solo.picture(), begin().picture())
    assert np.abs(solo.heard()[-480:]).max() < 10 ** (-60 / 20)


def test_c10_packets_that_stop_let_go_and_no_note_sticks() -> None:
    solo = begin()
    feed(solo, TOUCHED, 1.0)
    for _ in range(150):
        solo.touch(None)
    assert not solo.made.lamps
    assert not solo.now.touches["ball"].level
    assert all(hold.key.startswith("body") and hold.level_from for hold in solo.made.sounds.holds), "they wait, unheard"


@pytest.mark.parametrize("hz", [2.0, 4.0, 10.0])
def test_c11_contacts_on_and_off_never_make_the_light_flash(hz: float) -> None:
    solo = begin()
    light = []
    for frame in range(150):
        on = frame / 60 * hz % 1 < 0.5
        solo.touch(HELD + 0.45 * on)
        light.append(brightness(solo.made.lamps))
    assert most_flashes(light) <= 3


def most_flashes(light: list[float]) -> int:
    """Return the most pairs of opposite swings of at least 0.1 in any second."""
    turns, way, high, low = [], 0, light[0], light[0]
    for frame, level in enumerate(light):
        high, low = max(high, level), min(low, level)
        if way >= 0 and level <= high - 0.1:
            turns, way, low = [*turns, frame], -1, level
        elif way <= 0 and level >= low + 0.1:
            turns, way, high = [*turns, frame], 1, level
    return max((sum(start <= other < start + 60 for other in turns) // 2 for start in turns), default=0)


@pytest.mark.parametrize("skin", [0.3, 3.0])
def test_c12_dry_and_wet_hands_play_alike_once_one_of_them_was_met_alone(skin: float) -> None:
    solo = Solo(HERE / "contact.py", height_px=16)
    for raw, seconds in ((IDLE, 0.8), (IDLE + 0.4 * skin, 1.2)):
        feed(solo, raw, seconds)
    light = feed(solo, IDLE + 0.7 * skin, 0.5)
    assert light[2] > 0.1
    assert light[-1] > 0.3


def test_contact_looks_as_it_did(golden) -> None:
    solo = begin(height_px=180)
    feed(solo, TOUCHED, 1.0)
    golden("contact-hold", solo.picture(), tolerance=3)


def test_contact_sounds_as_it_did(golden) -> None:
    solo, heard = begin(), []
    for frame in range(420):
        touched = frame < 12 or 90 <= frame < 240 or frame >= 300  # a tap, a hold, a caress
        stroke = 0.65 + 0.35 * np.sin(frame / 60 * 2 * np.pi * 3) if frame >= 300 else 1.0
        solo.touch(HELD + 0.3 * stroke * touched)
        heard.append(solo.made.sounds)
    golden.sound("contact-touches", heard, tolerance=0.02)
