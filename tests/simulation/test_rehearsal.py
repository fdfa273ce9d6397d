"""Whole shows on virtual time: the same seed gives the same frames and the same sound."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.kernel_cache import compilations
from engine.show.files import read_show
from engine.show.model import Show
from engine.testing.rehearsal import Act, Moment, rehearse

ROOT = Path(__file__).parents[2]
SECONDS = 1.5


def small(path: str) -> Show:
    """Return a show, or that of one scene, with few pixels."""
    show = read_show(ROOT / path, simulate=True)
    return replace(show, stage=replace(show.stage, height_px=360))


def hashes(scene: str, seed: int, threads: int = 1) -> tuple[str, str]:
    rehearsal = rehearse(small(f"scenes/{scene}/{scene}.py"), SECONDS, seed=seed, threads=threads)
    digest = hashlib.sha256()
    for moment in rehearsal.frames():
        digest.update(moment.stage.data)
    assert rehearsal.problems == []
    return digest.hexdigest(), rehearsal.sound.sha256()


@pytest.fixture(scope="module")
def first() -> tuple[str, str]:
    return hashes("bleu", 1)


def test_one_seed_gives_the_same_frames_and_sound_with_any_number_of_threads(first) -> None:
    assert hashes("bleu", 1, threads=2) == first


def test_another_seed_gives_others(first) -> None:
    frames, sound = hashes("bleu", 2)
    assert frames != first[0]
    assert sound != first[1]


def last(moments: Iterator[Moment]) -> Moment:
    *_, moment = moments
    return moment


FADED_IN = 150  # frames until the first cue is fully there


def light_and_level(seconds: float, *script: Act) -> tuple[np.ndarray, np.ndarray]:
    """Return each frame's mean light and peak of sound."""
    rehearsal = rehearse(small("scenes/contact/contact.py"), seconds, script=script)
    light = np.array([float(moment.stage[..., :3].mean()) for moment in rehearsal.frames()])
    return light, np.abs(rehearsal.sound.samples).max(1).reshape(len(light), -1).max(1)


def test_c1_contact_stays_dark_and_silent_while_nobody_touches() -> None:
    light, level = light_and_level(4.0)
    assert np.ptp(light[FADED_IN:]) == 0
    assert light[-1] > 0
    assert level.max() == 0


def test_c3_contact_answers_a_touch_with_light_and_sound_and_c8_ends_within_two_seconds() -> None:
    light, level = light_and_level(6.5, Act(3.0, keys=frozenset({"space"})), Act(4.5, keys=frozenset()))
    spot = light[FADED_IN]
    assert light[182] > spot + 0.2, "light within 50 ms"
    assert level[:180].max() == 0
    assert level[181:183].max() > 1e-4, "sound within 50 ms"
    assert light[380:].max() == pytest.approx(spot, abs=0.02)
    assert level[380:].max() < 10 ** (-60 / 20)


def test_the_mouse_is_a_visitor_in_the_simulated_room() -> None:
    rehearsal = rehearse(small("scenes/embers.py"), 2.0, script=[Act(0.1, mouse=(1.2, 0.8))], visitors=0)
    visitors = last(rehearsal.frames()).now.visitors
    assert len(visitors) == 1
    assert visitors[0].x == pytest.approx(1.2, abs=0.1)


def test_the_sample_show_plays_its_first_cue_without_a_problem() -> None:
    rehearsal = rehearse(small("show.toml"), 1.5).play()
    assert rehearsal.problems == []
    assert rehearsal.director.status.cue


def test_nothing_is_compiled_after_the_first_frame() -> None:
    cues = [Act(at_s, event=("osc:/cue/go", 1.0)) for at_s in (1.0, 2.0)]
    script = [Act(0.5, keys=frozenset({"space"})), *cues]
    frames = rehearse(small("show.toml"), 3.0, script=script).frames()
    next(frames)
    with compilations() as compiled:
        last(frames)
    assert compiled == []
