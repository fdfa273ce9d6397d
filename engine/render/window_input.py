"""What people did at the windows since the last frame, as plain values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from engine.world import Mouse

OPERATOR = "/operator"
ToStage = Callable[[str, float, float], tuple[float, float] | None]


@dataclass(frozen=True, slots=True)
class PointerEvent:
    """One act of the pointer.

    Attributes:
        window: The projector it happened in, or `OPERATOR`.
        x_px, y_px: Projector pixels, or pixels of the operator's window.
        wheel: Steps of the wheel, positive upwards; 0 unless `kind` is `wheel`.
    """

    window: str
    kind: Literal["move", "press", "release", "wheel"]
    x_px: float
    y_px: float
    wheel: int = 0


@dataclass(frozen=True, slots=True)
class WindowInput:
    """Everything done at the windows since the last poll.

    Attributes:
        mouse: The pointer in stage units.
        keys: Names of the keys held (`space`, `left`, `c`, `left shift`).
        pressed: Names of the keys pressed, in order.
        pointer: Every act of the pointer, in order, in its window's own pixels.
        quit: Whether someone closed a window or pressed Ctrl+Q.
    """

    mouse: Mouse = field(default_factory=Mouse)
    keys: frozenset[str] = frozenset()
    pressed: tuple[str, ...] = ()
    pointer: tuple[PointerEvent, ...] = ()
    quit: bool = False
