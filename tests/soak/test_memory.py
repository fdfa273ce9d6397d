"""Does it last? Memory of a long run stays flat: less than 2 % of growth an hour after the first minutes (R7)."""

import gc
import os
from pathlib import Path

import pytest

from engine.testing.rehearsal import Act, rehearse

pytestmark = pytest.mark.soak
ROOT = Path(__file__).parents[2]
MINUTES = int(os.environ.get("SOAK_MINUTES", "20"))
FADES = [Act(20.0 * i, event=("osc:/cue/go", 1.0)) for i in range(1, MINUTES * 3)]
TOUCHES = [Act(7.0 * i + d, keys=keys) for i in range(1, MINUTES * 8) for d, keys in
           ((0.0, frozenset({"space"})), (2.5, frozenset()))]


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_r7_memory_stays_flat_through_cues_touches_and_visitors() -> None:
    rehearsal = rehearse(ROOT / "show.toml", 60.0 * MINUTES, script=[*FADES, *TOUCHES])
    rehearsal.sound.keep = False
    measured: list[float] = []
    for moment in rehearsal.frames():
        if moment.tick.frame % 3600 == 3599:
            gc.collect()
            measured.append(resident_mb())
            print(f"minute {len(measured)}: {measured[-1]:.1f} MB")
    assert rehearsal.problems == []
    first, last = measured[len(measured) // 4], measured[-1]
    hours = (len(measured) - len(measured) // 4) / 60
    assert (last - first) / first / hours < 0.02 or last - first < 2.0
