"""The report of a run: what was measured, ready for JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from engine.atomic import write_atomic
from engine.control.cast import SceneStatus
from engine.inputs.camera_link import CameraStatus
from engine.inputs.osc import OscCounters
from engine.problems import Problem
from engine.sound.meters import Meters
from engine.telemetry import Telemetry


def report(
    telemetry: Telemetry,
    osc: OscCounters | None,
    cameras: Mapping[str, CameraStatus],
    sound: Meters,
    scenes: Mapping[str, SceneStatus],
    cpu: Mapping[str, float],
    restarts: Mapping[str, int],
    losses: Mapping[str, Mapping[str, Any]],
    problems: tuple[Problem, ...],
) -> dict[str, Any]:
    """Return everything that was measured in a run."""
    heard = osc or OscCounters()
    return telemetry.report() | {
        "osc": {name: getattr(heard, name) for name in ("received", "dropped", "malformed", "refused")},
        "cameras": {
            name: {
                "state": camera.state,
                "frames": camera.frames,
                "age_ms_p95": round(camera.age_ms_p95, 2),
                "light_ms_p95": round(camera.light_ms_p95, 2),
                "key_ms": camera.key_ms,
                "vision_ms": camera.vision_ms,
                "dropped": camera.dropped,
                "reopened": camera.reopened,
                "truncated": camera.truncated,
                "repeated": camera.repeated,
                "message": camera.message,
            }
            for name, camera in cameras.items()
        },
        "sound": _sound(sound),
        "scenes": {
            name: {
                "state": scene.state,
                "frames": scene.frames,
                "failures": scene.failures,
                "cost_ms": dict(scene.cost_ms),
                "over_budget": scene.over_budget,
                "worst_hook": scene.worst[0],
                "worst_ms": round(scene.worst[1], 2),
            }
            for name, scene in scenes.items()
        },
        "cpu": dict(cpu),
        "restarts": dict(restarts),
        "losses": dict(losses),
        "problems": [str(problem) for problem in problems],
    }


def write_report(path: Path, measured: Mapping[str, Any]) -> None:
    """Write a report at once or not at all."""
    write_atomic(path, json.dumps(measured, indent=2) + "\n")


def _sound(sound: Meters) -> dict[str, Any]:
    return {
        "backend": sound.backend,
        "underflows": sound.underflows,
        "restarts": sound.restarts,
        "losses": sound.losses,
        "without_s": sound.without_s,
        "dropped": sound.dropped,
        "late": sound.late,
        "callback_us_p50": sound.callback_us_p50,
        "callback_us_p99": sound.callback_us_p99,
        "realtime": sound.realtime,
        "voices": sound.voices,
        "bad": sound.bad,
        "peak_db": _rounded(sound.peak_db),
        "true_peak_db": _rounded(sound.true_peak_db),
        "rms_db": _rounded(sound.rms_db),
        "momentary_lufs": _rounded(sound.momentary_lufs),
        "momentary_sum_lufs": round(sound.momentary_sum_lufs, 1),
        "loudness": dataclasses.asdict(sound.loudness),
    }


def _rounded(levels_db: Iterable[float]) -> list[float]:
    return [round(level_db, 1) for level_db in levels_db]
