"""What a calibration costs: decoding a full-HD scan, and all geometry of one projector."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from engine.bench.figure import Figure, Record, interleaved

FIGURES = (
    Figure("decode_ms", "ms", "lower", 25.0),
    Figure("solve_s", "s", "lower", 2.0),
)
CAMERA_SIZE = (1920, 1080)
CONTRIB_STEP = 40


def measure(names: Collection[str]) -> list[Record]:
    """Measure decoding beside plain numpy in turns, and decoding, fit and mesh together, on a computed cylinder."""
    from calibration.cases import CAMERA, FULL_HD, PROJECTOR, room
    from calibration.decode import Scan, codes_of
    from calibration.fit import solve
    from calibration.patterns import plan
    from calibration.register import mesh_of, view_of
    from calibration.simulator.light import View, expose
    from calibration.simulator.surface import Cylinder
    from calibration.stage import FlatStage

    made, shown = room([Cylinder((0.0, -2.5), 2.5)], 1, CAMERA_SIZE), plan(FULL_HD)
    view, rng = View(made, CAMERA, fine=1), np.random.default_rng(1)
    camera = made.cameras[CAMERA]
    scan = Scan(shown, [expose(view.radiance({PROJECTOR: frame}), camera, rng) for frame in shown.frames()])
    records = []
    if "decode_ms" in names:
        timings = interleaved({"ours": lambda: codes_of(scan), "numpy": lambda: _plain(scan)}, rounds=12)
        records.append(FIGURES[0].record(timings["ours"].median_ms, {
            "numpy": timings["numpy"].median_ms, "min": timings["ours"].min_ms, "numpy_min": timings["numpy"].min_ms,
            **_contrib(scan)}))
    if "solve_s" in names:
        def geometry() -> object:
            found = solve(scan)
            return mesh_of(found, FlatStage(view_of(found)))

        timing = interleaved({"ours": geometry}, rounds=3)["ours"]
        records.append(FIGURES[1].record(timing.median_ms / 1e3, {"min": timing.min_ms / 1e3}))
    return records


def _plain(scan: object) -> list[object]:
    """Return columns, rows and confidence as one writes it first, in numpy."""
    from calibration.decode import Scan
    from calibration.patterns import AXES

    assert isinstance(scan, Scan)
    confidence = np.full(scan.white.shape, 255, np.uint8)
    codes: list[object] = []
    for axis in AXES:
        code, lit = np.zeros(scan.white.shape, np.uint16), np.zeros(scan.white.shape, bool)
        for bit in scan.plan.bits(axis):
            shown, inverse = scan.pair(axis, bit)
            lit = lit ^ (shown > inverse)
            code |= lit.astype(np.uint16) << np.uint16(bit)
            confidence = np.minimum(confidence, np.abs(shown.astype(np.int16) - inverse).astype(np.uint8))
        codes.append(code)
    return [*codes, confidence]


def _contrib(scan: object) -> dict[str, float]:
    """Return what OpenCV contrib's loop over `getProjPixel` takes, told by every 40th row; nothing without contrib.

    Ours need not have it: put `opencv-contrib-python-headless` before it on PYTHONPATH to see them side by side.
    """
    import cv2

    from calibration.decode import Scan

    assert isinstance(scan, Scan)
    light = getattr(cv2, "structured_light", None)
    if light is None:
        return {}
    width, height = scan.plan.size
    decoder = light.GrayCodePattern.create(width, height)
    pictures = [*scan.pictures[2:]]
    rows, columns = range(0, scan.white.shape[0], CONTRIB_STEP), range(scan.white.shape[1])

    def loop() -> None:
        for row in rows:
            for column in columns:
                decoder.getProjPixel(pictures, column, row)

    timing = interleaved({"loop": loop}, rounds=1)["loop"]
    return {"opencv_contrib_loop": timing.median_ms * scan.white.shape[0] / len(rows)}
