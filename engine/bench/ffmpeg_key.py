"""ffmpeg's chromakey and despill, the peer of `bench keying`, at their best on the very rooms that are measured."""

from __future__ import annotations

import itertools
import resource
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.problems import MixeurError
from engine.world import Floats, Pixels

SIMILARITIES, BLENDS, MIXES = (0.06, 0.08, 0.10), (0.06, 0.08, 0.10, 0.12), (0.0, 0.5, 1.0)
PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Setting:
    """How the filters are set: chromakey's similarity and blend, despill's mix."""

    similarity: float
    blend: float
    mix: float = 0.5


def key_colour(plate: Pixels) -> str:
    """Return the wall's middle colour as 0xRRGGBB."""
    blue, green, red = (int(value) for value in np.median(plate.reshape(-1, 3)[::97], axis=0))
    return f"0x{red:02x}{green:02x}{blue:02x}"


def keyed(frames: Sequence[Pixels], colour: str, setting: Setting) -> list[Pixels]:
    """Return frames (BGR) as straight RGBA."""
    filters = (f"chromakey={colour}:{setting.similarity}:{setting.blend},format=rgba,"
               f"despill=type=blue:blue=-1:expand=0:mix={setting.mix}")  # fmt: skip
    return _filtered(frames, filters)


def cost_ms(frames: Sequence[Pixels], colour: str, setting: Setting) -> float:
    """Return the processor time of a frame, without what it takes to hand it over and convert it."""
    start_s = _children_s()
    keyed(frames, colour, setting)
    keyed_s = _children_s()
    _filtered(frames, "format=rgba")
    return ((keyed_s - start_s) - (_children_s() - keyed_s)) / len(frames) * 1e3


def _children_s() -> float:
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime


def best_setting(shots: Sequence[tuple[Pixels, str, Floats]]) -> Setting:
    """Return the similarity and blend of least squared error of alpha on shots: frame, key colour, true alpha."""
    def error(setting: Setting) -> float:
        return float(np.mean([np.mean((keyed([frame], colour, setting)[0][..., 3] / np.float32(255) - alpha) ** 2)
                              for frame, colour, alpha in shots]))  # fmt: skip
    return min((Setting(*pair) for pair in itertools.product(SIMILARITIES, BLENDS)), key=error)


def _filtered(frames: Sequence[Pixels], filters: str) -> list[Pixels]:
    if shutil.which("ffmpeg") is None:
        raise MixeurError("bench: there is no ffmpeg to compare with; install it (apt-get install ffmpeg)")
    height, width = frames[0].shape[:2]
    words = ["ffmpeg", "-v", "error", "-filter_threads", "1", "-f", "rawvideo", "-pix_fmt", "bgr24", "-s",
             f"{width}x{height}", "-i", "-", "-vf", f"format=yuva444p,{filters}", "-f", "rawvideo", "-pix_fmt", "rgba",
             "-"]  # fmt: skip
    done = subprocess.run(words, input=b"".join(frame.tobytes() for frame in frames), capture_output=True,
                          timeout=PATIENCE_S, check=False)  # fmt: skip
    pictures = np.frombuffer(done.stdout, np.uint8)
    if done.returncode or pictures.size != len(frames) * height * width * 4:
        raise MixeurError(f"bench: ffmpeg did not key: {done.stderr.decode(errors='replace').strip()[:200]}")
    return list(pictures.reshape(-1, height, width, 4))
