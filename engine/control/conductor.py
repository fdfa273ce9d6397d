"""The conductor: keeps the show's tempo, as its Param says, or as a clock outside beats."""

from __future__ import annotations

from dataclasses import replace

from engine.control.params import ParamTree
from engine.music.tempo import AHEAD_S, Tempo
from engine.scene.param import ParamSpec
from engine.show import model
from engine.show.model import ParamLink
from engine.world import Now, Pulse

GROUP = "/tempo"
ADDRESS = f"{GROUP}/bpm"
CATCH_UP_S = 0.4  # a beat that is off comes back in about so long
MOST_OFF = 0.25  # of the tempo, while it does
FAR_BEATS = 0.5  # what is further off is set anew
STEADY_BPM = 0.005  # a smaller change is none
COARSE = 100  # of a beat a minute the hundredth is shown


class Conductor:
    """Turns the tempo and gives each frame its beat.

    Attributes:
        tempo: The beat as it will be.
        wish: What a person, a cue or a controller made of the tempo in this frame while a clock outside leads, or None:
            Link can be asked for it.
    """

    def __init__(self) -> None:
        self.tempo = Tempo()
        self.wish: float | None = None
        self._led: float | None = None
        self._pulse_jumps: int | None = None
        self._is_begun = False

    def adopt(self, tempo: model.Tempo, params: ParamTree) -> None:
        """Take over what a show says of its tempo; one that was turned stays."""
        low, high = model.SLOWEST_BPM, model.FASTEST_BPM
        spec = ParamSpec("bpm", "number", tempo.bpm, low, high, unit="bpm", help="the show's tempo")
        link = ParamLink(source=tempo.source, start=tempo.bpm, low=tempo.low, high=tempo.high) if tempo.source else None
        params.adopt(GROUP, (spec,), {"bpm": link or tempo.bpm})
        self.tempo = replace(self.tempo, beats=tempo.beats, swing=tempo.swing)
        if not self._is_begun:
            self.tempo = replace(self.tempo, points=((0.0, 0.0, params.values(GROUP)["bpm"]),))

    def step(self, now: Now, params: ParamTree) -> Now:
        """Return the frame with its beat."""
        self._is_begun, entry = True, params.entry(ADDRESS)
        self.wish = None
        if now.pulse is not None:
            self._follow(now, now.pulse)
            if entry is not None and now.pulse.runs:
                self.wish = entry.target if entry.target != self._led and self._led is not None else None
                self._led = entry.spec.accept(round(now.pulse.bpm * COARSE) / COARSE)
                entry.move(self._led)
        elif entry is not None:
            self._pulse_jumps = self._led = None
            self.tempo = self.tempo.turned(now.time, float(entry.value))
        return now if self.tempo == now.tempo else replace(now, tempo=self.tempo)

    def _follow(self, now: Now, pulse: Pulse) -> None:
        """Go with a clock outside: at once where it was set anew, else gently."""
        tempo, horizon_s = self.tempo, now.time + AHEAD_S
        off = pulse.beat + AHEAD_S * pulse.bpm / 60 - tempo.beat_at(horizon_s)
        is_new = pulse.jumps != self._pulse_jumps and (self._pulse_jumps is not None or abs(off) > FAR_BEATS)
        self._pulse_jumps = pulse.jumps
        if is_new or pulse.runs != (tempo.bpm_at(horizon_s) > 0.0) or (pulse.runs and abs(off) > FAR_BEATS):
            back_s = now.dt if pulse.runs else 0.0
            self.tempo = tempo.placed(now.time - back_s, pulse.beat - back_s * pulse.bpm / 60,
                                      pulse.bpm if pulse.runs else 0.0)
        elif pulse.runs:
            most = pulse.bpm * MOST_OFF
            bpm = pulse.bpm + min(max(off * 60 / CATCH_UP_S, -most), most)
            if abs(bpm - tempo.points[-1][2]) > STEADY_BPM:
                self.tempo = tempo.turned(now.time, bpm)
