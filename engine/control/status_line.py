"""The status line: one line in the terminal that says how the show is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Health:
    """What the status line says.

    Attributes:
        cameras: State of each camera, and milliseconds from a picture's arrival to the end of the frame that shows it.
        loudest_db: The loudest output's peak, dBFS.
        lost: Devices that are gone.
        house: That it is closed, and until when, or nothing.
        guards: What the guards that act do: `LOUDNESS -2.4 dB`, `FLASHES strobe 40 % held back`.
        loudness: Level and dose for the public, or that nobody has measured.
    """

    fps: float
    frame_p95_ms: float
    late_frames: int
    cue: str
    standby: str
    visitors: int
    cameras: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    sound: str = "none"
    loudest_db: float = -120.0
    osc_received: int = 0
    osc_dropped: int = 0
    lost: tuple[str, ...] = ()
    problem: str = ""
    house: str = ""
    guards: tuple[str, ...] = ()
    loudness: str = ""


def status_line(health: Health, width: int) -> str:
    """Return the line, cut to `width` characters."""
    parts = [
        f"{health.fps:5.1f} fps",
        f"p95 {health.frame_p95_ms:.1f} ms",
        f"late {health.late_frames}",
        f"cue {health.cue or '-'}" + (f" > {health.standby}" if health.standby else ""),
        f"visitors {health.visitors}",
        *(f"{name} {state} {age_ms:.0f} ms" for name, (state, age_ms) in health.cameras.items()),
        f"sound {health.sound} {health.loudest_db:.0f} dB" + (f", {health.loudness}" if health.loudness else ""),
        f"osc {health.osc_received}" + (f" (lost {health.osc_dropped})" if health.osc_dropped else ""),
    ]
    parts[:0] = health.guards
    if health.lost:
        parts.insert(0, f"LOST {', '.join(health.lost)}")
    if health.house:
        parts.insert(0, health.house)
    if health.problem:
        parts.append(f"! {health.problem}")
    return " | ".join(parts)[: max(width - 1, 0)]
