"""`mixeur render` in fresh processes: one seed, one film."""

import subprocess
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import soundfile

from engine.show.files import read_show
from engine.show.furnish import furnish
from engine.testing.tour import hands, tour

ROOT = Path(__file__).parents[2]


def render(out: Path, *more: object) -> list[str]:
    """Return the hash of all frames and that of the sound."""
    asked = [ROOT / "scenes" / "bleu" / "bleu.py", "--seconds", 1, "--every", 15, "--out", out, *more]
    command = [sys.executable, "-P", "-m", "engine.cli", "render", *map(str, asked)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return [line.split()[-1] for line in answer.stdout.splitlines()[-2:]]


def test_fresh_processes_give_one_film_for_one_seed_and_another_for_another(tmp_path: Path) -> None:
    first = render(tmp_path / "first", "--seed", 1)
    assert render(tmp_path / "again", "--seed", 1, "--threads", 2, "--film", "--sheet", 4) == first
    pictures, sound = streams(tmp_path / "again" / "film.mp4")
    assert pictures == (1280, 720, 4) and sound == pytest.approx(1.0, abs=0.06)
    assert cv2.imread(str(tmp_path / "again" / "sheet.png")).shape == (450, 800, 3)
    other = render(tmp_path / "other", "--seed", 2)
    assert other[0] != first[0] and other[1] != first[1]
    pictures = sorted((tmp_path / "first").glob("*.png"))
    assert len(pictures) == 4
    assert cv2.imread(str(pictures[-1])).max() > 50
    sound, rate = soundfile.read(tmp_path / "first" / "sound.wav")
    assert len(sound) == pytest.approx(rate, abs=64)
    assert abs(sound).max() > 0.01


def streams(film: Path) -> tuple[tuple[int, int, int], float]:
    """Return the film's (width, height, pictures), and the seconds of its sound that are loud enough to be heard."""
    with av.open(str(film)) as container:
        seen = [picture.to_ndarray(format="rgb24").shape for picture in container.decode(video=0)]
    with av.open(str(film)) as container:
        heard = np.concatenate([part.to_ndarray() for part in container.decode(audio=0)], axis=1)
        rate = container.streams.audio[0].rate
    assert np.abs(heard).max() > 0.01
    return (seen[0][1], seen[0][0], len(seen)), heard.shape[1] / rate


def test_a_tour_plays_each_scene_once_and_hands_touch_what_can_be_touched() -> None:
    show = furnish(read_show(ROOT / "show.toml", simulate=True))
    short = tour(show, 45)
    assert [cue.scene for cue in short.programme.cues] == [
        "bleu", "danse", "contact", "verre", "mapping", "nosphere", "carte", "embers"]
    assert {cue.follow_s for cue in short.programme.cues} == {45 / 8}
    assert all(cue.fade_s <= 1.7 for cue in short.programme.cues)
    single, acts = hands(furnish(read_show(ROOT / "scenes/contact/contact.py", simulate=True)), 20, seed=1)
    assert {act.event[0] for act in acts} == {touch.source for touch in single.touches.values()} == {"osc:/ball"}
    assert len(acts) == 20 * 60 and max(act.event[1] for act in acts) > 0.6
