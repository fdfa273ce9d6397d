"""What the flash guard costs at 1080p on one core, on an ordinary picture and on one that it holds back (F9)."""

from __future__ import annotations

import itertools
from collections.abc import Collection

import numpy as np

from engine.bench.figure import Figure, Record, interleaved
from engine.clock import thread_cpu_ns

SIZE = (1920, 1080)
FPS, HZ = 60, 10
FIGURES = (Figure("flash_guard_ms", "ms", "lower", 3.0),)


def measure(names: Collection[str]) -> list[Record]:
    """Measure the guard on moving pictures and on a strobe, and a copy of one picture, in turns, one thread."""
    import cv2

    from engine.safety.flash_guard import FlashGuard

    rng = np.random.default_rng(1)
    coarse = rng.integers(0, 256, (SIZE[1] // 40, SIZE[0] // 40, 4), np.uint8)
    picture = np.asarray(cv2.resize(coarse, SIZE, interpolation=cv2.INTER_CUBIC), np.uint8)
    strobe = [np.full_like(picture, 255 * lit) for lit in (0, 1)]
    shown, kept, held = (np.empty_like(picture) for _ in range(3))
    calm, holding = FlashGuard(rise_s=0), FlashGuard(rise_s=0)
    calm_frames, held_frames = itertools.count(), itertools.count()

    def hold() -> None:
        frame = next(held_frames)
        np.copyto(held, strobe[frame * 2 * HZ // FPS % 2])  # the copy is part of the figure
        holding.apply(held, frame / FPS)

    for _ in range(FPS):
        hold()
    candidates = {
        "guard": lambda: calm.apply(shown, next(calm_frames) / FPS),
        "holding_all": hold,
        "memcpy_8mb": lambda: np.copyto(kept, picture),
    }
    np.copyto(shown, picture)
    timings = interleaved(candidates, rounds=60, read_ns=thread_cpu_ns)
    peers = {name: timings[name].median_ms for name in ("holding_all", "memcpy_8mb")}
    return [figure.record(timings["guard"].median_ms, peers | {"min": timings["guard"].min_ms})
            for figure in FIGURES if figure.name in names]
