"""The overview: what the operator's window and the status line show, gathered from the parts of a live show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import cv2

from engine.control.operator_view import (
    Action,
    CueMark,
    FireCue,
    LampMark,
    OperatorView,
    ParamMark,
    Press,
    Reading,
    SpeakerMark,
    VisitorMark,
)
from engine.control.running_order import cues_of
from engine.control.status_line import Health
from engine.director import Director
from engine.frame import Frame
from engine.held_back import HeldBack
from engine.house import House
from engine.inputs.camera_link import CameraStatus
from engine.inputs.osc import OscCounters
from engine.losses import Losses
from engine.render.stage import LightOutput
from engine.show.model import Show
from engine.sound.meters import UNCALIBRATED, Meters
from engine.telemetry import Telemetry
from engine.world import Now

SILENT_DB = -120.0
OLD_MS = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A live show as a person sees it.

    Attributes:
        as_shown: Returns the show as it runs now.
        osc, cameras, sound: Return the state of the inputs and of the sound process.
        services: Returns what services have to say.
    """

    as_shown: Callable[[], Show]
    director: Director
    light: LightOutput
    telemetry: Telemetry
    osc: Callable[[], OscCounters]
    cameras: Callable[[], Mapping[str, CameraStatus]]
    sound: Callable[[], Meters]
    losses: Losses
    house: House
    held_back: HeldBack
    services: Callable[[], tuple[str, ...]] = tuple

    @property
    def show(self) -> Show:
        """Return the show as it runs now."""
        return self.as_shown()

    def health(self, now: Now) -> Health:
        """Return what the status line says."""
        status, meters, osc = self.director.status, self.sound(), self.osc()
        return Health(
            fps=self.telemetry.fps_mean,
            frame_p95_ms=self.telemetry.frame_ms()["p95"],
            late_frames=self.telemetry.late_frames,
            cue=status.cue,
            standby=status.standby,
            visitors=now.count,
            cameras={name: (camera.state, camera.light_ms_p95) for name, camera in self.cameras().items()},
            sound=meters.backend,
            loudest_db=max(meters.peak_db, default=SILENT_DB),
            osc_received=osc.received,
            osc_dropped=osc.dropped,
            house=self.house.words,
            guards=(*self.held_back.words, *self.services(), *meters.loudness.acting),
            loudness=str(meters.loudness) if meters.backend != "none" else "",
            lost=tuple(loss.device for loss in self.losses.current),
            problem=str(status.problem or ""),
        )

    def view(self, now: Now, frame: Frame, health: Health) -> OperatorView:
        """Return what the operator's window shows.

        Args:
            health: As the status line says it: its percentiles are too dear for every drawing.
        """
        status = self.director.status
        shown = self.director.shown
        scene = shown[-1].name if shown else ""
        return OperatorView(
            name=self.show.name,
            picture=self._picture(),
            aspect=self.show.stage.aspect,
            size_m=self.show.stage.size_m,
            visitors=tuple(VisitorMark(v.id, v.x, v.y, v.vx, v.vy, v.player) for v in now.visitors),
            lamps=self._lamps(frame),
            speakers=self._speakers(),
            scene=scene,
            params=tuple(
                ParamMark(entry.address, entry.spec, entry.value)
                for entry in self.director.params
                if entry.address.startswith((f"/scene/{scene}/", "/tempo/"))
            ),
            cues=tuple(CueMark(cue.name, cue.scene, cue.fade_s) for cue in cues_of(self.show)),
            cue=status.cue,
            standby=status.standby,
            progress=status.progress,
            held=status.held,
            blackout=status.blackout,
            readings=tuple(self._readings(health)),
            problem=str(status.problem or ""),
            problems=len(self.director.problems),
        )

    def _picture(self) -> Any:
        """Return the stage; scenes that read camera pixels themselves are left blank, people are left out."""
        if any(running.uses_pixels for running in self.director.shown):
            return None
        return cv2.cvtColor(self.light.thumbnail(480), cv2.COLOR_RGBA2BGRA)

    def _lamps(self, frame: Frame) -> tuple[LampMark, ...]:
        dark = (0.0, 0.0, 0.0)
        lit = {lamp.lamp: (r * lamp.level, g * lamp.level, b * lamp.level)
               for lamp in frame.lamps for r, g, b in [lamp.colour]}
        return tuple(
            LampMark(name, self._stage(lamp.at_m), lit.get(name, dark))
            for name, lamp in self.show.lamps.items()
        )

    def _speakers(self) -> tuple[SpeakerMark, ...]:
        peaks = self.sound().peak_db
        marks = []
        for name, speaker in self.show.speakers.items():
            x, y = self._stage(speaker.at_m) or (0.0, 0.0)
            level_db = peaks[speaker.output - 1] if speaker.output <= len(peaks) else SILENT_DB
            marks.append(SpeakerMark(name, x, y, level_db))
        return tuple(marks)

    def _stage(self, at_m: tuple[float, float] | None) -> tuple[float, float] | None:
        """Return a place in stage units; without the stage's size in metres they are taken as they are."""
        if at_m is None or self.show.stage.size_m is None:
            return at_m
        return at_m[0] / self.show.stage.size_m[1], at_m[1] / self.show.stage.size_m[1]

    def _readings(self, health: Health) -> list[Reading]:
        period_ms = 1000 / self.show.stage.fps
        readings = [
            Reading("fps", f"{health.fps:.1f}", health.fps < 0.95 * self.show.stage.fps),
            Reading("frame p95", f"{health.frame_p95_ms:.1f} ms", health.frame_p95_ms > period_ms),
            Reading("late", f"{health.late_frames}"),
        ]
        for name, (state, age_ms) in health.cameras.items():
            readings.append(Reading(name, f"{state} {age_ms:.0f} ms", state != "live" or age_ms > OLD_MS))
        is_silent = health.sound in ("none", "null")
        readings.append(Reading("sound", f"{health.sound} {health.loudest_db:.0f} dB", is_silent))
        if health.loudness:
            readings.append(Reading("loudness", health.loudness, health.loudness == UNCALIBRATED))
        readings += [Reading("guard", words, True) for words in health.guards]
        readings.append(Reading("OSC", f"{health.osc_received}, lost {health.osc_dropped}", health.osc_dropped > 0))
        if health.house:
            readings.append(Reading("house", health.house, True))
        if health.lost:
            readings.append(Reading("lost", ", ".join(health.lost), True))
        return readings


def act(director: Director, action: Action) -> None:
    """Do in the show what was done in the operator's window."""
    if isinstance(action, FireCue):
        director.cue(action.name)
    elif isinstance(action, Press):
        {"go": director.go, "back": director.back, "hold": director.hold, "blackout": director.blackout}[action.name]()
    else:
        director.params.set(action.address, action.value)
