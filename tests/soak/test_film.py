"""The film of the whole programme: the same each time; no work in it is dark, dull, silent or far too loud."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from engine.show.files import read_show
from engine.testing.tour import tour

pytestmark = pytest.mark.soak
ROOT = Path(__file__).parents[2]
SECONDS = 60


def render(out: Path) -> list[str]:
    """Render the sample programme as a film; return what the command says: two hashes, if all went well."""
    words = ["show.toml", "--tour", "--seconds", SECONDS, "--visitors", 3, "--seed", 1, "--height", 360, "--film",
             "--every", 2, "--sheet", 8, "--out", out]
    command = [sys.executable, "-P", "-m", "engine.cli", "render", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()


def test_the_film_of_the_programme_is_the_same_twice_and_every_work_lives_in_it(tmp_path: Path) -> None:
    said = render(tmp_path / "one")
    assert [line.split()[0] for line in said] == ["frames", "sound"]
    assert render(tmp_path / "other") == said
    assert (tmp_path / "one/film.mp4").read_bytes() == (tmp_path / "other/film.mp4").read_bytes()
    with av.open(str(tmp_path / "one/film.mp4")) as film:
        pictures = np.stack([p.to_ndarray(format="gray")[::4, ::4] for p in film.decode(video=0)]).astype(float)
    assert len(pictures) == SECONDS * 30
    sound, rate = soundfile.read(tmp_path / "one/sound.wav")
    cues = tour(read_show(ROOT / "show.toml", simulate=True), SECONDS).programme.cues
    each_s = SECONDS / len(cues)
    levels_db = []
    for number, cue in enumerate(cues):
        begin, end = (number + 0.4) * each_s, (number + 0.98) * each_s
        seen = pictures[round(begin * 30) : round(end * 30)]
        heard = sound[round(begin * rate) : round(end * rate)]
        levels_db.append(20 * np.log10(np.sqrt((heard**2).mean()) + 1e-9))
        moved = np.abs(np.diff(seen[::6], axis=0)).max(axis=(1, 2)).mean()
        print(f"{cue.name}: light {seen.mean():.1f}, most {seen.max():.0f}, moves {moved:.0f}, {levels_db[-1]:.1f} dB")
        assert seen.max() > 90, f"{cue.name} is dark"
        assert moved > 12, f"{cue.name} stands still"
    assert min(levels_db) > -42, "none is silent"
    assert max(levels_db) - np.median(levels_db) < 9, "none is far louder than the others"
