"""Sizes: how large pictures are looked at and how much is told of them; loads nothing, for those who plan memory."""

from __future__ import annotations

ANALYSED = (640, 360)
FLOW_SIZE = (160, 90)
OUTLINE_POINTS = 64
MOST_PEOPLE = 32


def analysed_size(size: tuple[int, int]) -> tuple[int, int]:
    """Return the (width, height) in which a picture is analysed: its own shape, at most 640x360."""
    shrink = min(1.0, ANALYSED[0] / size[0], ANALYSED[1] / size[1])
    return max(1, round(size[0] * shrink)), max(1, round(size[1] * shrink))


def simulated_size(size: tuple[int, int]) -> tuple[int, int]:
    """Return the size at which a camera is simulated: its analysed size, even and no smaller than a picture can be."""
    width, height = analysed_size(size)
    return max(16, round(width / 2) * 2), max(16, round(height / 2) * 2)
