"""What of a recorded sound is played: a piece of a file, or a cloud of grains of a file or of a microphone."""

from __future__ import annotations

from dataclasses import dataclass

MIC = "mic"  # as a path: the first microphone; `mic:NAME` is another one


@dataclass(frozen=True, slots=True)
class Recording:
    """A file as a voice.

    Attributes:
        path: Whole path.
        channel: Counted from 1; 0 is all of them, mixed.
        backwards: Whether it is played from its end.
        start_s: Where it begins, in seconds; None: at its own or its loop's begin (its end, backwards).
        loop_s, loop_end_s: What a hold repeats; None: up to the end.
        fade_s: Cross-fade over a loop's seam.
    """

    path: str
    channel: int = 0
    backwards: bool = False
    start_s: float | None = None
    loop_s: float = 0.0
    loop_end_s: float | None = None
    fade_s: float = 0.02


@dataclass(frozen=True, slots=True)
class Cloud:
    """Grains of a file or of a microphone as a voice; what can be moved while it sounds stands in its controls.

    Attributes:
        path: Whole path, or `mic`, or `mic:NAME`.
        channel, backwards: As for a `Recording`.
        seed: Of its chances; the same seed scatters the same.
    """

    path: str
    channel: int = 0
    backwards: bool = False
    seed: int = 0


# Controls of a cloud, in the order of the block's C_: lowest and highest.
GRAIN_CONTROLS: dict[str, tuple[float, float]] = {
    "position": (0.0, 1.0), "spread": (0.0, 3600.0), "size": (0.002, 2.0), "density": (0.0, 1000.0),
    "jitter": (0.0, 1.0), "detune": (0.0, 48.0),
}


def mic_name(path: str) -> str | None:
    """Return the microphone that a path names, empty for the first one; None if it is a file."""
    if path == MIC:
        return ""
    return path.removeprefix("mic:") if path.startswith("mic:") else None
