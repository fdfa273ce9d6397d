"""An hour of the real processes on the rig: memory, handles, threads and files stay flat after ten minutes (R7).

`SOAK_MINUTES=6 .ci/soak -k rig` takes a shorter look.
"""

import os
import statistics
import tempfile
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path

import pytest

from engine.clock import sleep_s
from engine.stress.aftermath import files
from engine.stress.venue import Venue
from engine.stress.witness import Life, Witness
from tests.system import stress_rig

pytestmark = [pytest.mark.soak, pytest.mark.skipif(bool(stress_rig.MISSING), reason=f"needs {stress_rig.MISSING}")]
MINUTES = float(os.environ.get("SOAK_MINUTES", "60"))
SETTLED_S = min(600.0, MINUTES * 60 / 3)
MOST_SHARE_AN_HOUR, MOST_MB_AN_HOUR = 0.02, 4.0
PATIENCE_S = 240.0


def slope(life: Life, of: Callable[..., float]) -> float:
    """Return the change an hour after the first minutes: the median slope of pairs half the run apart."""
    points = [(at_s, of(held)) for at_s, held in life.series if at_s - life.since_s > SETTLED_S][::20]
    half = len(points) // 2
    slopes = [(b - a) / (t - s) for (s, a), (t, b) in zip(points, points[half:], strict=False)]
    return statistics.median(slopes) * 3600


def test_r7_memory_handles_threads_and_files_of_the_real_processes_stay_flat() -> None:
    with tempfile.TemporaryDirectory(prefix="mx") as folder:
        room = stress_rig.Room(Path(folder))
        venue = Venue(room.folder, room.work, env=room.env)
        witness = Witness(venue)
        try:
            venue.start()
            venue.wait(lambda: witness.senses.sound.last_s is not None, PATIENCE_S, "no sound")
            begun_s, files_before = venue.now_s(), set[Path]()
            while venue.now_s() - begun_s < 60 * MINUTES:
                work(venue)
                if not files_before and venue.now_s() - begun_s > SETTLED_S:
                    files_before = files(venue)
            files_after = files(venue)
            code = venue.end()
        finally:
            witness.close()
            venue.clear()
            room.clear()
    named = {name: life for (name, _), life in witness.lives.items() if len(life.series) > 60}
    assert {"supervisor", "engine", "sound", "camera.room"} <= named.keys()
    assert len(witness.lives) == len(named), "no process was started again"
    for name, life in named.items():
        mb, handles, threads = (slope(life, attrgetter(what)) for what in ("rss_mb", "handles", "threads"))
        print(f"{name}: {life.series[-1][1]}, an hour {mb:+.2f} MB, {handles:+.1f} handles, {threads:+.1f} threads")
        assert mb < max(MOST_SHARE_AN_HOUR * life.series[-1][1].rss_mb, MOST_MB_AN_HOUR)
        assert handles < 1 and threads < 1
    assert len(files_after) <= len(files_before)
    assert code == 0


def work(venue: Venue) -> None:
    """Do what a day brings, in twenty seconds: a cue, a touch, Params turned, a scene edited."""
    venue.osc("/cue/go")
    for _ in range(50):
        venue.osc("/contact/level", 1.0)
        sleep_s(0.05)
    for address, (low, high) in venue.params.items():
        for value in (low, high, low):
            venue.osc(address, value)
            sleep_s(0.5)
    for path in venue.scene_files().values():
        path.write_text(path.read_text())
        sleep_s(4.0)
    venue.go_home()
    sleep_s(2.0)
