"""The verdict: what visitors met, fault by fault, in words and in numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from engine.stress.aftermath import growth
from engine.stress.faults import Done
from engine.stress.presence import Span, counted_s, merged
from engine.stress.venue import Told
from engine.stress.witness import PICTURE, SOUND, Witness

LIMITS_S = {PICTURE: 5.0, SOUND: 5.0, "motion": 8.0}
AFTER_S = 6.0
LINES = 14
NOISE = ("ALSA lib", "Expression ", "off-screen frames")  # libraries that say the same again and again
BEFORE_LINE_S = 1.0


@dataclass(frozen=True, slots=True)
class Met:
    """What visitors met of one fault: the longest that picture and sound were gone, and when all was back."""

    done: Done
    picture_gap_s: float
    sound_gap_s: float
    back_after_s: float

    def __str__(self) -> str:
        fault, start_s = self.done.fault, self.done.span.start_s
        spans = f"{self.picture_gap_s:8.1f} s {self.sound_gap_s:7.1f} s {self.back_after_s:8.1f} s"
        return f"{fault.number:3d} {fault.kind.name:42s} {start_s:4.0f} s {fault.lasts_s:4.1f} s {spans}"


@dataclass(frozen=True, slots=True)
class Break:
    """A limit that was broken, or something that is wrong after all is over, with what the show said around it."""

    text: str
    at_s: float
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join((f"{self.at_s:7.1f} s  {self.text}", *(f"             | {line}" for line in self.lines)))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a rehearsal under stress.

    Attributes:
        met: Fault by fault.
        breaks: Empty if every limit was kept.
        longest_s: The longest time that each sense was served with nothing, what a fault itself takes left out.
        judged: By which the picture and the sound were judged.
        growth: What each process that lived long held more at its end.
    """

    seed: int
    length_s: float
    start_s: float
    met: tuple[Met, ...]
    breaks: tuple[Break, ...]
    longest_s: dict[str, float]
    judged: dict[str, str]
    growth: dict[str, dict[str, float]]

    def data(self) -> dict[str, Any]:
        """Return all of it, ready for JSON."""
        return {
            "seed": self.seed, "length_s": round(self.length_s, 1), "start_s": round(self.start_s, 2),
            "faults": [_row(met) for met in self.met], "longest_s": self.longest_s, "limits_s": LIMITS_S,
            "judged": self.judged, "growth": self.growth,
            "breaks": [{"at_s": round(b.at_s, 2), "what": b.text, "lines": list(b.lines)} for b in self.breaks],
        }  # fmt: skip

    def words(self) -> str:
        """Return all of it for a person."""
        lines = [f"{'fault':46s} {'at':>6s} {'lasts':>6s} {'no picture':>10s} {'no sound':>9s} {'back after':>10s}"]
        lines += [str(met) for met in self.met]
        lines += [f"{sense}: judged by {how}; longest gap {self.longest_s.get(sense, 0.0):.1f} s"
                  for sense, how in self.judged.items()]
        lines += [f"{name}: " + ", ".join(f"{value:+g} {what}" for what, value in change.items())
                  for name, change in self.growth.items()]
        lines += [str(each) for each in self.breaks]
        verdict = f"{len(self.breaks)} broken" if self.breaks else "all limits kept"
        return "\n".join((*lines, f"{len(self.met)} faults in {self.length_s:.0f} s, seed {self.seed}: {verdict}"))


def judge(
    seed: int, length_s: float, start_s: float, done: Sequence[Done], witness: Witness, judged: dict[str, str],
    wrong: Sequence[Told], told: Sequence[Told], end_s: float,
) -> Verdict:  # fmt: skip
    """Return the verdict on a rehearsal.

    Args:
        done: The faults.
        judged: By which sense (`light`, `frames`, `sound`, `rendered`) the picture, the sound and motion are judged.
        wrong: What else is wrong.
        told: What the show said.
        end_s: When the show was asked to end.
    """
    gone = {sense: _gone(witness, how, end_s) for sense, how in judged.items()}
    excused = {sense: [_taken(each) for each in done if sense in each.fault.kind.takes] for sense in gone}
    excused["motion"] = [*excused.get(PICTURE, []), *gone.get(PICTURE, [])]
    breaks = [found for sense in gone for found in _broken(sense, gone[sense], excused[sense], told)]
    breaks += [Break(each.text, each.at_s, _lines(told, Span(each.at_s, each.at_s))) for each in wrong]
    longest = {sense: round(max((counted_s(span, excused[sense]) for span in spans), default=0.0), 2)
               for sense, spans in gone.items()}
    grown = {f"{life.name} {life.pid}": change for life in witness.lives.values() if (change := growth(life))}
    met = tuple(_met(each, gone) for each in done)
    return Verdict(seed, length_s, start_s, met, tuple(sorted(breaks, key=lambda b: b.at_s)), longest, judged, grown)


def _gone(witness: Witness, how: str, end_s: float) -> list[Span]:
    spans = [span for name in how.split(" and ") for span in getattr(witness.senses, name).until(end_s)]
    return merged(Span(span.start_s, min(span.end_s, end_s)) for span in spans if span.start_s < end_s)


def _taken(done: Done) -> Span:
    return Span(done.span.start_s, done.span.end_s + done.fault.kind.grants_s)


def _broken(sense: str, spans: Sequence[Span], excused: Sequence[Span], told: Sequence[Told]) -> Iterator[Break]:
    what = "the picture stood still" if sense == "motion" else f"no {sense}"
    for span in spans:
        counted = counted_s(span, excused)
        if counted > LIMITS_S[sense]:
            yield Break(f"{what} for {counted:.1f} s (limit {LIMITS_S[sense]:.0f} s)", span.start_s, _lines(told, span))


def _lines(told: Sequence[Told], span: Span) -> tuple[str, ...]:
    heard = [line for line in told if not line.text.startswith(NOISE)]
    around = [line for line in heard if span.start_s - BEFORE_LINE_S <= line.at_s <= span.end_s + BEFORE_LINE_S]
    return tuple(f"{line.at_s:.1f} s {line.text}" for line in around[:LINES])


def _met(done: Done, gone: dict[str, list[Span]]) -> Met:
    window = Span(done.span.start_s - 0.1, done.span.end_s + AFTER_S)
    of = {sense: [span for span in gone.get(sense, ()) if span.overlap_s(window) > 0] for sense in (PICTURE, SOUND)}
    began = [span for spans in of.values() for span in spans if span.start_s <= done.span.end_s + 1.0]
    back_s = max((span.end_s for span in began), default=done.span.start_s) - done.span.start_s
    longest = {sense: max((span.length_s for span in spans), default=0.0) for sense, spans in of.items()}
    return Met(done, longest[PICTURE], longest[SOUND], back_s)


def _row(met: Met) -> dict[str, Any]:
    fault = met.done.fault
    return {
        "number": fault.number, "fault": fault.kind.name, "what": met.done.what,
        "at_s": round(met.done.span.start_s, 2), "lasted_s": round(met.done.span.length_s, 2),
        "picture_gap_s": round(met.picture_gap_s, 2), "sound_gap_s": round(met.sound_gap_s, 2),
        "back_after_s": round(met.back_after_s, 2),
    }  # fmt: skip
