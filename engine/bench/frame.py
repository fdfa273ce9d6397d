"""What a frame of light costs: four layers mixed, warped by a mesh, masked, ramped, lifted and tabled, on one core."""

from __future__ import annotations

from collections.abc import Callable, Collection
from types import ModuleType
from typing import cast

import numpy as np

from engine.bench.figure import Figure, Record, interleaved
from engine.clock import thread_cpu_ns
from engine.render.layer import Blend, Group, Layer
from engine.show.profile import Profile, Ramp

SIZE = (1920, 1080)
FLOOR_BYTES = 97_500_000  # read and written by the least frame: 5 pictures mixed, picture and maps warped, then tabled
FIGURES = (
    Figure("frame_1080p_ms", "ms", "lower", 10.0),
    Figure("frame_1080p_over_memcpy", "x", "lower", 2.5),
)


def measure(names: Collection[str]) -> list[Record]:
    """Measure our frame, the same frame by chained OpenCV calls, and a copy of as many bytes, in turns, one thread."""
    import cv2

    from engine.kernel_cache import warm

    (kernels,) = warm(("engine.render.kernels",))
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        timings = interleaved(_candidates(kernels), rounds=60, read_ns=thread_cpu_ns)
    finally:
        cv2.setNumThreads(threads)
    ours, chain, floor = timings["ours"], timings["cv2_chain"], timings["memcpy_floor"]
    values = {
        "frame_1080p_ms": (ours.median_ms, {
            "cv2_chain": chain.median_ms, "memcpy_floor": floor.median_ms,
            "min": ours.min_ms, "cv2_chain_min": chain.min_ms, "memcpy_floor_min": floor.min_ms}),
        "frame_1080p_over_memcpy": (ours.median_ms / floor.median_ms, {
            "cv2_chain": chain.median_ms / floor.median_ms, "min": ours.min_ms / floor.min_ms}),
    }
    return [figure.record(*values[figure.name]) for figure in FIGURES if figure.name in names]


def _candidates(kernels: ModuleType) -> dict[str, Callable[[], object]]:
    from engine.render.compositor import Compositor
    from engine.render.mapping import Mapping

    groups, profile = (Group(_layers()),), _profile()
    compositor, projector = Compositor(SIZE, kernels), Mapping(profile, SIZE, order="bgra", kernels=kernels)
    source, target = np.zeros(FLOOR_BYTES // 2, np.uint8), np.zeros(FLOOR_BYTES // 2, np.uint8)
    return {
        "ours": lambda: projector.apply(compositor.compose(groups)),
        "cv2_chain": _chain(groups, profile),
        "memcpy_floor": lambda: np.copyto(target, source),
    }


def _chain(groups: tuple[Group, ...], profile: Profile) -> Callable[[], object]:
    """Return the same frame by OpenCV's calls: mixed, remapped by float maps, multiplied, looked up, reordered."""
    import cv2

    from engine.render.compositor import Compositor
    from engine.render.mapping import Mapping
    from engine.render.ramp import black_tables

    compositor, projector = Compositor(SIZE), Mapping(profile, SIZE, order="bgra")
    table = np.zeros((1, 256, 4), np.uint8)
    table[0, :, :3] = black_tables(profile)[1, ::-1].T
    out = np.empty((SIZE[1], SIZE[0], 4), np.uint8)
    return lambda: cv2.LUT(projector.apply(compositor.compose(groups)), table, dst=out)


def _layers() -> tuple[Layer, ...]:
    """Return four premultiplied pictures: an opaque one, two translucent ones and one that adds."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[0:SIZE[1], 0:SIZE[0]] / SIZE[1]
    layers = []
    for blend, opacity in (("over", 1.0), ("over", 0.6), ("add", 0.5), ("over", 0.8)):
        a, b = rng.uniform(3, 12, 2)
        alpha = opacity if opacity == 1 else opacity * (0.5 + 0.5 * np.sin(a * x + b * y))
        rgb = rng.integers(0, 256, (SIZE[1], SIZE[0], 3))
        pixels = np.dstack([rgb * np.asarray(alpha)[..., None], np.broadcast_to(255 * np.asarray(alpha), x.shape)])
        layers.append(Layer(pixels.astype(np.uint8), blend=cast(Blend, blend)))
    return tuple(layers)


def _profile() -> Profile:
    """Return a curved wall of 17 x 10 points with a mask, a soft edge and a black level."""
    width, height = SIZE
    v, u = np.mgrid[0:1:10j, 0:1:17j]
    x = width * (0.02 + 0.96 * u) + 20 * np.sin(5 * v)
    y = height * (0.03 + 0.94 * v) + 15 * np.sin(6 * u)
    mesh = tuple(tuple((float(px), float(py)) for px, py in zip(*row, strict=True)) for row in zip(x, y, strict=True))
    return Profile(size=SIZE, mesh=mesh, mask=(((900.0, 400.0), (1000.0, 380.0), (960.0, 520.0)),),
                   ramp=Ramp(right=300.0), black_level=(0.004, 0.005, 0.006))
