"""What a frame of light costs: four layers mixed, warped by a mesh, masked, ramped, lifted and tabled, on one core."""

from __future__ import annotations

from engine.bench.figure import Figure

FIGURES = (
    Figure("frame_1080p_ms", "ms", "lower", 10.0),
    Figure("frame_1080p_over_memcpy", "x", "lower", 2.5),
)
